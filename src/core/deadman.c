/* SPDX-License-Identifier: ISC */

/*
 * The dead-man's switch; see deadman.h.
 */

#include "core/deadman.h"

static uint64_t
least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

void
deadman_init(struct deadman *d, unsigned limit)
{
	*d = (struct deadman){
	    .limit = limit,
	    .silence = DEADMAN_NEVER,
	    .withdraw = DEADMAN_NEVER,
	};
}

/* While it stops there is a limit always, and not a long one. */
static unsigned
bound(const struct deadman *d, unsigned limit)
{
	if (d->stopping && (limit == 0 || limit > DEADMAN_STOP))
		return DEADMAN_STOP;
	return limit;
}

void
deadman_limit(struct deadman *d, unsigned limit)
{
	d->limit = bound(d, limit);
}

void
deadman_started(struct deadman *d, uint64_t now)
{
	d->engine = DEADMAN_STARTING;
	d->silence = d->limit == 0 ? DEADMAN_NEVER : now + DEADMAN_START;
	d->fork = DEADMAN_NEVER;
}

static bool
is_alive(const struct deadman *d)
{
	return d->engine == DEADMAN_STARTING || d->engine == DEADMAN_STEERING;
}

bool
deadman_beat(struct deadman *d, uint64_t now)
{
	bool first = d->engine == DEADMAN_STARTING;

	if (!is_alive(d))
		return false;
	d->silence = d->limit == 0 ? DEADMAN_NEVER : now + d->limit;
	if (first) {
		d->engine = DEADMAN_STEERING;
		d->since = now;
		d->withdraw = DEADMAN_NEVER;
		d->again = false;
	}
	return first;
}

void
deadman_busy(struct deadman *d, unsigned ms, uint64_t now)
{
	if (d->engine == DEADMAN_STEERING && d->limit != 0)
		d->silence = now + least(ms, DEADMAN_BUSY) + d->limit;
}

/* Who dies for the first time in a while is replaced at once. */
static void
schedule(struct deadman *d, bool stable, uint64_t now)
{
	if (stable)
		d->delay = 0;
	d->fork = now + d->delay;
	d->delay = d->delay == 0 ? DEADMAN_DELAY : 2 * d->delay;
	d->delay = (unsigned)least(d->delay, DEADMAN_DELAY_MOST);
}

/*
 * What was withdrawn before an engine that was killed was dead, it may have
 * announced since.
 */
void
deadman_died(struct deadman *d, uint64_t now)
{
	bool steered = d->since != 0;

	if (d->engine == DEADMAN_KILLED && steered)
		d->again = d->withdrawing;
	if (d->engine == DEADMAN_KILLED &&
	    (steered || d->withdraw != DEADMAN_NEVER))
		d->withdraw = now;
	else if (d->withdraw == DEADMAN_NEVER && d->limit != 0 &&
	    !d->withdrawing)
		d->withdraw = now + (d->stopping ? 0 : d->limit);
	schedule(d, steered && now - d->since >= DEADMAN_STABLE, now);
	d->engine = DEADMAN_NOBODY;
	d->silence = DEADMAN_NEVER;
	d->since = 0;
}

void
deadman_withdrawn(struct deadman *d, bool ok, uint64_t now)
{
	d->withdrawing = false;
	if (d->again) {
		d->again = false;
		d->withdraw = now;
		return;
	}
	/* Who has taken over meanwhile knows better; a stop must end. */
	if (ok || d->stopping || d->engine == DEADMAN_STEERING)
		d->withdraw = DEADMAN_NEVER;
	else
		d->withdraw = now + DEADMAN_RETRY;
}

void
deadman_stop(struct deadman *d, uint64_t now)
{
	unsigned most = d->stopping ? DEADMAN_STOP_AGAIN : DEADMAN_STOP;

	d->stopping = true;
	d->limit = bound(d, d->limit);
	if (is_alive(d))
		d->silence = least(d->silence, now + most);
	/* Nobody is going to take over. */
	if (d->withdraw != DEADMAN_NEVER)
		d->withdraw = now;
}

void
deadman_paused(struct deadman *d, uint64_t ms)
{
	if (d->silence != DEADMAN_NEVER)
		d->silence += ms;
}

enum deadman_action
deadman_next(struct deadman *d, uint64_t now)
{
	if (is_alive(d) && now >= d->silence) {
		if (d->engine == DEADMAN_STEERING)
			d->withdraw = now + DEADMAN_DEATH;
		d->engine = DEADMAN_KILLED;
		d->silence = DEADMAN_NEVER;
		return DEADMAN_KILL;
	}
	if (!d->withdrawing && now >= d->withdraw) {
		d->withdrawing = true;
		return DEADMAN_WITHDRAW;
	}
	if (d->engine != DEADMAN_NOBODY)
		return DEADMAN_NOTHING;
	if (!d->stopping)
		return now >= d->fork ? DEADMAN_FORK : DEADMAN_NOTHING;
	return d->withdrawing || d->withdraw != DEADMAN_NEVER ? DEADMAN_NOTHING
							      : DEADMAN_DONE;
}

uint64_t
deadman_due(const struct deadman *d)
{
	uint64_t due = is_alive(d) ? d->silence : DEADMAN_NEVER;

	if (!d->withdrawing)
		due = least(due, d->withdraw);
	if (d->engine == DEADMAN_NOBODY && !d->stopping)
		due = least(due, d->fork);
	return due;
}
