/* SPDX-License-Identifier: ISC */

/*
 * Fragments: the later ones follow the first, in every kind of delivery, and
 * nothing else.
 */

#include <string.h>

#include <linux/bpf.h>

#include "cases.h"

#define ID 0x4711

/* The parts of a packet. */
enum part {
	FIRST,
	MIDDLE,
	LAST,
};

static struct frame_spec
part_spec(bool ipv6, uint8_t protocol, enum part part)
{
	static const uint16_t words4[] = {
	    MORE_FRAGMENTS, MORE_FRAGMENTS | 20, 40};
	static const uint16_t words6[] = {1, 160 | 1, 320};
	struct frame_spec spec = {
	    .ipv6 = ipv6,
	    .protocol = protocol,
	    .port = protocol == UDP ? 53 : 80,
	    .id = ID,
	    .payload = 140,
	};

	spec.fragment = ipv6 ? words6[part] : words4[part];
	spec.extensions = ipv6 ? "f" : NULL;
	return spec;
}

static void
send_part(struct fixture *fixture, const struct frame_spec *spec,
    uint32_t destination)
{
	struct frame frame;

	frame_make(&frame, spec);
	case_send(fixture, &frame, destination);
}

static void
drop_part(struct fixture *fixture, const struct frame_spec *spec,
    enum vc5_drop reason)
{
	uint64_t drops = fixture_drops(fixture, reason);
	uint64_t dropped = fixture_dropped(fixture);
	struct frame frame, expected;

	frame_make(&frame, spec);
	expected = frame;
	assert_int_equal(fixture_run(fixture, &frame), XDP_DROP);
	assert_frames(&frame, &expected);
	assert_int_equal(fixture_drops(fixture, reason), drops + 1);
	assert_int_equal(fixture_dropped(fixture), dropped + 1);
}

struct fragment_case {
	const char *name;
	bool ipv6;
	uint8_t protocol;
	struct fixture_delivery delivery;
	bool tagged;
};

/* Later fragments go where the first went, whatever the table says by then. */
static const struct fragment_case cases[] = {
    {"TCP", false, TCP, {0}, false},
    {"UDP", false, UDP, {0}, false},
    {"TCP, tagged", false, TCP, {.vlan = VC5_TAGGED | 20}, true},
    {"UDP, pushed", false, UDP, {.vlan = VC5_TAGGED | 20}, false},
    {"UDP, popped", false, UDP, {0}, true},
    {"UDP, by another interface", false, UDP, {.elsewhere = true}, false},
    {"IPv6 TCP", true, TCP, {0}, false},
    {"IPv6 UDP", true, UDP, {0}, false},
    {"IPv6 UDP, tagged", true, UDP, {.vlan = VC5_TAGGED | 20}, true},
    {"UDP, ipip", false, UDP, {.kind = VC5_IPIP}, false},
    {"UDP, ipip over IPv6", false, UDP, {.kind = VC5_IPIP, .ipv6 = true},
	false},
    {"IPv6 UDP, ipip", true, UDP, {.kind = VC5_IPIP}, false},
    {"IPv6 UDP, ipip over IPv6", true, UDP, {.kind = VC5_IPIP, .ipv6 = true},
	false},
    {"TCP, gre", false, TCP, {.kind = VC5_GRE}, false},
    {"IPv6 TCP, gre over IPv6, tagged", true, TCP,
	{.kind = VC5_GRE, .ipv6 = true, .vlan = VC5_TAGGED | 5}, true},
    {"UDP, fou", false, UDP, {.kind = VC5_FOU}, false},
    {"UDP, fou with checksum: none", false, UDP,
	{.kind = VC5_FOU, .checksum = true}, false},
    {"UDP, fou over IPv6 with checksum", false, UDP,
	{.kind = VC5_FOU, .checksum = true, .ipv6 = true}, false},
    {"TCP, gue with checksum: none", false, TCP,
	{.kind = VC5_GUE, .checksum = true}, false},
    {"TCP, gue over IPv6 with checksum", false, TCP,
	{.kind = VC5_GUE, .checksum = true, .ipv6 = true}, false},
    {"IPv6 UDP, gue over IPv6 with checksum", true, UDP,
	{.kind = VC5_GUE, .checksum = true, .ipv6 = true}, false},
    {"IPv6 TCP, gue", true, TCP, {.kind = VC5_GUE}, false},
    {"UDP, dscp", false, UDP, {.kind = VC5_DSCP, .code_point = 10}, false},
    {"TCP, dscp", false, TCP, {.kind = VC5_DSCP, .code_point = 10}, false},
    {"IPv6 UDP, dscp", true, UDP,
	{.kind = VC5_DSCP, .ipv6 = true, .code_point = 10}, false},
    {"IPv6 TCP, dscp", true, TCP,
	{.kind = VC5_DSCP, .ipv6 = true, .code_point = 10}, false},
    {"ipip with a source prefix", false, UDP,
	{.kind = VC5_IPIP, .source_length = 16}, false},
};

