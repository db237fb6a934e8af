/* SPDX-License-Identifier: ISC */

/*
 * Interfaces, addresses and watched servers, as a real kernel has them.
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
#include <netinet/if_ether.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <netlink/socket.h>

#include "adapters/netlink_private.h"
#include "netlink_lab.h"

#define SERVER	  "10.9.0.2"
#define OTHER_MAC "02:00:00:00:09:99"

/* Conditions to wait for. */

static bool
resolved(struct lab *lab)
{
	return (lab->nexthop.resolved);
}

static bool
unresolved(struct lab *lab)
{
	return (!lab->nexthop.resolved);
}

/* Both may be told within one pass of the loop. */
static bool
lost_and_found(struct lab *lab)
{
	return (lab->nexthops == 2 && lab->nexthop.resolved);
}

static bool
unreachable(struct lab *lab)
{
	return (lab->nexthops > 0 && lab->nexthop.ifindex == 0);
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
own_mac_changed(struct lab *lab)
{
	unsigned char mac[6];

	lab_mac(OTHER_MAC, mac);
	return (memcmp(lab->nexthop.source_mac, mac, 6) == 0);
}

static bool
failed(struct lab *lab)
{
	return (strstr(lab_output(lab, "ip neigh show to " SERVER), "FAILED") !=
	    NULL);
}

static bool
went_down(struct lab *lab)
{
	return (strcmp(lab->interface_name, "in0") == 0 &&
	    lab->interface.ifindex != 0 && !lab->interface.up);
}

static bool
came_up(struct lab *lab)
{
	return (lab->interface.up);
}

static bool
renamed(struct lab *lab)
{
	return (strcmp(lab->interface_name, "out0") == 0);
}

static bool
removed(struct lab *lab)
{
	return (strcmp(lab->interface_name, "in0") == 0 &&
	    lab->interface.ifindex == 0);
}

static bool
vip_came(struct lab *lab)
{
	return (lab->addresses > 0 && lab->address_present);
}

static bool
vip_went(struct lab *lab)
{
	return (lab->addresses > 0 && !lab->address_present);
}

static bool
last_of_many(struct lab *lab)
{
	struct addr last = lab_addr("10.77.0.200");

	return (lab->addresses >= 200 && netlink_is_local(lab->netlink, &last));
}

static bool
long_enough(struct lab *lab)
{
	(void)lab;
	return (false);
}

static void
watch(struct lab *lab, const char *text)
{
	struct addr addr = lab_addr(text);

	lab->inside = true;
	netlink_watch(lab->netlink, &addr);
	lab->inside = false;
}

static void
watch_resolved(struct lab *lab, const char *text)
{
	watch(lab, text);
	assert_true(lab_wait(lab, resolved, 5000));
	print_message("# %s resolved in %u ms\n", text, lab_elapsed());
}

/* Who has 10.9.0.2 now: said to all, as a host does that moved. */
static void
announce(struct lab *lab, const char *mac)
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
	inet_pton(AF_INET, SERVER, frame.arp.arp_spa);
	inet_pton(AF_INET, SERVER, frame.arp.arp_tpa);
	assert_int_equal(sendto(fd, &frame, sizeof(frame), 0,
			     (struct sockaddr *)&to, sizeof(to)),
	    sizeof(frame));
	close(fd);
}

static void
a_watched_server_is_resolved(void **state)
{
	struct lab *lab = *state;
	struct addr addr = lab_addr(SERVER), own = lab_addr("10.9.0.1");
	const struct netlink_nexthop *now;
	unsigned char mac[6];

	assert_null(netlink_nexthop(lab->netlink, &addr));
	watch_resolved(lab, SERVER);
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
	struct addr addr = lab_addr(SERVER);

	watch_resolved(lab, SERVER);
	watch(lab, SERVER);
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
	struct addr addr = lab_addr(SERVER);

	watch(lab, SERVER);
	netlink_unwatch(lab->netlink, &addr);
	lab_wait(lab, long_enough, 100);
	assert_int_equal(lab->nexthops, 0);
}

