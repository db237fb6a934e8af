/* SPDX-License-Identifier: ISC */

/*
 * Servers that are reached by gateways.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <net/if.h>

#include <stdio.h>
#include <string.h>

#include "adapters/netlink_private.h"
#include "netlink_lab.h"

#define GATEWAY	   "10.9.0.2"
#define OTHER	   "10.9.0.3"
#define OTHER_MAC  "02:00:00:00:09:99"
#define LINK_LOCAL "fe80::ff:fe00:902" /* the server's, by its MAC address */
#define SERVERS	   40

#define LENGTH(a) (sizeof(a) / sizeof((a)[0]))

/* One of many servers. */
static struct addr
server(unsigned i)
{
	char text[ADDR_STRLEN];

	snprintf(text, sizeof(text), "198.51.100.%u", i + 1);
	return (lab_addr(text));
}

static const struct netlink_nexthop *
nexthop(struct lab *lab, unsigned i)
{
	struct addr addr = server(i);

	return (netlink_nexthop(lab->netlink, &addr));
}

static void
watch_all(struct lab *lab)
{
	struct addr addr;
	unsigned i;

	for (i = 0; i < SERVERS; i++) {
		addr = server(i);
		netlink_watch(lab->netlink, &addr);
	}
}

/* The number of servers whose packets go there. */
static unsigned
count_at(struct lab *lab, const char *text)
{
	unsigned char mac[6];
	unsigned i, count = 0;

	lab_mac(text, mac);
	for (i = 0; i < SERVERS; i++)
		count += nexthop(lab, i)->resolved &&
		    memcmp(nexthop(lab, i)->mac, mac, 6) == 0;
	return (count);
}

static bool
all_at_gateway(struct lab *lab)
{
	return (count_at(lab, LAB_SERVER_MAC) == SERVERS);
}

static bool
all_at_other(struct lab *lab)
{
	return (count_at(lab, OTHER_MAC) == SERVERS);
}

static bool
all_at_either(struct lab *lab)
{
	return (count_at(lab, LAB_SERVER_MAC) + count_at(lab, OTHER_MAC) ==
	    SERVERS);
}

static bool
none_resolved(struct lab *lab)
{
	unsigned i;

	for (i = 0; i < SERVERS; i++) {
		if (nexthop(lab, i)->resolved)
			return (false);
	}
	return (true);
}

static bool
none_routed(struct lab *lab)
{
	unsigned i;

	for (i = 0; i < SERVERS; i++) {
		if (nexthop(lab, i)->routed)
			return (false);
	}
	return (true);
}

static unsigned
neighbours(struct lab *lab)
{
	struct neighbour *neighbour;
	unsigned count = 0;

	RB_FOREACH(neighbour, neighbours, &lab->netlink->neighbours)
		count++;
	return (count);
}

/* A second gateway, which nobody needs to play. */
static void
other_make(struct lab *lab)
{
	lab_run(lab->host,
	    "ip neigh replace " OTHER " lladdr " OTHER_MAC
	    " dev in0 nud permanent");
}

static const struct gateway_case {
	const char *server, *route, *gateway, *source;
} gateway_cases[] = {
    {"198.51.100.7", "198.51.100.0/24 via 10.9.0.2", "10.9.0.2", "10.9.0.1"},
    {"198.51.100.7", "default via 10.9.0.2", "10.9.0.2", "10.9.0.1"},
    {"198.51.100.7", "198.51.100.7 via 10.9.0.2 src 10.9.0.11", "10.9.0.2",
	"10.9.0.11"},
    {"2001:db8:7::7", "2001:db8:7::/64 via fd09::2", "fd09::2", "fd09::1"},
    {"2001:db8:7::7", "default via " LINK_LOCAL " dev in0", LINK_LOCAL,
	"fd09::1"},
    {"198.51.100.7", "198.51.100.0/24 via inet6 fd09::2 dev in0", "fd09::2",
	"10.9.0.1"},
    {"198.51.100.7", "default via inet6 " LINK_LOCAL " dev in0", LINK_LOCAL,
	"10.9.0.1"},
};

