/* SPDX-License-Identifier: ISC */

/*
 * Reconciling what bgpd should announce with what it announces, while commands
 * fail, are ignored or hang, or what is wanted changes meanwhile.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bgp_plan_bgpd.h"

/* Held back until a retry, which looks before it acts. */
static void
what_is_ignored_is_held_back(void **state)
{
	struct bgp_plan *plan = *state;

	want(plan, "1");
	assert_int_equal(run(plan, IGNORES), BGP_PLAN_WAIT);
	run(plan, IGNORES);
	assert_journal("?+1?ww");
	assert_false(bgp_plan_settled(plan));
	want(plan, "1 2");
	run(plan, IGNORES);
	assert_journal("?+2?w");  /* 1 is held back, 2 is not */
	bgpd[1].announced = true; /* it was just slow */
	bgp_plan_retry(plan);
	run(plan, OBEYS);
	assert_journal("?+2?.");
}

static void
what_failed_is_held_back(void **state)
{
	struct bgp_plan *plan = *state;

	want(plan, "1 2m");
	run(plan, FAILS);
	assert_journal("?+1+2?w");
	bgp_plan_retry(plan);
	run(plan, OBEYS);
	assert_journal("?+1+2?.");
}

static void
a_look_that_failed_is_held_back(void **state)
{
	struct bgp_plan *plan = *state;
	struct bgp_plan_step step;

	want(plan, "1");
	bgp_plan_next(plan, &step);
	assert_int_equal(step.action, BGP_PLAN_LOOK);
	bgp_plan_done(plan, false);
	bgp_plan_next(plan, &step);
	assert_int_equal(step.action, BGP_PLAN_WAIT);
	bgp_plan_retry(plan);
	run(plan, OBEYS);
	assert_journal("?+1?.");
}

/* What is wanted changes while a command runs. */
static void
wants_may_change_while_a_command_runs(void **state)
{
	struct bgp_plan *plan = *state;
	struct bgp_plan_step step;

	want(plan, "1 2");
	bgp_plan_next(plan, &step);
	look_at(plan);
	bgp_plan_next(plan, &step);
	assert_int_equal(step.action, BGP_PLAN_ADD);
	obey(&step, false);
	want(plan, "1m");
	bgp_plan_done(plan, true);
	run(plan, OBEYS);
	assert_journal("+12-2+1?.");
	assert_int_equal(bgpd[1].med, 5);
}

/* ... or while its outcome is looked at, which is then no mismatch. */
static void
wants_may_change_during_a_look(void **state)
{
	struct bgp_plan *plan = *state;
	struct bgp_plan_step step;

	bgp_plan_next(plan, &step);
	look_at(plan);
	want(plan, "1");
	bgp_plan_next(plan, &step);
	look_at(plan);
	bgp_plan_next(plan, &step);
	assert_int_equal(step.action, BGP_PLAN_ADD);
	obey(&step, false);
	bgp_plan_done(plan, true);
	bgp_plan_next(plan, &step);
	assert_int_equal(step.action, BGP_PLAN_LOOK);
	want(plan, "1m");
	look_at(plan);
	run(plan, OBEYS);
	assert_journal("+1+1?.");
}

/* A network that comes between the two parts of a look is looked for. */
static void
networks_that_come_during_a_look_are_looked_for(void **state)
{
	struct bgp_plan *plan = *state;
	struct bgp_plan_step step;

	bgpd[2].announced = bgpd[2].configured = true;
	want(plan, "1");
	bgp_plan_next(plan, &step);
	bgp_plan_saw_networks(plan, NULL, 0);
	want(plan, "1 2");
	bgp_plan_saw_routes(plan, NULL, 0);
	run(plan, OBEYS);
	assert_journal("?+1?.");
}

/* Attributes that bgpd won't show are not asked for without end. */
static void
attributes_that_never_show_are_given_up(void **state)
{
	struct bgp_plan *plan = *state;
	unsigned i;

	bgpd[1].announced = true;
	want(plan, "1m");
	for (i = 0; run(plan, IGNORES) == BGP_PLAN_WAIT; i++) {
		assert_true(i < 5);
		bgp_plan_retry(plan);
	}
	assert_journal("?+1?w?+1?.");
	assert_int_equal(bgp_plan_mismatch(plan)->bytes[3], 1);
	assert_true(bgp_plan_settled(plan));
	bgp_plan_recheck(plan);
	run(plan, IGNORES);
	assert_journal("?.");
	want(plan, "1p");
	run(plan, IGNORES);
	assert_journal("+1?w"); /* other attributes, other attempts */
	want(plan, "1");
	run(plan, OBEYS);
	assert_journal("+1?.");
	assert_null(bgp_plan_mismatch(plan));
}

static size_t
exposed(const struct bgp_plan *plan)
{
	const struct addr *list;
	size_t count;

	assert_true(bgp_plan_exposed(plan, &list, &count));
	return count;
}

