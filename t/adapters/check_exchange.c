/* SPDX-License-Identifier: ISC */

/*
 * Checks by TCP that send and expect, and those of agents.
 */

#include <sys/socket.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "base/xmalloc.h"
#include "check_harness.h"
#include "check_nginx.h"
#include "check_server.h"

/* A request in the eyes of the tests' server. */
static uint8_t request[] = "PING\r\n\r\n";
static const struct conf_bytes ping = {request, sizeof(request) - 1};

static struct conf_bytes
bytes_of(const char *text)
{
	return (struct conf_bytes){(uint8_t *)(uintptr_t)text, strlen(text)};
}

#define Y10   "yyyyyyyyyy"
#define Y100  Y10 Y10 Y10 Y10 Y10 Y10 Y10 Y10 Y10 Y10
#define Y1000 Y100 Y100 Y100 Y100 Y100 Y100 Y100 Y100 Y100 Y100

static const struct {
	struct server_script script;
	const char *expect; /* "" = nothing */
	enum check_outcome outcome;
	const char *detail;
} tcp_cases[] = {
    {{"+PONG\r\n", END_SILENCE}, "+PONG", CHECK_PASSED, "answered as expected"},
    {{"+PONG\r\n", END_CLOSE}, "PONG\r\n", CHECK_PASSED, "as expected"},
    {{"+PONG\r\n", END_DRIBBLE}, "PONG\r\n", CHECK_PASSED, "as expected"},
    {{"xyxyxyz", END_DRIBBLE}, "xyxyz", CHECK_PASSED, "as expected"},
    {{"-ERR", END_SILENCE}, "+PONG", CHECK_TIMEOUT,
	"what is expected did not come in 250 ms (4 bytes received)"},
    {{"-ERR", END_CLOSE}, "+PONG", CHECK_BAD_ANSWER,
	"closed by the server after 4 bytes, without what is expected"},
    {{"", END_CLOSE}, "+PONG", CHECK_CLOSED, "after 0 bytes"},
    {{"", END_RESET}, "+PONG", CHECK_CLOSED, "reset"},
    {{Y1000, END_AGAIN}, "+PONG", CHECK_BAD_ANSWER, "first 65536 bytes"},
    {{"+PONG" Y1000, END_AGAIN}, "+PONG", CHECK_BAD_RESPONSE, "goes on after"},
    {{"", END_SILENCE}, "", CHECK_PASSED, "connected, and sent 8 bytes"},
};

static void
test_tcp(void **state)
{
	struct conf_check conf;
	struct outcome outcome;
	struct server *server;
	unsigned fds = fd_count();
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(tcp_cases) / sizeof(tcp_cases[0]); i++) {
		server = server_new(base, AF_INET, &tcp_cases[i].script);
		conf = make_conf(CHECK_TCP, server_port(server));
		if (tcp_cases[i].outcome == CHECK_TIMEOUT)
			conf.timeout = TIMEOUT;
		/* many small pieces */
		if (tcp_cases[i].script.end == END_DRIBBLE ||
		    tcp_cases[i].script.end == END_AGAIN)
			conf.timeout = 10000;
		conf.send = ping;
		conf.receive = bytes_of(tcp_cases[i].expect);
		start(&conf, NULL, &outcome);
		expect_result(
		    &outcome, tcp_cases[i].outcome, tcp_cases[i].detail);
		assert_string_equal(outcome.result.sent, "PING\\r\\n\\r\\n");
		assert_string_equal(
		    server_seen(server)->request, (char *)request);
		server_free(server);
	}
	assert_int_equal(fd_count(), fds);
}

/* What is expected has its first bytes in one piece and the rest in another. */
static void
test_pieces(void **state)
{
	static char answer[5000], wanted[1025];
	struct server_script script = {answer, END_CLOSE};
	struct conf_check conf;
	struct outcome outcome;
	struct server *server;
	size_t at;

	(void)state;
	for (at = 0; at < sizeof(wanted) - 1; at++)
		wanted[at] = 'a' + at % 23;
	for (at = 0; at <= sizeof(answer) - sizeof(wanted); at += 397) {
		memset(answer, '-', sizeof(answer) - 1);
		memcpy(answer + at, wanted, sizeof(wanted) - 1);
		server = server_new(base, AF_INET, &script);
		conf = make_conf(CHECK_TCP, server_port(server));
		conf.send = ping;
		conf.receive = bytes_of(wanted);
		start(&conf, NULL, &outcome);
		expect_result(&outcome, CHECK_PASSED, "as expected");
		server_free(server);
	}
}

