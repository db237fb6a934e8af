/* SPDX-License-Identifier: ISC */

/*
 * See pattern.h.  PCRE2 tries one way after the other, and a pattern can have
 * more of them than anybody can wait for (as "(a|aa)*[bc]" has), so it counts
 * its steps.  It counts them anew for each place of the text where a match
 * could begin; so there is only one such place, the text's beginning, and all
 * others are reached by a part of the pattern, which is put in front.  Then the
 * steps are those of the whole search: a few hundredths of a second at most.
 */

#define PCRE2_CODE_UNIT_WIDTH 8

#include <pcre2.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/xmalloc.h"
#include "core/pattern.h"

#define STEPS_MAX  300000
#define MEMORY_MAX 8192 /* KiB */
#define OPTIONS                                                  \
	(PCRE2_DOTALL | PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_UTF | \
	    PCRE2_NEVER_BACKSLASH_C)

struct pattern {
	pcre2_code *code;
	pcre2_match_context *limits;
};

static pcre2_code *
compile(const char *text, uint32_t options, char *why, size_t size)
{
	pcre2_code *code;
	PCRE2_SIZE at;
	int error;

	code = pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED,
	    OPTIONS | options, &error, &at, NULL);
	if (code == NULL)
		pcre2_get_error_message(error, (PCRE2_UCHAR *)why, size);
	return code;
}

/* First as it is: what is put around it could make sense of a stray ")". */
struct pattern *
pattern_compile(const char *text, char *why, size_t size)
{
	struct pattern *pattern;
	pcre2_code *code = compile(text, 0, why, size);
	char *whole;

	if (code == NULL)
		return NULL;
	pcre2_code_free(code);
	whole = xasprintf("(?s:.*?)(?:%s)", text);
	code = compile(whole, PCRE2_ANCHORED, why, size);
	free(whole);
	if (code == NULL)
		return NULL;
	pattern = xcalloc(1, sizeof(*pattern));
	pattern->code = code;
	pattern->limits = pcre2_match_context_create(NULL);
	if (pattern->limits == NULL)
		fatalx("a regular expression: out of memory");
	pcre2_set_match_limit(pattern->limits, STEPS_MAX);
	pcre2_set_heap_limit(pattern->limits, MEMORY_MAX);
	return pattern;
}

enum pattern_result
pattern_search(const struct pattern *pattern, const char *text, size_t length)
{
	pcre2_match_data *data = pcre2_match_data_create(1, NULL);
	int found;

	if (data == NULL)
		fatalx("a regular expression: out of memory");
	if (length > PATTERN_TEXT_MAX)
		length = PATTERN_TEXT_MAX;
	found = pcre2_match(pattern->code, (PCRE2_SPTR)text, length, 0, 0, data,
	    pattern->limits);
	pcre2_match_data_free(data);
	if (found >= 0)
		return PATTERN_MATCHES;
	return found == PCRE2_ERROR_NOMATCH ? PATTERN_DIFFERS
					    : PATTERN_GIVEN_UP;
}

void
pattern_free(struct pattern *pattern)
{
	if (pattern == NULL)
		return;
	pcre2_match_context_free(pattern->limits);
	pcre2_code_free(pattern->code);
	free(pattern);
}
