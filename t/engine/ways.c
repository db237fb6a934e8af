/* SPDX-License-Identifier: ISC */

/*
 * The engine and the ways to servers: what the data plane is told of them,
 * what is said of those that can't be used, and what probes are sent from.
 */

#include "harness.h"

#include <stdlib.h>
#include <string.h>

#include "base/xmalloc.h"
#include "core/conf.h"

#define PROBLEM "web " WEB ": destination " A ": "

static struct addr
address(const char *text)
{
	struct addr a;

	assert_int_equal(addr_parse(text, &a), 0);
	return a;
}

/* Of service web, server A. */
static const struct dataplane_destination *
first(void)
{
	return &fake_service(WEB)->destinations[0];
}

static void
a_tunnel_goes_by_a_gateway(void **state)
{
	struct addr source = address("10.0.0.254");

	(void)state;
	more = "\"delivery\": {\"type\": \"gue\", \"checksum\": false},";
	fake_server(A)->gateway = address("10.0.0.9");
	fake_server(A)->mtu = 1400;
	start(SERVICE_WEB);
	wait_for(fake_state(WEB, A) == DESTINATION_UP);
	assert_int_equal(first()->ifindex, 2);
	assert_int_equal(first()->mtu, 1400);
	assert_int_equal(first()->delivery.kind, DELIVERY_GUE);
	assert_int_equal(first()->delivery.port, 6080);
	assert_int_equal(addr_compare(&first()->source, &source), 0);
	assert_int_equal(fake_server(A)->probed_from.family, source.family);
	assert_false(has_problem("web"));
}

static void
a_neighbour_needs_no_outer_source(void **state)
{
	(void)state;
	fake_server(A)->vlan = 20;
	start(SERVICE_WEB);
	wait_for(fake_state(WEB, A) == DESTINATION_UP);
	assert_int_equal(first()->vlan, 20);
	assert_int_equal(first()->source.family, 0);
	assert_int_equal(first()->delivery.kind, DELIVERY_LAYER2);
}

/* What is wrong is said once, nothing is sent, and it ends by itself. */
static void
assert_unusable(const char *why, void (*mend)(void))
{
	char line[256];
	unsigned probes = fake_server(A)->probes;

	wait_for(fake_state(WEB, B) == DESTINATION_UP);
	wait_for(record.ticks >= 3);
	snprintf(line, sizeof(line), "web %s: destination %s can't be used: %s",
	    WEB, A, why);
	assert_true(was_logged(line));
	snprintf(line, sizeof(line), PROBLEM "%s", why);
	assert_true(has_problem(line));
	assert_int_equal(fake_state(WEB, A), DESTINATION_DOWN);
	assert_int_equal(first()->ifindex, 0);
	assert_int_equal(fake_server(A)->probes, probes);
	wait_for(record.ticks >= 4);
	assert_false(was_logged("can't be used"));
	mend();
	fake_nexthop_changed(A);
	assert_true(was_logged("destination " A " can be used again"));
	wait_for(fake_state(WEB, A) == DESTINATION_UP);
	assert_false(has_problem(PROBLEM));
	assert_int_equal(first()->ifindex, 2);
}

static void
mend_all(void)
{
	fake_server(A)->lost = false;
	fake_server(A)->gateway = (struct addr){0};
	fake_server(A)->vlan = 10;
	fake_server(A)->mtu = 1500;
}

static void
no_route_is_said(void **state)
{
	(void)state;
	more = "\"delivery\": \"ipip\",";
	fake_server(A)->lost = true;
	start(SERVICE_WEB);
	assert_unusable("no route to the server", mend_all);
}

static void
a_neighbour_behind_a_gateway_is_said(void **state)
{
	(void)state;
	fake_server(A)->gateway = address("10.0.0.9");
	start(SERVICE_WEB);
	assert_unusable("behind the gateway 10.0.0.9: \"delivery\" layer2 "
			"needs it on a subnet of this host",
	    mend_all);
}

static void
another_vlan_is_said(void **state)
{
	(void)state;
	more = "\"vlans\": {\"10\": [\"10.0.0.0/24\"]},";
	fake_server(A)->vlan = 20;
	start(SERVICE_WEB);
	assert_unusable("its interface eth0 is VLAN 20, but \"vlans\" has it "
			"in VLAN 10",
	    mend_all);
}

