/* SPDX-License-Identifier: ISC */

/*
 * The way of commands' packets: what they connect to the VIP is marked and
 * bound as probes are, and nothing else is.  In a network namespace whose
 * accepted sockets have the marks of the packets that opened them.
 */

#include <sys/socket.h>
#include <sys/syscall.h>

#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "adapters/check_exec_mark.h"
#include "check_harness.h"
#include "check_server.h"

#define VIP4	"192.0.2.1"
#define VIP6	"2001:db8::1"
#define SOURCE4 "192.0.2.99"
#define SOURCE6 "2001:db8::99"
#define OTHER4	"192.0.2.5"
#define MARK	0x5a5a0007U

#ifndef SO_RCVMARK
#define SO_RCVMARK 75 /* Linux 5.19 */
#endif

/* What to bash is a connection. */
#define TO(vip) "echo x >/dev/tcp/" vip "/$VC5_PORT"

static char shell[] = "/bin/bash", option[] = "-c", nobody[] = "nobody";

struct command {
	char *argv[4];
	struct conf_check conf;
	struct outcome outcome;
};

/* How a packet came. */
struct seen {
	uint32_t mark;
	char from[ADDR_STRLEN];
};

static struct addr
address(const char *text)
{
	struct addr out;

	assert_int_equal(addr_parse(text, &out), 0);
	return out;
}

static struct check_target
target_of(const char *vip, const char *source, uint32_t mark)
{
	return (struct check_target){
	    .vip = address(vip),
	    .source = address(source),
	    .mark = mark,
	    .server = address("198.51.100.7"),
	    .protocol = IPPROTO_TCP,
	};
}

static struct check *
begin(struct command *command, const char *script,
    const struct check_target *target, uint16_t port)
{
	command->argv[0] = shell;
	command->argv[1] = option;
	command->argv[2] = (char *)(uintptr_t)script;
	command->argv[3] = NULL;
	command->conf = make_conf(CHECK_EXEC, port);
	command->conf.timeout = GUARD * 1000;
	command->conf.exec.argv = command->argv;
	command->conf.exec.user = nobody;
	return start(&command->conf, target, &command->outcome);
}

/* A socket of IPv6, and by it of IPv4, that listens or receives. */
static int
open_socket(int type, uint16_t *port)
{
	static const int no = 0, yes = 1;
	struct sockaddr_in6 any = {.sin6_family = AF_INET6};
	socklen_t length = sizeof(any);
	int fd = socket(AF_INET6, type, 0);

	assert_int_not_equal(fd, -1);
	setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof(no));
	setsockopt(fd, SOL_SOCKET, SO_RCVMARK, &yes, sizeof(yes));
	assert_int_equal(bind(fd, (struct sockaddr *)&any, length), 0);
	if (type == SOCK_STREAM)
		assert_int_equal(listen(fd, 8), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&any, &length), 0);
	*port = ntohs(any.sin6_port);
	return fd;
}

static void
note_peer(struct seen *seen, const struct sockaddr_in6 *peer)
{
	struct addr from;

	addr_from_mapped(peer->sin6_addr.s6_addr, &from);
	addr_format(&from, seen->from);
}

/* The connection that stands already. */
static struct seen
accept_one(int listener)
{
	struct seen seen = {0};
	struct sockaddr_in6 peer;
	socklen_t length = sizeof(peer), size = sizeof(seen.mark);
	int fd =
	    accept4(listener, (struct sockaddr *)&peer, &length, SOCK_CLOEXEC);

	assert_int_not_equal(fd, -1);
	assert_int_equal(
	    getsockopt(fd, SOL_SOCKET, SO_MARK, &seen.mark, &size), 0);
	note_peer(&seen, &peer);
	close(fd);
	return seen;
}

