/* SPDX-License-Identifier: ISC */

/*
 * Slow start: what is withheld from servers that come back, as the data plane
 * is told, and weights of 0.
 */

#include "harness.h"

#include <stdlib.h>
#include <string.h>

/* 3 steps of a second: a quarter, a half, three quarters, all. */
#define RISING "\"slow_start\": 3,"

static const char web[] = SERVICE_WEB;

static const struct dataplane_destination *
destination(const char *server)
{
	const struct dataplane_service *s = fake_service(WEB);
	struct addr address;
	size_t i;

	assert_non_null(s);
	assert_int_equal(addr_parse(server, &address), 0);
	for (i = 0; i < s->destination_count; i++)
		if (addr_compare(&s->destinations[i].address, &address) == 0)
			return &s->destinations[i];
	fail_msg("%s is not there", server);
	return NULL;
}

/* Percent of its slots that a server has. */
static unsigned
part(const char *server)
{
	assert_int_equal(destination(server)->weight, 1);
	return 100 - destination(server)->withheld;
}

static bool
parts_are(unsigned a, unsigned b)
{
	return part(A) == a && part(B) == b;
}

static double
weight_now(size_t i)
{
	json_t *document = engine_document();
	json_t *service =
	    json_array_get(json_object_get(document, "services"), 0);
	json_t *d = json_array_get(json_object_get(service, "destinations"), i);
	double now = json_number_value(json_object_get(d, "weight_now"));

	json_decref(document);
	return now;
}

static void
start_with_both(const char *services)
{
	more = RISING;
	start(services);
	wait_for(fake_state(WEB, A) == DESTINATION_UP &&
	    fake_state(WEB, B) == DESTINATION_UP);
}

static void
fail_and_return(const char *server)
{
	fake_server(server)->answers = false;
	wait_for(fake_state(WEB, server) == DESTINATION_DOWN);
	fake_server(server)->answers = true;
	wait_for(fake_state(WEB, server) == DESTINATION_UP);
}

static void
who_is_up_at_a_start_has_its_weight(void **state)
{
	(void)state;
	start_with_both(web);
	assert_true(parts_are(100, 100));
	assert_true(weight_now(0) == 1);
}

static void
who_comes_back_rises_step_by_step(void **state)
{
	unsigned now, next, sets, steps = 0;
	uint64_t since;

	(void)state;
	start_with_both(web);
	fail_and_return(A);
	since = monotime_ms();
	assert_true(parts_are(25, 100));
	assert_true(weight_now(0) == 0.25);
	assert_true(weight_now(1) == 1);
	sets = record.sets;
	/* A tick that comes late may have two steps in one. */
	for (now = 25; now < 100; now = next, steps++) {
		wait_for((next = part(A)) != now);
		assert_true(next > now && next % 25 == 0 && part(B) == 100);
		assert_true(next <= 25 * (2 + (monotime_ms() - since) / 1000));
	}
	assert_true(parts_are(100, 100));
	assert_true(weight_now(0) == 1);
	assert_int_equal(record.sets - sets, steps);
	assert_true(monotime_ms() - since >= 2900);
}

static void
a_failure_ends_the_rise(void **state)
{
	(void)state;
	start_with_both(web);
	fail_and_return(A);
	wait_for(part(A) > 25);
	fail_and_return(A);
	assert_true(parts_are(25, 100));
}

static void
without_slow_start_nobody_rises(void **state)
{
	(void)state;
	start(web);
	wait_for(fake_state(WEB, B) == DESTINATION_UP);
	fail_and_return(A);
	assert_true(parts_are(100, 100));
}

static void
a_reload_changes_no_phase(void **state)
{
	unsigned now;

	(void)state;
	start_with_both(web);
	fail_and_return(A);
	wait_for((now = part(A)) > 25);
	assert_int_equal(engine_reload(engine), 0);
	assert_true(parts_are(now, 100));
	more = "";
	reload(web);
	assert_true(parts_are(100, 100));
}

static void
who_is_added_rises_and_who_drained_does(void **state)
{
	(void)state;
	start_with_both(
	    "{\"name\": \"web\", \"virtual\": \"" VIP "\", \"servers\": [\"" A
	    "\", \"" B "\"], \"policy\": {\"80\": {}}}");
	reload(
	    "{\"name\": \"web\", \"virtual\": \"" VIP "\", \"servers\": [\"" A
	    "*\", \"" B "\", \"10.0.0.3\"], \"policy\": {\"80\": {}}}");
	wait_for(fake_state(WEB, "10.0.0.3") == DESTINATION_UP);
	assert_int_equal(part("10.0.0.3"), 25);
	assert_int_equal(part(B), 100);
	wait_for(part("10.0.0.3") == 100);
	assert_int_equal(part(B), 100);
	reload(web);
	assert_true(parts_are(25, 100));
}

/* Up, but to be given nothing: the VIP can't rely on it. */
static void
no_weight_does_not_count(void **state)
{
	(void)state;
	start("{\"name\": \"web\", \"virtual\": \"" VIP
	      "\", \"servers\": [{\"address\": \"" A "\", \"weight\": 0}, \"" B
	      "\"], \"policy\": {\"80\": {}}}");
	wait_for(fake_wanted(VIP));
	wait_for(fake_state(WEB, A) == DESTINATION_UP);
	assert_int_equal(destination(A)->weight, 0);
	fake_server(B)->answers = false;
	wait_for(!fake_wanted(VIP));
	assert_int_equal(fake_state(WEB, A), DESTINATION_UP);
	reload(web);
	assert_true(fake_wanted(VIP));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    TEST(who_is_up_at_a_start_has_its_weight),
	    TEST(who_comes_back_rises_step_by_step),
	    TEST(a_failure_ends_the_rise),
	    TEST(without_slow_start_nobody_rises),
	    TEST(a_reload_changes_no_phase),
	    TEST(who_is_added_rises_and_who_drained_does),
	    TEST(no_weight_does_not_count),
	};

	return run_engine_tests(tests);
}
