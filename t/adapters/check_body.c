/* SPDX-License-Identifier: ISC */

/*
 * HTTP checks in full: bodies, headers and the end of responses, against bad
 * servers and nginx.
 */

#include <sys/socket.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/xmalloc.h"
#include "check_harness.h"
#include "check_nginx.h"
#include "check_proxy.h"
#include "check_server.h"
#include "config.h"
#include "core/pattern.h"

#define HEAD	"HTTP/1.1 200 OK\r\n"
#define CHUNKED HEAD "Transfer-Encoding: chunked\r\n\r\n"
#define A10	"aaaaaaaaaa"
#define Y10	"yyyyyyyyyy"
#define Y100	Y10 Y10 Y10 Y10 Y10 Y10 Y10 Y10 Y10 Y10
#define Y1000	Y100 Y100 Y100 Y100 Y100 Y100 Y100 Y100 Y100 Y100
#define LONG	2000 /* ms; nothing here should take it */

static struct nginx nginx;

/* Have a check expect a body. */
static void
expect_body(struct conf_check *conf, const char *text, bool regex)
{
	static struct pattern *pattern;
	static char copy[128];
	char why[128];

	pattern_free(pattern);
	pattern = NULL;
	if (regex) {
		pattern = pattern_compile(text, why, sizeof(why));
		assert_non_null(pattern);
	}
	snprintf(copy, sizeof(copy), "%s", text);
	conf->body.text = copy;
	conf->body.regex = regex;
	conf->body.pattern = pattern;
	conf->body.within = 65536;
}

static const struct {
	struct server_script script;
	const char *text;
	bool regex;
	size_t within; /* 0 = much */
	enum check_outcome outcome;
	const char *detail;
} cases[] = {
    {{HEAD "Content-Length: 5\r\n\r\nhello", END_SILENCE}, "ell", false, 0,
	CHECK_PASSED, "HTTP 200, with the body"},
    {{HEAD "Content-Length: 5\r\n\r\nhello", END_SILENCE}, "hello!", false, 0,
	CHECK_BAD_ANSWER, "HTTP 200, but 5 bytes of body don't contain"},
    {{HEAD "\r\nhello", END_CLOSE}, "hello", false, 0, CHECK_PASSED, "body"},
    {{HEAD "\r\nhello", END_RESET}, "nothing", false, 0, CHECK_CLOSED, ""},
    {{HEAD "\r\nhello", END_SILENCE}, "hello", false, 0, CHECK_TIMEOUT,
	"no end of the body in 250 ms (5 bytes of it)"},
    {{HEAD "\r\nhello", END_SILENCE}, "hello", false, 5, CHECK_PASSED, ""},
    {{HEAD "\r\nhello", END_SILENCE}, "hello", false, 4, CHECK_BAD_ANSWER,
	"but the first 4 bytes"},
    {{HEAD "\r\nhello" Y1000, END_AGAIN}, "hello", false, 50,
	CHECK_BAD_RESPONSE, "goes on after"},
    {{HEAD "\r\nhello" Y1000, END_AGAIN}, "nothing", false, 50,
	CHECK_BAD_ANSWER, "but the first 50 bytes"},
    {{HEAD "Content-Length: 9\r\n\r\nhello", END_CLOSE}, "hello", false, 0,
	CHECK_CLOSED, "closed by the server after 5 bytes of the body"},
    {{HEAD "Content-Length: x\r\n\r\nhello", END_CLOSE}, "hello", false, 0,
	CHECK_BAD_RESPONSE, "HTTP 200, but its body is badly framed"},
    {{CHUNKED "3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n", END_SILENCE}, "hello", false,
	0, CHECK_PASSED, "body"},
    {{CHUNKED "3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n", END_DRIBBLE}, "^hello$", true,
	0, CHECK_PASSED, "body"},
    {{CHUNKED "3\r\nhel\r\n2\r\nlo\r\n", END_CLOSE}, "hello", false, 0,
	CHECK_CLOSED, "after 5 bytes"},
    {{CHUNKED "3\r\nhello", END_CLOSE}, "hello", false, 0, CHECK_BAD_RESPONSE,
	"badly framed"},
    {{HEAD "Content-Length: 5\r\n\r\nhello", END_CLOSE}, "^h[a-z]+o$", true, 0,
	CHECK_PASSED, "body"},
    {{HEAD "Content-Length: 5\r\n\r\nhello", END_CLOSE}, "^(a|b)", true, 0,
	CHECK_BAD_ANSWER, "don't match \"^(a|b)\""},
    {{HEAD "Content-Length: 40\r\n\r\n" A10 A10 A10 A10, END_CLOSE},
	"(a|aa)*[bc]", true, 0, CHECK_BAD_ANSWER,
	"HTTP 200, but to search its body for \"(a|aa)*[bc]\" takes too long"},
    {{HEAD "Content-Length: 0\r\n\r\n", END_SILENCE}, "a", false, 0,
	CHECK_BAD_ANSWER, "0 bytes"},
    {{HEAD "Content-Length: 0\r\n\r\n", END_SILENCE}, "^$", true, 0,
	CHECK_PASSED, ""},
    {{"HTTP/1.1 204 No\r\n\r\n", END_SILENCE}, "a", false, 0, CHECK_BAD_STATUS,
	"HTTP 204, not 200"},
};

