/* SPDX-License-Identifier: ISC */

/*
 * See selftest.h.  The same check is made of the server's own address, and
 * echo requests are sent to the VIP and to the server's address through the
 * data path, and to the latter without it.  Meanwhile ICMP errors are listened
 * for, which no probe is told of when they are about a tunnel's packets, and
 * it is asked who has the VIP's MAC address.  core/diagnose.c makes sense of
 * it.
 */

#include <sys/socket.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/neighbour_probe.h"
#include "adapters/netlink.h"
#include "adapters/overhear.h"
#include "base/log.h"
#include "base/monotime.h"
#include "base/xmalloc.h"
#include "core/diagnose.h"
#include "engine/private.h"
#include "engine/selftest.h"

#define PAUSE	     30000 /* ms between two tests of a check */
#define AT_ONCE	     8	   /* tests under way */
#define CLAIM_LIMIT  500   /* ms that who has the VIP may take to say so */
#define ECHO_TIMEOUT 1000  /* ms */

enum {
	TEST_OWN,	/* the check, of the server's own address */
	TEST_VIP_ECHO,	/* through the data path */
	TEST_PATH_ECHO, /* the same, to the server's own address */
	TEST_OWN_ECHO,
	TESTS
};

/* One of the probes. */
struct test {
	struct selftest *selftest;
	struct check *check; /* NULL = it is not under way */
	enum diagnose_answer *answer;
};

struct selftest {
	struct prober *prober;
	struct conf_check echo;
	struct test tests[TESTS];
	struct neighbour_probe *claim;
	struct overhear *overhear[2]; /* IPv4, IPv6 */
	unsigned pending;	      /* of tests and claim */
	struct diagnose_facts facts;
};

static unsigned under_way;

static enum diagnose_answer
answer_of(enum check_outcome outcome)
{
	switch (outcome) {
	case CHECK_PASSED:
		return DIAGNOSE_PASSED;
	case CHECK_REFUSED:
		return DIAGNOSE_REFUSED;
	case CHECK_TIMEOUT:
		return DIAGNOSE_SILENT;
	case CHECK_UNREACHABLE:
		return DIAGNOSE_UNREACHABLE;
	case CHECK_LOCAL_ERROR:
		return DIAGNOSE_UNKNOWN;
	default:
		return DIAGNOSE_OTHER;
	}
}

/* The one place that changes what a failure looks like. */
static void
set_diagnosis(struct prober *p, const char *text)
{
	const struct service *s = p->destination->service;
	char key[SERVICE_KEY_STRLEN], server[ADDR_STRLEN];

	if (strcmp(p->diagnosis, text) == 0)
		return;
	snprintf(p->diagnosis, sizeof(p->diagnosis), "%s", text);
	if (text[0] != '\0')
		log_notice("%s %s: the failure of the %s check of %s looks "
			   "like %s",
		    s->conf->name, service_key_format(&s->conf->key, key),
		    conf_check_type_name(p->conf->type),
		    addr_format(&p->destination->conf->address, server), text);
}

static void
selftest_free(struct selftest *t)
{
	size_t i;

	for (i = 0; i < TESTS; i++)
		check_cancel(t->tests[i].check);
	neighbour_probe_cancel(t->claim);
	for (i = 0; i < 2; i++)
		overhear_stop(t->overhear[i]);
	t->prober->selftest = NULL;
	free(t);
	under_way--;
}

static void
one_is_done(struct selftest *t)
{
	struct prober *p = t->prober;
	char text[DIAGNOSE_LEN];

	if (--t->pending > 0)
		return;
	diagnose(&t->facts, text);
	selftest_free(t);
	set_diagnosis(p, text);
}

static void
test_done(void *arg, const struct check_result *result)
{
	struct test *test = arg;

	test->check = NULL;
	*test->answer = answer_of(result->outcome);
	one_is_done(test->selftest);
}

static void
claim_done(void *arg, const uint8_t *mac)
{
	struct selftest *t = arg;

	t->claim = NULL;
	if (mac != NULL) {
		t->facts.claimed = true;
		memcpy(t->facts.claimed_mac, mac, 6);
	}
	one_is_done(t);
}

/* The first about the tunnel's packets, or else about the VIP's. */
static void
error_heard(void *arg, const struct overheard *heard)
{
	struct selftest *t = arg;
	struct diagnose_facts *f = &t->facts;
	bool outer = addr_compare(&heard->destination, &f->server) == 0;

	if (f->icmp.heard && (f->icmp.outer || !outer))
		return;
	if (!outer && addr_compare(&heard->destination, &f->vip) != 0)
		return;
	/* At the same address the check is made directly, too. */
	if (outer &&
	    (f->delivery.kind == DELIVERY_LAYER2 ||
		f->delivery.kind == DELIVERY_DSCP))
		return;
	f->icmp.heard = true;
	f->icmp.outer = outer;
	f->icmp.family = heard->from.family;
	f->icmp.type = heard->type;
	f->icmp.code = heard->code;
	f->icmp.from = heard->from;
}