/* Of the outer headers: where a flow's own bits are, if there are any. */
static void
outer_bits(const struct frame *frame, uint8_t bits[64])
{
	memcpy(bits, frame->bytes + 26, 4);
	memcpy(bits + 4, frame->bytes + 14, 4);
}

static void
test_follow(void **state)
{
	struct fixture *fixture = *state;
	const struct fragment_case *row = fixture->row;
	struct frame_spec spec = part_spec(row->ipv6, row->protocol, FIRST);
	uint32_t destination = fixture_destination(&spec);
	uint32_t service = fixture->destinations[destination].service;
	uint8_t first[64] = {0}, other[64] = {0};
	struct frame frame;
	enum part part;

	fixture_deliver(fixture, destination, &row->delivery);
	for (part = FIRST; part <= LAST; part++) {
		spec = part_spec(row->ipv6, row->protocol, part);
		spec.tagged = row->tagged;
		spec.tci = 0xe00a;
		frame_make(&frame, &spec);
		outer_bits(case_send(fixture, &frame, destination), other);
		if (part == FIRST)
			memcpy(first, other, sizeof(first));
		if (row->delivery.kind == VC5_IPIP)
			assert_memory_equal(first, other, sizeof(first));
		/* Nobody is there for new flows. */
		fixture_table(fixture, service, 0);
	}
	assert_int_equal(fixture_counters(fixture, destination).packets, 3);
	assert_int_equal(fixture_dropped(fixture), 0);
	assert_int_equal(fixture_flow_count(fixture), 1);
}

/* Each part of the key matters: source, VIP, id and protocol. */
static void
test_strangers(void **state)
{
	struct fixture *fixture = *state;
	struct frame_spec spec;
	int ipv6;

	for (ipv6 = 0; ipv6 < 2; ipv6++) {
		spec = part_spec(ipv6, UDP, FIRST);
		send_part(fixture, &spec, ipv6 ? 14 : 7);
		spec = part_spec(ipv6, UDP, MIDDLE);
		spec.id++;
		drop_part(fixture, &spec, VC5_DROP_FRAGMENT);
		spec = part_spec(ipv6, UDP, MIDDLE);
		spec.client = ipv6 ? CLIENT6 + 1 : CLIENT + 1;
		drop_part(fixture, &spec, VC5_DROP_FRAGMENT);
		spec = part_spec(ipv6, TCP, MIDDLE);
		drop_part(fixture, &spec, VC5_DROP_FRAGMENT);
		spec = part_spec(ipv6, UDP, LAST);
		send_part(fixture, &spec, ipv6 ? 14 : 7);
	}
}

/* A later fragment of another address is nobody's business. */
static void
test_not_for_vip(void **state)
{
	struct frame frame, expected;
	struct frame_spec spec;
	int ipv6;

	for (ipv6 = 0; ipv6 < 2; ipv6++) {
		spec = part_spec(ipv6, UDP, MIDDLE);
		spec.vip = ipv6 ? 77 : VIP + 77;
		frame_make(&frame, &spec);
		expected = frame;
		assert_int_equal(fixture_run(*state, &frame), XDP_PASS);
		assert_frames(&frame, &expected);
	}
}

/* The last one overtook the first. */
static void
test_reordered(void **state)
{
	struct frame_spec first, last;
	int ipv6;

	for (ipv6 = 0; ipv6 < 2; ipv6++) {
		first = part_spec(ipv6, UDP, FIRST);
		last = part_spec(ipv6, UDP, LAST);
		drop_part(*state, &last, VC5_DROP_FRAGMENT);
		send_part(*state, &first, ipv6 ? 14 : 7);
		send_part(*state, &last, ipv6 ? 14 : 7);
	}
}

/* What follows the fragment header is no part of the key. */
static void
test_headers_behind(void **state)
{
	struct frame_spec spec = part_spec(true, UDP, FIRST);

	spec.extensions = "hfd";
	send_part(*state, &spec, 14);
	spec = part_spec(true, UDP, LAST);
	spec.extensions = "hf";
	/* What it says is in the packet: destination options. */
	spec.protocol = 60;
	send_part(*state, &spec, 14);
}

static void
test_unserved(void **state)
{
	struct frame_spec spec = part_spec(false, UDP, FIRST);

	spec.port = 54;
	drop_part(*state, &spec, VC5_DROP_UNSERVED);
	spec = part_spec(false, UDP, LAST);
	drop_part(*state, &spec, VC5_DROP_FRAGMENT);
}

