/* SPDX-License-Identifier: ISC */

/*
 * The engine against a fake data plane and fake adapters (fakes.h): what a
 * reload changes, and what it leaves alone.
 */

#include "fakes_web.h"
#include "harness.h"

#include <stdio.h>

static const char web[] = SERVICE_WEB;

static void
reload_keeps_health_and_applies_the_difference(void **state)
{
	(void)state;
	start(web);
	wait_for(fake_wanted(VIP));
	wait_for(fake_state(WEB, B) == DESTINATION_UP);
	reload(
	    "{\"name\": \"web\", \"virtual\": \"" VIP "\", \"servers\": [\"" A
	    "*\", \"" B "\", \"10.0.0.3\"], \"policy\": {\"80\": {}}}");
	assert_int_equal(fake_state(WEB, A), DESTINATION_DRAINING);
	assert_int_equal(fake_state(WEB, B), DESTINATION_UP);
	assert_int_equal(fake_state(WEB, "10.0.0.3"), DESTINATION_DOWN);
	assert_true(fake_wanted(VIP));
	wait_for(fake_state(WEB, "10.0.0.3") == DESTINATION_UP);
	assert_int_equal(record.removes, 0);
}

static void
reload_with_another_check_does_not_flap(void **state)
{
	(void)state;
	start(web);
	wait_for(fake_wanted(VIP));
	wait_for(fake_state(WEB, A) == DESTINATION_UP);
	reload(
	    "{\"name\": \"web\", \"virtual\": \"" VIP "\", \"servers\": [\"" A
	    "\", \"" B "\"], \"policy\": {\"http\": {\"path\": \"/alive\"}}}");
	assert_int_equal(fake_state(WEB, A), DESTINATION_UP);
	assert_true(fake_wanted(VIP));
}

static void
reload_withdraws_before_it_removes(void **state)
{
	(void)state;
	start(web);
	wait_for(fake_wanted(VIP));
	reload("{\"name\": \"web\", \"virtual\": \"192.0.2.7"
	       "\", \"servers\": [\"" A "\"], \"policy\": {\"80\": {}}}");
	assert_false(fake_wanted(VIP));
	/* Packets still come in until routers know. */
	assert_non_null(fake_service(WEB));
	wait_for(fake_wanted("192.0.2.7"));
	wait_for(record.removes == 1);
	assert_null(fake_service(WEB));
}

static void
reload_removes_a_port_at_once(void **state)
{
	(void)state;
	start("{\"name\": \"web\", \"virtual\": \"" VIP "\", \"servers\": [\"" A
	      "\"], \"policy\": {\"80\": {}, \"81\": {}}}");
	wait_for(fake_wanted(VIP));
	reload(web);
	assert_null(fake_service(VIP ":81/tcp"));
	assert_true(fake_wanted(VIP));
}

static void
a_new_port_does_not_withdraw_its_vip(void **state)
{
	unsigned wants;

	(void)state;
	start(web);
	wait_for(fake_wanted(VIP));
	wants = record.wants;
	reload("{\"name\": \"web\", \"virtual\": \"" VIP
	       "\", \"servers\": [\"" A "\", \"" B "\"], \"policy\": "
	       "{\"80\": {}, \"81\": {}, \"53/udp\": null}}");
	assert_true(fake_wanted(VIP));
	wait_for(fake_state(VIP ":81/tcp", A) == DESTINATION_UP);
	wait_for(fake_state(VIP ":53/udp", B) == DESTINATION_UP);
	assert_true(fake_wanted(VIP));
	/* The reload's own, and no other. */
	assert_int_equal(record.wants, wants + 1);
}

static void
a_new_port_that_is_down_withdraws_its_vip(void **state)
{
	(void)state;
	start(web);
	wait_for(fake_wanted(VIP));
	fake_server("10.0.0.3")->answers = false;
	reload("{\"name\": \"web\", \"virtual\": \"" VIP
	       "\", \"servers\": [\"" A "\"], \"policy\": {\"80\": {}}},"
	       "{\"name\": \"new\", \"virtual\": \"" VIP "\", \"servers\":"
	       " [\"10.0.0.3\"], \"policy\": {\"81\": {}}}");
	assert_true(fake_wanted(VIP));
	wait_for(!fake_wanted(VIP));
}

static void
reload_to_no_checks_judges_by_the_next_hop(void **state)
{
	(void)state;
	fake_server(A)->answers = fake_server(B)->answers = false;
	start(web);
	wait_for(fake_server(A)->probes > 0 && fake_server(B)->probes > 0);
	reload(
	    "{\"name\": \"web\", \"virtual\": \"" VIP "\", \"servers\": [\"" A
	    "\"], \"policy\": {\"80\": {\"checks\": []}}}");
	assert_int_equal(fake_state(WEB, A), DESTINATION_UP);
	assert_true(fake_wanted(VIP));
}

