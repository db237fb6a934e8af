/* SPDX-License-Identifier: ISC */

/*
 * What the web console is served with (vc5d-api(5)), and its events: an
 * overview each second, while somebody listens, and what is logged and happens.
 */

#ifndef ENGINE_WEB_H
#define ENGINE_WEB_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "adapters/http.h"
#include "engine/status_text.h"

struct engine;
struct evbuffer;
struct service;
struct web;
struct web_round;

/* Begin to remember what is logged. */
struct web *web_new(struct engine *);
void web_free(struct web *);

/* Each second. */
void web_tick(struct engine *, uint64_t now);

/* The last lines that were logged, at most limit: as /log.json has them. */
json_t *web_log(const struct web *, size_t limit);

/* web_status.c: "webserver" of the status document, a new reference. */
json_t *web_status(const struct engine *);

/* web_api.c */

extern const struct http_content web_content;

/*
 * These resources a step at a time; of the second, begin with that service, and
 * the step that has all of it is STATUS_END.
 */
enum status_step web_overview_step(
    const struct engine *, struct status_cursor *, struct evbuffer *out);
void web_service_begin(
    const struct engine *, const struct service *, struct status_cursor *);
enum status_step web_service_step(
    const struct engine *, struct status_cursor *, struct evbuffer *out);
/* The service of an id as "192.0.2.1:80/tcp"; NULL if there is none. */
struct service *web_find(const struct engine *, const char *id);

/* web_views.c: see struct http_resource. */
enum http_step web_metrics(void *engine, const struct http_query *,
    struct http_cursor *, struct evbuffer *out);
enum http_step web_status_html(void *engine, const struct http_query *,
    struct http_cursor *, struct evbuffer *out);

/* web_round.c */

struct web_round *web_round_new(struct engine *);
void web_round_free(struct web_round *);
/* Each second. */
void web_round_tick(struct web_round *, uint64_t now);

/* web.c */

/* Does anybody listen? */
bool web_is_heard(const struct engine *);
/* See struct http_content. */
bool web_knows(void *engine, const char *service);
void web_listens(void *engine, struct http_listener *, uint64_t seen);

#endif
