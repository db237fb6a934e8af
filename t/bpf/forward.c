/* SPDX-License-Identifier: ISC */

/*
 * One packet at a time: what is sent, passed and dropped, byte for byte.
 */

#include <string.h>

#include <linux/bpf.h>

#include "fixture.h"

#define NO_DROP	 VC5_DROPS
#define OTHER	 0xc0000263 /* an address that is no VIP */
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* A byte of the frame to change after it was made. */
struct patch {
	uint16_t offset; /* from the IP header on; 0 = none */
	uint8_t value;
};

struct forward_case {
	const char *name;
	struct frame_spec spec;
	struct patch patches[2];
	int verdict;
	enum vc5_drop reason;
};

#define AT_TOTAL    2
#define AT_FRAGMENT 6
#define AT_TTL	    8
#define AT_PROTOCOL 9

static const struct forward_case cases[] = {
    /* what is sent */
    {"SYN", {.flags = SYN}, {{0}}, XDP_TX, NO_DROP},
    {"SYN with payload", {.payload = 100}, {{0}}, XDP_TX, NO_DROP},
    {"stray ACK", {.flags = ACK}, {{0}}, XDP_TX, NO_DROP},
    {"stray RST", {.flags = RST}, {{0}}, XDP_TX, NO_DROP},
    {"stray FIN", {.flags = FIN | ACK}, {{0}}, XDP_TX, NO_DROP},
    {"SYN and RST together", {.flags = SYN | RST}, {{0}}, XDP_TX, NO_DROP},
    {"all flags", {.flags = 0xff}, {{0}}, XDP_TX, NO_DROP},
    {"no flags", {.flags = 0x80}, {{0}}, XDP_TX, NO_DROP},
    {"don't fragment", {.fragment = DONT_FRAGMENT}, {{0}}, XDP_TX, NO_DROP},
    {"the reserved bit of a header", {.fragment = 0x8000}, {{0}}, XDP_TX,
	NO_DROP},
    {"4 bytes of options", {.options = 4}, {{0}}, XDP_TX, NO_DROP},
    {"20 bytes of options", {.options = 20, .payload = 33}, {{0}}, XDP_TX,
	NO_DROP},
    {"40 bytes of options", {.options = 40, .payload = 7}, {{0}}, XDP_TX,
	NO_DROP},
    {"Ethernet padding", {.padding = 6}, {{0}}, XDP_TX, NO_DROP},
    {"more padding than packet", {.padding = 200}, {{0}}, XDP_TX, NO_DROP},
    {"TTL 2", {.ttl = 2}, {{0}}, XDP_TX, NO_DROP},
    {"TTL 255", {.ttl = 255}, {{0}}, XDP_TX, NO_DROP},
    {"UDP", {.protocol = 17, .port = 53, .payload = 40}, {{0}}, XDP_TX,
	NO_DROP},
    {"UDP without payload", {.protocol = 17, .port = 53}, {{0}}, XDP_TX,
	NO_DROP},
    {"UDP with options", {.protocol = 17, .port = 53, .options = 8}, {{0}},
	XDP_TX, NO_DROP},
    /* what is somebody else's */
    {"not for a VIP", {.vip = OTHER}, {{0}}, XDP_PASS, NO_DROP},
    {"a fragment, not for a VIP", {.vip = OTHER, .fragment = 7}, {{0}},
	XDP_PASS, NO_DROP},
    {"TTL 1, not for a VIP", {.vip = OTHER, .ttl = 1}, {{0}}, XDP_PASS,
	NO_DROP},
    {"malformed, not for a VIP", {.vip = OTHER}, {{AT_TOTAL, 0xff}}, XDP_PASS,
	NO_DROP},
    {"ICMP", {.protocol = 1}, {{0}}, XDP_PASS, NO_DROP},
    {"another protocol", {.protocol = 132}, {{0}}, XDP_PASS, NO_DROP},
    {"a fragment of ICMP", {.protocol = 1, .fragment = MORE_FRAGMENTS}, {{0}},
	XDP_PASS, NO_DROP},
    {"from a VIP, not for one", {.client = VIP, .vip = OTHER, .flags = ACK},
	{{0}}, XDP_PASS, NO_DROP},
    {"a VIP's fragment, not for one",
	{.client = VIP, .vip = OTHER, .fragment = MORE_FRAGMENTS}, {{0}},
	XDP_PASS, NO_DROP},
    {"a VIP's ICMP, not for one", {.client = VIP, .vip = OTHER, .protocol = 1},
	{{0}}, XDP_PASS, NO_DROP},
    {"from a VIP to itself", {.client = VIP}, {{0}}, XDP_TX, NO_DROP},
    /* what is dropped */
    {"first fragment", {.fragment = MORE_FRAGMENTS}, {{0}}, XDP_TX, NO_DROP},
    {"middle fragment", {.fragment = MORE_FRAGMENTS | 100}, {{0}}, XDP_DROP,
	VC5_DROP_FRAGMENT},
    {"last fragment", {.fragment = 1}, {{0}}, XDP_DROP, VC5_DROP_FRAGMENT},
    {"fragment far behind", {.fragment = 0x1000}, {{0}}, XDP_DROP,
	VC5_DROP_FRAGMENT},
    {"fragment of UDP",
	{.protocol = 17, .port = 53, .fragment = MORE_FRAGMENTS}, {{0}}, XDP_TX,
	NO_DROP},
    {"unserved port", {.port = 81}, {{0}}, XDP_DROP, VC5_DROP_UNSERVED},
    {"served port of another protocol", {.protocol = 17}, {{0}}, XDP_DROP,
	VC5_DROP_UNSERVED},
    {"total length beyond the frame", {0}, {{AT_TOTAL + 1, 41}}, XDP_DROP,
	VC5_DROP_MALFORMED},
    {"total length of 65535", {0}, {{AT_TOTAL, 0xff}, {AT_TOTAL + 1, 0xff}},
	XDP_DROP, VC5_DROP_MALFORMED},
    {"total length 0", {0}, {{AT_TOTAL + 1, 0}}, XDP_DROP, VC5_DROP_MALFORMED},
    {"total length below the header's", {0}, {{AT_TOTAL + 1, 19}}, XDP_DROP,
	VC5_DROP_MALFORMED},
    {"total length without a TCP header", {0}, {{AT_TOTAL + 1, 39}}, XDP_DROP,
	VC5_DROP_MALFORMED},
    {"total length without a UDP header", {.protocol = 17, .port = 53},
	{{AT_TOTAL + 1, 27}}, XDP_DROP, VC5_DROP_MALFORMED},
    {"total length ends in the options", {.options = 12}, {{AT_TOTAL + 1, 31}},
	XDP_DROP, VC5_DROP_MALFORMED},
    {"TCP header in the padding", {.padding = 40}, {{AT_TOTAL + 1, 20}},
	XDP_DROP, VC5_DROP_MALFORMED},
    {"malformed ICMP", {.protocol = 1}, {{AT_TOTAL, 0xff}}, XDP_DROP,
	VC5_DROP_MALFORMED},
};

