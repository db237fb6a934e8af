/* SPDX-License-Identifier: ISC */

/*
 * Where packets come from, and the baseline that new ones are not in.
 */

#include "blocking.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include <event2/buffer.h>

#include "engine/prefixes.h"
#include "engine/private.h"
#include "fakes_control.h"
#include "fakes_sources.h"
#include "fakes_state.h"

/* The names of the prefixes of a family, with a space behind each. */
static const char *
names(const json_t *document, const char *family)
{
	static char text[512];
	const json_t *all = json_object_get(
			 json_object_get(document, family), "prefixes"),
		     *one;
	size_t i, len = 0;

	text[0] = '\0';
	json_array_foreach(all, i, one)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s ",
		    json_string_value(json_array_get(one, 0)));
	return text;
}

static void
prefixes_that_send_most_are_listed(void **state)
{
	const json_t *four, *first;
	json_t *document;

	(void)state;
	start(SERVICE_WEB);
	assert_int_equal(record.settings.sampling, 256);
	fake_source("10.1.16.0/20", 256, 5);
	fake_source("10.2.16.0/20", 2560, 500);
	fake_source("10.3.16.0/20", 512, 0);
	fake_source("2001:db8:5::/48", 256, 0);
	document = prefixes(false, 0);
	four = json_object_get(document, "ipv4");
	assert_string_equal(
	    names(document, "ipv4"), "10.2.16.0/20 10.3.16.0/20 10.1.16.0/20 ");
	assert_string_equal(names(document, "ipv6"), "2001:db8:5::/48 ");
	assert_int_equal(number(four, "length"), 20);
	assert_int_equal(number(four, "sampling"), 256);
	assert_int_equal(number(four, "since"), 1000);
	assert_int_equal(number(four, "total"), 3);
	assert_int_equal(number(four, "active"), 2);
	assert_true(json_is_null(json_object_get(four, "new")));
	assert_int_equal(number(four, "packets"), 3328);
	first = json_array_get(json_object_get(four, "prefixes"), 0);
	assert_int_equal(json_integer_value(json_array_get(first, 1)), 2560);
	assert_int_equal(json_integer_value(json_array_get(first, 2)), 256000);
	assert_int_equal(json_integer_value(json_array_get(first, 3)), 500);
	assert_int_equal(
	    number(json_object_get(document, "ipv6"), "length"), 48);
	assert_int_equal(
	    number(json_object_get(document, "ipv6"), "other_packets"), 512);
	json_decref(document);
	document = prefixes(false, 1);
	assert_string_equal(names(document, "ipv4"), "10.2.16.0/20 ");
	json_decref(document);
}

/* What /prefixes.json is made of. */
static void
ask_web(void)
{
	struct evbuffer *out = evbuffer_new();
	size_t len;
	json_t *document;

	engine_prefixes(engine, out);
	len = evbuffer_get_length(out);
	document =
	    json_loadb((const char *)evbuffer_pullup(out, -1), len, 0, NULL);
	assert_int_equal(number(document, "version"), 1);
	json_decref(document);
	evbuffer_free(out);
}

/* Whoever asks, and how often. */
static void
the_search_is_made_once_in_a_while(void **state)
{
	unsigned before;

	(void)state;
	start(SERVICE_WEB);
	before = fake_sources.searches;
	ask_web();
	ask_web();
	ask_web();
	assert_int_equal(fake_sources.searches, before + 1);
}

/* Many connections of who may only look, each without a pause. */
static void
whoever_asks_the_control_socket_shares_a_search(void **state)
{
	json_t *document;
	int limit;

	(void)state;
	start(SERVICE_WEB);
	fake_source("10.1.16.0/20", 256, 5);
	fake_source("10.2.16.0/20", 512, 5);
	json_decref(ask(json_pack("{s:s}", "command", "baseline")));
	fake_source("10.3.16.0/20", 768, 5);
	fake_source("10.4.16.0/20", 128, 5);
	fake_sources.searches = 0;
	for (limit = 0; limit <= 8192; limit += 64) {
		json_decref(prefixes(false, limit));
		json_decref(prefixes(true, limit));
	}
	/* Nor is its text made for each. */
	assert_int_equal(fake_control.parts, 1);
	ask_web();
	/* One for all, one for new ones, each again if this took 2 seconds. */
	assert_in_range(fake_sources.searches, 2, 4);
	document = prefixes(false, 2);
	assert_string_equal(
	    names(document, "ipv4"), "10.3.16.0/20 10.2.16.0/20 ");
	assert_int_equal(number(json_object_get(document, "ipv4"), "total"), 4);
	json_decref(document);
	document = prefixes(true, 1);
	assert_string_equal(names(document, "ipv4"), "10.3.16.0/20 ");
	json_decref(document);
	document = prefixes(false, 0);
	assert_string_equal(names(document, "ipv4"),
	    "10.3.16.0/20 10.2.16.0/20 10.1.16.0/20 10.4.16.0/20 ");
	json_decref(document);
}

