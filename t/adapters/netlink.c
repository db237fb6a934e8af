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
#include <netinet/icmp6.h>
#include <netinet/if_ether.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <netlink/socket.h>

#include "adapters/netlink_private.h"
#include "netlink_lab.h"

#define OTHER_MAC "02:00:00:00:09:99"

/* What is the same with other addresses. */
static const struct family {
	const char *option; /* of ip(8) */
	const char *sysctl; /* net.... */
	const char *nodad;  /* an address of IPv6 can be used at once */
	const char *server, *own, *length;
	const char *late, *far;	   /* servers, too */
	const char *wide, *narrow; /* routes to the latter */
	const char *unrelated[2];
} ipv4 = {"-4", "ipv4", "", "10.9.0.2", "10.9.0.1", "24", "10.9.0.77",
    "198.51.100.7", "198.51.0.0/16", "198.51.100.0/23",
    {"198.51.100.0/24", "203.0.113.0/24"}},
  ipv6 = {"-6", "ipv6", "nodad", "fd09::2", "fd09::1", "64", "fd09::77",
      "2001:db8:7::7", "2001:db8::/32", "2001:db8:7::/48",
      {"2001:db8:8::/48", "2001:db8:9::/48"}};

static const struct family *family; /* of this test */

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
	char command[128];

	snprintf(
	    command, sizeof(command), "ip neigh show to %s", family->server);
	return (strstr(lab_output(lab, command), "FAILED") != NULL);
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

static int
ipv4_up(void **state)
{
	family = &ipv4;
	return (lab_up(state));
}

static int
ipv6_up(void **state)
{
	family = &ipv6;
	return (lab_up(state));
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
	lab_wait(lab, long_enough, 100);
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
	lab_wait(lab, long_enough, 7000); /* verified in the meantime */
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
	assert_true(lab_wait(lab, unresolved, 12000));
	print_message("# gone: %u ms\n", lab_elapsed());
	assert_unresolved(lab);
	/* Asked again and again, without answer: no news. */
	count = lab->nexthops;
	lab_wait(lab, long_enough, 2500);
	assert_int_equal(lab->nexthops, count);
	assert_true(lab_wait(lab, failed, 2000));
	assert_unresolved(lab);
	lab_run(lab->server, "ip addr add %s/%s dev srv0", family->server,
	    family->length);
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
	lab_wait(lab, long_enough, 1500);
	assert_false(lab->nexthop.resolved);
	lab_run(lab->server, "ip addr add %s/%s dev srv0", family->late,
	    family->length);
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
	watch_resolved(lab, family->server);
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
	watch_resolved(lab, family->server);
	lab_run(lab->host, "ip link set in0 address " OTHER_MAC);
	assert_true(lab_wait(lab, own_mac_changed, 1000));
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
	assert_true(lab_wait(lab, unreachable, 1000));
	route(lab, "add", family->wide, gateway);
	assert_true(lab_wait(lab, by_gateway, 1000));
	assert_true(lab_wait(lab, resolved, 1000));
	lab_run(lab->server, "ip addr add %s dev srv0 %s", family->far,
	    family->nodad);
	route(lab, "add", family->narrow, "dev in0");
	assert_true(lab_wait(lab, onlink, 1000));
	assert_true(lab_wait(lab, resolved, 1000));
	route(lab, "del", family->narrow, "dev in0");
	assert_true(lab_wait(lab, by_gateway, 1000));
	assert_true(lab_wait(lab, resolved, 1000));
	route(lab, "add", "default", "dev in0");
	route(lab, "del", family->wide, "");
	assert_true(lab_wait(lab, onlink, 1000));
	route(lab, "del", "default", "dev in0");
	assert_true(lab_wait(lab, unreachable, 1000));
}

static void
a_local_server_is_not_onlink(void **state)
{
	struct lab *lab = *state;

	watch(lab, family->own);
	assert_true(lab_wait(lab, by_gateway, 1000));
}

