/* SPDX-License-Identifier: ISC */

/*
 * Probers: when to probe a destination, and what its results mean.
 *
 * The first probe of a check follows soon, as announcing waits for it, but the
 * first probes of many checks are spread over their interval.  Where that is
 * long, they still come close together: so the second probe's time is chosen
 * from the whole interval, which gives each check a place of its own in it. The
 * later ones follow at the interval, or, while the state is about to change, at
 * the fast one.  All that is jittered, so that the checks of two instances that
 * were started together don't fall on one tick either.
 */

#include <event2/event.h>

#include <sys/time.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/netlink.h"
#include "base/log.h"
#include "base/monotime.h"
#include "base/xmalloc.h"
#include "engine/private.h"
#include "engine/selftest.h"

_Static_assert(sizeof(((struct check_result *)NULL)->detail) >= WAY_PROBLEM_LEN,
    "what is wrong with a way doesn't fit a check's result");

/* The first probes: at least over so many ms, and at most so many a second. */
#define FIRST_SPREAD 200
#define FIRST_RATE   2000

#define PACE_MS	      10
#define PACE_MIN      8	    /* probes in so many ms, at least */
#define RESOLVE_LIMIT 1000  /* ms for the first answer to ARP */
#define PUT_OFF_SHOWN 10000 /* ms that it is a problem that a probe waited */

/*
 * Not for secrets: a number below bound, without the system call that each of
 * arc4random(3)'s takes.
 */
static unsigned
below(unsigned bound)
{
	static uint64_t state;

	while (state == 0)
		arc4random_buf(&state, sizeof(state));
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (unsigned)((state * UINT64_C(2685821657736338717)) >> 33) %
	    bound;
}

static void
schedule(struct prober *p, uint64_t delay)
{
	struct timeval tv = monotime_timeval(delay);

	p->due = monotime_ms() + delay;
	evtimer_add(p->timer, &tv);
}

/* 95 to 105 % of interval. */
static uint64_t
jittered(unsigned interval)
{
	unsigned spread = interval / 10;

	return interval - spread / 2 + below(spread + 1);
}

/* From the start of a probe to that of the next. */
static uint64_t
delay_of(struct prober *p)
{
	unsigned interval = p->conf->interval;

	if (health_is_changing(&p->health))
		return jittered(p->conf->fast_interval);
	if (p->placed)
		return jittered(interval);
	p->placed = true;
	return interval / 2 + below(interval);
}

/*
 * Counted from when this one was to start, so that a loop that is busy makes
 * probes late, but not fewer.
 */
static void
prober_schedule_next(struct prober *p)
{
	uint64_t now = monotime_ms(), next = p->due + delay_of(p);

	schedule(p, next > now ? next - now : 0);
}

static void
prober_result(void *arg, const struct check_result *result)
{
	struct prober *p = arg;

	p->running = NULL;
	verdict(p, result);
	prober_schedule_next(p);
}

/* What stands in the way of probing: a result to take instead, or NULL. */
static const struct check_result *
obstacle(const struct destination *d, const struct netlink_nexthop *hop)
{
	static struct check_result r;
	struct engine *e = d->service->engine;

	memset(&r, 0, sizeof(r));
	r.outcome = CHECK_UNREACHABLE;
	if (vip_find(e, &d->service->conf->key.vip)->local)
		snprintf(r.detail, sizeof(r.detail),
		    "the VIP is an address of this host");
	else if (e->probe_ifindex == -1) {
		r.outcome = CHECK_LOCAL_ERROR;
		snprintf(r.detail, sizeof(r.detail),
		    "health checks have no way out: see the log");
	} else if (hop == NULL || hop->ifindex == 0)
		snprintf(r.detail, sizeof(r.detail), "no route to the server");
	else if (d->problem[0] != '\0')
		memcpy(r.detail, d->problem, sizeof(d->problem));
	else if (d->probe_problem[0] != '\0') {
		r.outcome = CHECK_LOCAL_ERROR;
		memcpy(r.detail, d->probe_problem, sizeof(d->probe_problem));
	} else if (!hop->resolved)
		way_unresolved(&d->conf->address, hop, r.detail);
	else
		return NULL;
	return &r;
}

/*
 * Whatever made so many due at once, a loop that was busy with a reload say:
 * no more begin than if all were looked at as often as while they change.
 */
