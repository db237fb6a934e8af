/* SPDX-License-Identifier: ISC */

/*
 * The engine: the only part that sees two adapters at once.  It works out what
 * should be from the configuration, the health of the servers and what the
 * kernel says, and applies the difference to what is.  A start, a reload, a
 * health transition, a bgpd restart and a link flap all take that one path.
 */

#ifndef ENGINE_ENGINE_H
#define ENGINE_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

struct announced;
struct conf;
struct dataplane;
struct engine;
struct event_base;
struct lifeline;

/*
 * Both the data plane and the configuration become the engine's, also when
 * NULL is returned: the kernel's network configuration or the keys of sync
 * can't be read or the way out for probes not be made, which has been logged.
 */
struct engine *
engine_new(struct event_base *, struct dataplane *, struct conf *);

/*
 * Let the process have as many files open as it may, at least what the
 * configuration needs: 0, or -1 with a complete line in *error, which is the
 * caller's.
 */
int engine_raise_descriptors(const struct conf *, char **error);

/* What the parent process gives to an engine that it starts. */
struct engine_origin {
	struct lifeline *lifeline;	   /* outlives the engine */
	const struct announced *announced; /* by who was before, until now */
	unsigned deaths;		   /* of engines before this one */
	int64_t died;	 /* seconds since the epoch, the last */
	char reason[96]; /* and of what */
	/* The last one died before it steered: use no other configuration. */
	bool wary;
	char refused[256]; /* why the file is not in force; or "" */
};

/* Copied; before engine_start(). */
void engine_set_origin(struct engine *, const struct engine_origin *);

/* Somebody else has changed what bgpd announces: put that right. */
void engine_look_at_bgpd(struct engine *);

/* Begin to steer, check, announce and answer, from the event loop. */
void engine_start(struct engine *);

/*
 * Read the configuration file again and apply what changed; a bad file
 * changes nothing, and is logged.  0, or -1 if the file is bad.
 */
int engine_reload(struct engine *);

/*
 * Stop cleanly: withdraw, go on forwarding for the configured time, remove
 * everything from the kernel, then leave the event loop.  Called again, it ends
 * the first wait: VIPs that are seen leaving are withdrawn; else it doesn't
 * wait for anything, not even for bgpd.
 */
void engine_stop(struct engine *);

/*
 * Say on standard error what of a configuration can't work on this host as it
 * is now, and what the data plane would say, or NULL.  Takes a second at most;
 * needs CAP_NET_ADMIN.
 */
void engine_look(const struct conf *, const char *dataplane);

/* Release everything; what is in the kernel stays unless it was stopped. */
void engine_free(struct engine *);

#endif
