/* SPDX-License-Identifier: ISC */

/*
 * Frames that end too early, at every byte, and headers that say so of
 * themselves: passed or dropped as they are, or sent like any other where only
 * padding is gone.
 */

#include <string.h>

#include <linux/bpf.h>

#include "cases.h"
#include "view.h"

#define V6   .ipv6 = true
#define TAG  .tagged = true, .tci = 0x600a
#define DNS4 .protocol = UDP, .port = 53

static const struct frame_spec reply4 = {.reply = true, .payload = 8};
static const struct frame_spec reply6 = {
    .reply = true, .ipv6 = true, .payload = 8};

/* Each is cut everywhere. */
static const struct packet_case cases[] = {
    {"TCP", {.payload = 5, .padding = 4}, SENT},
    {"TCP with options", {.options = 8, .payload = 5}, SENT},
    {"TCP with all options", {.options = 40, .payload = 1}, SENT},
    {"UDP", {DNS4, .payload = 5, .padding = 4}, SENT},
    {"TCP, tagged", {TAG, .payload = 5, .padding = 4}, SENT,
	VIA(.vlan = VC5_TAGGED | 20)},
    {"TCP, pushed", {.payload = 5, .padding = 4}, SENT,
	VIA(.vlan = VC5_TAGGED | 20)},
    {"TCP, popped", {TAG, .payload = 5, .padding = 4}, SENT},
    {"TCP over IPv6", {V6, .payload = 5, .padding = 4}, SENT},
    {"UDP over IPv6", {V6, DNS4, .payload = 5, .padding = 4}, SENT},
    {"TCP over IPv6, tagged", {V6, TAG, .payload = 5, .padding = 4}, SENT,
	VIA(.vlan = VC5_TAGGED | 20)},
    {"hop-by-hop and destination options",
	{V6, .extensions = "hd", .payload = 5, .padding = 4}, SENT},
    {"all kinds of header",
	{V6, .extensions = "hdrfa", .payload = 5, .padding = 4}, SENT},
    {"all kinds of header, UDP, tagged",
	{V6, TAG, DNS4, .extensions = "hdrfa", .padding = 4}, SENT},
    {"first fragment",
	{DNS4, .fragment = MORE_FRAGMENTS, .payload = 8, .padding = 4}, SENT},
    {"first fragment over IPv6",
	{V6, DNS4, .extensions = "f", .fragment = MORE_FRAGMENTS6, .payload = 8,
	    .padding = 4},
	SENT},
    {"later fragment", {DNS4, .fragment = 10, .payload = 8, .padding = 4},
	DROPPED(VC5_DROP_FRAGMENT)},
    {"later fragment over IPv6",
	{V6, DNS4, .extensions = "f", .fragment = 80, .payload = 8,
	    .padding = 4},
	DROPPED(VC5_DROP_FRAGMENT)},
    {"ipip", {.payload = 5, .padding = 4}, SENT, VIA(.kind = VC5_IPIP)},
    {"ipip over IPv6", {V6, .payload = 5, .padding = 4}, SENT,
	VIA(.kind = VC5_IPIP, .ipv6 = true)},
    {"gre", {DNS4, .payload = 5, .padding = 4}, SENT, VIA(.kind = VC5_GRE)},
    {"fou", {DNS4, .payload = 5, .padding = 4}, SENT,
	VIA(.kind = VC5_FOU, .checksum = true)},
    {"gue", {TAG, .payload = 5, .padding = 4}, SENT,
	VIA(.kind = VC5_GUE, .checksum = true)},
    {"gue over IPv6", {V6, TAG, .payload = 5, .padding = 4}, SENT,
	VIA(.kind = VC5_GUE, .checksum = true, .ipv6 = true)},
    {"gue over IPv6, UDP without checksum",
	{DNS4, .no_checksum = true, .payload = 5, .padding = 4}, SENT,
	VIA(.kind = VC5_GUE, .checksum = true, .ipv6 = true)},
    {"dscp", {.payload = 5, .padding = 4}, SENT,
	VIA(.kind = VC5_DSCP, .code_point = 3)},
    {"dscp over IPv6", {V6, DNS4, .payload = 5, .padding = 4}, SENT,
	VIA(.kind = VC5_DSCP, .ipv6 = true, .code_point = 3)},
    {"ping", {.protocol = ICMP, .icmp_type = 8, .payload = 8, .padding = 4},
	ECHOED},
    {"ping, tagged",
	{TAG, .protocol = ICMP, .icmp_type = 8, .payload = 8, .padding = 4},
	ECHOED},
    {"IPv6 ping",
	{V6, .protocol = ICMPV6, .icmp_type = 128, .payload = 8, .padding = 4},
	ECHOED},
    {"error",
	{.protocol = ICMP, .icmp_type = 3, .quote = &reply4, .padding = 4},
	SENT},
    {"IPv6 error",
	{V6, .protocol = ICMPV6, .icmp_type = 2, .quote = &reply6,
	    .padding = 4},
	SENT},
    {"TTL 1", {.ttl = 1, .payload = 9, .padding = 4}, EXPIRED},
    {"hop limit 1", {V6, TAG, .ttl = 1, .payload = 9, .padding = 4}, EXPIRED},
    {"too big", {.payload = 200, .padding = 4}, TOO_LONG, VIA(.mtu = 100)},
    {"too big over IPv6", {V6, .payload = 200, .padding = 4}, TOO_LONG,
	VIA(.mtu = 100)},
    {"another protocol", {.protocol = 132, .payload = 4, .padding = 4}, PASSED},
};

