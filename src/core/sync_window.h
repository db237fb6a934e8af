/* SPDX-License-Identifier: ISC */

/*
 * Sequence numbers that were seen: each is taken once, in any order, if it is
 * not SYNC_WINDOW or more below the highest, and above what was closed.  And
 * how many never came.
 */

#ifndef CORE_SYNC_WINDOW_H
#define CORE_SYNC_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#define SYNC_WINDOW 1024

struct sync_window { /* zeros to begin with; the first number is 1 */
	uint64_t highest;
	uint64_t seen[SYNC_WINDOW / 64]; /* by number modulo SYNC_WINDOW */
	uint64_t closed;		 /* up to here none is taken any more */
	uint64_t taken;			 /* of those above */
};

/* Would it be taken? */
bool sync_window_is_new(const struct sync_window *, uint64_t sequence);
/* Take it: false if it was before, or is too old to say. */
bool sync_window_take(struct sync_window *, uint64_t sequence);
/* What is below the highest now is too late; what is missing is so no more. */
void sync_window_close(struct sync_window *);
/* How many are missing since then, of which some may still come. */
uint64_t sync_window_missing(const struct sync_window *);

#endif
