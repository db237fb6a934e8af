/* SPDX-License-Identifier: ISC */

/*
 * A plain model of a VIP's state machine: see vip_model.h.
 */

#include "vip_model.h"

struct moment past[MOMENTS + 1];

static bool
is_wanted(enum vip_phase phase)
{
	return phase == VIP_ANNOUNCED || phase == VIP_DEGRADED ||
	    phase == VIP_LEAVING;
}

/* All that are not known to be out, were they to come up, are not enough. */
static bool
model_lost(const struct vip_service *v)
{
	unsigned possible = v->up;

	if (v->decided)
		return false;
	possible += v->undecided;
	possible += v->drained;
	return possible < v->need;
}

/* It had need_up once, or was carried, and has had what it needs since. */
static bool
model_met(size_t n, size_t service)
{
	const struct vip_service *v;
	size_t i;

	for (i = n; i > 0; i--) {
		if (past[i].born[service] != past[n].born[service])
			return false;
		v = &past[i].services[service];
		if (model_lost(v))
			return false;
		if (!v->decided)
			continue;
		if (v->up < v->need)
			return false;
		if (v->up >= v->need_up || is_wanted(past[i - 1].phase))
			return true;
	}
	return false;
}

enum fitness {
	FIT,
	SHORT_BY_INTENTION,
	BROKEN,
	UNKNOWN
};

static enum fitness
model_fitness(size_t n, size_t service)
{
	const struct vip_service *v = &past[n].services[service];

	if (model_lost(v))
		return BROKEN;
	if (!v->decided)
		return UNKNOWN;
	if (!v->applied)
		return BROKEN;
	if (model_met(n, service))
		return FIT;
	return v->up < v->need && v->up + v->drained >= v->need
	    ? SHORT_BY_INTENTION
	    : BROKEN;
}

static bool
model_any(size_t n, enum fitness fitness)
{
	size_t i;

	for (i = 0; i < past[n].service_count; i++)
		if (model_fitness(n, i) == fitness)
			return true;
	return false;
}

static bool
model_good(size_t n)
{
	size_t i;

	for (i = 0; i < past[n].service_count; i++)
		if (model_fitness(n, i) != FIT)
			return false;
	return !past[n].in.local;
}

static bool
model_low(size_t n)
{
	size_t i;

	for (i = 0; i < past[n].service_count; i++) {
		const struct vip_service *v = &past[n].services[i];

		if (v->decided && v->up < v->total && v->up < v->below)
			return true;
	}
	return false;
}

/* Since when it has been so without interruption. */
static uint64_t
model_since(size_t n, bool (*is_so)(size_t))
{
	while (n > 1 && is_so(n - 1))
		n--;
	return past[n].time;
}

static bool
model_not_low(size_t n)
{
	return !model_low(n);
}

/* 2, 4, 8, ... times as long, for those failures that belong together. */
static uint64_t
model_held_until(size_t n)
{
	const struct conf_announcing *conf = &past[n].conf;
	uint64_t announced = 0, last = 0, times = 1;
	unsigned row = 0;
	size_t i;

	for (i = 1; i < n; i++) {
		if (is_wanted(past[i].phase) && !is_wanted(past[i - 1].phase))
			announced = past[i].time;
		if (!past[i].failed)
			continue;
		if (past[i].time - announced >= past[i].conf.hold_down_max)
			row = 0;
		row++;
		last = past[i].time;
	}
	if (row < 2)
		return 0;
	for (; row > 2 && times < 1000000; row--)
		times *= 2;
	times *= conf->hold_down;
	return last +
	    (times < conf->hold_down_max ? times : conf->hold_down_max);
}

bool
model_ordered(size_t n)
{
	size_t i;

	for (i = 0; i < past[n].service_count; i++)
		if (past[n].services[i].ordered_down)
			return true;
	return past[n].in.ordered_out || past[n].in.stopping;
}

/* Since when it has been leaving without interruption, up to now. */
static uint64_t
model_leaving_since(size_t n)
{
	size_t i = n;

	while (i > 1 && past[i - 1].phase == VIP_LEAVING)
		i--;
	return past[i].time;
}

static void
model_stay(size_t n)
{
	struct moment *m = &past[n];
	uint64_t leave, well;

	m->until = 0;
	if (m->in.local || model_any(n, BROKEN)) {
		m->phase = VIP_WITHDRAWN;
		m->failed = !m->in.local;
		return;
	}
	well = model_since(n, model_not_low) + m->conf.healthy_for;
	m->degraded = model_low(n) ||
	    (past[n - 1].degraded && (model_any(n, UNKNOWN) || m->time < well));
	m->phase = m->degraded ? VIP_DEGRADED : VIP_ANNOUNCED;
	if (m->degraded && !model_low(n) && !model_any(n, UNKNOWN))
		m->until = well;
	if (!model_ordered(n) && !model_any(n, SHORT_BY_INTENTION))
		return;
	leave = model_leaving_since(n);
	if (m->in.graceful)
		leave += m->conf.graceful_shutdown;
	m->phase = m->time < leave ? VIP_LEAVING : VIP_WITHDRAWN;
	m->until = m->time < leave ? leave : 0;
}

static void
model_return(size_t n)
{
	struct moment *m = &past[n];
	uint64_t learnt = m->in.started + m->conf.learn;
	uint64_t settled, held = model_held_until(n);

	m->until = 0;
	m->phase = VIP_WITHDRAWN;
	if (!model_good(n) || model_ordered(n))
		return;
	settled = model_since(n, model_good) + m->conf.healthy_for;
	if (m->in.learning || m->time < learnt) {
		m->phase = VIP_LEARNING;
		m->until = m->time < learnt ? learnt : 0;
	} else if (m->time < settled || m->time < held) {
		m->phase = settled >= held ? VIP_SETTLING : VIP_HELD_DOWN;
		m->until = settled >= held ? settled : held;
	} else {
		m->phase = model_low(n) ? VIP_DEGRADED : VIP_ANNOUNCED;
	}
}

void
model(size_t n)
{
	past[n].failed = past[n].degraded = false;
	if (is_wanted(past[n - 1].phase))
		model_stay(n);
	else
		model_return(n);
	if (past[n].phase == VIP_DEGRADED)
		past[n].degraded = true;
	else if (past[n].phase != VIP_LEAVING)
		past[n].degraded = false;
}
