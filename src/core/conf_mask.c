/* SPDX-License-Identifier: ISC */

/*
 * A configuration's JSON as people may see it: what lets somebody in somewhere
 * is replaced by asterisks.  Names of files stay: what is in them does not
 * appear.
 */

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "base/xmalloc.h"
#include "core/conf_parts.h"

#define MASK "********"

/* Keys whose strings, at any depth below them, are secrets. */
static const char *const secret_keys[] = {"api_key", "authorization",
    "password", "passphrase", "secret", "send", "token", "users", NULL};

/* Header fields that have these in their names. */
static const char *const secret_fields[] = {
    "auth", "cookie", "key", "password", "secret", "token", NULL};

static bool
is_secret_key(const char *key)
{
	size_t i;

	for (i = 0; secret_keys[i] != NULL; i++)
		if (strcasecmp(key, secret_keys[i]) == 0)
			return true;
	return false;
}

static bool
is_secret_field(const char *name)
{
	size_t i;

	for (i = 0; secret_fields[i] != NULL; i++)
		if (strcasestr(name, secret_fields[i]) != NULL)
			return true;
	return false;
}

static json_t *mask_value(const json_t *, bool secret, bool hook);

static json_t *
mask_member(const char *key, const json_t *value, bool hook)
{
	const char *name;
	json_t *fields, *field;

	if (strcmp(key, "headers") != 0 || !json_is_object(value))
		return mask_value(value, is_secret_key(key),
		    hook || strcmp(key, "webhooks") == 0);
	fields = json_object();
	json_object_foreach((json_t *)value, name, field) {
		json_object_set_new(fields, name,
		    mask_value(field, is_secret_field(name), false));
	}
	return fields;
}

/*
 * Of a URL: who asks; and of a webhook, whose path alone lets somebody in, all
 * but the host.
 */
static json_t *
mask_url(const char *url, const char *host, bool hook)
{
	const char *end = host + strcspn(host, "/?#");
	const char *at = memrchr(host, '@', (size_t)(end - host));
	char *text;
	json_t *json;

	if (at == NULL && (!hook || *end == '\0'))
		return json_string(url);
	text = xasprintf("%.*s%s%.*s%s", (int)(host - url), url,
	    at != NULL ? MASK "@" : "",
	    (int)(end - (at != NULL ? at + 1 : host)),
	    at != NULL ? at + 1 : host, !hook || *end == '\0' ? end : "/" MASK);
	json = json_string(text);
	free(text);
	return json;
}

static json_t *
mask_string(const char *text, bool secret, bool hook)
{
	const char *host = strstr(text, "://");

	if (secret)
		return json_string(MASK);
	return host != NULL ? mask_url(text, host + 3, hook)
			    : json_string(text);
}

static json_t *
mask_value(const json_t *value, bool secret, bool hook)
{
	json_t *copy, *member;
	const char *key;
	size_t i;

	switch (json_typeof(value)) {
	case JSON_OBJECT:
		copy = json_object();
		json_object_foreach((json_t *)value, key, member) {
			json_object_set_new(copy, key,
			    secret ? mask_value(member, true, hook)
				   : mask_member(key, member, hook));
		}
		return copy;
	case JSON_ARRAY:
		copy = json_array();
		json_array_foreach(value, i, member) {
			json_array_append_new(
			    copy, mask_value(member, secret, hook));
		}
		return copy;
	case JSON_STRING:
		return mask_string(json_string_value(value), secret, hook);
	default:
		return secret ? json_string(MASK)
			      : json_incref((json_t *)value);
	}
}

char *
conf_mask(const json_t *json)
{
	json_t *masked = mask_value(json, false, false);
	char *text = json_dumps(masked, JSON_COMPACT);

	json_decref(masked);
	if (text == NULL)
		fatalx("out of memory");
	return text;
}

json_t *
conf_masked(const struct conf *conf)
{
	return json_loads(conf->masked, 0, NULL);
}