static void
nothing_is_reported_while_nothing_changes(void **state)
{
	struct lab *lab = *state;
	unsigned count;

	watch_resolved(lab, SERVER);
	count = lab->nexthops;
	assert_in_range(count, 1, 2);
	lab_run(lab->host, "ip route add 198.51.100.0/24 via " SERVER);
	lab_run(lab->host, "ip route add 203.0.113.0/24 via " SERVER);
	lab_wait(lab, long_enough, 7000); /* verified in the meantime */
	assert_int_equal(lab->nexthops, count);
}

static void
an_ipv6_server_is_resolved(void **state)
{
	struct lab *lab = *state;
	struct addr own = lab_addr("fd09::1");
	unsigned char mac[6];

	watch_resolved(lab, "fd09::2");
	lab_mac(LAB_SERVER_MAC, mac);
	assert_memory_equal(lab->nexthop.mac, mac, 6);
	assert_int_equal(addr_compare(&lab->nexthop.source, &own), 0);
}

static void
a_move_that_is_announced_is_reported_at_once(void **state)
{
	struct lab *lab = *state;

	int i;

	lab_settle(lab);
	watch_resolved(lab, SERVER);
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
	watch_resolved(lab, SERVER);
	lab_run(lab->host,
	    "ip link add other0 type veth peer name other1; "
	    "ip link set other0 up; ip link set other1 up; "
	    "ip neigh add " SERVER " lladdr " OTHER_MAC " dev other0");
	assert_false(lab_wait(lab, moved, 300));
}

static void
a_silent_move_is_found(void **state)
{
	struct lab *lab = *state;

	watch_resolved(lab, SERVER);
	lab_run(lab->server, "ip link set srv0 address " OTHER_MAC);
	assert_true(lab_wait(lab, moved, 10000));
	print_message("# a silent move: %u ms\n", lab_elapsed());
}

/* Is the address known, though unresolved, to callback and caller alike? */
static void
assert_unresolved(struct lab *lab)
{
	struct addr addr = lab_addr(SERVER);
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
	watch_resolved(lab, SERVER);
	lab_run(lab->server, "ip addr del " SERVER "/24 dev srv0");
	assert_true(lab_wait(lab, unresolved, 12000));
	print_message("# gone: %u ms\n", lab_elapsed());
	assert_unresolved(lab);
	/* Asked again and again, without answer: no news. */
	count = lab->nexthops;
	lab_wait(lab, long_enough, 2500);
	assert_int_equal(lab->nexthops, count);
	assert_true(lab_wait(lab, failed, 2000));
	assert_unresolved(lab);
	lab_run(lab->server, "ip addr add " SERVER "/24 dev srv0");
	assert_true(lab_wait(lab, resolved, 3000));
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
	watch_resolved(lab, SERVER);
	lab_run(lab->server, "ip link set srv0 arp off");
	lab_run(
	    lab->host, "sysctl -qw net.ipv4.neigh.in0.retrans_time_ms=5000");
	for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		print_message("# %s nud %s\n", steps[i].verb, steps[i].nud);
		lab_run(lab->host,
		    "ip neigh %s " SERVER " lladdr " LAB_SERVER_MAC
		    " nud %s dev in0",
		    steps[i].verb, steps[i].nud);
		lab_wait(lab, long_enough, 100);
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
	watch_resolved(lab, SERVER);
	for (i = 0; i < 3; i++) {
		lab->nexthops = 0;
		lab_run(lab->host, "ip neigh flush dev in0");
		assert_true(lab_wait(lab, lost_and_found, 500));
		print_message("# flushed, resolved: %u ms\n", lab_elapsed());
	}
}

static void
a_server_that_comes_late_is_found(void **state)
{
	struct lab *lab = *state;

	watch(lab, "10.9.0.77");
	assert_true(lab_wait(lab, onlink, 1000));
	lab_wait(lab, long_enough, 1500);
	assert_false(lab->nexthop.resolved);
	lab_run(lab->server, "ip addr add 10.9.0.77/24 dev srv0");
	assert_true(lab_wait(lab, resolved, 5000));
	print_message("# a late server: %u ms\n", lab_elapsed());
}