static void
a_small_mtu_is_said(void **state)
{
	(void)state;
	more = "\"delivery\": \"gre\",";
	fake_server(A)->mtu = 576 + 23;
	start(SERVICE_WEB);
	assert_unusable("the MTU to it, 599, is too small: IPv4 of 576 bytes "
			"and 24 of encapsulation have to fit",
	    mend_all);
}

static void
the_smallest_mtu_is_enough(void **state)
{
	(void)state;
	more = "\"delivery\": \"gre\",";
	fake_server(A)->mtu = 576 + 24;
	start(SERVICE_WEB);
	wait_for(fake_state(WEB, A) == DESTINATION_UP);
	assert_false(has_problem("web"));
}

/* A server that breaks while it is used: its checks say so. */
static void
a_way_that_is_lost_is_noticed(void **state)
{
	(void)state;
	start(SERVICE_WEB);
	wait_for(fake_state(WEB, A) == DESTINATION_UP);
	fake_server(A)->gateway = address("10.0.0.9");
	fake_nexthop_changed(A);
	assert_true(has_problem(PROBLEM "behind the gateway"));
	wait_for(fake_state(WEB, A) == DESTINATION_DOWN);
	assert_int_equal(fake_state(WEB, B), DESTINATION_UP);
}

/* Also where no check would have told. */
static void
an_unchecked_server_needs_a_way(void **state)
{
	(void)state;
	fake_server(A)->gateway = address("10.0.0.9");
	start("{\"name\": \"dns\", \"virtual\": \"" VIP "\", \"servers\": [\"" A
	      "\"], \"policy\": {\"53/udp\": {}}}");
	assert_int_equal(fake_state(VIP ":53/udp", A), DESTINATION_DOWN);
	assert_true(has_problem(
	    "dns " VIP ":53/udp: destination " A ": behind the gateway"));
	mend_all();
	fake_nexthop_changed(A);
	assert_int_equal(fake_state(VIP ":53/udp", A), DESTINATION_UP);
}

static void
a_reload_looks_again(void **state)
{
	(void)state;
	fake_server(A)->gateway = address("10.0.0.9");
	start(SERVICE_WEB);
	wait_for(fake_state(WEB, B) == DESTINATION_UP);
	assert_true(has_problem(PROBLEM "behind the gateway"));
	assert_int_equal(engine_reload(engine), 0);
	assert_true(was_logged("can't be used"));
	assert_int_equal(engine_reload(engine), 0);
	assert_false(was_logged("can't be used"));
	more = "\"delivery\": \"ipip\",";
	reload(SERVICE_WEB);
	assert_false(has_problem(PROBLEM));
	assert_int_equal(first()->delivery.kind, DELIVERY_IPIP);
	assert_int_equal(first()->ifindex, 2);
	wait_for(fake_state(WEB, A) == DESTINATION_UP);
}

/* Nothing is known of the server then: it stays what it was. */
static void
probes_need_an_address_of_the_vip_s_family(void **state)
{
	static const char six[] =
	    "{\"name\": \"six\", \"virtual\": \"" VIP6 "\", \"servers\": [\"" A
	    "\"], \"policy\": {\"80\": {}}}";
	static const char key[] = "[" VIP6 "]:80/tcp";

	(void)state;
	fake_server(A)->mtu = 1280;
	world.no_source = true;
	start(six);
	wait_for(record.ticks >= 2);
	assert_int_equal(fake_server(A)->probes, 0);
	assert_int_equal(fake_state(key, A), DESTINATION_DOWN);
	assert_int_equal(fake_service(key)->destinations[0].ifindex, 2);
	assert_true(has_problem("six [" VIP6 "]:80/tcp: destination " A
				": this host has no IPv6 address to check it "
				"from"));
	world.no_source = false;
	fake_address_changed("fd00::254", true);
	wait_for(fake_state(key, A) == DESTINATION_UP);
	assert_int_equal(
	    fake_server(A)->probed_from.family, address(VIP6).family);
}

static void
the_status_document_has_the_way(void **state)
{
	json_t *document, *server;

	(void)state;
	more = "\"delivery\": \"fou\",";
	fake_server(A)->gateway = address("10.0.0.9");
	fake_server(A)->vlan = 30;
	fake_server(A)->resolved = false;
	start(SERVICE_WEB);
	document = engine_document();
	server = json_array_get(
	    json_object_get(
		json_array_get(json_object_get(document, "services"), 0),
		"destinations"),
	    0);
	assert_string_equal(
	    json_string_value(json_object_get(server, "delivery")), "fou");
	assert_string_equal(
	    json_string_value(json_object_get(server, "gateway")), "10.0.0.9");
	assert_int_equal(
	    json_integer_value(json_object_get(server, "vlan")), 30);
	assert_int_equal(
	    json_integer_value(json_object_get(server, "mtu")), 1500);
	assert_string_equal(
	    json_string_value(json_object_get(server, "problem")),
	    "no answer to ARP on eth0 from the gateway 10.0.0.9");
	json_decref(document);
}