static uint32_t
expected_destination(const struct frame_spec *spec)
{
	return spec->port == 53 ? 7 : 1;
}

/* What fixture_run() made of a frame is what it should be. */
static void
assert_frame(const struct frame *seen, const struct frame *expected)
{
	assert_int_equal(seen->length, expected->length);
	assert_memory_equal(seen->bytes, expected->bytes, expected->length);
}

static void
test_case(void **state)
{
	struct fixture *fixture = *state;
	const struct forward_case *row = fixture->row;
	struct frame frame, expected;
	uint32_t destination = expected_destination(&row->spec);
	struct vc5_destination_counters counters;
	uint8_t mac[6];
	size_t i;

	frame_make(&frame, &row->spec);
	for (i = 0; i < COUNT(row->patches); i++)
		if (row->patches[i].offset != 0)
			frame.bytes[FRAME_IP + row->patches[i].offset] =
			    row->patches[i].value;
	expected = frame;
	memcpy(mac, fixture_mac(destination), sizeof(mac));
	if (row->verdict == XDP_TX)
		frame_forward(&expected, mac, fixture_source(destination));
	assert_int_equal(fixture_run(fixture, &frame), row->verdict);
	assert_frame(&frame, &expected);
	assert_int_equal(fixture_dropped(fixture), row->verdict == XDP_DROP);
	if (row->reason != NO_DROP)
		assert_int_equal(fixture_drops(fixture, row->reason), 1);
	counters = fixture_counters(fixture, destination);
	assert_int_equal(counters.packets, row->verdict == XDP_TX);
	assert_int_equal(
	    counters.bytes, row->verdict == XDP_TX ? frame.length : 0);
}

/* Each version and header length, in every combination. */
static void
test_version_and_length(void **state)
{
	const struct frame_spec spec = {.payload = 100};
	struct frame frame, expected;
	uint64_t malformed;
	int first;

	for (first = 0; first < 256; first++) {
		frame_make(&frame, &spec);
		frame.bytes[FRAME_IP] = first;
		expected = frame;
		malformed = fixture_drops(*state, VC5_DROP_MALFORMED);
		if (first >> 4 == 4 && (first & 15) >= 5) {
			/* Its ports are elsewhere, but it is well-formed. */
			fixture_run(*state, &frame);
		} else {
			assert_int_equal(fixture_run(*state, &frame), XDP_DROP);
			assert_frame(&frame, &expected);
			malformed++;
		}
		assert_int_equal(
		    fixture_drops(*state, VC5_DROP_MALFORMED), malformed);
	}
}

