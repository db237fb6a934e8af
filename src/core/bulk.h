/* SPDX-License-Identifier: ISC */

/*
 * Elasticsearch's bulk protocol: many documents in one request, each judged by
 * itself in the answer.
 */

#ifndef CORE_BULK_H
#define CORE_BULK_H

#include <stddef.h>

#include "core/ship_queue.h"

/* The type that the body has to be sent as. */
#define BULK_CONTENT_TYPE "application/x-ndjson"
/* What is asked for behind the data stream's name: no more than is read. */
#define BULK_REQUEST                                \
	"/_bulk?filter_path=errors,items.*.status," \
	"items.*.error.type,items.*.error.reason"

/*
 * The body for all documents that are taken, *length bytes: free(3) it.  Ids
 * are made of prefix, ASCII without quotes that is another for each process,
 * and a document's number: a request whose answer never came can so be repeated
 * without a document being there twice.
 */
char *bulk_body(const struct ship_queue *, const char *prefix, size_t *length);

#define BULK_ERROR_LEN 256

struct bulk_verdict {
	size_t created, retried, refused; /* documents */
	/* The first that went wrong: printable ASCII, or "". */
	char error[BULK_ERROR_LEN];
};

/* So often a document may be told to be tried again. */
#define BULK_TRIES 20

/*
 * What became of those that are taken, by the answer: those that are there,
 * and those that were refused, are done with; those that can be tried again
 * wait at the front.  -1 if it is no answer to this request: nothing is changed
 * then.
 */
int bulk_judge(struct ship_queue *, const char *answer, size_t length,
    struct bulk_verdict *);

#endif
