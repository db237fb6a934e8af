/* SPDX-License-Identifier: ISC */

/*
 * What was ordered to be blocked as text, a line of JSON each: of several about
 * a prefix the last one counts.
 *
 *	{"version": 2}
 *	{"prefix": "192.0.2.0/24", "since": 1795330327, "until": 0, "uid": 0,
 *	  "forced": false}			(in one line)
 *	{"prefix": "192.0.2.0/24"}		it is no longer ordered
 *
 * Version 1 was one object of all of them, and is still read:
 *
 *	{"version": 1, "blocked": [ {...}, ... ]}
 */

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/xmalloc.h"
#include "core/blocklist.h"

#define VERSION 2
#define KEYS	5 /* of an order */

/* In the order of lines, until sorted. */
struct line {
	struct blocked order; /* not ordered: released */
	size_t number;
};

struct lines {
	struct line *list;
	size_t count;
};

char *
blocklist_orders_head(size_t *len)
{
	char *line = xasprintf("{\"version\": %d}\n", VERSION);

	*len = strlen(line);
	return line;
}

char *
blocklist_orders_line(const struct blocked *o, size_t *len)
{
	char prefix[PREFIX_STRLEN], *line;

	prefix_format(&o->prefix, prefix);
	line = o->ordered
	    ? xasprintf("{\"prefix\": \"%s\", \"since\": %lld, \"until\": "
			"%lld, \"uid\": %lld, \"forced\": %s}\n",
		  prefix, (long long)o->since, (long long)o->until,
		  (long long)o->uid, o->forced ? "true" : "false")
	    : xasprintf("{\"prefix\": \"%s\"}\n", prefix);
	*len = strlen(line);
	return line;
}

/* NULL, or what is wrong. */
static const char *
read_values(const json_t *json, struct blocked *o)
{
	const json_t *since = json_object_get(json, "since");
	const json_t *until = json_object_get(json, "until");
	const json_t *uid = json_object_get(json, "uid");
	const json_t *forced = json_object_get(json, "forced");

	if (!json_is_integer(since) || json_integer_value(since) < 0)
		return "has no \"since\"";
	if (!json_is_integer(until) || json_integer_value(until) < 0)
		return "has no \"until\"";
	if (!json_is_integer(uid) || json_integer_value(uid) < -1 ||
	    json_integer_value(uid) > UINT32_MAX)
		return "has no \"uid\"";
	if (!json_is_boolean(forced))
		return "has no \"forced\"";
	o->ordered = true;
	o->since = json_integer_value(since);
	o->until = json_integer_value(until);
	o->uid = json_integer_value(uid);
	o->forced = json_is_true(forced);
	return NULL;
}

static const char *
read_order(const json_t *json, struct blocked *o, bool may_release)
{
	const char *prefix = json_string_value(json_object_get(json, "prefix"));
	size_t keys = json_object_size(json);

	if (!json_is_object(json) ||
	    (keys != KEYS && !(may_release && keys == 1)))
		return "is not an object with the keys that it should have";
	if (prefix == NULL || prefix_parse(prefix, &o->prefix) == -1)
		return "has no \"prefix\"";
	return keys == 1 ? NULL : read_values(json, o);
}

static void
add(struct lines *lines, const struct blocked *order)
{
	/* Doubled now and then, as there may be many. */
	if ((lines->count & (lines->count - 1)) == 0)
		lines->list = xreallocarray(lines->list,
		    lines->count == 0 ? 1 : 2 * lines->count,
		    sizeof(*lines->list));
	lines->list[lines->count] =
	    (struct line){.order = *order, .number = lines->count};
	lines->count++;
}

/* Version 1: each prefix is there once. */
static char *
read_list(const json_t *list, struct lines *out)
{
	const json_t *json;
	const char *wrong;
	size_t i;

	json_array_foreach(list, i, json) {
		struct blocked order = {0};

		wrong = read_order(json, &order, false);
		if (wrong != NULL)
			return xasprintf("blocked[%zu] %s", i, wrong);
		add(out, &order);
	}
	return NULL;
}

static char *
read_whole(const char *text, size_t len, struct lines *out)
{
	const json_t *version, *list;
	json_error_t error;
	json_t *whole;
	char *wrong;

	whole = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
	if (whole == NULL)
		return xasprintf("line %d: %s", error.line, error.text);
	version = json_object_get(whole, "version");
	list = json_object_get(whole, "blocked");
	if (json_is_integer(version) && json_integer_value(version) > 1)
		wrong = xasprintf("is of version %lld, and %d is known here",
		    (long long)json_integer_value(version), VERSION);
	else if (!json_is_integer(version) ||
	    json_integer_value(version) != 1 || !json_is_array(list) ||
	    json_object_size(whole) != 2)
		wrong = xstrdup("is not an object with the keys that it should "
				"have");
	else
		wrong = read_list(list, out);
	json_decref(whole);
	return wrong;
}

static char *
read_line(const char *text, size_t len, unsigned number, struct lines *out)
{
	struct blocked order = {0};
	json_error_t error;
	json_t *json = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
	const char *wrong;

	if (json == NULL)
		return xasprintf("line %u: %s", number, error.text);
	wrong = read_order(json, &order, true);
	json_decref(json);
	if (wrong != NULL)
		return xasprintf("line %u %s", number, wrong);
	add(out, &order);
	return NULL;
}

static char *
read_lines(const char *text, size_t len, struct lines *out)
{
	const char *end = text + len, *newline;
	char *wrong = NULL;
	unsigned number;

	for (number = 2; text < end && wrong == NULL; number++) {
		newline = memchr(text, '\n', (size_t)(end - text));
		if (newline == NULL)
			newline = end;
		wrong = read_line(text, (size_t)(newline - text), number, out);
		text = newline + 1;
	}
	return wrong;
}

static int
compare(const void *a, const void *b)
{
	const struct line *one = a, *other = b;
	int order = prefix_compare(&one->order.prefix, &other->order.prefix);

	if (order != 0)
		return order;
	return one->number < other->number ? -1 : 1;
}

/* Of each prefix the last, if it is ordered and its time is not over. */
static void
collect(struct lines *lines, int64_t now, struct blocklist *out)
{
	size_t i;

	if (lines->count == 0)
		return;
	qsort(lines->list, lines->count, sizeof(*lines->list), compare);
	out->list = xcalloc(lines->count, sizeof(*out->list));
	for (i = 0; i < lines->count; i++) {
		const struct blocked *o = &lines->list[i].order;

		if (i + 1 < lines->count &&
		    prefix_compare(
			&o->prefix, &lines->list[i + 1].order.prefix) == 0)
			continue;
		if (o->ordered && (o->until == 0 || o->until > now))
			out->list[out->count++] = *o;
	}
}

char *
blocklist_orders_read(
    const char *text, size_t len, int64_t now, struct blocklist *out, bool *old)
{
	struct lines lines = {0};
	struct blocklist fresh = {0};
	size_t head_len;
	char *head = blocklist_orders_head(&head_len), *wrong;

	*old = len < head_len || memcmp(text, head, head_len) != 0;
	wrong = *old ? read_whole(text, len, &lines)
		     : read_lines(text + head_len, len - head_len, &lines);
	free(head);
	if (wrong == NULL)
		collect(&lines, now, &fresh);
	free(lines.list);
	if (wrong == NULL && fresh.count > BLOCKLIST_ORDERS_MAX)
		wrong = xasprintf(
		    "has more than %d prefixes", BLOCKLIST_ORDERS_MAX);
	if (wrong == NULL)
		*out = fresh;
	else
		blocklist_clear(&fresh);
	return wrong;
}
