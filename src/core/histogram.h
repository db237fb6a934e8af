/* SPDX-License-Identifier: ISC */

/*
 * How long something took, as a histogram with fixed bounds, from half a
 * millisecond to 2.5 seconds.
 */

#ifndef CORE_HISTOGRAM_H
#define CORE_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

#define HISTOGRAM_BOUNDS 12

struct histogram {
	/* Those of at most this bound, and more than the one before. */
	uint64_t counts[HISTOGRAM_BOUNDS];
	uint64_t count; /* of all, also of what took longer than any bound */
	uint64_t sum;	/* microseconds */
};

void histogram_add(struct histogram *, uint64_t microseconds);

/* A bucket's bound, microseconds. */
uint64_t histogram_bound(size_t);

#endif
