/* SPDX-License-Identifier: ISC */

/*
 * The beginning of a stream of bytes as text.
 */

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "core/excerpt.h"

#define ESCAPED_MAX 5 /* "\xNN" and its NUL */

/* Returns the length of what one byte becomes. */
static size_t
escape(unsigned char byte, char out[ESCAPED_MAX])
{
	static const char special[] = "\r\n\t\"\\", letters[] = "rnt\"\\";
	const char *found = byte == '\0' ? NULL : strchr(special, byte);

	if (found != NULL)
		return snprintf(
		    out, ESCAPED_MAX, "\\%c", letters[found - special]);
	if (byte >= ' ' && byte <= '~')
		return snprintf(out, ESCAPED_MAX, "%c", byte);
	return snprintf(out, ESCAPED_MAX, "\\x%02x", byte);
}

/*
 * No room for a byte means no room for the longest escape: so that a short
 * one that comes later is not taken for what followed.
 */
void
excerpt_append(char *buf, size_t size, const void *bytes, size_t count)
{
	const unsigned char *byte = bytes;
	char escaped[ESCAPED_MAX];
	size_t at = strlen(buf), length;

	for (; count > 0 && at + ESCAPED_MAX <= size; count--) {
		length = escape(*byte++, escaped);
		memcpy(buf + at, escaped, length + 1);
		at += length;
	}
}
