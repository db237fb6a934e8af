/* SPDX-License-Identifier: ISC */

/*
 * Histograms of durations: see histogram.h.
 */

#include "core/histogram.h"

static const uint64_t bounds[HISTOGRAM_BOUNDS] = {500, 1000, 2500, 5000, 10000,
    25000, 50000, 100000, 250000, 500000, 1000000, 2500000};

void
histogram_add(struct histogram *h, uint64_t microseconds)
{
	size_t i;

	h->count++;
	h->sum += microseconds;
	for (i = 0; i < HISTOGRAM_BOUNDS; i++) {
		if (microseconds <= bounds[i]) {
			h->counts[i]++;
			return;
		}
	}
}

uint64_t
histogram_bound(size_t i)
{
	return bounds[i];
}
