/* SPDX-License-Identifier: ISC */

/*
 * Delivery by DSCP: the destination's address and the code point are written
 * into the client's packet, whose checksums follow.
 */

#include <stdlib.h>
#include <string.h>

#include <linux/bpf.h>

#include "cases.h"

#define OUT(vid) (VC5_TAGGED | (vid))

static const struct {
	const char *name;
	struct frame_spec spec;
} packets[] = {
    {"SYN", {.flags = SYN}},
    {"TCP, odd payload", {.flags = ACK, .payload = 133}},
    {"UDP", {.protocol = UDP, .port = 53, .payload = 20}},
    {"UDP without payload", {.protocol = UDP, .port = 53}},
    {"UDP without checksum",
	{.protocol = UDP, .port = 53, .payload = 9, .no_checksum = true}},
    {"ECN CE", {.tos = 0x03}},
    {"another code point, ECT(1)", {.tos = 0xe1}},
    {"padding", {.padding = 6}},
    {"1400 bytes", {.flags = ACK, .payload = 1400}},
    {"TTL 2", {.ttl = 2}},
};

static const uint8_t code_points[] = {1, 12, 46, 63};

static const struct packet_case special[] = {
    {"IPv4 options", {.options = 24, .payload = 2}, SENT,
	VIA(.kind = VC5_DSCP, .code_point = 5)},
    {"extension headers", {.ipv6 = true, .extensions = "hdr", .payload = 2},
	SENT, VIA(.kind = VC5_DSCP, .ipv6 = true, .code_point = 5)},
    {"extension headers, UDP",
	{.ipv6 = true, .protocol = UDP, .port = 53, .extensions = "da"}, SENT,
	VIA(.kind = VC5_DSCP, .ipv6 = true, .code_point = 5)},
    {"by another interface", {0}, SENT,
	VIA(.kind = VC5_DSCP, .code_point = 5, .elsewhere = true)},
    {"exactly the MTU", {.payload = 1460}, SENT,
	VIA(.kind = VC5_DSCP, .code_point = 5)},
    {"a byte beyond the MTU", {.payload = 1461}, TOO_LONG,
	VIA(.kind = VC5_DSCP, .code_point = 5)},
    {"TTL 1", {.ttl = 1}, EXPIRED, VIA(.kind = VC5_DSCP, .code_point = 5)},
    {"hop limit 1", {.ipv6 = true, .ttl = 1}, EXPIRED,
	VIA(.kind = VC5_DSCP, .ipv6 = true, .code_point = 5)},
};

#define TAGS   4
#define MATRIX (COUNT(packets) * COUNT(code_points) * 2 * TAGS)

static struct packet_case *
make_cases(size_t *count)
{
	struct packet_case *cases, *row;
	unsigned bits;
	size_t p, c;

	*count = MATRIX + COUNT(special);
	cases = row = calloc(*count, sizeof(*cases));
	if (cases == NULL)
		abort();
	for (p = 0; p < COUNT(packets); p++)
		for (c = 0; c < COUNT(code_points); c++)
			for (bits = 0; bits < 2 * TAGS; bits++, row++) {
				row->spec = packets[p].spec;
				row->spec.ipv6 = bits & 1;
				row->spec.tagged = bits & 2;
				row->spec.tci = 0x4000 | 10;
				row->delivery.kind = VC5_DSCP;
				row->delivery.ipv6 = bits & 1;
				row->delivery.code_point = code_points[c];
				row->delivery.vlan = bits & 4 ? OUT(20) : 0;
				row->outcome = OUTCOME_SENT;
				row->name = case_name(
				    "%s, IPv%d, code point %u, %s in, %s out",
				    packets[p].name, bits & 1 ? 6 : 4,
				    code_points[c],
				    bits & 2 ? "tagged" : "untagged",
				    bits & 4 ? "tagged" : "untagged");
			}
	memcpy(row, special, sizeof(special));
	return cases;
}

/* What can't be: a rewritten address of the other version of IP. */
static void
test_other_version(void **state)
{
	const struct fixture_delivery delivery = {
	    .kind = VC5_DSCP, .ipv6 = true, .code_point = 5};
	const struct frame_spec spec = {0};
	struct frame frame;

	fixture_deliver(*state, 1, &delivery);
	frame_make(&frame, &spec);
	assert_int_equal(fixture_run(*state, &frame), XDP_DROP);
	assert_int_equal(fixture_drops(*state, VC5_DROP_FAULT), 1);
}

static const struct CMUnitTest others[] = {
    cmocka_unit_test(test_other_version),
};

int
main(void)
{
	size_t count;
	struct packet_case *cases = make_cases(&count);

	return cases_main("dscp", cases, count, others, COUNT(others));
}
