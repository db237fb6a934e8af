/* SPDX-License-Identifier: ISC */

/*
 * Probes that need root: with a mark, and in networks of their own.
 */

#include <sys/socket.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "check_harness.h"
#include "check_server.h"

static const struct server_script good = {OK, END_CLOSE};

/* Is one of this process's sockets marked so, and properly opened? */
static bool
find_marked(uint32_t mark)
{
	uint32_t value;
	socklen_t length;
	int fd;

	for (fd = 3; fd < 256; fd++) {
		length = sizeof(value);
		if (getsockopt(fd, SOL_SOCKET, SO_MARK, &value, &length) == 0 &&
		    value == mark)
			return (fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0 &&
			    (fcntl(fd, F_GETFL) & O_NONBLOCK) != 0;
	}
	return false;
}

static void
test_mark(void **state)
{
	struct check_target target = {
	    .vip = loopback(AF_INET), .mark = 0x5c000007};
	struct server *server;
	struct conf_check conf;
	struct outcome outcome;

	(void)state;
	server = server_new(base, AF_INET, &good);
	conf = make_conf(CHECK_TCP, server_port(server));
	start(&conf, &target, &outcome);
	assert_true(find_marked(target.mark));
	expect_result(&outcome, CHECK_PASSED, "connected");
	assert_int_equal(seteuid(65534), 0);
	start(&conf, &target, &outcome);
	assert_int_equal(seteuid(0), 0);
	expect_result(&outcome, CHECK_LOCAL_ERROR,
	    "SO_MARK: Operation not permitted (needs CAP_NET_ADMIN)");
	server_free(server);
}

/*
 * In a network of its own, without any route or with a neighbour that does not
 * answer: the outcome of a probe of 192.0.2.2, as the exit status of a child.
 */
static int
probe_in_namespace(const char *commands)
{
	struct check_target target = {0};
	struct conf_check conf = make_conf(CHECK_TCP, 80);
	struct outcome outcome;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (unshare(CLONE_NEWNET) == -1 || system(commands) != 0)
			_exit(99);
		event_reinit(base);
		conf.timeout = 5000;
		addr_parse("192.0.2.2", &target.vip);
		start(&conf, &target, &outcome);
		wait_until(has_result, &outcome, GUARD);
		fprintf(stderr, "# %s\n", outcome.result.detail);
		_exit(outcome.calls == 1 ? (int)outcome.result.outcome : 98);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void
test_unreachable(void **state)
{
	static const char neighbour[] =
	    "ip link set lo up && ip link add v0 type veth peer name v1 && "
	    "ip addr add 192.0.2.1/24 dev v0 && "
	    "ip link set v0 up && ip link set v1 up && "
	    "echo 1 >/proc/sys/net/ipv4/neigh/v0/mcast_solicit && "
	    "echo 20 >/proc/sys/net/ipv4/neigh/v0/retrans_time_ms";

	(void)state;
	assert_int_equal(probe_in_namespace(":"), CHECK_LOCAL_ERROR);
	assert_int_equal(probe_in_namespace(neighbour), CHECK_UNREACHABLE);
}

/* What is missing here for these tests, or NULL. */
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
	    TEST(test_mark),
	    TEST(test_unreachable),
	};

	if (missing() != NULL) {
		printf("1..0 # SKIP %s\n", missing());
		return 0;
	}
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
