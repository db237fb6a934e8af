/* SPDX-License-Identifier: ISC */

/*
 * See conf_cases.h.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/xmalloc.h"
#include "core/conf.h"
#include "t/unit/conf_cases.h"

static char *
with_quotes(const char *text)
{
	char *copy = xstrdup(text), *c;

	for (c = copy; (c = strchr(c, '`')) != NULL; c++)
		*c = '"';
	return copy;
}

static char *
joined(const struct conf_errors *errors)
{
	char *all = xstrdup(""), *more;
	size_t i;

	for (i = 0; i < errors->count; i++) {
		assert_memory_equal(errors->lines[i], "f:", 2);
		more = xasprintf("%s%s\n", all, errors->lines[i] + 2);
		free(all);
		all = more;
	}
	return all;
}

static void
mistake_is_said(void **state)
{
	const struct conf_case *item = *state;
	char *json = with_quotes(item->json);
	char *expected = with_quotes(item->expected), *all;
	struct conf_errors errors = {NULL, 0};
	struct conf *conf = conf_parse(json, strlen(json), "f", &errors);

	all = joined(&errors);
	assert_string_equal(all, expected);
	assert_null(conf);
	conf_errors_clear(&errors);
	free(all);
	free(expected);
	free(json);
}

int
conf_cases_run(const char *name, const struct conf_case *cases, size_t count)
{
	struct CMUnitTest *tests = xcalloc(count, sizeof(*tests));
	struct conf_case *copies = xcalloc(count, sizeof(*copies));
	char *line;
	size_t i;
	int failed;

	for (i = 0; i < count; i++) {
		copies[i] = cases[i];
		line = xstrdup(cases[i].expected);
		line[strcspn(line, "\n")] = '\0';
		tests[i] = (struct CMUnitTest)cmocka_unit_test_prestate(
		    mistake_is_said, &copies[i]);
		tests[i].name = line;
	}
	cmocka_set_message_output(CM_OUTPUT_TAP);
	failed = _cmocka_run_group_tests(name, tests, count, NULL, NULL);
	for (i = 0; i < count; i++)
		free((void *)(uintptr_t)tests[i].name);
	free(copies);
	free(tests);
	return failed;
}