/* A bgpd that hangs may do it when it no longer does. */
static void
failed_announcement_is_exposed_until_a_look(void **state)
{
	struct bgp_plan *plan = *state;
	struct bgp_plan_step step;

	want(plan, "1 2");
	bgp_plan_next(plan, &step);
	look_at(plan);
	assert_int_equal(exposed(plan), 0);
	bgp_plan_next(plan, &step);
	assert_int_equal(step.action, BGP_PLAN_ADD);
	assert_int_equal(exposed(plan), 2);
	bgp_plan_done(plan, false);
	assert_int_equal(exposed(plan), 2);
	/* A look that fails shows nothing. */
	bgp_plan_next(plan, &step);
	assert_int_equal(step.action, BGP_PLAN_LOOK);
	bgp_plan_done(plan, false);
	want(plan, "2");
	assert_int_equal(exposed(plan), 2);
	bgpd[1].announced = true;
	bgp_plan_retry(plan);
	bgp_plan_next(plan, &step);
	look_at(plan);
	assert_int_equal(exposed(plan), 1);
	run(plan, OBEYS);
	assert_int_equal(exposed(plan), 1);
	assert_journal("-1+2?.");
}

/* Begin another look, which does not come to an end. */
static void
hang(struct bgp_plan *plan)
{
	struct bgp_plan_step step;

	bgp_plan_recheck(plan);
	bgp_plan_next(plan, &step);
	assert_int_equal(step.action, BGP_PLAN_LOOK);
}

/* A look that hangs is given up for a withdrawal, and is made up for. */
static void
look_is_given_up_for_a_withdrawal(void **state)
{
	struct bgp_plan *plan = *state;

	assert_false(bgp_plan_abandon_look(plan));
	want(plan, "1 2");
	run(plan, OBEYS);
	assert_false(bgp_plan_abandon_look(plan));
	hang(plan);
	assert_false(bgp_plan_abandon_look(plan));
	want(plan, "1 2 3m");
	assert_false(bgp_plan_abandon_look(plan));
	want(plan, "1 3m");
	assert_true(bgp_plan_abandon_look(plan));
	assert_false(bgp_plan_settled(plan));
	run(plan, OBEYS);
	assert_journal("?+12?.-2?+3?.");
	assert_true(bgp_plan_settled(plan));
}

/* The first one is not, for what may be announced is not known before. */
static void
first_look_is_not_given_up(void **state)
{
	struct bgp_plan *plan = *state;
	struct bgp_plan_step step;

	bgpd[1].announced = true;
	want(plan, "1");
	bgp_plan_next(plan, &step);
	want(plan, "");
	assert_false(bgp_plan_abandon_look(plan));
	look_at(plan);
	run(plan, OBEYS);
	assert_journal("-1?.");
}

/* Looks that fail, and new networks, keep no withdrawal waiting either. */
static void
withdrawal_needs_no_look(void **state)
{
	struct bgp_plan *plan = *state;
	struct bgp_plan_step step;

	want(plan, "1 2");
	run(plan, OBEYS);
	hang(plan);
	bgp_plan_done(plan, false);
	assert_int_equal(run(plan, OBEYS), BGP_PLAN_WAIT);
	want(plan, "2 3");
	bgp_plan_next(plan, &step);
	assert_int_equal(step.action, BGP_PLAN_DELETE);
	obey(&step, false);
	bgp_plan_done(plan, true);
	assert_int_equal(run(plan, OBEYS), BGP_PLAN_WAIT);
	bgp_plan_retry(plan);
	run(plan, OBEYS);
	assert_journal("?+12?.w-1w?+3?.");
}

/* One that failed may have been done late: that is looked for. */
static void
withdrawal_that_failed_needs_a_look(void **state)
{
	struct bgp_plan *plan = *state;

	want(plan, "1");
	run(plan, OBEYS);
	want(plan, "");
	assert_int_equal(run(plan, FAILS), BGP_PLAN_WAIT);
	bgp_plan_retry(plan);
	hang(plan);
	assert_false(bgp_plan_abandon_look(plan));
	look_at(plan);
	run(plan, OBEYS);
	assert_journal("?+1?.-1?w-1?.");
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, plan_setup, plan_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(what_is_ignored_is_held_back),
	    TEST(what_failed_is_held_back),
	    TEST(a_look_that_failed_is_held_back),
	    TEST(wants_may_change_while_a_command_runs),
	    TEST(wants_may_change_during_a_look),
	    TEST(networks_that_come_during_a_look_are_looked_for),
	    TEST(attributes_that_never_show_are_given_up),
	    TEST(failed_announcement_is_exposed_until_a_look),
	    TEST(look_is_given_up_for_a_withdrawal),
	    TEST(first_look_is_not_given_up),
	    TEST(withdrawal_needs_no_look),
	    TEST(withdrawal_that_failed_needs_a_look),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name(
	    "bgp_plan_trouble", tests, NULL, NULL);
}
