/* SPDX-License-Identifier: ISC */

/*
 * What the parent process knows to be announced, and where: what the engine
 * has told it, as far as the configuration has that, too.
 */

#ifndef CORE_ANNOUNCED_H
#define CORE_ANNOUNCED_H

#include <stdbool.h>
#include <stddef.h>

#include "core/addr.h"

struct conf;
struct lifeline_message;

/* A bgpd, and what it may be announcing. */
struct announced_place {
	char *socket;	 /* by which it is known */
	char *program;	 /* bgpctl(8): the one of the last configuration */
	bool configured; /* the configuration has it now */
	struct addr *vips;
	size_t count;
	struct addr *coming; /* a list that is not complete yet */
	size_t coming_count;
	unsigned version; /* of the list: how many there were before */
};

struct announced {
	struct announced_place *places;
	size_t place_count;
	struct addr *allowed; /* the configuration's VIPs, in order */
	size_t allowed_count;
};

/*
 * A configuration was read: what it has is believed from now on.  What was
 * told before, and is not in it, stays until the engine says that it is gone.
 */
void announced_configure(struct announced *, const struct conf *);

/* The engine has told a part of a list: false if nothing of it is believed. */
bool announced_hear(struct announced *, const struct lifeline_message *);

/* Make room: the places that are of no use any more are no longer there. */
void announced_tidy(struct announced *);

/* The engine has died: a list of which a part is missing counts as well. */
void announced_orphan(struct announced *);

/* VIPs at all places. */
size_t announced_count(const struct announced *);

/* They were withdrawn. */
void announced_forget(struct announced_place *);

void announced_clear(struct announced *);

#endif
