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

struct conf_webserver;
struct engine;
struct http_content;
struct http_listener;
struct web;

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

/* The texts of these resources, for events: new references. */
json_t *web_overview(const struct engine *);
/* NULL if there is none of that id, or it has too many destinations. */
json_t *web_service(const struct engine *, const char *id);
/* The service of an id as "192.0.2.1:80/tcp"; NULL if there is none. */
struct service *web_find(const struct engine *, const char *id);

/* web.c: see struct http_content. */
bool web_knows(void *engine, const char *service);
void web_listens(void *engine, struct http_listener *, uint64_t seen);

#endif
