/* SPDX-License-Identifier: ISC */

/*
 * Readers of single values, and of an object by a table of its keys.
 */

#include <stdlib.h>
#include <string.h>

#include "base/xmalloc.h"
#include "core/conf_reader.h"

#define KEYS_MAX 80 /* of one object's table */

void
conf_error_type(struct conf_reader *r, json_t *json, const char *expected)
{
	static const char *const names[] = {[JSON_OBJECT] = "an object",
	    [JSON_ARRAY] = "an array",
	    [JSON_TRUE] = "true",
	    [JSON_FALSE] = "false",
	    [JSON_NULL] = "null"};

	switch (json_typeof(json)) {
	case JSON_STRING:
		conf_error(r, "expected %s, got the string %s", expected,
		    conf_quote(r, json_string_value(json)));
		break;
	case JSON_INTEGER:
		conf_error(r, "expected %s, got the integer %lld", expected,
		    (long long)json_integer_value(json));
		break;
	case JSON_REAL:
		conf_error(r, "expected %s, got the number %g", expected,
		    json_real_value(json));
		break;
	default:
		conf_error(r, "expected %s, got %s", expected,
		    names[json_typeof(json)]);
	}
}

bool
conf_expect(
    struct conf_reader *r, json_t *json, json_type type, const char *expected)
{
	if (json_typeof(json) == type)
		return true;
	conf_error_type(r, json, expected);
	return false;
}

const char *
conf_string(struct conf_reader *r, json_t *json)
{
	if (!conf_expect(r, json, JSON_STRING, "a string"))
		return NULL;
	return json_string_value(json);
}

bool
conf_integer(struct conf_reader *r, json_t *json,
    const struct conf_limits *limits, int64_t *out)
{
	int64_t value;

	if (!conf_expect(r, json, JSON_INTEGER, "an integer"))
		return false;
	value = json_integer_value(json);
	if (value < limits->low || value > limits->high) {
		conf_error(r, "%lld is not in the range %lld to %lld",
		    (long long)value, (long long)limits->low,
		    (long long)limits->high);
		return false;
	}
	*out = value;
	return true;
}

void
conf_read_bool(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	(void)key;
	if (json_is_boolean(json))
		*(bool *)member = json_is_true(json);
	else
		conf_error_type(r, json, "true or false");
}

void
conf_read_unsigned(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	int64_t value;

	if (conf_integer(r, json, key->arg, &value))
		*(unsigned *)member = (unsigned)value;
}

void
conf_read_int64(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	(void)conf_integer(r, json, key->arg, member);
}

/* "1.5s" and the like, in seconds; negative if it is not one. */
static double
parse_time(const char *text)
{
	static const struct {
		const char *unit;
		double seconds;
	} units[] = {{"ms", 0.001}, {"s", 1}, {"m", 60}, {"h", 3600}};
	size_t i, len = strspn(text, "0123456789.");
	char *end;
	double value = strtod(text, &end);

	if (len == 0 || end != text + len)
		return -1;
	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strcmp(end, units[i].unit) == 0)
			return value * units[i].seconds;
	return -1;
}

void
conf_read_seconds(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	const struct conf_limits *limits = key->arg;
	double seconds = json_number_value(json);

	if (json_is_string(json)) {
		seconds = parse_time(json_string_value(json));
		if (seconds < 0) {
			conf_error(r, "%s is not a time such as 60 or \"60s\"",
			    conf_quote(r, json_string_value(json)));
			return;
		}
	} else if (!json_is_number(json)) {
		conf_error_type(r, json, "a number of seconds");
		return;
	}
	/* Compared before it is converted: it may be any size. */
	if (seconds * 1000 < (double)limits->low - 0.001 ||
	    seconds * 1000 > (double)limits->high + 0.001) {
		conf_error(r, "%g is not in the range %g to %g seconds",
		    seconds, (double)limits->low / 1000,
		    (double)limits->high / 1000);
		return;
	}
	*(unsigned *)member = (unsigned)(seconds * 1000 + 0.5);
}

