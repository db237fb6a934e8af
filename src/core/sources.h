/* SPDX-License-Identifier: ISC */

/*
 * Where packets come from, by prefixes of a fixed length: picking those that
 * send most, and the baseline, which is the set of those that were there when
 * an operator said that traffic was as it should be.
 */

#ifndef CORE_SOURCES_H
#define CORE_SOURCES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/addr.h"

#define SOURCE4_LENGTH 20 /* bits of the prefixes */
#define SOURCE6_LENGTH 48

struct source {
	struct prefix prefix;	  /* of SOURCE4_LENGTH or SOURCE6_LENGTH */
	uint64_t packets, octets; /* what was counted, or follows from it */
	uint32_t quiet;		  /* seconds since the last was counted */
};

/* Those with most packets, limit of them at most. */
struct source_top {
	struct source *list;
	size_t count, limit;
};

void source_top_init(struct source_top *, size_t limit);
void source_top_add(struct source_top *, const struct source *);
/* Put them in order, the one with most first; nothing is added after that. */
void source_top_sort(struct source_top *);
void source_top_clear(struct source_top *);

/* All zero: none was saved. */
struct baseline {
	uint8_t *ipv4;	/* a bit for each prefix; NULL = none was saved */
	uint64_t *ipv6; /* first 48 bits, in order */
	size_t ipv4_count, ipv6_count;
	int64_t saved; /* seconds since the epoch */
};

/* An empty one, saved now. */
void baseline_init(struct baseline *, int64_t saved);
/* Add one; baseline_finish() when all were. */
void baseline_add(struct baseline *, const struct prefix *);
void baseline_finish(struct baseline *);
bool baseline_has(const struct baseline *, const struct prefix *);
void baseline_clear(struct baseline *);

/* The text in which it is kept, at most 2 MiB: free(3) it. */
char *baseline_write(const struct baseline *, size_t *len);
/* Read such a text: NULL, or what is wrong with it, free(3) that. */
char *baseline_read(const char *text, size_t len, struct baseline *out);

#endif
