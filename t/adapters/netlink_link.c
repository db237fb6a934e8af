/* SPDX-License-Identifier: ISC */

/*
 * What interfaces are and on top of what: VLANs, bonds and their members, the
 * MTU.  Not every kernel has the devices: what one would say of them is made
 * up here, about interfaces that are there.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/socket.h>

#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/in.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <netlink/attr.h>
#include <netlink/msg.h>

#include "adapters/netlink_private.h"
#include "netlink_lab.h"

#define SERVER "10.9.0.2"

#define LENGTH(a) (sizeof(a) / sizeof((a)[0]))

/* What a message is to say of an interface; 0 or NULL: nothing. */
struct said {
	const char *kind;
	int vlan, protocol;
	const char *lower; /* an interface */
	bool elsewhere;	   /* ... of another namespace */
	const char *master;
	int type; /* ARPHRD_*; 0 = Ethernet */
};

static void
put_kind(struct nl_msg *msg, const struct said *said)
{
	struct nlattr *info = nla_nest_start(msg, IFLA_LINKINFO), *data;

	nla_put_string(msg, IFLA_INFO_KIND, said->kind);
	if (said->vlan != 0 || said->protocol != 0) {
		data = nla_nest_start(msg, IFLA_INFO_DATA);
		nla_put_u16(msg, IFLA_VLAN_ID, said->vlan);
		nla_put_u16(msg, IFLA_VLAN_PROTOCOL, htons(said->protocol));
		nla_nest_end(msg, data);
	}
	nla_nest_end(msg, info);
}

/* Have the adapter hear it, as if the kernel had said it. */
static void
say(struct lab *lab, const char *name, const struct said *said)
{
	struct ifinfomsg ifi = {
	    .ifi_family = AF_UNSPEC,
	    .ifi_type = said->type != 0 ? said->type : ARPHRD_ETHER,
	    .ifi_index = if_nametoindex(name),
	    .ifi_flags = IFF_UP | IFF_RUNNING | IFF_LOWER_UP,
	};
	struct nl_msg *msg;
	unsigned char mac[6];

	msg = netlink_message(RTM_NEWLINK, 0, &ifi, sizeof(ifi));
	lab_mac(LAB_HOST_MAC, mac);
	nla_put_string(msg, IFLA_IFNAME, name);
	nla_put(msg, IFLA_ADDRESS, sizeof(mac), mac);
	nla_put_u32(msg, IFLA_MTU, 1500);
	if (said->lower != NULL)
		nla_put_u32(msg, IFLA_LINK, if_nametoindex(said->lower));
	if (said->elsewhere)
		nla_put_s32(msg, IFLA_LINK_NETNSID, 0);
	if (said->master != NULL)
		nla_put_u32(msg, IFLA_MASTER, if_nametoindex(said->master));
	if (said->kind != NULL)
		put_kind(msg, said);
	netlink_link_message(lab->netlink, nlmsg_hdr(msg));
	nlmsg_free(msg);
}

/* A second interface, of which nobody speaks while it is not touched. */
static void
trunk_make(struct lab *lab)
{
	struct netlink_interface interface;

	lab_settle(lab);
	assert_int_equal(
	    lab_run(lab->host,
		"ip link add trunk0 type veth peer name trunk1; "
		"ip link set trunk1 up; ip link set trunk0 up mtu 1400"),
	    0);
	assert_true(lab_wait_interface(lab, "trunk0", &interface));
	assert_int_equal(interface.mtu, 1400);
}

static void
watch(struct lab *lab, const char *text)
{
	struct addr addr = lab_addr(text);

	netlink_watch(lab->netlink, &addr);
}

static bool
not_routed(struct lab *lab)
{
	return (lab->nexthops > 0 && !lab->nexthop.routed);
}

static bool
on_vlan_10(struct lab *lab)
{
	return (lab->nexthop.vlan == 10);
}

static bool
mtu_is_1450(struct lab *lab)
{
	return (lab->nexthop.mtu == 1450);
}

static bool
mtu_is_1400(struct lab *lab)
{
	return (lab->nexthop.mtu == 1400);
}

static bool
mtu_is_1300(struct lab *lab)
{
	return (lab->nexthop.mtu == 1300);
}

static bool
mtu_is_1500(struct lab *lab)
{
	return (lab->nexthop.mtu == 1500);
}

static bool
interface_mtu_is_1450(struct lab *lab)
{
	return (lab->in0.mtu == 1450);
}

