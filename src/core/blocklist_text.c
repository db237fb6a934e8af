/* SPDX-License-Identifier: ISC */

/*
 * Blocked prefixes as text: the operator's file, and the one that keeps what
 * was ordered at run time, JSON as in
 *
 *	{"version": 1, "blocked": [
 *	  {"prefix": "192.0.2.0/24", "since": 1795330327, "until": 0,
 *	   "uid": 0, "forced": false}]}
 */

#include <sys/socket.h>

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/xmalloc.h"
#include "core/blocklist.h"
#include "core/json_locate.h"

#define VERSION	    1
#define KEYS	    5	/* of an order */
#define MAPPED_BITS 96	/* of ::ffff:0:0/96 */
#define ERRORS_MAX  20	/* of a file that are told */
#define LINE_LEN    200 /* of a prefix, and what is around it */

/* A file as it is read. */
struct reading {
	const char *name;
	unsigned line;
	struct prefix_list *out;
	struct conf_errors *errors;
	size_t wrong; /* lines */
};

static void
add_error(struct conf_errors *errors, char *text)
{
	errors->lines = xreallocarray(
	    errors->lines, errors->count + 1, sizeof(*errors->lines));
	errors->lines[errors->count++] = text;
}

static void
complain(struct reading *r, const char *word, const char *why)
{
	char *shown;

	if (r->wrong++ >= ERRORS_MAX)
		return;
	shown = json_escape(word, strnlen(word, PREFIX_STRLEN));
	add_error(r->errors,
	    xasprintf("%s:%u: \"%s\" %s", r->name, r->line, shown, why));
	free(shown);
}

void
blocklist_unmap(struct prefix *p)
{
	struct addr address;

	if (p->address.family != AF_INET6 || p->length < MAPPED_BITS)
		return;
	addr_from_mapped(p->address.bytes, &address);
	if (address.family != AF_INET)
		return;
	p->address = address;
	p->length = (uint8_t)(p->length - MAPPED_BITS);
}

/* What is wrong with it, or NULL. */
static const char *
read_prefix(const char *word, struct prefix *out)
{
	struct addr address;

	if (addr_parse(word, &address) == 0) {
		out->address = address;
		out->length = (uint8_t)addr_bits(&address);
		blocklist_unmap(out);
		return NULL;
	}
	if (prefix_parse(word, out) == -1)
		return prefix_parse_host(word, out) == -1
		    ? "is neither a prefix nor an address"
		    : "has bits set behind its length";
	blocklist_unmap(out);
	return out->length == 0 ? "would block everybody" : NULL;
}

static void
read_line(struct reading *r, const char *text, size_t len)
{
	char line[LINE_LEN], *word, *next = line;
	const char *comment = memchr(text, '#', len), *wrong;
	struct prefix prefix;

	if (comment != NULL)
		len = (size_t)(comment - text);
	while (len > 0 && strchr(" \t\r", *text) != NULL && *text != '\0')
		text++, len--;
	while (len > 0 && memchr(" \t\r", text[len - 1], 3) != NULL)
		len--;
	if (len == 0)
		return;
	if (len >= sizeof(line)) {
		complain(r, "", "is a line too long to be a prefix");
		return;
	}
	memcpy(line, text, len);
	line[len] = '\0';
	word = strsep(&next, " \t");
	if (strlen(line) != len || next != NULL)
		wrong = "is followed by something: one prefix a line";
	else
		wrong = read_prefix(word, &prefix);
	if (wrong != NULL)
		complain(r, word, wrong);
	else
		prefix_list_add(r->out, &prefix);
}

static void
check_count(struct reading *r)
{
	size_t i, four = 0, six;

	for (i = 0; i < r->out->count; i++)
		four += r->out->list[i].address.family == AF_INET;
	six = r->out->count - four;
	if (four <= BLOCKLIST_MAX && six <= BLOCKLIST_MAX)
		return;
	r->wrong++;
	add_error(r->errors,
	    xasprintf("%s: %zu prefixes of IPv4 and %zu of IPv6: there is "
		      "room for %d of each",
		r->name, four, six, BLOCKLIST_MAX));
}

