/* SPDX-License-Identifier: ISC */

/*
 * The bulk protocol: see bulk.h.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/log.h"
#include "core/bulk.h"
#include "core/excerpt.h"

#define CONFLICT 409 /* one of this id is there */

char *
bulk_body(const struct ship_queue *q, const char *prefix, size_t *length)
{
	const struct ship_document *d;
	char *body = NULL;
	FILE *out = open_memstream(&body, length);

	if (out == NULL)
		fatal("open_memstream");
	TAILQ_FOREACH(d, &q->taken, entry) {
		fprintf(out, "{\"create\":{\"_id\":\"%s-%" PRIu64 "\"}}\n",
		    prefix, d->number);
		fwrite(d->text, 1, d->length, out);
		fputc('\n', out);
	}
	if (fclose(out) != 0)
		fatal("out of memory");
	return body;
}

/* The first thing that is wrong is what people are told. */
static void
note(struct bulk_verdict *v, json_int_t status, const json_t *error)
{
	const char *type = json_string_value(json_object_get(error, "type"));
	const char *reason =
	    json_string_value(json_object_get(error, "reason"));

	if (v->error[0] != '\0')
		return;
	snprintf(v->error, sizeof(v->error), "status %d", (int)status);
	if (type != NULL) {
		excerpt_append(v->error, sizeof(v->error), ", ", 2);
		excerpt_append(v->error, sizeof(v->error), type, strlen(type));
	}
	if (reason != NULL) {
		excerpt_append(v->error, sizeof(v->error), ": ", 2);
		excerpt_append(
		    v->error, sizeof(v->error), reason, strlen(reason));
	}
}

/* Too much at the moment, or some part of the cluster is away. */
static bool
may_succeed_later(json_int_t status)
{
	return status == 429 || (status >= 500 && status <= 599);
}

static void
judge_one(struct ship_queue *q, struct ship_document *d, const json_t *item,
    struct bulk_verdict *v)
{
	const json_t *result = json_object_get(item, "create");
	json_int_t status =
	    json_integer_value(json_object_get(result, "status"));

	if ((status >= 200 && status <= 299) || status == CONFLICT) {
		v->created++;
		ship_queue_done(q, d);
		return;
	}
	note(v, status, json_object_get(result, "error"));
	if (may_succeed_later(status) && ++d->refusals < BULK_TRIES) {
		v->retried++;
		return;
	}
	v->refused++;
	ship_queue_done(q, d);
}

/* Has it a result for each document? */
static bool
is_answer(const struct ship_queue *q, const json_t *items)
{
	const json_t *item, *result;
	size_t i;

	if (!json_is_array(items) || json_array_size(items) != q->taken_count)
		return false;
	json_array_foreach(items, i, item) {
		result = json_object_get(item, "create");
		if (!json_is_integer(json_object_get(result, "status")))
			return false;
	}
	return true;
}

int
bulk_judge(struct ship_queue *q, const char *answer, size_t length,
    struct bulk_verdict *v)
{
	json_t *json = json_loadb(answer, length, 0, NULL);
	json_t *items = json_object_get(json, "items");
	struct ship_document *d, *next;
	size_t i = 0;

	memset(v, 0, sizeof(*v));
	if (!is_answer(q, items)) {
		json_decref(json);
		return -1;
	}
	for (d = TAILQ_FIRST(&q->taken); d != NULL; d = next) {
		next = TAILQ_NEXT(d, entry);
		judge_one(q, d, json_array_get(items, i++), v);
	}
	ship_queue_return(q);
	json_decref(json);
	return 0;
}