static void
test_cases(void **state)
{
	struct conf_check conf;
	struct outcome outcome;
	struct server *server;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		server = server_new(base, AF_INET, &cases[i].script);
		conf = make_conf(CHECK_HTTP, server_port(server));
		if (cases[i].outcome == CHECK_TIMEOUT)
			conf.timeout = TIMEOUT;
		/* many pieces */
		if (cases[i].script.end == END_DRIBBLE ||
		    cases[i].script.end == END_AGAIN)
			conf.timeout = 10000;
		expect_body(&conf, cases[i].text, cases[i].regex);
		if (cases[i].within > 0)
			conf.body.within = cases[i].within;
		start(&conf, NULL, &outcome);
		expect_result(&outcome, cases[i].outcome, cases[i].detail);
		server_free(server);
	}
}

static void
test_any_status(void **state)
{
	static const struct server_script script = {
	    "HTTP/1.1 599 Hm\r\n\r\n", END_CLOSE};
	struct server *server = server_new(base, AF_INET, &script);
	struct conf_check conf = make_conf(CHECK_HTTP, server_port(server));
	struct outcome outcome;

	(void)state;
	conf.expect_count = 0;
	conf.expect_any = true;
	start(&conf, NULL, &outcome);
	expect_result(&outcome, CHECK_PASSED, "HTTP 599");
	server_free(server);
}

/* The request with fields of its own, which are not in the transcript. */
static void
test_headers(void **state)
{
	static const struct server_script good = {OK, END_CLOSE};
	static char name[] = "authorization", value[] = "Bearer secret",
		    agent[] = "user-agent", empty[] = "";
	struct conf_header headers[] = {{name, value}, {agent, empty}};
	struct server *server = server_new(base, AF_INET, &good);
	struct conf_check conf = make_conf(CHECK_HTTP, server_port(server));
	struct outcome outcome;
	char *wanted;

	(void)state;
	conf.headers = headers;
	conf.header_count = 2;
	conf.keep_alive = true;
	start(&conf, NULL, &outcome);
	expect_result(&outcome, CHECK_PASSED, "HTTP 200");
	wanted = xasprintf("GET /status?a=b HTTP/1.1\r\n"
			   "Host: 127.0.0.1:%u\r\n"
			   "Accept: */*\r\n"
			   "authorization: Bearer secret\r\n"
			   "user-agent: \r\n\r\n",
	    conf.port);
	assert_string_equal(server_seen(server)->request, wanted);
	assert_null(strstr(outcome.result.sent, "secret"));
	free(wanted);
	server_free(server);
}

/* With keep_alive, a complete response is the end; no time is waited for. */
static void
test_keep_alive(void **state)
{
	static const struct server_script script = {OK, END_SILENCE};
	struct server *server = server_new(base, AF_INET, &script);
	struct conf_check conf = make_conf(CHECK_HTTP, server_port(server));
	struct outcome outcome;

	(void)state;
	conf.timeout = LONG;
	conf.keep_alive = true;
	start(&conf, NULL, &outcome);
	expect_result(&outcome, CHECK_PASSED, "HTTP 200");
	assert_true(wait_until(has_gone, server, GUARD));
	assert_int_equal(server_seen(server)->reset, 1);
	server_free(server);
}

static void
probe_nginx(struct conf_check *conf, const char *path, struct outcome *outcome)
{
	static char copy[64];

	snprintf(copy, sizeof(copy), "%s", path);
	conf->path = copy;
	conf->timeout = LONG;
	start(conf, NULL, outcome);
}

