/* SPDX-License-Identifier: ISC */

/*
 * Blocked prefixes: from the file and by orders, through reloads and restarts.
 */

#include "blocking.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/xmalloc.h"
#include "engine/prefixes.h"
#include "engine/private.h"
#include "fakes_sources.h"
#include "fakes_state.h"

/* The entry of the document about a prefix, borrowed from it; or NULL. */
static json_t *
entry_of(json_t *document, const char *prefix)
{
	json_t *all = json_object_get(document, "blocked"), *one;
	size_t i;

	json_array_foreach(all, i, one)
		if (strcmp(json_string_value(json_object_get(one, "prefix")),
			prefix) == 0)
			return one;
	return NULL;
}

static json_int_t
dropped(const char *prefix)
{
	json_t *document = prefixes(false, 0);
	json_int_t packets = number(entry_of(document, prefix), "packets");

	json_decref(document);
	return packets;
}

static void
an_order_blocks_and_another_one_ends_it(void **state)
{
	(void)state;
	fake_state_file.peer = 1000;
	start(SERVICE_WEB);
	must_do("block", ATTACKER, 0, false);
	assert_non_null(fake_blocked(ATTACKER));
	assert_true(was_logged("source " ATTACKER ": blocked, by uid 1000"));
	must_do("block", ATTACKER, 0, false);
	must_do("block", "198.51.100.7", 0, false);
	assert_non_null(fake_blocked("198.51.100.7/32"));
	must_do("block", SIX, 0, false);
	assert_non_null(fake_blocked(SIX));
	assert_int_equal(fake_sources.blocks, 3);
	must_do("unblock", ATTACKER, 0, false);
	assert_null(fake_blocked(ATTACKER));
	assert_non_null(fake_blocked(SIX));
	must_do("unblock", ATTACKER, 0, false);
	assert_int_equal(fake_sources.unblocks, 1);
}

static void
orders_outlive_a_reload_and_a_restart(void **state)
{
	json_t *document;

	(void)state;
	start(SERVICE_WEB);
	must_do("block", ATTACKER, 0, false);
	must_do("block", SIX, 3600, false);
	assert_int_equal(engine_reload(engine), 0);
	assert_non_null(fake_blocked(ATTACKER));
	restart();
	assert_non_null(fake_blocked(ATTACKER));
	assert_int_equal(fake_sources.blocks, 2);
	document = prefixes(false, 0);
	assert_true(json_is_null(
	    json_object_get(entry_of(document, ATTACKER), "left")));
	assert_in_range(number(entry_of(document, SIX), "left"), 3500, 3600);
	json_decref(document);
	/* The machine was off: there is nothing in the data plane. */
	fake_sources.blocked_count = 0;
	restart();
	assert_non_null(fake_blocked(ATTACKER));
	assert_non_null(fake_blocked(SIX));
}

static void
an_order_ends_by_itself(void **state)
{
	(void)state;
	start(SERVICE_WEB);
	must_do("block", ATTACKER, 1, false);
	must_do("block", SIX, 0, false);
	assert_non_null(fake_blocked(ATTACKER));
	wait_for(fake_blocked(ATTACKER) == NULL);
	assert_non_null(fake_blocked(SIX));
	assert_true(was_logged("1 prefix is no longer blocked"));
	/* What has ended is in the file until that is written anew. */
	assert_int_equal(fake_blocked_file.writes, 2);
	restart();
	assert_null(fake_blocked(ATTACKER));
	assert_non_null(fake_blocked(SIX));
}

/* It ended while nobody was there. */
static void
an_order_that_ended_is_not_followed_after_a_restart(void **state)
{
	(void)state;
	fake_blocked_file.text =
	    xstrdup("{\"version\": 1, \"blocked\": [{\"prefix\": \"" ATTACKER
		    "\", \"since\": 5, \"until\": 10, \"uid\": 0, \"forced\": "
		    "false}]}\n");
	fake_leave_blocked(ATTACKER);
	start(SERVICE_WEB);
	wait_for(fake_blocked(ATTACKER) == NULL);
}

