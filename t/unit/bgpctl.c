/* SPDX-License-Identifier: ISC */

/*
 * bgpctl's command lines and output, the latter as version 7.7 printed it.
 */

#include <sys/socket.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/xmalloc.h"
#include "core/bgpctl.h"

#define NETWORK(prefix, origin)                                               \
	"{\"prefix\": \"" prefix "\", \"priority\": 0, \"origin\": \"" origin \
	"\", \"used_by_nexthop\": false, \"blackhole\": false, "              \
	"\"reject\": false, \"nexthop\": \"0.0.0.0\"}"

#define FAILED "{\"status\": \"FAILED\", \"error\": \"no such neighbor\"}"

static const char networks[] =
    "{\"fib\": [" NETWORK("10.1.0.1/32", "unknown") "," NETWORK(
	"203.0.113.0/24", "static") "," NETWORK("203.0.113.7/32",
	"static") "," NETWORK("10.1.0.0/32x", "unknown") "," NETWORK("10.1.0.0",
	"unknown") "," NETWORK("2001:db8::1/128", "unknown") "]}";

static const char routes[] =
    "{\"rib\": [{\"prefix\": \"10.1.0.1/32\", \"aspath\": \"65001 65001\","
    "\"exit_nexthop\": \"0.0.0.0\", \"true_nexthop\": \"0.0.0.0\","
    "\"neighbor\": {\"description\": \"LOCAL\", \"remote_addr\": \"???\","
    "\"bgp_id\": \"10.9.0.1\"}, \"valid\": true, \"best\": true,"
    "\"source\": \"internal\", \"announced\": true, \"origin\": \"IGP\","
    "\"metric\": 50, \"localpref\": 200, \"weight\": 0, \"dmetric\": 5,"
    "\"last_update\": \"00:00:00\", \"last_update_sec\": 0,"
    "\"communities\": [\"65001:1\", \"NO_EXPORT\"],"
    "\"large_communities\": [\"65001:1:2\"]},"
    "{\"prefix\": \"2001:db8::1/128\", \"aspath\": \"\","
    "\"metric\": 0, \"localpref\": 100}]}";

static const char neighbours[] =
    "{\"neighbors\": [{\"remote_as\": \"4200000000\","
    "\"description\": \"rack 1\", \"remote_addr\": \"10.9.0.2\","
    "\"state\": \"Active\", \"last_updown\": \"Never\","
    "\"last_updown_sec\": -1, \"config\": {\"template\": false,"
    "\"holdtime\": 90}, \"last_error_sent\": \"HoldTimer expired\","
    "\"last_error_received\": \"Cease, administratively down\","
    "\"stats\": {\"prefixes\": {\"sent\": 0, \"received\": 0}}},"
    "{\"remote_as\": \"65001\", \"remote_addr\": \"fd09::2\","
    "\"bgpid\": \"10.9.0.2\", \"state\": \"Established\","
    "\"last_updown\": \"00:00:03\", \"last_updown_sec\": 3,"
    "\"config\": {\"holdtime\": 90}, \"session\": {\"holdtime\": 9},"
    "\"stats\": {\"prefixes\": {\"sent\": 12, \"received\": 34}}}]}";

static struct addr
address(const char *text)
{
	struct addr a;

	assert_int_equal(addr_parse(text, &a), 0);
	return a;
}

static void
assert_address(const struct addr *a, const char *text)
{
	char buf[ADDR_STRLEN];

	assert_string_equal(addr_format(a, buf), text);
}

/* The command line in one string. */
static void
assert_argv(enum bgpctl_command command, const struct conf_bgp_attributes *bgp,
    const char *expect)
{
	char **argv = bgpctl_argv("/usr/sbin/bgpctl", "/s", command, bgp);
	char line[1024] = "";
	size_t i;

	for (i = 0; argv[i] != NULL; i++) {
		strcat(line, i > 0 ? " " : "");
		strcat(line, argv[i]);
	}
	assert_string_equal(line, expect);
	bgpctl_argv_free(argv);
}

