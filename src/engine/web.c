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
#include "base/xmalloc.h"
#include "engine/history.h"
#include "engine/private.h"
#include "engine/web.h"

#define LINES	   500	/* that are kept */
#define LINE_LEN   1024 /* with the NUL, as the log has them */
#define MISSED_MAX 200	/* events that are told to who was away */

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
	struct web_round *round;
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

bool
web_is_heard(const struct engine *e)
{
	return e->http != NULL && http_has_listeners(e->http);
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
	if (web_is_heard(web->engine))
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

	if (web_is_heard(web->engine))
		tell(web->engine, "history", number_of(event),
		    json_incref((json_t *)event));
}

struct web *
web_new(struct engine *e)
{
	struct web *web = xcalloc(1, sizeof(*web));

	web->engine = e;
	web->round = web_round_new(e);
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
	web_round_free(web->round);
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

void
web_tick(struct engine *e, uint64_t now)
{
	web_round_tick(e->web->round, now);
}
