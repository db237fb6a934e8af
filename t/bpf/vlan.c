/* SPDX-License-Identifier: ISC */

/*
 * Tags in and out: kept, rewritten, pushed and popped, in layer 2.
 */

#include <stdlib.h>
#include <string.h>

#include <linux/bpf.h>

#include "cases.h"

#define OUT(vid) (VC5_TAGGED | (vid))

/* How a frame comes in. */
static const struct {
	const char *name;
	bool tagged;
	uint16_t tci;
} in[] = {
    {"untagged", false, 0},
    {"VLAN 10", true, 10},
    {"VLAN 10 with priority 5", true, 5 << 13 | 10},
    {"VLAN 10, may be dropped", true, 1 << 12 | 10},
    {"VLAN 4094 with all flags", true, 0xf000 | 4094},
    {"VLAN 1", true, 1},
    {"only a priority", true, 7 << 13},
};

/* How it goes out. */
static const struct {
	const char *name;
	uint16_t vlan;
} out[] = {
    {"untagged", 0},
    {"VLAN 10", OUT(10)},
    {"VLAN 20", OUT(20)},
    {"VLAN 1", OUT(1)},
    {"VLAN 4094", OUT(4094)},
};

static const struct {
	const char *name;
	struct frame_spec spec;
	bool elsewhere;
} packets[] = {
    {"TCP", {.flags = ACK}, false},
    {"TCP with padding", {.padding = 2}, false},
    {"UDP by another interface", {.protocol = UDP, .port = 53, .payload = 700},
	true},
    {"TCP over IPv6", {.ipv6 = true, .payload = 5}, false},
    {"UDP over IPv6 by another interface",
	{.ipv6 = true, .protocol = UDP, .port = 53}, true},
};

static const struct packet_case special[] = {
    {"a tagged frame of minimum size",
	{.tagged = true, .tci = 10, .padding = 2}, SENT, VIA(.vlan = OUT(20))},
    {"a tagged frame without padding", {.tagged = true, .tci = 10}, SENT,
	VIA(.vlan = OUT(20))},
    {"a tagged frame of 46 bytes becomes one of 42",
	{.tagged = true, .tci = 10, .protocol = UDP, .port = 53}, SENT},
    {"options behind a tag",
	{.tagged = true, .tci = 10, .options = 40, .payload = 9}, SENT,
	VIA(.vlan = OUT(20))},
    {"extension headers behind a tag",
	{.tagged = true, .tci = 10, .ipv6 = true, .extensions = "hd"}, SENT,
	VIA(.vlan = OUT(20))},
    {"extension headers, pushed", {.ipv6 = true, .extensions = "hda"}, SENT,
	VIA(.vlan = OUT(20))},
    {"TTL 1 behind a tag", {.tagged = true, .tci = 0x600a, .ttl = 1}, EXPIRED},
    {"hop limit 1 behind a tag",
	{.tagged = true, .tci = 0x600a, .ipv6 = true, .ttl = 1}, EXPIRED},
    {"unserved behind a tag", {.tagged = true, .tci = 10, .port = 81},
	DROPPED(VC5_DROP_UNSERVED)},
    {"malformed behind a tag", {.tagged = true, .tci = 10},
	DROPPED(VC5_DROP_MALFORMED), PATCH(AT(3, 41))},
    {"malformed IPv6 behind a tag", {.tagged = true, .ipv6 = true},
	DROPPED(VC5_DROP_MALFORMED), PATCH(AT(5, 21))},
    {"not for a VIP, behind a tag", {.tagged = true, .vip = VIP + 9}, PASSED},
    {"IPv6 not for a VIP, behind a tag",
	{.tagged = true, .ipv6 = true, .vip = 9}, PASSED},
    {"another protocol behind a tag", {.tagged = true, .protocol = 132},
	PASSED},
};

static struct packet_case *
make_cases(size_t *count)
{
	struct packet_case *cases, *row;
	size_t i, o, p;

	*count = COUNT(in) * COUNT(out) * COUNT(packets) + COUNT(special);
	cases = row = calloc(*count, sizeof(*cases));
	if (cases == NULL)
		abort();
	for (i = 0; i < COUNT(in); i++)
		for (o = 0; o < COUNT(out); o++)
			for (p = 0; p < COUNT(packets); p++) {
				row->name = case_name("%s: %s in, %s out",
				    packets[p].name, in[i].name, out[o].name);
				row->spec = packets[p].spec;
				row->spec.tagged = in[i].tagged;
				row->spec.tci = in[i].tci;
				row->delivery.vlan = out[o].vlan;
				row->delivery.elsewhere = packets[p].elsewhere;
				row->outcome = OUTCOME_SENT;
				row++;
			}
	memcpy(row, special, sizeof(special));
	return cases;
}

/* What is behind a second tag, or one of another kind, is not looked at. */
static void
test_other_tags(void **state)
{
	static const struct {
		uint16_t outer, inner;
	} types[] = {{0x8100, 0x8100}, {0x8100, 0x88a8}, {0x88a8, 0x0800},
	    {0x88a8, 0x8100}, {0x9100, 0x0800}, {0x8100, 0x0806},
	    {0x8100, 0x0000}, {0x8864, 0x0800}};
	const struct frame_spec spec = {.tagged = true, .tci = 10};
	struct frame frame, expected;
	size_t i;

	for (i = 0; i < COUNT(types); i++) {
		frame_make(&frame, &spec);
		put16(frame.bytes + 12, types[i].outer);
		put16(frame.bytes + 16, types[i].inner);
		expected = frame;
		assert_int_equal(fixture_run(*state, &frame), XDP_PASS);
		assert_frames(&frame, &expected);
	}
	assert_int_equal(fixture_dropped(*state), 0);
}

/* A flow is the same in every VLAN: the network may change it under way. */
static void
test_one_flow(void **state)
{
	struct frame_spec spec = {.flags = SYN};

	assert_int_equal(fixture_send(*state, &spec), 1);
	fixture_table(*state, HTTP, 2);
	spec.flags = ACK;
	spec.tagged = true;
	spec.tci = 10;
	assert_int_equal(fixture_send(*state, &spec), 1);
	spec.tci = 20;
	assert_int_equal(fixture_send(*state, &spec), 1);
	assert_int_equal(fixture_flow_count(*state), 1);
}

static const struct CMUnitTest others[] = {
    cmocka_unit_test(test_other_tags),
    cmocka_unit_test(test_one_flow),
};

int
main(void)
{
	size_t count;
	struct packet_case *cases = make_cases(&count);

	return cases_main("vlan", cases, count, others, COUNT(others));
}