static void
the_interface_goes_and_returns(void **state)
{
	struct lab *lab = *state;
	struct netlink_interface interface;

	lab_settle(lab);
	assert_int_equal(netlink_interface(lab->netlink, "in0", &interface), 0);
	assert_true(interface.up);
	assert_int_equal(
	    netlink_interface(lab->netlink, "none0", &interface), -1);
	watch_resolved(lab, SERVER);
	lab_run(lab->host, "ip link set in0 down");
	assert_true(lab_wait(lab, went_down, 1000));
	assert_true(lab_wait(lab, unreachable, 1000));
	assert_string_equal(lab->nexthop.interface, "");
	lab_run(lab->host, "ip link set in0 up");
	assert_true(lab_wait(lab, came_up, 3000));
	assert_true(lab_wait(lab, resolved, 5000));
	print_message("# after link up: %u ms\n", lab_elapsed());
}

static void
a_carrier_that_is_lost_is_reported(void **state)
{
	struct lab *lab = *state;

	/* The kernel passes such news on once a second. */
	lab_settle(lab);
	lab_run(lab->server, "ip link set srv0 down");
	assert_true(lab_wait(lab, went_down, 3000));
	lab_run(lab->server, "ip link set srv0 up");
	assert_true(lab_wait(lab, came_up, 3000));
}

static void
the_interface_is_renamed_and_removed(void **state)
{
	struct lab *lab = *state;
	struct netlink_interface interface;

	lab_run(lab->host,
	    "ip link set in0 down; ip link set in0 name out0; "
	    "ip link set out0 up");
	assert_true(lab_wait(lab, renamed, 1000));
	assert_string_equal(lab->interface_gone, "in0");
	assert_int_equal(lab->gone_looked_up, 0);
	assert_int_equal(lab->interface.ifindex, if_nametoindex("out0"));
	assert_int_equal(lab->interface_looked_up, lab->interface.ifindex);
	assert_int_equal(
	    netlink_interface(lab->netlink, "in0", &interface), -1);
	assert_int_equal(
	    netlink_interface(lab->netlink, "out0", &interface), 0);
	lab_run(lab->host,
	    "ip link set out0 down; ip link set out0 name in0; "
	    "ip link del in0");
	assert_true(lab_wait(lab, removed, 1000));
	assert_int_equal(
	    netlink_interface(lab->netlink, "in0", &interface), -1);
}

static void
the_interface_changes_its_address(void **state)
{
	struct lab *lab = *state;

	lab_settle(lab);
	watch_resolved(lab, SERVER);
	lab_run(lab->host, "ip link set in0 address " OTHER_MAC);
	assert_true(lab_wait(lab, own_mac_changed, 1000));
}

static void
routes_decide_what_is_onlink(void **state)
{
	struct lab *lab = *state;

	watch(lab, "198.51.100.7");
	assert_true(lab_wait(lab, unreachable, 1000));
	lab_run(lab->host, "ip route add 198.51.0.0/16 via " SERVER);
	assert_true(lab_wait(lab, by_gateway, 1000));
	assert_true(lab_wait(lab, resolved, 1000));
	lab_run(lab->server, "ip addr add 198.51.100.7/32 dev lo");
	lab_run(lab->host, "ip route add 198.51.100.0/23 dev in0");
	assert_true(lab_wait(lab, onlink, 1000));
	assert_true(lab_wait(lab, resolved, 1000));
	lab_run(lab->host, "ip route del 198.51.100.0/23 dev in0");
	assert_true(lab_wait(lab, by_gateway, 1000));
	assert_true(lab_wait(lab, resolved, 1000));
	lab_run(lab->host, "ip route add default dev in0");
	lab_run(lab->host, "ip route del 198.51.0.0/16");
	assert_true(lab_wait(lab, onlink, 1000));
	lab_run(lab->host, "ip route del default");
	assert_true(lab_wait(lab, unreachable, 1000));
}

