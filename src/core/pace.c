/* SPDX-License-Identifier: ISC */

/*
 * Rates and back-off: see pace.h.
 */

#include "core/pace.h"

/* ms between two at the rate */
static uint64_t
period(const struct pace_rate *r)
{
	return UINT64_C(60000) / r->per_minute;
}

uint64_t
pace_wait(const struct pace_rate *r, uint64_t now)
{
	uint64_t ahead = period(r) * (r->burst - 1);

	return r->due > now + ahead ? r->due - now - ahead : 0;
}

void
pace_spend(struct pace_rate *r, uint64_t now)
{
	if (r->due < now)
		r->due = now;
	r->due += period(r);
}

unsigned
pace_back_off(
    struct pace_backoff *b, unsigned first, unsigned longest, uint32_t random)
{
	unsigned wait = b->next != 0 ? b->next : first;

	b->next = wait > longest / 2 ? longest : wait * 2;
	return wait / 2 + random % (wait / 2 + 1);
}
