/* SPDX-License-Identifier: ISC */

/*
 * Watched servers: their neighbour entries and the routes to them, as a real
 * kernel has them.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/socket.h>

#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/icmp6.h>
#include <netinet/if_ether.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "netlink_family.h"

/* Conditions to wait for. */

/* Both may be told within one pass of the loop. */
static bool
lost_and_found(struct lab *lab)
{
	return (lab->nexthops == 2 && lab->nexthop.resolved);
}

static bool
by_gateway(struct lab *lab)
{
	return (lab->nexthop.ifindex != 0 && !lab->nexthop.onlink);
}

static bool
onlink(struct lab *lab)
{
	return (lab->nexthop.onlink);
}

static bool
moved(struct lab *lab)
{
	unsigned char mac[6];

	lab_mac(OTHER_MAC, mac);
	return (memcmp(lab->nexthop.mac, mac, 6) == 0);
}

static bool
returned(struct lab *lab)
{
	return (!moved(lab));
}

static bool
failed(struct lab *lab)
{
	char command[128];

	snprintf(
	    command, sizeof(command), "ip neigh show to %s", family->server);
	return (strstr(lab_output(lab, command), "FAILED") != NULL);
}

static void
announce_ipv4(struct lab *lab, const char *mac)
{
	struct {
		struct ether_header ethernet;
		struct ether_arp arp;
	} __attribute__((packed)) frame = {0};
	struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_halen = 6};
	int fd;

	lab_enter(lab->server);
	fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	to.sll_ifindex = if_nametoindex("srv0");
	lab_enter(lab->host);
	memset(frame.ethernet.ether_dhost, 0xff, 6);
	lab_mac(mac, frame.ethernet.ether_shost);
	frame.ethernet.ether_type = htons(ETHERTYPE_ARP);
	frame.arp.arp_hrd = htons(ARPHRD_ETHER);
	frame.arp.arp_pro = htons(ETHERTYPE_IP);
	frame.arp.arp_hln = 6;
	frame.arp.arp_pln = 4;
	frame.arp.arp_op = htons(ARPOP_REQUEST);
	lab_mac(mac, frame.arp.arp_sha);
	inet_pton(AF_INET, ipv4.server, frame.arp.arp_spa);
	inet_pton(AF_INET, ipv4.server, frame.arp.arp_tpa);
	assert_int_equal(sendto(fd, &frame, sizeof(frame), 0,
			     (struct sockaddr *)&to, sizeof(to)),
	    sizeof(frame));
	close(fd);
}

static void
announce_ipv6(struct lab *lab, const char *mac)
{
	struct {
		struct nd_neighbor_advert advert;
		struct nd_opt_hdr option;
		unsigned char mac[6];
	} __attribute__((packed)) message = {0};
	struct sockaddr_in6 to = {.sin6_family = AF_INET6};
	const int hops = 255;
	int fd;

	lab_enter(lab->server);
	fd = socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMPV6);
	to.sin6_scope_id = if_nametoindex("srv0");
	lab_enter(lab->host);
	setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, &hops, sizeof(hops));
	inet_pton(AF_INET6, "ff02::1", &to.sin6_addr);
	message.advert.nd_na_type = ND_NEIGHBOR_ADVERT;
	message.advert.nd_na_flags_reserved = ND_NA_FLAG_OVERRIDE;
	inet_pton(AF_INET6, ipv6.server, &message.advert.nd_na_target);
	message.option.nd_opt_type = ND_OPT_TARGET_LINKADDR;
	message.option.nd_opt_len = 1;
	lab_mac(mac, message.mac);
	assert_int_equal(sendto(fd, &message, sizeof(message), 0,
			     (struct sockaddr *)&to, sizeof(to)),
	    sizeof(message));
	close(fd);
}

/* Who has the server's address now: said to all, as a host does that moved. */
static void
announce(struct lab *lab, const char *mac)
{
	if (family == &ipv6)
		announce_ipv6(lab, mac);
	else
		announce_ipv4(lab, mac);
}

static void
a_watched_server_is_resolved(void **state)
{
	struct lab *lab = *state;
	struct addr addr = lab_addr(family->server),
		    own = lab_addr(family->own);
	const struct netlink_nexthop *now;
	unsigned char mac[6];

	assert_null(netlink_nexthop(lab->netlink, &addr));
	watch_resolved(lab, family->server);
	assert_int_equal(addr_compare(&lab->watched, &addr), 0);
	assert_true(lab->nexthop.onlink);
	assert_int_equal(lab->nexthop.ifindex, if_nametoindex("in0"));
	assert_string_equal(lab->nexthop.interface, "in0");
	lab_mac(LAB_SERVER_MAC, mac);
	assert_memory_equal(lab->nexthop.mac, mac, 6);
	lab_mac(LAB_HOST_MAC, mac);
	assert_memory_equal(lab->nexthop.source_mac, mac, 6);
	assert_int_equal(addr_compare(&lab->nexthop.source, &own), 0);
	now = netlink_nexthop(lab->netlink, &addr);
	assert_non_null(now);
	assert_true(now->resolved);
}