static void
assert_untouched(struct fixture *fixture, const struct frame *in, int verdict)
{
	struct frame seen;

	memcpy(seen.bytes, in->bytes, in->length);
	seen.length = in->length;
	assert_int_equal(fixture_run(fixture, &seen), verdict);
	assert_frames(&seen, in);
}

/* What the frame's own headers make of it. */
static void
check(struct fixture *fixture, const struct packet_case *row,
    const struct frame *in)
{
	uint64_t malformed = fixture_drops(fixture, VC5_DROP_MALFORMED);
	struct view view;

	switch (view_parse(&view, in->bytes, in->length)) {
	case VIEW_OTHER:
		assert_untouched(fixture, in, XDP_PASS);
		break;
	case VIEW_MALFORMED:
		assert_untouched(fixture, in, XDP_DROP);
		malformed++;
		break;
	case VIEW_OK:
		case_check(fixture, row, in);
	}
	assert_int_equal(fixture_drops(fixture, VC5_DROP_MALFORMED), malformed);
}

static void
test_cut(void **state)
{
	struct fixture *fixture = *state;
	const struct packet_case *row = fixture->row;
	static struct frame frame;
	size_t length;

	fixture_deliver(fixture, case_destination(row), &row->delivery);
	case_make(&frame, row);
	for (length = FRAME_IP; length <= frame.length; length++) {
		struct frame cut;

		memcpy(cut.bytes, frame.bytes, length);
		cut.length = length;
		check(fixture, row, &cut);
	}
}

/* Each length that its IP header can state, in a frame that stays. */
static void
test_stated(void **state)
{
	static const struct packet_case rows[] = {
	    {"TCP", {.payload = 5, .padding = 4}, SENT},
	    {"UDP", {DNS4, .payload = 5, .padding = 4}, SENT},
	    {"options", {.options = 8, .payload = 5}, SENT},
	    {"tagged", {TAG, DNS4, .payload = 5, .padding = 4}, SENT},
	    {"IPv6 TCP", {V6, .payload = 5, .padding = 4}, SENT},
	    {"IPv6 UDP", {V6, TAG, DNS4, .payload = 5, .padding = 4}, SENT},
	    {"extensions", {V6, .extensions = "hd", .payload = 5}, SENT},
	};
	struct frame frame;
	size_t i, ip;
	uint32_t length;

	for (i = 0; i < COUNT(rows); i++) {
		case_make(&frame, &rows[i]);
		ip = frame_ip(&frame);
		for (length = 0; length < 65536;
		     length += length < 300 ? 1 : 997) {
			put16(frame.bytes + ip + (rows[i].spec.ipv6 ? 4 : 2),
			    length);
			check(*state, &rows[i], &frame);
		}
	}
}

/* Each version that a header can state, and each length of IPv4's. */
static void
test_first_byte(void **state)
{
	static const struct packet_case rows[] = {
	    {"TCP over IPv6", {V6, .payload = 60}, SENT},
	    {"UDP over IPv6, tagged", {V6, TAG, DNS4, .payload = 60}, SENT},
	};
	struct frame frame;
	size_t i;
	int first;

	for (i = 0; i < COUNT(rows); i++)
		for (first = 0; first < 256; first++) {
			case_make(&frame, &rows[i]);
			frame.bytes[frame_ip(&frame)] = first;
			check(*state, &rows[i], &frame);
		}
}

/*
 * Each length of the last extension header, in a packet that has room: what
 * it then skips leaves no TCP header, or one with no service's port, as the
 * payload has none.
 */
static void
test_extension_length(void **state)
{
	static const char *const chains[] = {"h", "d", "r", "a", "hd", "hfa"};
	struct frame frame, seen;
	struct view view;
	size_t i, at;
	int length, verdict;

	for (i = 0; i < COUNT(chains); i++)
		for (length = 0; length < 256; length++) {
			const struct frame_spec spec = {
			    V6, .extensions = chains[i], .payload = 1200};

			frame_make(&frame, &spec);
			view_parse(&view, frame.bytes, frame.length);
			at = FRAME_IP + view.header -
			    (chains[i][strlen(chains[i]) - 1] == 'a' ? 24 : 8);
			if (frame.bytes[at + 1] == length)
				continue;
			frame.bytes[at + 1] = length;
			seen = frame;
			verdict = fixture_run(*state, &seen);
			assert_int_equal(verdict, XDP_DROP);
			assert_frames(&seen, &frame);
		}
}

static const struct CMUnitTest others[] = {
    cmocka_unit_test(test_stated),
    cmocka_unit_test(test_first_byte),
    cmocka_unit_test(test_extension_length),
};

int
main(void)
{
	struct CMUnitTest tests[COUNT(cases) + COUNT(others)];
	size_t i;

	memset(tests, 0, sizeof(tests));
	for (i = 0; i < COUNT(cases); i++) {
		tests[i].name = cases[i].name;
		tests[i].test_func = test_cut;
		tests[i].initial_state = (void *)(uintptr_t)&cases[i];
	}
	memcpy(tests + i, others, sizeof(others));
	return cases_main("truncate", NULL, 0, tests, COUNT(tests));
}
