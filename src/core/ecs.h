/* SPDX-License-Identifier: ISC */

/*
 * What vc5d tells Elasticsearch: documents with the field names of the Elastic
 * Common Schema (ECS 8.11), and what ECS has no name for below "vc5d".
 * contrib/elasticsearch has the index template that knows all of these fields.
 */

#ifndef CORE_ECS_H
#define CORE_ECS_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "core/addr.h"
#include "core/alert_message.h"
#include "core/service.h"

/* Who speaks.  Borrowed texts. */
struct ecs_origin {
	const char *hostname, *version;
	const char *data_stream; /* "logs-vc5d-default" */
};

/* A probe's result. */
struct ecs_probe {
	const char *service; /* its name */
	const struct service_key *key;
	const struct addr *server;
	const char *check;   /* "http:80" */
	const char *state;   /* of the check after it: "up", "down" */
	const char *outcome; /* "passed", "timeout", ... */
	bool passed;
	const char *detail; /* or "" */
	uint64_t duration;  /* microseconds */
};

/* Documents, each a new reference.  Times are ms since the epoch. */

/* A message of the log, at a priority of syslog(3)'s. */
json_t *
ecs_line(const struct ecs_origin *, int64_t at, int priority, const char *text);
/* An event of the history, as in the status document (core/status.h). */
json_t *ecs_history(const struct ecs_origin *, const json_t *event);
json_t *ecs_alert(const struct ecs_origin *, const struct alert_news *);
json_t *
ecs_probe(const struct ecs_origin *, int64_t at, const struct ecs_probe *);

#endif