static void
gateway_case(struct lab *lab, const struct gateway_case *c)
{
	struct addr addr = lab_addr(c->server);
	struct addr gateway = lab_addr(c->gateway), own = lab_addr(c->source);
	const char *family = addr.family == AF_INET6 ? "-6" : "-4";
	unsigned char mac[6];

	netlink_watch(lab->netlink, &addr);
	assert_true(lab_wait(lab, lab_unreachable, 1000));
	assert_int_equal(
	    lab_run(lab->host, "ip %s route add %s", family, c->route), 0);
	assert_true(lab_wait(lab, lab_resolved, 5000));
	print_message("# %s: %s: %u ms\n", c->server, c->route, lab_elapsed());
	assert_true(lab->nexthop.routed);
	assert_false(lab->nexthop.onlink);
	assert_int_equal(addr_compare(&lab->nexthop.gateway, &gateway), 0);
	assert_int_equal(addr_compare(&lab->nexthop.source, &own), 0);
	assert_int_equal(lab->nexthop.ifindex, if_nametoindex("in0"));
	assert_int_equal(lab->nexthop.wire, lab->nexthop.ifindex);
	assert_string_equal(lab->nexthop.interface, "in0");
	lab_mac(LAB_SERVER_MAC, mac);
	assert_memory_equal(lab->nexthop.mac, mac, 6);
	lab_mac(LAB_HOST_MAC, mac);
	assert_memory_equal(lab->nexthop.source_mac, mac, 6);
	lab_run(lab->host, "ip %s route del %s", family, c->route);
	assert_true(lab_wait(lab, lab_unreachable, 1000));
	assert_int_equal(neighbours(lab), 0);
	netlink_unwatch(lab->netlink, &addr);
}

static void
a_gateway_is_resolved_for_its_servers(void **state)
{
	struct lab *lab = *state;
	size_t i;

	lab_settle(lab);
	lab_run(lab->host, "ip addr add 10.9.0.11/24 dev in0");
	for (i = 0; i < LENGTH(gateway_cases); i++) {
		lab->nexthops = 0;
		if (strchr(gateway_cases[i].gateway, ':') == NULL ||
		    lab_has_ipv6())
			gateway_case(lab, &gateway_cases[i]);
	}
}

static void
servers_share_a_gateway(void **state)
{
	struct lab *lab = *state;
	unsigned char mac[6];
	unsigned i;

	lab_settle(lab);
	lab_run(lab->host, "ip route add default via " GATEWAY);
	watch_all(lab);
	assert_true(lab_wait(lab, all_at_gateway, 5000));
	assert_int_equal(neighbours(lab), 1);
	/* It moves, and all of them with it. */
	lab->nexthops = lab->batches = 0;
	lab_run(lab->host,
	    "ip neigh replace " GATEWAY " lladdr " OTHER_MAC
	    " dev in0 nud permanent");
	assert_true(lab_wait(lab, all_at_other, 300));
	lab_pass(lab, 100);
	assert_int_equal(lab->nexthops, SERVERS);
	assert_int_equal(lab->batches, 1);
	lab_run(lab->host,
	    "ip neigh replace " GATEWAY " lladdr " LAB_SERVER_MAC
	    " dev in0 nud reachable");
	assert_true(lab_wait(lab, all_at_gateway, 300));
	/* It is gone: its address is remembered, and asked for. */
	lab_run(lab->server, "ip addr del " GATEWAY "/24 dev srv0");
	assert_true(lab_wait(lab, none_resolved, 12000));
	lab_mac(LAB_SERVER_MAC, mac);
	for (i = 0; i < SERVERS; i++) {
		assert_true(nexthop(lab, i)->routed);
		assert_memory_equal(nexthop(lab, i)->mac, mac, 6);
	}
	lab_run(lab->server, "ip addr add " GATEWAY "/24 dev srv0");
	assert_true(lab_wait(lab, all_at_gateway, 3000));
	/* As long as one is watched. */
	for (i = 0; i < SERVERS; i++) {
		struct addr addr = server(i);

		assert_int_equal(neighbours(lab), 1);
		netlink_unwatch(lab->netlink, &addr);
	}
	assert_int_equal(neighbours(lab), 0);
}

/* A server may be a gateway too: one neighbour, told apart by nothing. */
static void
a_gateway_can_be_a_server(void **state)
{
	struct addr addr = lab_addr(GATEWAY);
	struct lab *lab = *state;

	lab_settle(lab);
	lab_run(lab->host, "ip route add default via " GATEWAY);
	watch_all(lab);
	netlink_watch(lab->netlink, &addr);
	assert_true(lab_wait(lab, all_at_gateway, 5000));
	assert_int_equal(neighbours(lab), 1);
	assert_true(netlink_nexthop(lab->netlink, &addr)->onlink);
	assert_true(netlink_nexthop(lab->netlink, &addr)->resolved);
	netlink_unwatch(lab->netlink, &addr);
	assert_int_equal(neighbours(lab), 1);
}

static void
the_route_moves_to_another_gateway(void **state)
{
	static const char *const moves[][2] = {
	    {"route replace default via " OTHER,
		"route replace default via " GATEWAY},
	    {"route add 198.51.0.0/16 via " OTHER, "route del 198.51.0.0/16"},
	    {"rule add to 198.51.100.0/24 lookup 77 pref 77",
		"rule del pref 77"},
	};
	struct lab *lab = *state;
	size_t i;

	lab_settle(lab);
	other_make(lab);
	lab_run(lab->host,
	    "ip route add default via " GATEWAY "; "
	    "ip route add default via " OTHER " table 77");
	watch_all(lab);
	assert_true(lab_wait(lab, all_at_gateway, 5000));
	for (i = 0; i < LENGTH(moves); i++) {
		lab_run(lab->host, "ip %s", moves[i][0]);
		assert_true(lab_wait(lab, all_at_other, 500));
		lab_run(lab->host, "ip %s", moves[i][1]);
		assert_true(lab_wait(lab, all_at_gateway, 1000));
	}
}