static void
commands_have_the_words_that_bgpctl_takes(void **state)
{
	char *communities[] = {
	    (char[]){"65001:1"}, (char[]){"no_export"}, (char[]){"65001:1:2"}};
	struct conf_bgp_attributes none = {.med = -1, .local_pref = -1};
	struct conf_bgp_attributes zero = {0};
	struct conf_bgp_attributes all = {.communities = communities,
	    .community_count = 3,
	    .med = 4294967295,
	    .local_pref = 200,
	    .prepend = 2};

	(void)state;
	assert_argv(
	    BGPCTL_NETWORKS, NULL, "/usr/sbin/bgpctl -s /s -j network show");
	assert_argv(BGPCTL_ROUTES, NULL,
	    "/usr/sbin/bgpctl -s /s -j show rib detail neighbor LOCAL");
	assert_argv(
	    BGPCTL_NEIGHBOURS, NULL, "/usr/sbin/bgpctl -s /s -j show neighbor");
	assert_argv(
	    BGPCTL_DELETE, NULL, "/usr/sbin/bgpctl -s /s network bulk delete");
	assert_argv(
	    BGPCTL_ADD, NULL, "/usr/sbin/bgpctl -s /s network bulk add");
	assert_argv(
	    BGPCTL_ADD, &none, "/usr/sbin/bgpctl -s /s network bulk add");
	assert_argv(BGPCTL_ADD, &zero,
	    "/usr/sbin/bgpctl -s /s network bulk med 0 localpref 0 add");
	assert_argv(BGPCTL_ADD, &all,
	    "/usr/sbin/bgpctl -s /s network bulk community 65001:1 "
	    "community no_export large-community 65001:1:2 "
	    "med 4294967295 localpref 200 prepend-self 2 add");
	bgpctl_argv_free(NULL);
}

static void
input_is_a_prefix_a_line(void **state)
{
	struct addr list[] = {address("192.0.2.1"),
	    address("2001:db8:1111:2222:3333:4444:5555:6666")};
	char *text = bgpctl_input(list, 2);

	(void)state;
	assert_string_equal(
	    text, "192.0.2.1/32\n2001:db8:1111:2222:3333:4444:5555:6666/128\n");
	free(text);
	text = bgpctl_input(NULL, 0);
	assert_string_equal(text, "");
	free(text);
}

static void
networks_are_read(void **state)
{
	struct bgpctl_network *list;
	char error[BGPCTL_ERROR_LEN];
	size_t count;

	(void)state;
	assert_int_equal(bgpctl_parse_networks(
			     networks, strlen(networks), &list, &count, error),
	    0);
	assert_int_equal(count, 3);
	assert_address(&list[0].address, "10.1.0.1");
	assert_false(list[0].configured);
	assert_address(&list[1].address, "203.0.113.7");
	assert_true(list[1].configured);
	assert_address(&list[2].address, "2001:db8::1");
	assert_false(list[2].configured);
	free(list);
	assert_int_equal(
	    bgpctl_parse_networks("{\n\n}\n", 5, &list, &count, error), 0);
	assert_int_equal(count, 0);
	free(list);
}

static void
assert_refused(const char *text, const char *expect)
{
	struct bgpctl_network *list;
	char error[BGPCTL_ERROR_LEN];
	size_t count;

	assert_int_equal(
	    bgpctl_parse_networks(text, strlen(text), &list, &count, error),
	    -1);
	assert_non_null(strstr(error, expect));
	assert_int_equal(count, 0);
	free(list);
}

static void
garbage_is_refused_with_a_reason(void **state)
{
	(void)state;
	assert_refused("", "not JSON, line ");
	assert_refused("{\"fib\": [", "not JSON, line 1: ");
	assert_refused("\xff\xfe", "not JSON");
	assert_refused("[]", "no list \"fib\"");
	assert_refused("{\"fib\": 1}", "no list \"fib\"");
	assert_refused("{\"rib\": []}", "no list \"fib\"");
	assert_refused(
	    "{\"status\": \"FAILED\", \"error\": \"denied\"}", "denied");
	assert_refused("{\"status\": \"FAILED\"}", "no reason given");
}

