/* SPDX-License-Identifier: ISC */

/*
 * A token bucket: how many bytes may be sent now, so that on average no more
 * than a rate is.
 */

#ifndef ADAPTERS_SYNC_RATE_H
#define ADAPTERS_SYNC_RATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sync_rate {
	uint64_t rate;	/* bytes a second */
	int64_t burst;	/* bytes that gather when nothing is sent */
	int64_t tokens; /* bytes; below 0 when more had to be sent */
	uint64_t then;	/* ms: when they were last counted */
};

/* Full at first. */
void sync_rate_init(struct sync_rate *, uint64_t bits, uint64_t now);
/* Another rate from now on; what has gathered stays, as far as it may. */
void sync_rate_set(struct sync_rate *, uint64_t bits, uint64_t now);
/* May so many bytes be sent? */
bool sync_rate_allows(struct sync_rate *, size_t bytes, uint64_t now);
/* So many were sent, allowed or not. */
void sync_rate_spend(struct sync_rate *, size_t bytes);

#endif
