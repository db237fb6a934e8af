/* SPDX-License-Identifier: ISC */

/*
 * The fake data plane's part about sources: what is blocked, and what it has
 * counted.
 */

#ifndef T_ENGINE_FAKES_SOURCES_H
#define T_ENGINE_FAKES_SOURCES_H

#include <stdbool.h>
#include <stddef.h>

#include "adapters/dataplane.h"

#define FAKE_BLOCKED 64 /* of either version of IP */
#define FAKE_SOURCES 16

struct fake_blocked {
	struct prefix prefix;
	uint64_t packets;
};

struct fake_sources {
	struct fake_blocked blocked[2 * FAKE_BLOCKED];
	size_t blocked_count;
	unsigned blocks, unblocks; /* calls that changed something */
	unsigned refused;	   /* those to block that did not */
	bool fails;		   /* nothing more can be blocked */
	struct source list[FAKE_SOURCES];
	size_t count;
	unsigned searches; /* for them */
	unsigned slow;	   /* ms that one takes */
};

extern struct fake_sources fake_sources;

void fakes_sources_reset(void);

/* NULL if it isn't blocked. */
struct fake_blocked *fake_blocked(const char *prefix);
/* As a predecessor would have left it. */
void fake_leave_blocked(const char *prefix);
/* It sent so many packets, the last one so many seconds ago. */
void fake_source(const char *prefix, uint64_t packets, uint32_t quiet);

/* For the table of operations. */
int fake_block(struct dataplane *, const struct prefix *);
int fake_unblock(struct dataplane *, const struct prefix *);
void fake_blocked_each(
    struct dataplane *, void (*)(const struct prefix *, void *), void *);
bool fake_blocked_counters(struct dataplane *, const struct prefix *,
    uint64_t *packets, uint64_t *octets);
void fake_sources_each(
    struct dataplane *, void (*)(const struct source *, void *), void *);
void fake_sources_get(struct dataplane *, struct dataplane_sources *);

#endif