static bool
has_to_wait(struct prober *p, uint64_t now)
{
	struct engine *e = p->destination->service->engine;

	if (now / PACE_MS != e->pace_at) {
		e->pace_at = now / PACE_MS;
		e->begun = 0;
	}
	if (e->begun < e->pace) {
		e->begun++;
		return false;
	}
	schedule(p, PACE_MS + below(FIRST_SPREAD));
	return true;
}

/* Something else has to be done before: wait for that, as others do. */
static void
try_again(struct prober *p)
{
	unsigned spread = p->destination->service->engine->spread;

	if (spread > p->conf->interval)
		spread = p->conf->interval;
	schedule(p, FIRST_SPREAD + below(spread / 2 + 1));
}

/* A server that is new has a moment to answer to ARP before that counts. */
static bool
is_being_found(const struct prober *p, const struct netlink_nexthop *hop)
{
	return !p->health.decided && hop != NULL && hop->ifindex != 0 &&
	    !hop->resolved &&
	    p->started - p->destination->since < RESOLVE_LIMIT;
}

static void
prober_start(evutil_socket_t fd, short what, void *arg)
{
	struct prober *p = arg;
	struct destination *d = p->destination;
	struct engine *e = d->service->engine;
	const struct service_key *key = &d->service->conf->key;
	const struct netlink_nexthop *hop;
	const struct check_result *failed;
	struct check_target target = {
	    .vip = key->vip,
	    .server = d->conf->address,
	    .protocol = key->protocol,
	};

	(void)fd;
	(void)what;
	if (has_to_wait(p, monotime_ms()))
		return;
	p->started = monotime_ms();
	hop = netlink_nexthop(e->netlink, &d->conf->address);
	if (is_being_found(p, hop)) {
		try_again(p);
		return;
	}
	if ((failed = obstacle(d, hop)) != NULL) {
		prober_result(p, failed);
		return;
	}
	way_probe_source(e->netlink, &key->vip, hop, &target.source);
	if ((d->service->dirty && d->service->retry.at == 0) ||
	    e->dataplane->ops->probe_mark(
		e->dataplane, key, &d->conf->address, &target.mark) == -1) {
		/* Not in the data plane yet, or not as it is now. */
		try_again(p);
		return;
	}
	p->running = check_start(e->base, p->conf, &target, prober_result, p);
}

void
probers_init(struct destination *d)
{
	const struct conf_service *s = d->service->conf;
	size_t i;

	d->probers = xcalloc(s->check_count, sizeof(*d->probers));
	for (i = 0; i < s->check_count; i++) {
		struct prober *p = &d->probers[i];

		p->destination = d;
		p->conf = &s->checks[i];
		p->timer =
		    evtimer_new(d->service->engine->base, prober_start, p);
		if (p->timer == NULL)
			fatalx("no memory for a timer");
		health_init(&p->health);
		p->result.advice_weight = 100;
	}
	verdict_advise(d);
}

/* All of it but how often and how long, and what is logged. */
static bool
asks_the_same(const struct conf_check *a, const struct conf_check *b)
{
	struct conf_check timed = *a;

	timed.interval = b->interval;
	timed.fast_interval = b->fast_interval;
	timed.timeout = b->timeout;
	timed.rise = b->rise;
	timed.fall = b->fall;
	timed.log_probes = b->log_probes;
	return conf_check_equal(&timed, b);
}

/* A probe that is on its way goes on, unless it may take another time. */
static void
take_over(struct prober *p, struct prober *from)
{
	p->placed = from->placed && p->conf->interval == from->conf->interval;
	p->isolation = from->isolation;
	p->started = from->started;
	p->due = from->due;
	verdict_move(p, from);
	selftest_carry(p, from);
	if (!conf_check_equal(p->conf, from->conf) || from->running == NULL)
		return;
	p->running = from->running;
	from->running = NULL;
	check_move(p->running, p->conf, p);
}

void
probers_carry(struct destination *d, struct destination *was)
{
	size_t i, j, count = was->service->conf->check_count;

	for (i = 0; i < d->service->conf->check_count; i++) {
		struct prober *p = &d->probers[i], *from = NULL;

		for (j = 0; j < count && from == NULL; j++)
			if (asks_the_same(p->conf, was->probers[j].conf))
				from = &was->probers[j];
		health_carry(&p->health, from == NULL ? NULL : &from->health,
		    was->healthy);
		if (from != NULL)
			take_over(p, from);
	}
	verdict_advise(d);
}

/* How long the first probes of so many checks are spread over, in ms. */
static unsigned
first_spread(size_t checks)
{
	size_t spread = checks * 1000 / FIRST_RATE;

	return spread < FIRST_SPREAD ? FIRST_SPREAD : (unsigned)spread;
}

