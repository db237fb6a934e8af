/* SPDX-License-Identifier: ISC */

/*
 * Replies to requests at the control socket (adapters/control.h) that order
 * something: new references.
 */

#ifndef ENGINE_CONSOLE_REPLY_H
#define ENGINE_CONSOLE_REPLY_H

#include <stdbool.h>

#include <jansson.h>

/*
 * It is not done, for these reasons, strings, of which the reference is taken;
 * guard: "force" would have it done.
 */
json_t *console_refuse(json_t *lines, bool guard);
/* The same for one reason, which is freed. */
json_t *console_refuse_line(char *line, bool guard);
/* It is done: line, which is freed, says what; NULL for no warnings. */
json_t *console_agree(char *line, json_t *warnings);

#endif
