/* SPDX-License-Identifier: ISC */

/*
 * The dead-man's switch, without any process or clock.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/deadman.h"

#define LIMIT 5000

static struct deadman d;
static uint64_t now;

/* All that is to be done at a time, by initials, "" if nothing. */
static const char *
at(uint64_t time)
{
	static const char letters[] = {[DEADMAN_KILL] = 'K',
	    [DEADMAN_WITHDRAW] = 'W',
	    [DEADMAN_FORK] = 'F',
	    [DEADMAN_DONE] = 'D'};
	static char text[8];
	enum deadman_action action;
	size_t len = 0;

	assert_true(time >= now);
	now = time;
	while ((action = deadman_next(&d, now)) != DEADMAN_NOTHING) {
		assert_true(len < sizeof(text) - 1);
		text[len++] = letters[action];
		if (action == DEADMAN_DONE)
			break;
		if (action == DEADMAN_FORK)
			deadman_started(&d, now);
	}
	text[len] = '\0';
	return text;
}

/* Nothing until then: nor is it asked for before, or later. */
static const char *
next(uint64_t *when)
{
	*when = deadman_due(&d);
	if (*when == DEADMAN_NEVER)
		return "never";
	if (*when > now)
		assert_string_equal(at(*when - 1), "");
	return at(*when);
}

static int
setup(void **state)
{
	(void)state;
	now = 1000;
	deadman_init(&d, LIMIT);
	assert_string_equal(at(1000), "F");
	assert_true(deadman_beat(&d, 1500));
	assert_false(deadman_beat(&d, 2000));
	now = 2000;
	return 0;
}

static void
a_start_may_take_long(void **state)
{
	uint64_t when;

	(void)state;
	deadman_init(&d, LIMIT);
	assert_string_equal(at(3000), "F");
	assert_string_equal(next(&when), "K");
	assert_int_equal(when, 3000 + DEADMAN_START);
	/* Nothing was announced: there is nothing to withdraw. */
	deadman_died(&d, now);
	assert_string_equal(at(now), "F");
}

static void
who_dies_is_replaced_at_once(void **state)
{
	uint64_t when;

	(void)state;
	deadman_died(&d, 2500);
	assert_string_equal(at(2500), "F");
	assert_true(deadman_beat(&d, 2500 + LIMIT - 1));
	now = 2500 + LIMIT - 1;
	assert_string_equal(next(&when), "K"); /* it falls silent itself */
	assert_int_equal(when, now);
	assert_int_equal(when, 2500 + 2 * LIMIT - 1);
}

static void
who_is_not_replaced_in_time_is_withdrawn_for(void **state)
{
	uint64_t when;

	(void)state;
	deadman_died(&d, 2500);
	assert_string_equal(at(2500), "F");
	assert_string_equal(next(&when), "W");
	assert_int_equal(when, 2500 + LIMIT);
	deadman_withdrawn(&d, true, now + 20);
	assert_string_equal(next(&when), "K"); /* it never got to work */
	assert_int_equal(when, 2500 + DEADMAN_START);
}

static void
who_dies_again_and_again_is_waited_for(void **state)
{
	unsigned delays[] = {
	    0, 500, 1000, 2000, 4000, 8000, 16000, 30000, 30000};
	uint64_t withdrawn = 0;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(delays) / sizeof(delays[0]); i++) {
		uint64_t died = now;
		const char *done = "";

		deadman_died(&d, now);
		while (strchr(done, 'F') == NULL) {
			if (now < deadman_due(&d))
				now = deadman_due(&d);
			done = at(now);
			if (strchr(done, 'W') == NULL)
				continue;
			assert_int_equal(withdrawn, 0);
			withdrawn = now;
			deadman_withdrawn(&d, true, now);
			/* Until then, deaths don't put it off. */
			assert_int_equal(withdrawn, 2000 + LIMIT);
			deadman_init(&d, 0);
			return;
		}
		assert_int_equal(now - died, delays[i]);
	}
	fail();
}

