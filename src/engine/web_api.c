/* SPDX-License-Identifier: ISC */

/*
 * The resources of the web console, as vc5d-api(5) describes them.  What there
 * can be much of is made in pieces, and is ended by a reload in between.
 */

#include <event2/buffer.h>

#include <stdlib.h>
#include <string.h>

#include "adapters/http.h"
#include "base/monotime.h"
#include "core/status.h"
#include "engine/history.h"
#include "engine/prefixes.h"
#include "engine/private.h"
#include "engine/rates.h"
#include "engine/status_parts.h"
#include "engine/status_text.h"
#include "engine/web.h"

#define API_VERSION 1
#define ROWS	    100 /* of a piece */

static struct status_cursor
load_cursor(const struct http_cursor *c)
{
	return (struct status_cursor){.begun = c->begun,
	    .service = c->next,
	    .destination = c->part,
	    .reloads = c->version};
}

static enum http_step
save_cursor(struct http_cursor *c, const struct status_cursor *status,
    enum status_step step)
{
	c->begun = status->begun;
	c->next = status->service;
	c->part = status->destination;
	c->version = status->reloads;
	if (step == STATUS_CHANGED)
		return HTTP_STEP_BROKEN;
	return step == STATUS_MORE ? HTTP_STEP_MORE : HTTP_STEP_END;
}

static enum http_step
status_json(void *engine, const struct http_query *query, struct http_cursor *c,
    struct evbuffer *out)
{
	struct status_cursor status = load_cursor(c);
	enum status_step step;

	(void)query;
	step = status_text_step(engine, &status, &status_form_whole, out);
	return save_cursor(c, &status, step);
}

/* Takes the reference. */
static enum http_step
whole(struct evbuffer *out, json_t *object)
{
	status_append_new(out, object);
	return HTTP_STEP_END;
}

static enum http_step
config_json(void *engine, const struct http_query *query, struct http_cursor *c,
    struct evbuffer *out)
{
	const struct engine *e = engine;

	(void)query, (void)c;
	return whole(out,
	    json_pack("{s:i, s:o, s:I, s:o}", "version", API_VERSION, "file",
		status_text(e->conf->file), "loaded", (json_int_t)e->loaded,
		"config", conf_masked(e->conf)));
}

static json_t *
overview_service(const struct engine *e, const struct service *s)
{
	json_t *o = status_service_head(s);

	/* Of little use at a glance, and most of the text. */
	json_object_del(o, "latency");
	json_object_set_new(o, "rates", rates_of_service(e, s));
	return o;
}

static json_t *
overview_head(const struct engine *e)
{
	json_t *o = status_head(e);

	json_object_set_new(o, "rates", rates_of_all(e));
	return o;
}

enum status_step
web_overview_step(
    const struct engine *e, struct status_cursor *c, struct evbuffer *out)
{
	static const struct status_form form = {
	    overview_head, overview_service, NULL};

	return status_text_step(e, c, &form, out);
}

static enum http_step
overview_json(void *engine, const struct http_query *query,
    struct http_cursor *c, struct evbuffer *out)
{
	struct status_cursor status = load_cursor(c);
	enum status_step step;

	(void)query;
	step = web_overview_step(engine, &status, out);
	return save_cursor(c, &status, step);
}

struct service *
web_find(const struct engine *e, const char *id)
{
	char key[SERVICE_KEY_STRLEN];
	size_t i;

	for (i = 0; i < e->conf->service_count; i++)
		if (strcmp(service_key_format(&e->services[i].conf->key, key),
			id) == 0)
			return &e->services[i];
	return NULL;
}

static json_t *
service_head(const struct engine *e, const struct service *s)
{
	json_t *o = json_pack("{s:i}", "version", API_VERSION);
	json_t *head = status_service_head(s);

	json_object_update(o, head);
	json_decref(head);
	json_object_set_new(o, "rates", rates_of_service(e, s));
	return o;
}

static json_t *
destination_json(const struct engine *e, const struct destination *d)
{
	json_t *o = status_destination(d);

	json_object_set_new(o, "rates", rates_of_destination(e, d));
	return o;
}

void
web_service_begin(
    const struct engine *e, const struct service *s, struct status_cursor *c)
{
	status_begin(e, c);
	c->service = (size_t)(s - e->services);
}

enum status_step
web_service_step(
    const struct engine *e, struct status_cursor *c, struct evbuffer *out)
{
	static const struct status_form form = {
	    NULL, service_head, destination_json};
	struct status_piece piece;
	enum status_step step = status_next(e, c, &form, &piece);

	if (step != STATUS_MORE)
		return step;
	status_append_piece(e, &form, &piece, out);
	return piece.last ? STATUS_END : STATUS_MORE;
}

static enum http_step
service_json(void *engine, const struct http_query *query,
    struct http_cursor *c, struct evbuffer *out)
{
	struct status_cursor status = load_cursor(c);
	const char *id = http_query(query, "id");
	const struct service *s;

	if (id == NULL)
		return HTTP_STEP_BAD_QUERY;
	if (!c->begun) {
		if ((s = web_find(engine, id)) == NULL)
			return HTTP_STEP_NOT_FOUND;
		web_service_begin(engine, s, &status);
	}
	return save_cursor(c, &status, web_service_step(engine, &status, out));
}

/* It begins; false if there was a reload since it did. */
static bool
begin(const struct engine *e, struct http_cursor *c)
{
	if (!c->begun)
		c->version = e->reloads;
	c->begun = true;
	return c->version == e->reloads;
}