static bool
is_a_member(struct lab *lab)
{
	return (lab->in0.ifindex != 0 && lab->in0.master != 0);
}

static bool
is_no_member(struct lab *lab)
{
	return (lab->in0.ifindex != 0 && lab->in0.master == 0);
}

static void
an_interface_without_a_vlan_is_its_own_wire(void **state)
{
	struct lab *lab = *state;

	lab_settle(lab);
	watch(lab, SERVER);
	assert_true(lab_wait(lab, lab_resolved, 5000));
	assert_true(lab->nexthop.routed);
	assert_int_equal(lab->nexthop.wire, if_nametoindex("in0"));
	assert_int_equal(lab->nexthop.vlan, 0);
	assert_int_equal(lab->nexthop.mtu, 1500);
	assert_int_equal(lab->nexthop.gateway.family, 0);
}

static void
a_vlan_has_a_wire_and_a_tag(void **state)
{
	static const struct said vlan = {
	    .kind = "vlan",
	    .vlan = 10,
	    .protocol = ETHERTYPE_VLAN,
	    .lower = "trunk0",
	};
	struct lab *lab = *state;

	trunk_make(lab);
	watch(lab, SERVER);
	assert_true(lab_wait(lab, lab_resolved, 5000));
	say(lab, "in0", &vlan);
	assert_true(lab_wait(lab, on_vlan_10, 1000));
	assert_true(lab->nexthop.routed);
	assert_true(lab->nexthop.onlink);
	assert_true(lab->nexthop.resolved);
	/* Who asks for the MAC address is the VLAN's interface. */
	assert_int_equal(lab->nexthop.ifindex, if_nametoindex("in0"));
	assert_string_equal(lab->nexthop.interface, "in0");
	assert_int_equal(lab->nexthop.wire, if_nametoindex("trunk0"));
	assert_int_equal(lab->nexthop.mtu, 1400);
	/* What changes at the wire counts. */
	lab_run(lab->host, "ip link set trunk0 mtu 1450");
	assert_true(lab_wait(lab, mtu_is_1450, 1000));
	/* The kernel says it anew when something changes. */
	lab_run(lab->host, "ip link set in0 mtu 1400");
	assert_true(lab_wait(lab, mtu_is_1400, 1000));
	assert_int_equal(lab->nexthop.wire, if_nametoindex("in0"));
	assert_int_equal(lab->nexthop.vlan, 0);
}

/* By interfaces that frames with one tag can't be sent by. */
static void
what_is_no_wire_has_no_route(void **state)
{
	static const struct {
		struct said own, lower;
		const char *text;
	} cases[] = {
	    {{.kind = "vlan",
		 .vlan = 10,
		 .protocol = ETHERTYPE_VLAN,
		 .lower = "trunk0"},
		{.kind = "vlan", .vlan = 20, .protocol = ETHERTYPE_VLAN},
		"two tags"},
	    {{.kind = "vlan",
		 .vlan = 10,
		 .protocol = 0x88a8,
		 .lower = "trunk0"},
		{.kind = "veth"}, "802.1Q"},
	    {{.kind = "vlan", .lower = "trunk0"}, {.kind = "veth"}, "802.1Q"},
	    {{.kind = "vlan",
		 .vlan = 10,
		 .protocol = ETHERTYPE_VLAN,
		 .lower = "trunk0",
		 .elsewhere = true},
		{.kind = "veth"}, "namespace"},
	    {{.kind = "tun", .type = ARPHRD_NONE}, {.kind = "veth"},
		"Ethernet"},
	};
	struct lab *lab = *state;
	const char *text;
	size_t i;

	trunk_make(lab);
	watch(lab, SERVER);
	for (i = 0; i < LENGTH(cases); i++) {
		say(lab, "in0", &(struct said){.kind = "veth"});
		assert_true(lab_wait(lab, lab_resolved, 5000));
		netlink_link(lab->netlink, if_nametoindex("in0"))->wire_warned =
		    false;
		say(lab, "trunk0", &cases[i].lower);
		lab_log_begin();
		say(lab, "in0", &cases[i].own);
		lab_wait(lab, not_routed, 1000);
		lab_pass(lab, 1500); /* looked up again */
		text = lab_log_end();
		print_message("# %s", text);
		assert_false(lab->nexthop.routed);
		assert_false(lab->nexthop.onlink);
		assert_false(lab->nexthop.resolved);
		assert_string_equal(lab->nexthop.interface, "in0");
		assert_non_null(strstr(text, cases[i].text));
		assert_null(strstr(strchr(text, '\n') + 1, "in0"));
	}
}

