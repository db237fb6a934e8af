/* SPDX-License-Identifier: ISC */

/*
 * The engine against a fake data plane and fake adapters (fakes.h): what it
 * makes of configuration, health, next hops, interfaces and signals.
 */

#include "harness.h"

#include <sys/time.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char web[] = SERVICE_WEB;

static void
servers_begin_down_and_come_up_by_their_first_check(void **state)
{
	(void)state;
	start(web);
	assert_int_equal(fake_state(WEB, A), DESTINATION_DOWN);
	assert_int_equal(fake_state(WEB, B), DESTINATION_DOWN);
	assert_false(fake_wanted(VIP));
	assert_true(fake_attached("eth0"));
	wait_for(fake_state(WEB, A) == DESTINATION_UP);
	assert_int_equal(fake_server(A)->probes, 1);
	wait_for(fake_state(WEB, B) == DESTINATION_UP);
	wait_for(fake_wanted(VIP));
}

static void
a_server_that_fails_goes_down_after_fall_failures(void **state)
{
	unsigned probes;

	(void)state;
	start(web);
	wait_for(fake_wanted(VIP));
	wait_for(fake_state(WEB, B) == DESTINATION_UP);
	wait_for(record.probes_running == 0);
	fake_server(A)->answers = false;
	probes = fake_server(A)->probes;
	wait_for(fake_state(WEB, A) == DESTINATION_DOWN);
	assert_int_equal(fake_server(A)->probes - probes, 3);
	assert_int_equal(fake_state(WEB, B), DESTINATION_UP);
	assert_true(fake_wanted(VIP));
	wait_for(record.probes_running == 0);
	fake_server(A)->answers = true;
	probes = fake_server(A)->probes;
	wait_for(fake_state(WEB, A) == DESTINATION_UP);
	assert_int_equal(fake_server(A)->probes - probes, 2);
}

static void
a_vip_is_withdrawn_below_need(void **state)
{
	(void)state;
	start("{\"name\": \"web\", \"virtual\": \"" VIP "\", \"servers\": [\"" A
	      "\", \"" B "\"], \"need\": 2, \"policy\": {\"80\": {}}}");
	wait_for(fake_wanted(VIP));
	fake_server(B)->answers = false;
	wait_for(!fake_wanted(VIP));
	fake_server(B)->answers = true;
	wait_for(fake_wanted(VIP));
}

static void
a_vip_needs_every_one_of_its_services(void **state)
{
	(void)state;
	fake_server(B)->answers = false;
	start("{\"name\": \"web\", \"virtual\": \"" VIP "\", \"servers\": [\"" A
	      "\"], \"policy\": {\"80\": {}}},"
	      "{\"name\": \"mail\", \"virtual\": \"" VIP
	      "\", \"servers\": [\"" B "\"], \"policy\": {\"25\": {}}}");
	wait_for(fake_state(WEB, A) == DESTINATION_UP);
	wait_for(fake_server(B)->probes > 2);
	assert_false(fake_wanted(VIP));
	fake_server(B)->answers = true;
	wait_for(fake_wanted(VIP));
}

static void
all_servers_are_tried_before_the_first_announcement(void **state)
{
	(void)state;
	fake_server(B)->holds = true;
	start(web);
	wait_for(fake_state(WEB, A) == DESTINATION_UP);
	wait_for(fake_server(A)->probes >= 3);
	assert_false(fake_wanted(VIP));
	fake_server(B)->holds = false;
	wait_for(fake_wanted(VIP));
}

/* The kernel says so before it is true: the route is removed last. */
static void
an_address_that_is_gone_late_is_noticed(void **state)
{
	(void)state;
	start(web);
	wait_for(fake_wanted(VIP));
	fake_address_changed(VIP, true);
	wait_for(!fake_wanted(VIP));
	world.local = (struct addr){0};
	wait_for(fake_wanted(VIP));
}

