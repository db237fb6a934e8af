/* SPDX-License-Identifier: ISC */

/*
 * The probes' way out at work: that marked packets and no others take it, and
 * what the reverse path filter does to their answers.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/socket.h>

#include <linux/if_ether.h>
#include <net/ethernet.h>
#include <netinet/in.h>
#include <netinet/ip.h>

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "netlink_probe.h"

#define VIP_PORT  8080
#define PROBE_FOR 7 /* a destination: the lower part of the mark */

/* Where would a marked packet go?  NULL: it is refused. */
static void
assert_marked_goes(struct lab *lab, const char *to, const char *device)
{
	char command[128], where[32];
	const char *text;

	snprintf(command, sizeof(command),
	    "ip route get %s mark 0x5c000007 2>&1", to);
	text = lab_output(lab, command);
	print_message(
	    "# %s marked: %.*s\n", to, (int)strcspn(text, "\n"), text);
	snprintf(where, sizeof(where), " dev %s ", device ? device : "lo");
	/* Kernels tell it in a route or in an error. */
	assert_true(strstr(text, where) != NULL ||
	    (device == NULL && strstr(text, "No route to host") != NULL));
}

static int
probe_start(const char *source, unsigned mark)
{
	struct sockaddr_in to = {
	    .sin_family = AF_INET,
	    .sin_port = htons(VIP_PORT),
	};
	struct sockaddr_in from = {.sin_family = AF_INET};
	int fd;

	fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_return_code(fd, errno);
	inet_pton(AF_INET, source, &from.sin_addr);
	inet_pton(AF_INET, VIP, &to.sin_addr);
	setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark));
	assert_return_code(
	    bind(fd, (struct sockaddr *)&from, sizeof(from)), errno);
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0 &&
	    errno != EINPROGRESS) {
		close(fd);
		return (-1);
	}
	return (fd);
}

static bool
packet_seen(int fd, unsigned milliseconds)
{
	struct pollfd waiting = {.fd = fd, .events = POLLIN};
	char frame[2048];
	struct iphdr ip;
	char text[INET_ADDRSTRLEN];

	while (poll(&waiting, 1, milliseconds) > 0) {
		if (recv(fd, frame, sizeof(frame), 0) <
		    (int)(ETH_HLEN + sizeof(ip)))
			continue;
		memcpy(&ip, frame + ETH_HLEN, sizeof(ip));
		inet_ntop(AF_INET, &ip.daddr, text, sizeof(text));
		if (strcmp(text, VIP) != 0)
			continue;
		inet_ntop(AF_INET, &ip.saddr, text, sizeof(text));
		return (strcmp(text, "10.9.0.1") == 0);
	}
	return (false);
}

static void
marked_packets_and_no_others_leave_by_it(void **state)
{
	struct lab *lab = *state;
	int capture, fd;

	assert_int_not_equal(probe_path_up(lab), -1);
	lab_run(lab->host, "ip route add default via 10.9.0.2");
	capture = lab_packet_socket(DEVICE "p", ETH_P_IP);
	fd = probe_start("10.9.0.1", MARK | PROBE_FOR);
	assert_return_code(fd, errno);
	assert_true(packet_seen(capture, 2000));
	close(fd);

	fd = probe_start("10.9.0.1", PROBE_FOR);
	assert_return_code(fd, errno);
	assert_false(packet_seen(capture, 300));
	close(fd);
	close(capture);
}

/* But for the main table's routes, any server would answer it. */
static void
without_the_device_a_probe_does_not_leave(void **state)
{
	struct lab *lab = *state;
	int capture, fd;

	assert_int_not_equal(probe_path_up(lab), -1);
	lab_run(lab->host,
	    "ip route add default via 10.9.0.2; "
	    "ip -6 route add default via fd09::2 2>/dev/null");
	assert_marked_goes(lab, VIP, DEVICE);
	if (lab_has_ipv6())
		assert_marked_goes(lab, "2001:db8::1", DEVICE);
	lab_enter(lab->server);
	capture = lab_packet_socket("srv0", ETH_P_IP);
	lab_enter(lab->host);
	lab_run(lab->host, "ip link del " DEVICE);
	fd = probe_start("10.9.0.1", MARK | PROBE_FOR);
	assert_int_equal(fd, -1);
	assert_int_equal(errno, EHOSTUNREACH);
	assert_false(packet_seen(capture, 300));
	if (lab_has_ipv6())
		assert_marked_goes(lab, "2001:db8::1", NULL);
	/* What is not marked does leave. */
	fd = probe_start("10.9.0.1", PROBE_FOR);
	assert_return_code(fd, errno);
	assert_true(packet_seen(capture, 2000));
	close(fd);
	close(capture);
}

/*
 * What the program at the egress of the device does in earnest: give each
 * packet the server's Ethernet header and send it out.
 */
static void
redirect(int from, int to)
{
	struct ether_header header = {.ether_type = htons(ETHERTYPE_IP)};
	char frame[2048];
	ssize_t n;

	lab_mac(LAB_SERVER_MAC, header.ether_dhost);
	lab_mac(LAB_HOST_MAC, header.ether_shost);
	while ((n = recv(from, frame, sizeof(frame), 0)) >= ETH_HLEN) {
		memcpy(frame, &header, sizeof(header));
		assert_int_equal(send(to, frame, n, 0), n);
	}
}

