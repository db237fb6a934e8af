/* SPDX-License-Identifier: ISC */

/*
 * What the control socket's commands "flows" and "explain" answer.
 */

#include "harness.h"

#include <netinet/in.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xmalloc.h"

#define DNS                                                               \
	"{\"name\": \"dns\", \"virtual\": \"" VIP6                        \
	"\", \"servers\": [\"2001:db8:1::1\"], \"policy\": {\"53/udp\": " \
	"{\"track\": false}}}"

static const char both[] = SERVICE_WEB "," DNS;

/* The reply to a request, with ' for ": a new reference. */
static json_t *
ask(const char *text)
{
	char *copy = xstrdup(text), *c;
	json_t *request, *reply;

	for (c = copy; (c = strchr(c, '\'')) != NULL; c++)
		*c = '"';
	request = json_loads(copy, 0, NULL);
	assert_non_null(request);
	reply = record.control(record.control_arg, request);
	assert_non_null(reply);
	json_decref(request);
	free(copy);
	return reply;
}

static void
assert_error(const char *request, const char *error)
{
	json_t *reply = ask(request);

	assert_string_equal(
	    json_string_value(json_object_get(reply, "error")), error);
	json_decref(reply);
}

static void
start_both(void)
{
	start(both);
	wait_for(record.control != NULL);
	wait_for(fake_state(WEB, A) == DESTINATION_UP &&
	    fake_state(WEB, B) == DESTINATION_UP);
}

/* Flow i is of client 198.51.i / 256.i % 256, to A or B in turn. */
static void
make_flows(size_t count)
{
	struct flow *f;
	size_t i;

	for (i = 0; i < count; i++) {
		f = &world.flows[i];
		*f = (struct flow){
		    .service = {.port = 80, .protocol = IPPROTO_TCP},
		    .client_port = (uint16_t)(1024 + i),
		    .state = i % 4 == 3 ? FLOW_CLOSED : FLOW_CONFIRMED,
		    .idle = 5,
		};
		addr_parse(VIP, &f->service.vip);
		addr_parse("198.51.0.0", &f->client);
		f->client.bytes[2] = (uint8_t)(i / 256);
		f->client.bytes[3] = (uint8_t)i;
		addr_parse(i % 2 == 0 ? A : B, &f->server);
	}
	world.flow_count = count;
}

static size_t
count_of(const char *request, json_int_t *next)
{
	json_t *reply = ask(request);
	size_t count = json_array_size(json_object_get(reply, "flows"));
	const json_t *cursor = json_object_get(reply, "next");

	assert_true(json_is_integer(cursor) || json_is_null(cursor));
	*next = json_is_integer(cursor) ? json_integer_value(cursor) : -1;
	json_decref(reply);
	return count;
}

static void
flows_come_in_pages(void **state)
{
	json_int_t next;
	json_t *reply, *flow, *expected;

	(void)state;
	start_both();
	assert_int_equal(count_of("{'command': 'flows'}", &next), 0);
	assert_int_equal(next, -1);
	make_flows(2001);
	assert_int_equal(count_of("{'command': 'flows'}", &next), 1000);
	assert_int_equal(next, 1000);
	assert_int_equal(
	    count_of("{'command': 'flows', 'cursor': 1000}", &next), 1000);
	assert_int_equal(next, 2000);
	assert_int_equal(
	    count_of("{'command': 'flows', 'cursor': 2000}", &next), 1);
	assert_int_equal(next, -1);
	assert_int_equal(
	    count_of("{'command': 'flows', 'limit': 5000000}", &next), 1000);
	reply = ask("{'command': 'flows', 'limit': 1, 'cursor': 2}");
	flow = json_array_get(json_object_get(reply, "flows"), 0);
	expected = json_pack("{s:s, s:s, s:i, s:s, s:s, s:i, s:i, s:b}",
	    "service", WEB, "client", "198.51.0.2", "port", 1026, "server", A,
	    "state", "confirmed", "age", 7, "idle", 5, "learnt", 1);
	assert_true(json_equal(flow, expected));
	assert_int_equal(json_integer_value(json_object_get(reply, "next")), 3);
	json_decref(expected);
	json_decref(reply);
}

