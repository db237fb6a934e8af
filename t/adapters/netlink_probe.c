/* SPDX-License-Identifier: ISC */

/*
 * The probes' way out: that it is made, found again, put back and removed;
 * that marked packets and no others take it; what the reverse path filter
 * does to their answers.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/socket.h>
#include <sys/wait.h>

#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/ip.h>

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "netlink_lab.h"

#define DEVICE	  "vc5probe"
#define MARK	  0x5c000000
#define TABLE	  22083
#define RULE	  "fwmark 0x5c000000/0xffff0000 lookup 22083"
#define VIP	  "192.0.2.1"
#define VIP_PORT  8080
#define PROBE_FOR 7 /* a destination: the lower part of the mark */

#define LENGTH(a) (sizeof(a) / sizeof((a)[0]))

static int
add(struct lab *lab)
{
	int peer;

	return (
	    netlink_probe_path_add(lab->netlink, DEVICE, MARK, TABLE, &peer));
}

static unsigned
occurrences(const char *text, const char *what)
{
	unsigned count = 0;

	for (; (text = strstr(text, what)) != NULL; text += strlen(what))
		count++;
	return (count);
}

static void
assert_installed(struct lab *lab)
{
	static const char *const commands[][2] = {
	    {"ip -4 -o rule", "ip -4 route show table 22083"},
	    {"ip -6 -o rule", "ip -6 route show table 22083"},
	};
	const char *text;
	size_t i;

	for (i = 0; i < (lab_has_ipv6() ? 2 : 1); i++) {
		text = lab_output(lab, commands[i][0]);
		assert_int_equal(occurrences(text, "22083:\t"), 1);
		assert_int_equal(occurrences(text, RULE), 1);
		text = lab_output(lab, commands[i][1]);
		assert_int_equal(occurrences(text, "\n"), 2);
		assert_int_equal(occurrences(text, "default dev " DEVICE), 1);
		assert_int_equal(occurrences(text, "unreachable default"), 1);
	}
	text = lab_output(lab, "ip -o link show dev " DEVICE);
	assert_non_null(strstr(text, "@" DEVICE "p:"));
	assert_non_null(strstr(text, "NOARP"));
	assert_non_null(strstr(text, ",UP"));
	text = lab_output(lab, "ip -o addr show dev " DEVICE);
	assert_string_equal(text, "");
	text = lab_output(lab, "ip -o addr show dev " DEVICE "p");
	assert_string_equal(text, "");
}

static void
assert_nothing_left(struct lab *lab)
{
	assert_string_equal(
	    lab_output(lab,
		"(ip link show; ip rule; ip -6 rule; "
		"ip route show table all; ip -6 route show table all) | "
		"grep -e 22083 -e " DEVICE),
	    "");
}

static bool
rule_is_back(struct lab *lab)
{
	return (strstr(lab_output(lab, "ip rule"), "22083:") != NULL);
}

static unsigned
routes(struct lab *lab, const char *what)
{
	return (occurrences(lab_output(lab,
				"(ip route show table 22083; "
				"ip -6 route show table 22083) 2>/dev/null"),
	    what));
}

static bool
refusals_are_back(struct lab *lab)
{
	return (routes(lab, "unreachable default") == (lab_has_ipv6() ? 2 : 1));
}

static bool
routes_are_back(struct lab *lab)
{
	return (refusals_are_back(lab) &&
	    routes(lab, "default dev " DEVICE) == (lab_has_ipv6() ? 2 : 1));
}

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

static bool
long_enough(struct lab *lab)
{
	(void)lab;
	return (false);
}

static bool
answer_expected(struct lab *lab)
{
	return (lab->nexthop.resolved);
}

static void
it_is_made_once_and_removed(void **state)
{
	struct lab *lab = *state;
	int ifindex = add(lab);

	assert_int_equal(ifindex, if_nametoindex(DEVICE));
	assert_in_range(ifindex, 1, 1000);
	assert_installed(lab);
	assert_int_equal(add(lab), ifindex);
	assert_installed(lab);
	netlink_probe_path_remove(lab->netlink, DEVICE, MARK, TABLE);
	assert_nothing_left(lab);
	netlink_probe_path_remove(lab->netlink, DEVICE, MARK, TABLE);
}