/* Without an engine: the file is good, this host isn't ready for it. */
static void
a_look_at_the_host_says_what_can_t_work(void **state)
{
	struct conf_errors errors = {0};
	struct conf *conf;

	(void)state;
	start(SERVICE_WEB);
	fake_server(A)->lost = true;
	fake_server(B)->mtu = 100;
	conf = conf_load(file, &errors);
	assert_non_null(conf);
	/* There is no bgpctl on each host that tests this. */
	free(conf->bgp.program);
	conf->bgp.program = xstrdup("/bin/sh");
	was_logged("");
	engine_look(conf, NULL);
	assert_true(was_logged(": warning: web " WEB ": destination " A
			       ": no route to the server\n"));
	engine_look(conf, NULL);
	assert_true(was_logged("destination " B ": the MTU to it, 100"));
	fake_server(A)->lost = false;
	fake_server(B)->mtu = 1500;
	world.ifindex = 0;
	engine_look(conf, NULL);
	assert_true(was_logged("warning: interface eth0 does not exist\n"));
	world.ifindex = 2;
	engine_look(conf, NULL);
	assert_false(was_logged("warning"));
	free(conf->bgp.program);
	conf->bgp.program = xstrdup("/nowhere/bgpctl");
	engine_look(conf, "no place for maps");
	assert_true(was_logged(
	    ": warning: /nowhere/bgpctl: No such file or directory\n"));
	engine_look(conf, "no place for maps");
	assert_true(was_logged(": warning: no place for maps\n"));
	conf_free(conf);
}

static void
settings_reach_the_data_plane(void **state)
{
	(void)state;
	more = "\"unserved\": \"pass\", \"icmp_limit\": 7,";
	start(SERVICE_WEB);
	assert_true(record.settings.unserved_pass);
	assert_int_equal(record.settings.icmp_limit, 7);
	more = "\"icmp_limit\": 8,";
	reload(SERVICE_WEB);
	assert_false(record.settings.unserved_pass);
	assert_int_equal(record.settings.icmp_limit, 8);
}

static void
a_vip_answers_pings_while_it_is_wanted(void **state)
{
	(void)state;
	start(SERVICE_WEB);
	assert_false(fake_answers(WEB));
	wait_for(fake_wanted(VIP));
	assert_true(fake_answers(WEB));
	fake_server(A)->answers = fake_server(B)->answers = false;
	wait_for(!fake_wanted(VIP));
	assert_false(fake_answers(WEB));
	fake_server(A)->answers = true;
	wait_for(fake_answers(WEB));
	engine_stop(engine);
	assert_false(fake_answers(WEB));
}

/* The data plane forgets a VIP whose last service goes. */
static void
another_port_goes_on_answering_pings(void **state)
{
	static const char other[] =
	    "{\"name\": \"web\", \"virtual\": \"" VIP "\", \"servers\": [\"" A
	    "\"], \"policy\": {\"81\": {}}}";

	(void)state;
	start(SERVICE_WEB);
	wait_for(fake_wanted(VIP));
	reload(other);
	assert_null(fake_service(WEB));
	wait_for(fake_answers(VIP ":81/tcp"));
	assert_true(fake_wanted(VIP));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_tunnel_goes_by_a_gateway),
	    TEST(a_neighbour_needs_no_outer_source),
	    TEST(no_route_is_said),
	    TEST(a_neighbour_behind_a_gateway_is_said),
	    TEST(another_vlan_is_said),
	    TEST(a_small_mtu_is_said),
	    TEST(the_smallest_mtu_is_enough),
	    TEST(a_way_that_is_lost_is_noticed),
	    TEST(an_unchecked_server_needs_a_way),
	    TEST(a_reload_looks_again),
	    TEST(probes_need_an_address_of_the_vip_s_family),
	    TEST(the_status_document_has_the_way),
	    TEST(a_look_at_the_host_says_what_can_t_work),
	    TEST(settings_reach_the_data_plane),
	    TEST(a_vip_answers_pings_while_it_is_wanted),
	    TEST(another_port_goes_on_answering_pings),
	};

	return run_engine_tests(tests);
}
