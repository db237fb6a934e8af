/* SPDX-License-Identifier: ISC */

/*
 * The engine's end of the socket to its parent process: heartbeats, and what
 * is announced.  Never waits for the parent.  NULL is accepted for a lifeline,
 * and does nothing: there is no parent.
 */

#ifndef ADAPTERS_LIFELINE_H
#define ADAPTERS_LIFELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct addr;
struct event_base;
struct lifeline;
struct lifeline_figures;

/* What the parent asks for; each but look may end the lifeline. */
struct lifeline_callbacks {
	void (*stop)(void *arg);
	void (*reload)(void *arg);
	void (*look)(void *arg);
	void (*lost)(void *arg); /* the parent is no more; comes once */
};

/* The descriptor becomes the lifeline's. */
struct lifeline *lifeline_new(
    struct event_base *, int fd, const struct lifeline_callbacks *, void *arg);
void lifeline_free(struct lifeline *);

void lifeline_hello(struct lifeline *);
/* A heartbeat each so many ms, from the event loop. */
void lifeline_beat(struct lifeline *, unsigned period);
/*
 * The event loop won't run for up to so many ms from now on.  The next beat is
 * as soon as it does, so that its silence is not excused any longer.
 */
void lifeline_busy(struct lifeline *, unsigned ms);
/* How it is, for people; only told when it has changed. */
void lifeline_figures(struct lifeline *, const struct lifeline_figures *);
/* The configuration's file is about to be read; it was, or was refused. */
void lifeline_reloading(struct lifeline *);
void lifeline_reloaded(struct lifeline *, bool refused);
/* The configuration's digest, of the one that is in force. */
void lifeline_configured(struct lifeline *, uint64_t digest);
/* All that a bgpd may be announcing. */
void lifeline_announced(struct lifeline *, const char *socket,
    const struct addr *vips, size_t count);

#endif