void
blocklist_read(const char *text, size_t len, const char *name,
    struct prefix_list *out, struct conf_errors *errors)
{
	struct reading r = {.name = name, .out = out, .errors = errors};
	const char *end = text + len, *newline;

	for (; text < end; text = newline + 1) {
		r.line++;
		newline = memchr(text, '\n', (size_t)(end - text));
		if (newline == NULL)
			newline = end;
		read_line(&r, text, (size_t)(newline - text));
	}
	prefix_list_sort(out);
	check_count(&r);
	if (r.wrong > ERRORS_MAX)
		add_error(errors,
		    xasprintf("%s: and %zu more lines are wrong", name,
			r.wrong - ERRORS_MAX));
	if (r.wrong > 0)
		prefix_list_clear(out);
}

char *
blocklist_orders_write(const struct blocklist *b, size_t *len)
{
	json_t *list = json_array(), *whole;
	char prefix[PREFIX_STRLEN], *text, *line;
	size_t i;

	for (i = 0; i < b->count; i++) {
		const struct blocked *o = &b->list[i];

		if (!o->ordered)
			continue;
		json_array_append_new(list,
		    json_pack("{s:s, s:I, s:I, s:I, s:b}", "prefix",
			prefix_format(&o->prefix, prefix), "since",
			(json_int_t)o->since, "until", (json_int_t)o->until,
			"uid", (json_int_t)o->uid, "forced", o->forced));
	}
	whole = json_pack("{s:i, s:o}", "version", VERSION, "blocked", list);
	text = json_dumps(whole, JSON_INDENT(1) | JSON_PRESERVE_ORDER);
	json_decref(whole);
	line = xasprintf("%s\n", text);
	free(text);
	*len = strlen(line);
	return line;
}

/* NULL, or what is wrong. */
static const char *
read_order(const json_t *json, struct blocked *o)
{
	const char *prefix = json_string_value(json_object_get(json, "prefix"));
	const json_t *since = json_object_get(json, "since");
	const json_t *until = json_object_get(json, "until");
	const json_t *uid = json_object_get(json, "uid");
	const json_t *forced = json_object_get(json, "forced");

	if (!json_is_object(json) || json_object_size(json) != KEYS)
		return "is not an object with the keys that it should have";
	if (prefix == NULL || prefix_parse(prefix, &o->prefix) == -1)
		return "has no \"prefix\"";
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

static char *
read_list(const json_t *list, struct blocklist *out)
{
	const json_t *json;
	const char *wrong;
	size_t i;

	if (json_array_size(list) > BLOCKLIST_ORDERS_MAX)
		return xasprintf(
		    "has more than %d prefixes", BLOCKLIST_ORDERS_MAX);
	json_array_foreach(list, i, json) {
		struct blocked order = {0};

		wrong = read_order(json, &order);
		if (wrong == NULL && blocklist_find(out, &order.prefix) != NULL)
			wrong = "is about the same as another one";
		if (wrong != NULL)
			return xasprintf("blocked[%zu] %s", i, wrong);
		*blocklist_add(out, &order.prefix) = order;
	}
	return NULL;
}

char *
blocklist_orders_read(const char *text, size_t len, struct blocklist *out)
{
	struct blocklist fresh = {0};
	const json_t *version, *list;
	json_error_t error;
	char *wrong;
	json_t *whole;

	whole = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
	if (whole == NULL)
		return xasprintf("line %d: %s", error.line, error.text);
	version = json_object_get(whole, "version");
	list = json_object_get(whole, "blocked");
	if (!json_is_integer(version) || !json_is_array(list) ||
	    json_object_size(whole) != 2)
		wrong = xstrdup("is not an object with the keys that it should "
				"have");
	else if (json_integer_value(version) != VERSION)
		wrong = xasprintf("is of version %lld, and %d is known here",
		    (long long)json_integer_value(version), VERSION);
	else
		wrong = read_list(list, &fresh);
	json_decref(whole);
	if (wrong == NULL)
		*out = fresh;
	else
		blocklist_clear(&fresh);
	return wrong;
}
