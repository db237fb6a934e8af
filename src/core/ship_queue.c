/* SPDX-License-Identifier: ISC */

/*
 * The queue of documents: see ship_queue.h.
 */

#include <stdlib.h>
#include <string.h>

#include "base/xmalloc.h"
#include "core/ship_queue.h"

void
ship_queue_init(struct ship_queue *q, size_t count, size_t bytes)
{
	memset(q, 0, sizeof(*q));
	TAILQ_INIT(&q->waiting);
	TAILQ_INIT(&q->taken);
	ship_queue_limit(q, count, bytes);
}

void
ship_queue_limit(struct ship_queue *q, size_t count, size_t bytes)
{
	q->most_count = count;
	q->most_bytes = bytes;
}

void
ship_queue_clear(struct ship_queue *q)
{
	struct ship_document *d;

	ship_queue_return(q);
	while ((d = TAILQ_FIRST(&q->waiting)) != NULL) {
		TAILQ_REMOVE(&q->waiting, d, entry);
		free(d->text);
		free(d);
	}
	q->count = q->bytes = 0;
}

static size_t
cost(const struct ship_document *d)
{
	return d->length + SHIP_DOCUMENT_COST;
}

bool
ship_queue_put(struct ship_queue *q, char *text)
{
	size_t length = strlen(text);
	struct ship_document *d;

	if (q->count >= q->most_count ||
	    q->bytes + length + SHIP_DOCUMENT_COST > q->most_bytes) {
		free(text);
		return false;
	}
	d = xcalloc(1, sizeof(*d));
	d->text = text;
	d->length = length;
	d->number = ++q->last;
	TAILQ_INSERT_TAIL(&q->waiting, d, entry);
	q->count++;
	q->bytes += cost(d);
	return true;
}

size_t
ship_queue_take(struct ship_queue *q, size_t count, size_t bytes)
{
	struct ship_document *d;
	size_t taken = 0;

	while (
	    q->taken_count < count && (d = TAILQ_FIRST(&q->waiting)) != NULL) {
		taken += cost(d);
		if (taken > bytes && q->taken_count > 0)
			break;
		TAILQ_REMOVE(&q->waiting, d, entry);
		TAILQ_INSERT_TAIL(&q->taken, d, entry);
		q->taken_count++;
	}
	return q->taken_count;
}

void
ship_queue_return(struct ship_queue *q)
{
	TAILQ_CONCAT(&q->taken, &q->waiting, entry);
	TAILQ_CONCAT(&q->waiting, &q->taken, entry);
	q->taken_count = 0;
}

void
ship_queue_done(struct ship_queue *q, struct ship_document *d)
{
	TAILQ_REMOVE(&q->taken, d, entry);
	q->taken_count--;
	q->count--;
	q->bytes -= cost(d);
	free(d->text);
	free(d);
}
