/* SPDX-License-Identifier: ISC */

/*
 * See status_text.h.  An object to which something is still to be added is
 * written without its last brace.
 */

#include <event2/buffer.h>

#include "base/log.h"
#include "engine/private.h"
#include "engine/status_parts.h"
#include "engine/status_text.h"

#define DESTINATIONS 20 /* of a piece */

static json_t *
service_head(const struct engine *e, const struct service *s)
{
	(void)e;
	return status_service_head(s);
}

static json_t *
destination(const struct engine *e, const struct destination *d)
{
	(void)e;
	return status_destination(d);
}

static json_t *
destination_brief(const struct engine *e, const struct destination *d)
{
	(void)e;
	return status_destination_brief(d);
}

const struct status_form status_form_whole = {
    status_head, service_head, destination};
const struct status_form status_form_brief = {
    status_head, service_head, destination_brief};
const struct status_form status_form_heads = {status_head, service_head, NULL};

static void
append_text(struct evbuffer *out, const char *text, size_t len)
{
	if (evbuffer_add(out, text, len) == -1)
		fatalx("out of memory");
}

#define APPEND(out, text) append_text((out), (text), sizeof(text) - 1)

static int
append_dumped(const char *text, size_t len, void *out)
{
	return evbuffer_add(out, text, len);
}

void
status_append(struct evbuffer *out, const json_t *value)
{
	if (json_dump_callback(value, append_dumped, out,
		JSON_COMPACT | JSON_REAL_PRECISION(9) | JSON_ENCODE_ANY) == -1)
		fatalx("out of memory");
}

void
status_append_new(struct evbuffer *out, json_t *value)
{
	status_append(out, value);
	json_decref(value);
}

void
status_append_open(struct evbuffer *out, json_t *object)
{
	struct evbuffer *text = evbuffer_new();

	if (text == NULL)
		fatalx("out of memory");
	status_append_new(text, object);
	evbuffer_remove_buffer(text, out, evbuffer_get_length(text) - 1);
	evbuffer_free(text);
}

void
status_begin(const struct engine *e, struct status_cursor *c)
{
	*c = (struct status_cursor){.begun = true, .reloads = e->reloads};
}

enum status_step
status_next(const struct engine *e, struct status_cursor *c,
    const struct status_form *form, struct status_piece *piece)
{
	const struct service *s;
	size_t count;

	if (c->reloads != e->reloads)
		return STATUS_CHANGED;
	if (c->service >= e->conf->service_count)
		return STATUS_END;
	s = &e->services[c->service];
	count = s->conf->destination_count;
	*piece = (struct status_piece){.service = s,
	    .from = c->destination,
	    .end = count,
	    .first = c->destination == 0};
	if (form->destination != NULL && count - piece->from > DESTINATIONS)
		piece->end = piece->from + DESTINATIONS;
	piece->last = piece->end == count;
	c->service += piece->last;
	c->destination = piece->last ? 0 : piece->end;
	return STATUS_MORE;
}

static void
append_destinations(const struct engine *e, const struct status_form *form,
    const struct status_piece *piece, struct evbuffer *out)
{
	const struct service *s = piece->service;
	size_t i;

	if (piece->first)
		APPEND(out, ",\"destinations\":[");
	for (i = piece->from; i < piece->end; i++) {
		if (i > piece->from || !piece->first)
			APPEND(out, ",");
		status_append_new(
		    out, form->destination(e, &s->destinations[i]));
	}
	if (piece->last)
		APPEND(out, "]");
}

void
status_append_piece(const struct engine *e, const struct status_form *form,
    const struct status_piece *piece, struct evbuffer *out)
{
	if (piece->first)
		status_append_open(out, form->service(e, piece->service));
	if (form->destination != NULL)
		append_destinations(e, form, piece, out);
	if (piece->last)
		APPEND(out, "}");
}

enum status_step
status_text_step(const struct engine *e, struct status_cursor *c,
    const struct status_form *form, struct evbuffer *out)
{
	struct status_piece piece;
	enum status_step step;
	bool more = c->service > 0;

	if (!c->begun) {
		status_begin(e, c);
		status_append_open(out, form->head(e));
		APPEND(out, ",\"services\":[");
		return STATUS_MORE;
	}
	step = status_next(e, c, form, &piece);
	if (step == STATUS_END)
		APPEND(out, "]}");
	if (step != STATUS_MORE)
		return step;
	if (more && piece.first)
		APPEND(out, ",");
	status_append_piece(e, form, &piece, out);
	return STATUS_MORE;
}
