/* SPDX-License-Identifier: ISC */

/*
 * Sequence numbers that were seen: see sync_window.h.
 */

#include <string.h>

#include "core/sync_window.h"

static uint64_t *
word(struct sync_window *window, uint64_t sequence)
{
	return &window->seen[sequence % SYNC_WINDOW / 64];
}

static uint64_t
bit(uint64_t sequence)
{
	return (uint64_t)1 << sequence % 64;
}

bool
sync_window_is_new(const struct sync_window *window, uint64_t sequence)
{
	if (sequence <= window->closed)
		return false;
	if (sequence > window->highest)
		return true;
	return window->highest - sequence < SYNC_WINDOW &&
	    (window->seen[sequence % SYNC_WINDOW / 64] & bit(sequence)) == 0;
}

/* The numbers above the highest, up to this, take the place of old ones. */
static void
advance(struct sync_window *window, uint64_t sequence)
{
	uint64_t i;

	if (sequence - window->highest >= SYNC_WINDOW)
		memset(window->seen, 0, sizeof(window->seen));
	else
		for (i = window->highest + 1; i <= sequence; i++)
			*word(window, i) &= ~bit(i);
	window->highest = sequence;
}

bool
sync_window_take(struct sync_window *window, uint64_t sequence)
{
	if (!sync_window_is_new(window, sequence))
		return false;
	if (sequence > window->highest)
		advance(window, sequence);
	*word(window, sequence) |= bit(sequence);
	window->taken++;
	return true;
}

void
sync_window_close(struct sync_window *window)
{
	window->closed = window->highest;
	window->taken = 0;
}

uint64_t
sync_window_missing(const struct sync_window *window)
{
	return window->highest - window->closed - window->taken;
}
