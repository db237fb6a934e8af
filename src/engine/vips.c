/* SPDX-License-Identifier: ISC */

/*
 * VIPs: what their state machines (core/vip_state.h) are told, and what is
 * made of what they decide: log, history, alerts, and asking for it.
 */

#include <event2/event.h>

#include <sys/time.h>

#include <stdlib.h>
#include <string.h>

#include "adapters/bgp.h"
#include "adapters/netlink.h"
#include "base/log.h"
#include "base/monotime.h"
#include "base/xmalloc.h"
#include "engine/alerts.h"
#include "engine/history.h"
#include "engine/private.h"

/* ms that a server without checks has to be found, and this host to check. */
#define NEXTHOP_LIMIT 1000
#define LOCAL_LIMIT   3000

/* What this host can't check has been tried as well as it can be. */
static bool
is_tried(const struct prober *p)
{
	return p->health.decided ||
	    (p->finished != 0 && p->result.outcome == CHECK_LOCAL_ERROR &&
		monotime_ms() - p->destination->since >= LOCAL_LIMIT);
}

static bool
destination_decided(const struct destination *d)
{
	const struct service *s = d->service;
	size_t i;

	for (i = 0; i < s->conf->check_count; i++)
		if (!is_tried(&d->probers[i]))
			return false;
	return s->conf->check_count > 0 || d->healthy ||
	    monotime_ms() - d->since >= NEXTHOP_LIMIT;
}

/*
 * A service whose servers have not all been tried yet doesn't bring its VIP
 * in, as the first one to answer would get everybody; nor does it take away a
 * VIP that other services have.  A probe's timeout bounds how long that is.
 */
static void
describe_tries(const struct service *s, struct vip_service *out)
{
	size_t i;

	out->decided = s->applied || s->retry.at != 0;
	out->undecided = 0;
	for (i = 0; i < s->conf->destination_count; i++) {
		const struct destination *d = &s->destinations[i];

		if (destination_decided(d))
			continue;
		out->decided = false;
		if (d->conf->weight > 0)
			out->undecided++;
	}
}

/* Those that are out by intention alone. */
static unsigned
count_drained(const struct service *s)
{
	unsigned count = 0;
	size_t i;

	for (i = 0; i < s->conf->destination_count; i++) {
		const struct destination *d = &s->destinations[i];

		if (d->conf->weight > 0 &&
		    (d->state == DESTINATION_DRAINING || d->excused))
			count++;
	}
	return count;
}

/* Do clients get answers, be it those only that have a connection? */
static bool
serves(const struct service *s)
{
	size_t i;

	for (i = 0; i < s->conf->destination_count; i++)
		if (s->destinations[i].state != DESTINATION_DOWN)
			return true;
	return false;
}

static void
describe_service(struct service *s, const struct conf_announcing *conf)
{
	struct vip_service *out = &s->of_vip;

	describe_tries(s, out);
	out->applied = s->applied;
	out->ordered_down = s->ordered_down;
	out->total = (unsigned)s->conf->destination_count;
	out->up = s->up;
	out->drained = count_drained(s);
	out->need = s->conf->need;
	out->need_up = s->conf->need_up;
	out->below = conf_share_of(&conf->below, out->total);
}

/* The services of a VIP, which follow each other: from *first on. */
static size_t
find_services(const struct engine *e, const struct vip *v, size_t *first)
{
	const struct addr *vip = &v->conf->address;
	size_t i = *first, count = 0;

	while (i < e->conf->service_count &&
	    addr_compare(&e->services[i].conf->key.vip, vip) < 0)
		i++;
	*first = i;
	while (i + count < e->conf->service_count &&
	    addr_compare(&e->services[i + count].conf->key.vip, vip) == 0)
		count++;
	return count;
}

/* The service that the reason is about; NULL if it is about none. */
static const struct service *
reason_service(const struct vip *v)
{
	return vip_reason_has_service(v->state.reason) ? v->culprit : NULL;
}

const char *
vip_explain(const struct vip *v, char buf[VIP_REASON_LEN])
{
	const struct service *s = reason_service(v);
	char key[SERVICE_KEY_STRLEN], *name = NULL;

	if (s != NULL)
		name = xasprintf("%s %s", s->conf->name,
		    service_key_format(&s->conf->key, key));
	if (s == NULL && vip_reason_has_service(v->state.reason))
		buf[0] = '\0'; /* a reload just took it away */
	else
		vip_state_explain(
		    &v->state, s == NULL ? NULL : &s->of_vip, name, buf);
	free(name);
	return buf;
}

