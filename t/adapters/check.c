/* SPDX-License-Identifier: ISC */

/*
 * Probes from start to end, cancelled or not, and what can fail on this host.
 */

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/monotime.h"
#include "check_harness.h"
#include "check_server.h"

static const struct server_script good = {OK, END_CLOSE};

/*
 * A thousand, and the server's program hears of none, nor is a port used up.
 * Unless this process was late: the kernel holds an ACK back for 40 ms.
 */
static void
test_tcp(void **state)
{
	struct server *server = server_new(base, AF_INET, &good);
	struct conf_check conf = make_conf(CHECK_TCP, server_port(server));
	struct outcome outcome;
	unsigned i, late = 0, fds = fd_count();
	uint64_t began;

	(void)state;
	for (i = 0; i < 1000; i++) {
		began = monotime_ms();
		start(&conf, NULL, &outcome);
		expect_result(&outcome, CHECK_PASSED, "connected");
		late += monotime_ms() - began >= 30;
	}
	assert_int_equal(fd_count(), fds);
	assert_in_range(
	    server_drop_callers(server) + server_seen(server)->accepted, 0,
	    late);
	assert_int_equal(time_wait_count(server_port(server)), 0);
	server_free(server);
}

static void
test_refused(void **state)
{
	struct conf_check conf = make_conf(CHECK_TCP, 0);
	struct outcome outcome;
	int fd = loopback_socket(AF_INET, -1, &conf.port);

	(void)state;
	start(&conf, NULL, &outcome);
	expect_result(&outcome, CHECK_REFUSED, "refused");
	conf.type = CHECK_HTTP;
	start(&conf, NULL, &outcome);
	expect_result(&outcome, CHECK_REFUSED, "refused");
	close(fd);
}

static void
test_timeout(void **state)
{
	struct conf_check conf = make_conf(CHECK_TCP, 0);
	struct outcome outcome;
	int fillers[8], fd = full_listener(&conf.port, fillers);

	(void)state;
	conf.timeout = TIMEOUT;
	start(&conf, NULL, &outcome);
	expect_result(&outcome, CHECK_TIMEOUT, "no connection in 250 ms");
	conf.type = CHECK_HTTP;
	start(&conf, NULL, &outcome);
	expect_result(&outcome, CHECK_TIMEOUT, "no connection in 250 ms");
	close_all(fd, fillers);
}

static void
test_two_at_once(void **state)
{
	static const struct server_script silent = {"", END_SILENCE};
	struct server *a = server_new(base, AF_INET, &good);
	struct server *b = server_new(base, AF_INET, &silent);
	struct conf_check conf_a = make_conf(CHECK_HTTP, server_port(a));
	struct conf_check conf_b = make_conf(CHECK_HTTP, server_port(b));
	struct outcome outcome_a, outcome_b;

	(void)state;
	start(&conf_b, NULL, &outcome_b);
	start(&conf_a, NULL, &outcome_a);
	expect_result(&outcome_a, CHECK_PASSED, "HTTP 200");
	expect_result(&outcome_b, CHECK_TIMEOUT, "0 bytes");
	assert_int_equal(outcome_a.calls, 1);
	server_free(a);
	server_free(b);
}

/* After a cancel nothing comes and nothing is left. */
static void
cancel(struct check *check, struct outcome *outcome, unsigned fds)
{
	assert_int_equal(outcome->calls, 0);
	check_cancel(check);
	assert_int_equal(fd_count(), fds);
	turn(20);
	assert_int_equal(outcome->calls, 0);
}

static void
test_cancel(void **state)
{
	static const struct server_script scripts[] = {
	    {OK, END_CLOSE},   /* cancelled at once */
	    {"", END_SILENCE}, /* when the server accepted */
	    {OK, END_SILENCE}, /* while it is drained */
	};
	static bool (*const stages[])(const void *) = {
	    NULL, has_accepted, has_sent};
	struct conf_check conf;
	struct outcome outcome;
	struct server *server;
	struct check *check;
	unsigned fds;
	size_t i;

	(void)state;
	check_cancel(NULL);
	for (i = 0; i < 3; i++) {
		server = server_new(base, AF_INET, &scripts[i]);
		conf = make_conf(CHECK_HTTP, server_port(server));
		fds = fd_count();
		check = start(&conf, NULL, &outcome);
		if (stages[i] != NULL) {
			assert_true(wait_until(stages[i], server, GUARD));
			event_base_loop(base, EVLOOP_NONBLOCK);
			fds++; /* the server's */
		}
		cancel(check, &outcome, fds);
		server_free(server);
	}
}

