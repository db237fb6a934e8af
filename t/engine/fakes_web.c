/* SPDX-License-Identifier: ISC */

/*
 * See fakes_web.h.
 */

#include "fakes_web.h"

#include <sys/queue.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>

#include "fakes.h"

struct http_query {
	struct evkeyvalq parameters;
};

struct fake_web fake_web;

static const struct http_content *content;
static void *content_arg;
static int handle;
static bool told; /* of the service, in this round */

void
fake_web_reset(void)
{
	size_t i;

	for (i = 0; i < fake_web.event_count; i++)
		json_decref(fake_web.events[i].data);
	memset(&fake_web, 0, sizeof(fake_web));
	content = NULL;
}

struct http *
http_new(struct event_base *base, const struct conf_webserver *web,
    const struct http_content *c, void *arg)
{
	(void)base;
	(void)web;
	content = c;
	content_arg = arg;
	record.listens++;
	return world.listen_fails ? NULL : (struct http *)&handle;
}

int
http_renew(struct http *http, const struct conf_webserver *web)
{
	(void)http;
	(void)web;
	fake_web.renewals++;
	return 0;
}

const char *
http_stale(const struct http *http)
{
	(void)http;
	return fake_web.stale;
}

char *
http_problem(const struct conf_webserver *web)
{
	(void)web;
	return NULL;
}

void
http_free(struct http *http)
{
	if (http != NULL)
		fake_web.ends++;
}

void
http_counters(const struct http *http, struct http_counters *out)
{
	(void)http;
	*out = (struct http_counters){.right = 1,
	    .wrong = 2,
	    .early = 3,
	    .busy = 4,
	    .connections = 5,
	    .listeners = 6,
	    .refused = 7};
}

const char *
http_query(const struct http_query *query, const char *name)
{
	return evhttp_find_header(&query->parameters, name);
}

const char *
http_header(const struct http_query *query, const char *name)
{
	(void)query;
	return strcmp(name, "Accept") == 0 ? fake_web.accepts : NULL;
}

bool
http_has_listeners(const struct http *http)
{
	(void)http;
	return fake_web.listens;
}

void
http_tell(struct http *http, const char *event, uint64_t id, const char *data)
{
	struct fake_event *e = &fake_web.events[fake_web.event_count];

	(void)http;
	if (fake_web.event_count == FAKE_EVENTS)
		return;
	fake_web.event_count++;
	snprintf(e->name, sizeof(e->name), "%s", event);
	e->id = id;
	e->data = json_loads(data, 0, NULL);
}

void
http_tell_one(struct http_listener *listener, const char *event, uint64_t id,
    const char *data)
{
	(void)listener;
	http_tell(NULL, event, id, data);
}

const char *
http_listener_service(const struct http_listener *listener)
{
	(void)listener;
	return fake_web.service;
}

void
http_untell_services(struct http *http)
{
	(void)http;
	told = false;
}

const char *
http_untold_service(const struct http *http)
{
	(void)http;
	return told ? NULL : fake_web.service;
}

void
http_tell_service(
    struct http *http, const char *service, const char *event, const char *data)
{
	(void)service;
	told = true;
	if (data != NULL)
		http_tell(http, event, 0, data);
}

static const struct http_resource *
find_resource(const char *path)
{
	size_t i;

	for (i = 0; i < content->count; i++)
		if (strcmp(content->resources[i].path, path) == 0)
			return &content->resources[i];
	return NULL;
}

static enum http_step
step(const char *url, struct http_cursor *cursor, struct evbuffer *out)
{
	struct http_query query;
	enum http_step result;
	char path[256];
	char *text;

	snprintf(path, sizeof(path), "%s", url);
	TAILQ_INIT(&query.parameters);
	if ((text = strchr(path, '?')) != NULL) {
		*text++ = '\0';
		evhttp_parse_query_str(text, &query.parameters);
	}
	result = find_resource(path)->step(content_arg, &query, cursor, out);
	evhttp_clear_headers(&query.parameters);
	return result;
}

enum http_step
fake_web_step(const char *url, struct http_cursor *cursor)
{
	struct evbuffer *out = evbuffer_new();
	enum http_step result = step(url, cursor, out);

	evbuffer_free(out);
	return result;
}

void
fake_web_end(struct http_cursor *cursor)
{
	if (cursor->release != NULL)
		cursor->release(cursor->kept);
	*cursor = (struct http_cursor){0};
}

/* All of it; if its length was said, it is that. */
static char *
get(const char *url, enum http_step *ended, unsigned *pieces,
    void (*between)(unsigned pieces))
{
	struct evbuffer *out = evbuffer_new();
	struct http_cursor cursor = {0};
	enum http_step result;
	unsigned count = 0;
	size_t length;
	char *text;

	do {
		result = step(url, &cursor, out);
		count++;
		if (between != NULL)
			between(count);
	} while (result == HTTP_STEP_MORE);
	length = evbuffer_get_length(out);
	if (cursor.length > 0 && cursor.length != length)
		abort();
	text = calloc(1, length + 1);
	evbuffer_remove(out, text, length);
	if (ended != NULL)
		*ended = result;
	if (pieces != NULL)
		*pieces = count;
	fake_web_end(&cursor);
	evbuffer_free(out);
	return text;
}

json_t *
fake_web_get(const char *url, enum http_step *ended, unsigned *pieces)
{
	char *text = get(url, ended, pieces, NULL);
	json_t *body = json_loads(text, 0, NULL);

	free(text);
	return body;
}

char *
fake_web_text(
    const char *url, enum http_step *ended, void (*between)(unsigned pieces))
{
	return get(url, ended, NULL, between);
}

void
fake_web_listen(uint64_t seen)
{
	fake_web.listens = true;
	content->listens(content_arg, NULL, seen);
}

unsigned
fake_web_count(const char *name)
{
	unsigned count = 0;
	size_t i;

	for (i = 0; i < fake_web.event_count; i++)
		count += strcmp(fake_web.events[i].name, name) == 0;
	return count;
}

const struct fake_event *
fake_web_last(const char *name)
{
	size_t i;

	for (i = fake_web.event_count; i > 0; i--)
		if (strcmp(fake_web.events[i - 1].name, name) == 0)
			return &fake_web.events[i - 1];
	return NULL;
}
