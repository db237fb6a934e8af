/* SPDX-License-Identifier: ISC */

/*
 * Templates: see template.h.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "core/template.h"

/* The next "{{name}}" of a text: its name, or NULL. */
static const char *
next_field(const char *text, size_t *length)
{
	const char *end;

	for (; (text = strstr(text, "{{")) != NULL; text++) {
		end = strstr(text + 2, "}}");
		if (end == NULL)
			return NULL;
		*length = (size_t)(end - text) - 2;
		if (memchr(text + 2, '{', *length) == NULL)
			return text + 2;
	}
	return NULL;
}

static const char *
value_of(const struct template_field *fields, size_t count, const char *name,
    size_t length)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (strlen(fields[i].name) == length &&
		    strncmp(fields[i].name, name, length) == 0)
			return fields[i].value;
	return NULL;
}

/* In one pass: what a value has in it is not looked at again. */
static json_t *
render_string(
    const char *text, const struct template_field *fields, size_t count)
{
	const char *name, *value;
	char *out = NULL;
	size_t size, length;
	json_t *string;
	FILE *file = open_memstream(&out, &size);

	if (file == NULL)
		fatal("open_memstream");
	while ((name = next_field(text, &length)) != NULL) {
		fwrite(text, 1, (size_t)(name - 2 - text), file);
		value = value_of(fields, count, name, length);
		if (value != NULL)
			fputs(value, file);
		else
			fwrite(name - 2, 1, length + 4, file);
		text = name + length + 2;
	}
	fputs(text, file);
	if (fclose(file) != 0)
		fatal("out of memory");
	string = json_string(out);
	free(out);
	return string != NULL ? string : json_string("");
}

json_t *
template_render(
    const json_t *template, const struct template_field *fields, size_t count)
{
	json_t *copy, *value;
	const char *key;
	size_t i;

	if (json_is_string(template))
		return render_string(
		    json_string_value(template), fields, count);
	if (json_is_array(template)) {
		copy = json_array();
		json_array_foreach(template, i, value) {
			json_array_append_new(
			    copy, template_render(value, fields, count));
		}
		return copy;
	}
	if (!json_is_object(template))
		return json_deep_copy(template);
	copy = json_object();
	json_object_foreach((json_t *)(uintptr_t) template, key, value) {
		json_object_set_new(
		    copy, key, template_render(value, fields, count));
	}
	return copy;
}

const char *
template_unknown(const char *text, const char *const *names, size_t *length)
{
	size_t i;

	for (; (text = next_field(text, length)) != NULL; text += *length) {
		for (i = 0; names[i] != NULL; i++)
			if (strlen(names[i]) == *length &&
			    strncmp(names[i], text, *length) == 0)
				break;
		if (names[i] == NULL)
			return text;
	}
	return NULL;
}
