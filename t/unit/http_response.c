/* SPDX-License-Identifier: ISC */

/*
 * The parser of HTTP status lines: whole, a byte at a time, and garbage.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/http_response.h"

#define BAD  1 /* in place of a status */
#define MORE 0

static const struct {
	const char *text;
	unsigned status; /* or BAD or MORE */
} cases[] = {
    {"HTTP/1.1 200 OK\r\n", 200},
    {"HTTP/1.0 404 Not Found\r\n", 404},
    {"HTTP/1.1 204 \r\n", 204},
    {"HTTP/1.1 204\r\n", 204},
    {"HTTP/1.1 204\n", 204},
    {"HTTP/1.1 503 No\n", 503},
    {"HTTP/1.1 999 any\tthing \xc3\xa9\r\n", 999},
    {"HTTP/1.1 101 Switching Protocols\r\n", 101},
    {"HTTP/1.1 200 OK\r\nHTTP/1.1 500 later\r\n", 200},
    {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n", 200},
    {"HTTP/1.1 103 Hints\nLink: <a>\nB: c\n\nHTTP/1.1 500 x\r\n", 500},
    {"HTTP/1.1 103 x\r\nA: b\r\n\r\nHTTP/1.0 100\r\n\r\nHTTP/1.1 302\r\n", 302},
    {"HTTP/1.1 100 Continue\r\n\r\nSSH-2.0\r\n", BAD},
    {"HTTP/1.1 100 Continue\r\nA: b\r\n", MORE},
    {"", MORE},
    {"HTTP/1.1 200 OK\r", MORE},
    {"HTTP/1.1 200", MORE},
    {"H", MORE},
    {"HTTP/1.1 200 OK\rX", BAD},
    {"HTTP/1.1 200 O\x01K\r\n", BAD},
    {"HTTP/1.1 200 \x7f\r\n", BAD},
    {"HTTP/1.1 2000 OK\r\n", BAD},
    {"HTTP/1.1 20 OK\r\n", BAD},
    {"HTTP/1.1 20x OK\r\n", BAD},
    {"HTTP/1.1 099 OK\r\n", BAD},
    {"HTTP/1.1 -20 OK\r\n", BAD},
    {"HTTP/1.1  200 OK\r\n", BAD},
    {"HTTP/1.1\t200 OK\r\n", BAD},
    {"HTTP/1.1\r\n", BAD},
    {"HTTP/1.12 200 OK\r\n", BAD},
    {"HTTP/1.2 200 OK\r\n", BAD},
    {"HTTP/2 200\r\n", BAD},
    {"HTTP/0.9 200 OK\r\n", BAD},
    {"http/1.1 200 OK\r\n", BAD},
    {" HTTP/1.1 200 OK\r\n", BAD},
    {"\r\nHTTP/1.1 200 OK\r\n", BAD},
    {"ICY 200 OK\r\n", BAD},
    {"<html>200</html>\r\n", BAD},
    {"220 mail ESMTP\r\n", BAD},
    {"\x16\x03\x01", BAD},
    {"\n", BAD},
};

/* Feed in pieces of a size. */
static unsigned
parse(const char *text, size_t length, size_t piece, struct http_response *r)
{
	enum http_response_progress progress = HTTP_RESPONSE_MORE;
	size_t i;

	memset(r, 0, sizeof(*r));
	for (i = 0; i < length; i += piece) {
		if (piece > length - i)
			piece = length - i;
		progress = http_response_feed(r, text + i, piece);
		if (progress != HTTP_RESPONSE_MORE)
			break;
	}
	if (progress == HTTP_RESPONSE_MORE)
		return MORE;
	/* What was decided stays. */
	assert_int_equal(http_response_feed(r, "X\r\n", 3), progress);
	return progress == HTTP_RESPONSE_STATUS ? r->status : BAD;
}

static void
test_cases(void **state)
{
	struct http_response r;
	size_t i, piece;
	unsigned got;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (piece = 1; piece < 64; piece++) {
			got = parse(
			    cases[i].text, strlen(cases[i].text), piece, &r);
			if (got != cases[i].status)
				print_error("# %s: %u\n", cases[i].text, got);
			assert_int_equal(got, cases[i].status);
		}
}

/* A NUL is a byte like others that don't belong there. */
static void
test_nul(void **state)
{
	struct http_response r;

	(void)state;
	assert_int_equal(parse("HTTP/1.1 200 \0\r\n", 16, 16, &r), BAD);
	assert_int_equal(parse("\0", 1, 1, &r), BAD);
}

/* A line of exactly the limit is good, one byte more is not. */
static void
test_limit(void **state)
{
	char line[HTTP_RESPONSE_MAX + 1];
	struct http_response r;

	(void)state;
	memset(line, 'x', sizeof(line));
	memcpy(line, "HTTP/1.1 200 ", 13);
	line[HTTP_RESPONSE_MAX - 1] = '\n';
	assert_int_equal(parse(line, sizeof(line), sizeof(line), &r), 200);
	assert_int_equal(r.length, HTTP_RESPONSE_MAX);
	line[HTTP_RESPONSE_MAX - 1] = 'x';
	assert_int_equal(parse(line, HTTP_RESPONSE_MAX, 1, &r), MORE);
	line[HTTP_RESPONSE_MAX] = '\n';
	assert_int_equal(parse(line, sizeof(line), 1, &r), BAD);
	assert_int_equal(parse(line, sizeof(line), 1000, &r), BAD);
}

/* Interim responses without an end are bounded as well. */
static void
test_endless_interim(void **state)
{
	static const char interim[] = "HTTP/1.1 100 Continue\r\n\r\n";
	enum http_response_progress progress = HTTP_RESPONSE_MORE;
	struct http_response r = {0};
	size_t fed = 0;

	(void)state;
	while (progress == HTTP_RESPONSE_MORE && fed < 100000) {
		progress = http_response_feed(&r, interim, sizeof(interim) - 1);
		fed += sizeof(interim) - 1;
	}
	assert_int_equal(progress, HTTP_RESPONSE_BAD);
	assert_in_range(fed, HTTP_RESPONSE_MAX, HTTP_RESPONSE_MAX + 100);
}

/* Good lines with bytes changed at random: any answer, but always the same. */
static void
test_garbage(void **state)
{
	char text[64];
	struct http_response r;
	unsigned whole, status, i, j;
	size_t length;

	(void)state;
	srandom(1);
	for (i = 0; i < 200000; i++) {
		length = strlen(cases[i % 12].text);
		memcpy(text, cases[i % 12].text, length);
		for (j = 0; j < 1 + i % 3; j++)
			text[random() % length] = random() & 0xff;
		whole = parse(text, length, length, &r);
		status = parse(text, length, 1, &r);
		assert_int_equal(whole, status);
		if (status > BAD)
			assert_in_range(status, 101, 999);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_cases),
	    cmocka_unit_test(test_nul),
	    cmocka_unit_test(test_limit),
	    cmocka_unit_test(test_endless_interim),
	    cmocka_unit_test(test_garbage),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
