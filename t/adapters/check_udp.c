/* SPDX-License-Identifier: ISC */

/*
 * Checks by UDP and of name servers, against servers of loopback: those that
 * answer, lose, lie and refuse; and dnsmasq.
 */

#include <sys/socket.h>
#include <sys/wait.h>

#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "check_harness.h"
#include "check_server.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A server of datagrams, in the test's event loop. */
struct udp_server {
	int fd;
	uint16_t port;
	struct event *event;
	unsigned lost; /* datagrams that are to be passed over */
	unsigned seen;
	/* Makes the answer of a request; 0 = none. */
	size_t (*answer)(uint8_t *answer, const uint8_t *request, size_t);
};

static void
udp_ready(int fd, short events, void *arg)
{
	struct udp_server *server = arg;
	struct sockaddr_storage from;
	socklen_t length = sizeof(from);
	uint8_t request[2048], answer[2048];
	ssize_t got;
	size_t size;

	(void)events;
	got = recvfrom(
	    fd, request, sizeof(request), 0, (struct sockaddr *)&from, &length);
	if (got == -1 || ++server->seen <= server->lost)
		return;
	size = server->answer(answer, request, (size_t)got);
	if (size > 0)
		sendto(fd, answer, size, 0, (struct sockaddr *)&from, length);
}

static void
udp_start(struct udp_server *server, uint8_t family,
    size_t (*answer)(uint8_t *, const uint8_t *, size_t))
{
	struct addr address = loopback(family);
	struct sockaddr_storage ss;
	socklen_t length = addr_to_sockaddr(&address, 0, &ss);

	memset(server, 0, sizeof(*server));
	server->answer = answer;
	server->fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(server->fd, (struct sockaddr *)&ss, length), 0);
	assert_int_equal(
	    getsockname(server->fd, (struct sockaddr *)&ss, &length), 0);
	server->port = family == AF_INET
	    ? ntohs(((struct sockaddr_in *)&ss)->sin_port)
	    : ntohs(((struct sockaddr_in6 *)&ss)->sin6_port);
	server->event = event_new(
	    base, server->fd, EV_READ | EV_PERSIST, udp_ready, server);
	event_add(server->event, NULL);
}

static void
udp_stop(struct udp_server *server)
{
	event_free(server->event);
	close(server->fd);
}

static size_t
answer_echo(uint8_t *answer, const uint8_t *request, size_t length)
{
	memcpy(answer, "you said: ", 10);
	memcpy(answer + 10, request, length);
	return length + 10;
}

static size_t
answer_nothing(uint8_t *answer, const uint8_t *request, size_t length)
{
	(void)answer;
	(void)request;
	(void)length;
	return 0;
}

/* Ask a server of this behaviour; NULL for the result's detail: don't look. */
static void
probe_udp(size_t (*answer)(uint8_t *, const uint8_t *, size_t), unsigned lost,
    const char *expected, enum check_outcome outcome, const char *detail)
{
	static uint8_t hello[] = {'h', 0, 'i'};
	static const uint8_t families[] = {AF_INET, AF_INET6};
	struct udp_server server;
	struct conf_check conf;
	struct outcome result;
	size_t i;

	for (i = 0; i < COUNT(families); i++) {
		struct check_target target = {.vip = loopback(families[i])};

		udp_start(&server, families[i], answer);
		server.lost = lost;
		conf = make_conf(CHECK_UDP, server.port);
		if (answer == answer_nothing)
			conf.timeout = TIMEOUT;
		if (lost == 1)
			conf.timeout = 3000; /* sent again at a third of it */
		conf.send = (struct conf_bytes){hello, sizeof(hello)};
		conf.receive.data = (uint8_t *)(uintptr_t)expected;
		conf.receive.length = expected != NULL ? strlen(expected) : 0;
		start(&conf, &target, &result);
		expect_result(&result, outcome, detail);
		assert_string_equal(result.result.sent, "h\\x00i");
		udp_stop(&server);
	}
}

static void
test_udp(void **state)
{
	(void)state;
	probe_udp(answer_echo, 0, "said", CHECK_PASSED, "an answer of 13");
	probe_udp(answer_echo, 0, NULL, CHECK_PASSED, "an answer of 13");
	probe_udp(answer_echo, 0, "sent", CHECK_BAD_ANSWER,
	    "13 bytes without what is expected");
	probe_udp(answer_nothing, 0, "any", CHECK_TIMEOUT, "no answer in 250");
	probe_udp(answer_nothing, 0, NULL, CHECK_PASSED, "no error in 250 ms");
}

