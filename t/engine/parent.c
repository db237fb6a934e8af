/* SPDX-License-Identifier: ISC */

/*
 * The engine and its parent process: what is told, and what is taken over of
 * an engine that died.
 */

#include <string.h>

#include "core/announced.h"
#include "core/overrides.h"
#include "engine/engine.h"
#include "engine/private.h"
#include "fakes_bgp.h"
#include "fakes_parent.h"
#include "harness.h"

#define BGPD "/run/openbgpd/bgpd.sock.0"

static struct addr left[] = {
    {AF_INET, {192, 0, 2, 1}},
    {AF_INET, {192, 0, 2, 9}},
};
static struct announced_place place = {
    .program = (char[]){"/usr/sbin/bgpctl"},
    .vips = left,
    .count = 2,
};
static const struct announced announced = {.places = &place, .place_count = 1};

/* Start as the parent does after a death. */
static void
start_after_a_death(const char *socket)
{
	struct engine_origin origin = {
	    .lifeline = (struct lifeline *)&place,
	    .announced = &announced,
	    .deaths = 3,
	    .died = 1234,
	    .reason = "signal 9 (Killed)",
	};

	memset(&fake_parent, 0, sizeof(fake_parent));
	place.socket = (char *)(uintptr_t)socket;
	prepare(SERVICE_WEB);
	engine_set_origin(engine, &origin);
	engine_start(engine);
}

static void
the_parent_is_told(void **state)
{
	uint64_t digest;

	(void)state;
	more = "\"dead_man\": 2,";
	start_after_a_death(BGPD);
	assert_int_equal(fake_parent.configured, 1);
	assert_int_equal(fake_parent.period, 250);
	digest = fake_parent.digest;
	more = "\"dead_man\": 0,";
	fake_parent.excuses = 0;
	reload(SERVICE_WEB);
	assert_int_equal(fake_parent.configured, 2);
	assert_true(fake_parent.digest != digest);
	assert_int_equal(fake_parent.period, 1000);
	assert_int_not_equal(fake_parent.excuses, 0);
	engine_look_at_bgpd(engine);
	assert_int_not_equal(fake_bgpd.looks, 0);
}

static void
reloads_have_an_end(void **state)
{
	(void)state;
	start_after_a_death(BGPD);
	reload(SERVICE_WEB);
	assert_int_equal(fake_parent.reloading, 1);
	assert_int_equal(fake_parent.reloaded, 1);
	more = "\"no such key\": 2,";
	write_conf(SERVICE_WEB);
	assert_int_equal(engine_reload(engine), -1);
	assert_int_equal(fake_parent.reloading, 2);
	assert_int_equal(fake_parent.refused, 1);
}

/* As many as the status document has. */
static void
figures_are_those_of_the_status(void **state)
{
	json_t *document;

	(void)state;
	start_after_a_death(BGPD);
	document = engine_document();
	assert_int_equal(fake_parent.figures.vips,
	    json_array_size(json_object_get(document, "vips")));
	assert_int_equal(fake_parent.figures.problems,
	    json_array_size(json_object_get(document, "problems")));
	assert_int_not_equal(fake_parent.figures.problems, 0);
	assert_int_equal(fake_parent.figures.announced, 0);
	json_decref(document);
}

/* A disk may be slow. */
static void
keeping_orders_is_excused(void **state)
{
	struct overrides set = {0};

	(void)state;
	start_after_a_death(BGPD);
	fake_parent.excuses = 0;
	assert_null(orders_replace(engine, &set, false));
	assert_int_equal(fake_parent.excuses, 1);
}

/* Whether the engine owns what was announced of old. */
static bool
owns(unsigned last)
{
	size_t i;

	for (i = 0; i < record.owned_count; i++)
		if (record.owned[i].bytes[3] == last)
			return true;
	return false;
}

static void
what_was_announced_is_taken_over(void **state)
{
	(void)state;
	start_after_a_death(BGPD);
	assert_true(owns(1));
	assert_true(owns(9));
	assert_string_equal(fake_parent.socket, BGPD);
}

static void
another_bgpds_are_taken_over(void **state)
{
	(void)state;
	world.bgpd_answers = false; /* nor is it done with */
	start_after_a_death("/another");
	assert_true(owns(9));
}

static void
configure_bgpd(const char *bgp)
{
	bgp_keys = bgp;
	reload(SERVICE_WEB);
}

