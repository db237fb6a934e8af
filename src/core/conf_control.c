/* SPDX-License-Identifier: ISC */

/*
 * The second control socket, for who may only look: "control_readonly".
 */

#include <stdlib.h>
#include <string.h>

#include "base/xmalloc.h"
#include "core/conf_parts.h"

#define ACCESS_MODE_ALL 0666u /* who connects writes, and is written to */

static const struct conf_limits path_limits = {1, 107}; /* sun_path, no NUL */

/* Any that could be in group(5). */
static void
read_group(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	const char *name = conf_string(r, json);
	char **out = member;

	(void)key;
	if (name == NULL)
		return;
	if (!conf_name_valid(name)) {
		conf_error(
		    r, "%s is not the name of a group", conf_quote(r, name));
		return;
	}
	free(*out);
	*out = xstrdup(name);
}

/* In octal digits, as a string: JSON has no octal numbers. */
static void
read_mode(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	const char *text = conf_string(r, json);
	size_t len;
	unsigned mode;

	(void)key;
	if (text == NULL)
		return;
	len = strspn(text, "01234567");
	mode = len >= 3 && len <= 4 && text[len] == '\0'
	    ? (unsigned)strtoul(text, NULL, 8)
	    : 0;
	if (mode == 0 || (mode & ~ACCESS_MODE_ALL) != 0)
		conf_error(r,
		    "%s is not an octal mode of reading and writing such as "
		    "\"0660\"",
		    conf_quote(r, text));
	else
		*(unsigned *)member = mode;
}

void
conf_read_control_readonly(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	static const struct conf_key keys[] = {
	    {"path", conf_read_path,
		offsetof(struct conf, control_readonly.path), &path_limits},
	    {"group", read_group, offsetof(struct conf, control_readonly.group),
		NULL},
	    {"mode", read_mode, offsetof(struct conf, control_readonly.mode),
		NULL},
	    {NULL, NULL, 0, NULL},
	};
	static const struct conf_key path = {
	    "control_readonly", NULL, 0, &path_limits};
	struct conf *conf = ((struct conf_draft *)member)->conf;

	(void)key;
	if (json_is_string(json)) {
		conf_read_path(r, json, &conf->control_readonly.path, &path);
	} else if (!json_is_object(json)) {
		conf_error_type(r, json, "a path or an object");
		return;
	} else {
		(void)conf_read_object(r, json, keys, conf);
		if (json_object_get(json, "path") == NULL)
			conf_error_missing(r, "path");
	}
	if (conf->control_readonly.path != NULL &&
	    strcmp(conf->control_readonly.path, conf->control) == 0)
		conf_error(r, "is the path of \"control\", too");
}
