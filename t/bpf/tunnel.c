/* SPDX-License-Identifier: ISC */

/*
 * Encapsulation: every kind, both versions of IP inside and outside, tags in
 * and out; where the varying parts of the outer header come from; what fits.
 */

#include <stdlib.h>
#include <string.h>

#include <linux/bpf.h>

#include "cases.h"
#include "oracle.h"

#define OUT(vid) (VC5_TAGGED | (vid))

static const struct {
	const char *name;
	enum vc5_destination_kind kind;
	bool checksum;
} kinds[] = {
    {"ipip", VC5_IPIP, false},
    {"gre", VC5_GRE, false},
    {"fou", VC5_FOU, true},
    {"fou without checksum", VC5_FOU, false},
    {"gue", VC5_GUE, true},
    {"gue without checksum", VC5_GUE, false},
};

/* For the matrix: each in any kind of tunnel. */
static const struct {
	const char *name;
	struct frame_spec spec;
} packets[] = {
    {"SYN", {.flags = SYN}},
    {"TCP, odd payload", {.flags = ACK, .payload = 33, .id = 0xabcd}},
    {"UDP", {.protocol = UDP, .port = 53, .payload = 40, .id = 1}},
    {"UDP without checksum",
	{.protocol = UDP, .port = 53, .payload = 21, .no_checksum = true}},
};

/* Only untagged, for the kinds alone. */
static const struct {
	const char *name;
	struct frame_spec spec;
} more[] = {
    {"UDP without payload", {.protocol = UDP, .port = 53}},
    {"TTL 2", {.ttl = 2}},
    {"TTL 255", {.ttl = 255}},
    {"ECN CE", {.tos = 3}},
    {"EF with ECT(0)", {.tos = 0xba}},
    {"all bits of TOS", {.tos = 0xff}},
    {"padding", {.padding = 6}},
    {"padding and odd payload", {.padding = 17, .payload = 1}},
    {"1400 bytes", {.flags = ACK, .payload = 1400}},
};

static const struct packet_case special[] = {
    {"don't fragment is copied outward", {.fragment = DONT_FRAGMENT, .id = 77},
	SENT, VIA(.kind = VC5_IPIP)},
    {"the reserved bit is not", {.fragment = 0x8000, .id = 77}, SENT,
	VIA(.kind = VC5_IPIP)},
    {"don't fragment, gue",
	{.fragment = DONT_FRAGMENT, .id = 77, .payload = 11}, SENT,
	VIA(.kind = VC5_GUE, .checksum = true)},
    {"IPv4 options inside, ipip", {.options = 40, .payload = 3}, SENT,
	VIA(.kind = VC5_IPIP)},
    {"IPv4 options inside, gue with checksum", {.options = 12, .payload = 3},
	SENT, VIA(.kind = VC5_GUE, .checksum = true)},
    {"IPv4 options inside, fou over IPv6", {.options = 8, .payload = 3}, SENT,
	VIA(.kind = VC5_FOU, .checksum = true, .ipv6 = true)},
    {"extension headers inside, ipip", {.ipv6 = true, .extensions = "hd"}, SENT,
	VIA(.kind = VC5_IPIP)},
    {"extension headers inside, gue over IPv6 with checksum",
	{.ipv6 = true, .extensions = "hda", .payload = 7}, SENT,
	VIA(.kind = VC5_GUE, .ipv6 = true, .checksum = true)},
    {"extension headers inside, gue over IPv4 with checksum",
	{.ipv6 = true, .extensions = "hda", .payload = 7}, SENT,
	VIA(.kind = VC5_GUE, .checksum = true)},
    {"ipip by another interface", {.payload = 8}, SENT,
	VIA(.kind = VC5_IPIP, .elsewhere = true)},
    {"gue by another interface, tagged", {.tagged = true, .tci = 0xa00a}, SENT,
	VIA(.kind = VC5_GUE, .vlan = OUT(7), .elsewhere = true,
	    .checksum = true)},
    {"ipip, a source prefix of 24 bits", {0}, SENT,
	VIA(.kind = VC5_IPIP, .source_length = 24)},
    {"ipip, a source prefix of 16 bits", {0}, SENT,
	VIA(.kind = VC5_IPIP, .source_length = 16)},
    {"ipip, a source prefix of 32 bits", {0}, SENT,
	VIA(.kind = VC5_IPIP, .source_length = 32)},
    {"gre, a source prefix of 20 bits", {.ipv6 = true}, SENT,
	VIA(.kind = VC5_GRE, .source_length = 20)},
    {"ipip, an IPv6 source prefix of 64 bits", {0}, SENT,
	VIA(.kind = VC5_IPIP, .ipv6 = true, .source_length = 64)},
    {"gre, an IPv6 source prefix of 120 bits", {.ipv6 = true}, SENT,
	VIA(.kind = VC5_GRE, .ipv6 = true, .source_length = 120)},
    {"gre, an IPv6 source prefix of 128 bits", {0}, SENT,
	VIA(.kind = VC5_GRE, .ipv6 = true, .source_length = 128)},
    {"gue with checksum and a source prefix", {.payload = 5}, SENT,
	VIA(.kind = VC5_GUE, .checksum = true, .source_length = 24)},
    {"exactly the MTU", {.payload = 1440}, SENT,
	VIA(.kind = VC5_IPIP, .mtu = 1480)},
    {"a byte beyond the MTU", {.payload = 1441}, TOO_LONG,
	VIA(.kind = VC5_IPIP, .mtu = 1480)},
    {"a byte beyond the MTU, don't fragment",
	{.payload = 1441, .fragment = DONT_FRAGMENT}, TOO_LONG,
	VIA(.kind = VC5_IPIP, .mtu = 1480)},
    {"padding doesn't count", {.payload = 1440, .padding = 10}, SENT,
	VIA(.kind = VC5_IPIP, .mtu = 1480)},
    {"IPv6, exactly the MTU", {.ipv6 = true, .payload = 1408}, SENT,
	VIA(.kind = VC5_GUE, .mtu = 1468)},
    {"IPv6, a byte beyond the MTU", {.ipv6 = true, .payload = 1409}, TOO_LONG,
	VIA(.kind = VC5_GUE, .mtu = 1468)},
    {"TTL 1 is no longer there to be sent", {.ttl = 1}, EXPIRED,
	VIA(.kind = VC5_GRE)},
};

