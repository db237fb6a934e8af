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
#include "ctl/grammar.h"

/* What can be shown of what vc5d knows. */
struct view {
	const char *key; /* of the part of fetch_head(); or NULL, and: */
	/*
	 * That of it which the argument, NULL if there is none, names: a new
	 * reference.  NULL after having said why there is no such thing.
	 */
	json_t *(*fetch)(struct client *, const char *argument, bool as_json);
	/* As text. */
	void (*show)(const json_t *part, const char *argument);
};

extern const struct view view_summary, view_services, view_backends,
    view_checks, view_vips, view_bgp, view_peers, view_interfaces, view_drops,
    view_answers, view_alerts, view_overrides, view_errors, view_config,
    view_version;

/* The status document without services' destinations; NULL as above. */
json_t *fetch_head(struct client *);
/*
 * Whole services with this name, VIP, or VIP, port and protocol, of which only
 * this server, NULL for any: a list.  NULL as above, but it may be empty.
 */
json_t *
fetch_services(struct client *, const char *service, const char *server);
/* The same of all servers, but only their states and counters. */
json_t *fetch_counters(struct client *, const char *service);

/* Show the view of the command's token. */
command_fn show_status;
/* What has requests of its own. */
command_fn show_flows;
command_fn show_history;
command_fn show_explanation;
command_fn show_prefixes;

/* Any JSON, for a person if there is one, for a program otherwise. */
void show_json(const json_t *);

/* Lines under a heading, after an empty line; nothing if there are none. */
void print_lines(const char *heading, const json_t *lines);
void print_alerts(const json_t *alerts);
/* What is ordered, for the summary. */
void summarise_overrides(const json_t *overrides);

#endif
