/* SPDX-License-Identifier: ISC */

/*
 * When VIPs are announced, and with what: what the engine makes of the state
 * machine's decisions.  The rules themselves are in t/unit/vip_state.c.
 */

#include "ordering.h"

#include <stdlib.h>
#include <string.h>

#include "base/xmalloc.h"
#include "engine/alerts.h"
#include "fakes_bgp.h"

#define ALERT "vip " VIP

/* Three servers, of which two are needed, with what is given for "bgp". */
#define SITE(bgp)                                                          \
	"{\"name\": \"web\", \"virtual\": \"" VIP "\", \"servers\": [\"" A \
	"\", \"" B "\", \"10.0.0.3\"], \"bgp\": {" bgp "}, \"policy\": "   \
	"{\"80\": {\"need\": \"50%\"}}}"

/* A member of the VIP's part of the document, as text. */
static const char *
vip_is(const char *key)
{
	static char text[256];
	json_t *document = engine_document(), *vip, *value;

	vip = json_array_get(json_object_get(document, "vips"), 0);
	value = json_object_get(vip, key);
	if (json_is_string(value))
		snprintf(text, sizeof(text), "%s", json_string_value(value));
	else
		snprintf(text, sizeof(text), "%g", json_number_value(value));
	json_decref(document);
	return text;
}

/* "severity: text" of the VIP's alert; "" if there is none. */
static const char *
alert(void)
{
	static char text[256];
	json_t *document = engine_document(), *one;
	size_t i;

	text[0] = '\0';
	json_array_foreach(json_object_get(document, "alerts"), i, one) {
		if (strcmp(json_string_value(json_object_get(one, "id")),
			ALERT) != 0)
			continue;
		snprintf(text, sizeof(text), "%s: %s",
		    json_string_value(json_object_get(one, "severity")),
		    json_string_value(json_object_get(one, "text")));
	}
	json_decref(document);
	return text;
}

static void
answer(bool first, bool second, bool third)
{
	fake_server(A)->answers = first;
	fake_server(B)->answers = second;
	fake_server("10.0.0.3")->answers = third;
}

static void
start_well(const char *services)
{
	start(services);
	wait_for(record.control != NULL && fake_wanted(VIP) &&
	    fake_state(WEB, A) == DESTINATION_UP &&
	    fake_state(WEB, B) == DESTINATION_UP);
	assert_string_equal(vip_is("state"), "announced");
	was_logged("");
}

static void
vip_short_of_servers_is_an_alert(void **state)
{
	(void)state;
	start_well(SITE(""));
	assert_string_equal(alert(), "");
	answer(true, false, false);
	wait_for(!fake_wanted(VIP));
	assert_string_equal(vip_is("state"), "withdrawn");
	assert_string_equal(
	    vip_is("reason"), "web " WEB " needs 2 servers, has 1");
	assert_true(was_logged(
	    "VIP " VIP ": withdrawing: web " WEB " needs 2 servers, has 1\n"));
	assert_string_equal(
	    alert(), "high: not announced: web " WEB " needs 2 servers, has 1");
	/* It gets worse, which is no other alert. */
	answer(false, false, false);
	wait_for(strstr(alert(), "has 0") != NULL);
	assert_false(was_logged("alert"));
	answer(true, true, true);
	wait_for(fake_wanted(VIP));
	assert_true(was_logged("alert (high) " ALERT
			       " is over: its services have what they need\n"));
	assert_string_equal(alert(), "");
	assert_string_equal(vip_is("withdrawals"), "1");
}

/* One that this host can't check says nothing for those that are dead. */
static void
uncheckable_server_keeps_no_dead_vip(void **state)
{
	(void)state;
	start_well(SERVICE_WEB);
	fake_server("10.0.0.3")->uncheckable = true;
	reload(
	    "{\"name\": \"web\", \"virtual\": \"" VIP "\", \"servers\": [\"" A
	    "\", \"" B "\", \"10.0.0.3\"], \"policy\": {\"80\": {}}}");
	answer(false, false, false);
	wait_for(!fake_wanted(VIP));
	assert_string_equal(
	    alert(), "high: not announced: web " WEB " needs 1 servers, has 0");
}

