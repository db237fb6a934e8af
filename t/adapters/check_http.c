/* SPDX-License-Identifier: ISC */

/*
 * HTTP checks against real servers on loopback, most of them nasty.
 */

#include <sys/resource.h>
#include <sys/socket.h>

#include <stdio.h>
#include <string.h>

#include "check_harness.h"
#include "check_server.h"
#include "config.h"

static const struct server_script good = {OK, END_CLOSE};

static const struct {
	struct server_script script;
	enum check_outcome outcome;
	const char *detail;
} http_cases[] = {
    {{OK, END_CLOSE}, CHECK_PASSED, "HTTP 200"},
    {{OK, END_SILENCE}, CHECK_PASSED, "HTTP 200"},
    {{OK, END_RESET}, CHECK_PASSED, "HTTP 200"},
    {{OK, END_AGAIN}, CHECK_BAD_RESPONSE, "goes on after"},
    {{"HTTP/1.0 200 \n", END_SILENCE}, CHECK_PASSED, "HTTP 200"},
    {{"HTTP/1.1 100 Continue\r\n\r\n" OK, END_CLOSE}, CHECK_PASSED, "HTTP 200"},
    {{"HTTP/1.1 503 No\r\n\r\n", END_CLOSE}, CHECK_BAD_STATUS,
	"HTTP 503, not 200"},
    {{"HTTP/1.1 201 Hm\r\n\r\n", END_CLOSE}, CHECK_BAD_STATUS, "HTTP 201"},
    {{"HTTP/1.1 503 No\r\n\r\n", END_AGAIN}, CHECK_BAD_STATUS, "HTTP 503"},
    {{"", END_SILENCE}, CHECK_TIMEOUT, "no status in 250 ms (0 bytes"},
    {{"HTTP/1.1 200", END_SILENCE}, CHECK_TIMEOUT, "(12 bytes"},
    {{"HTTP/1.1 200 a very long reason\r\n", END_DRIBBLE}, CHECK_TIMEOUT,
	"connected, no status in"},
    {{"", END_CLOSE}, CHECK_CLOSED, "after 0 bytes"},
    {{"HTTP/1.1 200 OK", END_CLOSE}, CHECK_CLOSED, "after 15 bytes"},
    {{"", END_RESET}, CHECK_CLOSED, "reset"},
    {{"SSH-2.0-OpenSSH_9.2\r\n", END_SILENCE}, CHECK_BAD_RESPONSE,
	"\"SSH-2.0-OpenSSH_9.2\""},
    {{"\x15\x03\x01\x7f\xff\x1b[31m", END_CLOSE}, CHECK_BAD_RESPONSE, "?[31m"},
    {{"y", END_AGAIN}, CHECK_BAD_RESPONSE, "not an HTTP/1 response"},
    {{"HTTP/1.1 100 \r\n\r\n", END_AGAIN}, CHECK_BAD_RESPONSE,
	"no status in the first 8192 bytes"},
};

static void
test_http(void **state)
{
	struct conf_check conf;
	struct outcome outcome;
	struct server *server;
	unsigned fds = fd_count();
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(http_cases) / sizeof(http_cases[0]); i++) {
		server = server_new(base, AF_INET, &http_cases[i].script);
		conf = make_conf(CHECK_HTTP, server_port(server));
		if (http_cases[i].outcome == CHECK_TIMEOUT)
			conf.timeout = TIMEOUT;
		start(&conf, NULL, &outcome);
		expect_result(
		    &outcome, http_cases[i].outcome, http_cases[i].detail);
		assert_int_equal(server_seen(server)->accepted, 1);
		server_free(server);
	}
	assert_int_equal(fd_count(), fds);
}

static struct conf_range expect_ranges[] = {{200, 200}, {300, 399}};

static void
test_ranges(void **state)
{
	static const struct {
		struct server_script script;
		bool passes;
	} cases[] = {
	    {{"HTTP/1.1 200 \r\n", END_CLOSE}, true},
	    {{"HTTP/1.1 201 \r\n", END_CLOSE}, false},
	    {{"HTTP/1.1 299 \r\n", END_CLOSE}, false},
	    {{"HTTP/1.1 300 \r\n", END_CLOSE}, true},
	    {{"HTTP/1.1 399 \r\n", END_CLOSE}, true},
	    {{"HTTP/1.1 400 \r\n", END_CLOSE}, false},
	};
	struct conf_check conf;
	struct outcome outcome;
	struct server *server;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		server = server_new(base, AF_INET, &cases[i].script);
		conf = make_conf(CHECK_HTTP, server_port(server));
		conf.expect = expect_ranges;
		conf.expect_count = 2;
		start(&conf, NULL, &outcome);
		if (cases[i].passes)
			expect_result(&outcome, CHECK_PASSED, "HTTP ");
		else
			expect_result(
			    &outcome, CHECK_BAD_STATUS, ", not 200, 300-399");
		server_free(server);
	}
}

