/* SPDX-License-Identifier: ISC */

/*
 * In place of the adapter to the parent process: see fakes_parent.h.
 */

#include <stdlib.h>

#include "adapters/lifeline.h"
#include "fakes_parent.h"

struct fake_parent fake_parent;

void
lifeline_beat(struct lifeline *l, unsigned period)
{
	(void)l;
	fake_parent.period = period;
}

void
lifeline_busy(struct lifeline *l, unsigned ms)
{
	(void)l;
	(void)ms;
	fake_parent.excuses++;
}

void
lifeline_figures(struct lifeline *l, const struct lifeline_figures *figures)
{
	(void)l;
	fake_parent.figures = *figures;
}

void
lifeline_reloading(struct lifeline *l)
{
	(void)l;
	fake_parent.reloading++;
}

void
lifeline_reloaded(struct lifeline *l, bool refused)
{
	(void)l;
	if (refused)
		fake_parent.refused++;
	else
		fake_parent.reloaded++;
}

void
lifeline_configured(struct lifeline *l, uint64_t digest)
{
	(void)l;
	fake_parent.digest = digest;
	fake_parent.configured++;
}

void
lifeline_announced(struct lifeline *l, const char *socket,
    const struct addr *vips, size_t count)
{
	(void)l;
	(void)vips;
	fake_parent.socket = socket;
	fake_parent.announced = count;
}
