/* SPDX-License-Identifier: ISC */

/*
 * The console's files in the program are those in src/web, byte for byte, and
 * do nothing that the server's Content-Security-Policy forbids.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/xmalloc.h"
#include "web/web.h"

static const struct web_file *
find(const char *path)
{
	size_t i;

	for (i = 0; i < web_file_count; i++)
		if (strcmp(web_files[i].path, path) == 0)
			return &web_files[i];
	return NULL;
}

static FILE *
open_source(const struct web_file *file)
{
	const char *name =
	    strcmp(file->path, "/") == 0 ? "/console.html" : file->path;
	char *path = xasprintf("%s%s", WEBDIR, name);
	FILE *in = fopen(path, "r");

	free(path);
	assert_non_null(in);
	return in;
}

static void
they_are_what_is_in_the_directory(void **state)
{
	const struct web_file *file;
	size_t i, at;
	FILE *in;

	(void)state;
	assert_true(web_file_count > 0);
	for (i = 0; i < web_file_count; i++) {
		file = &web_files[i];
		assert_true(file->length > 0);
		in = open_source(file);
		for (at = 0; at < file->length; at++)
			assert_int_equal(getc(in), file->data[at]);
		assert_int_equal(getc(in), EOF);
		fclose(in);
	}
}

static void
paths_are_unique(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < web_file_count; i++)
		assert_ptr_equal(find(web_files[i].path), &web_files[i]);
}

static void
types_follow_the_names(void **state)
{
	(void)state;
	assert_string_equal(find("/")->type, "text/html; charset=utf-8");
	assert_string_equal(
	    find("/console.css")->type, "text/css; charset=utf-8");
	assert_string_equal(
	    find("/console.js")->type, "text/javascript; charset=utf-8");
	assert_string_equal(find("/icon.svg")->type, "image/svg+xml");
	assert_null(find("/console.html"));
}

static bool
has(const struct web_file *file, const char *text)
{
	return memmem(file->data, file->length, text, strlen(text)) != NULL;
}

/* Nothing inline, nothing that takes text for markup, no other host. */
static void
none_needs_a_laxer_policy(void **state)
{
	static const char *const forbidden[] = {"innerHTML", "outerHTML",
	    "insertAdjacentHTML", "document.write", "eval(", "Function(",
	    " style=\"", " onclick=", "<style", "javascript:", "https://",
	    "url(data:"};
	size_t i, j;

	(void)state;
	for (i = 0; i < web_file_count; i++)
		for (j = 0; j < sizeof(forbidden) / sizeof(*forbidden); j++)
			if (has(&web_files[i], forbidden[j]))
				fail_msg("%s has %s", web_files[i].path,
				    forbidden[j]);
	assert_true(has(find("/"), "<script type=\"module\" src="));
	assert_false(has(find("/"), "<script>"));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(they_are_what_is_in_the_directory),
	    cmocka_unit_test(paths_are_unique),
	    cmocka_unit_test(types_follow_the_names),
	    cmocka_unit_test(none_needs_a_laxer_policy),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
