/* SPDX-License-Identifier: ISC */

/*
 * How orders to block prefixes are kept: before they are followed, a line each,
 * and when that can't be.
 */

#include "blocking.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xmalloc.h"
#include "engine/prefixes.h"
#include "engine/private.h"
#include "fakes_sources.h"
#include "fakes_state.h"

/* An operator who is told "done" goes to bed. */
static void
an_order_that_can_not_be_kept_is_refused(void **state)
{
	(void)state;
	start(SERVICE_WEB);
	must_do("block", OTHER, 0, false);
	fake_blocked_file.write_fails = true;
	must_refuse("block", ATTACKER, 0, "it can't be kept");
	must_refuse("block", ATTACKER, 0, "No space left on device");
	must_refuse("unblock", OTHER, 0, "it can't be kept");
	assert_null(fake_blocked(ATTACKER));
	assert_non_null(fake_blocked(OTHER));
	/* What is in the file is what is in force. */
	assert_false(has_problem("orders to block prefixes are not kept"));
	fake_blocked_file.write_fails = false;
	must_do("block", ATTACKER, 0, false);
	must_do("unblock", OTHER, 0, false);
	restart();
	assert_non_null(fake_blocked(ATTACKER));
	assert_null(fake_blocked(OTHER));
}

static void
an_order_that_can_not_be_kept_is_followed_by_force(void **state)
{
	json_t *reply;
	char *text;

	(void)state;
	start(SERVICE_WEB);
	fake_blocked_file.write_fails = true;
	reply = send_order("block", ATTACKER, 0, true);
	text = json_dumps(reply, 0);
	assert_non_null(strstr(text, "it will be forgotten when vc5d ends"));
	free(text);
	json_decref(reply);
	assert_non_null(fake_blocked(ATTACKER));
	assert_true(has_problem("orders to block prefixes are not kept"));
	must_do("unblock", ATTACKER, 0, true);
	assert_null(fake_blocked(ATTACKER));
	must_do("block", ATTACKER, 0, true);
	/* It is tried again. */
	fake_blocked_file.write_fails = false;
	wait_for(!has_problem("orders to block prefixes"));
	assert_non_null(strstr(fake_blocked_file.text, ATTACKER));
	assert_true(was_logged("blocked prefixes are kept again"));
}

/* So many orders that they are not written in one go. */
static void
order_many(unsigned from, unsigned to)
{
	char prefix[32];
	unsigned i;

	for (i = from; i < to; i++) {
		snprintf(
		    prefix, sizeof(prefix), "203.0.%u.%u", i / 256, i % 256);
		must_do("block", prefix, 0, false);
	}
}

static void
each_order_is_a_line_and_the_past_is_dropped(void **state)
{
	unsigned i, before;

	(void)state;
	start(SERVICE_WEB);
	order_many(0, 450);
	assert_int_equal(fake_blocked_file.rewrites, 1); /* there was none */
	assert_int_equal(fake_blocked_file.writes, 450);
	for (i = 0; fake_blocked_file.rewrites == 1; i++) {
		assert_in_range(i, 0, 3000);
		must_do("block", ATTACKER, 0, false);
		must_do("unblock", ATTACKER, 0, false);
	}
	before = fake_blocked_file.slices;
	/* Orders go on, before and behind what was written already. */
	must_do("block", SIX, 0, false);
	run_once();
	must_do("unblock", "203.0.0.0", 0, false);
	must_do("unblock", SIX, 0, false);
	must_do("block", OTHER, 0, false);
	wait_for(strstr(fake_blocked_file.text, SIX "\"}") != NULL &&
	    strlen(fake_blocked_file.text) < 500 * 100);
	assert_in_range(fake_blocked_file.slices, before + 2, before + 10);
	restart();
	assert_null(fake_blocked(SIX));
	assert_null(fake_blocked("203.0.0.0/32"));
	assert_null(fake_blocked(ATTACKER));
	assert_non_null(blocked_set("203.0.1.193/32"));
	assert_non_null(blocked_set(OTHER));
	assert_int_equal(engine->blocks.set.count, 450);
}

static void
a_file_that_was_removed_is_written_anew(void **state)
{
	(void)state;
	start(SERVICE_WEB);
	must_do("block", ATTACKER, 0, false);
	fake_blocked_file.gone = true;
	must_do("block", SIX, 0, false);
	assert_int_equal(fake_blocked_file.rewrites, 2);
	assert_non_null(strstr(fake_blocked_file.text, ATTACKER));
	assert_non_null(strstr(fake_blocked_file.text, SIX));
	order_many(0, 300);
	fake_blocked_file.gone = true;
	must_refuse("block", OTHER, 0, "is being written anew");
	wait_for(!has_problem("orders to block prefixes"));
	must_do("block", OTHER, 0, false);
	restart();
	assert_int_equal(engine->blocks.set.count, 303);
}

static void
a_file_of_before_there_were_lines_is_written_anew(void **state)
{
	(void)state;
	fake_blocked_file.text =
	    xstrdup("{\"version\": 1, \"blocked\": [{\"prefix\": \"" ATTACKER
		    "\", \"since\": 5, \"until\": 0, \"uid\": 0, \"forced\": "
		    "false}]}\n");
	start(SERVICE_WEB);
	assert_non_null(fake_blocked(ATTACKER));
	assert_memory_equal(fake_blocked_file.text, "{\"version\": 2}\n", 15);
	must_do("block", SIX, 0, false);
	restart();
	assert_non_null(fake_blocked(ATTACKER));
	assert_non_null(fake_blocked(SIX));
}

static void
a_line_that_was_torn_off_is_told(void **state)
{
	(void)state;
	fake_blocked_file.text = xstrdup("{\"version\": 2}\n"
					 "{\"prefix\": \"10.9.0.0/16\", "
					 "\"since\": 5, \"until\": 0, "
					 "\"uid\": 0, \"forced\": false}\n"
					 "{\"prefix\": \"10.8.0");
	start(SERVICE_WEB);
	assert_non_null(fake_blocked("10.9.0.0/16"));
	assert_int_equal(engine->blocks.set.count, 1);
	assert_true(was_logged("the last line was torn off"));
	assert_false(has_problem("orders to block prefixes"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(an_order_that_can_not_be_kept_is_refused),
	    TEST(an_order_that_can_not_be_kept_is_followed_by_force),
	    TEST(each_order_is_a_line_and_the_past_is_dropped),
	    TEST(a_file_that_was_removed_is_written_anew),
	    TEST(a_file_of_before_there_were_lines_is_written_anew),
	    TEST(a_line_that_was_torn_off_is_told),
	};

	return run_engine_tests(tests);
}
