/* SPDX-License-Identifier: ISC */

/*
 * The parser of HTTP responses: whole, a byte at a time, and garbage.
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

/* Feed in pieces of a size, from memory of its own for ASan to see. */
static enum http_response_progress
feed(const char *text, size_t length, size_t piece, struct http_response *r)
{
	enum http_response_progress progress = HTTP_RESPONSE_MORE;
	char *copy;
	size_t i;

	for (i = 0; i < length; i += piece) {
		if (piece > length - i)
			piece = length - i;
		copy = malloc(piece);
		memcpy(copy, text + i, piece);
		progress = http_response_feed(r, copy, piece);
		free(copy);
	}
	return progress;
}

static unsigned
parse(const char *text, size_t length, size_t piece, struct http_response *r)
{
	enum http_response_progress progress;

	memset(r, 0, sizeof(*r));
	progress = feed(text, length, piece, r);
	http_response_clear(r);
	/* What was decided stays. */
	if (progress != HTTP_RESPONSE_MORE)
		assert_int_equal(http_response_feed(r, "X", 1), progress);
	if (r->known)
		return r->status;
	return progress == HTTP_RESPONSE_MORE ? MORE : BAD;
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

#define HEAD	"HTTP/1.1 200 OK\r\n"
#define CHUNKED HEAD "Transfer-Encoding: chunked\r\n\r\n"
#define DONE	HTTP_RESPONSE_DONE
#define OPEN	HTTP_RESPONSE_STATUS /* there is more to come */
#define WRONG	HTTP_RESPONSE_BAD

static const struct {
	const char *text;
	enum http_response_progress progress, end; /* before, after EOF */
	const char *body;
} bodies[] = {
    {HEAD, OPEN, OPEN, ""},
    {HEAD "\r\n", OPEN, DONE, ""},
    {HEAD "\r\nabc", OPEN, DONE, "abc"},
    {HEAD "\nabc", OPEN, DONE, "abc"},
    {HEAD "Content-Length: 0\r\n\r\n", DONE, DONE, ""},
    {HEAD "Content-Length: 3\r\n\r\nabc", DONE, DONE, "abc"},
    {HEAD "content-length:3\n\nabcdef", DONE, DONE, "abc"},
    {HEAD "CONTENT-LENGTH:\t 3 \r\n\r\nab", OPEN, OPEN, "ab"},
    {HEAD "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", DONE, DONE,
	"abc"},
    {HEAD "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc", WRONG, WRONG,
	""},
    {HEAD "Content-Length: 3, 3\r\n\r\nabc", WRONG, WRONG, ""},
    {HEAD "Content-Length: -3\r\n\r\nabc", WRONG, WRONG, ""},
    {HEAD "Content-Length: 0x3\r\n\r\nabc", WRONG, WRONG, ""},
    {HEAD "Content-Length:\r\n\r\nabc", WRONG, WRONG, ""},
    {HEAD "Content-Length: 18446744073709551617\r\n\r\nabc", WRONG, WRONG, ""},
    {HEAD "X-Content-Length: 1\r\nContent-Lengthy: 1\r\n\r\nabc", OPEN, DONE,
	"abc"},
    {HEAD "A: b\r\n Content-Length: 1\r\n\r\nabc", OPEN, DONE, "abc"},
    {HEAD "no colon\r\n:empty\r\n\r\nabc", OPEN, DONE, "abc"},
    {"HTTP/1.1 204 No\r\nContent-Length: 3\r\n\r\nabc", DONE, DONE, ""},
    {"HTTP/1.1 304 No\r\nContent-Length: 3\r\n\r\n", DONE, DONE, ""},
    {"HTTP/1.1 101 Up\r\nContent-Length: 3\r\n\r\nabcd", OPEN, DONE, "abcd"},
    {"HTTP/1.1 103 x\r\nContent-Length: 3\r\n\r\n" HEAD "\r\nabcd", OPEN, DONE,
	"abcd"},
    {CHUNKED "3\r\nabc\r\n0\r\n\r\n", DONE, DONE, "abc"},
    {CHUNKED "3\nabc\n0\n\n", DONE, DONE, "abc"},
    {CHUNKED "003;a=\"b\"\r\nabc\r\nA ; x\r\n0123456789\r\n000\r\nT: 1\r\n\r\n",
	DONE, DONE, "abc0123456789"},
    {CHUNKED "1\r\na\r\n1\r\nb\r\n0\r\n\r\nHTTP/1.1", DONE, DONE, "ab"},
    {CHUNKED "0\r\n\r\n", DONE, DONE, ""},
    {CHUNKED "", OPEN, OPEN, ""},
    {CHUNKED "3\r\nab", OPEN, OPEN, "ab"},
    {CHUNKED "3\r\nabc\r\n0\r\n", OPEN, OPEN, "abc"},
    {CHUNKED "3\r\nabc\r\n0\r\nT: 1\r\n", OPEN, OPEN, "abc"},
    {CHUNKED "\r\n", WRONG, WRONG, ""},
    {CHUNKED ";a\r\n", WRONG, WRONG, ""},
    {CHUNKED "g\r\n", WRONG, WRONG, ""},
    {CHUNKED "-1\r\n", WRONG, WRONG, ""},
    {CHUNKED "3\rabc", WRONG, WRONG, ""},
    {CHUNKED "3\r\nabcd\r\n", WRONG, WRONG, "abc"},
    {CHUNKED "3\r\nabc\rx", WRONG, WRONG, "abc"},
    {CHUNKED "ffffffffffffffff\r\nabc", WRONG, WRONG, ""},
    {CHUNKED "7ffffffffffffff\r\nabc", OPEN, OPEN, "abc"},
    {CHUNKED "000000000000000000000000000000003\r\nabc", WRONG, WRONG, ""},
    {HEAD "Transfer-Encoding: gzip, Chunked \r\nContent-Length: 9\r\n\r\n"
	  "1\r\na\r\n0\r\n\r\n",
	DONE, DONE, "a"},
    {HEAD "Transfer-Encoding: chunked, gzip\r\nContent-Length: 1\r\n\r\nabc",
	OPEN, DONE, "abc"},
    {HEAD "Transfer-Encoding: chunkedd\r\n\r\nabc", OPEN, DONE, "abc"},
    {HEAD "Transfer-Encoding: \r\n\r\nabc", OPEN, DONE, "abc"},
};

static void
test_bodies(void **state)
{
	enum http_response_progress progress;
	struct http_response r;
	size_t i, piece;

	(void)state;
	for (i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
		for (piece = 1; piece < 128; piece++) {
			memset(&r, 0, sizeof(r));
			r.body.keep = 1000;
			progress = feed(
			    bodies[i].text, strlen(bodies[i].text), piece, &r);
			if (progress != bodies[i].progress ||
			    r.body.kept_length != strlen(bodies[i].body))
				print_error("# %s\n", bodies[i].text);
			assert_int_equal(progress, bodies[i].progress);
			assert_int_equal(http_response_end(&r), bodies[i].end);
			assert_int_equal(
			    r.body.kept_length, strlen(bodies[i].body));
			if (r.body.kept_length > 0)
				assert_memory_equal(r.body.kept, bodies[i].body,
				    r.body.kept_length);
			http_response_clear(&r);
		}
}

/* HEAD has a length, but not of what comes. */
static void
test_bodiless(void **state)
{
	static const char text[] = HEAD "Content-Length: 3\r\n\r\n";
	struct http_response r = {.bodiless = true};

	(void)state;
	assert_int_equal(feed(text, sizeof(text) - 1, 1, &r), DONE);
}

/* Only what was asked for is kept, of however much. */
static void
test_keep(void **state)
{
	static char megabyte[1 << 20];
	struct http_response r = {.body.keep = 1500};
	unsigned i;

	(void)state;
	memset(megabyte, 'x', sizeof(megabyte));
	assert_int_equal(feed(HEAD "\r\n", 19, 19, &r), OPEN);
	for (i = 0; i < 10; i++)
		assert_int_equal(
		    http_response_feed(&r, megabyte, sizeof(megabyte)), OPEN);
	assert_int_equal(r.body.kept_length, 1500);
	assert_in_range(r.body.kept_size, 1500, 4096);
	assert_int_equal(r.body.total, 10 << 20);
	http_response_clear(&r);
}

/* Fields, extensions and trailers without an end are bounded. */
static void
test_endless(void **state)
{
	static const struct {
		const char *start, *more;
		size_t most;
	} endless[] = {
	    {HEAD, "A: b\r\n", HTTP_HEAD_MAX},
	    {HEAD, "a", HTTP_HEAD_MAX},
	    {HEAD "Content-Length: ", " ", HTTP_HEAD_MAX},
	    {CHUNKED "1;", "a", 2000},
	    {CHUNKED "0\r\n", "A: b\r\n", 10000},
	    {CHUNKED, "0", 100},
	};
	enum http_response_progress progress;
	struct http_response r;
	size_t i, fed;

	(void)state;
	for (i = 0; i < sizeof(endless) / sizeof(endless[0]); i++) {
		memset(&r, 0, sizeof(r));
		progress =
		    feed(endless[i].start, strlen(endless[i].start), 64, &r);
		for (fed = 0; progress == OPEN && fed < 1000000;
		     fed += strlen(endless[i].more))
			progress = http_response_feed(
			    &r, endless[i].more, strlen(endless[i].more));
		assert_int_equal(progress, WRONG);
		assert_in_range(fed, 1, endless[i].most);
	}
}

/* Whole responses with bytes changed at random: always the same answer. */
static void
test_fuzz(void **state)
{
	struct http_response whole, split;
	char text[256];
	size_t length, piece;
	unsigned i, j, count = sizeof(bodies) / sizeof(bodies[0]);

	(void)state;
	srandom(2);
	for (i = 0; i < 200000; i++) {
		length = strlen(bodies[i % count].text);
		memcpy(text, bodies[i % count].text, length);
		for (j = 0; j < i / count % 4; j++)
			text[random() % length] = random() & 0xff;
		piece = 1 + random() % length;
		memset(&whole, 0, sizeof(whole));
		memset(&split, 0, sizeof(split));
		whole.body.keep = split.body.keep = 20;
		assert_int_equal(feed(text, length, length, &whole),
		    feed(text, length, piece, &split));
		assert_int_equal(whole.status, split.status);
		assert_int_equal(whole.body.total, split.body.total);
		assert_int_equal(
		    whole.body.kept_length, split.body.kept_length);
		http_response_clear(&whole);
		http_response_clear(&split);
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
	    cmocka_unit_test(test_bodies),
	    cmocka_unit_test(test_bodiless),
	    cmocka_unit_test(test_keep),
	    cmocka_unit_test(test_endless),
	    cmocka_unit_test(test_fuzz),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