static void
a_watch_counts_its_references(void **state)
{
	struct lab *lab = *state;
	struct addr addr = lab_addr(family->server);

	watch_resolved(lab, family->server);
	watch(lab, family->server);
	netlink_unwatch(lab->netlink, &addr);
	assert_non_null(netlink_nexthop(lab->netlink, &addr));
	netlink_unwatch(lab->netlink, &addr);
	assert_null(netlink_nexthop(lab->netlink, &addr));
	netlink_unwatch(lab->netlink, &addr);
}

static void
unwatched_at_once_is_not_reported(void **state)
{
	struct lab *lab = *state;
	struct addr addr = lab_addr(family->server);

	watch(lab, family->server);
	netlink_unwatch(lab->netlink, &addr);
	lab_pass(lab, 100);
	assert_int_equal(lab->nexthops, 0);
}

static void
nothing_is_reported_while_nothing_changes(void **state)
{
	struct lab *lab = *state;
	unsigned count;
	int i;

	watch_resolved(lab, family->server);
	count = lab->nexthops;
	assert_in_range(count, 1, 2);
	for (i = 0; i < 2; i++)
		lab_run(lab->host, "ip %s route add %s via %s", family->option,
		    family->unrelated[i], family->server);
	lab_pass(lab, 7000); /* verified in the meantime */
	assert_int_equal(lab->nexthops, count);
}

static void
a_move_that_is_announced_is_reported_at_once(void **state)
{
	struct lab *lab = *state;

	int i;

	lab_settle(lab);
	watch_resolved(lab, family->server);
	/* More often in a second than it is looked after without an event. */
	for (i = 0; i < 3; i++) {
		lab_run(lab->server, "ip link set srv0 address " OTHER_MAC);
		announce(lab, OTHER_MAC);
		assert_true(lab_wait(lab, moved, 300));
		print_message("# an announced move: %u ms\n", lab_elapsed());
		lab_run(
		    lab->server, "ip link set srv0 address " LAB_SERVER_MAC);
		announce(lab, LAB_SERVER_MAC);
		assert_true(lab_wait(lab, returned, 300));
	}
}

static void
a_neighbour_of_another_interface_is_not_it(void **state)
{
	struct lab *lab = *state;

	lab_settle(lab);
	watch_resolved(lab, family->server);
	lab_run(lab->host,
	    "ip link add other0 type veth peer name other1; "
	    "ip link set other0 up; ip link set other1 up; "
	    "ip neigh add %s lladdr " OTHER_MAC " dev other0",
	    family->server);
	assert_false(lab_wait(lab, moved, 300));
}

static void
a_silent_move_is_found(void **state)
{
	struct lab *lab = *state;

	watch_resolved(lab, family->server);
	lab_run(lab->server, "ip link set srv0 address " OTHER_MAC);
	assert_true(lab_wait(lab, moved, 10000));
	print_message("# a silent move: %u ms\n", lab_elapsed());
}

/* Is the address known, though unresolved, to callback and caller alike? */
static void
assert_unresolved(struct lab *lab)
{
	struct addr addr = lab_addr(family->server);
	const struct netlink_nexthop *now;
	unsigned char mac[6];

	lab_mac(LAB_SERVER_MAC, mac);
	assert_true(lab->nexthop.onlink);
	assert_false(lab->nexthop.resolved);
	assert_memory_equal(lab->nexthop.mac, mac, 6);
	now = netlink_nexthop(lab->netlink, &addr);
	assert_false(now->resolved);
	assert_memory_equal(now->mac, mac, 6);
}

static void
a_server_that_is_gone_keeps_its_address(void **state)
{
	struct lab *lab = *state;
	unsigned count;

	lab_settle(lab);
	watch_resolved(lab, family->server);
	lab_run(lab->server, "ip addr del %s/%s dev srv0", family->server,
	    family->length);
	assert_true(lab_wait(lab, lab_unresolved, 12000));
	print_message("# gone: %u ms\n", lab_elapsed());
	assert_unresolved(lab);
	/* Asked again and again, without answer: no news. */
	count = lab->nexthops;
	lab_pass(lab, 2500);
	assert_int_equal(lab->nexthops, count);
	assert_true(lab_wait(lab, failed, 2000));
	assert_unresolved(lab);
	lab_run(lab->server, "ip addr add %s/%s dev srv0", family->server,
	    family->length);
	assert_true(lab_wait(lab, lab_resolved, 3000));
	print_message("# back: %u ms\n", lab_elapsed());
	assert_int_equal(lab->nexthops, count + 1);
	assert_true(returned(lab));
}

