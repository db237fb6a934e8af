/* SPDX-License-Identifier: ISC */

/*
 * Reading the status document (status.h), and writing its values for people,
 * the same everywhere.  What is missing or of another type reads as "", 0 or
 * false, and NULL is an empty object: a view never fails.
 */

#ifndef CORE_STATUS_VALUE_H
#define CORE_STATUS_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#define STATUS_AGE_STRLEN    32
#define STATUS_TIME_STRLEN   32
#define STATUS_WEIGHT_STRLEN 48

const char *status_string(const json_t *object, const char *key);
int64_t status_number(const json_t *object, const char *key);
bool status_true(const json_t *object, const char *key);

/* How many objects of a list have this key true. */
size_t status_count_true(const json_t *list, const char *key);
/* How many have this text there. */
size_t
status_count_string(const json_t *list, const char *key, const char *text);

/* "192.0.2.1:80/tcp" or "[2001:db8::1]:53/udp" of a service: free(3) it. */
char *status_service_key(const json_t *service);

/*
 * A destination's weight in buf, which is returned: "10", or "2.5/10" while it
 * rises to that.
 */
const char *
status_weight(const json_t *destination, char buf[STATUS_WEIGHT_STRLEN]);

/* A duration: "42s", "3m07s", "5h00m", "12d03h" in buf, which is returned. */
const char *status_age(int64_t seconds, char buf[STATUS_AGE_STRLEN]);

/* "2026-01-31 23:59:59 UTC" in buf, which is returned. */
const char *status_time(int64_t epoch, char buf[STATUS_TIME_STRLEN]);

#endif