static void
flows_are_filtered(void **state)
{
	static const struct {
		const char *filter;
		size_t count; /* of the first 1,500, which one reply is of */
	} cases[] = {
	    {"'client': '198.51.0.7'", 1},
	    {"'client': '198.51.1.0/24'", 256},
	    {"'client': '198.51.1.77/24'", 256},
	    {"'client': '2001:db8::/32'", 0},
	    {"'server': '" A "', 'client': '198.51.2.0/24'", 128},
	    {"'state': 'closed'", 375},
	    {"'state': 'confirmed', 'server': '" B "'", 375},
	    {"'service': 'web', 'client': '198.51.0.1'", 1},
	    {"'service': '" VIP "', 'client': '198.51.0.1'", 1},
	    {"'service': '" WEB "', 'client': '198.51.0.1'", 1},
	    {"'service': 'dns'", 0},
	};
	json_int_t next;
	char *request;
	size_t i;

	(void)state;
	start_both();
	make_flows(2000);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		request =
		    xasprintf("{'command': 'flows', %s}", cases[i].filter);
		assert_int_equal(count_of(request, &next), cases[i].count);
		assert_int_equal(next, 1500);
		free(request);
	}
}

static void
bad_filters_are_refused(void **state)
{
	(void)state;
	start_both();
	assert_error("{'command': 'flows', 'client': '198.51.0.0/33'}",
	    "198.51.0.0/33 is not an address or a prefix");
	assert_error(
	    "{'command': 'flows', 'server': 'web1'}", "web1 is not an address");
	assert_error("{'command': 'flows', 'state': 'embryonic'}",
	    "the state of a flow that is listed is confirmed or closed, not "
	    "embryonic");
	assert_error(
	    "{'command': 'flows', 'client': 7}", "\"client\" is not a string");
	assert_error("{'command': 'flows', 'state': ['closed']}",
	    "\"state\" is not a string");
	assert_error("{'command': 'flows', 'limit': '10'}",
	    "\"limit\" is not an integer");
	assert_error("{'command': 'flows', 'cursor': 1.5}",
	    "\"cursor\" is not an integer");
	assert_error("{'command': 'flows', 'service': 'nope'}",
	    "there is no service nope");
}

/* What is said about something; all of it, with "; " between. */
static void
assert_fact(const json_t *reply, const char *about, const char *expected)
{
	char *all = xstrdup(""), *longer;
	const json_t *fact;
	size_t i;

	json_array_foreach(json_object_get(reply, "facts"), i, fact) {
		if (strcmp(json_string_value(json_object_get(fact, "about")),
			about) != 0)
			continue;
		longer = xasprintf("%s%s%s", all, *all == '\0' ? "" : "; ",
		    json_string_value(json_object_get(fact, "text")));
		free(all);
		all = longer;
	}
	assert_string_equal(all, expected);
	free(all);
}

static void
assert_text(const json_t *reply, const char *key, const char *expected)
{
	const json_t *value = json_object_get(reply, key);

	if (expected == NULL)
		assert_true(value == NULL || json_is_null(value));
	else
		assert_string_equal(json_string_value(value), expected);
}

static void
assert_without(const json_t *reply, size_t i, const char *expected)
{
	const json_t *item =
	    json_array_get(json_object_get(reply, "without"), i);

	assert_text(item, "text", expected);
}

static void
a_packet_goes_by_its_slot(void **state)
{
	json_t *reply;

	(void)state;
	start_both();
	world.explanation = (struct dataplane_explanation){
	    .slot = 4711, .slots = 65537, .ways_used = 2};
	addr_parse(A, &world.explanation.chosen);
	reply = ask("{'command': 'explain', 'source': '198.51.100.7:4711', "
		    "'destination': '" VIP ":80'}");
	assert_text(reply, "action", "send");
	assert_text(reply, "by", "slot");
	assert_text(reply, "server", A);
	assert_text(reply, "slot_server", A);
	assert_text(reply, "service", WEB);
	assert_true(json_is_null(json_object_get(reply, "flow")));
	assert_int_equal(
	    json_integer_value(json_object_get(reply, "slot")), 4711);
	assert_fact(reply, "vip",
	    VIP " is a VIP, announced: its services have what they need");
	assert_fact(reply, "service", WEB ", web: maglev, 2 of 2 servers up");
	assert_fact(
	    reply, "flow", "none; of its bucket's 4 places, 2 are taken");
	assert_fact(reply, "slot", "4711 of 65537 is that of " A);
	assert_without(reply, 0, "if " A " went, a new flow would go to " B);
	assert_int_equal(json_array_size(json_object_get(reply, "without")), 1);
	json_decref(reply);
}