static void
a_local_server_is_not_onlink(void **state)
{
	struct lab *lab = *state;

	watch(lab, "10.9.0.1");
	assert_true(lab_wait(lab, by_gateway, 1000));
}

static void
local_addresses_come_and_go(void **state)
{
	struct lab *lab = *state;
	struct addr vip = lab_addr("192.0.2.1"), other = lab_addr(SERVER);
	struct addr loopback = lab_addr("127.0.0.5");

	lab_settle(lab);
	assert_false(netlink_is_local(lab->netlink, &vip));
	assert_false(netlink_is_local(lab->netlink, &other));
	assert_true(netlink_is_local(lab->netlink, &loopback));
	lab_run(lab->host, "ip addr add 192.0.2.1/32 dev lo");
	assert_true(lab_wait(lab, vip_came, 1000));
	assert_int_equal(addr_compare(&lab->address, &vip), 0);
	assert_true(netlink_is_local(lab->netlink, &vip));

	/* At a second interface: no news, until it is at none. */
	lab_run(lab->host, "ip addr add 192.0.2.1/32 dev in0");
	lab_run(lab->host, "ip addr del 192.0.2.1/32 dev lo");
	lab_wait(lab, long_enough, 100);
	assert_int_equal(lab->addresses, 1);
	assert_true(netlink_is_local(lab->netlink, &vip));
	lab_run(lab->host, "ip addr del 192.0.2.1/32 dev in0");
	assert_true(lab_wait(lab, vip_went, 1000));
	assert_false(netlink_is_local(lab->netlink, &vip));
}

static void
lost_events_are_made_good(void **state)
{
	struct lab *lab = *state;
	const int size = 4096;

	lab_settle(lab);
	watch_resolved(lab, SERVER);
	setsockopt(nl_socket_get_fd(lab->netlink->events), SOL_SOCKET,
	    SO_RCVBUF, &size, sizeof(size));
	lab_run(lab->host,
	    "for i in $(seq 200); do "
	    "echo addr add 10.77.0.$i/32 dev lo; done | ip -batch -");
	lab_run(lab->host, "ip link set in0 address " OTHER_MAC);
	lab_log_begin();
	assert_true(lab_wait(lab, last_of_many, 3000));
	assert_true(lab_wait(lab, own_mac_changed, 3000));
	assert_int_equal(lab->addresses, 200);
	lab_run(lab->host, "ip addr flush dev lo");
	assert_true(lab_wait(lab, vip_went, 3000));
	assert_non_null(strstr(lab_log_end(), "events were lost"));
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, lab_up, lab_down)
	const struct CMUnitTest tests[] = {
	    TEST(a_watched_server_is_resolved),
	    TEST(a_watch_counts_its_references),
	    TEST(unwatched_at_once_is_not_reported),
	    TEST(nothing_is_reported_while_nothing_changes),
	    TEST(an_ipv6_server_is_resolved),
	    TEST(a_move_that_is_announced_is_reported_at_once),
	    TEST(a_neighbour_of_another_interface_is_not_it),
	    TEST(a_silent_move_is_found),
	    TEST(a_server_that_is_gone_keeps_its_address),
	    TEST(each_state_of_a_neighbour_counts),
	    TEST(a_neighbour_that_is_forgotten_is_asked_at_once),
	    TEST(a_server_that_comes_late_is_found),
	    TEST(the_interface_goes_and_returns),
	    TEST(a_carrier_that_is_lost_is_reported),
	    TEST(the_interface_is_renamed_and_removed),
	    TEST(the_interface_changes_its_address),
	    TEST(routes_decide_what_is_onlink),
	    TEST(a_local_server_is_not_onlink),
	    TEST(local_addresses_come_and_go),
	    TEST(lost_events_are_made_good),
	};

	lab_required();
	lab_needs_ipv6("an_ipv6_server_is_resolved");
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