/* A frame that ends too early, at every byte that the kernel lets through. */
static void
truncate_everywhere(struct fixture *fixture, const struct frame_spec *spec)
{
	struct frame whole, frame, expected;
	uint64_t malformed = 0;
	size_t length;
	int verdict;

	frame_make(&whole, spec);
	for (length = FRAME_IP; length < whole.length; length++) {
		frame = whole;
		frame.length = length;
		expected = frame;
		verdict = fixture_run(fixture, &frame);
		/* Without all of the address, nobody knows for whom it is. */
		if (length < FRAME_IP + 20)
			assert_int_equal(verdict, XDP_PASS);
		else
			assert_int_equal(verdict, XDP_DROP);
		malformed += verdict == XDP_DROP;
		assert_frame(&frame, &expected);
	}
	assert_int_equal(fixture_drops(fixture, VC5_DROP_MALFORMED), malformed);
	assert_int_equal(fixture_flow_count(fixture), 0);
}

static void
test_truncated_tcp(void **state)
{
	truncate_everywhere(
	    *state, &(struct frame_spec){.options = 8, .payload = 5});
}

static void
test_truncated_udp(void **state)
{
	truncate_everywhere(*state,
	    &(struct frame_spec){.protocol = 17, .port = 53, .payload = 5});
}

/* Ethernet types that are not IPv4 pass, whatever follows. */
static void
test_not_ipv4(void **state)
{
	static const uint16_t types[] = {
	    0x0806, 0x86dd, 0x8100, 0x88a8, 0x0000, 0x0008, 0x0801, 0x0900};
	const struct frame_spec spec = {0};
	struct frame frame, expected;
	size_t i;

	for (i = 0; i < COUNT(types); i++) {
		frame_make(&frame, &spec);
		frame.bytes[12] = types[i] >> 8;
		frame.bytes[13] = types[i] & 0xff;
		expected = frame;
		assert_int_equal(fixture_run(*state, &frame), XDP_PASS);
		assert_frame(&frame, &expected);
	}
}

/*
 * RFC 1624 against a checksum of the whole header: with all values of the
 * identification the checksum takes all of its values.
 */
static void
test_checksums(void **state)
{
	struct frame_spec spec = {.flags = ACK};
	struct frame frame, expected;
	uint8_t mac[6];
	uint32_t id;

	memcpy(mac, fixture_mac(1), sizeof(mac));
	for (id = 0; id < 65536; id++) {
		spec.id = id;
		spec.ttl = 2 + id % 254;
		frame_make(&frame, &spec);
		expected = frame;
		frame_forward(&expected, mac, fixture_source(1));
		assert_int_equal(fixture_run(*state, &frame), XDP_TX);
		assert_frame(&frame, &expected);
	}
}

static void
test_redirect(void **state)
{
	struct fixture *fixture = *state;
	const struct frame_spec spec = {.padding = 6};
	struct frame frame, expected;
	uint8_t mac[6];

	fixture->destinations[1].ifindex = ELSEWHERE;
	frame_make(&frame, &spec);
	expected = frame;
	memcpy(mac, fixture_mac(1), sizeof(mac));
	frame_forward(&expected, mac, fixture_source(1));
	assert_int_equal(fixture_run(fixture, &frame), XDP_REDIRECT);
	assert_frame(&frame, &expected);
	assert_int_equal(fixture_counters(fixture, 1).packets, 1);
}

/* The filter has the bit of an address that is no VIP: the host's, say. */
static void
test_filter_false_positive(void **state)
{
	static const struct frame_spec specs[] = {{.vip = OTHER},
	    {.vip = OTHER, .fragment = 7}, {.vip = OTHER, .ttl = 1},
	    {.vip = OTHER, .protocol = 17, .port = 53}};
	struct frame frame, expected;
	size_t i;

	fixture_filter_set(*state, OTHER);
	for (i = 0; i < 2 * COUNT(specs); i++) {
		frame_make(&frame, &specs[i / 2]);
		if (i % 2 != 0)
			frame.bytes[FRAME_IP + AT_TOTAL] = 0xff;
		expected = frame;
		assert_int_equal(fixture_run(*state, &frame), XDP_PASS);
		assert_frame(&frame, &expected);
	}
	assert_int_equal(fixture_dropped(*state), 0);
	assert_int_equal(fixture_flow_count(*state), 0);
}

/* Dropped as it came, and as counted. */
static void
assert_dropped(struct fixture *fixture, enum vc5_drop reason)
{
	const struct frame_spec spec = {0};
	struct frame frame, expected;

	frame_make(&frame, &spec);
	expected = frame;
	assert_int_equal(fixture_run(fixture, &frame), XDP_DROP);
	assert_frame(&frame, &expected);
	assert_int_equal(fixture_drops(fixture, reason), 1);
	assert_int_equal(fixture_dropped(fixture), 1);
	assert_int_equal(fixture_counters(fixture, 1).packets, 0);
}

