/* SPDX-License-Identifier: ISC */

/*
 * How many prefixes can be blocked: by orders, by the data plane, of either
 * version of IP, and what is said of those that there is no room for.
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

/* Both lists fill the data plane, and the fresh one is the first in order. */
static void
a_list_takes_the_place_of_another_one(void **state)
{
	char text[FAKE_BLOCKED * 32];
	size_t i, len = 0;

	(void)state;
	for (i = 0; i < FAKE_BLOCKED; i++)
		len += (size_t)snprintf(
		    text + len, sizeof(text) - len, "203.0.113.%zu\n", i);
	use_list(text);
	start(SERVICE_WEB);
	assert_int_equal(fake_sources.blocked_count, FAKE_BLOCKED);
	for (i = len = 0; i < FAKE_BLOCKED; i++)
		len += (size_t)snprintf(
		    text + len, sizeof(text) - len, "198.51.100.%zu\n", i);
	write_list(text);
	assert_int_equal(engine_reload(engine), 0);
	assert_null(fake_blocked("203.0.113.0/32"));
	wait_for(fake_sources.blocked_count == FAKE_BLOCKED);
	assert_non_null(fake_blocked("198.51.100.63/32"));
}

/* What is full of one version of IP has room for the other. */
static void
prefixes_of_ipv6_have_room_of_their_own(void **state)
{
	char text[(FAKE_BLOCKED + 2) * 32];
	size_t i, len = 0;
	json_t *reply;

	(void)state;
	for (i = 0; i <= FAKE_BLOCKED; i++)
		len += (size_t)snprintf(
		    text + len, sizeof(text) - len, "203.0.113.%zu\n", i);
	snprintf(text + len, sizeof(text) - len, "%s\n", SIX);
	use_list(text);
	start(SERVICE_WEB);
	assert_int_equal(fake_sources.blocked_count, FAKE_BLOCKED + 1);
	assert_non_null(fake_blocked(SIX));
	assert_true(has_problem("not all is blocked"));
	reply = send_order("block", "2001:db8:5::/48", 0, false);
	assert_non_null(fake_blocked("2001:db8:5::/48"));
	assert_int_equal(
	    json_array_size(json_object_get(reply, "warnings")), 0);
	json_decref(reply);
}

/* Prefixes that the data plane has, as many of IPv4 as there is room for. */
static void
fill_up(void)
{
	struct blocklist *set = &engine->blocks.set;
	size_t i;

	assert_int_equal(set->count, 0);
	set->list = xreallocarray(set->list, BLOCKLIST_MAX, sizeof(*set->list));
	for (i = 0; i < BLOCKLIST_MAX; i++) {
		set->list[i] = (struct blocked){.in_file = true,
		    .ordered = i == 0,
		    .applied = true,
		    .prefix = {.address = {.family = AF_INET}, .length = 32}};
		set->list[i].prefix.address.bytes[0] = 198;
		set->list[i].prefix.address.bytes[1] = (uint8_t)(i >> 16);
		set->list[i].prefix.address.bytes[2] = (uint8_t)(i >> 8);
		set->list[i].prefix.address.bytes[3] = (uint8_t)i;
	}
	set->count = BLOCKLIST_MAX;
}