static void
local_addresses_come_and_go(void **state)
{
	struct lab *lab = *state;
	struct addr vip = lab_addr("192.0.2.1"), other = lab_addr(ipv4.server);
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

/* Does it come to be this one, or (NULL) none? */
static void
assert_source(struct lab *lab, const char *interface, const char *text)
{
	struct addr expected = {0}, source = {0};
	int i, af = family == &ipv6 ? AF_INET6 : AF_INET, rc = 0;

	if (text != NULL)
		expected = lab_addr(text);
	for (i = 0; i < 100; i++) {
		lab_wait(lab, long_enough, 10);
		source = (struct addr){0};
		rc = netlink_source(
		    lab->netlink, if_nametoindex(interface), af, &source);
		if (addr_compare(&source, &expected) == 0)
			break;
	}
	assert_int_equal(addr_compare(&source, &expected), 0);
	assert_int_equal(rc, text != NULL ? 0 : -1);
}

static void
a_source_is_chosen(void **state)
{
	static const char *const more[2][3] = {
	    {"10.9.0.0", "10.8.0.1", "203.0.113.1"},
	    {"fd09::", "fd08::1", "2001:db8::1"},
	};
	const char *const *at = more[family == &ipv6];
	struct lab *lab = *state;

	lab_settle(lab);
	lab_run(lab->host,
	    "ip link add two0 type veth peer name two1; "
	    "ip link set two1 up; ip link set two0 up");
	assert_source(lab, "in0", family->own);
	/* At another interface: any will do, but not for one that has one. */
	assert_source(lab, "two0", family->own);
	assert_source(lab, "lo", family->own);
	/* Of a loopback interface only if there is nothing else. */
	lab_run(lab->host, "ip addr add %s dev lo", at[2]);
	lab_run(lab->host, "ip addr add %s/%s dev two0 %s", at[1],
	    family->length, family->nodad);
	assert_source(lab, "two0", at[1]);
	assert_source(lab, "in0", family->own);
	/* Not a second one, or one that is about to go. */
	lab_run(lab->host, "ip addr add %s/%s dev in0 %s", at[0],
	    family->length, family == &ipv6 ? "nodad preferred_lft 0" : "");
	lab_wait(lab, long_enough, 100);
	assert_source(lab, "in0", family->own);
	lab_run(lab->host, "ip addr del %s/%s dev in0", family->own,
	    family->length);
	lab_run(lab->host, "ip addr del %s/%s dev in0", at[0], family->length);
	assert_source(lab, "in0", at[1]);
	lab_run(lab->host, "ip addr del %s/%s dev two0", at[1], family->length);
	assert_source(lab, "in0", at[2]);
	/* 127.0.0.1 and ::1, fe80::... stay, and are none. */
	lab_run(lab->host, "ip addr del %s dev lo", at[2]);
	assert_source(lab, "in0", NULL);
}

static void
a_source_is_none_that_answers_dont_reach(void **state)
{
	struct lab *lab = *state;

	lab_settle(lab);
	lab_run(lab->host,
	    "ip addr flush dev in0; "
	    "ip addr add 10.9.0.5/24 dev in0 scope link");
	assert_source(lab, "in0", NULL);
	lab_run(lab->host, "ip addr add 10.8.0.6/24 dev in0");
	assert_source(lab, "in0", "10.8.0.6");
}

static void
lost_events_are_made_good(void **state)
{
	struct lab *lab = *state;
	const int size = 4096;

	lab_settle(lab);
	watch_resolved(lab, family->server);
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
#define TEST(f) cmocka_unit_test_setup_teardown(f, ipv4_up, lab_down)
#define BOTH(f)                                         \
	{#f ", IPv4", f, ipv4_up, lab_down, NULL},      \
	{                                               \
#f ", IPv6", f, ipv6_up, lab_down, NULL \
	}
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
	    BOTH(the_interface_goes_and_returns),
	    TEST(a_carrier_that_is_lost_is_reported),
	    TEST(the_interface_is_renamed_and_removed),
	    TEST(the_interface_changes_its_address),
	    BOTH(routes_decide_what_is_onlink),
	    BOTH(a_local_server_is_not_onlink),
	    TEST(local_addresses_come_and_go),
	    BOTH(a_source_is_chosen),
	    TEST(a_source_is_none_that_answers_dont_reach),
	    TEST(lost_events_are_made_good),
	};

	lab_required();
	lab_needs_ipv6("*, IPv6");
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
