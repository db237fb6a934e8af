/* SPDX-License-Identifier: ISC */

/*
 * When a VIP is announced: see vip_state.h.
 */

#include <stdio.h>

#include "core/vip_state.h"

#define FAILURES_MAX 64 /* more than can double a hold-down */

/* What all services together come to. */
struct verdict {
	bool failing; /* one is short, as its servers failed */
	bool drained; /* one is short, as servers were taken out */
	bool ordered; /* one is down by order */
	bool untried; /* one is not known yet */
	bool low;     /* one has few servers */
	enum vip_reason reason;
	size_t service;
};

static uint64_t
elapsed(uint64_t now, uint64_t then)
{
	return now > then ? now - then : 0;
}

bool
vip_state_wanted(const struct vip_state *s)
{
	return s->phase >= VIP_ANNOUNCED;
}

enum conf_attributes
vip_state_attributes(const struct vip_state *s)
{
	if (s->phase == VIP_LEAVING)
		return s->degraded ? ATTRIBUTES_DEGRADED_LEAVING
				   : ATTRIBUTES_LEAVING;
	return s->degraded ? ATTRIBUTES_DEGRADED : ATTRIBUTES_NORMAL;
}

void
vip_state_adopt(struct vip_state *s, uint64_t now)
{
	s->phase = VIP_ANNOUNCED;
	s->announced_since = now;
}

static bool
is_low(const struct vip_service *v)
{
	return v->up < v->below && v->up < v->total;
}

/* It has too few whatever comes of those that were not tried yet. */
static bool
is_hopeless(const struct vip_service *v)
{
	return v->up + v->drained + v->undecided < v->need;
}

/*
 * What is in the way of a service, and hysteresis: it is met from need_up on
 * and until it has less than it needs.  While the VIP is announced, what it
 * needs is enough: it comes with a reload or from a predecessor.
 */
static enum vip_reason
judge_service(struct vip_service *v, bool announced, struct verdict *out)
{
	if (!v->decided && is_hopeless(v)) {
		v->met = false;
		out->failing = true;
		return VIP_SHORT;
	}
	if (!v->decided) {
		out->untried = true;
		return VIP_UNTRIED;
	}
	v->met =
	    v->up >= v->need && (v->met || announced || v->up >= v->need_up);
	out->low = out->low || is_low(v);
	if (!v->applied) {
		out->failing = true;
		return VIP_UNAPPLIED;
	}
	if (v->met)
		return is_low(v) ? VIP_FEW : VIP_FINE;
	if (v->up < v->need && v->up + v->drained >= v->need) {
		out->drained = true;
		return VIP_DRAINED;
	}
	out->failing = true;
	return VIP_SHORT;
}

static struct verdict
judge(const struct vip_input *in, bool announced)
{
	struct verdict out = {.reason = VIP_FINE};
	enum vip_reason reason;
	size_t i;

	for (i = 0; i < in->service_count; i++) {
		struct vip_service *v = in->services[i];

		reason = judge_service(v, announced, &out);
		if (v->ordered_down) {
			out.ordered = true;
			reason = VIP_SERVICE_DOWN;
		}
		if (reason > out.reason) {
			out.reason = reason;
			out.service = i;
		}
	}
	if (in->ordered_out)
		out.reason = VIP_ORDERED;
	if (in->stopping)
		out.reason = VIP_STOPPING;
	if (in->local)
		out.reason = VIP_LOCAL;
	return out;
}

/* Since when all is good, and since when none is degraded. */
static void
note_health(struct vip_state *s, const struct vip_input *in,
    const struct verdict *v, uint64_t now)
{
	bool good = !in->local && !v->failing && !v->drained && !v->untried;

	if (good && !s->good)
		s->good_since = now;
	s->good = good;
	if (!v->low && !s->well)
		s->well_since = now;
	s->well = !v->low;
}

static uint64_t
hold_down(const struct vip_state *s, const struct conf_announcing *conf)
{
	uint64_t hold = conf->hold_down;
	unsigned i;

	if (s->failures < 2)
		return 0;
	for (i = 2; i < s->failures && hold < conf->hold_down_max; i++)
		hold *= 2;
	return hold < conf->hold_down_max ? hold : conf->hold_down_max;
}

static void
withdraw(struct vip_state *s, const struct conf_announcing *conf, bool failed,
    uint64_t now)
{
	s->phase = VIP_WITHDRAWN;
	s->until = 0;
	s->degraded = false;
	s->withdrawals++;
	if (!failed)
		return;
	if (elapsed(now, s->announced_since) >= conf->hold_down_max)
		s->failures = 0;
	if (s->failures < FAILURES_MAX)
		s->failures++;
	s->withdrawn_at = now;
}

static void
set_degraded(struct vip_state *s, const struct vip_input *in,
    const struct verdict *v, uint64_t now)
{
	bool soon = s->degraded && s->well && !v->untried;

	if (v->low)
		s->degraded = true;
	else if (soon && elapsed(now, s->well_since) >= in->conf->healthy_for)
		s->degraded = false;
	s->phase = s->degraded ? VIP_DEGRADED : VIP_ANNOUNCED;
	s->until = s->degraded && soon && !v->low
	    ? s->well_since + in->conf->healthy_for
	    : 0;
}

