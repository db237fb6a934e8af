/* SPDX-License-Identifier: ISC */

/*
 * Slow start: a server that comes back gets its weight in steps.
 *
 * A step is a second or longer, as the hash table is filled anew for each, and
 * there are 20 at most.  Only whole steps count, so that instances which saw
 * the server come back within the same second mostly agree on its weight.  It
 * is not its weight that rises, but less and less of its slots is withheld:
 * each weight has another table, in which Maglev would move others' slots, too.
 */

#include "base/log.h"
#include "base/monotime.h"
#include "engine/private.h"

#define STEPS	 20
#define STEP_MIN 1000 /* ms */
/* Steps that a destination's service takes to the full weight. */
static unsigned
steps_of(const struct destination *d, unsigned *length)
{
	unsigned total = d->service->conf->slow_start;

	*length = total / STEPS > STEP_MIN ? total / STEPS : STEP_MIN;
	return total / *length;
}

void
ramp_begin(struct destination *d)
{
	char key[SERVICE_KEY_STRLEN], server[ADDR_STRLEN];
	const struct conf_service *c = d->service->conf;

	d->cold = false;
	if (c->slow_start == 0 || d->conf->weight == 0)
		return;
	d->rising = true;
	d->step = 0;
	d->risen = monotime_ms();
	log_info("%s %s: destination %s gets its full weight over %g s",
	    c->name, service_key_format(&c->key, key),
	    addr_format(&d->conf->address, server), c->slow_start / 1000.0);
}

void
ramp_end(struct destination *d)
{
	d->rising = false;
}

static void
advance(struct destination *d, uint64_t now)
{
	unsigned length, steps = steps_of(d, &length);
	uint64_t step;

	if (!d->rising || now < d->risen)
		return;
	step = (now - d->risen) / length;
	if (step == d->step)
		return;
	d->step = (unsigned)step;
	if (step >= steps)
		ramp_end(d);
	d->service->stepped = true;
}

void
ramp_advance(struct engine *e, uint64_t now)
{
	size_t i, j;

	for (i = 0; i < e->conf->service_count; i++)
		for (j = 0; j < e->conf->services[i].destination_count; j++)
			advance(&e->services[i].destinations[j], now);
}

unsigned
ramp_percent(const struct destination *d)
{
	unsigned length, steps = steps_of(d, &length);
	unsigned percent = d->advice_weight;

	/* A reload can have made it fewer steps. */
	if (d->rising && d->step < steps)
		percent = percent * (d->step + 1) / (steps + 1);
	return percent > 1 ? percent : 1;
}
