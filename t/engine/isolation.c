/* SPDX-License-Identifier: ISC */

/*
 * When all checks fail at once: with "hold" nothing changes until one passes,
 * with "withdraw" it is said what it looks like.
 */

#include "harness.h"

#include <string.h>

#define MAIL VIP ":25/tcp"

#define SERVICE_OF(name, port, fall)                               \
	"{\"name\": \"" name "\", \"virtual\": \"" VIP             \
	"\", \"servers\": [\"" A "\", \"" B "\"], \"fall\": " fall \
	", \"policy\": {\"" port "\": {}}}"
#define BOTH(fall) \
	SERVICE_OF("web", "80", fall) "," SERVICE_OF("mail", "25", fall)

static const char both[] = BOTH("3");
static const char one[] =
    "{\"name\": \"web\", \"virtual\": \"" VIP "\", \"servers\": [\"" A
    "\"], \"policy\": {\"80\": {}}}";

static bool
all_in(enum destination_state state)
{
	return fake_state(WEB, A) == state && fake_state(WEB, B) == state &&
	    fake_state(MAIL, A) == state && fake_state(MAIL, B) == state;
}

static bool
is_isolated(void)
{
	json_t *document = engine_document();
	bool is = json_is_true(json_object_get(
	    json_object_get(document, "isolation"), "isolated"));

	json_decref(document);
	return is;
}

static bool
is_alert(void)
{
	json_t *document = engine_document(), *alert;
	bool found = false;
	size_t i;

	json_array_foreach(json_object_get(document, "alerts"), i, alert) {
		found = found ||
		    strcmp(json_string_value(json_object_get(alert, "id")),
			"isolated") == 0;
	}
	json_decref(document);
	return found;
}

static void
start_up(const char *services)
{
	start(services);
	wait_for(fake_wanted(VIP) && all_in(DESTINATION_UP));
	was_logged("");
}

static void
cut(bool is_cut)
{
	world.outcome = is_cut ? CHECK_REFUSED : CHECK_PASSED;
}

/* So many more probes were sent to both. */
static void
wait_for_probes(unsigned count)
{
	unsigned a = fake_server(A)->probes, b = fake_server(B)->probes;

	wait_for(fake_server(A)->probes > a + count &&
	    fake_server(B)->probes > b + count);
}

static void
with_hold_nothing_changes(void **state)
{
	unsigned sets, wants;

	(void)state;
	more = "\"isolation\": \"hold\",";
	start_up(both);
	wait_for_probes(4);
	sets = record.sets;
	wants = record.wants;
	cut(true);
	wait_for(is_isolated());
	assert_true(is_alert());
	wait_for_probes(20);
	assert_true(all_in(DESTINATION_UP));
	assert_true(fake_wanted(VIP));
	assert_int_equal(record.sets, sets);
	assert_int_equal(record.wants, wants);
	cut(false);
	wait_for(!is_isolated());
	assert_false(is_alert());
	wait_for_probes(8);
	assert_true(all_in(DESTINATION_UP));
	assert_int_equal(record.sets, sets);
}

/* With one failure each, who fails first is down before it is known. */
static void
with_hold_who_was_too_fast_is_restored(void **state)
{
	(void)state;
	more = "\"isolation\": \"hold\",";
	start_up(BOTH("1"));
	cut(true);
	wait_for(is_isolated());
	wait_for(all_in(DESTINATION_UP));
	wait_for_probes(8);
	assert_true(all_in(DESTINATION_UP));
	assert_true(fake_wanted(VIP));
}

static void
after_a_hold_each_is_judged_as_usual(void **state)
{
	(void)state;
	more = "\"isolation\": \"hold\",";
	start_up(both);
	cut(true);
	wait_for(is_isolated());
	wait_for_probes(8);
	fake_server(B)->answers = false;
	cut(false);
	wait_for(fake_state(WEB, B) == DESTINATION_DOWN &&
	    fake_state(MAIL, B) == DESTINATION_DOWN);
	assert_false(is_isolated());
	assert_int_equal(fake_state(WEB, A), DESTINATION_UP);
	assert_true(fake_wanted(VIP));
}

static void
a_hold_outlives_a_reload(void **state)
{
	(void)state;
	more = "\"isolation\": \"hold\",";
	start_up(both);
	cut(true);
	wait_for(is_isolated());
	assert_int_equal(engine_reload(engine), 0);
	reload(BOTH("2"));
	wait_for_probes(10);
	assert_true(is_isolated());
	assert_true(all_in(DESTINATION_UP));
	assert_true(fake_wanted(VIP));
	/* And ends with one that makes it end. */
	more = "";
	reload(both);
	wait_for(all_in(DESTINATION_DOWN) && !fake_wanted(VIP));
}

