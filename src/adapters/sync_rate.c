/* SPDX-License-Identifier: ISC */

/*
 * A token bucket; see sync_rate.h.
 */

#include "adapters/sync_rate.h"

#define BURST_TIME   200 /* ms of the rate that may be sent at once */
#define BURST_LEAST  16384
#define LONGEST_IDLE 10000 /* ms: past that it is full at any rate */

void
sync_rate_set(struct sync_rate *r, uint64_t bits, uint64_t now)
{
	r->rate = bits / 8;
	r->burst = (int64_t)(r->rate * BURST_TIME / 1000);
	if (r->burst < BURST_LEAST)
		r->burst = BURST_LEAST;
	if (r->tokens > r->burst)
		r->tokens = r->burst;
	r->then = now;
}

void
sync_rate_init(struct sync_rate *r, uint64_t bits, uint64_t now)
{
	r->tokens = INT64_MAX;
	sync_rate_set(r, bits, now);
}

/* Less than a byte's worth of time is not lost: it is left for later. */
static void
gather(struct sync_rate *r, uint64_t now)
{
	uint64_t elapsed, bytes;

	/* Who calls may have looked at the clock a while ago. */
	if (now <= r->then)
		return;
	elapsed = now - r->then;
	if (elapsed > LONGEST_IDLE)
		elapsed = LONGEST_IDLE;
	bytes = r->rate * elapsed / 1000;
	if (bytes == 0)
		return;
	r->then = now;
	r->tokens += (int64_t)bytes;
	if (r->tokens > r->burst)
		r->tokens = r->burst;
}

bool
sync_rate_allows(struct sync_rate *r, size_t bytes, uint64_t now)
{
	gather(r, now);
	return r->tokens >= (int64_t)bytes;
}

void
sync_rate_spend(struct sync_rate *r, size_t bytes)
{
	r->tokens -= (int64_t)bytes;
}