static void
what_needs_thought_needs_force(void **state)
{
	(void)state;
	start(SERVICE_WEB);
	must_refuse("block", "0.0.0.0/0", 0, "nobody would be served");
	must_refuse("block", "::/0", 0, "nobody would be served");
	must_refuse("block", "64.0.0.0/7", 0, "fewer than 8 bits");
	must_refuse("block", "2000::/3", 0, "fewer than 16 bits");
	must_refuse("block", "10.0.0.0/24", 0, "the server " A " is in it");
	must_refuse("block", B, 0, "the server " B " is in it");
	assert_int_equal(fake_sources.blocks, 0);
	must_do("block", B, 0, true);
	assert_non_null(fake_blocked(B "/32"));
	assert_non_null(strstr(fake_blocked_file.text, "\"forced\": true"));
}

static void
what_is_no_prefix_is_refused(void **state)
{
	json_t *reply;

	(void)state;
	start(SERVICE_WEB);
	must_refuse("block", "203.0.113.7/24", 0, "is it 203.0.113.0/24?");
	must_refuse("block", "spam", 0, "neither a prefix nor an address");
	must_refuse("block", "203.0.113.0/33", 0, "neither a prefix");
	must_refuse("block", ATTACKER, -1, "\\\"for\\\" is not in the range");
	must_refuse("block", ATTACKER, 99999999, "is not in the range");
	reply = ask(json_pack("{s:s}", "command", "block"));
	assert_string_equal(json_string_value(json_object_get(reply, "error")),
	    "\"prefix\" is missing");
	json_decref(reply);
	reply = ask(json_pack("{s:s, s:i}", "command", "block", "prefix", 5));
	assert_string_equal(json_string_value(json_object_get(reply, "error")),
	    "\"prefix\" is not a string");
	json_decref(reply);
	assert_int_equal(fake_sources.blocks, 0);
}

static void
orders_that_can_not_be_read_leave_things_as_they_are(void **state)
{
	(void)state;
	fake_blocked_file.text = xstrdup("{\"version\": 1\n");
	fake_leave_blocked(ATTACKER);
	use_list(SIX "\n");
	start(SERVICE_WEB);
	assert_non_null(fake_blocked(SIX));
	assert_int_equal(engine_reload(engine), 0);
	assert_non_null(fake_blocked(ATTACKER));
	assert_true(has_problem("orders to block prefixes are not kept"));
	must_refuse("block", OTHER, 0, "what was ordered before would be lost");
	assert_string_equal(fake_blocked_file.text, "{\"version\": 1\n");
	must_do("block", OTHER, 0, true);
	assert_non_null(strstr(fake_blocked_file.text, OTHER));
}

static void
the_file_is_applied_and_a_reload_applies_the_difference(void **state)
{
	(void)state;
	use_list("# from the feed\n" ATTACKER "\n" SIX " # a comment\n\n");
	start(SERVICE_WEB);
	assert_non_null(fake_blocked(ATTACKER));
	assert_non_null(fake_blocked(SIX));
	must_do("block", OTHER, 0, false);
	write_list(SIX "\n198.51.100.9\n");
	assert_int_equal(engine_reload(engine), 0);
	assert_null(fake_blocked(ATTACKER));
	assert_non_null(fake_blocked(SIX));
	assert_non_null(fake_blocked(OTHER));
	assert_non_null(fake_blocked("198.51.100.9/32"));
	assert_int_equal(fake_sources.blocks, 4);
	assert_int_equal(fake_sources.unblocks, 1);
	must_refuse("unblock", SIX, 0, "is in the file of blocked prefixes");
	assert_non_null(fake_blocked(SIX));
}

static void
what_both_block_stays_until_neither_does(void **state)
{
	(void)state;
	use_list(ATTACKER "\n");
	start(SERVICE_WEB);
	must_do("block", ATTACKER, 0, false);
	must_do("unblock", ATTACKER, 0, false);
	assert_non_null(fake_blocked(ATTACKER));
	must_do("block", ATTACKER, 0, false);
	write_list("");
	assert_int_equal(engine_reload(engine), 0);
	assert_non_null(fake_blocked(ATTACKER));
	must_do("unblock", ATTACKER, 0, false);
	assert_null(fake_blocked(ATTACKER));
	assert_int_equal(fake_sources.blocks, 1);
}