/* The one function that tells of a transition. */
static void
tell_transition(
    struct engine *e, const struct vip *v, const struct vip_state *before)
{
	static const char *const suffixes[] = {
	    [VIP_ANNOUNCED] = ", announcing",
	    [VIP_DEGRADED] = ", announcing as degraded",
	};
	char vip[ADDR_STRLEN], reason[VIP_REASON_LEN];
	bool wanted = vip_state_wanted(&v->state);

	addr_format(&v->conf->address, vip);
	vip_explain(v, reason);
	if (v->state.phase == VIP_LEAVING)
		log_notice("VIP %s: leaving: %s", vip, reason);
	else if (wanted)
		log_notice(
		    "VIP %s: %s%s", vip, reason, suffixes[v->state.phase]);
	else if (vip_state_wanted(before))
		log_notice("VIP %s: withdrawing: %s", vip, reason);
	else
		log_info("VIP %s: %s: %s", vip, vip_phase_name(v->state.phase),
		    reason);
	history_add(e, HISTORY_VIP, vip, vip_phase_name(before->phase),
	    vip_phase_name(v->state.phase), reason);
}

/*
 * Is it out, or degraded, by no one's intention?  Servers that drain, or are in
 * maintenance, need not be all: another one may have failed that was to stay.
 */
static bool
is_alarming(const struct vip_state *s)
{
	if (s->phase == VIP_WITHDRAWN)
		return s->reason == VIP_SHORT || s->reason == VIP_DRAINED ||
		    s->reason == VIP_UNAPPLIED || s->reason == VIP_LOCAL;
	return s->phase == VIP_DEGRADED;
}

/* It is well, or as somebody wants it; else it only waits. */
static bool
is_calm(const struct vip_state *s)
{
	if (s->phase == VIP_WITHDRAWN)
		return s->reason != VIP_UNTRIED;
	return s->phase == VIP_ANNOUNCED || s->phase == VIP_LEAVING;
}

static enum alert_severity
lower(enum alert_severity severity)
{
	return severity == ALERT_LOW ? ALERT_LOW : severity + 1;
}

static void
tell_alert(struct engine *e, struct vip *v)
{
	enum alert_severity severity = v->conf->priority;
	char id[ADDR_STRLEN + 4] = "vip ", reason[VIP_REASON_LEN];

	addr_format(&v->conf->address, id + 4);
	vip_explain(v, reason);
	if (v->state.reason == VIP_DRAINED)
		severity = lower(severity);
	if (is_alarming(&v->state) && v->state.phase == VIP_DEGRADED)
		alert_raise(e, id, lower(severity), "degraded: %s", reason);
	else if (is_calm(&v->state) && !is_alarming(&v->state))
		alert_clear(e, id, "%s", reason);
	else if (is_alarming(&v->state) || alert_is_raised(e, id))
		alert_raise(e, id, severity, "not announced: %s", reason);
}

/* What alerts say of it has changed, even if it is in the same phase. */
static bool
differs(const struct vip *v, const struct vip_state *before,
    const struct service *culprit, unsigned up)
{
	return v->state.phase != before->phase ||
	    v->state.reason != before->reason || v->culprit != culprit ||
	    (v->culprit != NULL && v->culprit->of_vip.up != up);
}

bool
vips_are_seen(const struct engine *e)
{
	struct bgp_status status = {0};

	if (e->bgpd.bgp == NULL)
		return false;
	bgp_status(e->bgpd.bgp, &status);
	return status.connected;
}

static struct vip_input
input_of(const struct engine *e, const struct vip *v)
{
	return (struct vip_input){
	    .conf = &v->conf->announcing,
	    .services = e->vip_services,
	    .local = v->local,
	    .ordered_out = v->ordered_out,
	    .stopping = e->phase != ENGINE_RUNNING,
	    .learning = engine_sync_learning(e),
	    .graceful = e->phase <= ENGINE_LEAVING && vips_are_seen(e),
	    .started = e->started,
	};
}

