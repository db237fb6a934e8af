/* SPDX-License-Identifier: ISC */

/*
 * The series of the last hour: what is kept, what is forgotten, and what was
 * never known.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "core/series.h"

/* Each metric of a step has a value of its own. */
static void
add(struct series *s, uint64_t step)
{
	float values[SERIES_METRICS];
	size_t i;

	for (i = 0; i < SERIES_METRICS; i++)
		values[i] = (float)(step * 10 + i);
	series_add(s, step, values);
}

static void
assert_known(const struct series *s, uint64_t step)
{
	size_t i;

	for (i = 0; i < SERIES_METRICS; i++)
		assert_true(series_at(s, i, step) == (float)(step * 10 + i));
}

static void
assert_unknown(const struct series *s, uint64_t step)
{
	size_t i;

	for (i = 0; i < SERIES_METRICS; i++)
		assert_true(isnan(series_at(s, i, step)));
}

static void
nothing_is_known_at_first(void **state)
{
	struct series *s = series_new();
	uint64_t step;

	(void)state;
	for (step = 0; step < 2 * SERIES_POINTS; step++)
		assert_unknown(s, step);
	series_free(s);
}

static void
the_last_hour_is_kept(void **state)
{
	struct series *s = series_new();
	uint64_t step, first;

	(void)state;
	for (step = 1000; step < 1000 + 3 * SERIES_POINTS; step++) {
		add(s, step);
		assert_known(s, step);
		assert_unknown(s, step + 1);
		assert_unknown(s, 999);
		first = step < 1000 + SERIES_POINTS ? 1000
						    : step - SERIES_POINTS + 1;
		assert_known(s, first);
		assert_unknown(s, first - 1);
	}
	series_free(s);
}

static void
steps_that_are_left_out_are_unknown(void **state)
{
	struct series *s = series_new();

	(void)state;
	add(s, 7);
	add(s, 9);
	assert_known(s, 7);
	assert_unknown(s, 8);
	assert_known(s, 9);
	add(s, 9 + SERIES_POINTS);
	assert_unknown(s, 9);
	assert_unknown(s, 10);
	assert_known(s, 9 + SERIES_POINTS);
	add(s, UINT64_C(1) << 50);
	assert_unknown(s, 9 + SERIES_POINTS);
	assert_unknown(s, (UINT64_C(1) << 50) - 1);
	assert_unknown(s, (UINT64_C(1) << 50) - SERIES_POINTS);
	series_free(s);
}

static void
time_never_goes_back(void **state)
{
	const float other[SERIES_METRICS] = {1, 2, 3, 4, 5, 6};
	struct series *s = series_new();

	(void)state;
	add(s, 0);
	add(s, 5);
	series_add(s, 5, other);
	series_add(s, 3, other);
	assert_known(s, 0);
	assert_unknown(s, 3);
	assert_known(s, 5);
	series_free(s);
}

static json_t *
point(const json_t *object, const char *metric, size_t i)
{
	const json_t *list = json_object_get(object, metric);

	assert_int_equal(json_array_size(list), SERIES_POINTS);
	return json_array_get(list, i);
}

static void
json_ends_with_the_last_step(void **state)
{
	const float values[SERIES_METRICS] = {
	    1e9F, 0.1F, 0, NAN, INFINITY, 12.3456F, 7, 8, 9, 5};
	struct series *s = series_new();
	json_t *object;

	(void)state;
	series_add(s, 2, values);
	object = series_json(s, 3);
	/* One has two names. */
	assert_int_equal(json_object_size(object), SERIES_METRICS + 1);
	assert_true(json_is_null(point(object, "packets", 359)));
	assert_true(json_real_value(point(object, "packets", 358)) == 1e9);
	assert_true(json_is_null(point(object, "packets", 357)));
	assert_true(json_is_null(point(object, "packets", 0)));
	assert_true(json_real_value(point(object, "bits", 358)) == 0.1);
	assert_true(json_is_real(point(object, "flows", 358)));
	assert_true(json_is_null(point(object, "drops", 358)));
	assert_true(json_is_null(point(object, "destinations_up", 358)));
	assert_true(json_real_value(point(object, "latency", 358)) == 12.346);
	assert_true(json_real_value(point(object, "rx_packets", 358)) == 7);
	assert_true(json_real_value(point(object, "rx_bits", 358)) == 8);
	assert_true(json_real_value(point(object, "tx_packets", 358)) == 1e9);
	assert_true(json_real_value(point(object, "tx_bits", 358)) == 9);
	assert_true(json_real_value(point(object, "connections", 358)) == 5);
	json_decref(object);
	series_free(s);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(nothing_is_known_at_first),
	    cmocka_unit_test(the_last_hour_is_kept),
	    cmocka_unit_test(steps_that_are_left_out_are_unknown),
	    cmocka_unit_test(time_never_goes_back),
	    cmocka_unit_test(json_ends_with_the_last_step),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("series", tests, NULL, NULL);
}
