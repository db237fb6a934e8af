/* SPDX-License-Identifier: ISC */

/*
 * The values of arguments, against their kind.
 */

#ifndef CTL_ARGUMENT_H
#define CTL_ARGUMENT_H

#include "ctl/grammar.h"

/*
 * NULL if the value is of the argument's kind, and *value in full if it was
 * abbreviated; else what is wrong, to be freed.
 */
char *argument_check(const struct argument *, const char **value);

/* "90", "90s", "10m", "12h" or "7d" in seconds; -1 = it is none of these. */
long long argument_duration(const char *);

#endif