/* What somebody has just done is to be seen. */
static void
what_is_kept_is_not_older_than_an_order(void **state)
{
	json_t *document;

	(void)state;
	start(SERVICE_WEB);
	fake_source("10.1.16.0/20", 256, 5);
	document = prefixes(false, 0);
	assert_int_equal(number(document, "blocked_total"), 0);
	json_decref(document);
	must_do("block", ATTACKER, 0, false);
	document = prefixes(false, 0);
	assert_int_equal(number(document, "blocked_total"), 1);
	assert_int_equal(
	    json_array_size(json_object_get(document, "blocked")), 1);
	json_decref(document);
	must_do("unblock", ATTACKER, 0, false);
	document = prefixes(false, 0);
	assert_int_equal(number(document, "blocked_total"), 0);
	assert_true(json_is_null(json_object_get(document, "baseline")));
	json_decref(document);
	json_decref(ask(json_pack("{s:s}", "command", "baseline")));
	document = prefixes(false, 0);
	assert_int_equal(
	    number(json_object_get(document, "baseline"), "ipv4"), 1);
	json_decref(document);
	document = prefixes(true, 0);
	assert_string_equal(names(document, "ipv4"), "");
	json_decref(document);
	fake_source("10.2.16.0/20", 256, 5);
	json_decref(ask(json_pack("{s:s}", "command", "baseline")));
	document = prefixes(true, 0);
	assert_int_equal(
	    number(json_object_get(document, "baseline"), "ipv4"), 2);
	json_decref(document);
}

static void
new_ones_are_active_and_not_in_the_baseline(void **state)
{
	json_t *reply;

	(void)state;
	start(SERVICE_WEB);
	reply = prefixes(true, 0);
	assert_non_null(
	    strstr(json_string_value(json_object_get(reply, "error")),
		"no baseline was saved"));
	json_decref(reply);
	fake_source("10.1.16.0/20", 256, 5);
	fake_source("2001:db8:5::/48", 256, 0);
	reply = ask(json_pack("{s:s}", "command", "baseline"));
	assert_true(is_true(reply, "ok"));
	assert_string_equal(
	    json_string_value(json_object_get(reply, "message")),
	    "saved 1 prefixes of IPv4 and 1 of IPv6");
	json_decref(reply);
	fake_source("10.2.16.0/20", 256, 61);
	fake_source("10.3.16.0/20", 256, 60);
	fake_source("2001:db8:6::/48", 256, 0);
	restart();
	reply = prefixes(true, 0);
	assert_string_equal(names(reply, "ipv4"), "10.3.16.0/20 ");
	assert_string_equal(names(reply, "ipv6"), "2001:db8:6::/48 ");
	assert_int_equal(number(json_object_get(reply, "ipv4"), "new"), 1);
	assert_int_equal(number(json_object_get(reply, "baseline"), "ipv4"), 1);
	json_decref(reply);
}

static void
a_baseline_that_can_not_be_saved_is_not_used(void **state)
{
	json_t *reply;

	(void)state;
	start(SERVICE_WEB);
	fake_source("10.1.16.0/20", 256, 5);
	fake_baseline_file.write_fails = true;
	reply = ask(json_pack("{s:s}", "command", "baseline"));
	assert_false(is_true(reply, "ok"));
	json_decref(reply);
	reply = prefixes(true, 0);
	assert_non_null(json_object_get(reply, "error"));
	json_decref(reply);
	reply = prefixes(false, 70000);
	assert_string_equal(json_string_value(json_object_get(reply, "error")),
	    "\"limit\" is not in the range 0 to 65536");
	json_decref(reply);
}

/* Else who may only look could keep the daemon from all else. */
static void
long_lists_come_one_at_a_time(void **state)
{
	json_t *reply;

	(void)state;
	start(SERVICE_WEB);
	fake_source("10.1.16.0/20", 256, 5);
	fake_sources.slow = 500; /* for ten seconds no other */
	reply = prefixes(false, 65536);
	assert_string_equal(names(reply, "ipv4"), "10.1.16.0/20 ");
	json_decref(reply);
	reply = prefixes(false, 65535);
	assert_non_null(json_object_get(reply, "error"));
	json_decref(reply);
	assert_int_equal(fake_sources.searches, 1);
	fake_sources.slow = 0;
	reply = prefixes(false, 8192);
	assert_string_equal(names(reply, "ipv4"), "10.1.16.0/20 ");
	json_decref(reply);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(prefixes_that_send_most_are_listed),
	    TEST(the_search_is_made_once_in_a_while),
	    TEST(whoever_asks_the_control_socket_shares_a_search),
	    TEST(what_is_kept_is_not_older_than_an_order),
	    TEST(long_lists_come_one_at_a_time),
	    TEST(new_ones_are_active_and_not_in_the_baseline),
	    TEST(a_baseline_that_can_not_be_saved_is_not_used),
	};

	return run_engine_tests(tests);
}
