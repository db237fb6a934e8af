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
status_append_open(struct evbuffer *out, json_t *object)
{
	struct evbuffer *text = evbuffer_new();

	if (text == NULL)
		fatalx("out of memory");
	status_append(text, object);
	json_decref(object);
	evbuffer_remove_buffer(text, out, evbuffer_get_length(text) - 1);
	evbuffer_free(text);
}

/* Takes the reference. */
static void
append_whole(struct evbuffer *out, json_t *object)
{
	status_append(out, object);
	json_decref(object);
}

static const struct service *
service_at(const struct engine *e, const struct status_cursor *c)
{
	return c->service < e->conf->service_count ? &e->services[c->service]
						   : NULL;
}

/* The servers of the next piece are those before the one at: */
static size_t
piece_end(const struct service *s, const struct status_cursor *c)
{
	size_t count = s->conf->destination_count;

	return count - c->destination > DESTINATIONS
	    ? c->destination + DESTINATIONS
	    : count;
}

/* Is a piece of the rest to follow? */
static enum status_step
advance(const struct engine *e, struct status_cursor *c,
    const struct service *s, size_t destination)
{
	c->destination = destination;
	if (destination == s->conf->destination_count) {
		c->service++;
		c->destination = 0;
	}
	return service_at(e, c) != NULL ? STATUS_MORE : STATUS_END;
}

static enum status_step
begin(const struct engine *e, struct status_cursor *c)
{
	c->begun = true;
	c->reloads = e->reloads;
	return service_at(e, c) != NULL ? STATUS_MORE : STATUS_END;
}

static enum status_step
text_head(const struct engine *e, struct status_cursor *c, struct evbuffer *out)
{
	status_append_open(out, status_head(e));
	APPEND(out, ",\"services\":[");
	return begin(e, c);
}

static enum status_step
text_service(
    const struct engine *e, struct status_cursor *c, struct evbuffer *out)
{
	const struct service *s = service_at(e, c);
	size_t i, end;

	if (s == NULL)
		return STATUS_END;
	end = piece_end(s, c);
	if (c->destination == 0) {
		if (c->service > 0)
			APPEND(out, ",");
		status_append_open(out, status_service_head(s));
		APPEND(out, ",\"destinations\":[");
	}
	for (i = c->destination; i < end; i++) {
		if (i > 0)
			APPEND(out, ",");
		append_whole(out, status_destination(&s->destinations[i]));
	}
	if (end == s->conf->destination_count)
		APPEND(out, "]}");
	return advance(e, c, s, end);
}

enum status_step
status_text_step(
    const struct engine *e, struct status_cursor *c, struct evbuffer *out)
{
	enum status_step step;

	if (c->begun && c->reloads != e->reloads)
		return STATUS_CHANGED;
	step = c->begun ? text_service(e, c, out) : text_head(e, c, out);
	if (step == STATUS_END)
		APPEND(out, "]}");
	return step;
}

static enum status_step
document_head(
    const struct engine *e, struct status_cursor *c, json_t **document)
{
	*document = status_head(e);
	json_object_set_new(*document, "services", json_array());
	return begin(e, c);
}

static enum status_step
document_service(
    const struct engine *e, struct status_cursor *c, json_t *document)
{
	json_t *list = json_object_get(document, "services"), *destinations;
	const struct service *s = service_at(e, c);
	size_t i, end;

	if (s == NULL)
		return STATUS_END;
	end = piece_end(s, c);
	if (c->destination == 0) {
		json_array_append_new(list, status_service_head(s));
		json_object_set_new(json_array_get(list, c->service),
		    "destinations", json_array());
	}
	destinations =
	    json_object_get(json_array_get(list, c->service), "destinations");
	for (i = c->destination; i < end; i++)
		json_array_append_new(
		    destinations, status_destination(&s->destinations[i]));
	return advance(e, c, s, end);
}

enum status_step
status_document_step(
    const struct engine *e, struct status_cursor *c, json_t **document)
{
	if (!c->begun)
		return document_head(e, c, document);
	if (c->reloads != e->reloads)
		return STATUS_CHANGED;
	return document_service(e, c, *document);
}
