/* SPDX-License-Identifier: ISC */

/*
 * When all checks begin to fail at once (core/isolation.h): it is said that
 * this host's link is the likely cause, and if the configuration says so,
 * servers stay what they were until anything passes again.
 *
 * It is said when the first server would go down for it, so that nobody is
 * alarmed by one round of checks that were lost.
 */

#include "base/log.h"
#include "base/monotime.h"
#include "core/isolation.h"
#include "engine/alerts.h"
#include "engine/private.h"

#define ALERT_ID "isolated"

/* Call the function for each check. */
static void
each_prober(
    struct engine *e, void (*function)(struct prober *, void *), void *arg)
{
	size_t i, j, k;

	for (i = 0; i < e->conf->service_count; i++) {
		struct service *s = &e->services[i];

		for (j = 0; j < s->conf->destination_count; j++)
			for (k = 0; k < s->conf->check_count; k++)
				function(&s->destinations[j].probers[k], arg);
	}
}

static void
count(struct prober *p, void *census)
{
	const struct destination *d = p->destination;

	isolation_count(&d->service->engine->isolation.all, census,
	    &p->isolation, &d->conf->address);
}

/* The one function that says that it is so. */
static void
declare(struct engine *e)
{
	struct isolation_census census = {0};

	if (e->isolation.declared)
		return;
	e->isolation.declared = true;
	e->isolation.since = monotime_ms();
	each_prober(e, count, &census);
	alert_raise(e, ALERT_ID, ALERT_CRITICAL,
	    "all checks fail, of which %zu, of several servers, passed until "
	    "they began to fail at once: this looks like this host's own link "
	    "to the servers; %s",
	    census.checks,
	    e->conf->isolation_hold
		? "servers and VIPs stay what they were until a check passes"
		: "servers go down and VIPs are withdrawn");
}

/* What went down before the last check failed is as it was. */
static void
restore(struct prober *p, void *changed)
{
	struct engine *e = p->destination->service->engine;

	if (p->health.state == HEALTH_UP ||
	    !isolation_is_struck(&e->isolation.all, &p->isolation))
		return;
	p->health.state = HEALTH_UP;
	p->health.streak = 0;
	*(bool *)changed = true;
	destination_evaluate(p->destination);
}

static void
begin(struct engine *e)
{
	struct isolation_census census = {0};
	bool changed = false;

	each_prober(e, count, &census);
	if (!isolation_conclude(&e->isolation.all, &census))
		return;
	log_info("all checks fail since their last one passed: it may be this "
		 "host's link to the servers");
	if (!e->conf->isolation_hold)
		return;
	each_prober(e, restore, &changed);
	if (changed)
		declare(e);
}

/* Each has the usual number of failures to go, from now on. */
static void
begin_anew(struct prober *p, void *arg)
{
	(void)arg;
	if (p->health.state == HEALTH_UP)
		p->health.streak = 0;
}

static void
end(struct engine *e, const struct prober *by)
{
	char key[SERVICE_KEY_STRLEN], server[ADDR_STRLEN];
	const struct destination *d = by->destination;

	if (!e->isolation.declared)
		return;
	e->isolation.declared = false;
	alert_clear(e, ALERT_ID, "a check of %s passes: %s %s",
	    addr_format(&d->conf->address, server), d->service->conf->name,
	    service_key_format(&d->service->conf->key, key));
	each_prober(e, begin_anew, NULL);
	services_evaluate(e);
}

void
isolation_note(struct prober *p, bool passed)
{
	const struct service *s = p->destination->service;
	struct engine *e = s->engine;

	if (passed) {
		if (isolation_pass(&e->isolation.all, &p->isolation))
			end(e, p);
	} else if (vip_find(e, &s->conf->key.vip)->local) {
		/* That is why it fails. */
		isolation_forget(&e->isolation.all, &p->isolation);
	} else if (isolation_fail(&e->isolation.all, &p->isolation)) {
		begin(e);
	}
}

bool
isolation_excuses(struct prober *p)
{
	struct engine *e = p->destination->service->engine;

	if (!e->isolation.all.suspected || p->health.state == HEALTH_UP)
		return false;
	declare(e);
	if (!e->conf->isolation_hold)
		return false;
	p->health.state = HEALTH_UP;
	p->health.streak = 0;
	return true;
}

bool
isolation_holds(const struct engine *e)
{
	return e->isolation.declared && e->conf->isolation_hold;
}

/* After a reload. */

struct survey {
	struct isolation *all;
	const struct addr *first; /* server that is checked; NULL = none */
	bool several;
};

static void
add(struct prober *p, void *arg)
{
	struct survey *s = arg;
	const struct addr *server = &p->destination->conf->address;

	isolation_add(s->all, &p->isolation);
	if (s->first == NULL)
		s->first = server;
	s->several = s->several || addr_compare(s->first, server) != 0;
}

/* Without checks of several servers nothing would ever end it. */
void
isolation_follow(struct engine *e)
{
	struct survey s = {.all = &e->isolation.all};

	isolation_recount(&e->isolation.all);
	each_prober(e, add, &s);
	if (s.several)
		return;
	e->isolation.all.suspected = false;
	if (!e->isolation.declared)
		return;
	e->isolation.declared = false;
	alert_clear(
	    e, ALERT_ID, "the configuration no longer checks several servers");
	each_prober(e, begin_anew, NULL);
}

json_t *
isolation_json(const struct engine *e)
{
	uint64_t age = e->isolation.declared
	    ? (monotime_ms() - e->isolation.since) / 1000
	    : 0;

	return json_pack("{s:s, s:b, s:I}", "mode",
	    e->conf->isolation_hold ? "hold" : "withdraw", "isolated",
	    e->isolation.declared, "since", (json_int_t)age);
}