static void
uncheckable_server_keeps_no_vip_away(void **state)
{
	(void)state;
	fake_server("10.0.0.3")->uncheckable = true;
	start(SITE(""));
	wait_for(fake_wanted(VIP));
	assert_int_equal(fake_state(WEB, "10.0.0.3"), DESTINATION_DOWN);
}

/* Whatever comes of it, it would not be enough. */
static void
untried_server_keeps_no_hopeless_vip(void **state)
{
	(void)state;
	start_well(SERVICE_WEB);
	fake_server("10.0.0.3")->holds = true;
	reload(SITE(""));
	answer(false, false, false);
	wait_for(!fake_wanted(VIP));
	fake_server("10.0.0.3")->holds = false;
}

static void
priority_is_the_severity(void **state)
{
	(void)state;
	more = "\"priority\": \"low\",";
	answer(false, false, false);
	start(SERVICE_WEB);
	wait_for(record.control != NULL && *alert() != '\0');
	assert_string_equal(
	    alert(), "low: not announced: web " WEB " needs 1 servers, has 0");
	/* A VIP that is gone is nobody's worry. */
	reload("");
	assert_string_equal(alert(), "");
}

static void
degraded_vip_has_other_attributes(void **state)
{
	unsigned wants;

	(void)state;
	start_well(SITE("\"med\": 10, \"degraded\": "
			"{\"below\": 3, \"med\": 99}"));
	wait_for(strcmp(fake_attributes(VIP), "med 10 pref -1") == 0);
	record.wanted_least = 1;
	wants = record.wants;
	answer(true, true, false);
	wait_for(strcmp(fake_attributes(VIP), "med 99 pref -1") == 0);
	assert_int_equal(record.wants, wants + 1);
	assert_string_equal(vip_is("state"), "degraded");
	assert_string_equal(vip_is("attributes"), "degraded");
	assert_string_equal(
	    alert(), "medium: degraded: web " WEB " has 2 of 3 servers up");
	answer(true, true, true);
	wait_for(strcmp(fake_attributes(VIP), "med 10 pref -1") == 0);
	assert_int_equal(record.wants, wants + 2);
	assert_int_equal(record.wanted_least, 1);
	assert_string_equal(alert(), "");
}

static void
flapping_vip_is_held_down(void **state)
{
	(void)state;
	start_well(SITE("\"hold_down\": 1.5"));
	answer(true, false, false);
	wait_for(!fake_wanted(VIP));
	answer(true, true, true);
	wait_for(fake_wanted(VIP));
	answer(true, false, false);
	wait_for(!fake_wanted(VIP));
	was_logged("");
	answer(true, true, true);
	wait_for(strcmp(vip_is("state"), "held down") == 0);
	assert_string_equal(
	    vip_is("reason"), "it was withdrawn 2 times in a row");
	assert_string_equal(
	    alert(), "high: not announced: it was withdrawn 2 times in a row");
	/* Which is the alert that there was. */
	assert_false(was_logged("is over"));
	wait_for(fake_wanted(VIP));
	assert_string_equal(alert(), "");
}

/* What the document says of a server's checks. */
static bool
is_healthy(const char *server)
{
	json_t *document = engine_document(), *list, *one;
	bool healthy = false;
	size_t i;

	list = json_array_get(json_object_get(document, "services"), 0);
	json_array_foreach(json_object_get(list, "destinations"), i, one) {
		if (strcmp(json_string_value(json_object_get(one, "address")),
			server) == 0)
			healthy = json_is_true(json_object_get(one, "healthy"));
	}
	json_decref(document);
	return healthy;
}