static json_t *
row_json(const struct engine *e, const struct destination *d)
{
	static const char *const states[] = {
	    [DESTINATION_DOWN] = "down",
	    [DESTINATION_DRAINING] = "draining",
	    [DESTINATION_UP] = "up",
	};
	const struct conf_service *s = d->service->conf;
	json_t *rates = rates_of_destination(e, d), *row;
	char key[SERVICE_KEY_STRLEN];

	row = json_pack("[s, s, o, s, b, s, i, I, O, O, O, O, I]",
	    service_key_format(&s->key, key), s->name,
	    status_address(&d->conf->address), states[d->state], d->healthy,
	    orders_name(d->order), (int)d->conf->weight,
	    (json_int_t)((monotime_ms() - d->since) / 1000),
	    json_object_get(rates, "packets"), json_object_get(rates, "bits"),
	    json_object_get(rates, "flows"), json_object_get(rates, "tx_bits"),
	    (json_int_t)rates_connections(e, d));
	json_decref(rates);
	return row;
}

static void
put_row(const struct engine *e, struct http_cursor *c, struct evbuffer *out)
{
	const struct service *s = &e->services[c->next];

	if (c->part < s->conf->destination_count) {
		if (c->count++ > 0)
			evbuffer_add(out, ",", 1);
		whole(out, row_json(e, &s->destinations[c->part++]));
		return;
	}
	c->next++;
	c->part = 0;
}

static enum http_step
destinations_json(void *engine, const struct http_query *query,
    struct http_cursor *c, struct evbuffer *out)
{
	const struct engine *e = engine;
	bool first = !c->begun;
	unsigned i;

	(void)query;
	if (!begin(e, c))
		return HTTP_STEP_BROKEN;
	if (first)
		evbuffer_add_printf(out,
		    "{\"version\":%d,\"columns\":[\"service\",\"name\","
		    "\"address\",\"state\",\"healthy\",\"order\",\"weight\","
		    "\"since\",\"packets\",\"bits\",\"flows\",\"tx_bits\","
		    "\"connections\"],\"rows\":[",
		    API_VERSION);
	for (i = 0; i < ROWS && c->next < e->conf->service_count; i++)
		put_row(e, c, out);
	if (c->next < e->conf->service_count)
		return HTTP_STEP_MORE;
	evbuffer_add(out, "]}", 2);
	return HTTP_STEP_END;
}

static enum http_step
series_json_of(void *engine, const struct http_query *query,
    struct http_cursor *c, struct evbuffer *out)
{
	const struct engine *e = engine;
	const char *id = http_query(query, "service");
	const struct service *s = id != NULL ? web_find(e, id) : NULL;

	(void)c;
	if (id != NULL && s == NULL)
		return HTTP_STEP_NOT_FOUND;
	return whole(out, rates_series(e, s));
}

/* A number from 1 on; 0 if it is not given, -1 if it is none. */
static long
limit_of(const struct http_query *query)
{
	const char *text = http_query(query, "limit");
	char *end;
	long limit;

	if (text == NULL)
		return 0;
	limit = strtol(text, &end, 10);
	return *text < '0' || *text > '9' || *end != '\0' || limit < 1 ? -1
								       : limit;
}

static enum http_step
history_json_of(void *engine, const struct http_query *query,
    struct http_cursor *c, struct evbuffer *out)
{
	const struct engine *e = engine;
	const char *subject = http_query(query, "subject");
	long limit = limit_of(query);

	(void)c;
	if (limit == -1 || (subject != NULL && *subject == '\0'))
		return HTTP_STEP_BAD_QUERY;
	return whole(out,
	    json_pack("{s:i, s:o}", "version", API_VERSION, "history",
		history_json(e->history, subject, (size_t)limit)));
}

static enum http_step
log_json(void *engine, const struct http_query *query, struct http_cursor *c,
    struct evbuffer *out)
{
	const struct engine *e = engine;
	long limit = limit_of(query);

	(void)c;
	if (limit == -1)
		return HTTP_STEP_BAD_QUERY;
	return whole(out,
	    json_pack("{s:i, s:o}", "version", API_VERSION, "log",
		web_log(e->web, limit == 0 ? SIZE_MAX : (size_t)limit)));
}

static enum http_step
prefixes_json(void *engine, const struct http_query *query,
    struct http_cursor *c, struct evbuffer *out)
{
	(void)query, (void)c;
	engine_prefixes(engine, out);
	return HTTP_STEP_END;
}

#define JSON_TYPE "application/json; charset=utf-8"

static const struct http_resource resources[] = {
    {"/config.json", JSON_TYPE, config_json},
    {"/destinations.json", JSON_TYPE, destinations_json},
    {"/history.json", JSON_TYPE, history_json_of},
    {"/log.json", JSON_TYPE, log_json},
    {"/metrics", "text/plain; version=0.0.4; charset=utf-8", web_metrics},
    {"/overview.json", JSON_TYPE, overview_json},
    {"/prefixes.json", JSON_TYPE, prefixes_json},
    {"/series.json", JSON_TYPE, series_json_of},
    {"/service.json", JSON_TYPE, service_json},
    {"/status.html", "text/html; charset=utf-8", web_status_html},
    {"/status.json", JSON_TYPE, status_json},
};

const struct http_content web_content = {
    .resources = resources,
    .count = sizeof(resources) / sizeof(resources[0]),
    .knows = web_knows,
    .listens = web_listens,
};
