/* SPDX-License-Identifier: ISC */

/*
 * Checks by raw packets, ICMP echo and half-open connections: on loopback, and
 * in networks of their own.
 */

#include <sys/socket.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "check_harness.h"
#include "check_server.h"

#define MANY 3000

static const uint8_t families[] = {AF_INET, AF_INET6};

static void
probe(const struct conf_check *conf, uint8_t family, enum check_outcome outcome,
    const char *detail)
{
	struct check_target target = {.vip = loopback(family)};
	struct outcome result;

	start(conf, &target, &result);
	expect_result(&result, outcome, detail);
	target.source = target.vip;
	start(conf, &target, &result);
	expect_result(&result, outcome, detail);
}

static void
test_echo(void **state)
{
	struct conf_check conf = make_conf(CHECK_ICMP, 0);
	unsigned i, before = fd_count();

	(void)state;
	for (i = 0; i < 2; i++)
		probe(&conf, families[i], CHECK_PASSED, "an echo reply");
	assert_int_equal(fd_count(), before);
}

/* It is answered, refused or left alone; and is no connection to anyone. */
static void
test_syn(void **state)
{
	unsigned i, before = fd_count();
	struct conf_check conf;
	uint16_t port;
	int fd;

	(void)state;
	for (i = 0; i < 2; i++) {
		fd = loopback_socket(families[i], 8, &port);
		conf = make_conf(CHECK_SYN, port);
		probe(&conf, families[i], CHECK_PASSED, "SYN-ACK");
		fcntl(fd, F_SETFL, O_NONBLOCK);
		assert_int_equal(accept(fd, NULL, NULL), -1);
		assert_int_equal(errno, EAGAIN);
		assert_int_equal(time_wait_count(port), 0);
		close(fd);
		probe(&conf, families[i], CHECK_REFUSED, "RST");
	}
	assert_int_equal(fd_count(), before);
}

static void
test_syn_dropped(void **state)
{
	struct conf_check conf;
	int fd, fillers[8];
	uint16_t port;

	(void)state;
	fd = full_listener(&port, fillers);
	conf = make_conf(CHECK_SYN, port);
	conf.timeout = TIMEOUT;
	probe(&conf, AF_INET, CHECK_TIMEOUT, "no answer to a SYN in 250 ms");
	close_all(fd, fillers);
}

struct many {
	struct outcome outcomes[MANY];
};

static bool
all_have_results(const void *arg)
{
	const struct many *many = arg;
	size_t i;

	for (i = 0; i < MANY; i++)
		if (many->outcomes[i].calls == 0)
			return false;
	return true;
}

/* Thousands at once have one socket, and each its own answer. */
static void
many_at_once(struct conf_check *conf, unsigned descriptors)
{
	static struct many many;
	unsigned i, before = fd_count();
	struct check_target target = {
	    .vip = loopback(AF_INET), .source = loopback(AF_INET)};

	conf->timeout = 20000;
	for (i = 0; i < MANY; i++)
		start(conf, &target, &many.outcomes[i]);
	assert_in_range(fd_count(), before, before + descriptors);
	assert_true(wait_until(all_have_results, &many, 60));
	for (i = 0; i < MANY; i++) {
		assert_int_equal(many.outcomes[i].calls, 1);
		assert_int_equal(many.outcomes[i].result.outcome, CHECK_PASSED);
	}
	assert_int_equal(fd_count(), before);
}

static void
test_many(void **state)
{
	struct conf_check conf = make_conf(CHECK_ICMP, 0);
	uint16_t port;
	int fd;

	(void)state;
	many_at_once(&conf, 1);
	fd = loopback_socket(AF_INET, 4096, &port);
	conf = make_conf(CHECK_SYN, port);
	many_at_once(&conf, 17);
	assert_int_equal(
	    poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, 0), 0);
	close(fd);
}

static void
test_cancelled(void **state)
{
	struct conf_check conf[2] = {
	    make_conf(CHECK_ICMP, 0), make_conf(CHECK_SYN, 9)};
	unsigned i, before = fd_count();
	struct outcome result[4];
	struct check *checks[4];

	(void)state;
	for (i = 0; i < 4; i++)
		checks[i] = start(&conf[i % 2], NULL, &result[i]);
	for (i = 0; i < 4; i++)
		check_cancel(checks[i]);
	assert_int_equal(fd_count(), before);
	turn(10);
	for (i = 0; i < 4; i++)
		assert_int_equal(result[i].calls, 0);
}

