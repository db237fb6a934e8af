/* SPDX-License-Identifier: ISC */

/*
 * The protocol of sd_notify(3), by which a service manager such as systemd(1)
 * learns how its service is: datagrams of lines VARIABLE=value to the socket
 * that $NOTIFY_SOCKET names.  Unlike libsystemd's this never waits for the
 * manager.  What is here is the process's, as its environment is.
 */

#ifndef NOTIFY_H
#define NOTIFY_H

#include <stdbool.h>

/*
 * Take what the manager has put into the environment out of it, so that no
 * program that is run finds it.  At the start, by the process that the manager
 * has started: $WATCHDOG_PID is compared with this one.
 */
void notify_init(void);

/* Does anybody want to be told? */
bool notify_wanted(void);

/* The milliseconds after which the manager misses WATCHDOG=1; 0 = never. */
unsigned notify_watchdog(void);

/*
 * Send these lines.  False if the manager did not take them: try again later.
 * That is logged once, until it takes something again, unless it only had no
 * room for them.
 */
bool notify_send(const char *lines);

#endif
