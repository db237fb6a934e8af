/* SPDX-License-Identifier: ISC */

/*
 * What the engine has told the parent process, which there is not.
 */

#ifndef T_ENGINE_FAKES_PARENT_H
#define T_ENGINE_FAKES_PARENT_H

#include <stdbool.h>
#include <stddef.h>

#include "core/lifeline.h"

struct fake_parent {
	unsigned period;     /* ms, of heartbeats */
	unsigned excuses;    /* for being busy */
	unsigned configured; /* how often */
	uint64_t digest;     /* the last time */
	const char *socket;  /* of the bgpd that was told of last */
	size_t announced;    /* by it */
	unsigned reloading;  /* how often */
	unsigned reloaded, refused;
	struct lifeline_figures figures; /* last */
};

extern struct fake_parent fake_parent;

#endif
