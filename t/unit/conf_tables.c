/* SPDX-License-Identifier: ISC */

/*
 * What the parser says of configurations, for t/unit/conf_schema.py: reads one
 * JSON document a line, and writes a line of JSON for each, the errors and the
 * tables of keys by which its objects were read.
 *
 * Linked with --wrap=conf_read_object, so that it sees all of these tables.
 */

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>

#include "core/conf_reader.h"

bool __real_conf_read_object(
    struct conf_reader *, json_t *, const struct conf_key *, void *);
bool __wrap_conf_read_object(
    struct conf_reader *, json_t *, const struct conf_key *, void *);

static json_t *tables; /* of the document being read: [path, [key...]] */

bool
__wrap_conf_read_object(struct conf_reader *r, json_t *json,
    const struct conf_key *keys, void *target)
{
	const struct conf_key *key;
	json_t *names = json_array();

	for (key = keys; key->name != NULL; key++)
		json_array_append_new(names, json_string(key->name));
	json_array_append_new(tables, json_pack("[s,o]", conf_where(r), names));
	return __real_conf_read_object(r, json, keys, target);
}

static void
parse(const char *line, size_t length)
{
	struct conf_errors errors = {NULL, 0};
	json_t *lines = json_array(), *result;
	size_t i;

	tables = json_array();
	conf_free(conf_parse(line, length, "f", &errors));
	for (i = 0; i < errors.count; i++)
		json_array_append_new(lines, json_string(errors.lines[i]));
	conf_errors_clear(&errors);
	result = json_pack("{s:o,s:o}", "errors", lines, "tables", tables);
	json_dumpf(result, stdout, JSON_COMPACT);
	(void)putchar('\n');
	json_decref(result);
}

int
main(void)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t length;

	while ((length = getline(&line, &size, stdin)) > 0) {
		parse(line, (size_t)length);
		(void)fflush(stdout);
	}
	free(line);
	return 0;
}
