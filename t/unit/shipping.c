/* SPDX-License-Identifier: ISC */

/*
 * Documents that wait, requests made of them, what an answer means for each,
 * and when the next may go.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xmalloc.h"
#include "core/bulk.h"
#include "core/pace.h"
#include "core/ship_queue.h"

static struct ship_queue queue;

static int
setup(void **state)
{
	(void)state;
	ship_queue_init(&queue, 10, 1 << 20);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	ship_queue_clear(&queue);
	return 0;
}

static void
put(unsigned count)
{
	unsigned i;

	for (i = 1; i <= count; i++)
		assert_true(ship_queue_put(&queue, xasprintf("{\"n\":%u}", i)));
}

static void
the_queue_has_bounds(void **state)
{
	(void)state;
	put(10);
	assert_false(ship_queue_put(&queue, xstrdup("{}")));
	ship_queue_limit(&queue, 11, 1 << 20);
	assert_true(ship_queue_put(&queue, xstrdup("{}")));
	ship_queue_limit(&queue, 100, queue.bytes + SHIP_DOCUMENT_COST + 1);
	assert_false(ship_queue_put(&queue, xstrdup("{}")));
	assert_true(ship_queue_put(&queue, xstrdup("0")));
	assert_int_equal(queue.count, 12);
}

static void
a_batch_has_bounds_and_one_document_at_least(void **state)
{
	(void)state;
	put(5);
	assert_int_equal(ship_queue_take(&queue, 3, 1 << 20), 3);
	ship_queue_return(&queue);
	assert_int_equal(
	    ship_queue_take(&queue, 5, 2 * (SHIP_DOCUMENT_COST + 8)), 2);
	ship_queue_return(&queue);
	assert_int_equal(ship_queue_take(&queue, 5, 1), 1);
	assert_int_equal(queue.count, 5);
}

static void
a_body_is_of_lines(void **state)
{
	size_t length;
	char *body;

	(void)state;
	put(3);
	ship_queue_take(&queue, 2, 1 << 20);
	body = bulk_body(&queue, "abc", &length);
	assert_string_equal(body,
	    "{\"create\":{\"_id\":\"abc-1\"}}\n{\"n\":1}\n"
	    "{\"create\":{\"_id\":\"abc-2\"}}\n{\"n\":2}\n");
	assert_int_equal(length, strlen(body));
	free(body);
}

static void
judge(const char *answer, struct bulk_verdict *v)
{
	assert_int_equal(bulk_judge(&queue, answer, strlen(answer), v), 0);
}

static void
each_document_is_judged_by_itself(void **state)
{
	struct bulk_verdict v;

	(void)state;
	put(6);
	ship_queue_take(&queue, 5, 1 << 20);
	judge("{\"errors\":true,\"items\":["
	      "{\"create\":{\"status\":201}},"
	      "{\"create\":{\"status\":429,\"error\":{\"type\":\"busy\","
	      "\"reason\":\"a \\\"full\\\"\\nqueue\"}}},"
	      "{\"create\":{\"status\":400,\"error\":{\"type\":\"mapping\"}}},"
	      "{\"create\":{\"status\":409}},"
	      "{\"create\":{\"status\":503}}]}",
	    &v);
	assert_int_equal(v.created, 2);
	assert_int_equal(v.retried, 2);
	assert_int_equal(v.refused, 1);
	assert_string_equal(
	    v.error, "status 429, busy: a \\\"full\\\"\\nqueue");
	/* Those that are tried again come first, in their order. */
	assert_int_equal(queue.count, 3);
	assert_int_equal(queue.taken_count, 0);
	assert_int_equal(TAILQ_FIRST(&queue.waiting)->number, 2);
	assert_int_equal(ship_queue_take(&queue, 2, 1 << 20), 2);
	assert_int_equal(TAILQ_LAST(&queue.taken, ship_documents)->number, 5);
}

static void
nothing_is_tried_for_ever(void **state)
{
	struct bulk_verdict v;
	unsigned tries = 0;

	(void)state;
	put(1);
	while (queue.count > 0) {
		ship_queue_take(&queue, 1, 1 << 20);
		judge("{\"items\":[{\"create\":{\"status\":500}}]}", &v);
		assert_in_range(++tries, 1, BULK_TRIES);
	}
	assert_int_equal(tries, BULK_TRIES);
	assert_int_equal(v.refused, 1);
}

static void
what_is_no_answer_changes_nothing(void **state)
{
	static const char *const answers[] = {"", "[]", "{}", "null", "<html>",
	    "{\"items\":{}}", "{\"items\":[]}",
	    "{\"items\":[{\"create\":{\"status\":201}}]}",
	    "{\"items\":[{\"create\":{\"status\":201}},{\"create\":{}}]}",
	    "{\"items\":[{\"create\":{\"status\":201}},"
	    "{\"index\":{\"status\":201}}]}",
	    "{\"items\":[{\"create\":{\"status\":201}},"
	    "{\"create\":{\"status\":\"201\"}}]}",
	    "{\"items\":[{\"create\":{\"status\":201}},"
	    "{\"create\":{\"status\":201}},{\"create\":{\"status\":201}}]}"};
	struct bulk_verdict v;
	size_t i;

	(void)state;
	put(2);
	ship_queue_take(&queue, 2, 1 << 20);
	for (i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
		assert_int_equal(
		    bulk_judge(&queue, answers[i], strlen(answers[i]), &v), -1);
	assert_int_equal(queue.taken_count, 2);
}

static void
a_rate_is_kept_on_average(void **state)
{
	struct pace_rate rate = {.per_minute = 6, .burst = 3};
	uint64_t now = 1000000, end = now + 600000;
	unsigned done = 0;

	(void)state;
	for (; now < end; now += 100) {
		if (pace_wait(&rate, now) > 0)
			continue;
		pace_spend(&rate, now);
		done++;
	}
	assert_in_range(done, 60, 63);
	/* What was not used gathers, up to the burst. */
	now += 3600000;
	for (done = 0; pace_wait(&rate, now) == 0; done++)
		pace_spend(&rate, now);
	assert_int_equal(done, 3);
	assert_int_equal(pace_wait(&rate, now), 10000);
}

static void
back_off_grows_and_differs(void **state)
{
	struct pace_backoff least = {0}, most = {0};
	unsigned i, expected = 1000;

	(void)state;
	for (i = 0; i < 20; i++) {
		assert_int_equal(
		    pace_back_off(&least, 1000, 60000, 0), expected / 2);
		assert_int_equal(
		    pace_back_off(&most, 1000, 60000, expected / 2), expected);
		expected = expected > 30000 ? 60000 : expected * 2;
	}
}

#define TEST(function) \
	cmocka_unit_test_setup_teardown(function, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(the_queue_has_bounds),
	    TEST(a_batch_has_bounds_and_one_document_at_least),
	    TEST(a_body_is_of_lines),
	    TEST(each_document_is_judged_by_itself),
	    TEST(nothing_is_tried_for_ever),
	    TEST(what_is_no_answer_changes_nothing),
	    TEST(a_rate_is_kept_on_average),
	    TEST(back_off_grows_and_differs),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
