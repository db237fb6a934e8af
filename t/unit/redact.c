/* SPDX-License-Identifier: ISC */

/*
 * What lets somebody in is not shown.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/conf.h"
#include "core/redact.h"

/* Takes the text. */
static void
assert_text(char *text, const char *expected)
{
	assert_string_equal(text, expected);
	free(text);
}

static void
names_say_what_is_secret(void **state)
{
	static const char *const secret[] = {"Authorization", "X-Api-Key",
	    "Cookie", "set-cookie", "PASSWORD", "--passwd", "X-Auth",
	    "client_secret", "X-Session-Id", "access_token"};
	static const char *const open[] = {"Accept", "Host", "User-Agent",
	    "--path", "-p", "", "X-Pass-Through"};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(secret) / sizeof(secret[0]); i++)
		assert_true(redact_is_secret(secret[i]));
	for (i = 0; i < sizeof(open) / sizeof(open[0]); i++)
		assert_false(redact_is_secret(open[i]));
}

static void
values_of_queries_are_replaced(void **state)
{
	static const char *const cases[][2] = {
	    {"", ""},
	    {"/", "/"},
	    {"/health", "/health"},
	    {"/a=b/c&d", "/a=b/c&d"},
	    {"/health?token=abc", "/health?token=********"},
	    {"/?a=1&b=2;c=3", "/?a=********&b=********;c=********"},
	    {"/?a=b=c&d", "/?a=********&********"},
	    {"/?secret", "/?********"},
	    {"/?", "/?"},
	    {"/?&&", "/?&&"},
	    {"/?a=", "/?a=********"},
	    {"/?=", "/?=********"},
	    {"/?a=1#top?b=2", "/?a=********#top?b=2"},
	    {"/#?a=1", "/#?a=1"},
	    {"/?a=??b=1", "/?a=********"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_text(redact_query(cases[i][0]), cases[i][1]);
}

static void
options_say_what_is_secret(void **state)
{
	static const char *const cases[][3] = {
	    {NULL, "/usr/bin/check-token", "/usr/bin/check-token"},
	    {"/usr/bin/check-token", "x", "x"},
	    {"--password", "x", "********"},
	    {"-api-key", "x=y", "********"},
	    {"--password", "--all", "--all"},
	    {"--password=x", "y", "y"},
	    {"-v", "--token=x=y", "--token=********"},
	    {"-v", "token=", "token=********"},
	    {"-v", "size=1", "size=1"},
	    {"-v", "=token", "=token"},
	    {"-v", "", ""},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_text(
		    redact_argument(cases[i][0], cases[i][1]), cases[i][2]);
}

#define SENT(bytes, expected)                                            \
	{                                                                \
		bytes, sizeof(bytes) - 1, expected, sizeof(expected) - 1 \
	}

static void
what_is_sent_is_shown_in_part(void **state)
{
	static const struct {
		const char *bytes;
		size_t count;
		const char *expected;
		size_t length;
	} cases[] = {
	    SENT("", ""),
	    SENT("PING\r\n\r\n", "PING\r\n\r\n"),
	    SENT("AUTH x\r\nPING\r\n", "AUTH ********\r\nPING\r\n"),
	    SENT("LOGIN me  pw", "LOGIN ********"),
	    SENT("QUIT \n", "QUIT\n"),
	    SENT(" x\n", " ********\n"),
	    SENT("h\0i", "h\0i"),
	    SENT("\x30\x04public\xa0\x01\x02", "\x30\x04********\xa0\x01\x02"),
	    SENT("\0abc\0", "\0abc\0"),
	    SENT("\0abcd", "\0********"),
	};
	size_t i, length;
	char *text;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		text = redact_sent(cases[i].bytes, cases[i].count, &length);
		assert_int_equal(length, cases[i].length);
		assert_memory_equal(text, cases[i].expected, length);
		free(text);
	}
}

static void
assert_known(const struct conf_check *check, size_t size, const char *text,
    const char *expected)
{
	char *buf = malloc(size);

	assert_non_null(buf);
	snprintf(buf, size, "%s", text);
	redact_known(check, buf, size);
	assert_string_equal(buf, expected);
	free(buf);
}

static void
what_servers_repeat_is_replaced(void **state)
{
	static char name[] = "X-Token", value[] = "to\"ken12", other[] = "A",
		    bearer[] = "Bearer abcdefgh", auth[] = "Authorization",
		    open[] = "public-value", path[] = "/h?a=secret1&b=x";
	struct conf_header headers[] = {
	    {name, value}, {other, open}, {auth, bearer}};
	struct conf_check check = {
	    .path = path, .headers = headers, .header_count = 3};

	(void)state;
	assert_known(&check, 64, "not found: /h?a=secret1&b=x",
	    "not found: /h?a=********&b=x");
	assert_known(&check, 64, "secret1secret1", "****************");
	assert_known(&check, 64, "to\\\"ken12!", "********!");
	assert_known(&check, 64, "Bearer abcdefgh", "Bearer ********");
	assert_known(&check, 64, "public-value", "public-value");
	assert_known(&check, 64, "", "");
	/* Cut off at the end, or for want of room. */
	assert_known(&check, 64, "GET /h?a=secre", "GET /h?a=********");
	assert_known(&check, 64, "GET /h?a=se", "GET /h?a=se");
	assert_known(&check, 10, "x secret1", "x *******");
	assert_known(&check, 11, "x secret1y", "x ********");
	assert_known(&check, 8, "secret1", "*******");
	assert_known(&check, 4, "sec", "***");
}

static void
what_tcp_sends_is_replaced_where_it_is_repeated(void **state)
{
	uint8_t sent[] = "AUTH swordfish\r\nPING\r\nX y\nZ last one";
	struct conf_check check = {
	    .send = {.data = sent, .length = sizeof(sent) - 1}};

	(void)state;
	assert_known(&check, 64, "-ERR bad: swordfish", "-ERR bad: ********");
	assert_known(
	    &check, 64, "AUTH PING X y last", "AUTH PING X y ********");
	assert_known(&check, 64, "the last one!", "the ********!");
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(names_say_what_is_secret),
	    cmocka_unit_test(values_of_queries_are_replaced),
	    cmocka_unit_test(options_say_what_is_secret),
	    cmocka_unit_test(what_is_sent_is_shown_in_part),
	    cmocka_unit_test(what_servers_repeat_is_replaced),
	    cmocka_unit_test(what_tcp_sends_is_replaced_where_it_is_repeated),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("redact", tests, NULL, NULL);
}
