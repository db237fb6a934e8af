/* SPDX-License-Identifier: ISC */

/*
 * When the parent process tells a service manager's watchdog that all is well:
 * when the engine has shown a sign of life, or while it has an excuse for
 * showing none.  Times are monotonic milliseconds.
 */

#ifndef CORE_WATCHDOG_H
#define CORE_WATCHDOG_H

#include <stdbool.h>
#include <stdint.h>

struct watchdog {
	unsigned period; /* ms that pings are apart at least; 0 = no watchdog */
	uint64_t next;	 /* no ping before */
	uint64_t excused; /* until when */
};

/* A watchdog that wants a ping each so many ms; 0 = there is none. */
void watchdog_init(struct watchdog *, unsigned timeout);

/* The engine has shown a sign of life, which ends an excuse: ping now? */
bool watchdog_beat(struct watchdog *, uint64_t now);

/* For so many ms it may say nothing. */
void watchdog_excuse(struct watchdog *, unsigned ms, uint64_t now);

/* To be asked each period: ping now? */
bool watchdog_tick(struct watchdog *, uint64_t now);

#endif
