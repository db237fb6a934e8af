/* SPDX-License-Identifier: ISC */

/*
 * What people are told of alerts by a webhook: one message about one or
 * several that were raised, or are over.
 */

#ifndef CORE_ALERT_MESSAGE_H
#define CORE_ALERT_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "core/alert.h"

struct alert_news {
	const char *id, *text;
	enum alert_severity severity; /* the worst that it had, if over */
	bool over;
	int64_t at; /* ms since the epoch */
};

/* Who understands the message. */
enum webhook_type {
	WEBHOOK_SLACK, /* and Mattermost, Rocket.Chat */
	WEBHOOK_TEAMS, /* a workflow that posts adaptive cards */
	WEBHOOK_JSON   /* anybody, by a template */
};

extern const char *const webhook_type_names[]; /* NULL ends them */

/*
 * Fields of templates: "title" (a line), "text" (a line for each alert),
 * "state" ("raised", "over", or "mixed"), "severity" (the worst), "id" (of the
 * first), "count", "host", "time" (ISO 8601, of the last).  NULL ends them.
 */
extern const char *const alert_message_fields[];

/* Of so many alerts each has a line; of others it is said how many. */
#define ALERT_MESSAGE_LINES 20

/*
 * The message's document, a new reference; of at least one.  template is of
 * WEBHOOK_JSON, where NULL is the usual one.
 */
json_t *alert_message(enum webhook_type, const json_t *template,
    const char *host, const struct alert_news *, size_t count);

#endif