static void
members_of_the_wrong_type_count_as_absent(void **state)
{
	static const char text[] =
	    "{\"rib\": [1, null, {\"prefix\": 7}, {\"prefix\": \"/32\"},"
	    "{\"prefix\": \"1.2.3.4/32\", \"metric\": \"x\", \"aspath\": [],"
	    "\"communities\": [1, {}], \"large_communities\": 5}]}";
	struct bgpctl_route *list;
	char error[BGPCTL_ERROR_LEN];
	size_t count;

	(void)state;
	assert_int_equal(
	    bgpctl_parse_routes(text, strlen(text), &list, &count, error), 0);
	assert_int_equal(count, 1);
	assert_int_equal(list[0].attributes.community_count, 0);
	assert_int_equal(list[0].attributes.med, 0);
	assert_int_equal(list[0].attributes.local_pref, 100);
	bgpctl_routes_free(list, count);
}

static void
a_path_with_as_0_is_never_right(void **state)
{
	static const char text[] =
	    "{\"rib\": [{\"prefix\": \"10.1.0.1/32\", \"aspath\": \"0 0\"},"
	    "{\"prefix\": \"10.1.0.2/32\", \"aspath\": \"10 20\"}]}";
	struct conf_bgp_attributes wanted = {
	    .med = -1, .local_pref = -1, .prepend = 2};
	struct bgpctl_route *list;
	char error[BGPCTL_ERROR_LEN];
	size_t count;

	(void)state;
	assert_int_equal(
	    bgpctl_parse_routes(text, strlen(text), &list, &count, error), 0);
	assert_int_equal(count, 2);
	assert_false(bgpctl_attributes_match(&wanted, &list[0].attributes));
	assert_true(bgpctl_attributes_match(&wanted, &list[1].attributes));
	bgpctl_routes_free(list, count);
}

static void
routes_are_read_with_their_attributes(void **state)
{
	struct bgpctl_route *list;
	const struct conf_bgp_attributes *bgp;
	char error[BGPCTL_ERROR_LEN];
	size_t count;

	(void)state;
	assert_int_equal(
	    bgpctl_parse_routes(routes, strlen(routes), &list, &count, error),
	    0);
	assert_int_equal(count, 2);
	assert_address(&list[0].address, "10.1.0.1");
	bgp = &list[0].attributes;
	assert_int_equal(bgp->community_count, 3);
	assert_string_equal(bgp->communities[1], "NO_EXPORT");
	assert_string_equal(bgp->communities[2], "65001:1:2");
	assert_int_equal(bgp->med, 50);
	assert_int_equal(bgp->local_pref, 200);
	assert_int_equal(bgp->prepend, 2);
	bgp = &list[1].attributes;
	assert_int_equal(bgp->community_count, 0);
	assert_int_equal(bgp->med, 0);
	assert_int_equal(bgp->local_pref, 100);
	assert_int_equal(bgp->prepend, 0);
	bgpctl_routes_free(list, count);
}

static void
neighbours_are_read(void **state)
{
	struct bgp_neighbour *list;
	char error[BGPCTL_ERROR_LEN];
	size_t count;

	(void)state;
	assert_int_equal(bgpctl_parse_neighbours(neighbours, strlen(neighbours),
			     &list, &count, error),
	    0);
	assert_int_equal(count, 2);
	assert_string_equal(list[0].address, "10.9.0.2");
	assert_string_equal(list[0].description, "rack 1");
	assert_string_equal(list[0].state, "Active");
	assert_true(list[0].as == 4200000000);
	assert_int_equal(list[0].uptime, 0);
	assert_string_equal(
	    list[0].error, "received: Cease, administratively down");
	assert_int_equal(list[0].hold_time, 90);
	assert_string_equal(list[1].address, "fd09::2");
	assert_string_equal(list[1].description, "");
	assert_string_equal(list[1].error, "");
	assert_int_equal(list[1].hold_time, 9);
	assert_int_equal(list[1].uptime, 3);
	assert_int_equal(list[1].received, 34);
	assert_int_equal(list[1].announced, 12);
	bgpctl_neighbours_free(list, count);
}

