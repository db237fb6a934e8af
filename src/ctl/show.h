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

/* A part of the status document that is shown. */
struct view {
	const char *key; /* of the part; NULL = the whole, or what select has */
	/*
	 * What the argument, NULL if there is none, leaves of it: a new
	 * reference.  NULL after having said that there is no such thing.
	 */
	json_t *(*select)(const json_t *status, const char *argument);
	/* As text. */
	void (*show)(const json_t *part, const char *argument);
};

extern const struct view view_summary, view_services, view_backends,
    view_checks, view_vips, view_bgp, view_peers, view_interfaces, view_drops,
    view_answers, view_alerts, view_overrides;

/* Show the view of the command's token. */
command_fn show_status;
/* What has requests of its own. */
command_fn show_flows;
command_fn show_history;
command_fn show_explanation;

/* Any JSON, for a person if there is one, for a program otherwise. */
void show_json(const json_t *);

/* Is it a service's name, its VIP, or VIP, port and protocol?  NULL is any. */
bool service_matches(const json_t *service, const char *name);
/* Are two addresses the same, however they are written? */
bool address_equal(const char *, const char *);

/* What is ordered, for the summary. */
void summarise_overrides(const json_t *overrides);

#endif