/* What the kernel chose stays so, as long as the route does. */
static void
several_gateways_share_the_servers(void **state)
{
	uint8_t macs[SERVERS][6];
	struct lab *lab = *state;
	unsigned i;

	lab_settle(lab);
	other_make(lab);
	if (lab_run(lab->host,
		"ip route add default nexthop via " GATEWAY
		" nexthop via " OTHER " 2>/dev/null") != 0) {
		print_message("# this kernel has no multipath routes\n");
		skip();
	}
	watch_all(lab);
	assert_true(lab_wait(lab, all_at_either, 5000));
	print_message("# %u by one, %u by the other\n",
	    count_at(lab, LAB_SERVER_MAC), count_at(lab, OTHER_MAC));
	assert_in_range(count_at(lab, OTHER_MAC), 1, SERVERS - 1);
	for (i = 0; i < SERVERS; i++)
		memcpy(macs[i], nexthop(lab, i)->mac, 6);
	lab->nexthops = 0;
	lab_run(lab->host, "ip route add 203.0.113.0/24 via " OTHER);
	lab_run(lab->host, "ip addr add 10.77.0.1/32 dev lo");
	lab_pass(lab, 7000); /* looked up in the meantime */
	assert_int_equal(lab->nexthops, 0);
	for (i = 0; i < SERVERS; i++)
		assert_memory_equal(macs[i], nexthop(lab, i)->mac, 6);
	lab_run(lab->host, "ip route replace default via " GATEWAY);
	assert_true(lab_wait(lab, all_at_gateway, 500));
}

/* As FRR installs them; the routes themselves are not spoken of. */
static void
a_next_hop_of_many_routes_changes(void **state)
{
	struct lab *lab = *state;

	lab_settle(lab);
	other_make(lab);
	if (lab_run(lab->host,
		"sysctl -qw net.ipv4.nexthop_compat_mode=0 && "
		"ip nexthop add id 1 via " GATEWAY " dev in0 && "
		"ip route add 198.51.100.0/24 nhid 1") != 0) {
		print_message("# this kernel has no next hop objects\n");
		skip();
	}
	watch_all(lab);
	assert_true(lab_wait(lab, all_at_gateway, 5000));
	lab_run(lab->host, "ip nexthop replace id 1 via " OTHER " dev in0");
	assert_true(lab_wait(lab, all_at_other, 500));
	lab_run(lab->host, "ip nexthop del id 1");
	assert_true(lab_wait(lab, none_routed, 500));
}

/* An entry that an operator made stays when the link has no carrier. */
static void
without_a_carrier_nobody_answers(void **state)
{
	struct lab *lab = *state;
	struct addr addr = lab_addr(OTHER);

	lab_settle(lab);
	other_make(lab);
	netlink_watch(lab->netlink, &addr);
	assert_true(lab_wait(lab, lab_resolved, 3000));
	lab_run(lab->server, "ip link set srv0 down");
	assert_true(lab_wait(lab, lab_unresolved, 3000));
	assert_true(lab->nexthop.routed);
	lab_run(lab->server, "ip link set srv0 up");
	assert_true(lab_wait(lab, lab_resolved, 3000));
}

/* What the kernel would add to packets, the data plane does not. */
static void
a_route_that_encapsulates_is_none(void **state)
{
	struct lab *lab = *state;
	const char *text;

	lab_settle(lab);
	if (lab_run(lab->host,
		"ip route add 198.51.100.0/24 encap ip id 7 dst 10.9.0.2 "
		"via 10.9.0.2 dev in0 2>/dev/null") != 0) {
		print_message("# this kernel has no lightweight tunnels\n");
		skip();
	}
	lab_log_begin();
	watch_all(lab);
	lab_pass(lab, 1500);
	text = lab_log_end();
	print_message("# %s", text);
	assert_true(none_routed(lab));
	assert_int_equal(nexthop(lab, 0)->ifindex, if_nametoindex("in0"));
	assert_non_null(strstr(text, "encapsulat"));
	assert_null(strstr(strchr(text, '\n') + 1, "in0"));
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, lab_up, lab_down)
	const struct CMUnitTest tests[] = {
	    TEST(a_gateway_is_resolved_for_its_servers),
	    TEST(servers_share_a_gateway),
	    TEST(a_gateway_can_be_a_server),
	    TEST(the_route_moves_to_another_gateway),
	    TEST(several_gateways_share_the_servers),
	    TEST(a_next_hop_of_many_routes_changes),
	    TEST(without_a_carrier_nobody_answers),
	    TEST(a_route_that_encapsulates_is_none),
	};

	lab_required();
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