static void
a_draining_server_is_healthy_but_does_not_count(void **state)
{
	(void)state;
	start("{\"name\": \"web\", \"virtual\": \"" VIP "\", \"servers\": [\"" A
	      "*\"], \"policy\": {\"80\": {}}}");
	wait_for(fake_state(WEB, A) == DESTINATION_DRAINING);
	wait_for(fake_server(A)->probes > 2);
	assert_false(fake_wanted(VIP));
}

static void
without_checks_a_known_next_hop_is_enough(void **state)
{
	(void)state;
	fake_server(A)->resolved = false;
	start("{\"name\": \"dns\", \"virtual\": \"" VIP "\", \"servers\": [\"" A
	      "\"], \"policy\": {\"53/udp\": {}}}");
	assert_int_equal(fake_state(VIP ":53/udp", A), DESTINATION_DOWN);
	fake_server(A)->resolved = true;
	fake_nexthop_changed(A);
	assert_int_equal(fake_state(VIP ":53/udp", A), DESTINATION_UP);
	wait_for(fake_wanted(VIP));
}

/* Filling the tables of many services takes a while: nothing is withdrawn. */
static void
a_slow_data_plane_withdraws_nothing(void **state)
{
	static const char six[] =
	    "{\"name\": \"web\", \"virtual\": [\"192.0.2.1\", \"192.0.2.2\", "
	    "\"192.0.2.3\", \"192.0.2.4\", \"192.0.2.5\", \"192.0.2.6\"], "
	    "\"servers\": [\"" A "\", {\"address\": \"" B
	    "\", \"weight\": 2}], "
	    "\"policy\": {\"80\": {}}}";
	unsigned sets;

	(void)state;
	start(six);
	wait_for(record.wanted_count == 6);
	record.wanted_least = 6;
	world.set_takes = 30;
	sets = record.sets;
	assert_int_equal(engine_reload(engine), 0);
	assert_true(record.sets - sets < 6);
	wait_for(record.sets - sets >= 6);
	wait_for(record.probes_running == 0);
	assert_int_equal(record.wanted_least, 6);
}

static void
a_fault_of_this_host_changes_nothing(void **state)
{
	unsigned probes;

	(void)state;
	start(web);
	wait_for(fake_wanted(VIP));
	wait_for(fake_state(WEB, A) == DESTINATION_UP);
	world.outcome = CHECK_LOCAL_ERROR;
	probes = fake_server(A)->probes;
	wait_for(fake_server(A)->probes > probes + 6);
	assert_int_equal(fake_state(WEB, A), DESTINATION_UP);
	assert_true(fake_wanted(VIP));
	assert_true(has_problem("web " WEB ": the tcp check of " A
				", which stays up, can't be made: "));
	world.outcome = CHECK_PASSED;
	wait_for(!has_problem("web " WEB ": the tcp check of " A));
}

static void
the_way_out_for_probes_is_made_again(void **state)
{
	unsigned probes;

	(void)state;
	start(web);
	wait_for(fake_wanted(VIP));
	world.no_probe_path = true;
	fake_probe_path_gone();
	probes = fake_server(A)->probes + fake_server(B)->probes;
	wait_for(record.ticks >= 3);
	assert_true(
	    fake_server(A)->probes + fake_server(B)->probes <= probes + 2);
	assert_true(fake_wanted(VIP));
	world.no_probe_path = false;
	wait_for(fake_server(A)->probes > probes);
}

static void
a_predecessor_s_servers_stay_up(void **state)
{
	(void)state;
	fake_leave(VIP, 80, A, DESTINATION_UP);
	fake_leave("192.0.2.9", 80, A, DESTINATION_UP);
	start(web);
	assert_int_equal(fake_state(WEB, A), DESTINATION_UP);
	assert_int_equal(fake_state(WEB, B), DESTINATION_DOWN);
	assert_true(fake_wanted(VIP));
	/* What is no longer in the file goes, and is ours to withdraw. */
	assert_null(fake_service("192.0.2.9:80/tcp"));
	assert_int_equal(record.owned_count, 3);
	/* It takes as many failures as ever to take them down. */
	fake_server(A)->answers = false;
	wait_for(fake_state(WEB, A) == DESTINATION_DOWN);
	assert_int_equal(fake_server(A)->probes, 3);
}

