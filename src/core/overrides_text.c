/* SPDX-License-Identifier: ISC */

/*
 * The text in which run-time orders are kept: JSON, as in
 *
 *	{"version": 1, "overrides": [
 *	  {"kind": "backend", "name": "10.0.0.1", "service": "web",
 *	   "order": "drain", "since": 1795330327, "uid": 0, "forced": false}]}
 *
 * It is read strictly: what isn't understood could be an order.
 */

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/xmalloc.h"
#include "core/overrides.h"

#define VERSION 1

static json_t *
override_json(const struct override *o)
{
	char name[OVERRIDE_SUBJECT_LEN];

	return json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:b}", "kind",
	    override_kind_name(o->kind), "name", override_subject(o, name),
	    "service", o->kind == OVERRIDE_BACKEND ? o->service : "", "order",
	    override_order_name(o->order), "since", (json_int_t)o->since, "uid",
	    (json_int_t)o->uid, "forced", o->forced);
}

char *
overrides_write(const struct overrides *all, size_t *len)
{
	json_t *list = json_array(), *whole;
	char *text, *line;
	size_t i;

	for (i = 0; i < all->count; i++)
		json_array_append_new(list, override_json(&all->list[i]));
	whole = json_pack("{s:i, s:o}", "version", VERSION, "overrides", list);
	text = json_dumps(whole, JSON_INDENT(1) | JSON_PRESERVE_ORDER);
	json_decref(whole);
	line = xasprintf("%s\n", text);
	free(text);
	*len = strlen(line);
	return line;
}

/* NULL, or what is wrong; likewise below. */
static const char *
read_subject(const json_t *json, struct override *o)
{
	const char *name = json_string_value(json_object_get(json, "name"));
	const char *service =
	    json_string_value(json_object_get(json, "service"));

	if (name == NULL || service == NULL)
		return "has no \"name\" or no \"service\"";
	if (o->kind == OVERRIDE_SERVICE)
		return *service != '\0' ||
			override_read_service(name, o->service) == -1
		    ? "is about something that is no service"
		    : NULL;
	if (addr_parse(name, &o->address) == -1)
		return "is about something that is no address";
	if (*service != '\0' &&
	    (o->kind == OVERRIDE_VIP ||
		override_read_service(service, o->service) == -1))
		return "has a \"service\" that is none";
	return NULL;
}

static const char *
read_rest(const json_t *json, struct override *o)
{
	const json_t *since = json_object_get(json, "since");
	const json_t *uid = json_object_get(json, "uid");
	const json_t *forced = json_object_get(json, "forced");

	if (!json_is_integer(since) || json_integer_value(since) < 0)
		return "has no \"since\"";
	if (!json_is_integer(uid) || json_integer_value(uid) < -1 ||
	    json_integer_value(uid) > UINT32_MAX)
		return "has no \"uid\"";
	if (!json_is_boolean(forced))
		return "has no \"forced\"";
	o->since = json_integer_value(since);
	o->uid = json_integer_value(uid);
	o->forced = json_is_true(forced);
	return NULL;
}

#define KEYS 7 /* of an override */

static const char *
read_override(const json_t *json, struct override *o)
{
	const char *kind = json_string_value(json_object_get(json, "kind"));
	const char *order = json_string_value(json_object_get(json, "order"));
	const char *wrong;
	int number;

	if (!json_is_object(json) || json_object_size(json) != KEYS)
		return "is not an object with the keys that it should have";
	if (kind == NULL || (number = override_kind_read(kind)) == -1)
		return "is of no known \"kind\"";
	o->kind = (enum override_kind)number;
	if (order == NULL ||
	    (o->order = override_order_read(o->kind, order)) == ORDER_NONE)
		return "has no \"order\" that there is for its kind";
	if ((wrong = read_subject(json, o)) != NULL)
		return wrong;
	return read_rest(json, o);
}

static char *
read_list(const json_t *list, struct overrides *out)
{
	const json_t *json;
	const char *wrong;
	size_t i;

	if (json_array_size(list) > OVERRIDES_MAX)
		return xasprintf("has more than %d overrides", OVERRIDES_MAX);
	json_array_foreach(list, i, json) {
		struct override o = {0};

		wrong = read_override(json, &o);
		if (wrong == NULL && overrides_find(out, &o) != NULL)
			wrong = "is about the same as another one";
		if (wrong != NULL)
			return xasprintf("overrides[%zu] %s", i, wrong);
		(void)overrides_set(out, &o);
	}
	return NULL;
}

static char *
read_whole(const json_t *whole, struct overrides *out)
{
	const json_t *version = json_object_get(whole, "version");
	const json_t *list = json_object_get(whole, "overrides");

	if (!json_is_integer(version))
		return xstrdup("has no \"version\"");
	if (json_integer_value(version) != VERSION)
		return xasprintf("is of version %lld, and %d is known here",
		    (long long)json_integer_value(version), VERSION);
	if (!json_is_array(list) || json_object_size(whole) != 2)
		return xstrdup("is not an object with the keys that it should "
			       "have");
	return read_list(list, out);
}

char *
overrides_read(const char *text, size_t len, struct overrides *out)
{
	json_error_t error;
	char *wrong;
	json_t *whole;

	whole = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
	if (whole == NULL)
		return xasprintf("line %d: %s", error.line, error.text);
	wrong = read_whole(whole, out);
	json_decref(whole);
	if (wrong != NULL)
		overrides_clear(out);
	return wrong;
}