/* One datagram that is lost is sent again; two are a failure. */
static void
test_udp_lost(void **state)
{
	(void)state;
	probe_udp(answer_echo, 1, "said", CHECK_PASSED, "an answer of 13");
	probe_udp(answer_echo, 2, "said", CHECK_TIMEOUT, "no answer");
}

static struct conf_check
with_bytes(uint16_t port, const char *text)
{
	struct conf_check conf = make_conf(CHECK_UDP, port);

	conf.send.data = (uint8_t *)strdup(text);
	conf.send.length = strlen(text);
	return conf;
}

/* A reload meanwhile: what was to be sent is sent again, not what is there. */
static void
test_udp_moved(void **state)
{
	struct conf_check conf[2];
	struct udp_server server;
	struct outcome result;
	struct check *check;

	(void)state;
	udp_start(&server, AF_INET, answer_echo);
	server.lost = 1;
	conf[0] = with_bytes(server.port, "hello");
	conf[1] = with_bytes(server.port, "hello");
	conf[0].receive = conf[1].receive = conf[1].send;
	check = start(&conf[0], NULL, &result);
	check_move(check, &conf[1], &result);
	memset(conf[0].send.data, 'x', conf[0].send.length);
	free(conf[0].send.data);
	expect_result(&result, CHECK_PASSED, "an answer of 15");
	assert_int_equal(server.seen, 2);
	free(conf[1].send.data);
	udp_stop(&server);
}

static void
test_udp_refused(void **state)
{
	static const uint8_t families[] = {AF_INET, AF_INET6};
	struct udp_server server;
	struct conf_check conf;
	struct outcome result;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(families); i++) {
		struct check_target target = {.vip = loopback(families[i])};

		udp_start(&server, families[i], answer_nothing);
		udp_stop(&server);
		conf = make_conf(CHECK_UDP, server.port);
		start(&conf, &target, &result);
		expect_result(&result, CHECK_REFUSED, "Connection refused");
	}
}

/* The answer has to come from where it was asked for. */
static void
test_udp_stranger(void **state)
{
	struct udp_server server, stranger;
	struct sockaddr_in to;
	struct conf_check conf;
	struct outcome result;
	socklen_t length = sizeof(to);
	uint8_t byte;

	(void)state;
	udp_start(&server, AF_INET, answer_nothing);
	event_del(server.event);
	udp_start(&stranger, AF_INET, answer_nothing);
	conf = make_conf(CHECK_UDP, server.port);
	conf.receive = (struct conf_bytes){(uint8_t *)(uintptr_t) "x", 1};
	start(&conf, NULL, &result);
	assert_int_not_equal(recvfrom(server.fd, &byte, 1, MSG_TRUNC,
				 (struct sockaddr *)&to, &length),
	    -1);
	assert_int_equal(
	    sendto(stranger.fd, "x", 1, 0, (struct sockaddr *)&to, length), 1);
	expect_result(&result, CHECK_TIMEOUT, "no answer");
	udp_stop(&server);
	udp_stop(&stranger);
}

/* An answer of one address to the question that was asked. */
static size_t
dns_good(uint8_t *answer, const uint8_t *request, size_t length)
{
	static const char record[] = "\xc0\x0c\0\1\0\1\0\0\0\0\0\4\xc0\0\2\1";

	memcpy(answer, request, length);
	answer[2] |= 0x80;
	answer[7] = 1;
	memcpy(answer + length, record, sizeof(record) - 1);
	return length + sizeof(record) - 1;
}

static size_t
dns_other_id(uint8_t *answer, const uint8_t *request, size_t length)
{
	length = dns_good(answer, request, length);
	answer[1]++;
	return length;
}

static size_t
dns_other_name(uint8_t *answer, const uint8_t *request, size_t length)
{
	length = dns_good(answer, request, length);
	answer[13]++;
	return length;
}

static size_t
dns_echo(uint8_t *answer, const uint8_t *request, size_t length)
{
	memcpy(answer, request, length);
	return length;
}

static size_t
dns_garbage(uint8_t *answer, const uint8_t *request, size_t length)
{
	length = dns_good(answer, request, length);
	return length - 3;
}

static size_t
dns_refused(uint8_t *answer, const uint8_t *request, size_t length)
{
	memcpy(answer, request, length);
	answer[2] |= 0x80;
	answer[3] |= 5;
	return length;
}

