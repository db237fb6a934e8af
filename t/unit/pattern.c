/* SPDX-License-Identifier: ISC */

/*
 * Regular expressions: what they mean, and that no text makes them take for
 * ever.
 */

#include <sys/resource.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/xmalloc.h"
#include "core/pattern.h"

static enum pattern_result
search(const char *expression, const char *text, size_t length)
{
	char why[128];
	struct pattern *p = pattern_compile(expression, why, sizeof(why));
	enum pattern_result result;

	if (p == NULL)
		fail_msg("%s: %s", expression, why);
	result = pattern_search(p, text, length);
	pattern_free(p);
	return result;
}

static void
test_meaning(void **state)
{
	static const struct {
		const char *expression, *text;
		bool matches;
	} cases[] = {
	    {"b", "abc", true},
	    {"^b", "abc", false},
	    {"b$", "abc", false},
	    {"c$", "abc", true},
	    {"x|^a", "abc", true},
	    {"x|^b", "abc", false},
	    {"^abc$|y", "abc", true},
	    {"b.c", "a\nb\nc", true},
	    {"^b", "a\nb", false},
	    {"a|(^b)", "x\nb", false},
	    {"(?m)^b", "a\nb", true},
	    {"[^b]c", "bcac", true},
	    {"[^ab]c", "bcac", false},
	    {"b$", "b\nc", false},
	    {"b$", "b\n", false},
	    {"^$", "", true},
	    {"^$", "a", false},
	    {"a{2}", "baab", true},
	    {"\\.b", "a.b", true},
	    {"\\.b", "axb", false},
	    {"(a|b)\\1c", "abbc", true},
	    {"(a|b)\\1c", "abac", false},
	    {"(?i)OK", "it is ok", true},
	    {"\xff", "a\xff", true},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if ((search(cases[i].expression, cases[i].text,
			 strlen(cases[i].text)) == PATTERN_MATCHES) !=
		    cases[i].matches)
			fail_msg("%s: %s", cases[i].expression, cases[i].text);
	/* a NUL is a byte like others, and only so many bytes are looked at */
	assert_int_equal(search("b", "a\0b", 3), PATTERN_MATCHES);
	assert_int_equal(search("b", "a\0b", 2), PATTERN_DIFFERS);
	assert_int_equal(search("a$", "a\0b", 1), PATTERN_MATCHES);
}

static void
test_errors(void **state)
{
	static const char *const bad[] = {"(", "[a", "a)b", "a)(b", "*",
	    "a{2}{9999999}", "\\", "\\Qa", "(*UTF)a", "\\C", "(?x)a # b"};
	struct pattern *p;
	char why[128];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		p = pattern_compile(bad[i], why, sizeof(why));
		if (p != NULL)
			fail_msg("%s is taken", bad[i]);
		assert_int_not_equal(why[0], '\0');
	}
}

/*
 * Which of these are given up is the library's affair; what counts is that
 * they come to an end, without growing: most would take years.
 */
static void
test_explosions(void **state)
{
	static const char *const expressions[] = {"(a|aa)*c", "(a*)*c",
	    "a[ab]{16}x", "a.{30}x", "a.*b.*c", "a*a*a*a*[bc]d", "(?:a+)+$x",
	    "((a|b)*)*x", "(.*)(.*)(.*)\\1\\2x", "(?:[ab]*+[cd])",
	    "([ab]+?)+?c", "(?R)?a(?R)?c"};
	char *text = xcalloc(1, 1 << 20);
	struct rusage usage;
	size_t i;

	(void)state;
	memset(text, 'a', 1 << 20);
	for (i = 0; i < sizeof(expressions) / sizeof(expressions[0]); i++)
		assert_int_not_equal(
		    search(expressions[i], text, 1 << 20), PATTERN_MATCHES);
	assert_int_equal(
	    search("(a|aa)*c", text, PATTERN_TEXT_MAX), PATTERN_GIVEN_UP);
	/* what is no harder than the text is long works to its end */
	text[PATTERN_TEXT_MAX - 1] = 'c';
	assert_int_equal(
	    search("a(a|b)c$", text, PATTERN_TEXT_MAX), PATTERN_MATCHES);
	assert_int_equal(
	    search("^(a|b)+c$", text, PATTERN_TEXT_MAX), PATTERN_MATCHES);
	free(text);
	getrusage(RUSAGE_SELF, &usage);
#ifndef __SANITIZE_ADDRESS__ /* which keeps what was freed */
	assert_in_range(usage.ru_maxrss, 1, 64 << 10 /* KiB */);
#endif
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_meaning),
	    cmocka_unit_test(test_errors),
	    cmocka_unit_test(test_explosions),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