/* A bgpd without neighbours has none to show, and shows no routes either. */
static void
no_neighbours_is_no_error(void **state)
{
	struct bgp_neighbour *list;
	struct bgpctl_route *rib;
	char error[BGPCTL_ERROR_LEN];
	size_t count;

	(void)state;
	assert_int_equal(bgpctl_parse_neighbours(
			     FAILED, strlen(FAILED), &list, &count, error),
	    0);
	assert_int_equal(count, 0);
	bgpctl_neighbours_free(list, count);
	assert_int_equal(
	    bgpctl_parse_routes(FAILED, strlen(FAILED), &rib, &count, error),
	    0);
	assert_int_equal(count, 0);
	assert_null(rib);
}

static void
assert_match(bool expect, char *wanted, char *shown)
{
	struct conf_bgp_attributes a = {&wanted, 1, -1, -1, 0};
	struct conf_bgp_attributes b = {&shown, 1, 0, 100, 0};

	assert_int_equal(bgpctl_attributes_match(&a, &b), expect);
}

static void
communities_match_by_value(void **state)
{
	static const struct {
		const char *wanted, *shown;
		bool match;
	} cases[] = {
	    {"65001:1", "65001:1", true}, {"65001:1", "65001:2", false},
	    {"65001:1", "65001:1:0", false}, {"65001:1:0", "65001:1", false},
	    {"65535:65281", "NO_EXPORT", true},
	    {"no_export", "NO_EXPORT", true},
	    {"65535:0", "GRACEFUL_SHUTDOWN", true},
	    {"BLACKHOLE", "65535:666", true},
	    {"NO_ADVERTISE", "NO_EXPORT", false},
	    {"00065001:01", "65001:1", true},
	    {"4294967295:0:1", "4294967295:0:1", true},
	    {"neighbor-as:1", "65001:1", true}, /* can't be told */
	};
	char wanted[32], shown[32];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(wanted, sizeof(wanted), "%s", cases[i].wanted);
		snprintf(shown, sizeof(shown), "%s", cases[i].shown);
		assert_match(cases[i].match, wanted, shown);
	}
}

static void
attributes_match_whatever_their_order(void **state)
{
	char *list[] = {
	    (char[]){"65001:2"}, (char[]){"65001:1"}, (char[]){"65001:2"}};
	char *other[] = {(char[]){"65001:1"}, (char[]){"65001:2"}};
	struct conf_bgp_attributes wanted = {list, 3, -1, -1, 0};
	struct conf_bgp_attributes shown = {other, 2, 0, 100, 0};

	(void)state;
	assert_true(bgpctl_attributes_match(&wanted, &shown));
	shown.community_count = 1;
	assert_false(bgpctl_attributes_match(&wanted, &shown));
	wanted.community_count = 0;
	assert_false(bgpctl_attributes_match(&wanted, &shown));
	shown.community_count = 0;
	wanted.med = 7;
	assert_false(bgpctl_attributes_match(&wanted, &shown));
	shown.med = 7;
	wanted.local_pref = 0;
	assert_false(bgpctl_attributes_match(&wanted, &shown));
	shown.local_pref = 0;
	wanted.prepend = 1;
	assert_false(bgpctl_attributes_match(&wanted, &shown));
	shown.prepend = 1;
	assert_true(bgpctl_attributes_match(&wanted, &shown));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(commands_have_the_words_that_bgpctl_takes),
	    cmocka_unit_test(input_is_a_prefix_a_line),
	    cmocka_unit_test(networks_are_read),
	    cmocka_unit_test(garbage_is_refused_with_a_reason),
	    cmocka_unit_test(members_of_the_wrong_type_count_as_absent),
	    cmocka_unit_test(a_path_with_as_0_is_never_right),
	    cmocka_unit_test(routes_are_read_with_their_attributes),
	    cmocka_unit_test(neighbours_are_read),
	    cmocka_unit_test(no_neighbours_is_no_error),
	    cmocka_unit_test(communities_match_by_value),
	    cmocka_unit_test(attributes_match_whatever_their_order),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("bgpctl", tests, NULL, NULL);
}
