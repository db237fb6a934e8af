/* SPDX-License-Identifier: ISC */

/*
 * Histograms of durations.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/histogram.h"

static void
a_bound_is_of_its_bucket(void **state)
{
	struct histogram h = {0};
	size_t i;

	(void)state;
	for (i = 0; i < HISTOGRAM_BOUNDS; i++) {
		assert_true(
		    i == 0 || histogram_bound(i) > histogram_bound(i - 1));
		histogram_add(&h, histogram_bound(i));
		assert_int_equal(h.counts[i], 1);
		histogram_add(&h, histogram_bound(i) + 1);
		assert_int_equal(h.counts[i], 1);
		h.counts[i] = 0;
		if (i + 1 < HISTOGRAM_BOUNDS)
			h.counts[i + 1] = 0;
	}
}

static void
what_exceeds_all_bounds_is_counted(void **state)
{
	struct histogram h = {0};
	size_t i;

	(void)state;
	histogram_add(&h, 0);
	histogram_add(&h, UINT64_C(3600000000));
	assert_int_equal(h.count, 2);
	assert_int_equal(h.sum, UINT64_C(3600000000));
	assert_int_equal(h.counts[0], 1);
	for (i = 1; i < HISTOGRAM_BOUNDS; i++)
		assert_int_equal(h.counts[i], 0);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_bound_is_of_its_bucket),
	    cmocka_unit_test(what_exceeds_all_bounds_is_counted),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
