/* SPDX-License-Identifier: ISC */

/*
 * vc5ctl monitor: what happens, a line each.
 */

#ifndef CTL_MONITOR_H
#define CTL_MONITOR_H

#include <jansson.h>
#include <stdbool.h>

#include "ctl/grammar.h"

/* monitor_print.c */

/* A line that came (adapters/control.h), as text or JSON. */
void monitor_print(const json_t *line, bool as_json);
/* The connection was lost, and that was all or it is to be made again. */
void monitor_print_lost(bool as_json, bool all);
/* It is there again; so many events can't be told any more. */
void monitor_print_again(bool as_json, bool restarted, long long missed);
/* Now, in ms since the epoch, as lines have it. */
long long monitor_now(void);

/* monitor.c */

command_fn show_monitor;

#endif
