/* SPDX-License-Identifier: ISC */

/*
 * Health checks' packets: which go out, and with which addresses.  They pass
 * two programs: one reads the mark, the other sends what the first let out.
 */

#include <string.h>

#include <linux/bpf.h>
#include <linux/pkt_cls.h>

#include "fixture.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

struct probe_case {
	const char *name;
	uint32_t mark;
	enum vc5_destination_state state; /* of destination 3 */
	int verdict;
};

static const struct probe_case cases[] = {
    {"up", PROBE_MARK | 3, VC5_UP, XDP_TX},
    {"down servers are probed", PROBE_MARK | 3, VC5_DOWN, XDP_TX},
    {"draining ones too", PROBE_MARK | 3, VC5_DRAINING, XDP_TX},
    {"no mark", 0, VC5_UP, XDP_DROP},
    {"only the base", PROBE_MARK, VC5_UP, XDP_DROP},
    {"only the index", 3, VC5_UP, XDP_DROP},
    {"another base", (PROBE_MARK ^ 0x10000) | 3, VC5_UP, XDP_DROP},
    {"beyond the map", PROBE_MARK | DESTINATIONS, VC5_UP, XDP_DROP},
    {"the highest index", PROBE_MARK | 0xffff, VC5_UP, XDP_DROP},
};

/* Through both programs: what the second says, or that the first drops it. */
static int
probe(struct fixture *fixture, struct frame *frame, uint32_t mark)
{
	int verdict = fixture_probe(fixture, frame, mark);

	if (verdict == TC_ACT_OK)
		return fixture_probe_out(fixture, frame);
	assert_int_equal(verdict, TC_ACT_SHOT);
	return XDP_DROP;
}

/* Sent with the destination's addresses, or dropped. */
static void
assert_probe(struct fixture *fixture, uint32_t mark, int verdict)
{
	const struct frame_spec spec = {.payload = 10, .ttl = 1};
	struct frame frame, expected;

	frame_make(&frame, &spec);
	expected = frame;
	if (verdict == XDP_TX) {
		memcpy(expected.bytes, fixture_mac(3), 6);
		memcpy(expected.bytes + 6, fixture_source(3), 6);
	}
	assert_int_equal(probe(fixture, &frame, mark), verdict);
	if (verdict == XDP_TX) {
		assert_int_equal(frame.length, expected.length);
		assert_memory_equal(
		    frame.bytes, expected.bytes, expected.length);
	}
	/* Probes are nobody's traffic. */
	assert_int_equal(fixture_counters(fixture, 3).packets, 0);
	assert_int_equal(fixture_dropped(fixture), 0);
}

static void
test_case(void **state)
{
	struct fixture *fixture = *state;
	const struct probe_case *row = fixture->row;

	fixture->destinations[3].state = row->state;
	assert_probe(fixture, row->mark, row->verdict);
}

static void
test_unresolved(void **state)
{
	struct fixture *fixture = *state;

	fixture->destinations[3].mac = 0;
	assert_probe(fixture, PROBE_MARK | 3, XDP_DROP);
}

static void
test_unused(void **state)
{
	struct fixture *fixture = *state;

	fixture->destinations[3].generation = 0;
	assert_probe(fixture, PROBE_MARK | 3, XDP_DROP);
}

/* What reached the second program by another way than the first. */
static void
test_unmarked(void **state)
{
	const struct frame_spec spec = {.payload = 10};
	struct frame frame;

	frame_make(&frame, &spec);
	assert_int_equal(fixture_probe_out(*state, &frame), XDP_DROP);
}

static void
test_too_big(void **state)
{
	const struct frame_spec spec = {.payload = 100};
	struct fixture *fixture = *state;
	struct frame frame;

	frame_make(&frame, &spec);
	fixture->destinations[3].mtu = frame.length - FRAME_IP - 1;
	assert_int_equal(probe(fixture, &frame, PROBE_MARK | 3), XDP_DROP);
	frame_make(&frame, &spec);
	fixture->destinations[3].mtu = frame.length - FRAME_IP;
	assert_int_equal(probe(fixture, &frame, PROBE_MARK | 3), XDP_TX);
}

static const struct CMUnitTest others[] = {
    cmocka_unit_test(test_unresolved),
    cmocka_unit_test(test_unused),
    cmocka_unit_test(test_unmarked),
    cmocka_unit_test(test_too_big),
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
	return cmocka_run_group_tests_name("probe", tests, NULL, NULL);
}