static void
delays_grow_and_are_forgotten(void **state)
{
	unsigned delays[] = {
	    0, 500, 1000, 2000, 4000, 8000, 16000, 30000, 30000};
	size_t i;

	(void)state;
	deadman_limit(&d, 0); /* only forks are of interest */
	for (i = 0; i < sizeof(delays) / sizeof(delays[0]); i++) {
		deadman_died(&d, now);
		if (delays[i] > 0)
			assert_string_equal(at(now + delays[i] - 1), "");
		assert_string_equal(at(now + (delays[i] > 0)), "F");
	}
	assert_true(deadman_beat(&d, now));
	now += DEADMAN_STABLE;
	deadman_died(&d, now);
	assert_string_equal(at(now), "F");
}

static void
who_is_silent_is_killed_and_withdrawn_for(void **state)
{
	uint64_t when;

	(void)state;
	assert_string_equal(next(&when), "K");
	assert_int_equal(when, 2000 + LIMIT);
	assert_false(deadman_beat(&d, now)); /* too late */
	now += 10;
	deadman_died(&d, now);
	assert_string_equal(at(now), "WF");
	/* It takes over while a withdrawal is under way. */
	assert_true(deadman_beat(&d, now + 100));
	deadman_withdrawn(&d, false, now + 100);
	assert_string_equal(at(now + LIMIT - 1), "");
}

static void
who_can_not_be_killed_is_withdrawn_for(void **state)
{
	uint64_t when;

	(void)state;
	assert_string_equal(next(&when), "K");
	assert_string_equal(next(&when), "W");
	assert_int_equal(when, 2000 + LIMIT + DEADMAN_DEATH);
	deadman_withdrawn(&d, false, now);
	assert_string_equal(next(&when), "W");
	assert_int_equal(when, now);
	deadman_withdrawn(&d, true, now);
	assert_string_equal(next(&when), "never");
	/* What it had running may have announced since. */
	now += 7000;
	deadman_died(&d, now);
	assert_string_equal(at(now), "WF");
	assert_true(deadman_beat(&d, now));
	deadman_withdrawn(&d, false, now);
	assert_string_equal(next(&when), "K");
	/* It dies while it is withdrawn for. */
	assert_string_equal(next(&when), "W");
	deadman_died(&d, now);
	assert_string_equal(at(now), "");
	deadman_withdrawn(&d, true, now);
	assert_string_equal(at(now), "W");
	deadman_withdrawn(&d, true, now);
	assert_string_equal(at(now), "");
}

static void
who_can_not_be_killed_is_withdrawn_for_at_a_stop(void **state)
{
	uint64_t when;

	(void)state;
	deadman_stop(&d, 2000);
	assert_string_equal(next(&when), "K");
	assert_string_equal(next(&when), "W");
	deadman_died(&d, now);
	assert_string_equal(at(now), "");
	deadman_withdrawn(&d, true, now);
	assert_string_equal(at(now), "W");
	deadman_withdrawn(&d, true, now);
	assert_string_equal(at(now), "D");
}

static void
who_says_that_it_is_busy_is_left_alone(void **state)
{
	uint64_t when;

	(void)state;
	deadman_busy(&d, 20000, 2000);
	assert_string_equal(next(&when), "K");
	assert_int_equal(when, 2000 + 20000 + LIMIT);
	setup(NULL);
	deadman_busy(&d, UINT32_MAX, 2000);
	assert_string_equal(next(&when), "K");
	assert_int_equal(when, 2000 + DEADMAN_BUSY + LIMIT);
	setup(NULL);
	deadman_busy(&d, 20000, 2000);
	assert_false(deadman_beat(&d, 3000)); /* it no longer is */
	now = 3000;
	assert_string_equal(next(&when), "K");
	assert_int_equal(when, 3000 + LIMIT);
}