static void
what_a_predecessor_left_is_reused(void **state)
{
	struct lab *lab = *state;
	int ifindex = add(lab);

	/* Not ours: another mark, another mask, another table. */
	lab_run(lab->host,
	    "ip rule add fwmark 0x5d000000/0xffff0000 lookup 22083 pref 901;"
	    "ip rule add fwmark 0x5c000000/0xff000000 lookup 22083 pref 902;"
	    "ip rule add fwmark 0x5c000000/0xffff0000 lookup 102 pref 903");
	/* Too much of ours. */
	lab_run(lab->host,
	    "for i in $(seq 20); do ip rule add fwmark 0x5c000000/0xffff0000 "
	    "lookup 22083 pref $((1000 + i)); done; ip link set " DEVICE
	    " down; ip rule del pref 22083");
	assert_int_equal(add(lab), ifindex);
	assert_installed(lab);
	netlink_probe_path_remove(lab->netlink, DEVICE, MARK, TABLE);
	assert_int_equal(lab_run(lab->host, "ip rule del pref 901"), 0);
	assert_int_equal(lab_run(lab->host, "ip rule del pref 902"), 0);
	assert_int_equal(lab_run(lab->host, "ip rule del pref 903"), 0);
	assert_nothing_left(lab);
}

static void
what_others_take_away_is_put_back(void **state)
{
	struct lab *lab = *state;
	FILE *monitor;
	char line[256];

	add(lab);
	lab_run(lab->host, "ip rule del pref 22083");
	lab_log_begin();
	assert_true(lab_wait(lab, rule_is_back, 3000));
	assert_non_null(strstr(lab_log_end(), "somebody removed"));
	lab_run(lab->host, "ip route flush table 22083");
	assert_true(lab_wait(lab, routes_are_back, 3000));
	lab_run(lab->host,
	    "ip route del unreachable default table 22083; "
	    "ip -6 route del unreachable default table 22083 2>/dev/null");
	assert_true(lab_wait(lab, routes_are_back, 3000));
	lab_run(lab->host, "ip link set " DEVICE " down");
	assert_true(lab_wait(lab, routes_are_back, 3000));
	assert_installed(lab);
	/* And then it is left at that. */
	lab_wait(lab, long_enough, 2500);
	monitor = popen("timeout 3 ip -o monitor link route rule", "r");
	assert_non_null(monitor);
	lab_wait(lab, long_enough, 3200);
	assert_null(fgets(line, sizeof(line), monitor));
	pclose(monitor);
}

static void
a_device_of_others_is_left_alone(void **state)
{
	static const char *const others[] = {
	    "ip link add " DEVICE " type bridge",
	    "ip link add " DEVICE "p type bridge",
	    "ip link add " DEVICE " type veth peer name other0",
	};
	struct lab *lab = *state;
	const char *text;
	size_t i;
	int peer;

	for (i = 0; i < LENGTH(others); i++) {
		if (lab_run(lab->host, "%s 2>/dev/null", others[i]) != 0)
			continue;
		lab_log_begin();
		assert_int_equal(add(lab), -1);
		text = lab_log_end();
		assert_non_null(strstr(text, DEVICE));
		assert_non_null(strstr(text, "probe.device"));
		netlink_probe_path_remove(lab->netlink, DEVICE, MARK, TABLE);
		assert_int_equal(lab_run(lab->host,
				     "ip link del " DEVICE " 2>/dev/null || "
				     "ip link del " DEVICE "p"),
		    0);
	}
	lab_log_begin();
	assert_int_equal(netlink_probe_path_add(lab->netlink, "fifteen-letters",
			     MARK, TABLE, &peer),
	    -1);
	assert_non_null(strstr(lab_log_end(), "probe.device"));
}

