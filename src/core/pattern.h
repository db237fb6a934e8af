/* SPDX-License-Identifier: ISC */

/*
 * Regular expressions, on text that may have been written to take for ever.
 */

#ifndef CORE_PATTERN_H
#define CORE_PATTERN_H

#include <stddef.h>

/* Bytes that may be searched. */
#define PATTERN_TEXT_MAX 8192

struct pattern;

/*
 * Compile one in the syntax of pcre2pattern(3), for bytes: "." matches any, "^"
 * and "$" only the beginning and the end of the text.  NULL if it can't be,
 * with why.
 */
struct pattern *pattern_compile(const char *text, char *why, size_t size);

enum pattern_result {
	PATTERN_MATCHES,
	PATTERN_DIFFERS,
	PATTERN_GIVEN_UP /* it would take too long, or too much memory */
};

/* Does any part of the text match? */
enum pattern_result
pattern_search(const struct pattern *, const char *text, size_t length);

void pattern_free(struct pattern *);

#endif