#define MATRIX (COUNT(kinds) * COUNT(packets) * 16)
#define PLAIN  (COUNT(kinds) * COUNT(more) * 4)

static const char *
version(bool ipv6)
{
	return ipv6 ? "IPv6" : "IPv4";
}

/* The bits of a number say which versions of IP, and which tags. */
static void
make_case(struct packet_case *row, const char *packet,
    const struct frame_spec *spec, size_t kind, unsigned bits)
{
	bool inner = bits & 1, outer = bits & 2;

	row->spec = *spec;
	row->spec.ipv6 = inner;
	row->spec.tagged = bits & 4;
	row->spec.tci = 0x6000 | 10;
	row->delivery.kind = kinds[kind].kind;
	row->delivery.checksum = kinds[kind].checksum;
	row->delivery.ipv6 = outer;
	row->delivery.vlan = bits & 8 ? OUT(20) : 0;
	row->outcome = OUTCOME_SENT;
	row->name = case_name("%s, %s in %s, %s in, %s out: %s",
	    kinds[kind].name, version(inner), version(outer),
	    bits & 4 ? "tagged" : "untagged", bits & 8 ? "tagged" : "untagged",
	    packet);
}

static struct packet_case *
make_cases(size_t *count)
{
	struct packet_case *cases, *row;
	unsigned bits;
	size_t k, p;

	*count = MATRIX + PLAIN + COUNT(special);
	cases = row = calloc(*count, sizeof(*cases));
	if (cases == NULL)
		abort();
	for (k = 0; k < COUNT(kinds); k++) {
		for (p = 0; p < COUNT(packets); p++)
			for (bits = 0; bits < 16; bits++)
				make_case(row++, packets[p].name,
				    &packets[p].spec, k, bits);
		for (p = 0; p < COUNT(more); p++)
			for (bits = 0; bits < 4; bits++)
				make_case(row++, more[p].name, &more[p].spec, k,
				    bits);
	}
	memcpy(row, special, sizeof(special));
	return cases;
}

/* So many different words at an offset, of so many flows. */
static size_t
distinct(struct fixture *fixture, size_t offset, size_t flows, uint32_t mask)
{
	struct frame_spec spec = {.flags = SYN};
	uint32_t *seen = calloc(flows, sizeof(*seen));
	size_t i, j, count = 0;
	struct frame frame;

	assert_non_null(seen);
	for (i = 0; i < flows; i++) {
		spec.client_port = 1024 + i;
		frame_make(&frame, &spec);
		assert_int_equal(fixture_run(fixture, &frame), XDP_TX);
		seen[count] = get32(frame.bytes + offset) & mask;
		for (j = 0; seen[j] != seen[count]; j++)
			;
		count += j == count;
	}
	free(seen);
	return count;
}

