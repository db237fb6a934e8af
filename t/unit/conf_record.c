/* SPDX-License-Identifier: ISC */

/*
 * Linked into tests of configurations with --wrap=conf_parse: each one that is
 * accepted is added to the file that VC5_CONF_RECORD names, a line of JSON, for
 * t/unit/conf_schema.py to hold against the schema.
 */

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/conf.h"

struct conf *
__real_conf_parse(const char *, size_t, const char *, struct conf_errors *);
struct conf *
__wrap_conf_parse(const char *, size_t, const char *, struct conf_errors *);

static void
record(const char *path, const char *text, size_t length)
{
	json_t *json = json_loadb(text, length, 0, NULL);
	FILE *file = fopen(path, "a");

	if (file == NULL || json_dumpf(json, file, JSON_COMPACT) == -1 ||
	    putc('\n', file) == EOF || fclose(file) == EOF)
		abort();
	json_decref(json);
}

struct conf *
__wrap_conf_parse(const char *text, size_t length, const char *name,
    struct conf_errors *errors)
{
	struct conf *conf = __real_conf_parse(text, length, name, errors);
	const char *path = getenv("VC5_CONF_RECORD");

	if (conf != NULL && path != NULL)
		record(path, text, length);
	return conf;
}
