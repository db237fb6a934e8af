/* SPDX-License-Identifier: ISC */

/*
 * The status document in other forms: /metrics and /status.html.
 *
 * They are put together over many turns of the event loop, and sent only then.
 * So all of one is of one configuration, as it is begun anew after a reload;
 * its length is known beforehand, so that what was cut off doesn't look whole,
 * not even to a client of HTTP/1.0; and who reads slowly keeps a text and
 * nothing else, of which there are few at a time.
 *
 * Of what is counted, a service's own numbers are of one moment, and a
 * server's; different ones are as long apart as it took to put it together.
 */

#include <event2/buffer.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/http.h"
#include "base/log.h"
#include "base/xmalloc.h"
#include "core/status_accept.h"
#include "core/status_metrics_text.h"
#include "core/status_page.h"
#include "engine/private.h"
#include "engine/status_parts.h"
#include "engine/status_text.h"
#include "engine/web.h"

#define VIEWS	 4     /* at a time: one can be kept for a minute */
#define RESTARTS 10    /* by reloads, after which there is none */
#define PIECE	 32768 /* bytes */

#define OPENMETRICS_TYPE \
	"application/openmetrics-text; version=1.0.0; charset=utf-8"

struct view {
	const struct form *form;
	struct status_cursor cursor;
	unsigned begun; /* how often */
	bool complete;
	struct metrics *metrics; /* that /metrics is made of */
	struct evbuffer *page;	 /* /status.html, and */
	json_t *head;		 /* the document without services */
};

/* How a view is made. */
struct form {
	bool openmetrics;
	void (*begin)(struct view *, const struct engine *);
	void (*add)(struct view *, const struct status_piece *);
	size_t (*end)(struct view *); /* how many bytes there are */
	/* Append some of them: false if there are none any more. */
	bool (*take)(struct view *, struct evbuffer *out);
};

static unsigned views; /* that there are */

static void
view_clear(struct view *v)
{
	metrics_free(v->metrics);
	v->metrics = NULL;
	if (v->page != NULL)
		evbuffer_free(v->page);
	v->page = NULL;
	json_decref(v->head);
	v->head = NULL;
}

static void
view_free(void *arg)
{
	struct view *v = arg;

	view_clear(v);
	free(v);
	views--;
}

/* Metrics. */

static void
begin_metrics(struct view *v, const struct engine *e)
{
	json_t *head = status_head(e);

	v->metrics = metrics_new(v->form->openmetrics);
	metrics_add_document(v->metrics, head);
	json_decref(head);
}

/* What names it, of a service of which the rest is known. */
static json_t *
service_name(const struct service *s)
{
	const struct service_key *key = &s->conf->key;

	return json_pack("{s:s, s:o, s:i, s:s}", "name", s->conf->name, "vip",
	    status_address(&key->vip), "port", (int)key->port, "protocol",
	    service_protocol_name(key->protocol));
}

static void
add_metrics(struct view *v, const struct status_piece *piece)
{
	const struct service *s = piece->service;
	json_t *o = piece->first ? status_service_head(s) : service_name(s);
	json_t *destinations = json_array();
	size_t i;

	for (i = piece->from; i < piece->end; i++)
		json_array_append_new(
		    destinations, status_destination(&s->destinations[i]));
	json_object_set_new(o, "destinations", destinations);
	metrics_add_service(v->metrics, o, piece->first);
	json_decref(o);
}

static size_t
end_metrics(struct view *v)
{
	return metrics_length(v->metrics);
}

static bool
take_metrics(struct view *v, struct evbuffer *out)
{
	size_t length, all = 0;
	const char *text;

	for (; all < PIECE; all += length) {
		text = metrics_take(v->metrics, PIECE, &length);
		if (text == NULL)
			return false;
		if (evbuffer_add(out, text, length) == -1)
			fatalx("out of memory");
	}
	return true;
}

/* The page. */

static FILE *
open_text(char **text, size_t *length)
{
	FILE *out = open_memstream(text, length);

	if (out == NULL)
		fatal("open_memstream");
	return out;
}