/* 200 of 16,384 collide about once. */
static void
test_port_entropy(void **state)
{
	fixture_deliver(*state, 1, &(struct fixture_delivery){.kind = VC5_GUE});
	assert_true(distinct(*state, 34, 200, 0xffff0000) > 190);
}

static void
test_label_entropy(void **state)
{
	fixture_deliver(*state, 1,
	    &(struct fixture_delivery){.kind = VC5_IPIP, .ipv6 = true});
	assert_true(distinct(*state, 14, 200, 0x000fffff) > 195);
}

/* The bits of a word at an offset that differ between flows. */
static uint32_t
varied(struct fixture *fixture, size_t offset)
{
	struct frame_spec spec = {.flags = SYN};
	uint32_t first = 0, bits = 0, word;
	struct frame frame;
	int i;

	for (i = 0; i < 100; i++) {
		spec.client_port = 1024 + i;
		frame_make(&frame, &spec);
		assert_int_equal(fixture_run(fixture, &frame), XDP_TX);
		word = get32(frame.bytes + offset);
		first = i == 0 ? word : first;
		bits |= word ^ first;
	}
	return bits;
}

/* All bits behind the prefix, and no other. */
static void
test_source_entropy(void **state)
{
	static const struct {
		struct fixture_delivery delivery;
		uint32_t bits; /* of the last word */
	} rows[] = {
	    {{.kind = VC5_IPIP}, 0},
	    {{.kind = VC5_GRE, .ipv6 = true}, 0},
	    {{.kind = VC5_IPIP, .source_length = 16}, 0xffff},
	    {{.kind = VC5_GRE, .source_length = 24}, 0xff},
	    {{.kind = VC5_GRE, .source_length = 25}, 0x7f},
	    {{.kind = VC5_IPIP, .source_length = 31}, 1},
	    {{.kind = VC5_IPIP, .source_length = 32}, 0},
	    {{.kind = VC5_IPIP, .ipv6 = true, .source_length = 64}, 0xffffffff},
	    {{.kind = VC5_IPIP, .ipv6 = true, .source_length = 96}, 0xffffffff},
	    {{.kind = VC5_IPIP, .ipv6 = true, .source_length = 97}, 0x7fffffff},
	    {{.kind = VC5_GRE, .ipv6 = true, .source_length = 120}, 0xff},
	    {{.kind = VC5_GRE, .ipv6 = true, .source_length = 128}, 0},
	};
	size_t i;

	for (i = 0; i < COUNT(rows); i++) {
		fixture_deliver(*state, 1, &rows[i].delivery);
		assert_int_equal(
		    varied(*state, rows[i].delivery.ipv6 ? 34 : 26),
		    rows[i].bits);
	}
}

/* All packets of a flow look alike outside, in either direction of time. */
static void
test_flow_keeps_entropy(void **state)
{
	struct frame_spec spec = {.flags = SYN};
	struct frame first, other;
	int i;

	fixture_deliver(*state, 1, &(struct fixture_delivery){.kind = VC5_FOU});
	frame_make(&first, &spec);
	assert_int_equal(fixture_run(*state, &first), XDP_TX);
	for (i = 0; i < 20; i++) {
		spec.flags = i == 19 ? RST : ACK;
		spec.payload = 10 * i;
		frame_make(&other, &spec);
		assert_int_equal(fixture_run(*state, &other), XDP_TX);
		assert_memory_equal(first.bytes + 34, other.bytes + 34, 4);
	}
}

/* An MTU of 0 is that of a destination that is not set up. */
static void
test_unresolved(void **state)
{
	struct fixture *fixture = *state;
	const struct frame_spec spec = {0};
	struct frame frame, expected;

	fixture_deliver(
	    fixture, 1, &(struct fixture_delivery){.kind = VC5_IPIP});
	fixture->destinations[1].mac = 0;
	frame_make(&frame, &spec);
	expected = frame;
	assert_int_equal(fixture_run(fixture, &frame), XDP_DROP);
	assert_frames(&frame, &expected);
	assert_int_equal(fixture_drops(fixture, VC5_DROP_UNRESOLVED), 1);
}

static const struct CMUnitTest others[] = {
    cmocka_unit_test(test_port_entropy),
    cmocka_unit_test(test_label_entropy),
    cmocka_unit_test(test_source_entropy),
    cmocka_unit_test(test_flow_keeps_entropy),
    cmocka_unit_test(test_unresolved),
};

int
main(void)
{
	size_t count;
	struct packet_case *cases = make_cases(&count);

	return cases_main("tunnel", cases, count, others, COUNT(others));
}
