/* SPDX-License-Identifier: ISC */

/*
 * The status document (core/status.h) in parts: to make all of it at once
 * would take the event loop's time where there are many servers.  What is
 * returned is a new reference.
 */

#ifndef ENGINE_STATUS_PARTS_H
#define ENGINE_STATUS_PARTS_H

#include <stdint.h>

#include <jansson.h>

struct addr;
struct destination;
struct engine;
struct service;

/* The whole document, but for its "services". */
json_t *status_head(const struct engine *);
/* An element of "services" without "destinations"; and one of these. */
json_t *status_service_head(const struct service *);
json_t *status_destination(const struct destination *);
/* ... of which only its state, weight and counters. */
json_t *status_destination_brief(const struct destination *);

json_t *status_address(const struct addr *);
void status_set_integer(json_t *object, const char *key, uint64_t value);

#endif