static void
a_moved_server_is_in_the_data_plane_at_once(void **state)
{
	(void)state;
	start(web);
	wait_for(fake_state(WEB, A) == DESTINATION_UP);
	fake_server(A)->mac = 0x77;
	fake_nexthop_changed(A);
	assert_int_equal(fake_service(WEB)->destinations[0].mac[5], 0x77);
}

/* One route may lead to all servers of all services. */
static void
servers_that_move_together_are_one_change(void **state)
{
	unsigned sets, checked;

	(void)state;
	start("{\"name\": \"web\", \"virtual\": \"" VIP "\", \"servers\": "
	      "[\"" A "\", \"" B "\"], \"policy\": {\"80\": {}, \"443\": {}}}");
	wait_for(fake_wanted(VIP) && fake_state(WEB, A) == DESTINATION_UP &&
	    fake_state(WEB, B) == DESTINATION_UP);
	sets = record.sets;
	checked = record.replies_checked;
	fake_server(A)->mac = 0x77;
	fake_server(B)->mac = 0x78;
	fake_nexthop_is_changing(A);
	assert_int_equal(record.sets, sets);
	fake_nexthop_changed(B);
	assert_int_equal(record.sets, sets + 2);
	assert_int_equal(record.replies_checked, checked + 1);
	assert_int_equal(fake_service(WEB)->destinations[0].mac[5], 0x77);
	assert_int_equal(fake_service(WEB)->destinations[1].mac[5], 0x78);
	assert_int_equal(
	    fake_service(VIP ":443/tcp")->destinations[1].mac[5], 0x78);
}

static void
an_unresolved_server_is_not_probed_until_it_is(void **state)
{
	(void)state;
	fake_server(A)->resolved = false;
	start(web);
	wait_for(fake_server(B)->probes > 2);
	assert_int_equal(fake_server(A)->probes, 0);
	assert_int_equal(fake_service(WEB)->destinations[0].ifindex, 0);
	fake_server(A)->resolved = true;
	fake_nexthop_changed(A);
	wait_for(fake_state(WEB, A) == DESTINATION_UP);
}

static void
a_vip_of_this_host_is_neither_checked_nor_announced(void **state)
{
	unsigned probes;

	(void)state;
	start(web);
	wait_for(fake_wanted(VIP));
	fake_address_changed(VIP, true);
	wait_for(!fake_wanted(VIP));
	wait_for(fake_state(WEB, A) == DESTINATION_DOWN &&
	    fake_state(WEB, B) == DESTINATION_DOWN);
	probes = fake_server(A)->probes + fake_server(B)->probes;
	fake_address_changed(VIP, false);
	wait_for(fake_wanted(VIP));
	assert_true(fake_server(A)->probes + fake_server(B)->probes > probes);
}

static void
an_interface_is_waited_for(void **state)
{
	(void)state;
	world.ifindex = 0;
	start(web);
	wait_for(fake_state(WEB, A) == DESTINATION_UP);
	assert_int_equal(record.attaches, 0);
	world.ifindex = 5;
	fake_interface_changed("eth0");
	assert_true(fake_attached("eth0"));
}

static void
attaching_is_tried_again(void **state)
{
	(void)state;
	world.attach_fails = true;
	start(web);
	assert_false(fake_attached("eth0"));
	wait_for(record.attaches == 2);
	world.attach_fails = false;
	wait_for(fake_attached("eth0"));
}