/* Leaving takes its time, even if who is in maintenance is turned off. */
static void
maintenance_is_no_failure(void **state)
{
	unsigned i;

	(void)state;
	start_well(SITE("\"graceful_shutdown\": 60, \"hold_down\": 60"));
	for (i = 0; i < 3; i++) {
		force("backend", A, "maint");
		force("backend", B, "maint");
		wait_for(strcmp(vip_is("state"), "leaving") == 0);
		assert_string_equal(
		    fake_attributes(VIP), "GRACEFUL_SHUTDOWN med -1 pref 0");
		answer(false, false, true);
		wait_for(!is_healthy(A) && !is_healthy(B));
		assert_string_equal(vip_is("state"), "leaving");
		assert_string_equal(vip_is("reason"),
		    "web " WEB " needs 2 servers, has 1, and 2 that drain or "
		    "are in maintenance");
		answer(true, true, true);
		wait_for(is_healthy(A) && is_healthy(B));
		force("backend", A, "ready");
		force("backend", B, "ready");
		wait_for(strcmp(vip_is("state"), "announced") == 0);
	}
	assert_string_equal(vip_is("withdrawals"), "0");
	/* Who was out anyway was not taken out. */
	answer(false, true, true);
	wait_for(!is_healthy(A));
	force("backend", A, "maint");
	answer(false, false, true);
	wait_for(!fake_wanted(VIP));
	assert_string_equal(
	    vip_is("reason"), "web " WEB " needs 2 servers, has 1");
}

/* It goes at once when the last server has failed, or is taken out. */
static void
vip_without_servers_does_not_leave_slowly(void **state)
{
	(void)state;
	start_well(SITE("\"graceful_shutdown\": 60"));
	force("backend", A, "maint");
	force("backend", B, "maint");
	wait_for(strcmp(vip_is("state"), "leaving") == 0);
	assert_true(fake_wanted(VIP));
	answer(true, true, false);
	wait_for(!fake_wanted(VIP));
	assert_string_equal(vip_is("state"), "withdrawn");
	answer(true, true, true);
	force("backend", A, "ready");
	force("backend", B, "ready");
	wait_for(strcmp(vip_is("state"), "announced") == 0 &&
	    fake_state(WEB, "10.0.0.3") == DESTINATION_UP);
	force("backend", A, "maint");
	force("backend", B, "maint");
	wait_for(strcmp(vip_is("state"), "leaving") == 0);
	force("backend", "10.0.0.3", "maint");
	wait_for(!fake_wanted(VIP));
}

static void
healthy_for_delays(void **state)
{
	uint64_t before = monotime_ms();

	(void)state;
	start(SITE("\"healthy_for\": 1.5"));
	wait_for(
	    record.control != NULL && strcmp(vip_is("state"), "settling") == 0);
	assert_int_equal(record.wanted_count, 0);
	wait_for(fake_wanted(VIP));
	assert_true(monotime_ms() - before >= 1500);
}

static void
learn_delays_only_what_is_new(void **state)
{
	uint64_t before = monotime_ms();

	(void)state;
	fake_leave(VIP6, 80, "10.0.0.2", DESTINATION_UP);
	start("{\"name\": \"web\", \"virtual\": [\"" VIP "\", \"" VIP6
	      "\"], \"servers\": [\"10.0.0.2\"], \"delivery\": \"ipip\", "
	      "\"bgp\": {\"learn\": 2}, \"policy\": {\"80\": {}}}");
	assert_true(fake_wanted(VIP6));
	wait_for(
	    record.control != NULL && strcmp(vip_is("state"), "learning") == 0);
	assert_false(fake_wanted(VIP));
	wait_for(fake_wanted(VIP));
	assert_true(monotime_ms() - before >= 2000);
}

static void
stop_tells_first(void **state)
{
	uint64_t before;

	(void)state;
	start_well(SITE("\"graceful_shutdown\": 0.5"));
	before = monotime_ms();
	engine_stop(engine);
	assert_string_equal(
	    fake_attributes(VIP), "GRACEFUL_SHUTDOWN med -1 pref 0");
	assert_true(was_logged("VIP " VIP ": leaving: vc5d stops\n"));
	assert_string_equal(vip_is("state"), "leaving");
	wait_for(!fake_wanted(VIP));
	assert_true(monotime_ms() - before >= 500);
	assert_int_equal(record.stops, 0);
	wait_for(record.stops == 1);
	/* Then it was forwarded for stop_delay. */
	assert_true(monotime_ms() - before >= 700);
}

static void
second_stop_withdraws(void **state)
{
	(void)state;
	start_well(SITE("\"graceful_shutdown\": 60"));
	engine_stop(engine);
	assert_true(fake_wanted(VIP));
	engine_stop(engine);
	assert_false(fake_wanted(VIP));
	assert_int_equal(record.stops, 0);
	wait_for(record.stops == 1);
}

