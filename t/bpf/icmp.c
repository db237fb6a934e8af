/* SPDX-License-Identifier: ISC */

/*
 * ICMP and ICMPv6: pings for VIPs, and what is neither a ping nor an error.
 */

#include <linux/bpf.h>

#include "cases.h"

#define OTHER 0xc0000263 /* an address that is no VIP */

#define PING4 .protocol = ICMP, .icmp_type = 8, .icmp_word = 0x12340001
#define PING6                                               \
	.ipv6 = true, .protocol = ICMPV6, .icmp_type = 128, \
	.icmp_word = 0x12340001
#define TAG    .tagged = true, .tci = 0xa00a
#define ERROR4 .protocol = ICMP
#define ERROR6 .ipv6 = true, .protocol = ICMPV6

static const struct frame_spec tcp6 = {
    .reply = true, .ipv6 = true, .flags = ACK, .payload = 40};

static const struct packet_case plain[] = {
    /* pings */
    {"ping", {PING4, .payload = 56}, ECHOED},
    {"ping without data", {PING4}, ECHOED},
    {"ping, odd data", {PING4, .payload = 7}, ECHOED},
    {"ping of 1400 bytes", {PING4, .payload = 1400}, ECHOED},
    {"ping with padding", {PING4, .padding = 18}, ECHOED},
    {"ping with a tag", {PING4, TAG, .payload = 56}, ECHOED},
    {"ping with options", {PING4, .options = 8, .payload = 4}, ECHOED},
    {"ping with TTL 1", {PING4, .ttl = 1}, ECHOED},
    {"ping with TTL 255", {PING4, .ttl = 255}, ECHOED},
    {"ping with TOS 0xff", {PING4, .tos = 0xff}, ECHOED},
    {"ping that may not be fragmented", {PING4, .fragment = DONT_FRAGMENT},
	ECHOED},
    {"IPv6 ping", {PING6, .payload = 56}, ECHOED},
    {"IPv6 ping without data", {PING6}, ECHOED},
    {"IPv6 ping, odd data", {PING6, .payload = 7}, ECHOED},
    {"IPv6 ping of 1400 bytes", {PING6, .payload = 1400}, ECHOED},
    {"IPv6 ping with padding", {PING6, .padding = 18}, ECHOED},
    {"IPv6 ping with a tag", {PING6, TAG, .payload = 56}, ECHOED},
    {"IPv6 ping with hop limit 1", {PING6, .ttl = 1}, ECHOED},
    {"IPv6 ping with class 0xff", {PING6, .tos = 0xff}, ECHOED},
    {"ping for another", {PING4, .vip = OTHER}, PASSED},
    {"IPv6 ping for another", {PING6, .vip = 99}, PASSED},
    {"a fragment of a ping", {PING4, .fragment = MORE_FRAGMENTS}, PASSED},
    {"a later fragment of a ping", {PING4, .fragment = 9}, PASSED},
    {"a fragment of an IPv6 ping",
	{PING6, .extensions = "f", .fragment = MORE_FRAGMENTS6}, PASSED},
    {"a later fragment of an IPv6 ping",
	{PING6, .extensions = "f", .fragment = 80}, PASSED},
    {"ping without all of its header", {PING4}, DROPPED(VC5_DROP_MALFORMED),
	PATCH(AT(3, 27))},
    {"IPv6 ping without all of its header", {PING6},
	DROPPED(VC5_DROP_MALFORMED), PATCH(AT(5, 7))},
    /* what is neither a ping nor an error */
    {"echo reply", {ERROR4, .icmp_type = 0}, PASSED},
    {"router advertisement", {ERROR4, .icmp_type = 9}, PASSED},
    {"timestamp", {ERROR4, .icmp_type = 13, .payload = 12}, PASSED},
    {"IPv6 echo reply", {ERROR6, .icmp_type = 129}, PASSED},
    {"neighbour solicitation", {ERROR6, .icmp_type = 135, .payload = 24},
	PASSED},
    {"neighbour advertisement", {ERROR6, .icmp_type = 136, .payload = 16},
	PASSED},
    {"an unknown error of IPv6", {ERROR6, .icmp_type = 5, .quote = &tcp6},
	PASSED},
};

/* The VIP is not announced: whoever has the address may answer. */
static void
test_silent_vip(void **state)
{
	static const struct packet_case rows[] = {
	    {"IPv4", {PING4}, PASSED},
	    {"IPv6", {PING6}, PASSED},
	};
	uint8_t vip[16];
	size_t i;

	for (i = 0; i < COUNT(rows); i++) {
		frame_vip(vip, &rows[i].spec);
		fixture_vip_set(*state, vip, 0);
		case_run(*state, &rows[i]);
	}
}

/* A frame to a group is nobody's in particular: each balancer has a copy. */
static void
test_multicast_frame(void **state)
{
	static const struct frame_spec specs[] = {{.ttl = 1},
	    {.ipv6 = true, .ttl = 1}, {.flags = SYN}, {PING4}, {PING6}};
	struct frame frame, expected;
	size_t i;

	for (i = 0; i < COUNT(specs); i++) {
		frame_make(&frame, &specs[i]);
		frame.bytes[0] |= 1;
		expected = frame;
		assert_int_equal(fixture_run(*state, &frame), XDP_PASS);
		assert_frames(&frame, &expected);
	}
	assert_int_equal(fixture_dropped(*state), 0);
}

/* RFC 1122, section 3.2.2: an answer would go to everybody, or to nobody. */
static void
test_no_single_sender(void **state)
{
	static const uint32_t nobodies[] = {
	    0xe0000001, 0xffffffff, 0x7f000001, 0x00000001};
	static const struct frame_spec pings[] = {{PING4}, {PING6}};
	struct fixture *fixture = *state;
	struct frame_spec spec = {PING4};
	struct frame frame;
	size_t i;

	for (i = 0; i < COUNT(nobodies); i++) {
		spec.client = nobodies[i];
		frame_make(&frame, &spec);
		assert_int_equal(fixture_run(fixture, &frame), XDP_DROP);
	}
	for (i = 0; i < COUNT(pings); i++) {
		frame_make(&frame, &pings[i]);
		frame.bytes[6] |= 1;
		assert_int_equal(fixture_run(fixture, &frame), XDP_DROP);
	}
	frame_make(&frame, &pings[1]);
	frame.bytes[frame_ip(&frame) + 8] = 0xff;
	assert_int_equal(fixture_run(fixture, &frame), XDP_DROP);
	assert_int_equal(fixture_drops(fixture, VC5_DROP_ICMP),
	    COUNT(nobodies) + COUNT(pings) + 1);
	assert_int_equal(fixture_answers(fixture, VC5_ANSWER_ECHO), 0);
}

static const struct CMUnitTest others[] = {
    cmocka_unit_test(test_silent_vip),
    cmocka_unit_test(test_multicast_frame),
    cmocka_unit_test(test_no_single_sender),
};

int
main(void)
{
	return cases_main("icmp", plain, COUNT(plain), others, COUNT(others));
}