static void
a_refused_service_is_tried_again_and_not_announced(void **state)
{
	(void)state;
	world.set_fails = true;
	start(web);
	wait_for(record.sets >= 2);
	assert_false(fake_wanted(VIP));
	world.set_fails = false;
	wait_for(fake_wanted(VIP));
}

static void
listening_is_tried_again(void **state)
{
	(void)state;
	world.listen_fails = true;
	start(web);
	wait_for(record.listens == 2);
	world.listen_fails = false;
	wait_for(record.listens == 3);
}

static void
stop_withdraws_then_forwards_then_ends(void **state)
{
	uint64_t withdrawn;

	(void)state;
	start(web);
	wait_for(fake_wanted(VIP));
	world.bgpd_answers = false;
	engine_stop(engine);
	assert_int_equal(record.wanted_count, 0);
	wait_for(record.ticks > 2);
	assert_int_equal(record.stops, 0);
	world.bgpd_answers = true;
	withdrawn = monotime_ms();
	event_base_dispatch(base);
	assert_int_equal(record.stops, 1);
	assert_false(record.probe_path);
	/* stop_delay, less the clock's grain */
	assert_true(monotime_ms() - withdrawn >= 199);
}

/* As a signal's handler does, from the event loop. */
static void
stop_twice(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	engine_stop(arg);
	engine_stop(arg);
}

static void
a_second_stop_does_not_wait(void **state)
{
	struct timeval now = {0};

	(void)state;
	start(web);
	wait_for(fake_wanted(VIP));
	world.bgpd_answers = false;
	event_base_once(base, -1, EV_TIMEOUT, stop_twice, engine, &now);
	event_base_dispatch(base);
	assert_int_equal(record.stops, 1);
}

static void
the_status_document_shows_it_all(void **state)
{
	json_t *status, *service, *server;
	const char *text;

	(void)state;
	start(web);
	wait_for(fake_wanted(VIP));
	status = engine_document();
	service = json_array_get(json_object_get(status, "services"), 0);
	assert_int_equal(json_integer_value(json_object_get(service, "up")), 2);
	server = json_array_get(json_object_get(service, "destinations"), 1);
	text = json_string_value(json_object_get(server, "address"));
	assert_string_equal(text, B);
	text = json_string_value(json_object_get(server, "mac"));
	assert_string_equal(text, "02:00:00:00:00:01");
	assert_int_equal(
	    json_array_size(json_object_get(status, "problems")), 0);
	json_decref(status);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(servers_begin_down_and_come_up_by_their_first_check),
	    TEST(a_server_that_fails_goes_down_after_fall_failures),
	    TEST(a_vip_is_withdrawn_below_need),
	    TEST(a_vip_needs_every_one_of_its_services),
	    TEST(all_servers_are_tried_before_the_first_announcement),
	    TEST(a_draining_server_is_healthy_but_does_not_count),
	    TEST(without_checks_a_known_next_hop_is_enough),
	    TEST(a_slow_data_plane_withdraws_nothing),
	    TEST(a_fault_of_this_host_changes_nothing),
	    TEST(the_way_out_for_probes_is_made_again),
	    TEST(a_predecessor_s_servers_stay_up),
	    TEST(a_moved_server_is_in_the_data_plane_at_once),
	    TEST(servers_that_move_together_are_one_change),
	    TEST(an_unresolved_server_is_not_probed_until_it_is),
	    TEST(a_vip_of_this_host_is_neither_checked_nor_announced),
	    TEST(an_address_that_is_gone_late_is_noticed),
	    TEST(an_interface_is_waited_for),
	    TEST(attaching_is_tried_again),
	    TEST(a_refused_service_is_tried_again_and_not_announced),
	    TEST(listening_is_tried_again),
	    TEST(stop_withdraws_then_forwards_then_ends),
	    TEST(a_second_stop_does_not_wait),
	    TEST(the_status_document_shows_it_all),
	};

	return run_engine_tests(tests);
}