static void
without_ipv6_there_is_ipv4(void **state)
{
	struct lab *lab = *state;

	lab_run(lab->host,
	    "sysctl -qw net.ipv6.conf.all.disable_ipv6=1 "
	    "net.ipv6.conf.default.disable_ipv6=1");
	lab_log_begin();
	assert_in_range(add(lab), 1, 1000);
	assert_string_equal(lab_log_end(), "");
	netlink_probe_path_remove(lab->netlink, DEVICE, MARK, TABLE);
	assert_nothing_left(lab);
}

static void
without_the_right_it_says_what_it_needs(void **state)
{
	struct lab *lab = *state;
	int status;
	pid_t pid;

	lab_log_begin();
	if ((pid = fork()) == 0) {
		if (setresuid(65534, 65534, 65534) < 0)
			_exit(2);
		_exit(add(lab) == -1 ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_non_null(strstr(lab_log_end(), "CAP_NET_ADMIN"));
	assert_int_equal(status, 0);
}

/* Sockets. */

static int
packet_socket(const char *device)
{
	struct sockaddr_ll at = {
	    .sll_family = AF_PACKET,
	    .sll_protocol = htons(ETHERTYPE_IP),
	    .sll_ifindex = if_nametoindex(device),
	};
	int fd;

	fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_return_code(fd, errno);
	assert_return_code(bind(fd, (struct sockaddr *)&at, sizeof(at)), errno);
	return (fd);
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

	assert_int_not_equal(add(lab), -1);
	lab_run(lab->host, "ip route add default via 10.9.0.2");
	capture = packet_socket(DEVICE "p");
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

	assert_int_not_equal(add(lab), -1);
	lab_run(lab->host,
	    "ip route add default via 10.9.0.2; "
	    "ip -6 route add default via fd09::2 2>/dev/null");
	assert_marked_goes(lab, VIP, DEVICE);
	if (lab_has_ipv6())
		assert_marked_goes(lab, "2001:db8::1", DEVICE);
	lab_enter(lab->server);
	capture = packet_socket("srv0");
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

static void
what_stays_without_the_device_is_kept(void **state)
{
	struct lab *lab = *state;

	assert_int_not_equal(add(lab), -1);
	lab_run(lab->host,
	    "ip link del " DEVICE "; ip rule del pref 22083; "
	    "ip route flush table 22083; ip -6 route flush table 22083");
	assert_true(lab_wait(lab, refusals_are_back, 3000));
	assert_true(lab_wait(lab, rule_is_back, 3000));
	assert_int_equal(routes(lab, "\n"), lab_has_ipv6() ? 2 : 1);
	/* And it is found when there is a device again. */
	assert_int_not_equal(add(lab), -1);
	assert_installed(lab);
	lab_run(lab->host, "ip link del " DEVICE);
	netlink_probe_path_remove(lab->netlink, DEVICE, MARK, TABLE);
	assert_nothing_left(lab);
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

	assert_int_not_equal(add(lab), -1);
	lab_run(lab->host,
	    "ip link add other0 type veth peer name other1; "
	    "ip link set other0 up; ip link set other1 up");
	listener = server_listen(lab);
	from = packet_socket(DEVICE "p");
	to = packet_socket("in0");
	netlink_watch(lab->netlink, &server);
	assert_true(lab_wait(lab, answer_expected, 3000));
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
		assert_true(lab_wait(lab, answer_expected, 3000));
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
	    TEST(it_is_made_once_and_removed),
	    TEST(what_a_predecessor_left_is_reused),
	    TEST(what_others_take_away_is_put_back),
	    TEST(a_device_of_others_is_left_alone),
	    TEST(without_ipv6_there_is_ipv4),
	    TEST(without_the_right_it_says_what_it_needs),
	    TEST(marked_packets_and_no_others_leave_by_it),
	    TEST(without_the_device_a_probe_does_not_leave),
	    TEST(what_stays_without_the_device_is_kept),
	    TEST(the_reverse_path_filter_is_foreseen),
	    TEST(the_filter_is_foreseen_for_any_server),
	};

	lab_required();
	lab_needs_ipv6("without_ipv6_*");
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
