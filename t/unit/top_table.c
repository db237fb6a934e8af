/* SPDX-License-Identifier: ISC */

/*
 * What vc5ctl top makes of the status document: rows, rates, their order.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "ctl/top.h"

/* Takes the document. */
static struct top_table *
table_of(json_t *services, bool destinations, uint64_t now)
{
	struct top_table *table = top_table_new(services, destinations, now);

	assert_non_null(services);
	json_decref(services);
	return table;
}

static json_t *
service(const char *name, const char *vip, int64_t packets, bool good)
{
	return json_pack("{s:s, s:s, s:i, s:s, s:b, s:i, s:i, s:I, s:I, s:I}",
	    "name", name, "vip", vip, "port", 80, "protocol", "tcp", "ok", good,
	    "up", 1, "destinations_total", 2, "packets", (json_int_t)packets,
	    "bytes", (json_int_t)packets * 100, "flows",
	    (json_int_t)packets / 10);
}

static struct top_table *
three(int64_t a, int64_t b, int64_t c, uint64_t now)
{
	return table_of(json_pack("[ooo]", service("a", "192.0.2.1", a, true),
			    service("b", "192.0.2.2", b, false),
			    service("c\x1b", "2001:db8::1", c, true)),
	    false, now);
}

static void
assert_order(
    struct top_table *table, enum top_sort sort, bool reversed, const char *is)
{
	char order[4] = "";
	size_t i;

	top_table_sort(table, sort, reversed);
	for (i = 0; i < table->count; i++)
		order[i] = table->rows[i].of[0];
	assert_string_equal(order, is);
}

static void
rates_are_differences_by_time(void **state)
{
	struct top_table *before = three(100, 100, 5000, 10000);
	struct top_table *now = three(1100, 100, 4000, 12000);

	(void)state;
	top_table_rate(before, NULL);
	assert_true(before->rows[0].rates[TOP_PACKETS] < 0);
	assert_true(top_table_sum(before, TOP_PACKETS) < 0);
	top_table_rate(now, before);
	assert_string_equal(now->rows[0].of, "a");
	assert_true(now->rows[0].rates[TOP_PACKETS] == 500);
	assert_true(now->rows[0].rates[TOP_BITS] == 500 * 100 * 8);
	assert_true(now->rows[0].rates[TOP_FLOWS] == 50);
	assert_true(now->rows[1].rates[TOP_PACKETS] == 0);
	/* It went back: what is counted is something new. */
	assert_true(now->rows[2].rates[TOP_PACKETS] < 0);
	assert_true(top_table_sum(now, TOP_PACKETS) == 500);
	top_table_free(before);
	top_table_free(now);
}

static void
nothing_follows_from_the_same_moment(void **state)
{
	struct top_table *before = three(0, 0, 0, 10000);
	struct top_table *now = three(9, 9, 9, 10000);

	(void)state;
	top_table_rate(now, before);
	assert_true(now->rows[0].rates[TOP_PACKETS] < 0);
	top_table_free(before);
	top_table_free(now);
}

static void
what_is_new_has_no_rate_yet(void **state)
{
	struct top_table *before = table_of(
	    json_pack("[o]", service("b", "192.0.2.2", 1, true)), false, 1000);
	struct top_table *now = three(9, 9, 9, 2000);

	(void)state;
	top_table_rate(now, before);
	assert_true(now->rows[0].rates[TOP_PACKETS] < 0);
	assert_true(now->rows[1].rates[TOP_PACKETS] == 8);
	top_table_free(before);
	top_table_free(now);
}

static void
rows_are_sorted(void **state)
{
	struct top_table *before = three(0, 0, 0, 1000);
	struct top_table *now = three(20, 300, 10, 2000);

	(void)state;
	top_table_rate(now, before);
	assert_order(now, TOP_BY_PACKETS, false, "bac");
	assert_order(now, TOP_BY_PACKETS, true, "cab");
	assert_order(now, TOP_BY_BITS, false, "bac");
	assert_order(now, TOP_BY_FLOWS, false, "bac");
	assert_order(now, TOP_BY_NAME, false, "abc");
	assert_order(now, TOP_BY_NAME, true, "cba");
	assert_order(now, TOP_BY_STATE, false, "bac");
	top_table_free(before);
	top_table_free(now);
}

static void
texts_are_safe(void **state)
{
	struct top_table *table = three(0, 0, 0, 1000);

	(void)state;
	assert_string_equal(table->rows[2].of, "c\\^[");
	assert_string_equal(table->rows[2].what, "[2001:db8::1]:80/tcp");
	assert_string_equal(table->rows[1].state, "not ok");
	assert_string_equal(table->rows[1].share, "1/2");
	top_table_free(table);
}

static void
destinations_are_rows(void **state)
{
	json_t *one = service("a", "192.0.2.1", 0, true);
	struct top_table *table;

	(void)state;
	json_object_set_new(one, "destinations",
	    json_pack("[{s:s, s:s, s:s, s:i, s:i}, {}]", "address", "10.0.0.1",
		"state", "draining", "order", "drain", "weight", 3, "packets",
		7));
	table = table_of(json_pack("[o]", one), true, 1000);
	assert_int_equal(table->count, 2);
	assert_string_equal(table->rows[0].what, "10.0.0.1");
	assert_string_equal(table->rows[0].of, "192.0.2.1:80/tcp");
	assert_string_equal(table->rows[0].state, "draining (drain)");
	assert_false(table->rows[0].good);
	assert_int_equal(table->rows[0].counts[TOP_PACKETS], 7);
	top_table_free(table);
	table = top_table_new(NULL, true, 0);
	top_table_rate(table, NULL);
	top_table_sort(table, TOP_BY_STATE, true);
	assert_int_equal(table->count, 0);
	top_table_free(table);
}

static void
rates_are_short(void **state)
{
	static const struct {
		double rate;
		const char *text;
	} cases[] = {
	    {-1, "-"},
	    {0, "0"},
	    {0.4, "0"},
	    {999.4, "999"},
	    {999.5, "1.00k"},
	    {9994, "9.99k"},
	    {9996, "10.0k"},
	    {99949, "99.9k"},
	    {99951, "100k"},
	    {123456, "123k"},
	    {999500, "1.00M"},
	    {1.5e9, "1.50G"},
	    {4e14, "400T"},
	    {9e21, "9000E"},
	};
	char text[TOP_RATE_STRLEN];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(
		    top_rate_format(cases[i].rate, text), cases[i].text);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rates_are_differences_by_time),
	    cmocka_unit_test(nothing_follows_from_the_same_moment),
	    cmocka_unit_test(what_is_new_has_no_rate_yet),
	    cmocka_unit_test(rows_are_sorted),
	    cmocka_unit_test(texts_are_safe),
	    cmocka_unit_test(destinations_are_rows),
	    cmocka_unit_test(rates_are_short),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
