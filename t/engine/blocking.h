/* SPDX-License-Identifier: ISC */

/*
 * What tests of blocked and of counted prefixes share: orders, and what is told
 * of prefixes.
 */

#ifndef T_ENGINE_BLOCKING_H
#define T_ENGINE_BLOCKING_H

#include <stdbool.h>

#include <jansson.h>

#include "ordering.h"

#define ATTACKER "203.0.113.0/24"
#define OTHER	 "198.51.100.0/25"
#define SIX	 "2001:db8:bad::/48"

struct blocked;

/* "block" or "unblock", for so many seconds, 0 = for good: the reply. */
json_t *
send_order(const char *command, const char *prefix, int seconds, bool force);
/* The test fails unless the reply is that it was done. */
void must_do(const char *command, const char *prefix, int seconds, bool forced);
/* ... unless it is refused, with this in a line of why. */
void must_refuse(
    const char *command, const char *prefix, int seconds, const char *why);

void restart(void);
/* A turn of the event loop. */
void run_once(void);

/* What the engine knows of a prefix; or NULL. */
const struct blocked *blocked_set(const char *prefix);
/* The document about prefixes: a new reference. */
json_t *prefixes(bool only_new, int limit);
json_int_t number(const json_t *json, const char *key);

/* The file of blocked prefixes. */
extern char list_path[];
void write_list(const char *text);
/* The same, and the configuration names it. */
void use_list(const char *text);
/* To be made before all tests, and unlinked after them. */
void make_list(void);

#endif
