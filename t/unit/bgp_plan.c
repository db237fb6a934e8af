/* SPDX-License-Identifier: ISC */

/*
 * Reconciling what bgpd should announce with what it announces, while all
 * goes well.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bgp_plan_bgpd.h"

/* Looked at first, then all in one command, then verified. */
static void
wanted_networks_are_announced_in_one_command(void **state)
{
	struct bgp_plan *plan = *state;
	size_t count;

	assert_true(bgp_plan_settled(plan));
	want(plan, "3 1 2");
	assert_false(bgp_plan_settled(plan));
	run(plan, OBEYS);
	assert_journal("?+123?.");
	assert_true(bgp_plan_settled(plan));
	assert_int_equal(bgp_plan_announced(plan, &count)[2].bytes[3], 3);
	assert_int_equal(count, 3);
	want(plan, "1 2 3");
	run(plan, OBEYS);
	assert_journal(".");
}

static void
unwanted_networks_are_withdrawn(void **state)
{
	struct bgp_plan *plan = *state;
	size_t count;

	want(plan, "1 2");
	run(plan, OBEYS);
	want(plan, "2");
	assert_false(bgp_plan_settled(plan));
	run(plan, OBEYS);
	want(plan, "");
	run(plan, OBEYS);
	assert_journal("?+12?.-1?.-2?.");
	assert_true(bgp_plan_settled(plan));
	bgp_plan_announced(plan, &count);
	assert_int_equal(count, 0);
}

/* One command for each set of attributes; a change of them, one more. */
static void
each_set_of_attributes_is_a_command(void **state)
{
	struct bgp_plan *plan = *state;

	want(plan, "1 2m 3 4m");
	run(plan, OBEYS);
	assert_journal("?+13+24?.");
	want(plan, "1 2m 3m 4");
	run(plan, OBEYS);
	assert_journal("+3+4?.");
	assert_int_equal(bgpd[3].med, 5);
	assert_int_equal(bgpd[4].med, 0);
}

/* What a predecessor announced is neither repeated nor forgotten. */
static void
a_predecessors_networks_are_taken_over(void **state)
{
	struct bgp_plan *plan = *state;
	struct addr owned = address(3), absent = address(4);

	bgpd[1].announced = bgpd[2].announced = bgpd[3].announced = true;
	bgpd[5].announced = true; /* somebody else's */
	bgpd[2].med = 5;
	bgp_plan_own(plan, &owned);
	bgp_plan_own(plan, &absent);
	assert_false(bgp_plan_settled(plan));
	want(plan, "1m 2m");
	run(plan, OBEYS);
	assert_journal("?-3+1?.");
	assert_true(bgpd[5].announced);
}

/* Until it is told what is wanted, a plan takes nothing for unwanted. */
static void
nothing_is_withdrawn_before_it_is_told_what_is_wanted(void **state)
{
	struct bgp_plan *plan = *state;
	struct addr owned = address(1);

	bgpd[1].announced = true;
	bgp_plan_own(plan, &owned);
	run(plan, OBEYS);
	assert_journal("?.");
	want(plan, "");
	run(plan, OBEYS);
	assert_journal("-1?.");
}

/* What bgpd.conf announces is left alone, wanted or not. */
static void
networks_of_bgpd_conf_are_left_alone(void **state)
{
	struct bgp_plan *plan = *state;

	bgpd[1].announced = bgpd[1].configured = true;
	want(plan, "1m 2");
	run(plan, OBEYS);
	assert_journal("?+2?.");
	assert_int_equal(bgp_plan_conflict(plan)->bytes[3], 1);
	assert_true(bgp_plan_settled(plan));
	want(plan, "");
	run(plan, OBEYS);
	assert_journal("-2?.");
	bgpd[1].configured = false;
	bgp_plan_recheck(plan);
	run(plan, OBEYS);
	assert_journal("?-1?.");
	assert_null(bgp_plan_conflict(plan));
}

