/* SPDX-License-Identifier: ISC */

/*
 * A stand-in for the sync adapter and its keys, as those of fakes.h.
 */

#ifndef T_ENGINE_FAKES_SYNC_H
#define T_ENGINE_FAKES_SYNC_H

#include <stdbool.h>
#include <stddef.h>

#include "adapters/sync.h"

#define FAKE_SEEN 8

struct fake_sync {
	/* What the world does. */
	bool no_keys; /* they can't be read */
	bool learning;
	bool namesake;
	const char *problem; /* of the interface; NULL = none */
	/* What the engine did. */
	unsigned news, configures, leaves, frees;
	unsigned keys; /* that are in use or wait to be */
	char instance[64], cluster[64], interface[16];
	uint64_t bandwidth;
	struct sync_digests digests;
	struct sync_service seen[FAKE_SEEN];
	size_t seen_count;
	unsigned sees;
	const struct sync_callbacks *callbacks;
	void *arg;
};

extern struct fake_sync fake_sync;

void fake_sync_reset(void);

#endif
