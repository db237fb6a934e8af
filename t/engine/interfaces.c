/* SPDX-License-Identifier: ISC */

/*
 * The engine and the interfaces that it attaches to: bonds and their members,
 * tags that the hardware hides, and what is left as it was.
 */

#include "harness.h"

#include <string.h>

static void
bond(const char *first, const char *second)
{
	world.bond = true;
	world.members[0] = first;
	world.members[1] = second;
}

static void
a_bond_is_attached_to_as_a_whole(void **state)
{
	(void)state;
	bond("eth1", "eth2");
	start(SERVICE_WEB);
	assert_true(fake_attached("eth0"));
	assert_false(fake_attached("eth1"));
	assert_false(has_problem("interface"));
}

static void
else_its_members_are_attached_to(void **state)
{
	json_t *document, *interface, *members;
	unsigned attaches;

	(void)state;
	bond("eth1", "eth2");
	world.bond_fails = true;
	start(SERVICE_WEB);
	assert_true(was_logged("eth0: attaching to each of its members"));
	assert_false(fake_attached("eth0"));
	assert_true(fake_attached("eth1"));
	assert_true(fake_attached("eth2"));
	document = engine_document();
	interface = json_array_get(json_object_get(document, "interfaces"), 0);
	assert_true(json_is_true(json_object_get(interface, "attached")));
	assert_true(json_is_true(json_object_get(interface, "native")));
	members = json_object_get(interface, "members");
	assert_int_equal(json_array_size(members), 2);
	assert_string_equal(json_string_value(json_object_get(
				json_array_get(members, 1), "name")),
	    "eth2");
	json_decref(document);
	/* It is settled: nothing is tried again. */
	attaches = record.attaches;
	wait_for(record.ticks >= 4);
	assert_int_equal(record.attaches, attaches);
	assert_int_equal(engine_reload(engine), 0);
	assert_int_equal(record.attaches, attaches);
}

static void
members_come_and_go(void **state)
{
	(void)state;
	bond("eth1", NULL);
	world.bond_fails = true;
	start(SERVICE_WEB);
	world.members[1] = "eth2";
	fake_interface_changed("eth2");
	assert_true(fake_attached("eth2"));
	world.members[0] = NULL;
	fake_interface_changed("eth1");
	assert_false(fake_attached("eth1"));
	assert_true(fake_attached("eth2"));
	assert_true(was_logged("eth1: no longer a member of eth0, detached"));
	world.members[1] = NULL;
	fake_interface_changed("eth2");
	assert_true(has_problem("interface eth0 is a bond without members"));
	world.members[2] = "eth3";
	fake_interface_changed("eth3");
	assert_true(fake_attached("eth3"));
	assert_false(has_problem("interface"));
}

/* A bond that has XDP refuses members without. */
static void
a_bond_without_members_is_left_alone(void **state)
{
	(void)state;
	bond(NULL, NULL);
	start(SERVICE_WEB);
	wait_for(record.ticks >= 2);
	assert_int_equal(record.attaches, 0);
	assert_true(has_problem("interface eth0 is a bond without members"));
	world.members[1] = "eth2";
	fake_interface_changed("eth2");
	assert_true(fake_attached("eth0"));
	assert_false(has_problem("interface"));
}

static void
a_bond_made_anew_begins_anew(void **state)
{
	(void)state;
	bond("eth1", "eth2");
	world.bond_fails = true;
	start(SERVICE_WEB);
	assert_true(fake_attached("eth1"));
	world.ifindex = 0;
	fake_interface_changed("eth0");
	assert_false(fake_attached("eth1"));
	assert_true(has_problem("interface eth0 does not exist"));
	world.ifindex = 5;
	world.bond_fails = false;
	fake_interface_changed("eth0");
	assert_true(fake_attached("eth0"));
	assert_false(fake_attached("eth1"));
}

static void
a_predecessor_s_members_stay_attached(void **state)
{
	(void)state;
	bond("eth1", "eth2");
	fake_leave_attached("eth1");
	fake_leave_attached("eth9");
	start(SERVICE_WEB);
	assert_true(fake_attached("eth1"));
	assert_true(fake_attached("eth2"));
	assert_false(fake_attached("eth0"));
	assert_false(fake_attached("eth9"));
}

/* The bond's own program would see no tags then. */
static void
generic_mode_takes_the_members(void **state)
{
	(void)state;
	bond("eth1", "eth2");
	more = "\"xdp\": \"generic\",";
	start(SERVICE_WEB);
	assert_false(fake_attached("eth0"));
	assert_true(fake_attached("eth1"));
	assert_true(fake_attached("eth2"));
	/* Another mode is another way. */
	more = "\"xdp\": \"auto\",";
	reload(SERVICE_WEB);
	assert_true(fake_attached("eth0"));
	assert_false(fake_attached("eth1"));
	assert_false(fake_attached("eth2"));
}

