/* SPDX-License-Identifier: ISC */

/*
 * The frames of probes, as they come out of the peer of the device: complete,
 * of both families, from a socket at the address of another interface.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/ioctl.h>
#include <sys/socket.h>

#include <linux/ethtool.h>
#include <linux/if_packet.h>
#include <linux/sockios.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "netlink_lab.h"

#define DEVICE	 "vc5probe"
#define MARK	 0x5c000000
#define TABLE	 22083
#define PORT	 8080
#define FRAME	 65536
#define PAYLOAD	 20000 /* several segments' */
#define IPV4_LEN 20
#define IPV6_LEN 40

#define LENGTH(a) (sizeof(a) / sizeof((a)[0]))

/* The virtual address is the server's, whose loopback has it. */
static const struct path {
	int family;
	const char *vip, *own;
	uint16_t type;
	unsigned header; /* length of IP's */
} paths[] = {
    {AF_INET, "192.0.2.1", "10.9.0.1", ETHERTYPE_IP, IPV4_LEN},
    {AF_INET6, "2001:db8::1", "fd09::1", ETHERTYPE_IPV6, IPV6_LEN},
};

static uint8_t frame[FRAME];

/* What was seen of a capture. */
struct seen {
	unsigned frames, longest;
	uint8_t protocol; /* only frames of it count; 0 = all */
};

static void
path_add(struct lab *lab)
{
	int peer = 0;

	assert_return_code(
	    netlink_probe_path_add(lab->netlink, DEVICE, MARK, TABLE, &peer),
	    errno);
	assert_int_equal(peer, if_nametoindex(DEVICE "p"));
	lab_run(lab->server,
	    "ip addr add 2001:db8::1/128 dev lo nodad "
	    "2>/dev/null");
}

static int
socket_open(const struct path *path, int type, const char *at, uint16_t port)
{
	struct addr addr = lab_addr(at);
	struct sockaddr_storage from;
	socklen_t size = addr_to_sockaddr(&addr, port, &from);
	int fd;

	fd = socket(path->family, type | SOCK_CLOEXEC, 0);
	assert_return_code(fd, errno);
	assert_return_code(bind(fd, (struct sockaddr *)&from, size), errno);
	return (fd);
}

/* A probe's socket, on its way to the virtual address. */
static int
probe_open(const struct path *path, int type)
{
	struct addr vip = lab_addr(path->vip);
	const unsigned mark = MARK | 7;
	struct sockaddr_storage to;
	socklen_t size = addr_to_sockaddr(&vip, PORT, &to);
	int fd;

	fd = socket_open(path, type | SOCK_NONBLOCK, path->own, 0);
	setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark));
	if (connect(fd, (struct sockaddr *)&to, size) < 0)
		assert_int_equal(errno, EINPROGRESS);
	return (fd);
}

/* RFC 1071; 0 over what has its own checksum in it. */
static uint16_t
sum(const uint8_t *at, size_t length, uint32_t start)
{
	uint32_t total = start;
	size_t i;

	for (i = 0; i < length; i++)
		total += i % 2 == 0 ? at[i] << 8 : at[i];
	while (total >> 16 != 0)
		total = (total & 0xffff) + (total >> 16);
	return (~total & 0xffff);
}

static bool
frame_is_probe(const struct path *path, ssize_t n)
{
	struct addr vip = lab_addr(path->vip);
	const uint8_t *ip = frame + ETH_HLEN;
	unsigned size = addr_bits(&vip) / 8;

	return (n > (ssize_t)(ETH_HLEN + path->header) &&
	    ((frame[12] << 8) | frame[13]) == path->type &&
	    memcmp(ip + path->header - size, vip.bytes, size) == 0);
}

static uint8_t
frame_protocol(const struct path *path)
{
	return (frame[ETH_HLEN + (path->family == AF_INET ? 9 : 6)]);
}

/* Source, destination, length and protocol go into the checksum too. */
static void
frame_check(const struct path *path, ssize_t n)
{
	const uint8_t *ip = frame + ETH_HLEN, *body = ip + path->header;
	unsigned length, protocol, addresses;

	if (path->family == AF_INET) {
		assert_int_equal(ip[0], 0x45);
		assert_int_equal(sum(ip, IPV4_LEN, 0), 0);
		length = ((ip[2] << 8) | ip[3]) - IPV4_LEN;
		protocol = ip[9];
		addresses = 8;
	} else {
		length = (ip[4] << 8) | ip[5];
		protocol = ip[6];
		addresses = 32;
	}
	assert_int_equal(n, ETH_HLEN + path->header + length);
	assert_true(protocol == IPPROTO_TCP || protocol == IPPROTO_UDP);
	if (protocol == IPPROTO_UDP)
		assert_int_not_equal((body[6] << 8) | body[7], 0);
	/* The addresses stand before the body, of which this is a part. */
	assert_int_equal(
	    sum(body - addresses, addresses + length, length + protocol), 0);
}

/* Look at what came, and have it sent to the server as the data plane would. */
static void
forward(const struct path *path, int from, int to, struct seen *seen)
{
	unsigned char mac[6];
	ssize_t n;

	while ((n = recv(from, frame, sizeof(frame), 0)) > 0) {
		if (!frame_is_probe(path, n) ||
		    (seen->protocol != 0 &&
			seen->protocol != frame_protocol(path)))
			continue;
		seen->frames++;
		if (n > seen->longest)
			seen->longest = n;
		frame_check(path, n);
		lab_mac(LAB_SERVER_MAC, mac);
		memcpy(frame, mac, 6);
		lab_mac(LAB_HOST_MAC, mac);
		memcpy(frame + 6, mac, 6);
		if (to != -1)
			assert_int_equal(send(to, frame, n, 0), n);
	}
}

