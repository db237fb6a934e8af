/* SPDX-License-Identifier: ISC */

/*
 * When something may be done: not more often than a rate allows, and after a
 * failure not before a while has passed.
 */

#ifndef CORE_PACE_H
#define CORE_PACE_H

#include <stdint.h>

/*
 * So many times a minute, spread evenly; what was not used gathers up to a
 * burst.  All zero but for per_minute (not 0) and burst (not 0) at first.
 */
struct pace_rate {
	unsigned per_minute, burst;
	uint64_t due; /* ms: when all would have been at the rate */
};

/* ms until it may be done once more; 0 = now. */
uint64_t pace_wait(const struct pace_rate *, uint64_t now);
/* It was done. */
void pace_spend(struct pace_rate *, uint64_t now);

/* Waiting ever longer, and not all for as long: zero at first. */
struct pace_backoff {
	unsigned next; /* ms */
};

/*
 * ms to wait after another failure: from half of first on, doubled each time up
 * to longest, and shortened by up to a half by a random number.
 */
unsigned pace_back_off(
    struct pace_backoff *, unsigned first, unsigned longest, uint32_t random);

#endif