static void
start_test(struct selftest *t, unsigned which, const struct conf_check *conf,
    const struct check_target *target, enum diagnose_answer *answer)
{
	struct engine *e = t->prober->destination->service->engine;
	struct test *test = &t->tests[which];

	test->selftest = t;
	test->answer = answer;
	test->check = check_start(e->base, conf, target, test_done, test);
	t->pending++;
}

static void
start_tests(struct selftest *t, const struct check_target *marked)
{
	struct diagnose_facts *f = &t->facts;
	struct check_target own = {
	    .vip = f->vip, .server = f->server, .direct = true};
	struct check_target path = *marked;

	if (t->prober->conf->type != CHECK_ICMP)
		start_test(t, TEST_OWN, t->prober->conf, &own, &f->own_check);
	start_test(t, TEST_VIP_ECHO, &t->echo, marked, &f->vip_echo);
	start_test(t, TEST_OWN_ECHO, &t->echo, &own, &f->own_echo);
	/* Only packets of the VIP's family are the data path's. */
	path.vip = f->server;
	if (f->server.family == f->vip.family &&
	    f->delivery.kind != DELIVERY_DSCP)
		start_test(
		    t, TEST_PATH_ECHO, &t->echo, &path, &f->own_echo_by_path);
}

/* Only who is on the same network could answer in the VIP's place. */
static void
start_claim(struct selftest *t, const struct netlink_nexthop *hop,
    const struct addr *source)
{
	struct engine *e = t->prober->destination->service->engine;

	if (!hop->onlink)
		return;
	memcpy(t->facts.server_mac, hop->mac, sizeof(hop->mac));
	t->claim = neighbour_probe_start(e->base, hop->ifindex, hop->source_mac,
	    &t->facts.vip, source, CLAIM_LIMIT, claim_done, t);
	if (t->claim != NULL)
		t->pending++;
}

static void
fill_in(struct selftest *t, struct prober *p)
{
	const struct destination *d = p->destination;

	t->prober = p;
	t->facts.delivery = d->conf->delivery;
	t->facts.vip = d->service->conf->key.vip;
	t->facts.server = d->conf->address;
	t->facts.port = p->conf->port;
	t->facts.vip_check = answer_of(p->result.outcome);
	t->echo = (struct conf_check){
	    .type = CHECK_ICMP,
	    .interval = ECHO_TIMEOUT,
	    .timeout = ECHO_TIMEOUT,
	    .rise = 1,
	    .fall = 1,
	};
}

static void
selftest_start(struct prober *p, const struct netlink_nexthop *hop,
    const struct check_target *marked)
{
	struct engine *e = p->destination->service->engine;
	struct selftest *t = xcalloc(1, sizeof(*t));

	under_way++;
	fill_in(t, p);
	p->selftest = t;
	p->selftest_at = monotime_ms();
	/* Without those it has less to go by. */
	t->overhear[0] = overhear_start(e->base, AF_INET, error_heard, t);
	t->overhear[1] = overhear_start(e->base, AF_INET6, error_heard, t);
	start_claim(t, hop, &marked->source);
	start_tests(t, marked);
}

/*
 * Is it a failure that the set-up can explain?  An answer, though another one
 * than was wanted, has come the whole way.
 */
static bool
is_worth_it(const struct prober *p)
{
	enum check_outcome outcome = p->result.outcome;
	uint64_t now = monotime_ms();

	return (outcome == CHECK_TIMEOUT || outcome == CHECK_REFUSED ||
		   outcome == CHECK_UNREACHABLE) &&
	    p->conf->type != CHECK_EXEC && p->selftest == NULL &&
	    (p->selftest_at == 0 || now - p->selftest_at >= PAUSE) &&
	    under_way < AT_ONCE;
}

void
selftest_failed(struct prober *p)
{
	struct destination *d = p->destination;
	struct engine *e = d->service->engine;
	const struct service_key *key = &d->service->conf->key;
	const struct netlink_nexthop *hop;
	struct check_target marked = {
	    .vip = key->vip, .server = d->conf->address};

	if (!is_worth_it(p))
		return;
	hop = netlink_nexthop(e->netlink, &d->conf->address);
	if (hop == NULL || !hop->resolved || d->problem[0] != '\0' ||
	    d->probe_problem[0] != '\0' || e->probe_ifindex == -1 ||
	    netlink_is_local(e->netlink, &key->vip) ||
	    way_probe_source(e->netlink, &key->vip, hop, &marked.source) ==
		-1 ||
	    e->dataplane->ops->probe_mark(
		e->dataplane, key, &d->conf->address, &marked.mark) == -1)
		return;
	selftest_start(p, hop, &marked);
}

void
selftest_passed(struct prober *p)
{
	selftest_cancel(p);
	p->selftest_at = 0;
	p->diagnosis[0] = '\0';
}

void
selftest_carry(struct prober *p, const struct prober *was)
{
	p->selftest_at = was->selftest_at;
	memcpy(p->diagnosis, was->diagnosis, sizeof(p->diagnosis));
}

void
selftest_cancel(struct prober *p)
{
	if (p->selftest != NULL)
		selftest_free(p->selftest);
}