static void
reload_leaves_probes_on_their_way(void **state)
{
	(void)state;
	start(web);
	wait_for(fake_state(WEB, A) == DESTINATION_UP);
	fake_server(A)->holds = true;
	wait_for(record.probes_running > 0 && fake_server(A)->probes > 1);
	wait_for(fake_server(A)->probes >= 2 && record.probes_running == 1);
	fake_server(A)->answers = false;
	assert_int_equal(engine_reload(engine), 0);
	assert_int_equal(record.probes_running, 1);
	fake_server(A)->holds = false;
	wait_for(fake_state(WEB, A) == DESTINATION_DOWN);
}

static void
reload_beyond_the_limits_is_refused(void **state)
{
	FILE *f;

	(void)state;
	start(web);
	wait_for(fake_wanted(VIP));
	f = fopen(file, "w");
	assert_non_null(f);
	fprintf(f,
	    "{\"interfaces\": \"eth0\", \"limits\": {\"destinations\": 65535},"
	    " \"services\": [{\"name\": \"web\", \"virtual\": \"" VIP
	    "\", \"servers\": [");
	for (unsigned i = 0; i < 4097; i++)
		fprintf(
		    f, "%s\"10.1.%u.%u\"", i ? "," : "", i / 250, i % 250 + 1);
	fprintf(f, "], \"policy\": {\"80\": {}}}]}");
	assert_int_equal(fclose(f), 0);
	assert_int_equal(engine_reload(engine), -1);
	assert_true(fake_wanted(VIP));
	assert_int_equal(fake_service(WEB)->destination_count, 2);
}

static void
reload_beyond_the_slots_is_refused(void **state)
{
	FILE *f;

	(void)state;
	more = "\"limits\": {\"slots\": 251},";
	start(web);
	f = fopen(file, "w");
	assert_non_null(f);
	fprintf(f,
	    "{\"interfaces\": \"eth0\", \"limits\": {\"slots\": 257},"
	    " \"services\": [{\"name\": \"web\", \"virtual\": \"" VIP
	    "\", \"servers\": [");
	for (unsigned i = 0; i < 252; i++)
		fprintf(f, "%s\"10.1.0.%u\"", i ? "," : "", i + 1);
	fprintf(f, "], \"policy\": {\"80\": {}}}]}");
	assert_int_equal(fclose(f), 0);
	assert_int_equal(engine_reload(engine), -1);
	assert_int_equal(fake_service(WEB)->destination_count, 2);
}

static void
reload_of_a_bad_file_changes_nothing(void **state)
{
	unsigned sets, wants;
	json_t *request = json_pack("{s:s}", "command", "reload"), *reply;

	(void)state;
	start(web);
	wait_for(fake_wanted(VIP));
	wait_for(fake_state(WEB, A) == DESTINATION_UP);
	sets = record.sets;
	wants = record.wants;
	write_conf("{\"nam\": 1}");
	reply = record.control(record.control_arg, request);
	assert_true(json_is_false(json_object_get(reply, "ok")));
	assert_true(json_array_size(json_object_get(reply, "errors")) > 0);
	assert_int_equal(record.sets, sets);
	assert_int_equal(record.wants, wants);
	assert_int_equal(fake_state(WEB, A), DESTINATION_UP);
	json_decref(reply);
	write_conf(web);
	reply = record.control(record.control_arg, request);
	assert_true(json_is_true(json_object_get(reply, "ok")));
	json_decref(reply);
	json_decref(request);
}

static void
the_web_server_outlives_a_certificate_that_is_missing(void **state)
{
	static const char problem[] = "the web server goes on with certificate";

	(void)state;
	more = "\"webserver\": {\"certificate\": \"/a\"},";
	start(web);
	wait_for(record.listens == 1);
	assert_false(has_problem(problem));
	more = "\"webserver\": {\"certificate\": \"/b\"},";
	fake_web.stale = "webserver: /b: No such file or directory";
	reload(web);
	assert_int_equal(fake_web.renewals, 1);
	assert_true(has_problem("the web server goes on with certificate, "
				"users and tokens of before: webserver: /b: No "
				"such file or directory; mend that, and "));
	fake_web.stale = NULL;
	more = "";
	reload(web);
	assert_int_equal(fake_web.renewals, 2);
	assert_false(has_problem(problem));
	assert_int_equal(fake_web.ends, 0);
	more = "\"webserver\": \"127.0.0.1:1\",";
	reload(web);
	assert_int_equal(fake_web.ends, 1);
	wait_for(record.listens == 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(reload_keeps_health_and_applies_the_difference),
	    TEST(reload_with_another_check_does_not_flap),
	    TEST(reload_withdraws_before_it_removes),
	    TEST(reload_removes_a_port_at_once),
	    TEST(a_new_port_does_not_withdraw_its_vip),
	    TEST(a_new_port_that_is_down_withdraws_its_vip),
	    TEST(reload_to_no_checks_judges_by_the_next_hop),
	    TEST(reload_leaves_probes_on_their_way),
	    TEST(reload_beyond_the_limits_is_refused),
	    TEST(reload_beyond_the_slots_is_refused),
	    TEST(reload_of_a_bad_file_changes_nothing),
	    TEST(the_web_server_outlives_a_certificate_that_is_missing),
	};

	return run_engine_tests(tests);
}