static void
test_unresolved(void **state)
{
	struct fixture *fixture = *state;

	fixture->destinations[1].mac = 0;
	assert_dropped(fixture, VC5_DROP_UNRESOLVED);
}

static void
test_empty_table(void **state)
{
	fixture_table(*state, HTTP, 0);
	assert_dropped(*state, VC5_DROP_NO_DESTINATION);
	assert_int_equal(fixture_no_destination(*state, HTTP), 1);
	assert_int_equal(fixture_no_destination(*state, DNS), 0);
	assert_int_not_equal(fixture_no_destination_bytes(*state, HTTP), 0);
	assert_int_equal(fixture_no_destination_bytes(*state, HTTP),
	    fixture_drop_bytes(*state, VC5_DROP_NO_DESTINATION));
}

/* A table that names a destination which may not have new flows. */
static void
test_table_names_draining(void **state)
{
	struct fixture *fixture = *state;

	fixture->destinations[1].state = VC5_DRAINING;
	assert_dropped(fixture, VC5_DROP_NO_DESTINATION);
	assert_int_equal(fixture_no_destination(fixture, HTTP), 1);
}

static void
test_table_names_down(void **state)
{
	struct fixture *fixture = *state;

	fixture->destinations[1].state = VC5_DOWN;
	assert_dropped(fixture, VC5_DROP_NO_DESTINATION);
}

/* The index was given to a server of another service meanwhile. */
static void
test_table_names_foreign(void **state)
{
	fixture_table(*state, HTTP, 5);
	assert_dropped(*state, VC5_DROP_NO_DESTINATION);
}

static void
test_table_beyond_map(void **state)
{
	fixture_table(*state, HTTP, DESTINATIONS);
	assert_dropped(*state, VC5_DROP_NO_DESTINATION);
}

/* The service's index was given to another service meanwhile. */
static void
test_service_reused(void **state)
{
	struct fixture *fixture = *state;

	fixture->services[HTTP].key.port = 0;
	assert_dropped(fixture, VC5_DROP_UNSERVED);
}

static void
test_service_removed(void **state)
{
	fixture_index_remove(*state, HTTP);
	assert_dropped(*state, VC5_DROP_UNSERVED);
}

/* No IPv6 yet, but its hash must be the same for mapped addresses. */
static void
test_filter_bits(void **state)
{
	uint8_t address[16] = {[10] = 0xff, [11] = 0xff};
	uint32_t i, value, other = 0;

	(void)state;
	for (i = 0; i < 100000; i++) {
		value = i * 2654435761U;
		memcpy(address + 12, &value, sizeof(value));
		assert_int_equal(
		    vc5_filter_bit(address), vc5_filter_bit4(value));
		assert_true(vc5_filter_bit(address) < VC5_FILTER_BITS);
		address[15] ^= 1;
		other += vc5_filter_bit(address) == vc5_filter_bit4(value);
	}
	assert_true(other < 100);
}

static const struct CMUnitTest others[] = {
    cmocka_unit_test(test_version_and_length),
    cmocka_unit_test(test_truncated_tcp),
    cmocka_unit_test(test_truncated_udp),
    cmocka_unit_test(test_not_ipv4),
    cmocka_unit_test(test_checksums),
    cmocka_unit_test(test_redirect),
    cmocka_unit_test(test_filter_false_positive),
    cmocka_unit_test(test_unresolved),
    cmocka_unit_test(test_empty_table),
    cmocka_unit_test(test_table_names_draining),
    cmocka_unit_test(test_table_names_down),
    cmocka_unit_test(test_table_names_foreign),
    cmocka_unit_test(test_table_beyond_map),
    cmocka_unit_test(test_service_reused),
    cmocka_unit_test(test_service_removed),
    cmocka_unit_test(test_filter_bits),
};

int
main(void)
{
	struct CMUnitTest tests[COUNT(cases) + COUNT(others)];
	size_t i;

	fixture_require();
	cmocka_set_message_output(CM_OUTPUT_TAP);
	memset(tests, 0, sizeof(tests));
	for (i = 0; i < COUNT(cases); i++)
		tests[i] = (struct CMUnitTest){
		    .name = cases[i].name,
		    .test_func = test_case,
		    .initial_state = (void *)(uintptr_t)&cases[i],
		};
	memcpy(tests + i, others, sizeof(others));
	for (i = 0; i < COUNT(tests); i++) {
		tests[i].setup_func = fixture_setup;
		tests[i].teardown_func = fixture_teardown;
	}
	return cmocka_run_group_tests_name("forward", tests, NULL, NULL);
}