static void
members_are_tried_again(void **state)
{
	(void)state;
	bond("eth1", "eth2");
	world.bond_fails = world.attach_fails = true;
	start(SERVICE_WEB);
	assert_true(has_problem("interface eth2, a member of eth0, could not "
				"be attached to: see the log"));
	world.attach_fails = false;
	wait_for(fake_attached("eth1") && fake_attached("eth2"));
	assert_false(has_problem("interface"));
}

static void
tags_are_kept_where_there_are_vlans(void **state)
{
	(void)state;
	bond("eth1", "eth2");
	start(SERVICE_WEB);
	wait_for(record.ticks >= 2);
	assert_int_equal(record.tags_kept, 0);
	/* The system has a VLAN on the way to a server. */
	fake_server(A)->vlan = 20;
	fake_nexthop_changed(A);
	assert_int_equal(record.tags_kept, 2);
	assert_true(was_logged("interface eth2: turned off rxvlan: it hides "
			       "VLAN tags from XDP"));
	fake_nexthop_changed(A);
	wait_for(record.ticks >= 3);
	assert_int_equal(record.tags_kept, 2);
	world.members[2] = "eth3";
	fake_interface_changed("eth3");
	assert_int_equal(record.tags_kept, 3);
}

static void
vlans_in_the_file_keep_tags_from_the_start(void **state)
{
	(void)state;
	more = "\"vlans\": {\"10\": [\"10.0.0.0/24\"]},";
	start(SERVICE_WEB);
	assert_int_equal(record.tags_kept, 1);
}

/* A VLAN turns up while a reload brings interfaces that are yet to be made. */
static void
tags_are_kept_amid_a_reload(void **state)
{
	(void)state;
	start(SERVICE_WEB);
	wait_for(record.ticks >= 2);
	fake_server(A)->vlan = 20;
	listed = ETH0 ", \"eth1\", \"eth2\"";
	reload(SERVICE_WEB);
	assert_int_equal(record.tags_kept, 3);
	assert_int_equal(record.attaches, 3);
}

#define STRAY "servers are reached by it, but it is not in \"interfaces\""

/* A bridge, for one: a driver that may not send what XDP redirects. */
static void
another_interface_on_the_way_is_warned_of(void **state)
{
	(void)state;
	world.wire = 20;
	start(SERVICE_WEB);
	assert_true(was_logged(STRAY));
	wait_for(record.ticks >= 3);
	assert_false(was_logged(STRAY));
	world.wire = 21;
	wait_for(record.ticks >= 4);
	assert_true(was_logged(STRAY));
}

static void
in_generic_mode_any_interface_will_do(void **state)
{
	(void)state;
	world.wire = 20;
	more = "\"xdp\": \"generic\",";
	start(SERVICE_WEB);
	wait_for(record.ticks >= 2);
	assert_false(was_logged(STRAY));
}

static void
without_native_mode_any_interface_will_do(void **state)
{
	(void)state;
	world.wire = 20;
	world.only_generic = true;
	start(SERVICE_WEB);
	wait_for(record.ticks >= 2);
	assert_false(was_logged(STRAY));
}

static void
members_and_their_bond_are_no_other_interfaces(void **state)
{
	(void)state;
	bond("eth1", "eth2");
	world.wire = 11;
	start(SERVICE_WEB);
	wait_for(record.ticks >= 2);
	/* eth0 as the member of a bond, under a VLAN's interface */
	fake_server(A)->vlan = fake_server(B)->vlan = 20;
	world.master = world.wire = 30;
	wait_for(record.ticks >= 3);
	assert_false(was_logged(STRAY));
	/* and as that of what is no bond, such as a bridge */
	fake_server(A)->vlan = 0;
	world.bond = false;
	wait_for(record.ticks >= 4);
	assert_true(was_logged(STRAY));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_bond_is_attached_to_as_a_whole),
	    TEST(else_its_members_are_attached_to),
	    TEST(members_come_and_go),
	    TEST(a_bond_without_members_is_left_alone),
	    TEST(a_bond_made_anew_begins_anew),
	    TEST(a_predecessor_s_members_stay_attached),
	    TEST(generic_mode_takes_the_members),
	    TEST(members_are_tried_again),
	    TEST(tags_are_kept_where_there_are_vlans),
	    TEST(vlans_in_the_file_keep_tags_from_the_start),
	    TEST(tags_are_kept_amid_a_reload),
	    TEST(another_interface_on_the_way_is_warned_of),
	    TEST(in_generic_mode_any_interface_will_do),
	    TEST(without_native_mode_any_interface_will_do),
	    TEST(members_and_their_bond_are_no_other_interfaces),
	};

	return run_engine_tests(tests);
}
