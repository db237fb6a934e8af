/* SPDX-License-Identifier: ISC */

/*
 * A message of the log as one line of JSON, with the field names of the Elastic
 * Common Schema (ecs-logging: "@timestamp", "log.level", "message" first).
 */

#ifndef BASE_LOG_JSON_H
#define BASE_LOG_JSON_H

#include <stdint.h>

#include <jansson.h>

#define LOG_TIME_STRLEN 48

/* What the Elastic Common Schema is used as of. */
#define LOG_ECS_VERSION "8.11.0"

/* A text as a JSON string; one that is no UTF-8 is escaped as by vis(3). */
json_t *log_json_string(const char *text);

/*
 * The line, without a newline: free(3) it.  at is ms since the epoch, priority
 * one of syslog(3)'s.
 */
char *log_json_line(
    int64_t at, int priority, const char *program, int pid, const char *text);

/* "emergency" to "debug": syslog(3)'s names in full. */
const char *log_level_name(int priority);

/* ISO 8601, UTC, in buf, which is returned. */
const char *log_time(int64_t at, char buf[LOG_TIME_STRLEN]);

#endif