/* Does a probe get its answer within a moment? */
static bool
answered(int from, int to)
{
	struct pollfd waiting = {.events = POLLOUT};
	int error = ETIMEDOUT, i, fd;
	socklen_t size = sizeof(error);

	fd = probe_start("10.9.0.1", MARK | PROBE_FOR);
	assert_return_code(fd, errno);
	waiting.fd = fd;
	for (i = 0; i < 30; i++) {
		redirect(from, to);
		if (poll(&waiting, 1, 10) > 0)
			break;
	}
	if (i < 30)
		getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
	close(fd);
	return (error == 0);
}

static int
server_listen(struct lab *lab)
{
	struct sockaddr_in at = {
	    .sin_family = AF_INET,
	    .sin_port = htons(VIP_PORT),
	};
	int fd;

	lab_enter(lab->server);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	inet_pton(AF_INET, VIP, &at.sin_addr);
	assert_return_code(bind(fd, (struct sockaddr *)&at, sizeof(at)), errno);
	assert_return_code(listen(fd, 64), errno);
	lab_enter(lab->host);
	return (fd);
}

/*
 * The filter as it is in the kernel: 1 is for routes by the same interface,
 * 2 for any route at all, and the greater of "all" and the interface counts.
 */
static const struct filter_case {
	const char *route;
	int all, own;
	bool pass;
} filter_cases[] = {
    {"ip route add default via 10.9.0.2", 0, 0, true},
    {"ip route add default via 10.9.0.2", 0, 1, true},
    {"ip route add default via 10.9.0.2", 0, 2, true},
    {"ip route add default dev other0", 0, 0, true},
    {"ip route add default dev other0", 0, 1, false},
    {"ip route add default dev other0", 1, 0, false},
    {"ip route add default dev other0", 1, 2, true},
    {"ip route add default dev other0", 0, 2, true},
    {"true", 0, 0, true},
    {"true", 0, 1, false},
    {"true", 0, 2, false},
    {"true", 2, 0, false},
};

static void
filter_case(struct lab *lab, const struct filter_case *c, int from, int to)
{
	struct addr vip = lab_addr(VIP);
	bool passed, predicted;
	const char *text;

	lab_run(lab->host, "ip route flush default 2>/dev/null; %s", c->route);
	lab_run(lab->host,
	    "sysctl -qw net.ipv4.conf.all.rp_filter=%d "
	    "net.ipv4.conf.in0.rp_filter=%d",
	    c->all, c->own);
	passed = answered(from, to);
	lab_log_begin();
	predicted = netlink_check_replies(lab->netlink, &vip);
	text = lab_log_end();
	print_message("# rp_filter all=%d in0=%d, %s: %s; %s", c->all, c->own,
	    c->route, passed ? "answered" : "dropped",
	    *text != '\0' ? text : "\n");
	assert_int_equal(passed, c->pass);
	assert_int_equal(predicted, c->pass);
}

static void
the_reverse_path_filter_is_foreseen(void **state)
{
	struct addr server = lab_addr("10.9.0.2");
	struct lab *lab = *state;
	int from, to, listener;
	size_t i;

	assert_int_not_equal(probe_path_up(lab), -1);
	lab_run(lab->host,
	    "ip link add other0 type veth peer name other1; "
	    "ip link set other0 up; ip link set other1 up");
	listener = server_listen(lab);
	from = lab_packet_socket(DEVICE "p", ETH_P_IP);
	to = lab_packet_socket("in0", ETH_P_IP);
	netlink_watch(lab->netlink, &server);
	assert_true(lab_wait(lab, lab_resolved, 3000));
	for (i = 0; i < LENGTH(filter_cases); i++)
		filter_case(lab, &filter_cases[i], from, to);
	close(from);
	close(to);
	close(listener);
}

/* Servers of IPv6, or behind a gateway, answer to an address of IPv4 too. */
static void
the_filter_is_foreseen_for_any_server(void **state)
{
	static const char *const servers[] = {"fd09::2", "198.51.100.7"};
	struct addr server, vip = lab_addr(VIP), other = lab_addr("fd00::1");
	struct lab *lab = *state;
	size_t i;

	lab_run(lab->host,
	    "sysctl -qw net.ipv4.conf.in0.rp_filter=1; "
	    "ip route add 198.51.100.0/24 via 10.9.0.2; "
	    "ip link add other0 type veth peer name other1; "
	    "ip link set other0 up; ip link set other1 up");
	for (i = lab_has_ipv6() ? 0 : 1; i < LENGTH(servers); i++) {
		server = lab_addr(servers[i]);
		/* Nobody's answers can be lost. */
		lab_run(lab->host, "ip route replace default dev other0");
		assert_true(netlink_check_replies(lab->netlink, &vip));
		netlink_watch(lab->netlink, &server);
		assert_true(lab_wait(lab, lab_resolved, 3000));
		assert_false(netlink_check_replies(lab->netlink, &vip));
		assert_true(netlink_check_replies(lab->netlink, &other));
		lab_run(lab->host, "ip route replace default dev in0");
		assert_true(netlink_check_replies(lab->netlink, &vip));
		netlink_unwatch(lab->netlink, &server);
		lab->nexthop = (struct netlink_nexthop){0};
	}
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, lab_up, lab_down)
	const struct CMUnitTest tests[] = {
	    TEST(marked_packets_and_no_others_leave_by_it),
	    TEST(without_the_device_a_probe_does_not_leave),
	    TEST(the_reverse_path_filter_is_foreseen),
	    TEST(the_filter_is_foreseen_for_any_server),
	};

	lab_required();
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