static void
test_nginx(void **state)
{
	static const struct {
		const char *path, *text;
		bool regex;
		enum check_outcome outcome;
		const char *detail;
	} pages[] = {
	    {"/", "All is well", false, CHECK_PASSED, "HTTP 200, with"},
	    {"/", "All is lost", false, CHECK_BAD_ANSWER, "30 bytes of body"},
	    {"/", "^All .* server\\.\n$", true, CHECK_PASSED, "with the body"},
	    {"/chunked", "^one HTTP/1\\.1 two\n$", true, CHECK_PASSED, "body"},
	    {"/moved", NULL, false, CHECK_BAD_STATUS, "HTTP 301, not 200"},
	    {"/none", NULL, false, CHECK_BAD_STATUS, "HTTP 404, not 200"},
	    {"/large", "x", false, CHECK_BAD_ANSWER, "the first 65536 bytes"},
	    {"/headers", "[][vc5d/" PACKAGE_VERSION " health check][close]",
		false, CHECK_PASSED, "body"},
	};
	static const enum nginx_server servers[] = {NGINX_PLAIN, NGINX_GOOD};
	struct conf_check conf;
	struct outcome outcome;
	size_t i, j;

	(void)state;
	for (i = 0; i < sizeof(pages) / sizeof(pages[0]); i++)
		for (j = 0; j < 2; j++) {
			conf = make_conf(j == 0 ? CHECK_HTTP : CHECK_HTTPS,
			    nginx.ports[servers[j]]);
			conf.tls = j == 1;
			if (pages[i].text != NULL)
				expect_body(
				    &conf, pages[i].text, pages[i].regex);
			probe_nginx(&conf, pages[i].path, &outcome);
			expect_result(
			    &outcome, pages[i].outcome, pages[i].detail);
		}
	assert_non_null(
	    strstr(outcome.result.received, "HTTP/1.1 200 OK\\r\\n"));
}

/* A byte at a time, plain and by TLS. */
static void
test_pieces(void **state)
{
	static const struct proxy_script byte = {.piece = 1};
	static const enum nginx_server servers[] = {NGINX_PLAIN, NGINX_GOOD};
	struct conf_check conf;
	struct outcome outcome;
	struct proxy *proxy;
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		proxy = proxy_new(base, nginx.ports[servers[i]], &byte);
		conf = make_conf(
		    i == 0 ? CHECK_HTTP : CHECK_HTTPS, proxy_port(proxy));
		conf.tls = i == 1;
		expect_body(&conf, "^one HTTP/1.1 two", true);
		probe_nginx(&conf, "/chunked", &outcome);
		expect_result(&outcome, CHECK_PASSED, "HTTP 200, with");
		proxy_free(proxy);
	}
}

/* Records of TLS that are larger than what is read at once. */
static void
test_large_body(void **state)
{
	struct conf_check conf =
	    make_conf(CHECK_HTTPS, nginx.ports[NGINX_GOOD]);
	char *path = xasprintf("%s/www/hay", nginx.directory);
	FILE *file = fopen(path, "we");
	struct outcome outcome;
	unsigned i;

	(void)state;
	for (i = 0; i < 60000; i++)
		fputc('-', file);
	fputs("needle", file);
	fclose(file);
	conf.tls = true;
	expect_body(&conf, "-needle", false);
	conf.body.within = 60006;
	probe_nginx(&conf, "/hay", &outcome);
	expect_result(&outcome, CHECK_PASSED, "HTTP 200, with the body");
	conf.body.within = 60005;
	probe_nginx(&conf, "/hay", &outcome);
	expect_result(&outcome, CHECK_BAD_ANSWER, "the first 60005 bytes");
	free(path);
}

/*
 * A byte that was changed on the way, anywhere: the body, which comes last, is
 * not believed, and something is said about it.
 */
static void
test_damage(void **state)
{
	struct proxy_script script = {.flip = 0};
	struct conf_check conf = make_conf(CHECK_HTTPS, 0);
	const struct check_result *r;
	size_t size = 0, passed = 0, tried = 0;
	struct outcome outcome;
	struct proxy *proxy;

	(void)state;
	r = &outcome.result;
	conf.tls = true;
	expect_body(&conf, "one HTTP/1.1 two", false);
	for (; script.flip <= size; script.flip += 1 + size / 50) {
		proxy = proxy_new(base, nginx.ports[NGINX_GOOD], &script);
		conf.port = proxy_port(proxy);
		probe_nginx(&conf, "/chunked", &outcome);
		assert_true(wait_until(has_result, &outcome, GUARD));
		assert_int_not_equal(r->detail[0], '\0');
		assert_int_not_equal(r->outcome, CHECK_LOCAL_ERROR);
		assert_int_not_equal(r->outcome, CHECK_UNREACHABLE);
		passed += r->outcome == CHECK_PASSED;
		tried++;
		if (size == 0)
			size = proxy_passed(proxy);
		proxy_free(proxy);
	}
	assert_true(tried > 40);
	/* the first is not damaged; others may be after the body */
	assert_in_range(passed, 1, 5);
}

static int
stop_nginx(void **state)
{
	(void)state;
	nginx_stop(&nginx);
	return 0;
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    TEST(test_cases),
	    TEST(test_any_status),
	    TEST(test_headers),
	    TEST(test_keep_alive),
	    TEST(test_nginx),
	    TEST(test_pieces),
	    TEST(test_large_body),
	    TEST(test_damage),
	};

	if (nginx_start(&nginx) == -1) {
		printf("1..0 # SKIP nginx can't be run\n");
		return 0;
	}
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, stop_nginx);
}
