/* SPDX-License-Identifier: ISC */

/*
 * What requests at the control socket may have beside their command, and of
 * which type.  Others are refused rather than left out: "seconds" for "for"
 * would block a prefix for good.
 */

#include <string.h>

#include "base/xmalloc.h"
#include "engine/private.h"

enum kind {
	TEXT,
	NUMBER,
	FLAG
};

static const struct member {
	const char *command, *name;
	enum kind kind;
} members[] = {
    {"block", "for", NUMBER},
    {"block", "force", FLAG},
    {"block", "prefix", TEXT},
    {"explain", "destination", TEXT},
    {"explain", "protocol", TEXT},
    {"explain", "source", TEXT},
    {"explain", "without", TEXT},
    {"flows", "client", TEXT},
    {"flows", "cursor", NUMBER},
    {"flows", "limit", NUMBER},
    {"flows", "server", TEXT},
    {"flows", "service", TEXT},
    {"flows", "state", TEXT},
    {"history", "limit", NUMBER},
    {"history", "subject", TEXT},
    {"log", "level", TEXT},
    {"monitor", "after", NUMBER},
    {"monitor", "began", NUMBER},
    {"monitor", "log", FLAG},
    {"monitor", "subject", TEXT},
    {"override", "force", FLAG},
    {"override", "kind", TEXT},
    {"override", "name", TEXT},
    {"override", "order", TEXT},
    {"override", "service", TEXT},
    {"prefixes", "limit", NUMBER},
    {"prefixes", "new", FLAG},
    {"status", "brief", FLAG},
    {"status", "part", TEXT},
    {"status", "server", TEXT},
    {"status", "service", TEXT},
    {"unblock", "force", FLAG},
    {"unblock", "prefix", TEXT},
};

static const struct member *
find(const char *command, const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		if (strcmp(members[i].command, command) == 0 &&
		    strcmp(members[i].name, name) == 0)
			return &members[i];
	return NULL;
}

static char *
value_wrong(const struct member *member, const json_t *value)
{
	switch (member->kind) {
	case TEXT:
		return json_is_string(value)
		    ? NULL
		    : xasprintf("\"%s\" is not a string", member->name);
	case NUMBER:
		return json_is_integer(value)
		    ? NULL
		    : xasprintf("\"%s\" is not an integer", member->name);
	default:
		return json_is_boolean(value)
		    ? NULL
		    : xasprintf(
			  "\"%s\" is neither true nor false", member->name);
	}
}

char *
console_wrong(const char *command, const json_t *request)
{
	const struct member *member;
	const json_t *value;
	const char *name;
	char *wrong;

	json_object_foreach((json_t *)request, name, value) {
		if (strcmp(name, "command") == 0)
			continue;
		if ((member = find(command, name)) == NULL)
			return xasprintf(
			    "\"%s\" takes no \"%s\"", command, name);
		if ((wrong = value_wrong(member, value)) != NULL)
			return wrong;
	}
	return NULL;
}

/* What is not said is not wrong; of several that are, the first is told. */
static const json_t *
value_of(const json_t *request, const char *key, json_type type,
    const char *expected, char **wrong)
{
	const json_t *value = json_object_get(request, key);

	if (value == NULL || json_is_null(value))
		return NULL;
	if (json_typeof(value) == type)
		return value;
	if (*wrong == NULL)
		*wrong = xasprintf("\"%s\" is not %s", key, expected);
	return NULL;
}

const char *
console_text(const json_t *request, const char *key, char **wrong)
{
	return json_string_value(
	    value_of(request, key, JSON_STRING, "a string", wrong));
}

json_int_t
console_number(const json_t *request, const char *key, char **wrong)
{
	return json_integer_value(
	    value_of(request, key, JSON_INTEGER, "an integer", wrong));
}
