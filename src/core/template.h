/* SPDX-License-Identifier: ISC */

/*
 * JSON with fields in it, as in {"text": "{{severity}}: {{text}}"}: fields are
 * put into strings of a parsed document, so that no value, whatever is in it,
 * can become anything but a part of that string.
 */

#ifndef CORE_TEMPLATE_H
#define CORE_TEMPLATE_H

#include <stddef.h>

#include <jansson.h>

struct template_field {
	const char *name, *value; /* UTF-8 */
};

/*
 * The document with its fields filled in: a new reference.  Names of fields
 * that are not in the array stay as they are, and so do an object's keys.
 */
json_t *
template_render(const json_t *, const struct template_field *, size_t count);

/*
 * The first field of a string that is not among names, which NULL ends: where
 * it begins, behind the braces, and its length.  NULL if there is none.
 */
const char *
template_unknown(const char *text, const char *const *names, size_t *length);

#endif