static void
a_packet_goes_by_its_flow(void **state)
{
	json_t *reply;

	(void)state;
	start_both();
	world.explanation = (struct dataplane_explanation){.slot = 1,
	    .slots = 251,
	    .found = true,
	    .flow = {.state = FLOW_CONFIRMED, .idle = 3},
	    .note = {.created = 312}};
	addr_parse(A, &world.explanation.chosen);
	addr_parse(B, &world.explanation.flow.server);
	reply = ask("{'command': 'explain', 'source': '198.51.100.7:4711', "
		    "'destination': '" VIP ":80', 'protocol': 'tcp'}");
	assert_text(reply, "by", "flow");
	assert_text(reply, "server", B);
	assert_text(reply, "slot_server", A);
	assert_fact(reply, "flow",
	    "confirmed, to " B ": made here 5m12s ago; its last packet was 3s "
	    "ago");
	assert_fact(reply, "slot",
	    "1 of 251 is that of " A ", which counts for new flows");
	assert_without(reply, 0,
	    "if " B " drained, the flow would stay; if it went down, packets "
	    "would go to " A);
	assert_without(reply, 1,
	    "if " A " went, a new flow would go to " B "; this one would "
	    "stay");
	json_decref(reply);
	world.explanation.note.learnt = true;
	world.explanation.flow.state = FLOW_CLOSED;
	reply = ask("{'command': 'explain', 'source': '198.51.100.7:4711', "
		    "'destination': '" VIP ":80', 'without': '" A "'}");
	assert_fact(reply, "flow",
	    "closed, to " B ": learnt from another instance 5m12s ago; its "
	    "last packet was 3s ago, elsewhere; a FIN or RST went by: a SYN "
	    "begins a new connection, by its slot");
	assert_int_equal(json_array_size(json_object_get(reply, "without")), 1);
	json_decref(reply);
}

static void
nobody_may_have_the_slot(void **state)
{
	json_t *reply;

	(void)state;
	start_both();
	world.explanation = (struct dataplane_explanation){.slots = 251};
	reply = ask("{'command': 'explain', 'source': '198.51.100.7:4711', "
		    "'destination': '" VIP ":80'}");
	assert_text(reply, "action", "drop");
	assert_text(reply, "server", NULL);
	assert_fact(reply, "slot",
	    "0 of 251 is nobody's: no server is up and has a weight");
	json_decref(reply);
}

static void
a_service_may_keep_no_flows(void **state)
{
	json_t *reply;

	(void)state;
	start_both();
	reply = ask("{'command': 'explain', 'source': '[2001:db8:9::7]:5353', "
		    "'destination': '[" VIP6 "]:53', 'protocol': 'udp'}");
	assert_fact(reply, "flow", "none is kept: \"track\" is false");
	assert_text(reply, "by", "slot");
	json_decref(reply);
}

static void
what_is_not_balanced_is_said(void **state)
{
	json_t *reply;

	(void)state;
	start_both();
	reply = ask("{'command': 'explain', 'source': '198.51.100.7:4711', "
		    "'destination': '192.0.2.99:80'}");
	assert_text(reply, "action", "pass");
	assert_fact(reply, "vip",
	    "192.0.2.99 is no VIP: packets for it are left to this host");
	json_decref(reply);
	reply = ask("{'command': 'explain', 'source': '198.51.100.7:4711', "
		    "'destination': '" VIP ":81'}");
	assert_text(reply, "action", "drop");
	assert_fact(reply, "service",
	    "there is none at " VIP ":81/tcp: \"unserved\" is \"drop\"");
	json_decref(reply);
}