/* The datagram that is there already. */
static struct seen
receive_one(int fd)
{
	struct seen seen = {0};
	struct sockaddr_in6 peer;
	char bytes[16], control[CMSG_SPACE(sizeof(uint32_t))];
	struct iovec iov = {.iov_base = bytes, .iov_len = sizeof(bytes)};
	struct msghdr message = {
	    .msg_name = &peer,
	    .msg_namelen = sizeof(peer),
	    .msg_iov = &iov,
	    .msg_iovlen = 1,
	    .msg_control = control,
	    .msg_controllen = sizeof(control),
	};
	const struct cmsghdr *cmsg;

	assert_true(recvmsg(fd, &message, MSG_DONTWAIT) > 0);
	cmsg = CMSG_FIRSTHDR(&message);
	assert_non_null(cmsg);
	assert_int_equal(cmsg->cmsg_type, SO_MARK);
	memcpy(&seen.mark, CMSG_DATA(cmsg), sizeof(seen.mark));
	note_peer(&seen, &peer);
	return seen;
}

/* A command that passes: how what it sends comes. */
static struct seen
run(int type, const char *script, const struct check_target *target)
{
	struct command command;
	struct seen seen;
	uint16_t port;
	int fd = open_socket(type, &port);

	begin(&command, script, target, port);
	expect_result(&command.outcome, CHECK_PASSED, "");
	seen = type == SOCK_STREAM ? accept_one(fd) : receive_one(fd);
	close(fd);
	return seen;
}

static void
expect(const char *script, const struct check_target *target, uint32_t mark,
    const char *from)
{
	struct seen seen = run(SOCK_STREAM, script, target);

	assert_int_equal(seen.mark, mark);
	assert_string_equal(seen.from, from);
}

static void
test_vip(void **state)
{
	struct check_target four = target_of(VIP4, SOURCE4, MARK),
			    six = target_of(VIP6, SOURCE6, MARK);

	(void)state;
	expect(TO(VIP4), &four, MARK, SOURCE4);
	expect(TO(VIP6), &six, MARK, SOURCE6);
	expect(TO("::ffff:" VIP4), &four, MARK, SOURCE4);
	/* By all that it has started. */
	expect("setsid bash -c '" TO(VIP4) "' & wait $!", &four, MARK, SOURCE4);
	/* Without an address to be bound to. */
	four.source.family = 0;
	expect(TO(VIP4), &four, MARK, VIP4);
}

static void
test_elsewhere(void **state)
{
	struct check_target four = target_of(VIP4, SOURCE4, MARK),
			    six = target_of(VIP6, SOURCE6, MARK);

	(void)state;
	expect(TO("127.0.0.1"), &four, 0, "127.0.0.1");
	expect(TO("::1"), &six, 0, "::1");
	expect(TO(VIP6), &four, 0, VIP6);
	expect(TO(VIP4), &six, 0, VIP4);
	/* A probe without a mark, maybe in a namespace of a number again. */
	four.mark = 0;
	expect(TO(VIP4), &four, 0, VIP4);
	four.mark = MARK;
	four.direct = true;
	expect(TO(VIP4), &four, 0, VIP4);
}

/* Nor is this process, whose cgroup it is. */
static void
test_own(void **state)
{
	struct check_target four = target_of(VIP4, SOURCE4, MARK);
	struct addr vip = address(VIP4);
	struct sockaddr_storage to;
	struct command command;
	struct check *check;
	struct seen seen;
	unsigned length;
	uint16_t port;
	int fd, listener = open_socket(SOCK_STREAM, &port);

	(void)state;
	check = begin(&command, "sleep 100", &four, port);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	length = addr_to_sockaddr(&vip, port, &to);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, length), 0);
	seen = accept_one(listener);
	assert_int_equal(seen.mark, 0);
	assert_string_equal(seen.from, VIP4);
	check_cancel(check);
	close(fd);
	close(listener);
}

