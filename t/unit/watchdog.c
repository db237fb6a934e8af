/* SPDX-License-Identifier: ISC */

/*
 * When a service manager's watchdog is told that all is well, without any
 * process or clock.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "core/watchdog.h"

#define TIMEOUT 8000
#define PERIOD	2000

static struct watchdog w;

static int
begin(void **state)
{
	(void)state;
	watchdog_init(&w, TIMEOUT);
	return 0;
}

static void
there_may_be_none(void **state)
{
	(void)state;
	watchdog_init(&w, 0);
	watchdog_excuse(&w, 1000, 1);
	assert_false(watchdog_beat(&w, 1));
	assert_false(watchdog_tick(&w, 2));
}

static void
its_period_is_never_nothing(void **state)
{
	(void)state;
	watchdog_init(&w, 1);
	assert_int_equal(w.period, 1);
	watchdog_init(&w, TIMEOUT);
	assert_int_equal(w.period, PERIOD);
}

static void
beats_are_passed_on_once_a_period(void **state)
{
	uint64_t now;
	int pings = 0;

	(void)state;
	for (now = 1; now <= 10 * TIMEOUT; now += 100)
		pings += watchdog_beat(&w, now);
	assert_int_equal(pings, 10 * TIMEOUT / PERIOD);
}

static void
silence_is_passed_on(void **state)
{
	uint64_t now;

	(void)state;
	assert_true(watchdog_beat(&w, 1));
	for (now = PERIOD; now < 5 * TIMEOUT; now += PERIOD)
		assert_false(watchdog_tick(&w, now));
	assert_true(watchdog_beat(&w, now));
}

static void
an_excuse_counts_while_it_lasts(void **state)
{
	(void)state;
	assert_true(watchdog_beat(&w, 1000));
	watchdog_excuse(&w, 2 * PERIOD, 1000);
	assert_false(watchdog_tick(&w, 1000 + PERIOD - 1));
	assert_true(watchdog_tick(&w, 1000 + PERIOD));
	assert_false(watchdog_tick(&w, 1000 + 2 * PERIOD));
	assert_false(watchdog_tick(&w, 1000 + 3 * PERIOD));
}

static void
a_beat_ends_an_excuse(void **state)
{
	(void)state;
	watchdog_excuse(&w, 10 * PERIOD, 1000);
	assert_true(watchdog_tick(&w, 1000));
	assert_false(watchdog_beat(&w, 1001));
	assert_false(watchdog_tick(&w, 1000 + PERIOD));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(there_may_be_none, begin),
	    cmocka_unit_test_setup(its_period_is_never_nothing, begin),
	    cmocka_unit_test_setup(beats_are_passed_on_once_a_period, begin),
	    cmocka_unit_test_setup(silence_is_passed_on, begin),
	    cmocka_unit_test_setup(an_excuse_counts_while_it_lasts, begin),
	    cmocka_unit_test_setup(a_beat_ends_an_excuse, begin),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("watchdog", tests, NULL, NULL);
}
