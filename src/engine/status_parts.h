/* SPDX-License-Identifier: ISC */

/*
 * The status document (core/status.h) in parts: to make all of it at once
 * would take the event loop's time where there are many servers.  What is
 * returned is a new reference.
 */

#ifndef ENGINE_STATUS_PARTS_H
#define ENGINE_STATUS_PARTS_H

#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

struct addr;
struct engine;
struct service;

/* The whole document, but that its services have no "destinations". */
json_t *engine_status_head(const struct engine *);
/* ... or without any services. */
json_t *status_head(const struct engine *);

/*
 * A whole element of its "services", in the same order; NULL behind the last.
 * A reload makes others of them: it is to be found in the head's
 * "config.reloads".
 */
json_t *engine_status_service(const struct engine *, size_t index);

/* Elements of "services": whole, and without "destinations". */
json_t *status_service(const struct service *);
json_t *status_service_head(const struct service *);

json_t *status_address(const struct addr *);
void status_set_integer(json_t *object, const char *key, uint64_t value);

#endif