/* The server does not answer: an entry is what the test makes it. */
static void
each_state_of_a_neighbour_counts(void **state)
{
	static const struct {
		const char *verb, *nud;
		bool resolved;
	} steps[] = {
	    {"replace", "stale", true},
	    {"replace", "delay", true},
	    {"replace", "probe", true},
	    {"replace", "reachable", true},
	    {"replace", "failed", false},
	    {"replace", "permanent", true},
	    {"replace", "incomplete", false},
	    {"replace", "reachable", true},
	    {"del", "reachable", false},
	};
	struct lab *lab = *state;
	size_t i;

	lab_settle(lab);
	watch_resolved(lab, family->server);
	lab_run(lab->server, "ip addr del %s/%s dev srv0", family->server,
	    family->length);
	lab_run(lab->host, "sysctl -qw net.%s.neigh.in0.retrans_time_ms=5000",
	    family->sysctl);
	for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		print_message("# %s nud %s\n", steps[i].verb, steps[i].nud);
		lab_run(lab->host,
		    "ip neigh %s %s lladdr " LAB_SERVER_MAC " nud %s dev in0",
		    steps[i].verb, family->server, steps[i].nud);
		lab_pass(lab, 100);
		assert_int_equal(lab->nexthop.resolved, steps[i].resolved);
		assert_true(returned(lab));
	}
	assert_unresolved(lab);
}

/* An operator's "ip neigh flush" is no failure of the servers'. */
static void
a_neighbour_that_is_forgotten_is_asked_at_once(void **state)
{
	struct lab *lab = *state;
	int i;

	lab_settle(lab);
	watch_resolved(lab, family->server);
	for (i = 0; i < 3; i++) {
		lab->nexthops = 0;
		lab_run(
		    lab->host, "ip neigh flush to %s dev in0", family->server);
		assert_true(lab_wait(lab, lost_and_found, 500));
		print_message("# flushed, resolved: %u ms\n", lab_elapsed());
	}
}

static void
a_server_that_comes_late_is_found(void **state)
{
	struct lab *lab = *state;

	watch(lab, family->late);
	assert_true(lab_wait(lab, onlink, 1000));
	lab_pass(lab, 1500);
	assert_false(lab->nexthop.resolved);
	lab_run(lab->server, "ip addr add %s/%s dev srv0", family->late,
	    family->length);
	assert_true(lab_wait(lab, lab_resolved, 5000));
	print_message("# a late server: %u ms\n", lab_elapsed());
}

/* ip route VERB TO HOW, of the family. */
static void
route(struct lab *lab, const char *verb, const char *to, const char *how)
{
	assert_int_equal(lab_run(lab->host, "ip %s route %s %s %s",
			     family->option, verb, to, how),
	    0);
}

static void
routes_decide_what_is_onlink(void **state)
{
	struct lab *lab = *state;
	char gateway[64];

	snprintf(gateway, sizeof(gateway), "via %s", family->server);
	watch(lab, family->far);
	assert_true(lab_wait(lab, lab_unreachable, 1000));
	route(lab, "add", family->wide, gateway);
	assert_true(lab_wait(lab, by_gateway, 1000));
	assert_true(lab_wait(lab, lab_resolved, 1000));
	lab_run(lab->server, "ip addr add %s dev srv0 %s", family->far,
	    family->nodad);
	route(lab, "add", family->narrow, "dev in0");
	assert_true(lab_wait(lab, onlink, 1000));
	assert_true(lab_wait(lab, lab_resolved, 1000));
	route(lab, "del", family->narrow, "dev in0");
	assert_true(lab_wait(lab, by_gateway, 1000));
	assert_true(lab_wait(lab, lab_resolved, 1000));
	route(lab, "add", "default", "dev in0");
	route(lab, "del", family->wide, "");
	assert_true(lab_wait(lab, onlink, 1000));
	route(lab, "del", "default", "dev in0");
	assert_true(lab_wait(lab, lab_unreachable, 1000));
}

static void
a_local_server_is_not_onlink(void **state)
{
	struct lab *lab = *state;

	watch(lab, family->own);
	assert_true(lab_wait(lab, by_gateway, 1000));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    BOTH(a_watched_server_is_resolved),
	    TEST(a_watch_counts_its_references),
	    TEST(unwatched_at_once_is_not_reported),
	    BOTH(nothing_is_reported_while_nothing_changes),
	    BOTH(a_move_that_is_announced_is_reported_at_once),
	    BOTH(a_neighbour_of_another_interface_is_not_it),
	    BOTH(a_silent_move_is_found),
	    BOTH(a_server_that_is_gone_keeps_its_address),
	    BOTH(each_state_of_a_neighbour_counts),
	    BOTH(a_neighbour_that_is_forgotten_is_asked_at_once),
	    BOTH(a_server_that_comes_late_is_found),
	    BOTH(routes_decide_what_is_onlink),
	    BOTH(a_local_server_is_not_onlink),
	};

	lab_required();
	lab_needs_ipv6("*, IPv6");
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
