/* SPDX-License-Identifier: ISC */

/*
 * Documents that wait to be sent: bounded by their number and size, in the
 * order in which they came.  The first of them are taken for a request, and are
 * done with, dropped or put back one by one when its answer is there.
 */

#ifndef CORE_SHIP_QUEUE_H
#define CORE_SHIP_QUEUE_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ship_document {
	TAILQ_ENTRY(ship_document) entry;
	char *text; /* JSON, a line without its newline */
	size_t length;
	uint64_t number;   /* of all that were ever put */
	unsigned refusals; /* times that it was to be tried again */
};

TAILQ_HEAD(ship_documents, ship_document);

struct ship_queue {
	struct ship_documents waiting, taken;
	size_t count, bytes; /* of both */
	size_t taken_count;
	size_t most_count, most_bytes;
	uint64_t last; /* number given */
};

/* More memory than a document's text is allowed for, as it takes. */
#define SHIP_DOCUMENT_COST 128 /* bytes */

void ship_queue_init(struct ship_queue *, size_t count, size_t bytes);
/* Other bounds; what is in it stays. */
void ship_queue_limit(struct ship_queue *, size_t count, size_t bytes);
void ship_queue_clear(struct ship_queue *);

/* Takes text, from malloc(3).  False: there is no room, and it is gone. */
bool ship_queue_put(struct ship_queue *, char *text);

/*
 * Take the first of those that wait, as many as are within both bounds, but at
 * least one: how many.  None may be taken already.
 */
size_t ship_queue_take(struct ship_queue *, size_t count, size_t bytes);

/* All that are taken wait again. */
void ship_queue_return(struct ship_queue *);
/* One that was taken is done with. */
void ship_queue_done(struct ship_queue *, struct ship_document *);

#endif
