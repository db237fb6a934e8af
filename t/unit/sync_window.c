/* SPDX-License-Identifier: ISC */

/*
 * The window of sequence numbers: against a list of all that were taken.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/sync_window.h"

static struct sync_window window;

static int
reset(void **state)
{
	(void)state;
	memset(&window, 0, sizeof(window));
	return 0;
}

static void
each_number_is_taken_once(void **state)
{
	uint64_t i;

	(void)state;
	for (i = 1; i < 5000; i++) {
		assert_true(sync_window_is_new(&window, i));
		assert_true(sync_window_take(&window, i));
		assert_false(sync_window_is_new(&window, i));
		assert_false(sync_window_take(&window, i));
	}
	for (i = 0; i < 5000; i++)
		assert_false(sync_window_take(&window, i));
	assert_int_equal(sync_window_missing(&window), 0);
}

static void
nought_is_no_number(void **state)
{
	(void)state;
	assert_false(sync_window_take(&window, 0));
	assert_true(sync_window_take(&window, UINT64_MAX));
	assert_false(sync_window_take(&window, 0));
}

static void
the_window_is_1024_wide(void **state)
{
	(void)state;
	assert_true(sync_window_take(&window, 5000));
	assert_false(sync_window_take(&window, 5000 - 1024));
	assert_true(sync_window_take(&window, 5000 - 1023));
	assert_false(sync_window_take(&window, 5000 - 1023));
	assert_true(sync_window_take(&window, 5001));
	assert_false(sync_window_take(&window, 5000 - 1023));
	assert_true(sync_window_take(&window, 4999));
}

/* A jump over the whole window leaves nothing behind that looks taken. */
static void
jumps_clear_what_they_pass(void **state)
{
	static const uint64_t jumps[] = {
	    2, 63, 64, 65, 1023, 1024, 1025, 4096, UINT32_MAX, UINT64_MAX / 2};
	uint64_t i, j, at;

	for (i = 0; i < 10; i++) {
		reset(state);
		for (j = 1; j <= 2048; j++)
			sync_window_take(&window, j);
		at = 2048 + jumps[i];
		assert_true(sync_window_take(&window, at));
		for (j = 2049; j < at && j < 2049 + 2048; j++)
			assert_true(sync_window_is_new(&window, j) ==
			    (at - j < SYNC_WINDOW));
		assert_int_equal(sync_window_missing(&window), jumps[i] - 1);
	}
}

/* Random order: as a list of flags says. */
static void
any_order_is_right(void **state)
{
	static bool taken[200000];
	uint64_t highest = 0, base = 1, sequence;
	unsigned i;
	bool wanted;

	(void)state;
	srand(7);
	for (i = 0; i < 300000; i++) {
		base += (unsigned)rand() % 100 == 0 ? (unsigned)rand() % 50 : 0;
		sequence = base + (unsigned)rand() % 1500;
		assert_true(sequence < 200000);
		wanted = !taken[sequence] &&
		    (sequence > highest || highest - sequence < SYNC_WINDOW);
		assert_int_equal(sync_window_take(&window, sequence), wanted);
		taken[sequence] |= wanted;
		if (sequence > highest)
			highest = sequence;
	}
}

static void
what_is_missing_is_counted(void **state)
{
	uint64_t i;

	(void)state;
	sync_window_take(&window, 1000);
	sync_window_close(&window);
	assert_int_equal(sync_window_missing(&window), 0);
	for (i = 1001; i <= 3000; i++)
		if (i % 10 != 0)
			sync_window_take(&window, i);
	assert_int_equal(sync_window_missing(&window), 199);
	sync_window_take(&window, 3000);
	assert_int_equal(sync_window_missing(&window), 199);
	/* Late ones are missing no more, and then it is too late. */
	assert_true(sync_window_take(&window, 2990));
	assert_int_equal(sync_window_missing(&window), 198);
	sync_window_close(&window);
	assert_false(sync_window_take(&window, 2980));
	assert_int_equal(sync_window_missing(&window), 0);
	assert_true(sync_window_take(&window, 3002));
	assert_true(sync_window_take(&window, 3001));
	assert_int_equal(sync_window_missing(&window), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(each_number_is_taken_once, reset),
	    cmocka_unit_test_setup(nought_is_no_number, reset),
	    cmocka_unit_test_setup(the_window_is_1024_wide, reset),
	    cmocka_unit_test_setup(jumps_clear_what_they_pass, reset),
	    cmocka_unit_test_setup(any_order_is_right, reset),
	    cmocka_unit_test_setup(what_is_missing_is_counted, reset),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