/* First somebody else's, then the right one. */
static size_t
dns_late(uint8_t *answer, const uint8_t *request, size_t length)
{
	static unsigned count;

	return (count++ % 2 == 0 ? dns_other_id : dns_good)(
	    answer, request, length);
}

static struct conf_check
dns_conf(uint16_t port, const char *answer)
{
	static char name[] = "www.lab.example";
	struct conf_check conf = make_conf(CHECK_DNS, port);

	conf.dns.name = name;
	conf.dns.type = 1;
	conf.dns.answer = (char *)(uintptr_t)answer;
	return conf;
}

static void
test_dns(void **state)
{
	static const struct {
		size_t (*answer)(uint8_t *, const uint8_t *, size_t);
		const char *expected;
		enum check_outcome outcome;
		const char *detail;
	} cases[] = {
	    {dns_good, NULL, CHECK_PASSED, "NOERROR, 1 record: 192.0.2.1"},
	    {dns_good, "192.0.2.1", CHECK_PASSED, "NOERROR"},
	    {dns_good, "192.0.2.2", CHECK_BAD_ANSWER, "NOERROR, 1 record"},
	    {dns_refused, NULL, CHECK_BAD_ANSWER, "REFUSED, 0 records"},
	    {dns_garbage, NULL, CHECK_BAD_RESPONSE, "its records can't be"},
	    {dns_other_id, NULL, CHECK_TIMEOUT,
		"no answer in 250 ms, but the id of another query"},
	    {dns_other_name, NULL, CHECK_TIMEOUT,
		"no answer in 250 ms, but another question's answer"},
	    {dns_echo, NULL, CHECK_TIMEOUT,
		"no answer in 250 ms, but a query, not an answer"},
	    {dns_late, NULL, CHECK_PASSED, "NOERROR"},
	    {answer_nothing, NULL, CHECK_TIMEOUT, "no answer in 250 ms"},
	};
	struct udp_server server;
	struct outcome result;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		struct conf_check conf;

		udp_start(&server, AF_INET, cases[i].answer);
		conf = dns_conf(server.port, cases[i].expected);
		if (cases[i].outcome == CHECK_TIMEOUT)
			conf.timeout = TIMEOUT;
		start(&conf, NULL, &result);
		expect_result(&result, cases[i].outcome, cases[i].detail);
		udp_stop(&server);
	}
}

/* A server of streams that says just this, and closes. */
static void
accept_ready(int fd, short events, void *arg)
{
	const struct conf_bytes *says = arg;
	int client = accept(fd, NULL, NULL);

	(void)events;
	assert_int_equal(
	    send(client, says->data, says->length, MSG_NOSIGNAL), says->length);
	shutdown(client, SHUT_WR);
	/* What is not read makes it a reset. */
	assert_true(recv(client, (uint8_t[512]){0}, 512, 0) > 0);
	close(client);
}

static void
test_dns_stream(void **state)
{
	static const struct {
		const char *says;
		size_t length;
		enum check_outcome outcome;
		const char *detail;
	} cases[] = {
	    {"", 0, CHECK_CLOSED, "after 0 bytes of an answer"},
	    {"\0\0", 2, CHECK_BAD_RESPONSE, "an empty answer"},
	    {"\1", 1, CHECK_CLOSED, "after 1 bytes of an answer"},
	    {"\1\0abc", 5, CHECK_CLOSED, "after 5 bytes of an answer"},
	    {"\0\3abc", 5, CHECK_BAD_RESPONSE, "shorter than a header"},
	    {"\0\xc\0\0\x81\x80\0\0\0\0\0\0\0\0", 14, CHECK_BAD_RESPONSE, ""},
	};
	struct outcome result;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		struct conf_bytes says = {
		    (uint8_t *)(uintptr_t)cases[i].says, cases[i].length};
		uint16_t port;
		int fd = loopback_socket(AF_INET, 8, &port);
		struct event *event = event_new(
		    base, fd, EV_READ | EV_PERSIST, accept_ready, &says);
		struct conf_check conf = dns_conf(port, NULL);

		conf.dns.tcp = true;
		event_add(event, NULL);
		start(&conf, NULL, &result);
		expect_result(&result, cases[i].outcome, cases[i].detail);
		event_free(event);
		close(fd);
	}
}

