/* SPDX-License-Identifier: ISC */

/*
 * Documents on their way to Elasticsearch: in batches, by the bulk protocol,
 * over whichever of its addresses works.  What it can't take now waits in a
 * queue of bounded size, and what that has no room for is lost, and counted.
 */

#ifndef ADAPTERS_LOGSHIP_H
#define ADAPTERS_LOGSHIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/conf_logging.h"

struct event_base;
struct logship;

/* Why documents were lost. */
enum logship_drop {
	LOGSHIP_QUEUE_FULL,
	LOGSHIP_REFUSED,   /* by Elasticsearch, for good */
	LOGSHIP_TOO_LARGE, /* for a request of its own */
	LOGSHIP_DROPS
};

extern const char *const logship_drop_names[LOGSHIP_DROPS];

struct logship_status {
	const char *server; /* that is, or would be, used: as a URL */
	size_t queued, queued_bytes;
	uint64_t sent;	  /* documents that are there */
	uint64_t retried; /* times that one was told to be tried again */
	uint64_t requests, failures;
	uint64_t dropped[LOGSHIP_DROPS];
	const char *error;	/* what is wrong now; "" = nothing is */
	const char *last_error; /* that there was; "" = none yet */
};

/*
 * What is wrong, and has been for several tries, or NULL when all is well
 * again; may come more than once for each.  Nothing may be put from inside it.
 */
typedef void logship_cb(void *arg, const char *error);

/* The configuration has an URL, and is borrowed until another follows. */
struct logship *logship_new(struct event_base *,
    const struct conf_elasticsearch *, logship_cb *, void *arg);
void logship_follow(struct logship *, const struct conf_elasticsearch *);
void logship_free(struct logship *);

/* Takes text: a document, from malloc(3).  It is sent soon. */
void logship_put(struct logship *, char *text);
/* The process is about to end: what waits goes out at once, as far as it may.
 */
void logship_hurry(struct logship *);
/* Valid until the event loop runs again. */
void logship_status(const struct logship *, struct logship_status *);

#endif
