/* SPDX-License-Identifier: ISC */

/*
 * A destination at run time: how it is reached, whether it is healthy, what
 * state follows from that and from orders, and telling of it.
 */

#include <stdio.h>
#include <string.h>

#include "adapters/netlink.h"
#include "base/log.h"
#include "base/monotime.h"
#include "engine/history.h"
#include "engine/private.h"

static enum destination_state
state_of(const struct destination *d)
{
	if (d->order == ORDER_MAINT || !d->healthy ||
	    d->advice == CHECK_ADVICE_DOWN)
		return DESTINATION_DOWN;
	return d->conf->draining || d->order == ORDER_DRAIN ||
		d->advice == CHECK_ADVICE_DRAIN
	    ? DESTINATION_DRAINING
	    : DESTINATION_UP;
}

void
destination_excuse(struct destination *d)
{
	d->excused = d->order == ORDER_MAINT && (d->excused || d->healthy);
}

void
destination_settle(struct destination *d)
{
	enum destination_state state = state_of(d);
	struct service *s = d->service;

	if (d->state == state)
		return;
	/* Who has no weight can't take over what others had. */
	if (d->conf->weight > 0 && d->state == DESTINATION_UP)
		s->up--;
	if (d->conf->weight > 0 && state == DESTINATION_UP)
		s->up++;
	if (state != DESTINATION_UP)
		ramp_end(d);
	else if (d->cold)
		ramp_begin(d);
	d->state = state;
	d->since = monotime_ms();
	s->dirty = true;
}

/* Why it is what it is, unless its checks say that. */
static const char *
reason_text(const struct destination *d)
{
	if (d->order == ORDER_MAINT)
		return "in maintenance as ordered";
	if (!d->healthy)
		return "";
	if (d->advice == CHECK_ADVICE_DOWN)
		return "as its agent says";
	if (d->order == ORDER_DRAIN)
		return "as ordered";
	if (d->advice == CHECK_ADVICE_DRAIN)
		return "as its agent says";
	return d->conf->draining ? "as configured" : "";
}

static const char *
state_text(enum destination_state state)
{
	switch (state) {
	case DESTINATION_UP:
		return "up";
	case DESTINATION_DRAINING:
		return "draining";
	default:
		return "down";
	}
}

void
destination_tell(const struct destination *d, enum destination_state from)
{
	const struct conf_service *s = d->service->conf;
	char key[SERVICE_KEY_STRLEN], server[ADDR_STRLEN];
	char reason[VERDICT_REASON_LEN];
	const char *ordered = reason_text(d);
	bool first = !d->cold && d->state == DESTINATION_UP;

	if (!first || first_verdict(d->service->engine, FIRST_UP))
		log_notice("%s %s: destination %s is %s%s%s, was %s", s->name,
		    service_key_format(&s->key, key),
		    addr_format(&d->conf->address, server),
		    state_text(d->state), *ordered != '\0' ? ", " : "", ordered,
		    state_text(from));
	history_add_destination(d, HISTORY_DESTINATION, NULL, state_text(from),
	    state_text(d->state),
	    *ordered != '\0' ? ordered : verdict_reason(d, reason));
}

bool
destination_usable(
    const struct destination *d, const struct netlink_nexthop *hop)
{
	return hop != NULL && hop->resolved && d->problem[0] == '\0';
}

/* The one function that changes what is the problem of a destination. */
static void
set_problem(struct destination *d, char problem[WAY_PROBLEM_LEN],
    const char now[WAY_PROBLEM_LEN], const char *what)
{
	const struct conf_service *s = d->service->conf;
	char key[SERVICE_KEY_STRLEN], server[ADDR_STRLEN];

	if (strcmp(problem, now) == 0)
		return;
	snprintf(problem, WAY_PROBLEM_LEN, "%s", now);
	service_key_format(&s->key, key);
	addr_format(&d->conf->address, server);
	if (now[0] != '\0')
		log_warnx("%s %s: destination %s can't be %s: %s", s->name, key,
		    server, what, now);
	else {
		log_notice("%s %s: destination %s can be %s again", s->name,
		    key, server, what);
		probers_kick(d);
	}
	d->service->dirty = true;
}

void
destination_look(struct destination *d)
{
	const struct service *s = d->service;
	struct netlink *nl = s->engine->netlink;
	const struct netlink_nexthop *hop =
	    netlink_nexthop(nl, &d->conf->address);
	char now[WAY_PROBLEM_LEN];

	if (hop == NULL)
		return;
	d->looked = true;
	way_problem(&s->conf->key.vip, d->conf, hop, now);
	set_problem(d, d->problem, now, "used");
	if (d->problem[0] == '\0' && s->conf->check_count > 0)
		way_probe_problem(nl, &s->conf->key.vip, hop, now);
	else
		now[0] = '\0';
	set_problem(d, d->probe_problem, now, "checked");
	if (hop->vlan != 0)
		interfaces_keep_tags(s->engine);
}

void
destination_evaluate(struct destination *d)
{
	enum destination_state was = d->state;
	struct service *s = d->service;
	const struct netlink_nexthop *hop;
	bool healthy = true, known_down = d->healthy;
	size_t i;

	for (i = 0; i < s->conf->check_count; i++) {
		if (d->probers[i].health.state == HEALTH_UP)
			continue;
		healthy = false;
		known_down = known_down || d->probers[i].health.decided;
	}
	if (s->conf->check_count == 0) {
		hop = netlink_nexthop(s->engine->netlink, &d->conf->address);
		healthy = d->looked && !isolation_holds(s->engine)
		    ? destination_usable(d, hop)
		    : d->healthy;
	}
	if (!healthy && known_down)
		d->cold = true;
	d->healthy = healthy;
	destination_excuse(d);
	destination_settle(d);
	if (d->state != was)
		destination_tell(d, was);
	engine_reconcile_soon(s->engine);
}
