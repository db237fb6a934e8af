/* SPDX-License-Identifier: ISC */

/*
 * Reconciling what bgpd should announce with what it announces, against a
 * bgpd that is a few variables here.
 */

#include <sys/socket.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/bgp_plan.h"

#define MAX 8 /* networks 192.0.2.1 and so on */

/* What the pretended bgpd announces. */
static struct {
	bool announced, configured;
	int64_t med;
} bgpd[MAX];
static char journal[256]; /* what was done to it */

static const struct conf_bgp_attributes plain = {.med = -1, .local_pref = -1};
static const struct conf_bgp_attributes with_med = {.med = 5, .local_pref = -1};
static const struct conf_bgp_attributes with_prepend = {
    .med = -1, .local_pref = -1, .prepend = 1};

static struct addr
address(unsigned i)
{
	return (struct addr){AF_INET, {192, 0, 2, (uint8_t)i}};
}

/* Want networks from a string like "1 2m 3p": with a MED, prepended. */
static void
want(struct bgp_plan *plan, const char *text)
{
	struct bgp_network list[MAX];
	size_t count = 0;

	for (; *text != '\0'; text++) {
		if (*text == 'm')
			list[count - 1].attributes = &with_med;
		if (*text == 'p')
			list[count - 1].attributes = &with_prepend;
		if (*text < '0' || *text > '9')
			continue;
		list[count].vip = address((unsigned)(*text - '0'));
		list[count++].attributes = &plain;
	}
	bgp_plan_want(plan, list, count);
}

static void
look_at(struct bgp_plan *plan)
{
	struct bgpctl_network networks[MAX];
	struct bgpctl_route routes[MAX] = {0};
	size_t i, n = 0;

	for (i = 0; i < MAX; i++) {
		if (!bgpd[i].announced)
			continue;
		networks[n] = (struct bgpctl_network){
		    address((unsigned)i), bgpd[i].configured};
		routes[n].address = networks[n].address;
		routes[n].attributes.med = bgpd[i].med;
		routes[n++].attributes.local_pref = 100;
	}
	bgp_plan_saw_networks(plan, networks, n);
	bgp_plan_saw_routes(plan, routes, n);
}

/* Carry a command out, unless bgpd ignores it. */
static void
obey(const struct bgp_plan_step *step, bool ignored)
{
	char word[8] = "";
	unsigned i, n;

	strcat(journal, step->action == BGP_PLAN_ADD ? "+" : "-");
	for (i = 0; i < step->count; i++) {
		n = step->addresses[i].bytes[3];
		snprintf(word, sizeof(word), "%u", n);
		strcat(journal, word);
		if (ignored)
			continue;
		bgpd[n].announced = step->action == BGP_PLAN_ADD;
		if (step->attributes != NULL)
			bgpd[n].med = step->attributes->med > 0
			    ? step->attributes->med
			    : 0;
	}
}

enum mood {
	OBEYS,
	IGNORES,
	FAILS
};

/* Step until there is nothing to do or something to wait for. */
static enum bgp_plan_action
run(struct bgp_plan *plan, enum mood mood)
{
	struct bgp_plan_step step;
	unsigned rounds = 0;

	for (;;) {
		assert_true(rounds++ < 20);
		bgp_plan_next(plan, &step);
		switch (step.action) {
		case BGP_PLAN_NOTHING:
			strcat(journal, ".");
			return step.action;
		case BGP_PLAN_WAIT:
			strcat(journal, "w");
			return step.action;
		case BGP_PLAN_LOOK:
			strcat(journal, "?");
			look_at(plan);
			break;
		case BGP_PLAN_ADD:
		case BGP_PLAN_DELETE:
			obey(&step, mood != OBEYS);
			bgp_plan_done(plan, mood != FAILS);
			break;
		}
	}
}

static void
assert_journal(const char *expect)
{
	assert_string_equal(journal, expect);
	journal[0] = '\0';
}

static int
setup(void **state)
{
	memset(bgpd, 0, sizeof(bgpd));
	journal[0] = '\0';
	*state = bgp_plan_new();
	return 0;
}

static int
teardown(void **state)
{
	bgp_plan_free(*state);
	return 0;
}

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

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

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
	    TEST(what_is_ignored_is_held_back),
	    TEST(what_failed_is_held_back),
	    TEST(a_look_that_failed_is_held_back),
	    TEST(wants_may_change_while_a_command_runs),
	    TEST(wants_may_change_during_a_look),
	    TEST(networks_that_come_during_a_look_are_looked_for),
	    TEST(attributes_that_never_show_are_given_up),
	    TEST(attributes_that_are_not_told_are_right),
	    TEST(families_mix),
	    TEST(failed_announcement_is_exposed_until_a_look),
	    TEST(look_is_given_up_for_a_withdrawal),
	    TEST(first_look_is_not_given_up),
	    TEST(withdrawal_needs_no_look),
	    TEST(withdrawal_that_failed_needs_a_look),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("bgp_plan", tests, NULL, NULL);
}