/* If all is dead in truth, somebody has to have the last word. */
static void
what_is_held_can_be_withdrawn_by_order(void **state)
{
	json_t *request, *reply;

	(void)state;
	more = "\"isolation\": \"hold\",";
	start_up(both);
	cut(true);
	wait_for(is_isolated());
	request = json_pack("{s:s, s:s, s:s, s:s}", "command", "override",
	    "kind", "vip", "name", VIP, "order", "withdraw");
	reply = record.control(record.control_arg, request);
	assert_true(json_is_true(json_object_get(reply, "ok")));
	json_decref(reply);
	json_decref(request);
	wait_for(!fake_wanted(VIP));
	assert_true(is_isolated());
	assert_true(all_in(DESTINATION_UP));
}

/* What the data plane was left with is what is held. */
static void
a_hold_outlives_a_restart(void **state)
{
	(void)state;
	more = "\"isolation\": \"hold\",";
	start_up(both);
	cut(true);
	wait_for(is_isolated());
	engine_free(engine);
	engine = NULL;
	event_base_free(base);
	start(both);
	wait_for(is_isolated());
	wait_for_probes(8);
	assert_true(all_in(DESTINATION_UP));
	assert_true(fake_wanted(VIP));
	cut(false);
	wait_for(!is_isolated());
	assert_true(all_in(DESTINATION_UP));
}

/* Nothing is left that could end it. */
static void
a_hold_ends_with_its_checks(void **state)
{
	(void)state;
	more = "\"isolation\": \"hold\",";
	start_up(both);
	cut(true);
	wait_for(is_isolated());
	reload(
	    "{\"name\": \"web\", \"virtual\": \"" VIP "\", \"servers\": [\"" A
	    "\", \"" B "\"], \"policy\": {\"80\": {\"checks\": []}}}");
	assert_false(is_isolated());
	assert_false(is_alert());
	fake_server(A)->resolved = false;
	fake_nexthop_changed(A);
	wait_for(fake_state(WEB, A) == DESTINATION_DOWN);
	assert_int_equal(fake_state(WEB, B), DESTINATION_UP);
}

static void
with_withdraw_it_is_said_what_it_looks_like(void **state)
{
	(void)state;
	start_up(both);
	cut(true);
	wait_for(!fake_wanted(VIP) && all_in(DESTINATION_DOWN));
	assert_true(is_isolated());
	assert_true(was_logged("this looks like this host's own link"));
	wait_for_probes(8);
	assert_false(was_logged("own link"));
	cut(false);
	wait_for(fake_wanted(VIP) && all_in(DESTINATION_UP));
	assert_false(is_isolated());
	assert_false(is_alert());
}

static void
servers_that_fail_one_after_another_are_not_held(void **state)
{
	(void)state;
	more = "\"isolation\": \"hold\",";
	start_up(both);
	fake_server(A)->answers = false;
	wait_for(fake_state(WEB, A) == DESTINATION_DOWN &&
	    fake_state(MAIL, A) == DESTINATION_DOWN);
	fake_server(B)->answers = false;
	wait_for(all_in(DESTINATION_DOWN));
	assert_false(is_isolated());
	assert_false(fake_wanted(VIP));
}

static void
a_single_server_is_not_held(void **state)
{
	(void)state;
	more = "\"isolation\": \"hold\",";
	start(one);
	wait_for(fake_wanted(VIP));
	cut(true);
	wait_for(fake_state(WEB, A) == DESTINATION_DOWN && !fake_wanted(VIP));
	assert_false(is_isolated());
}

static void
a_round_of_lost_checks_alarms_nobody(void **state)
{
	unsigned probes;

	(void)state;
	start_up(BOTH("100"));
	was_logged("");
	cut(true);
	probes = fake_server(A)->probes;
	wait_for(fake_server(A)->probes > probes + 10);
	cut(false);
	wait_for_probes(8);
	assert_false(is_isolated());
	assert_false(was_logged("own link"));
	assert_true(all_in(DESTINATION_UP));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(with_hold_nothing_changes),
	    TEST(with_hold_who_was_too_fast_is_restored),
	    TEST(after_a_hold_each_is_judged_as_usual),
	    TEST(a_hold_outlives_a_reload),
	    TEST(a_hold_outlives_a_restart),
	    TEST(a_hold_ends_with_its_checks),
	    TEST(what_is_held_can_be_withdrawn_by_order),
	    TEST(with_withdraw_it_is_said_what_it_looks_like),
	    TEST(servers_that_fail_one_after_another_are_not_held),
	    TEST(a_single_server_is_not_held),
	    TEST(a_round_of_lost_checks_alarms_nobody),
	};

	return run_engine_tests(tests);
}