/* How many probes there are in PACE_MS if all states are about to change. */
static unsigned
pace_of(const struct engine *e)
{
	double pace = 0;
	size_t i, j;

	for (i = 0; i < e->conf->service_count; i++) {
		const struct conf_service *s = &e->conf->services[i];

		for (j = 0; j < s->check_count; j++)
			pace += (double)s->destination_count * PACE_MS /
			    s->checks[j].fast_interval;
	}
	return pace > PACE_MIN ? (unsigned)pace : PACE_MIN;
}

/* Of all checks: how many have not been tried yet, or how many there are. */
static size_t
count_checks(const struct engine *e, bool only_new)
{
	size_t i, j, k, count = 0;

	for (i = 0; i < e->conf->service_count; i++) {
		const struct service *s = &e->services[i];

		for (j = 0; j < s->conf->destination_count; j++)
			for (k = 0; k < s->conf->check_count; k++)
				count += !only_new ||
				    s->destinations[j].probers[k].started == 0;
	}
	return count;
}

static void
prober_begin(struct prober *p, unsigned spread, uint64_t now)
{
	unsigned interval = p->conf->interval;
	uint64_t next = p->started + interval;

	if (p->running != NULL)
		return;
	/* Carried over from before a reload: keep its rhythm. */
	if (p->started != 0 && p->placed) {
		schedule(p, next > now ? next - now : 0);
		return;
	}
	p->placed = spread >= interval;
	schedule(p, below(p->placed ? interval : spread));
}

void
probers_start(struct engine *e)
{
	unsigned spread = first_spread(count_checks(e, true));
	uint64_t now = monotime_ms();
	size_t i, j, k;

	e->spread = (unsigned)(count_checks(e, false) * 1000 / FIRST_RATE);
	e->pace = pace_of(e);

	for (i = 0; i < e->conf->service_count; i++) {
		struct service *s = &e->services[i];

		for (j = 0; j < s->conf->destination_count; j++)
			for (k = 0; k < s->conf->check_count; k++)
				prober_begin(&s->destinations[j].probers[k],
				    spread, now);
	}
}

/* What was in its way can have been in the way of all others, too. */
static void
kick(struct prober *p)
{
	unsigned spread = p->destination->service->engine->spread;

	if (spread > p->conf->interval)
		spread = p->conf->interval;
	schedule(p, below(spread + 1));
}

void
probers_kick(struct destination *d)
{
	size_t i;

	for (i = 0; i < d->service->conf->check_count; i++)
		if (d->probers[i].running == NULL)
			kick(&d->probers[i]);
}

void
probers_clear(struct destination *d)
{
	size_t i;

	for (i = 0; i < d->service->conf->check_count; i++) {
		check_cancel(d->probers[i].running);
		selftest_cancel(&d->probers[i]);
		event_free(d->probers[i].timer);
		verdict_clear(&d->probers[i]);
	}
	free(d->probers);
	d->probers = NULL;
}

void
probers_watch(struct engine *e, uint64_t now)
{
	struct check_load load;

	check_load(&load);
	if (load.put_off == e->put_off)
		return;
	if (e->put_off_at == 0)
		log_warnx("health checks have to wait for others to end: "
			  "limits.probes, %u, allows no more at once",
		    e->conf->limits.probes);
	e->put_off = load.put_off;
	e->put_off_at = now;
}

static bool
has_commands(const struct engine *e)
{
	size_t i, j;

	for (i = 0; i < e->conf->service_count; i++)
		for (j = 0; j < e->conf->services[i].check_count; j++)
			if (e->conf->services[i].checks[j].type == CHECK_EXEC)
				return true;
	return false;
}

/* They work as far as they go, so it is no failure, but not what is asked. */
static void
command_problem(const struct engine *e, json_t *list)
{
	const char *why = check_exec_problem();

	if (why != NULL && has_commands(e))
		json_array_append_new(list,
		    json_sprintf("what checks by commands (\"exec\") send to "
				 "VIPs goes where this host's routes lead, "
				 "maybe not to the server: %s",
			why));
}

void
probers_problems(const struct engine *e, json_t *list)
{
	command_problem(e, list);
	if (e->put_off_at == 0 || monotime_ms() - e->put_off_at > PUT_OFF_SHOWN)
		return;
	json_array_append_new(list,
	    json_sprintf("health checks have to wait for others to end, so "
			 "that failures are seen late: limits.probes, %u, "
			 "allows no more at once",
		e->conf->limits.probes));
}