/* It is announced: does it stay so? */
static void
stay_or_leave(struct vip_state *s, const struct vip_input *in,
    const struct verdict *v, uint64_t now)
{
	unsigned time = in->graceful ? in->conf->graceful_shutdown : 0;
	bool was_leaving = s->phase == VIP_LEAVING;

	if (in->local || v->failing) {
		withdraw(s, in->conf, !in->local, now);
		return;
	}
	set_degraded(s, in, v, now);
	if (!in->stopping && !in->ordered_out && !v->ordered && !v->drained)
		return;
	if (!was_leaving)
		s->leaving_since = now;
	if (elapsed(now, s->leaving_since) >= time) {
		withdraw(s, in->conf, false, now);
		return;
	}
	s->phase = VIP_LEAVING;
	s->until = s->leaving_since + time;
}

/* Nothing is in the way but time. */
static void
wait_or_announce(struct vip_state *s, const struct vip_input *in,
    const struct verdict *v, uint64_t now)
{
	uint64_t learnt = in->started + in->conf->learn;
	uint64_t settled = s->good_since + in->conf->healthy_for;
	uint64_t hold = hold_down(s, in->conf), held = 0;

	if (hold > 0)
		held = s->withdrawn_at + hold;
	if (in->learning || learnt > now) {
		s->phase = VIP_LEARNING;
		s->until = learnt > now ? learnt : 0;
	} else if (settled > now && settled >= held) {
		s->phase = VIP_SETTLING;
		s->until = settled;
	} else if (held > now) {
		s->phase = VIP_HELD_DOWN;
		s->until = held;
	} else {
		s->announced_since = now;
		s->degraded = v->low;
		s->phase = v->low ? VIP_DEGRADED : VIP_ANNOUNCED;
		s->until = 0;
	}
}

bool
vip_state_update(struct vip_state *s, const struct vip_input *in, uint64_t now)
{
	const struct vip_state before = *s;
	bool announced = vip_state_wanted(s);
	struct verdict v = judge(in, announced);

	note_health(s, in, &v, now);
	if (announced) {
		stay_or_leave(s, in, &v, now);
	} else if (!s->good || in->stopping || in->ordered_out || v.ordered) {
		s->phase = VIP_WITHDRAWN;
		s->until = 0;
	} else {
		wait_or_announce(s, in, &v, now);
	}
	s->reason = v.reason;
	s->service = v.service;
	return s->phase != before.phase || s->degraded != before.degraded;
}

const char *
vip_phase_name(enum vip_phase phase)
{
	static const char *const names[VIP_PHASES] = {
	    [VIP_WITHDRAWN] = "withdrawn",
	    [VIP_LEARNING] = "learning",
	    [VIP_SETTLING] = "settling",
	    [VIP_HELD_DOWN] = "held down",
	    [VIP_ANNOUNCED] = "announced",
	    [VIP_DEGRADED] = "degraded",
	    [VIP_LEAVING] = "leaving",
	};

	return names[phase];
}

bool
vip_reason_has_service(enum vip_reason reason)
{
	return reason >= VIP_FEW && reason <= VIP_SERVICE_DOWN;
}

static void
explain_short(
    const struct vip_service *v, const char *name, char buf[VIP_REASON_LEN])
{
	if (v->up >= v->need)
		snprintf(buf, VIP_REASON_LEN,
		    "%s needs %u servers to come back, has %u", name,
		    v->need_up, v->up);
	else if (v->drained > 0)
		snprintf(buf, VIP_REASON_LEN,
		    "%s needs %u servers, has %u, and %u that drain or are in "
		    "maintenance",
		    name, v->need, v->up, v->drained);
	else
		snprintf(buf, VIP_REASON_LEN, "%s needs %u servers, has %u",
		    name, v->need, v->up);
}

static void
explain_phase(const struct vip_state *s, char buf[VIP_REASON_LEN])
{
	switch (s->phase) {
	case VIP_LEARNING:
		snprintf(buf, VIP_REASON_LEN, "it is new, and vc5d learns");
		break;
	case VIP_SETTLING:
		snprintf(buf, VIP_REASON_LEN,
		    "its services have not had what they need for long enough");
		break;
	case VIP_HELD_DOWN:
		snprintf(buf, VIP_REASON_LEN,
		    "it was withdrawn %u times in a row", s->failures);
		break;
	case VIP_DEGRADED:
		snprintf(buf, VIP_REASON_LEN,
		    "its services have not had enough servers for long enough");
		break;
	default:
		snprintf(
		    buf, VIP_REASON_LEN, "its services have what they need");
	}
}

const char *
vip_state_explain(const struct vip_state *s, const struct vip_service *v,
    const char *name, char buf[VIP_REASON_LEN])
{
	switch (s->reason) {
	case VIP_FINE:
		explain_phase(s, buf);
		break;
	case VIP_FEW:
		if (s->phase == VIP_DEGRADED)
			snprintf(buf, VIP_REASON_LEN,
			    "%s has %u of %u servers up", name, v->up,
			    v->total);
		else
			explain_phase(s, buf);
		break;
	case VIP_UNTRIED:
		snprintf(buf, VIP_REASON_LEN,
		    "the servers of %s have not all been tried yet", name);
		break;
	case VIP_DRAINED:
	case VIP_SHORT:
		explain_short(v, name, buf);
		break;
	case VIP_UNAPPLIED:
		snprintf(buf, VIP_REASON_LEN,
		    "the data plane does not have %s: see the log", name);
		break;
	case VIP_SERVICE_DOWN:
		snprintf(buf, VIP_REASON_LEN, "%s is down as ordered", name);
		break;
	case VIP_ORDERED:
		snprintf(buf, VIP_REASON_LEN, "as ordered");
		break;
	case VIP_STOPPING:
		snprintf(buf, VIP_REASON_LEN, "vc5d stops");
		break;
	case VIP_LOCAL:
		snprintf(buf, VIP_REASON_LEN,
		    "it is an address of this host: remove it here");
		break;
	}
	return buf;
}
