/* SPDX-License-Identifier: ISC */

/*
 * What happens is told to others: each line of the log, event of the history
 * and alert to Elasticsearch, and alerts to webhooks, as the configuration's
 * "logging" says.  What is said about shipping itself is never shipped, which
 * would be without end.
 */

#ifndef ENGINE_SHIP_H
#define ENGINE_SHIP_H

#include <jansson.h>

struct check_result;
struct conf;
struct engine;
struct prober;
struct ship;

/* The log, the history and the alerts of the engine are listened to. */
struct ship *ship_new(struct engine *);
/* After a reload, before the configuration that was is freed. */
void ship_follow(struct ship *, const struct conf *was);
/* vc5d is about to end. */
void ship_hurry(struct ship *);
void ship_free(struct ship *);

/* A probe's result, of a check that wants them logged, was judged. */
void ship_probe(const struct prober *, const struct check_result *);

/* "shipping" of the status document: a new reference. */
json_t *ship_json(const struct engine *);
void ship_problems(const struct engine *, json_t *list);

/* The control socket's command "log": {"level": "brief" or "verbose"}. */
json_t *console_log(struct engine *, const json_t *request);

#endif
