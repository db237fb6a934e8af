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
#include "core/redact.h"

#define MASK REDACTED

/* Keys whose strings, at any depth below them, are secrets. */
static const char *const secret_keys[] = {"api_key", "authorization",
    "password", "passphrase", "secret", "send", "token", "users", NULL};

static bool
is_secret_key(const char *key)
{
	size_t i;

	for (i = 0; secret_keys[i] != NULL; i++)
		if (strcasecmp(key, secret_keys[i]) == 0)
			return true;
	return false;
}

static json_t *mask_value(const json_t *, bool secret, bool hook);
static json_t *mask_string(const char *, bool secret, bool hook);

/* Of header fields, those by name; and what is a scheme's, as "Bearer x". */
static json_t *
mask_field(const char *name, const json_t *field)
{
	const char *value = json_string_value(field);
	bool secret = redact_is_secret(name) ||
	    (value != NULL &&
		(strncasecmp(value, "Bearer ", strlen("Bearer ")) == 0 ||
		    strncasecmp(value, "Basic ", strlen("Basic ")) == 0));

	return mask_value(field, secret, false);
}

static json_t *
mask_fields(const json_t *fields)
{
	json_t *masked = json_object(), *field;
	const char *name;

	json_object_foreach((json_t *)fields, name, field) {
		json_object_set_new(masked, name, mask_field(name, field));
	}
	return masked;
}

/* Takes the text. */
static json_t *
string(char *text)
{
	json_t *json = json_string(text);

	free(text);
	return json;
}

/* A command, whose arguments may be secrets by what they stand behind. */
static json_t *
mask_command(const json_t *command)
{
	json_t *masked = json_array(), *argument;
	const char *text, *before = NULL;
	char *redacted;
	size_t i;

	json_array_foreach(command, i, argument) {
		text = json_string_value(argument);
		if (text == NULL) {
			json_array_append_new(
			    masked, mask_value(argument, false, false));
			continue;
		}
		redacted = redact_argument(before, text);
		json_array_append_new(
		    masked, mask_string(redacted, false, false));
		free(redacted);
		before = text;
	}
	return masked;
}

static json_t *
mask_member(const char *key, const json_t *value, bool hook)
{
	if (strcmp(key, "headers") == 0 && json_is_object(value))
		return mask_fields(value);
	if (strcmp(key, "command") == 0 && json_is_array(value))
		return mask_command(value);
	if (strcmp(key, "path") == 0 && json_is_string(value))
		return string(redact_query(json_string_value(value)));
	return mask_value(
	    value, is_secret_key(key), hook || strcmp(key, "webhooks") == 0);
}

/*
 * Of a URL: who asks, and the values of its query; and of a webhook, whose path
 * alone lets somebody in, all but the host.
 */
static json_t *
mask_url(const char *url, const char *host, bool hook)
{
	const char *end = host + strcspn(host, "/?#");
	const char *at = memrchr(host, '@', (size_t)(end - host));
	char *rest =
	    !hook || *end == '\0' ? redact_query(end) : xstrdup("/" MASK);
	char *text;

	if (at != NULL)
		text = xasprintf("%.*s" MASK "@%.*s%s", (int)(host - url), url,
		    (int)(end - at - 1), at + 1, rest);
	else
		text = xasprintf("%.*s%s", (int)(end - url), url, rest);
	free(rest);
	return string(text);
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