/* While connecting, and after a failure that is not reported yet. */
static void
test_cancel_early(void **state)
{
	struct check_target target = {.vip = loopback(AF_INET)};
	struct conf_check conf = make_conf(CHECK_TCP, 0);
	struct outcome outcome;
	struct check *check;
	int fillers[8], fd = full_listener(&conf.port, fillers);
	unsigned fds = fd_count();

	(void)state;
	check = start(&conf, NULL, &outcome);
	turn(20);
	cancel(check, &outcome, fds);
	addr_parse("192.0.2.1", &target.source);
	check = start(&conf, &target, &outcome);
	cancel(check, &outcome, fds);
	close_all(fd, fillers);
}

static void
test_no_descriptors(void **state)
{
	struct conf_check conf = make_conf(CHECK_TCP, 1);
	struct rlimit limit, none;
	struct outcome outcome;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = limit;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	start(&conf, NULL, &outcome);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	expect_result(&outcome, CHECK_LOCAL_ERROR, "Too many open files");
}

static void
test_source(void **state)
{
	struct check_target target = {.vip = loopback(AF_INET)};
	struct conf_check conf = make_conf(CHECK_TCP, 1);
	struct outcome outcome;

	(void)state;
	addr_parse("192.0.2.1", &target.source); /* not of this host */
	start(&conf, &target, &outcome);
	expect_result(&outcome, CHECK_LOCAL_ERROR, "binding the source");
	target.source = loopback(AF_INET6); /* of the other family */
	start(&conf, &target, &outcome);
	expect_result(&outcome, CHECK_LOCAL_ERROR, "binding the source");
}

/* What the event loop believes to be now is old after a long callback. */
static void
start_late(int fd, short events, void *arg)
{
	void **args = arg;

	(void)fd;
	(void)events;
	usleep(2 * TIMEOUT * 1000);
	start(args[0], NULL, args[1]);
}

static void
test_stale_clock(void **state)
{
	static const struct timeval at_once;
	static const struct server_script silent = {"", END_SILENCE};
	struct server *server = server_new(base, AF_INET, &silent);
	struct conf_check conf = make_conf(CHECK_HTTP, server_port(server));
	struct outcome outcome = {0};
	void *args[] = {&conf, &outcome};

	(void)state;
	conf.timeout = TIMEOUT;
	event_base_once(base, -1, EV_TIMEOUT, start_late, args, &at_once);
	expect_result(&outcome, CHECK_TIMEOUT, "no status in");
	server_free(server);
}

/* A good server is not blamed when this host was too busy to look. */
static void
test_busy_host(void **state)
{
	struct server *server = server_new(base, AF_INET, &good);
	struct conf_check conf = make_conf(CHECK_TCP, server_port(server));
	struct outcome outcome;

	(void)state;
	conf.timeout = 20;
	start(&conf, NULL, &outcome);
	usleep(60000);
	expect_result(&outcome, CHECK_PASSED, "connected");
	server_free(server);
}

/* The phases and the transcript of what passes, and of what never began. */
static void
test_transcript(void **state)
{
	struct server *server = server_new(base, AF_INET, &good);
	struct conf_check conf = make_conf(CHECK_HTTP, server_port(server));
	const struct check_result *r;
	struct outcome outcome;

	(void)state;
	r = &outcome.result;
	start(&conf, NULL, &outcome);
	expect_result(&outcome, CHECK_PASSED, "HTTP 200");
	assert_int_not_equal(r->phase[CHECK_PHASE_CONNECT], 0);
	assert_int_equal(r->phase[CHECK_PHASE_TLS], 0);
	assert_int_not_equal(r->phase[CHECK_PHASE_FIRST_BYTE], 0);
	assert_true((uint64_t)r->phase[CHECK_PHASE_CONNECT] +
		r->phase[CHECK_PHASE_FIRST_BYTE] <=
	    r->duration);
	assert_int_equal(
	    strncmp(r->sent, "GET /status?a=******** HTTP/1.1\\r\\nHost: ", 41),
	    0);
	assert_string_equal(r->received,
	    "HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok");
	assert_string_equal(r->warning, "");
	assert_int_equal(r->agent.state, CHECK_ADVICE_NONE);
	assert_int_equal(r->agent.weight, -1);
	server_free(server);
	start(&conf, NULL, &outcome);
	expect_result(&outcome, CHECK_REFUSED, "refused");
	assert_int_equal(r->phase[CHECK_PHASE_CONNECT], 0);
	assert_string_equal(r->sent, "");
	assert_string_equal(r->received, "");
}