static void
a_bad_file_refuses_a_reload(void **state)
{
	char line[128];

	(void)state;
	use_list(ATTACKER "\n");
	start(SERVICE_WEB);
	write_list(OTHER "\n203.0.113.1/24\n");
	assert_int_equal(engine_reload(engine), -1);
	snprintf(line, sizeof(line),
	    "%s:2: \"203.0.113.1/24\" has bits set behind its length",
	    list_path);
	assert_true(was_logged(line));
	assert_non_null(fake_blocked(ATTACKER));
	assert_null(fake_blocked(OTHER));
	unlink(list_path);
	assert_int_equal(engine_reload(engine), -1);
	assert_true(was_logged("No such file"));
	assert_non_null(fake_blocked(ATTACKER));
}

/* To serve nobody would be worse than to block as before. */
static void
a_bad_file_does_not_keep_a_fresh_engine_from_starting(void **state)
{
	(void)state;
	use_list("nonsense\n");
	fake_leave_blocked(ATTACKER);
	start(SERVICE_WEB);
	assert_non_null(fake_blocked(ATTACKER));
	assert_true(
	    has_problem("the file of blocked prefixes is not in force"));
	write_list(OTHER "\n");
	assert_int_equal(engine_reload(engine), 0);
	assert_null(fake_blocked(ATTACKER));
	assert_non_null(fake_blocked(OTHER));
	assert_false(
	    has_problem("the file of blocked prefixes is not in force"));
}

static void
what_the_data_plane_refuses_is_tried_again(void **state)
{
	json_t *reply;
	char *text;

	(void)state;
	start(SERVICE_WEB);
	fake_sources.fails = true;
	reply = send_order("block", ATTACKER, 0, false);
	assert_true(is_true(reply, "ok"));
	text = json_dumps(json_object_get(reply, "warnings"), 0);
	assert_non_null(strstr(text, "the data plane has refused it"));
	free(text);
	json_decref(reply);
	assert_null(fake_blocked(ATTACKER));
	assert_true(has_problem("not all is blocked"));
	fake_sources.fails = false;
	wait_for(fake_blocked(ATTACKER) != NULL);
	assert_false(has_problem("not all is blocked"));
}

static void
the_document_says_what_was_dropped(void **state)
{
	json_t *document;

	(void)state;
	use_list(OTHER "\n");
	start(SERVICE_WEB);
	must_do("block", ATTACKER, 600, false);
	fake_blocked(ATTACKER)->packets = 7;
	fake_blocked(OTHER)->packets = 9;
	wait_for(dropped(ATTACKER) == 7 && dropped(OTHER) == 9);
	document = prefixes(false, 0);
	assert_int_equal(number(document, "version"), 1);
	assert_int_equal(number(document, "blocked_total"), 2);
	assert_int_equal(number(entry_of(document, ATTACKER), "packets"), 7);
	assert_int_equal(number(entry_of(document, ATTACKER), "octets"), 420);
	assert_string_equal(json_string_value(json_object_get(
				entry_of(document, ATTACKER), "source")),
	    "order");
	assert_string_equal(json_string_value(json_object_get(
				entry_of(document, OTHER), "source")),
	    "file");
	/* The one that drops most is the first. */
	assert_ptr_equal(entry_of(document, OTHER),
	    json_array_get(json_object_get(document, "blocked"), 0));
	json_decref(document);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(an_order_blocks_and_another_one_ends_it),
	    TEST(orders_outlive_a_reload_and_a_restart),
	    TEST(an_order_ends_by_itself),
	    TEST(an_order_that_ended_is_not_followed_after_a_restart),
	    TEST(what_needs_thought_needs_force),
	    TEST(what_is_no_prefix_is_refused),
	    TEST(orders_that_can_not_be_read_leave_things_as_they_are),
	    TEST(the_file_is_applied_and_a_reload_applies_the_difference),
	    TEST(what_both_block_stays_until_neither_does),
	    TEST(a_bad_file_refuses_a_reload),
	    TEST(a_bad_file_does_not_keep_a_fresh_engine_from_starting),
	    TEST(what_the_data_plane_refuses_is_tried_again),
	    TEST(the_document_says_what_was_dropped),
	};
	int failed;

	make_list();
	failed = run_engine_tests(tests);
	unlink(list_path);
	return failed;
}