static void
test_datagrams(void **state)
{
	struct check_target four = target_of(VIP4, SOURCE4, MARK);
	struct seen seen;

	(void)state;
	seen = run(SOCK_DGRAM, "echo x >/dev/udp/" VIP4 "/$VC5_PORT", &four);
	assert_int_equal(seen.mark, MARK);
	assert_string_equal(seen.from, SOURCE4);
	/* Connected to the VIP first, and then to another address. */
	seen = run(SOCK_DGRAM,
	    "perl -MSocket -e '"
	    "socket(S, PF_INET, SOCK_DGRAM, 0) or die; "
	    "connect(S, pack_sockaddr_in($ENV{VC5_PORT}, inet_aton($_))) "
	    "or die for \"" VIP4 "\", \"" OTHER4 "\"; "
	    "send(S, \"x\", 0) or die'",
	    &four);
	assert_int_equal(seen.mark, 0);
}

/* Two at a time: each has its own mark. */
static void
test_both(void **state)
{
	static const char script[] =
	    "exec 3<>/dev/tcp/" VIP4 "/$VC5_PORT; read -t 10 x <&3";
	struct check_target first = target_of(VIP4, SOURCE4, MARK),
			    second = target_of(VIP4, VIP4, MARK + 1);
	struct command one, two;
	struct seen seen;
	uint16_t port;
	int i, fd = open_socket(SOCK_STREAM, &port);
	unsigned found = 0;

	(void)state;
	begin(&one, script, &first, port);
	begin(&two, script, &second, port);
	for (i = 0; i < 2; i++) {
		seen = accept_one(fd);
		assert_in_range(seen.mark, MARK, MARK + 1);
		found |= 1U << (seen.mark - MARK);
		assert_string_equal(
		    seen.from, seen.mark == MARK ? SOURCE4 : VIP4);
	}
	assert_int_equal(found, 3);
	assert_true(wait_until(has_result, &one.outcome, GUARD));
	assert_true(wait_until(has_result, &two.outcome, GUARD));
	close(fd);
}

/* Where it can't be done, commands run all the same. */
static void
test_without(void **state)
{
	struct check_target four = target_of(VIP4, SOURCE4, MARK);

	(void)state;
	exec_mark_set_proc("/nonexistent");
	assert_null(check_exec_problem());
	expect(TO(VIP4), &four, 0, VIP4);
	assert_non_null(check_exec_problem());
	exec_mark_set_proc("/proc/self");
	expect(TO(VIP4), &four, MARK, SOURCE4);
	assert_null(check_exec_problem());
}

static bool
has_cgroup2(void)
{
	return system("grep -q ' cgroup2 ' /proc/self/mounts") == 0;
}

static const char *
missing(void)
{
	if (geteuid() != 0)
		return "needs root";
	if (access(shell, X_OK) == -1)
		return "there is no bash";
	if (!has_cgroup2())
		return "no cgroup2 is mounted";
	if (access("/sys/kernel/btf/vmlinux", R_OK) == -1)
		return "this kernel has no type information (BTF)";
	if (unshare(CLONE_NEWNET) == -1)
		return "network namespaces can't be had here";
	if (system("ip link set lo up && ip address add " VIP4 "/32 dev lo && "
		   "ip address add " SOURCE4 "/32 dev lo && "
		   "ip address add " OTHER4 "/32 dev lo && "
		   "ip address add " VIP6 "/128 dev lo && "
		   "ip address add " SOURCE6 "/128 dev lo && "
		   "echo 1 >/proc/sys/net/ipv4/tcp_fwmark_accept") != 0)
		return "the network can't be configured here";
	return NULL;
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    TEST(test_vip),
	    TEST(test_elsewhere),
	    TEST(test_own),
	    TEST(test_datagrams),
	    TEST(test_both),
	    TEST(test_without),
	};
	const char *reason = missing();

	if (reason != NULL) {
		printf("1..0 # SKIP %s\n", reason);
		return 0;
	}
	signal(SIGPIPE, SIG_IGN);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