/* To the server itself: neither the VIP nor the mark is used. */
static void
test_direct(void **state)
{
	struct server *server = server_new(base, AF_INET, &good);
	struct conf_check conf = make_conf(CHECK_HTTP, server_port(server));
	struct check_target target = {
	    .server = loopback(AF_INET), .mark = 0x56430001, .direct = true};
	struct outcome outcome;

	(void)state;
	addr_parse("192.0.2.1", &target.vip);
	start(&conf, &target, &outcome);
	expect_result(&outcome, CHECK_PASSED, "HTTP 200");
	assert_non_null(strstr(outcome.result.sent, "Host: 192.0.2.1:"));
	server_free(server);
}

static bool
has_accepted_two(const void *server)
{
	return server_seen(server)->accepted >= 2;
}

static bool
has_accepted_three(const void *server)
{
	return server_seen(server)->accepted >= 3;
}

/* Only so many at once: the others wait until one is over, or cancelled. */
static void
test_limit(void **state)
{
	static const struct server_script silent = {"", END_SILENCE};
	struct server *server = server_new(base, AF_INET, &silent);
	struct conf_check conf = make_conf(CHECK_HTTP, server_port(server));
	struct outcome outcomes[4];
	struct check *checks[4];
	size_t i;

	(void)state;
	conf.timeout = GUARD * 2000; /* nothing is to end by itself */
	check_set_limit(2);
	for (i = 0; i < 4; i++)
		checks[i] = start(&conf, NULL, &outcomes[i]);
	assert_true(wait_until(has_accepted_two, server, GUARD));
	turn(20);
	assert_int_equal(server_seen(server)->accepted, 2);
	check_cancel(checks[2]); /* while it waits */
	turn(20);
	assert_int_equal(server_seen(server)->accepted, 2);
	check_cancel(checks[0]);
	assert_true(wait_until(has_accepted_three, server, GUARD));
	check_cancel(checks[1]);
	check_cancel(checks[3]);
	check_set_limit(0);
	server_free(server);
}

/* While it waits for its turn, its time doesn't run. */
static void
test_turn(void **state)
{
	static const struct server_script silent = {"", END_SILENCE};
	struct server *server = server_new(base, AF_INET, &silent);
	struct conf_check conf = make_conf(CHECK_HTTP, server_port(server));
	struct outcome first, second;

	(void)state;
	check_set_limit(1);
	start(&conf, NULL, &first);
	start(&conf, NULL, &second);
	expect_result(&first, CHECK_TIMEOUT, "connected, no status");
	expect_result(&second, CHECK_TIMEOUT, "connected, no status");
	assert_int_equal(server_seen(server)->accepted, 2);
	check_set_limit(0);
	server_free(server);
}

static void
test_names(void **state)
{
	int outcome;

	(void)state;
	assert_string_equal(check_outcome_name(CHECK_PASSED), "passed");
	for (outcome = CHECK_PASSED; outcome <= CHECK_LOCAL_ERROR; outcome++)
		assert_true(strlen(check_outcome_name(outcome)) > 5);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    TEST(test_tcp),
	    TEST(test_refused),
	    TEST(test_timeout),
	    TEST(test_two_at_once),
	    TEST(test_cancel),
	    TEST(test_cancel_early),
	    TEST(test_no_descriptors),
	    TEST(test_source),
	    TEST(test_stale_clock),
	    TEST(test_busy_host),
	    TEST(test_transcript),
	    TEST(test_direct),
	    TEST(test_limit),
	    TEST(test_turn),
	    TEST(test_names),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