static void
what_is_switched_off_does_nothing(void **state)
{
	uint64_t when;

	(void)state;
	deadman_limit(&d, 0);
	assert_false(deadman_beat(&d, 2000));
	assert_string_equal(next(&when), "never");
	deadman_busy(&d, 10, 2000);
	assert_string_equal(next(&when), "never");
	deadman_died(&d, 3000);
	assert_string_equal(at(3000), "F");
	assert_string_equal(next(&when), "never");
}

static void
a_pause_of_ones_own_is_nobodys_fault(void **state)
{
	uint64_t when;

	(void)state;
	deadman_paused(&d, 7000);
	assert_string_equal(next(&when), "K");
	assert_int_equal(when, 2000 + LIMIT + 7000);
}

static void
a_stop_ends(void **state)
{
	uint64_t when;

	(void)state;
	deadman_stop(&d, 2100);
	deadman_beat(&d, 2200);
	now = 2200;
	assert_string_equal(next(&when), "K"); /* it hangs */
	assert_int_equal(when, 2200 + LIMIT);
	deadman_died(&d, now);
	assert_string_equal(at(now), "W");
	deadman_withdrawn(&d, false, now); /* nor does that work */
	assert_string_equal(at(now), "D");
	/* While there is no engine. */
	setup(NULL);
	deadman_died(&d, now);
	deadman_stop(&d, now);
	assert_string_equal(at(now), "W");
	deadman_withdrawn(&d, true, now);
	assert_string_equal(at(now), "D");
	/* With the switch off. */
	setup(NULL);
	deadman_limit(&d, 0);
	deadman_beat(&d, now);
	deadman_stop(&d, now);
	assert_string_equal(next(&when), "K");
	assert_int_equal(when, 2000 + DEADMAN_STOP);
}

static void
a_stop_ends_soon(void **state)
{
	uint64_t when;

	(void)state;
	/* However long it may be silent otherwise. */
	deadman_limit(&d, 3600000);
	deadman_beat(&d, 2000);
	deadman_stop(&d, 2100);
	assert_int_equal(deadman_due(&d), 2100 + DEADMAN_STOP);
	deadman_limit(&d, 7200000);
	deadman_beat(&d, 2200);
	assert_string_equal(next(&when), "K");
	assert_int_equal(when, 2200 + DEADMAN_STOP);
	/* It is busy, and does not come back. */
	setup(NULL);
	deadman_busy(&d, DEADMAN_BUSY, 2000);
	deadman_stop(&d, 2100);
	assert_int_equal(deadman_due(&d), 2100 + DEADMAN_STOP);
	deadman_stop(&d, 2200);
	assert_int_equal(deadman_due(&d), 2200 + DEADMAN_STOP_AGAIN);
	/* An order to stop is no sign of life. */
	deadman_stop(&d, 2300);
	assert_string_equal(next(&when), "K");
	assert_int_equal(when, 2200 + DEADMAN_STOP_AGAIN);
	/* One that stops, and says that this takes a while. */
	setup(NULL);
	deadman_stop(&d, 2100);
	deadman_stop(&d, 2200);
	deadman_busy(&d, 20000, 2300);
	assert_int_equal(deadman_due(&d), 2300 + 20000 + LIMIT);
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_start_may_take_long),
	    TEST(who_dies_is_replaced_at_once),
	    TEST(who_is_not_replaced_in_time_is_withdrawn_for),
	    TEST(who_dies_again_and_again_is_waited_for),
	    TEST(delays_grow_and_are_forgotten),
	    TEST(who_is_silent_is_killed_and_withdrawn_for),
	    TEST(who_can_not_be_killed_is_withdrawn_for),
	    TEST(who_can_not_be_killed_is_withdrawn_for_at_a_stop),
	    TEST(who_says_that_it_is_busy_is_left_alone),
	    TEST(what_is_switched_off_does_nothing),
	    TEST(a_pause_of_ones_own_is_nobodys_fault),
	    TEST(a_stop_ends),
	    TEST(a_stop_ends_soon),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("deadman", tests, NULL, NULL);
}