/* In a network of its own, of which it is said how it is made. */
static int
outcome_in_namespace(
    const char *commands, struct conf_check *conf, const char *vip)
{
	struct check_target target = {0};
	struct outcome outcome;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (unshare(CLONE_NEWNET) == -1 || system(commands) != 0)
			_exit(99);
		event_reinit(base);
		conf->timeout = 3000;
		addr_parse(vip, &target.vip);
		start(conf, &target, &outcome);
		wait_until(has_result, &outcome, GUARD);
		fprintf(stderr, "# %s\n", outcome.result.detail);
		_exit(outcome.calls == 1 ? (int)outcome.result.outcome : 98);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* What ICMP says of a packet is its probe's. */
static void
test_unreachable(void **state)
{
	static const char network[] =
	    "ip link set lo up && ip link add v0 type veth peer name v1 && "
	    "ip addr add 192.0.2.1/24 dev v0 && "
	    "ip addr add 2001:db8::1/64 dev v0 nodad && "
	    "ip link set v0 up && ip link set v1 up && "
	    "echo 1 >/proc/sys/net/ipv4/neigh/v0/mcast_solicit && "
	    "echo 20 >/proc/sys/net/ipv4/neigh/v0/retrans_time_ms && "
	    "echo 1 >/proc/sys/net/ipv6/neigh/v0/mcast_solicit && "
	    "echo 20 >/proc/sys/net/ipv6/neigh/v0/retrans_time_ms";
	static const char *const vips[] = {"192.0.2.2", "2001:db8::2"};
	struct conf_check echo = make_conf(CHECK_ICMP, 0);
	struct conf_check syn = make_conf(CHECK_SYN, 80);
	unsigned i;

	(void)state;
	for (i = 0; i < 2; i++) {
		assert_int_equal(outcome_in_namespace(network, &echo, vips[i]),
		    CHECK_UNREACHABLE);
		assert_int_equal(outcome_in_namespace(network, &syn, vips[i]),
		    CHECK_UNREACHABLE);
		assert_int_equal(outcome_in_namespace(":", &echo, vips[i]),
		    CHECK_LOCAL_ERROR);
		assert_int_equal(outcome_in_namespace(":", &syn, vips[i]),
		    CHECK_LOCAL_ERROR);
	}
}

/* The mark is the packet's: another one has another way. */
static void
test_marked(void **state)
{
	static const char network[] =
	    "ip link set lo up && "
	    "ip rule add fwmark 7 table 77 pref 10 && "
	    "ip route add unreachable default table 77";
	struct check_target target = {.vip = loopback(AF_INET)};
	struct conf_check conf = make_conf(CHECK_ICMP, 0);
	struct outcome marked, plain;
	int status;
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		if (unshare(CLONE_NEWNET) == -1 || system(network) != 0 ||
		    system("ip rule del table local; "
			   "ip rule add table local pref 20") != 0)
			_exit(99);
		event_reinit(base);
		start(&conf, &target, &plain);
		target.mark = 7;
		start(&conf, &target, &marked);
		wait_until(has_result, &plain, GUARD);
		wait_until(has_result, &marked, GUARD);
		_exit(plain.result.outcome == CHECK_PASSED &&
			    marked.result.outcome == CHECK_LOCAL_ERROR
			? 0
			: 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static const char *
missing(void)
{
	int status;
	pid_t pid;

	if (geteuid() != 0)
		return "needs root";
	if (system("ip -V >/dev/null 2>&1") != 0)
		return "needs ip(8), Debian package iproute2";
	if ((pid = fork()) == 0)
		_exit(unshare(CLONE_NEWNET) == -1);
	if (waitpid(pid, &status, 0) != pid || status != 0)
		return "network namespaces can't be had here";
	return NULL;
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    TEST(test_echo),
	    TEST(test_syn),
	    TEST(test_syn_dropped),
	    TEST(test_many),
	    TEST(test_cancelled),
	    TEST(test_unreachable),
	    TEST(test_marked),
	};

	if (missing() != NULL) {
		printf("1..0 # SKIP %s\n", missing());
		return 0;
	}
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