/* The request, to the byte; host NULL = the VIP. */
static void
check_request(uint8_t family, char *method, char *host)
{
	struct check_target target = {
	    .vip = loopback(family), .source = loopback(family)};
	struct server *server = server_new(base, family, &good);
	struct conf_check conf;
	struct outcome outcome;
	char wanted[512], vip[80];

	if (server == NULL) {
		print_message("# no IPv6 here: its request is not tested\n");
		return;
	}
	conf = make_conf(CHECK_HTTP, server_port(server));
	conf.method = method;
	conf.host = host;
	start(&conf, &target, &outcome);
	expect_result(&outcome, CHECK_PASSED, "HTTP 200");
	snprintf(vip, sizeof(vip),
	    family == AF_INET ? "127.0.0.1:%u" : "[::1]:%u", conf.port);
	snprintf(wanted, sizeof(wanted),
	    "%s /status?a=b HTTP/1.1\r\n"
	    "Host: %s\r\n"
	    "User-Agent: vc5d/" PACKAGE_VERSION " health check\r\n"
	    "Accept: */*\r\n"
	    "Connection: close\r\n\r\n",
	    method, host ? host : vip);
	assert_string_equal(server_seen(server)->request, wanted);
	server_free(server);
}

static void
test_request(void **state)
{
	char get[] = "GET", head[] = "HEAD", host[] = "www.example.org";

	(void)state;
	check_request(AF_INET, get, NULL);
	check_request(AF_INET, head, host);
	check_request(AF_INET6, get, NULL);
}

/* A server that closes when asked to sees no reset and keeps TIME_WAIT. */
static void
test_http_end(void **state)
{
	struct server *server = server_new(base, AF_INET, &good);
	struct conf_check conf = make_conf(CHECK_HTTP, server_port(server));
	struct outcome outcome;
	unsigned i;

	(void)state;
	for (i = 0; i < 200; i++) {
		start(&conf, NULL, &outcome);
		expect_result(&outcome, CHECK_PASSED, "HTTP 200");
	}
	turn(20);
	assert_int_equal(server_seen(server)->ended, 200);
	assert_int_equal(server_seen(server)->reset, 0);
	assert_int_equal(time_wait_count(conf.port), 0);
	server_free(server);
}

/* One that does not is reset soon, and no TIME_WAIT is left either. */
static void
test_http_reset(void **state)
{
	static const struct server_script script = {OK, END_SILENCE};
	struct server *server = server_new(base, AF_INET, &script);
	struct conf_check conf = make_conf(CHECK_HTTP, server_port(server));
	struct outcome outcome;

	(void)state;
	start(&conf, NULL, &outcome);
	expect_result(&outcome, CHECK_PASSED, "HTTP 200");
	assert_true(wait_until(has_gone, server, GUARD));
	assert_int_equal(server_seen(server)->reset, 1);
	assert_int_equal(time_wait_count(conf.port), 0);
	server_free(server);
}

/* Gigabytes: what is taken of them is what the kernel buffers. */
static void
test_endless(void **state)
{
	static char megabyte[(1 << 20) + 1];
	struct server_script script = {megabyte, END_AGAIN};
	struct conf_check conf;
	struct outcome outcome;
	struct server *server;
	struct rusage before, after;
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		memset(megabyte, 'x', sizeof(megabyte) - 1);
		if (i == 0)
			memcpy(megabyte, "HTTP/1.1 200 OK\r\n", 17);
		server = server_new(base, AF_INET, &script);
		conf = make_conf(CHECK_HTTP, server_port(server));
		getrusage(RUSAGE_SELF, &before);
		start(&conf, NULL, &outcome);
		expect_result(&outcome, CHECK_BAD_RESPONSE,
		    i == 0 ? "goes on after" : "not an HTTP/1 response");
		assert_true(wait_until(has_gone, server, GUARD));
		getrusage(RUSAGE_SELF, &after);
		assert_in_range(server_seen(server)->sent, 1, 8 << 20);
		assert_in_range(
		    after.ru_maxrss - before.ru_maxrss, 0, 512 /* KiB */);
		server_free(server);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    TEST(test_http),
	    TEST(test_ranges),
	    TEST(test_request),
	    TEST(test_http_end),
	    TEST(test_http_reset),
	    TEST(test_endless),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
