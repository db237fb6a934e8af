/* SPDX-License-Identifier: ISC */

/*
 * The web console's events, and the last lines of the log: see web.h.
 */

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "adapters/http.h"
#include "base/log.h"
#include "base/log_json.h"
#include "base/monotime.h"
#include "base/xmalloc.h"
#include "engine/history.h"
#include "engine/private.h"
#include "engine/web.h"

#define LINES	   500	/* that are kept */
#define LINE_LEN   1024 /* with the NUL, as the log has them */
#define MISSED_MAX 200	/* events that are told to who was away */
#define SERVICE_MS 2000 /* between two looks at a service */
#define SHARE	   20	/* what takes t ms is not done again for SHARE * t */

struct line {
	int64_t at; /* ms since the epoch */
	int priority;
	char text[LINE_LEN];
};

struct web {
	struct engine *engine;
	struct line *lines; /* number n is at n % LINES */
	uint64_t total;	    /* lines, ever */
	struct log_tap log_tap;
	struct history_tap history_tap;
	uint64_t overview_at, services_at; /* monotonic ms, of the next ones */
};

static json_t *
line_json(const struct line *line)
{
	return json_pack("{s:I, s:s, s:o}", "at", (json_int_t)line->at,
	    "priority", log_level_name(line->priority), "text",
	    status_text(line->text));
}

json_t *
web_log(const struct web *web, size_t limit)
{
	uint64_t count = web->total < LINES ? web->total : LINES, number;
	json_t *list = json_array();

	if (limit < count)
		count = limit;
	for (number = web->total - count; number < web->total; number++)
		json_array_append_new(
		    list, line_json(&web->lines[number % LINES]));
	return list;
}

/* Takes the reference. */
static void
tell(struct engine *e, const char *event, uint64_t id, json_t *data)
{
	char *text = json_dumps(data, JSON_COMPACT | JSON_REAL_PRECISION(9));

	json_decref(data);
	if (text != NULL)
		http_tell(e->http, event, id, text);
	free(text);
}

static bool
is_heard(const struct web *web)
{
	return web->engine->http != NULL &&
	    http_has_listeners(web->engine->http);
}

static void
on_line(void *arg, int priority, const char *text)
{
	struct web *web = arg;
	struct line *line = &web->lines[web->total++ % LINES];
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	line->at = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
	line->priority = priority;
	snprintf(line->text, sizeof(line->text), "%s", text);
	if (is_heard(web))
		tell(web->engine, "log", 0, line_json(line));
}

static uint64_t
number_of(const json_t *event)
{
	return (uint64_t)json_integer_value(json_object_get(event, "number"));
}

static void
on_event(void *arg, const json_t *event)
{
	struct web *web = arg;

	if (is_heard(web))
		tell(web->engine, "history", number_of(event),
		    json_incref((json_t *)event));
}

struct web *
web_new(struct engine *e)
{
	struct web *web = xcalloc(1, sizeof(*web));

	web->engine = e;
	web->lines = xcalloc(LINES, sizeof(*web->lines));
	web->log_tap = (struct log_tap){.line = on_line, .arg = web};
	web->history_tap = (struct history_tap){.event = on_event, .arg = web};
	log_tap_add(&web->log_tap);
	history_tap_add(e->history, &web->history_tap);
	return web;
}

void
web_free(struct web *web)
{
	if (web == NULL)
		return;
	log_tap_remove(&web->log_tap);
	history_tap_remove(web->engine->history, &web->history_tap);
	free(web->lines);
	free(web);
}

/* A large part of what happened while he was away. */
static void
tell_missed(struct engine *e, struct http_listener *listener, uint64_t seen)
{
	json_t *list = history_json(e->history, NULL, MISSED_MAX), *event;
	char *text;
	size_t i;

	json_array_foreach(list, i, event) {
		if (number_of(event) <= seen)
			continue;
		text = json_dumps(event, JSON_COMPACT);
		if (text != NULL)
			http_tell_one(
			    listener, "history", number_of(event), text);
		free(text);
	}
	json_decref(list);
}

bool
web_knows(void *engine, const char *service)
{
	return web_find(engine, service) != NULL;
}

void
web_listens(void *engine, struct http_listener *listener, uint64_t seen)
{
	if (seen > 0)
		tell_missed(engine, listener, seen);
}

/* What costs much is done less often. */
static uint64_t
next_time(uint64_t begun, uint64_t interval)
{
	uint64_t took = monotime_ms() - begun;

	return begun + (took * SHARE > interval ? took * SHARE : interval);
}

static char *
make_service(void *engine, const char *id)
{
	json_t *service = web_service(engine, id);
	char *text;

	if (service == NULL)
		return NULL;
	text = json_dumps(service, JSON_COMPACT | JSON_REAL_PRECISION(9));
	json_decref(service);
	return text;
}

void
web_tick(struct engine *e, uint64_t now)
{
	struct web *web = e->web;

	if (!is_heard(web))
		return;
	if (now >= web->overview_at) {
		tell(e, "overview", 0, web_overview(e));
		web->overview_at = next_time(now, 0);
	}
	if (now >= web->services_at) {
		http_tell_services(e->http, "service", make_service, e);
		web->services_at = next_time(now, SERVICE_MS - 100);
	}
}