/* True if what is to be announced has changed. */
static bool
vip_update(struct engine *e, struct vip *v, size_t *first)
{
	struct vip_input in = input_of(e, v);
	const struct vip_state before = v->state;
	const struct service *culprit = v->culprit;
	unsigned up = culprit == NULL ? 0 : v->culprit_up;
	bool changed, serving = false;
	size_t i;

	in.service_count = find_services(e, v, first);
	for (i = 0; i < in.service_count; i++) {
		struct service *s = &e->services[*first + i];

		describe_service(s, in.conf);
		e->vip_services[i] = &s->of_vip;
		serving = serving || serves(s);
	}
	/* To leave slowly is for those who are served meanwhile. */
	in.graceful = in.graceful && serving;
	changed = vip_state_update(&v->state, &in, monotime_ms());
	v->wanted = vip_state_wanted(&v->state);
	v->culprit = in.service_count == 0
	    ? NULL
	    : &e->services[*first + v->state.service];
	if (v->culprit != NULL)
		v->culprit_up = v->culprit->of_vip.up;
	if (changed)
		tell_transition(e, v, &before);
	if (differs(v, &before, culprit, up))
		tell_alert(e, v);
	return changed && (v->wanted || vip_state_wanted(&before));
}

/* A VIP answers pings while it is wanted, also when nothing announces it. */
static void
tell_answers(struct engine *e, const struct vip *v)
{
	e->dataplane->ops->vip_answers(
	    e->dataplane, &v->conf->address, v->wanted);
}

bool
vips_all_withdrawn(const struct engine *e)
{
	size_t i;

	for (i = 0; i < e->conf->vip_count; i++)
		if (e->vips[i].wanted)
			return false;
	return e->left_count == 0;
}

/* When to look again. */

static void
sooner(uint64_t *when, uint64_t until)
{
	if (until != 0 && (*when == 0 || until < *when))
		*when = until;
}

static void
look_again(struct engine *e, uint64_t now)
{
	struct timeval delay;
	uint64_t when = 0;
	size_t i;

	for (i = 0; i < e->conf->vip_count; i++)
		sooner(&when, e->vips[i].state.until);
	for (i = 0; i < e->left_count; i++)
		sooner(&when, e->left[i].until);
	if (when == 0) {
		evtimer_del(e->look);
		return;
	}
	delay = monotime_timeval(when > now ? (unsigned)(when - now) : 1);
	evtimer_add(e->look, &delay);
}

void
vips_update(struct engine *e)
{
	bool changed, stale = e->answers_stale, was;
	uint64_t now = monotime_ms();
	size_t i, first = 0;

	e->answers_stale = false;
	e->vip_services = xreallocarray(e->vip_services,
	    e->conf->service_count + 1, sizeof(struct vip_service *));
	changed = vips_left_update(e, now);
	for (i = 0; i < e->conf->vip_count; i++) {
		struct vip *v = &e->vips[i];

		was = v->wanted;
		if (vip_update(e, v, &first))
			changed = true;
		if (v->wanted != was || stale)
			tell_answers(e, v);
	}
	look_again(e, now);
	if (changed)
		announce_want(e);
}

/* VIPs that this host has for itself. */

static void
vip_set_local(struct engine *e, struct vip *v, bool local)
{
	char vip[ADDR_STRLEN];
	size_t i, j;

	addr_format(&v->conf->address, vip);
	v->local = local;
	if (local)
		log_warnx("VIP %s is an address of this host, so it can't be "
			  "checked or announced; remove it from the "
			  "interface that has it (ip address show to %s)",
		    vip, vip);
	else
		log_notice("VIP %s is no longer an address of this host", vip);
	for (i = 0; i < e->conf->service_count; i++) {
		struct service *s = &e->services[i];

		if (addr_compare(&s->conf->key.vip, &v->conf->address) != 0)
			continue;
		for (j = 0; j < s->conf->destination_count; j++)
			probers_kick(&s->destinations[j]);
	}
	engine_reconcile_soon(e);
}

void
vips_look(struct engine *e, bool only_local)
{
	bool local;
	size_t i;

	for (i = 0; i < e->conf->vip_count; i++) {
		struct vip *v = &e->vips[i];

		if (only_local && !v->local)
			continue;
		local = netlink_is_local(e->netlink, &v->conf->address);
		if (local != v->local)
			vip_set_local(e, v, local);
	}
}