void
conf_read_word(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	const char *const *words = key->arg;
	const char *word = conf_string(r, json);
	char known[128] = "";
	unsigned i;

	if (word == NULL)
		return;
	for (i = 0; words[i] != NULL; i++) {
		if (strcmp(words[i], word) == 0) {
			*(unsigned *)member = i;
			return;
		}
		(void)strlcat(known, i == 0 ? "" : ", ", sizeof(known));
		(void)strlcat(known, words[i], sizeof(known));
	}
	conf_error(r, "%s is not one of: %s", conf_quote(r, word), known);
}

void
conf_read_path(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	const struct conf_limits *limits = key->arg;
	const char *path = conf_string(r, json), *c;
	char **out = member;

	if (path == NULL)
		return;
	for (c = path; *c != '\0'; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			break;
	if (*path != '/' || *c != '\0') {
		conf_error(
		    r, "%s is not an absolute path", conf_quote(r, path));
		return;
	}
	if (strlen(path) > (size_t)limits->high) {
		conf_error(r, "is longer than %lld characters",
		    (long long)limits->high);
		return;
	}
	free(*out);
	*out = xstrdup(path);
}

void
conf_read_nothing(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	(void)r;
	(void)json;
	(void)member;
	(void)key;
}

bool
conf_address(struct conf_reader *r, const char *text, struct addr *out)
{
	struct addr address;

	if (addr_parse(text, &address) == -1) {
		conf_error(r, "%s is not an IP address", conf_quote(r, text));
		return false;
	}
	if (!addr_is_unicast(&address)) {
		conf_error(r,
		    "%s is not a unicast address that other hosts "
		    "can reach",
		    text);
		return false;
	}
	*out = address;
	return true;
}

bool
conf_prefix(struct conf_reader *r, const char *text, struct prefix *out)
{
	char meant[PREFIX_STRLEN];
	struct prefix prefix;

	if (prefix_parse(text, out) == 0)
		return true;
	if (prefix_parse_host(text, &prefix) == -1)
		conf_error(r, "%s is not a prefix such as \"10.1.10.0/24\"",
		    conf_quote(r, text));
	else
		conf_error(r,
		    "%s has bits set behind its length, did you mean \"%s\"?",
		    text, prefix_format(&prefix, meant));
	return false;
}

static void
unknown_key(
    struct conf_reader *r, const char *name, const struct conf_key *keys)
{
	const char *words[KEYS_MAX + 1] = {NULL}, *nearest;
	size_t i, mark = conf_enter(r, name);

	for (i = 0; i < KEYS_MAX && keys[i].name != NULL; i++)
		words[i] = keys[i].name;
	nearest = conf_nearest(name, words);
	if (nearest != NULL)
		conf_error_key(r, "unknown key, did you mean \"%s\"?", nearest);
	else
		conf_error_key(r, "unknown key");
	conf_leave(r, mark);
}

static bool
is_known(const char *name, const struct conf_key *keys)
{
	for (; keys->name != NULL; keys++)
		if (strcmp(keys->name, name) == 0)
			return true;
	return false;
}

bool
conf_read_object(struct conf_reader *r, json_t *json,
    const struct conf_key *keys, void *target)
{
	const struct conf_key *key;
	const char *name;
	json_t *value;
	size_t mark;

	if (!conf_expect(r, json, JSON_OBJECT, "an object"))
		return false;
	for (key = keys; key->name != NULL; key++) {
		if ((value = json_object_get(json, key->name)) == NULL)
			continue;
		mark = conf_enter(r, key->name);
		key->read(r, value, (char *)target + key->offset, key);
		conf_leave(r, mark);
	}
	json_object_foreach(json, name, value) {
		if (!r->overflow && !is_known(name, keys))
			unknown_key(r, name, keys);
	}
	return true;
}