static void
list(void *arg, const char *name, int ifindex)
{
	char *text = arg;

	assert_int_equal(ifindex, if_nametoindex(name));
	strcat(strcat(text, name), " ");
}

static const char *
members(struct lab *lab, const char *master)
{
	static char text[128];

	text[0] = '\0';
	netlink_members(lab->netlink, if_nametoindex(master), list, text);
	return (text);
}

static void
a_bond_is_known_as_one(void **state)
{
	struct netlink_interface interface;
	struct lab *lab = *state;

	trunk_make(lab);
	assert_int_equal(netlink_interface(lab->netlink, "in0", &interface), 0);
	assert_false(interface.bond);
	assert_int_equal(interface.master, 0);
	assert_string_equal(members(lab, "trunk0"), "");
	say(lab, "trunk0", &(struct said){.kind = "bond"});
	assert_string_equal(lab->interface_name, "trunk0");
	assert_true(lab->interface.bond);
	say(lab, "in0", &(struct said){.kind = "veth", .master = "trunk0"});
	assert_string_equal(lab->interface_name, "in0");
	assert_int_equal(lab->interface.master, if_nametoindex("trunk0"));
	assert_false(lab->interface.bond);
	say(lab, "trunk1", &(struct said){.kind = "veth", .master = "trunk0"});
	netlink_interface(lab->netlink, "in0", &interface);
	assert_int_equal(interface.master, if_nametoindex("trunk0"));
	assert_non_null(strstr(members(lab, "trunk0"), "in0 "));
	assert_non_null(strstr(members(lab, "trunk0"), "trunk1 "));
	assert_string_equal(members(lab, "in0"), "");
	netlink_members(lab->netlink, 0, list, NULL);
}

/* A bridge's ports come and go by the same messages as a bond's members. */
static void
members_come_and_go(void **state)
{
	struct lab *lab = *state;

	lab_settle(lab);
	assert_int_equal(lab_run(lab->host, "ip link add br0 type bridge"), 0);
	lab_run(lab->host, "ip link set in0 master br0");
	assert_true(lab_wait(lab, is_a_member, 1000));
	assert_int_equal(lab->in0.master, if_nametoindex("br0"));
	assert_string_equal(members(lab, "br0"), "in0 ");
	lab_run(lab->host, "ip link set in0 nomaster");
	assert_true(lab_wait(lab, is_no_member, 1000));
	assert_string_equal(members(lab, "br0"), "");
	lab_run(lab->host, "ip link set in0 master br0");
	assert_true(lab_wait(lab, is_a_member, 1000));
	lab_run(lab->host, "ip link del br0");
	assert_true(lab_wait(lab, is_no_member, 1000));
}

/* Such news has no address and no MTU in it: nothing is to be forgotten. */
static void
what_does_not_describe_a_link_is_ignored(void **state)
{
	struct ifinfomsg ifi = {.ifi_family = AF_UNSPEC};
	struct netlink_interface before, after;
	struct lab *lab = *state;
	struct nl_msg *msg;

	lab_settle(lab);
	netlink_interface(lab->netlink, "in0", &before);
	ifi.ifi_index = before.ifindex;
	msg = netlink_message(RTM_NEWLINK, 0, &ifi, sizeof(ifi));
	nla_put_string(msg, IFLA_IFNAME, "in0");
	netlink_link_message(lab->netlink, nlmsg_hdr(msg));
	nlmsg_free(msg);
	netlink_interface(lab->netlink, "in0", &after);
	assert_memory_equal(&before, &after, sizeof(before));
	assert_int_equal(lab->interfaces, 0);
}

static void
an_interfaces_mtu_is_reported(void **state)
{
	struct netlink_interface interface;
	struct lab *lab = *state;

	lab_settle(lab);
	watch(lab, SERVER);
	assert_true(lab_wait(lab, lab_resolved, 5000));
	lab_run(lab->host, "ip link set in0 mtu 1450");
	assert_true(lab_wait(lab, interface_mtu_is_1450, 1000));
	assert_true(lab_wait(lab, mtu_is_1450, 1000));
	netlink_interface(lab->netlink, "in0", &interface);
	assert_int_equal(interface.mtu, 1450);
}

