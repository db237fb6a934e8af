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
check(bool believed, unsigned rise, unsigned fall, const char *results,
    const char *wanted)
{
	char last = believed ? 'u' : '?';
	struct health health;
	uint64_t passed = 0;
	bool changed;
	size_t i;

	memset(&health, 0xee, sizeof(health));
	if (believed)
		health_believe(&health);
	else
		health_init(&health);
	assert_int_equal(health.state, believed ? HEALTH_UP : HEALTH_DOWN);
	assert_int_equal(health.decided, believed);
	assert_int_equal(strlen(results), strlen(wanted));
	for (i = 0; results[i] != '\0'; i++) {
		passed += results[i] == '+';
		changed = health_result(&health, results[i] == '+', rise, fall);
		if (*health_name(&health) != wanted[i] ||
		    changed != (wanted[i] != last))
			print_error("# %s: wrong after %zu\n", results, i + 1);
		assert_int_equal(*health_name(&health), wanted[i]);
		assert_int_equal(changed, wanted[i] != last);
		last = wanted[i];
	}
	assert_int_equal(health.passed, passed);
	assert_int_equal(health.failed, i - passed);
}

static void
test_first(void **state)
{
	(void)state;
	check(false, 5, 5, "+", "u");
	check(false, 5, 5, "-", "d");
	/* Only the first: after it rise and fall count in full. */
	check(false, 2, 3, "-++", "ddu");
	check(false, 2, 3, "+---", "uuud");
}

static void
test_believed(void **state)
{
	(void)state;
	check(true, 5, 1, "-", "d");
	check(true, 2, 3, "--+---++", "uuuuuddu");
	check(true, 2, 3, "+", "u");
}

static void
test_rise_and_fall(void **state)
{
	(void)state;
	check(false, 1, 1, "+-+-", "udud");
	check(false, 2, 3, "+--+---", "uuuuuud");
	check(false, 3, 1, "-++-+++-", "ddddddud");
	check(false, 2, 2, "+--++--", "uudduud");
}

static void
test_streak(void **state)
{
	struct health health;

	(void)state;
	health_init(&health);
	assert_true(health_is_changing(&health));
	health_result(&health, true, 2, 3);
	assert_int_equal(health.streak, 0);
	assert_false(health_is_changing(&health));
	health_result(&health, false, 2, 3);
	assert_int_equal(health.streak, 1);
	assert_true(health_is_changing(&health));
	health_result(&health, false, 2, 3);
	assert_int_equal(health.streak, 2);
	health_result(&health, true, 2, 3);
	assert_int_equal(health.streak, 0);
	assert_false(health_is_changing(&health));
}

/* A reload may lower fall below the streak that is there. */
static void
test_changed_limits(void **state)
{
	struct health health;

	(void)state;
	health_init(&health);
	health_result(&health, true, 1, 9);
	health_result(&health, false, 1, 9);
	health_result(&health, false, 1, 9);
	assert_true(health_result(&health, false, 1, 2));
	assert_int_equal(health.state, HEALTH_DOWN);
}

static void
test_carry(void **state)
{
	struct health was, now;

	(void)state;
	health_init(&was);
	health_result(&was, true, 1, 9);
	health_result(&was, false, 1, 9);
	/* What asks the same is the same, whatever the other checks say. */
	memset(&now, 0xee, sizeof(now));
	health_carry(&now, &was, false);
	assert_int_equal(now.state, HEALTH_UP);
	assert_int_equal(now.streak, 1);
	assert_int_equal(now.passed, 1);
	health_carry(&now, NULL, true);
	assert_string_equal(health_name(&now), "up");
	assert_int_equal(now.streak, 0);
	assert_int_equal(now.passed + now.failed, 0);
	assert_false(health_result(&now, false, 1, 2));
	health_carry(&now, NULL, false);
	assert_string_equal(health_name(&now), "undecided");
	assert_int_equal(now.state, HEALTH_DOWN);
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
	    cmocka_unit_test(test_believed),
	    cmocka_unit_test(test_rise_and_fall),
	    cmocka_unit_test(test_streak),
	    cmocka_unit_test(test_changed_limits),
	    cmocka_unit_test(test_carry),
	    cmocka_unit_test(test_names),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