static bool
ready(int fd, short what)
{
	struct pollfd waiting = {.fd = fd, .events = what};

	return (poll(&waiting, 1, 10) > 0);
}

/* Send much on a connection; how much of it came. */
static size_t
exchange(const struct path *path, int probe, int listener, int from, int to,
    struct seen *seen)
{
	static uint8_t data[PAYLOAD];
	size_t sent = 0, got = 0;
	int i, server = -1;
	ssize_t n;

	for (i = 0; i < 500 && got < PAYLOAD; i++) {
		forward(path, from, to, seen);
		if (sent < PAYLOAD && ready(probe, POLLOUT) &&
		    (n = send(probe, data, PAYLOAD - sent, MSG_NOSIGNAL)) > 0)
			sent += n;
		if (server == -1 && ready(listener, POLLIN))
			server = accept(listener, NULL, NULL);
		if (server != -1 && ready(server, POLLIN) &&
		    (n = recv(server, data, sizeof(data), 0)) > 0)
			got += n;
	}
	if (server != -1)
		close(server);
	return (got);
}

static void
tcp_case(struct lab *lab, const struct path *path)
{
	struct seen seen = {0};
	int from, to, listener, probe;
	size_t got;

	lab_enter(lab->server);
	listener = socket_open(path, SOCK_STREAM, path->vip, PORT);
	assert_return_code(listen(listener, 8), errno);
	lab_enter(lab->host);
	from = lab_packet_socket(DEVICE "p", ETH_P_ALL);
	to = lab_packet_socket("in0", ETH_P_ALL);
	probe = probe_open(path, SOCK_STREAM);
	got = exchange(path, probe, listener, from, to, &seen);
	print_message("# TCP to %s: %zu bytes in %u frames, the longest %u\n",
	    path->vip, got, seen.frames, seen.longest);
	assert_int_equal(got, PAYLOAD);
	assert_in_range(seen.longest, 1000, ETH_HLEN + 1500);
	close(probe);
	close(to);
	close(from);
	close(listener);
}

/*
 * The first frame tells: nobody answers, and nothing was negotiated.  The TCP
 * connection of before may still be saying goodbye.
 */
static void
udp_case(struct lab *lab, const struct path *path)
{
	struct seen seen = {.protocol = IPPROTO_UDP};
	uint8_t data[1001] = {1};
	int i, from, probe;

	from = lab_packet_socket(DEVICE "p", ETH_P_ALL);
	probe = probe_open(path, SOCK_DGRAM);
	assert_int_equal(send(probe, data, sizeof(data), 0), sizeof(data));
	for (i = 0; i < 100 && seen.frames == 0; i++) {
		lab_pass(lab, 10);
		forward(path, from, -1, &seen);
	}
	print_message("# UDP to %s: %u frames, the longest %u\n", path->vip,
	    seen.frames, seen.longest);
	assert_int_equal(seen.frames, 1);
	assert_int_equal(
	    seen.longest, ETH_HLEN + path->header + 8 + sizeof(data));
	close(probe);
	close(from);
}

static void
both_protocols(struct lab *lab)
{
	size_t i;

	for (i = 0; i < LENGTH(paths); i++) {
		if (paths[i].family == AF_INET6 && !lab_has_ipv6())
			break;
		tcp_case(lab, &paths[i]);
		udp_case(lab, &paths[i]);
	}
}

static void
they_are_complete(void **state)
{
	struct lab *lab = *state;

	lab_settle(lab);
	path_add(lab);
	both_protocols(lab);
}

static void
ethtool_set(const char *device, unsigned command, unsigned value)
{
	struct ethtool_value set = {.cmd = command, .data = value};
	struct ifreq request = {.ifr_data = (void *)&set};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", device);
	assert_return_code(ioctl(fd, SIOCETHTOOL, &request), errno);
	close(fd);
}

/* A predecessor may have been of another mind. */
static void
of_a_device_that_was_there_too(void **state)
{
	static const char *const ends[] = {DEVICE, DEVICE "p"};
	struct netlink_interface interface;
	struct lab *lab = *state;
	size_t i;

	lab_settle(lab);
	path_add(lab);
	for (i = 0; i < LENGTH(ends); i++) {
		ethtool_set(ends[i], ETHTOOL_STXCSUM, 1);
		ethtool_set(ends[i], ETHTOOL_SGSO, 1);
		ethtool_set(ends[i], ETHTOOL_STSO, 1);
		lab_run(lab->host, "ip link set %s mtu 9000", ends[i]);
	}
	path_add(lab);
	assert_true(lab_wait_interface(lab, DEVICE, &interface));
	lab_pass(lab, 100);
	netlink_interface(lab->netlink, DEVICE, &interface);
	assert_int_equal(interface.mtu, 1500);
	both_protocols(lab);
}

/* IPv6 may be off for interfaces to come, and on where the servers are. */
static void
ipv6_is_enabled_at_the_device(void **state)
{
	struct lab *lab = *state;

	lab_settle(lab);
	lab_run(lab->host, "sysctl -qw net.ipv6.conf.default.disable_ipv6=1");
	path_add(lab);
	both_protocols(lab);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, lab_up, lab_down)
	const struct CMUnitTest tests[] = {
	    TEST(they_are_complete),
	    TEST(of_a_device_that_was_there_too),
	    TEST(ipv6_is_enabled_at_the_device),
	};

	lab_required();
	lab_needs_ipv6("ipv6*");
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
