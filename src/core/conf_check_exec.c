/* SPDX-License-Identifier: ISC */

/*
 * Checks by a command, and by bytes that are sent and expected.
 */

#include <string.h>

#include "core/conf_check.h"

#define ARGUMENTS_MAX 64
#define ARGUMENT_MAX  4095 /* bytes */
#define USER_MAX      32
#define BYTES_MAX     1024

static const char *
read_argument(struct conf_reader *r, json_t *json, bool program)
{
	const char *argument = conf_string(r, json);

	if (argument == NULL)
		return NULL;
	if (strlen(argument) > ARGUMENT_MAX) {
		conf_error(r, "is longer than %d bytes", ARGUMENT_MAX);
		return NULL;
	}
	if (program && *argument != '/') {
		conf_error(
		    r, "%s is not an absolute path", conf_quote(r, argument));
		return NULL;
	}
	return argument;
}

void
conf_read_command(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	struct conf_check_draft *draft = member;
	size_t i, mark, count = json_array_size(json);
	json_t *item;

	(void)key;
	if (!conf_expect(r, json, JSON_ARRAY, "an array"))
		return;
	if (count == 0 || count > ARGUMENTS_MAX) {
		conf_error(r, "must have 1 to %d strings", ARGUMENTS_MAX);
		return;
	}
	draft->argv = conf_alloc(r, count + 1, sizeof(*draft->argv));
	json_array_foreach(json, i, item) {
		mark = conf_enter_index(r, i);
		draft->argv[i] = read_argument(r, item, i == 0);
		conf_leave(r, mark);
	}
}

void
conf_read_user(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	const char *user = conf_graphic(r, json, USER_MAX);

	(void)key;
	if (user == NULL)
		return;
	if (strcmp(user, "root") == 0)
		conf_error(r, "must not be root");
	else if (strpbrk(user, ":/,") != NULL || *user == '-')
		conf_error(
		    r, "%s is not the name of a user", conf_quote(r, user));
	else
		*(const char **)member = user;
}

static int
hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *found = strchr(digits, c | (c >= 'A' && c <= 'F' ? 32 : 0));

	return c == '\0' || found == NULL ? -1 : (int)(found - digits);
}

static void
read_hex(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	const char *text = conf_string(r, json);
	struct conf_bytes *out = member;
	uint8_t *bytes;
	size_t i, count;

	(void)key;
	if (text == NULL)
		return;
	count = strlen(text) / 2;
	bytes = conf_alloc(r, count + 1, 1);
	for (i = 0; i < count && hex_digit(text[2 * i]) != -1 &&
	     hex_digit(text[2 * i + 1]) != -1;
	     i++)
		bytes[i] = (uint8_t)(hex_digit(text[2 * i]) << 4 |
		    hex_digit(text[2 * i + 1]));
	if (text[2 * i] != '\0')
		conf_error(r, "%s is not pairs of hexadecimal digits",
		    conf_quote(r, text));
	else
		*out = (struct conf_bytes){bytes, count};
}

/* A string, or {"hex": "..."}. */
void
conf_read_bytes(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	static const struct conf_key keys[] = {
	    {"hex", read_hex, 0, NULL}, {NULL, NULL, 0, NULL}};
	struct conf_bytes bytes = {NULL, 0}, *out = member;

	(void)key;
	if (json_is_string(json)) {
		bytes.data = (uint8_t *)json_string_value(json);
		bytes.length = json_string_length(json);
	} else if (!json_is_object(json)) {
		conf_error_type(r, json, "a string or {\"hex\": \"...\"}");
		return;
	} else {
		(void)conf_read_object(r, json, keys, &bytes);
		if (json_object_get(json, "hex") == NULL)
			conf_error_missing(r, "hex");
		if (bytes.data == NULL)
			return;
	}
	if (bytes.length == 0 || bytes.length > BYTES_MAX)
		conf_error(r, "must have 1 to %d bytes", BYTES_MAX);
	else
		*out = bytes;
}
