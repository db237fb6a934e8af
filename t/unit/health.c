/* SPDX-License-Identifier: ISC */

/*
 * The health state machine against sequences of results.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/health.h"

/*
 * Give the results ('+' passed, '-' failed) and compare the state after each
 * ('u' up, 'd' down) with what is wanted.
 */
static void
check(enum health_state begin, unsigned rise, unsigned fall,
    const char *results, const char *wanted)
{
	struct health health;
	enum health_state state, last = begin;
	uint64_t passed = 0;
	bool changed;
	size_t i;

	memset(&health, 0xee, sizeof(health));
	health_init(&health, begin);
	assert_int_equal(health.state, begin);
	assert_false(health.decided);
	assert_int_equal(strlen(results), strlen(wanted));
	for (i = 0; results[i] != '\0'; i++) {
		passed += results[i] == '+';
		changed = health_result(&health, results[i] == '+', rise, fall);
		state = wanted[i] == 'u' ? HEALTH_UP : HEALTH_DOWN;
		if (health.state != state || changed != (state != last))
			print_error("# %s: wrong after %zu\n", results, i + 1);
		assert_int_equal(health.state, state);
		assert_int_equal(changed, state != last);
		assert_true(health.decided);
		last = state;
	}
	assert_int_equal(health.passed, passed);
	assert_int_equal(health.failed, i - passed);
}

static void
test_first(void **state)
{
	(void)state;
	check(HEALTH_DOWN, 5, 5, "+", "u");
	check(HEALTH_DOWN, 5, 5, "-", "d");
	check(HEALTH_UP, 5, 5, "-", "d");
	check(HEALTH_UP, 5, 5, "+", "u");
	/* Only the first: after it rise and fall count in full. */
	check(HEALTH_DOWN, 2, 3, "-++", "ddu");
	check(HEALTH_DOWN, 2, 3, "+---", "uuud");
	check(HEALTH_UP, 2, 3, "-++", "ddu");
}

static void
test_rise_and_fall(void **state)
{
	(void)state;
	check(HEALTH_DOWN, 1, 1, "+-+-", "udud");
	check(HEALTH_DOWN, 2, 3, "+--+---", "uuuuuud");
	check(HEALTH_DOWN, 3, 1, "-++-+++-", "ddddddud");
	check(HEALTH_DOWN, 2, 2, "+--++--", "uudduud");
}

static void
test_streak(void **state)
{
	struct health health;

	(void)state;
	health_init(&health, HEALTH_DOWN);
	health_result(&health, true, 2, 3);
	assert_int_equal(health.streak, 0);
	health_result(&health, false, 2, 3);
	assert_int_equal(health.streak, 1);
	health_result(&health, false, 2, 3);
	assert_int_equal(health.streak, 2);
	health_result(&health, true, 2, 3);
	assert_int_equal(health.streak, 0);
}

/* A reload may lower fall below the streak that is there. */
static void
test_changed_limits(void **state)
{
	struct health health;

	(void)state;
	health_init(&health, HEALTH_DOWN);
	health_result(&health, true, 1, 9);
	health_result(&health, false, 1, 9);
	health_result(&health, false, 1, 9);
	assert_true(health_result(&health, false, 1, 2));
	assert_int_equal(health.state, HEALTH_DOWN);
}

static void
test_names(void **state)
{
	(void)state;
	assert_string_equal(health_state_name(HEALTH_UP), "up");
	assert_string_equal(health_state_name(HEALTH_DOWN), "down");
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_first),
	    cmocka_unit_test(test_rise_and_fall),
	    cmocka_unit_test(test_streak),
	    cmocka_unit_test(test_changed_limits),
	    cmocka_unit_test(test_names),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