/* bgpctl network flush, and a forgotten withdrawal. */
static void
changes_behind_our_back_are_made_good(void **state)
{
	struct bgp_plan *plan = *state;

	want(plan, "1 2 3");
	run(plan, OBEYS);
	want(plan, "1 2");
	run(plan, OBEYS);
	assert_journal("?+123?.-3?.");
	bgpd[1].announced = false;
	bgpd[2].med = 9;
	bgpd[3].announced = true;
	bgp_plan_recheck(plan);
	run(plan, OBEYS);
	assert_journal("?-3+12?.");
}

/* A new bgpd announces nothing. */
static void
a_new_bgpd_is_told_everything(void **state)
{
	struct bgp_plan *plan = *state;
	size_t count;

	want(plan, "1 2");
	run(plan, OBEYS);
	memset(bgpd, 0, sizeof(bgpd));
	bgp_plan_forget(plan);
	bgp_plan_announced(plan, &count);
	assert_int_equal(count, 0);
	assert_false(bgp_plan_settled(plan));
	run(plan, OBEYS);
	assert_journal("?+12?.?+12?.");
}

/* A bgpd that does not tell attributes is taken to have the right ones. */
static void
attributes_that_are_not_told_are_right(void **state)
{
	struct bgp_plan *plan = *state;
	struct bgpctl_network one = {address(1), false};
	struct bgp_plan_step step;

	want(plan, "1m");
	bgp_plan_next(plan, &step);
	bgp_plan_saw_networks(plan, &one, 1);
	bgp_plan_saw_routes(plan, NULL, 0);
	bgp_plan_next(plan, &step);
	assert_int_equal(step.action, BGP_PLAN_NOTHING);
}

/* Both families in one command, and each found again by its own. */
static void
families_mix(void **state)
{
	struct bgp_plan *plan = *state;
	struct bgpctl_network shown[2] = {0};
	struct bgpctl_route routes[2] = {0};
	struct bgp_network list[2];
	struct bgp_plan_step step;
	char text[ADDR_STRLEN];
	size_t i, count;

	for (i = 0; i < 2; i++) {
		addr_parse(i == 0 ? "2001:db8::1" : "192.0.2.1", &list[i].vip);
		list[i].attributes = &plain;
		shown[i].address = routes[i].address = list[i].vip;
		routes[i].attributes.local_pref = 100;
	}
	bgp_plan_want(plan, list, 2);
	bgp_plan_next(plan, &step);
	look_at(plan);
	bgp_plan_next(plan, &step);
	assert_int_equal(step.action, BGP_PLAN_ADD);
	assert_int_equal(step.count, 2);
	assert_string_equal(
	    addr_format(&step.addresses[1], text), "2001:db8::1");
	bgp_plan_done(plan, true);
	bgp_plan_saw_networks(plan, shown, 2);
	bgp_plan_saw_routes(plan, routes, 2);
	assert_true(bgp_plan_settled(plan));
	bgp_plan_want(plan, list + 1, 1);
	bgp_plan_next(plan, &step);
	assert_int_equal(step.action, BGP_PLAN_DELETE);
	assert_int_equal(step.count, 1);
	assert_string_equal(
	    addr_format(&step.addresses[0], text), "2001:db8::1");
	bgp_plan_done(plan, true);
	bgp_plan_saw_networks(plan, shown + 1, 1);
	assert_string_equal(
	    addr_format(bgp_plan_announced(plan, &count), text), "192.0.2.1");
	assert_int_equal(count, 1);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, plan_setup, plan_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(wanted_networks_are_announced_in_one_command),
	    TEST(unwanted_networks_are_withdrawn),
	    TEST(each_set_of_attributes_is_a_command),
	    TEST(a_predecessors_networks_are_taken_over),
	    TEST(nothing_is_withdrawn_before_it_is_told_what_is_wanted),
	    TEST(networks_of_bgpd_conf_are_left_alone),
	    TEST(changes_behind_our_back_are_made_good),
	    TEST(a_new_bgpd_is_told_everything),
	    TEST(attributes_that_are_not_told_are_right),
	    TEST(families_mix),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("bgp_plan", tests, NULL, NULL);
}