/* Nor does one that a reload took away leave any longer. */
static void
second_stop_withdraws_what_was_removed(void **state)
{
	(void)state;
	start_well(SITE("\"graceful_shutdown\": 60"));
	reload("");
	engine_stop(engine);
	assert_true(fake_wanted(VIP));
	engine_stop(engine);
	assert_false(fake_wanted(VIP));
	assert_int_equal(record.stops, 0);
	wait_for(record.stops == 1);
}

static void
third_stop_does_not_wait(void **state)
{
	(void)state;
	start_well(SITE("\"graceful_shutdown\": 60"));
	engine_stop(engine);
	engine_stop(engine);
	engine_stop(engine);
	assert_false(fake_wanted(VIP));
	assert_int_equal(record.stops, 1);
}

static void
nobody_is_told_without_a_bgpd(void **state)
{
	(void)state;
	start_well(SITE("\"graceful_shutdown\": 60"));
	fake_bgpd_shows(NULL, 1);
	engine_stop(engine);
	fake_bgpd_shows(NULL, 0);
	assert_false(fake_wanted(VIP));
	wait_for(record.stops == 1);
}

static void
failure_ends_leaving(void **state)
{
	(void)state;
	start_well(SITE("\"graceful_shutdown\": 60"));
	engine_stop(engine);
	assert_true(fake_wanted(VIP));
	answer(false, false, false);
	wait_for(!fake_wanted(VIP));
	wait_for(record.stops == 1);
}

static void
removed_vip_leaves(void **state)
{
	(void)state;
	start_well(SITE("\"graceful_shutdown\": 0.4, \"med\": 3"));
	reload("");
	assert_string_equal(
	    fake_attributes(VIP), "GRACEFUL_SHUTDOWN med 3 pref 0");
	/* Another reload changes nothing about it. */
	assert_int_equal(engine_reload(engine), 0);
	assert_true(fake_wanted(VIP));
	assert_non_null(fake_service(WEB));
	wait_for(!fake_wanted(VIP));
	assert_non_null(fake_service(WEB));
	wait_for(fake_service(WEB) == NULL);
}

static void
vip_that_comes_back_stays(void **state)
{
	(void)state;
	start_well(SITE("\"graceful_shutdown\": 60"));
	reload("");
	assert_true(fake_wanted(VIP));
	reload(SITE(""));
	wait_for(strcmp(fake_attributes(VIP), "med -1 pref -1") == 0);
	assert_int_equal(record.wanted_count, 1);
}

/* Times and attributes may change while it is what it is. */
static void
reload_changes_attributes(void **state)
{
	(void)state;
	start_well(SITE("\"med\": 1"));
	record.wanted_least = 1;
	reload(SITE("\"med\": 2"));
	assert_string_equal(fake_attributes(VIP), "med 2 pref -1");
	assert_int_equal(record.wanted_least, 1);
	assert_string_equal(vip_is("withdrawals"), "0");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(vip_short_of_servers_is_an_alert),
	    TEST(uncheckable_server_keeps_no_dead_vip),
	    TEST(uncheckable_server_keeps_no_vip_away),
	    TEST(untried_server_keeps_no_hopeless_vip),
	    TEST(priority_is_the_severity),
	    TEST(degraded_vip_has_other_attributes),
	    TEST(flapping_vip_is_held_down),
	    TEST(maintenance_is_no_failure),
	    TEST(vip_without_servers_does_not_leave_slowly),
	    TEST(healthy_for_delays),
	    TEST(learn_delays_only_what_is_new),
	    TEST(stop_tells_first),
	    TEST(second_stop_withdraws),
	    TEST(second_stop_withdraws_what_was_removed),
	    TEST(third_stop_does_not_wait),
	    TEST(nobody_is_told_without_a_bgpd),
	    TEST(failure_ends_leaving),
	    TEST(removed_vip_leaves),
	    TEST(vip_that_comes_back_stays),
	    TEST(reload_changes_attributes),
	};

	return run_engine_tests(tests);
}