/* Of orders and a file, each is within what it may be. */
static void
what_is_more_than_there_is_room_for_is_a_problem(void **state)
{
	const char *problem = "no room for 2 of the 100002 prefixes of IPv4";
	struct prefix more_than[2], six;
	struct blocked *entry;
	size_t i;

	(void)state;
	start(SERVICE_WEB);
	fill_up();
	assert_int_equal(prefix_parse(ATTACKER, &more_than[0]), 0);
	assert_int_equal(prefix_parse("203.0.114.0/24", &more_than[1]), 0);
	assert_int_equal(prefix_parse(SIX, &six), 0);
	for (i = 0; i < 2; i++)
		blocklist_add(&engine->blocks.set, &more_than[i])->in_file =
		    true;
	blocklist_add(&engine->blocks.set, &six)->in_file = true;
	blocks_apply(engine);
	wait_for(fake_blocked(SIX) != NULL);
	/* The data plane was not even asked. */
	assert_int_equal(fake_sources.refused, 0);
	assert_null(fake_blocked(ATTACKER));
	assert_true(has_problem(problem));
	assert_false(has_problem("not all is blocked"));
	must_refuse("block", OTHER, 0, "100000 prefixes are blocked already");
	must_do("block", "2001:db8:5::/48", 0, false);
	/* One that goes makes room for another one. */
	entry = &engine->blocks.set.list[0];
	entry->in_file = false;
	must_do("unblock", "198.0.0.0", 0, false);
	wait_for(fake_blocked(ATTACKER) != NULL);
	assert_null(fake_blocked("203.0.114.0/24"));
	assert_true(
	    has_problem("no room for 1 of the 100001 prefixes of IPv4"));
	assert_int_equal(fake_sources.refused, 0);
}

/* The same by a reload, which does not refuse it. */
static void
orders_and_a_file_that_is_full_are_a_problem(void **state)
{
	char *text = NULL;
	size_t i, size;
	FILE *out;

	(void)state;
	use_list("");
	start(SERVICE_WEB);
	must_do("block", ATTACKER, 0, false);
	must_do("block", SIX, 0, false);
	assert_false(has_problem("no room for"));
	out = open_memstream(&text, &size);
	assert_non_null(out);
	for (i = 0; i < BLOCKLIST_MAX; i++)
		fprintf(
		    out, "198.%zu.%zu.%zu\n", i >> 16, i >> 8 & 255, i & 255);
	assert_int_equal(fclose(out), 0);
	write_list(text);
	free(text);
	assert_int_equal(engine_reload(engine), 0);
	assert_true(
	    has_problem("no room for 1 of the 100001 prefixes of IPv4"));
	assert_false(has_problem("no room for 1 of the 100001 prefixes of "
				 "IPv6"));
	assert_true(was_logged("no room for 1 of the 100001 prefixes"));
	must_do("unblock", ATTACKER, 0, false);
	assert_false(has_problem("no room for"));
}

/* What was kept by orders beyond the limit could not be read again. */
static void
what_the_file_blocks_counts_when_it_is_ordered(void **state)
{
	struct blocklist *set;
	size_t i;

	(void)state;
	use_list(ATTACKER "\n");
	start(SERVICE_WEB);
	must_do("block", SIX, 0, false); /* so that there is a file */
	set = &engine->blocks.set;
	set->list = xreallocarray(
	    set->list, BLOCKLIST_ORDERS_MAX + 1, sizeof(*set->list));
	for (i = 1; i <= BLOCKLIST_ORDERS_MAX; i++) {
		set->list[i] = (struct blocked){.ordered = true,
		    .applied = true,
		    .prefix = {.address = {.family = AF_INET}, .length = 32}};
		set->list[i].prefix.address.bytes[0] = 224;
		set->list[i].prefix.address.bytes[2] = (uint8_t)(i >> 8);
		set->list[i].prefix.address.bytes[3] = (uint8_t)i;
	}
	set->count = BLOCKLIST_ORDERS_MAX + 1;
	must_refuse("block", ATTACKER, 0, "put them into the file");
	/* One that was ordered already may be ordered for another time. */
	must_do("block", "224.0.0.1", 60, false);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_list_takes_the_place_of_another_one),
	    TEST(prefixes_of_ipv6_have_room_of_their_own),
	    TEST(what_is_more_than_there_is_room_for_is_a_problem),
	    TEST(orders_and_a_file_that_is_full_are_a_problem),
	    TEST(what_the_file_blocks_counts_when_it_is_ordered),
	};
	int failed;

	make_list();
	failed = run_engine_tests(tests);
	unlink(list_path);
	return failed;
}
