/* SPDX-License-Identifier: ISC */

/*
 * Interfaces and addresses, as a real kernel has them.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/socket.h>

#include <net/if.h>

#include <string.h>

#include <netlink/socket.h>

#include "adapters/netlink_private.h"
#include "netlink_family.h"

/* Conditions to wait for. */

static bool
own_mac_changed(struct lab *lab)
{
	unsigned char mac[6];

	lab_mac(OTHER_MAC, mac);
	return (memcmp(lab->nexthop.source_mac, mac, 6) == 0);
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
	assert_true(lab_wait(lab, lab_unreachable, 1000));
	assert_string_equal(lab->nexthop.interface, "");
	lab_run(lab->host, "ip link set in0 up");
	assert_true(lab_wait(lab, came_up, 3000));
	assert_true(lab_wait(lab, lab_resolved, 5000));
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
	lab_pass(lab, 100);
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
		lab_pass(lab, 10);
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
	lab_pass(lab, 100);
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
	const struct CMUnitTest tests[] = {
	    BOTH(the_interface_goes_and_returns),
	    TEST(a_carrier_that_is_lost_is_reported),
	    TEST(the_interface_is_renamed_and_removed),
	    TEST(the_interface_changes_its_address),
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
