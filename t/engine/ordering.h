/* SPDX-License-Identifier: ISC */

/*
 * What tests of run-time orders share: giving them, and a service of four
 * servers.
 */

#ifndef T_ENGINE_ORDERING_H
#define T_ENGINE_ORDERING_H

#include <stdbool.h>

#include <jansson.h>

#include "harness.h"

#define C "10.0.0.3"
#define D "10.0.0.4"

#define SERVICE_OF(name, port, servers)                                    \
	"{\"name\": \"" name "\", \"virtual\": \"" VIP "\", \"servers\": " \
	"[" servers "], \"policy\": {\"" port "\": {}}}"
#define FOUR "\"" A "\", \"" B "\", \"" C "\", \"" D "\""
#define MAIL VIP ":25/tcp"

/* The reply to a request, whose reference is taken: a new reference. */
json_t *ask(json_t *request);
/* The same of an order. */
json_t *order(const char *kind, const char *name, const char *word,
    const char *service, bool force);
bool is_true(const json_t *reply, const char *key);

/* The test fails unless it is followed. */
void must(const char *kind, const char *name, const char *word);
/* ... unless it is refused, and a line of why has this. */
void
must_not(const char *kind, const char *name, const char *word, const char *why);
/* ... unless it is followed with force. */
void force(const char *kind, const char *name, const char *word);

bool all_up(const char *key);
/* Start, and wait until all servers of WEB are up and the VIP is wanted. */
void start_up(const char *services);

#endif
