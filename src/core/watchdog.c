/* SPDX-License-Identifier: ISC */

/*
 * The service manager's watchdog; see watchdog.h.
 */

#include "core/watchdog.h"

/* Pings in the time after which their absence counts: one may be late. */
#define PINGS 4

void
watchdog_init(struct watchdog *w, unsigned timeout)
{
	*w = (struct watchdog){.period = timeout / PINGS};
	if (timeout != 0 && w->period == 0)
		w->period = 1;
}

static bool
ping(struct watchdog *w, uint64_t now)
{
	if (w->period == 0 || now < w->next)
		return false;
	w->next = now + w->period;
	return true;
}

bool
watchdog_beat(struct watchdog *w, uint64_t now)
{
	w->excused = 0;
	return ping(w, now);
}

void
watchdog_excuse(struct watchdog *w, unsigned ms, uint64_t now)
{
	w->excused = now + ms;
}

bool
watchdog_tick(struct watchdog *w, uint64_t now)
{
	return now < w->excused && ping(w, now);
}