static void
close_text(struct view *v, FILE *out, char **text, const size_t *length)
{
	if (fclose(out) != 0 || evbuffer_add(v->page, *text, *length) == -1)
		fatalx("out of memory");
	free(*text);
}

/* As much of all services as the page's beginning is made of. */
static json_t *
services_ok(const struct engine *e)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < e->conf->service_count; i++)
		json_array_append_new(list,
		    json_pack("{s:b}", "ok",
			e->services[i].up >= e->services[i].conf->need));
	return list;
}

static void
begin_page(struct view *v, const struct engine *e)
{
	size_t length;
	char *text;
	FILE *out = open_text(&text, &length);

	if ((v->page = evbuffer_new()) == NULL)
		fatalx("out of memory");
	v->head = status_head(e);
	json_object_set_new(v->head, "services", services_ok(e));
	page_begin(out, v->head);
	json_object_del(v->head, "services");
	close_text(v, out, &text, &length);
}

static void
add_page(struct view *v, const struct status_piece *piece)
{
	const struct service *s = piece->service;
	size_t i, length;
	char *text;
	FILE *out = open_text(&text, &length);
	json_t *o;

	if (piece->first) {
		o = status_service_head(s);
		page_service_begin(out, o);
		json_decref(o);
	}
	for (i = piece->from; i < piece->end; i++) {
		o = status_destination(&s->destinations[i]);
		page_destination(out, o);
		json_decref(o);
	}
	if (piece->last)
		page_service_end(out);
	close_text(v, out, &text, &length);
}

static size_t
end_page(struct view *v)
{
	size_t length;
	char *text;
	FILE *out = open_text(&text, &length);

	page_end(out, v->head);
	close_text(v, out, &text, &length);
	json_decref(v->head);
	v->head = NULL;
	return evbuffer_get_length(v->page);
}

static bool
take_page(struct view *v, struct evbuffer *out)
{
	evbuffer_remove_buffer(v->page, out, PIECE);
	return evbuffer_get_length(v->page) > 0;
}

/* Both. */

static enum http_step
view_begin(struct view *v, const struct engine *e)
{
	view_clear(v);
	if (v->begun++ > RESTARTS)
		return HTTP_STEP_BROKEN;
	status_begin(e, &v->cursor);
	v->form->begin(v, e);
	return HTTP_STEP_MORE;
}

static enum http_step
view_step(struct engine *e, struct http_cursor *c, const struct form *form,
    struct evbuffer *out)
{
	struct view *v = c->kept;
	struct status_piece piece;

	if (v == NULL) {
		if (views == VIEWS)
			return HTTP_STEP_BROKEN;
		views++;
		c->kept = v = xcalloc(1, sizeof(*v));
		c->release = view_free;
		v->form = form;
		return view_begin(v, e);
	}
	if (v->complete)
		return form->take(v, out) ? HTTP_STEP_MORE : HTTP_STEP_END;
	switch (status_next(e, &v->cursor, &status_form_whole, &piece)) {
	case STATUS_CHANGED:
		return view_begin(v, e);
	case STATUS_END:
		v->complete = true;
		c->length = form->end(v);
		break;
	case STATUS_MORE:
		form->add(v, &piece);
		break;
	}
	return HTTP_STEP_MORE;
}

enum http_step
web_metrics(void *engine, const struct http_query *query, struct http_cursor *c,
    struct evbuffer *out)
{
	static const struct form forms[] = {
	    {false, begin_metrics, add_metrics, end_metrics, take_metrics},
	    {true, begin_metrics, add_metrics, end_metrics, take_metrics},
	};
	bool open = status_accepts_openmetrics(http_header(query, "Accept"));

	if (open)
		c->type = OPENMETRICS_TYPE;
	return view_step(engine, c, &forms[open], out);
}

enum http_step
web_status_html(void *engine, const struct http_query *query,
    struct http_cursor *c, struct evbuffer *out)
{
	static const struct form form = {
	    false, begin_page, add_page, end_page, take_page};

	(void)query;
	return view_step(engine, c, &form, out);
}