/* However often it is another one, all of those before are withdrawn from. */
static void
all_former_bgpds_are_withdrawn_from(void **state)
{
	unsigned freed = fake_bgpd.freed, looks;

	(void)state;
	world.bgpd_answers = false;
	start_after_a_death("/another");
	configure_bgpd("{\"socket\": \"/second\"}");
	configure_bgpd("{\"socket\": \"/third\"}");
	assert_int_equal(fake_bgpd.freed, freed);
	looks = fake_bgpd.looks;
	engine_look_at_bgpd(engine);
	assert_int_equal(fake_bgpd.looks, looks + 4);
	/* One of them is to announce again. */
	configure_bgpd("{\"socket\": \"/second\"}");
	engine_look_at_bgpd(engine);
	assert_int_equal(fake_bgpd.looks, looks + 8);
	world.bgpd_answers = true;
	wait_for(fake_bgpd.freed == freed + 3);
	engine_look_at_bgpd(engine);
	assert_int_equal(fake_bgpd.looks, looks + 9);
}

/* Nothing is withdrawn, as it is told to the same bgpd in another way. */
static void
another_bgpctl_is_no_other_bgpd(void **state)
{
	unsigned freed = fake_bgpd.freed, count;

	(void)state;
	world.bgpd_answers = false;
	start_after_a_death(BGPD);
	assert_string_equal(fake_bgpd.program, "/usr/sbin/bgpctl");
	wait_for(record.wanted_count == 1);
	count = fake_bgpd.count;
	record.wanted_least = FAKE_VIPS;
	configure_bgpd("{\"bgpctl\": \"/another\"}");
	assert_string_equal(fake_bgpd.program, "/another");
	assert_int_equal(fake_bgpd.count, count);
	assert_int_equal(record.wanted_least, 1);
	/* Nor if it was retired meanwhile. */
	configure_bgpd("{\"socket\": \"/second\"}");
	assert_int_equal(fake_bgpd.count, count + 1);
	configure_bgpd("{\"bgpctl\": \"/third\"}");
	assert_string_equal(fake_bgpd.program, "/third");
	assert_int_equal(fake_bgpd.count, count + 1);
	assert_int_equal(fake_bgpd.freed, freed);
}

static bool
has_alert(void)
{
	json_t *document = engine_document(), *one;
	bool found = false;
	size_t i;

	json_array_foreach(json_object_get(document, "alerts"), i, one) {
		found = found ||
		    strcmp(json_string_value(json_object_get(one, "id")),
			"configuration") == 0;
	}
	json_decref(document);
	return found;
}

/* The file was broken when the engine before this one died. */
static void
file_that_is_not_in_force_is_told_of(void **state)
{
	struct engine_origin origin = {
	    .lifeline = (struct lifeline *)&place,
	    .refused = "/etc/vc5d.conf:7:3: no",
	};

	(void)state;
	memset(&fake_parent, 0, sizeof(fake_parent));
	prepare(SERVICE_WEB);
	engine_set_origin(engine, &origin);
	engine_start(engine);
	assert_true(was_logged(
	    "alert (medium) configuration: the file is not in force, but the "
	    "one of before: /etc/vc5d.conf:7:3: no\n"));
	assert_true(has_alert());
	assert_true(
	    has_problem("the file was not used when the engine died, but "));
	write_conf("{");
	assert_int_equal(engine_reload(engine), -1);
	assert_true(has_alert());
	reload(SERVICE_WEB);
	assert_false(has_alert());
	assert_false(has_problem("the file was not used"));
}

static void
deaths_are_in_the_status(void **state)
{
	json_t *document, *own;

	(void)state;
	start_after_a_death(BGPD);
	document = engine_document();
	own = json_object_get(document, "engine");
	assert_true(json_is_true(json_object_get(own, "watched")));
	assert_int_equal(
	    json_integer_value(json_object_get(own, "restarts")), 3);
	assert_int_equal(
	    json_integer_value(json_object_get(own, "died")), 1234);
	assert_string_equal(json_string_value(json_object_get(own, "reason")),
	    "signal 9 (Killed)");
	json_decref(document);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    TEST(the_parent_is_told),
	    TEST(reloads_have_an_end),
	    TEST(figures_are_those_of_the_status),
	    TEST(keeping_orders_is_excused),
	    TEST(what_was_announced_is_taken_over),
	    TEST(another_bgpds_are_taken_over),
	    TEST(all_former_bgpds_are_withdrawn_from),
	    TEST(another_bgpctl_is_no_other_bgpd),
	    TEST(deaths_are_in_the_status),
	    TEST(file_that_is_not_in_force_is_told_of),
	};

	return run_engine_tests(tests);
}