/* The destination went down, or was given to another server. */
static void
test_destination_gone(void **state)
{
	struct fixture *fixture = *state;
	struct frame_spec first = part_spec(false, UDP, FIRST);
	struct frame_spec last = part_spec(false, UDP, LAST);

	send_part(fixture, &first, 7);
	fixture->destinations[7].state = VC5_DOWN;
	drop_part(fixture, &last, VC5_DROP_NO_DESTINATION);
	fixture->destinations[7].state = VC5_DRAINING;
	send_part(fixture, &last, 7);
	fixture->destinations[7].generation++;
	drop_part(fixture, &last, VC5_DROP_NO_DESTINATION);
}

/* A first fragment whose flow has an entry follows that. */
static void
test_flow_first(void **state)
{
	struct fixture *fixture = *state;
	struct frame_spec spec = part_spec(false, TCP, FIRST);

	assert_int_equal(fixture_tcp(fixture, 40000, SYN), 1);
	assert_int_equal(fixture_tcp(fixture, 40000, ACK), 1);
	fixture_table(fixture, HTTP, 2);
	spec.flags = ACK;
	send_part(fixture, &spec, 1);
	spec = part_spec(false, TCP, LAST);
	send_part(fixture, &spec, 1);
}

/* Errors are never about a fragment that is not the first: RFC 1122, 3.2.2. */
static void
test_no_answers(void **state)
{
	struct fixture *fixture = *state;
	struct frame_spec spec;
	int ipv6;

	for (ipv6 = 0; ipv6 < 2; ipv6++) {
		spec = part_spec(ipv6, UDP, FIRST);
		send_part(fixture, &spec, ipv6 ? 14 : 7);
		spec = part_spec(ipv6, UDP, LAST);
		spec.ttl = 1;
		drop_part(fixture, &spec, VC5_DROP_TTL);
		spec.ttl = 0;
		spec.payload = 1490;
		drop_part(fixture, &spec, VC5_DROP_TOO_BIG);
	}
	assert_int_equal(fixture_answers(fixture, VC5_ANSWER_TTL), 0);
	assert_int_equal(fixture_answers(fixture, VC5_ANSWER_TOO_BIG), 0);
}

/* Remembered for VC5_FRAGMENT_SECONDS, and no longer. */
static void
test_age(void **state)
{
	struct frame_spec first = part_spec(false, UDP, FIRST);
	struct frame_spec last = part_spec(false, UDP, LAST);

	send_part(*state, &first, 7);
	/* Far from the limit: a busy machine may be slow. */
	fixture_fragments_age(*state, VC5_FRAGMENT_SECONDS / 2);
	send_part(*state, &last, 7);
	fixture_fragments_age(*state, VC5_FRAGMENT_SECONDS / 2 + 1);
	drop_part(*state, &last, VC5_DROP_FRAGMENT);
}

/* A packet of one fragment: RFC 6946. */
static void
test_atomic(void **state)
{
	struct frame_spec spec = part_spec(true, UDP, FIRST);
	struct frame_spec last = part_spec(true, UDP, LAST);

	spec.fragment = 0;
	send_part(*state, &spec, 14);
	drop_part(*state, &last, VC5_DROP_FRAGMENT);
}

/* Too short for ports: RFC 1858, section 3. */
static void
test_tiny(void **state)
{
	static const struct packet_case rows[] = {
	    {"IPv4", {.fragment = MORE_FRAGMENTS}, DROPPED(VC5_DROP_MALFORMED),
		PATCH(AT(3, 28))},
	    {"IPv6",
		{.ipv6 = true, .extensions = "f", .fragment = MORE_FRAGMENTS6},
		DROPPED(VC5_DROP_MALFORMED), PATCH(AT(5, 16))},
	};
	struct fixture *fixture = *state;
	size_t i;

	for (i = 0; i < COUNT(rows); i++) {
		memset(fixture->others[3], 0,
		    sizeof(struct vc5_drop_counters) * fixture->cpus);
		case_run(fixture, &rows[i]);
	}
}

static const struct CMUnitTest others[] = {
    cmocka_unit_test(test_strangers),
    cmocka_unit_test(test_not_for_vip),
    cmocka_unit_test(test_reordered),
    cmocka_unit_test(test_headers_behind),
    cmocka_unit_test(test_unserved),
    cmocka_unit_test(test_destination_gone),
    cmocka_unit_test(test_flow_first),
    cmocka_unit_test(test_no_answers),
    cmocka_unit_test(test_age),
    cmocka_unit_test(test_atomic),
    cmocka_unit_test(test_tiny),
};

int
main(void)
{
	struct CMUnitTest tests[COUNT(cases) + COUNT(others)];
	size_t i;

	memset(tests, 0, sizeof(tests));
	for (i = 0; i < COUNT(cases); i++) {
		tests[i].name = cases[i].name;
		tests[i].test_func = test_follow;
		tests[i].initial_state = (void *)(uintptr_t)&cases[i];
	}
	memcpy(tests + i, others, sizeof(others));
	return cases_main("fragments", NULL, 0, tests, COUNT(tests));
}