/* By TLS, to nginx: what TCP would expect of it. */
static void
test_tls(void **state)
{
	static uint8_t get[] = "GET / HTTP/1.0\r\n\r\n";
	struct conf_check conf = make_conf(CHECK_TCP, 0);
	struct outcome outcome;
	struct nginx nginx;

	(void)state;
	if (nginx_start(&nginx) == -1)
		skip();
	conf.port = nginx.ports[NGINX_GOOD];
	conf.timeout = 5000;
	conf.tls = true;
	conf.send = (struct conf_bytes){get, sizeof(get) - 1};
	conf.receive = bytes_of("said the server");
	start(&conf, NULL, &outcome);
	expect_result(&outcome, CHECK_PASSED, "answered as expected");
	conf.receive = bytes_of("said nobody");
	start(&conf, NULL, &outcome);
	expect_result(&outcome, CHECK_BAD_ANSWER, "without what is expected");
	nginx_stop(&nginx);
}

static const struct {
	struct server_script script;
	enum check_outcome outcome;
	const char *detail;
	enum check_advice advice;
	int weight;
} agent_cases[] = {
    {{"up\n", END_CLOSE}, CHECK_PASSED, "agent: up", CHECK_ADVICE_UP, -1},
    {{"up 50%\r\n", END_SILENCE}, CHECK_PASSED, "agent: up 50%",
	CHECK_ADVICE_UP, 50},
    {{"25%", END_CLOSE}, CHECK_PASSED, "agent: 25%", CHECK_ADVICE_NONE, 25},
    {{"drain\n", END_CLOSE}, CHECK_PASSED, "drain", CHECK_ADVICE_DRAIN, -1},
    {{"down #\x1b[31m\n", END_CLOSE}, CHECK_PASSED, "agent: down #?[31m",
	CHECK_ADVICE_DOWN, -1},
    {{"maint\r", END_DRIBBLE}, CHECK_PASSED, "maint", CHECK_ADVICE_DOWN, -1},
    {{"\n", END_CLOSE}, CHECK_BAD_ANSWER, "the agent says nothing",
	CHECK_ADVICE_NONE, -1},
    {{"", END_CLOSE}, CHECK_BAD_ANSWER, "nothing", CHECK_ADVICE_NONE, -1},
    {{"220 mail\r\n", END_CLOSE}, CHECK_BAD_ANSWER,
	"the agent says \"220\", which means nothing", CHECK_ADVICE_NONE, -1},
    {{"", END_SILENCE}, CHECK_TIMEOUT, "no line of the agent in 250 ms (0",
	CHECK_ADVICE_NONE, -1},
    {{"up", END_SILENCE}, CHECK_TIMEOUT, "(2 bytes", CHECK_ADVICE_NONE, -1},
    {{"", END_RESET}, CHECK_CLOSED, "reset", CHECK_ADVICE_NONE, -1},
    {{"up ", END_AGAIN}, CHECK_BAD_RESPONSE, "does not end within 512 bytes",
	CHECK_ADVICE_NONE, -1},
};

static void
test_agent(void **state)
{
	const struct check_result *r;
	struct conf_check conf;
	struct outcome outcome;
	struct server *server;
	size_t i;

	(void)state;
	r = &outcome.result;
	for (i = 0; i < sizeof(agent_cases) / sizeof(agent_cases[0]); i++) {
		server = server_new(base, AF_INET, &agent_cases[i].script);
		conf = make_conf(CHECK_AGENT, server_port(server));
		if (agent_cases[i].outcome == CHECK_TIMEOUT)
			conf.timeout = TIMEOUT;
		conf.send = ping;
		start(&conf, NULL, &outcome);
		expect_result(
		    &outcome, agent_cases[i].outcome, agent_cases[i].detail);
		assert_int_equal(r->agent.state, agent_cases[i].advice);
		assert_int_equal(r->agent.weight, agent_cases[i].weight);
		server_free(server);
	}
}

/* Cancelled while it waits for the answer. */
static void
test_cancel(void **state)
{
	static const struct server_script silent = {"", END_SILENCE};
	static const enum check_type types[] = {CHECK_TCP, CHECK_AGENT};
	unsigned fds = fd_count();
	struct conf_check conf;
	struct outcome outcome;
	struct server *server;
	struct check *check;
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		server = server_new(base, AF_INET, &silent);
		conf = make_conf(types[i], server_port(server));
		conf.send = ping;
		conf.receive = ping;
		check = start(&conf, NULL, &outcome);
		assert_true(wait_until(has_accepted, server, GUARD));
		check_cancel(check);
		turn(20);
		assert_int_equal(outcome.calls, 0);
		server_free(server);
	}
	assert_int_equal(fd_count(), fds);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    TEST(test_tcp),
	    TEST(test_pieces),
	    TEST(test_tls),
	    TEST(test_agent),
	    TEST(test_cancel),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
