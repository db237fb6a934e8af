/* SPDX-License-Identifier: ISC */

/*
 * What vc5ctl show writes to standard output.  status is the status document
 * (core/status.h).
 */

#ifndef CTL_SHOW_H
#define CTL_SHOW_H

#include <jansson.h>
#include <stdbool.h>

#include "ctl/client.h"
#include "ctl/parse.h"

/*
 * The part of the document that a show command is about, in which an argument
 * leaves only what it names: a new reference.  NULL after having said that
 * there is no such thing.
 */
json_t *show_select(const struct command *, json_t *status);

/* That part as text. */
void show_text(const struct command *, const json_t *part);

/* show_services.c's share. */
json_t *select_services(const json_t *status, const char *name);
json_t *select_backends(const json_t *status, const char *address);
void show_services(const json_t *services, const char *name);
void show_backends(const json_t *backends, const char *address);

/* Is it a service's name, its VIP, or VIP, port and protocol?  NULL is any. */
bool service_matches(const json_t *service, const char *name);
/* Are two addresses the same, however they are written? */
bool address_equal(const char *, const char *);

/* show_checks.c's. */
json_t *select_checks(const json_t *status, const char *name);
void show_checks(const json_t *checks, const char *name);

/* show_peers.c's: of the document's "sync". */
void show_peers(const json_t *sync, const char *argument);

/* show_overrides.c's. */
void show_overrides(const json_t *overrides, const char *argument);
/* What is ordered, for the summary. */
void summarise_overrides(const json_t *overrides);

/* Any JSON, for a person if there is one, for a program otherwise. */
void show_json(const json_t *);

/* What has requests of its own; the exit status. */
int show_flows(struct client *, const struct command *, bool as_json);
int show_history(struct client *, const struct command *, bool as_json);
int show_explanation(struct client *, const struct command *, bool as_json);

/* order.c: order something, or take that back; the exit status. */
int give_order(struct client *, const struct command *, bool as_json);

#endif
