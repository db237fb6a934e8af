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
#include "core/status_accept.h"
#include "engine/history.h"
#include "engine/prefixes.h"
#include "engine/private.h"
#include "engine/rates.h"
#include "engine/status_parts.h"
#include "engine/status_text.h"
#include "engine/web.h"

#define API_VERSION   1
#define ROWS	      100  /* of a piece */
#define SERVERS	      20   /* likewise, of all that is known of them */
#define SERVICES      4	   /* likewise: a large one's counters take time */
#define SERVICE_LARGE 1000 /* destinations, which are no event any more */

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
	step = status_text_step(engine, &status, out);
	return save_cursor(c, &status, step);
}

/* A view of the whole document, which is put together first. */
static enum http_step
render(struct engine *e, struct http_cursor *c, struct evbuffer *out,
    char *(*view)(const json_t *))
{
	struct status_cursor status = load_cursor(c);
	enum status_step step = status_document_step(e, &status, &c->document);
	char *text;

	if (step == STATUS_END) {
		text = view(c->document);
		evbuffer_add(out, text, strlen(text));
		free(text);
	}
	return save_cursor(c, &status, step);
}

#define OPENMETRICS_TYPE \
	"application/openmetrics-text; version=1.0.0; charset=utf-8"

static enum http_step
metrics(void *engine, const struct http_query *query, struct http_cursor *c,
    struct evbuffer *out)
{
	bool open = status_accepts_openmetrics(http_header(query, "Accept"));

	if (open)
		c->type = OPENMETRICS_TYPE;
	return render(
	    engine, c, out, open ? status_openmetrics : status_metrics);
}

static enum http_step
status_html(void *engine, const struct http_query *query, struct http_cursor *c,
    struct evbuffer *out)
{
	(void)query;
	return render(engine, c, out, status_page);
}

/* Takes the reference. */
static enum http_step
whole(struct evbuffer *out, json_t *object)
{
	status_append(out, object);
	json_decref(object);
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

json_t *
web_overview(const struct engine *e)
{
	json_t *o = overview_head(e), *services = json_array();
	size_t i;

	for (i = 0; i < e->conf->service_count; i++)
		json_array_append_new(
		    services, overview_service(e, &e->services[i]));
	json_object_set_new(o, "services", services);
	return o;
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

json_t *
web_service(const struct engine *e, const char *id)
{
	const struct service *s = web_find(e, id);
	json_t *o, *list;
	size_t i;

	if (s == NULL || s->conf->destination_count > SERVICE_LARGE)
		return NULL;
	o = service_head(e, s);
	list = json_array();
	for (i = 0; i < s->conf->destination_count; i++)
		json_array_append_new(
		    list, destination_json(e, &s->destinations[i]));
	json_object_set_new(o, "destinations", list);
	return o;
}

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
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

static enum http_step
overview_json(void *engine, const struct http_query *query,
    struct http_cursor *c, struct evbuffer *out)
{
	const struct engine *e = engine;
	size_t end, count = e->conf->service_count;

	(void)query;
	if (!begin(e, c))
		return HTTP_STEP_BROKEN;
	if (c->next == 0) {
		status_append_open(out, overview_head(e));
		evbuffer_add_printf(out, ",\"services\":[");
	}
	for (end = least(count, c->next + SERVICES); c->next < end; c->next++) {
		if (c->next > 0)
			evbuffer_add(out, ",", 1);
		whole(out, overview_service(e, &e->services[c->next]));
	}
	if (end < count)
		return HTTP_STEP_MORE;
	evbuffer_add(out, "]}", 2);
	return HTTP_STEP_END;
}

static enum http_step
service_json(void *engine, const struct http_query *query,
    struct http_cursor *c, struct evbuffer *out)
{
	const struct engine *e = engine;
	const char *id = http_query(query, "id");
	const struct service *s = id != NULL ? web_find(e, id) : NULL;
	size_t end, count;

	if (id == NULL)
		return HTTP_STEP_BAD_QUERY;
	if (!begin(e, c))
		return HTTP_STEP_BROKEN;
	if (s == NULL)
		return HTTP_STEP_NOT_FOUND;
	if (c->next == 0) {
		status_append_open(out, service_head(e, s));
		evbuffer_add_printf(out, ",\"destinations\":[");
	}
	count = s->conf->destination_count;
	for (end = least(count, c->next + SERVERS); c->next < end; c->next++) {
		if (c->next > 0)
			evbuffer_add(out, ",", 1);
		whole(out, destination_json(e, &s->destinations[c->next]));
	}
	if (end < count)
		return HTTP_STEP_MORE;
	evbuffer_add(out, "]}", 2);
	return HTTP_STEP_END;
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
		/* The head of it ends with "[", a row with "]". */
		if (c->document != NULL)
			evbuffer_add(out, ",", 1);
		else
			c->document = json_true();
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
	return whole(out, engine_prefixes(engine));
}

#define JSON_TYPE "application/json; charset=utf-8"

static const struct http_resource resources[] = {
    {"/config.json", JSON_TYPE, config_json},
    {"/destinations.json", JSON_TYPE, destinations_json},
    {"/history.json", JSON_TYPE, history_json_of},
    {"/log.json", JSON_TYPE, log_json},
    {"/metrics", "text/plain; version=0.0.4; charset=utf-8", metrics},
    {"/overview.json", JSON_TYPE, overview_json},
    {"/prefixes.json", JSON_TYPE, prefixes_json},
    {"/series.json", JSON_TYPE, series_json_of},
    {"/service.json", JSON_TYPE, service_json},
    {"/status.html", "text/html; charset=utf-8", status_html},
    {"/status.json", JSON_TYPE, status_json},
};

const struct http_content web_content = {
    .resources = resources,
    .count = sizeof(resources) / sizeof(resources[0]),
    .knows = web_knows,
    .listens = web_listens,
};