struct route_case {
	const char *server, *route;
};

static const struct route_case route_cases[] = {
    {"198.51.100.7", "-4 route replace 198.51.100.0/24 via 10.9.0.2"},
    {"2001:db8:7::7", "-6 route replace 2001:db8:7::/64 via fd09::2"},
};

static void
a_routes_mtu_counts(void **state)
{
	struct lab *lab = *state;
	size_t i;

	lab_settle(lab);
	for (i = 0; i < LENGTH(route_cases); i++) {
		const struct route_case *c = &route_cases[i];

		if (i > 0 && !lab_has_ipv6())
			break;
		lab->nexthop = (struct netlink_nexthop){0};
		watch(lab, c->server);
		lab_run(lab->host, "ip %s", c->route);
		assert_true(lab_wait(lab, mtu_is_1500, 1000));
		lab_run(lab->host, "ip %s mtu 1300", c->route);
		assert_true(lab_wait(lab, mtu_is_1300, 1000));
		lab_run(lab->host, "ip %s mtu lock 1450", c->route);
		assert_true(lab_wait(lab, mtu_is_1450, 1000));
		/* No frame of more leaves by the interface. */
		lab_run(lab->host, "ip %s mtu 9000", c->route);
		assert_true(lab_wait(lab, mtu_is_1500, 1000));
	}
}

/* Have the host's kernel believe that the path takes only 1300 bytes. */
static void
learn(struct lab *lab, const char *server)
{
	struct addr addr = lab_addr(server);
	struct sockaddr_storage to;
	socklen_t size = addr_to_sockaddr(&addr, 9, &to);
	char command[128], data[1400] = {0};
	const char *text = "";
	int i, fd;

	snprintf(command, sizeof(command), "ip route get %s", server);
	fd = socket(to.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_return_code(connect(fd, (struct sockaddr *)&to, size), 0);
	for (i = 0; i < 50; i++) {
		send(fd, data, sizeof(data), 0);
		lab_pass(lab, 50);
		text = lab_output(lab, command);
		if (strstr(text, "mtu 1300") != NULL)
			break;
	}
	print_message("# %s", text);
	assert_non_null(strstr(text, "mtu 1300"));
	close(fd);
}

static void
what_the_kernel_learns_of_a_path_does_not_count(void **state)
{
	struct lab *lab = *state;
	size_t i;

	lab_settle(lab);
	lab_run(lab->server,
	    "sysctl -qw net.ipv4.ip_forward=1; "
	    "sysctl -qw net.ipv6.conf.all.forwarding=1 2>/dev/null; "
	    "ip link add far0 type veth peer name far1; "
	    "ip link set far0 up mtu 1300; ip link set far1 up; "
	    "ip route add 198.51.100.0/24 dev far0; "
	    "ip -6 route add 2001:db8:7::/64 dev far0");
	for (i = 0; i < LENGTH(route_cases); i++) {
		const struct route_case *c = &route_cases[i];

		if (i > 0 && !lab_has_ipv6())
			break;
		lab->nexthop = (struct netlink_nexthop){0};
		watch(lab, c->server);
		lab_run(lab->host, "ip %s", c->route);
		assert_true(lab_wait(lab, mtu_is_1500, 1000));
		learn(lab, c->server);
		assert_false(lab_wait(lab, mtu_is_1300, 6000));
		assert_int_equal(lab->nexthop.mtu, 1500);
		lab_run(lab->host, "ip %s mtu 1450", c->route);
		assert_true(lab_wait(lab, mtu_is_1450, 1000));
		learn(lab, c->server);
		assert_false(lab_wait(lab, mtu_is_1300, 6000));
		assert_int_equal(lab->nexthop.mtu, 1450);
	}
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, lab_up, lab_down)
	const struct CMUnitTest tests[] = {
	    TEST(an_interface_without_a_vlan_is_its_own_wire),
	    TEST(a_vlan_has_a_wire_and_a_tag),
	    TEST(what_is_no_wire_has_no_route),
	    TEST(a_bond_is_known_as_one),
	    TEST(members_come_and_go),
	    TEST(what_does_not_describe_a_link_is_ignored),
	    TEST(an_interfaces_mtu_is_reported),
	    TEST(a_routes_mtu_counts),
	    TEST(what_the_kernel_learns_of_a_path_does_not_count),
	};

	lab_required();
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
