/* SPDX-License-Identifier: ISC */

/*
 * Cases of mistakes in a configuration, each a test with the first line that
 * is expected for its name.
 */

#ifndef CONF_CASES_H
#define CONF_CASES_H

#include <stddef.h>

/* Backquotes stand for double quotes in both. */
struct conf_case {
	const char *json;
	const char *expected; /* all lines, without the file's name */
};

/* Run them all: the process's exit status. */
int conf_cases_run(const char *name, const struct conf_case *, size_t count);

#endif