static void
bad_questions_are_refused(void **state)
{
	(void)state;
	start_both();
	assert_error(
	    "{'command': 'explain'}", " is not ADDRESS:PORT or [IPV6]:PORT");
	assert_error("{'command': 'explain', 'source': '198.51.100.7', "
		     "'destination': '" VIP ":80'}",
	    "198.51.100.7 is not ADDRESS:PORT or [IPV6]:PORT");
	assert_error("{'command': 'explain', 'source': '198.51.100.7:1', "
		     "'destination': '" VIP ":0'}",
	    VIP ":0 is not ADDRESS:PORT or [IPV6]:PORT");
	assert_error("{'command': 'explain', 'source': '198.51.100.7:1', "
		     "'destination': '[" VIP6 "]:80'}",
	    "198.51.100.7:1 and [" VIP6 "]:80 are not of the same family");
	assert_error("{'command': 'explain', 'source': '198.51.100.7:1', "
		     "'destination': '" VIP ":80', 'protocol': 'sctp'}",
	    "sctp is not a protocol: tcp or udp");
	assert_error("{'command': 'explain', 'source': '198.51.100.7:1', "
		     "'destination': '" VIP ":80', 'without': 'x'}",
	    "x is not an address");
	assert_error("{'command': 'explain', 'source': '198.51.100.7:1', "
		     "'destination': '" VIP ":80', 'without': '10.9.9.9'}",
	    "10.9.9.9 is no server of that service");
	assert_error("{'command': 'explain', 'source': '198.51.100.7:1', "
		     "'destination': 80}",
	    "\"destination\" is not a string");
	assert_error("{'command': 'explain', 'source': '198.51.100.7:1', "
		     "'destination': '192.0.2.1:80', 'without': false}",
	    "\"without\" is not a string");
	assert_error("{'command': 'flow'}", "unknown command");
}

static void
only_what_a_command_knows_is_taken(void **state)
{
	static const struct {
		const char *request, *error;
	} cases[] = {
	    {"{'command': 'block', 'prefix': '203.0.113.4', 'seconds': -1}",
		"\"block\" takes no \"seconds\""},
	    {"{'command': 'block', 'prefix': '203.0.113.4', 'for': '1h'}",
		"\"for\" is not an integer"},
	    {"{'command': 'block', 'prefix': '203.0.113.4', 'force': 1}",
		"\"force\" is neither true nor false"},
	    {"{'command': 'unblock', 'prefix': '203.0.113.4', 'for': 5}",
		"\"unblock\" takes no \"for\""},
	    {"{'command': 'log', 'to': 'verbose'}", "\"log\" takes no \"to\""},
	    {"{'command': 'log', 'level': 7}", "\"level\" is not a string"},
	    {"{'command': 'monitor', 'log': 'yes'}",
		"\"log\" is neither true nor false"},
	    {"{'command': 'prefixes', 'new': 1}",
		"\"new\" is neither true nor false"},
	    {"{'command': 'reload', 'now': true}",
		"\"reload\" takes no \"now\""},
	    {"{'command': 'status', '\\u001b[31m': 1}",
		"\"status\" takes no \"\x1b[31m\""},
	};
	/* null is as good as nothing. */
	static const char *const nothings[] = {
	    "{'command': 'log', 'level': null}",
	    "{'command': 'history', 'subject': null, 'limit': null}",
	    "{'command': 'block', 'prefix': '192.0.2.0/24', 'for': null}",
	    "{'command': 'unblock', 'prefix': '192.0.2.0/24', 'force': null}",
	};
	size_t i;

	(void)state;
	start_both();
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_error(cases[i].request, cases[i].error);
	for (i = 0; i < sizeof(nothings) / sizeof(nothings[0]); i++) {
		json_t *reply = ask(nothings[i]);

		assert_null(json_object_get(reply, "error"));
		json_decref(reply);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    TEST(flows_come_in_pages),
	    TEST(flows_are_filtered),
	    TEST(bad_filters_are_refused),
	    TEST(a_packet_goes_by_its_slot),
	    TEST(a_packet_goes_by_its_flow),
	    TEST(nobody_may_have_the_slot),
	    TEST(a_service_may_keep_no_flows),
	    TEST(what_is_not_balanced_is_said),
	    TEST(bad_questions_are_refused),
	    TEST(only_what_a_command_knows_is_taken),
	};

	return run_engine_tests(tests);
}