/* dnsmasq, at a port that was free a moment ago. */
static pid_t
run_dnsmasq(uint16_t port)
{
	char text[16];
	pid_t pid;

	snprintf(text, sizeof(text), "--port=%u", port);
	if ((pid = fork()) == 0) {
		freopen("/dev/null", "w", stderr);
		execlp("dnsmasq", "dnsmasq", "--no-daemon", text,
		    "--conf-file=/dev/null", "--pid-file=", "--no-resolv",
		    "--no-hosts", "--bind-interfaces",
		    "--listen-address=127.0.0.1,::1",
		    "--address=/www.lab.example/192.0.2.1", (char *)NULL);
		_exit(127);
	}
	return pid;
}

/* Probe until it is as wanted: the server may not be ready yet. */
static void
eventually(const struct conf_check *conf, uint8_t family,
    enum check_outcome outcome, const char *detail)
{
	struct check_target target = {.vip = loopback(family)};
	struct outcome result = {0};
	unsigned i;

	for (i = 0; i < 400; i++) {
		start(conf, &target, &result);
		assert_true(wait_until(has_result, &result, GUARD));
		if (result.result.outcome == outcome &&
		    strstr(result.result.detail, detail) != NULL)
			return;
		turn(25);
	}
	fail_msg("%s: %s", check_outcome_name(result.result.outcome),
	    result.result.detail);
}

static void
test_dnsmasq(void **state)
{
	static const uint8_t families[] = {AF_INET, AF_INET6};
	struct udp_server server;
	struct conf_check conf;
	pid_t pid;
	size_t i;

	(void)state;
	if (system("command -v dnsmasq >/dev/null") != 0)
		skip();
	udp_start(&server, AF_INET, answer_nothing);
	udp_stop(&server);
	pid = run_dnsmasq(server.port);
	conf = dns_conf(server.port, "192.0.2.1");
	for (i = 0; i < 2 * COUNT(families); i++) {
		conf.dns.tcp = i >= COUNT(families);
		conf.timeout = 5000;
		conf.dns.rcode = 0;
		conf.dns.answer = (char *)(uintptr_t) "192.0.2.1";
		eventually(&conf, families[i % 2], CHECK_PASSED,
		    "NOERROR, 1 record: 192.0.2.1");
		conf.dns.answer = (char *)(uintptr_t) "192.0.2.2";
		eventually(&conf, families[i % 2], CHECK_BAD_ANSWER,
		    "NOERROR, 1 record: 192.0.2.1");
		conf.dns.answer = NULL;
		conf.dns.rcode = 3;
		eventually(&conf, families[i % 2], CHECK_BAD_ANSWER,
		    "NOERROR, 1 record");
	}
	kill(pid, SIGTERM);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	conf.timeout = TIMEOUT;
	for (i = 0; i < 2 * COUNT(families); i++) {
		conf.dns.tcp = i >= COUNT(families);
		eventually(&conf, families[i % 2], CHECK_REFUSED, "refused");
	}
}

/* Cancelled one after the other, those that wait don't begin before that. */
static void
test_cancelled_in_turn(void **state)
{
	struct udp_server server;
	struct outcome result;
	struct conf_check conf;
	struct check *checks[3];
	size_t i;

	(void)state;
	udp_start(&server, AF_INET, answer_echo);
	conf = make_conf(CHECK_UDP, server.port);
	conf.timeout = GUARD * 1000; /* nothing is to be sent again */
	check_set_limit(1);
	for (i = 0; i < COUNT(checks); i++)
		checks[i] = start(&conf, NULL, &result);
	for (i = 0; i < COUNT(checks); i++)
		check_cancel(checks[i]);
	checks[0] = start(&conf, NULL, &result);
	expect_result(&result, CHECK_PASSED, "an answer of 10");
	assert_int_equal(server.seen, 2); /* the first's and this one's */
	check_set_limit(0);
	udp_stop(&server);
}

/* Nothing is left behind, also by probes that are given up. */
static void
test_descriptors(void **state)
{
	unsigned i, before = fd_count();
	struct conf_check conf[2] = {
	    make_conf(CHECK_UDP, 9), dns_conf(9, NULL)};
	struct outcome result;

	(void)state;
	for (i = 0; i < 20; i++)
		check_cancel(start(&conf[i % 2], NULL, &result));
	assert_int_equal(fd_count(), before);
	turn(10);
	assert_int_equal(result.calls, 0);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    TEST(test_udp),
	    TEST(test_udp_lost),
	    TEST(test_udp_moved),
	    TEST(test_udp_refused),
	    TEST(test_udp_stranger),
	    TEST(test_dns),
	    TEST(test_dns_stream),
	    TEST(test_dnsmasq),
	    TEST(test_cancelled_in_turn),
	    TEST(test_descriptors),
	};

	signal(SIGPIPE, SIG_IGN);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
