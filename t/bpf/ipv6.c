/* SPDX-License-Identifier: ISC */

/*
 * IPv6 in layer 2: what is sent, passed and dropped, and what the walk over
 * extension headers finds.
 */

#include <string.h>

#include <linux/bpf.h>

#include "cases.h"

#define OTHER 0x99 /* the last word of an address that is no VIP */
#define SIX   .ipv6 = true
#define TCP6  SIX, .protocol = TCP
#define UDP6  SIX, .protocol = UDP, .port = 53

/* Offsets in the IPv6 header */
#define AT_LENGTH 4
#define AT_NEXT	  6
#define AT_HOPS	  7

static const struct packet_case cases[] = {
    /* what is sent */
    {"SYN", {TCP6}, SENT},
    {"ACK", {TCP6, .flags = ACK}, SENT},
    {"RST", {TCP6, .flags = RST}, SENT},
    {"FIN", {TCP6, .flags = FIN | ACK}, SENT},
    {"TCP with payload", {TCP6, .flags = ACK, .payload = 1200}, SENT},
    {"TCP, payload of 1 byte", {TCP6, .flags = ACK, .payload = 1}, SENT},
    {"TCP to the sticky service", {TCP6, .port = 443}, SENT},
    {"UDP", {UDP6, .payload = 30}, SENT},
    {"UDP without payload", {UDP6}, SENT},
    {"UDP with no checksum", {UDP6, .payload = 30, .no_checksum = true}, SENT},
    {"padding", {TCP6, .padding = 6}, SENT},
    {"more padding than packet", {UDP6, .padding = 300}, SENT},
    {"hop limit 2", {TCP6, .ttl = 2}, SENT},
    {"hop limit 255", {TCP6, .ttl = 255}, SENT},
    {"traffic class 0xff", {TCP6, .tos = 0xff}, SENT},
    {"no traffic class, no label", {TCP6}, SENT, PATCH(AT(0, 0x60), AT(1, 0))},
    {"exactly the MTU", {TCP6, .payload = 1500 - 60}, SENT},
    {"by another interface", {TCP6}, SENT, VIA(.elsewhere = true)},
    /* extension headers */
    {"hop-by-hop, TCP", {TCP6, .extensions = "h"}, SENT},
    {"long hop-by-hop, TCP", {TCP6, .extensions = "H"}, SENT},
    {"destination options, TCP", {TCP6, .extensions = "d"}, SENT},
    {"routing, TCP", {TCP6, .extensions = "r"}, SENT},
    {"AH, TCP", {TCP6, .extensions = "a"}, SENT},
    {"atomic fragment, TCP", {TCP6, .extensions = "f", .id = 7}, SENT},
    {"hop-by-hop, UDP", {UDP6, .extensions = "h", .payload = 3}, SENT},
    {"destination options, UDP", {UDP6, .extensions = "d"}, SENT},
    {"routing, UDP", {UDP6, .extensions = "r"}, SENT},
    {"AH, UDP", {UDP6, .extensions = "a"}, SENT},
    {"atomic fragment, UDP", {UDP6, .extensions = "f", .payload = 9}, SENT},
    {"two headers", {TCP6, .extensions = "hd"}, SENT},
    {"three headers", {TCP6, .extensions = "hdr"}, SENT},
    {"all kinds of header", {TCP6, .extensions = "hdrfa"}, SENT},
    {"six headers", {TCP6, .extensions = "hdrfad"}, SENT},
    {"six headers, UDP", {UDP6, .extensions = "hdradd", .payload = 1}, SENT},
    {"AH before destination options", {TCP6, .extensions = "ad"}, SENT},
    {"seven headers", {TCP6, .extensions = "hdrfadd"},
	DROPPED(VC5_DROP_MALFORMED)},
    {"eight headers", {UDP6, .extensions = "hddddddd"},
	DROPPED(VC5_DROP_MALFORMED)},
    {"a header beyond the packet", {TCP6, .extensions = "h"},
	DROPPED(VC5_DROP_MALFORMED), PATCH(AT(41, 4))},
    {"a header of 2048 bytes", {TCP6, .extensions = "d", .payload = 100},
	DROPPED(VC5_DROP_MALFORMED), PATCH(AT(41, 255))},
    {"AH of 1028 bytes", {TCP6, .extensions = "a", .payload = 100},
	DROPPED(VC5_DROP_MALFORMED), PATCH(AT(41, 255))},
    {"a header takes TCP's place", {TCP6, .extensions = "h"},
	DROPPED(VC5_DROP_MALFORMED), PATCH(AT(41, 1))},
    {"headers fill the packet", {TCP6, .extensions = "hd"},
	DROPPED(VC5_DROP_MALFORMED), PATCH(AT(AT_LENGTH + 1, 16))},
    {"the first header is cut", {TCP6, .extensions = "h"},
	DROPPED(VC5_DROP_MALFORMED), PATCH(AT(AT_LENGTH + 1, 7))},
    {"the second header is cut", {TCP6, .extensions = "hd"},
	DROPPED(VC5_DROP_MALFORMED), PATCH(AT(AT_LENGTH + 1, 15))},
    {"unserved port behind headers", {TCP6, .extensions = "hd", .port = 81},
	DROPPED(VC5_DROP_UNSERVED)},
    /* what is somebody else's */
    {"not for a VIP", {TCP6, .vip = OTHER}, PASSED},
    {"not for a VIP, malformed", {TCP6, .vip = OTHER}, PASSED,
	PATCH(AT(AT_LENGTH, 0xff))},
    {"not for a VIP, hop limit 1", {TCP6, .vip = OTHER, .ttl = 1}, PASSED},
    {"not for a VIP, nine headers",
	{TCP6, .vip = OTHER, .extensions = "hdddddddd"}, PASSED},
    {"from the VIP to a client", {TCP6, .reply = true}, PASSED},
    {"from the VIP to a client, tagged", {TCP6, .reply = true, .tagged = true},
	PASSED},
    {"from the IPv4 VIP to a client", {.reply = true, .payload = 9}, PASSED},
    {"from the IPv4 VIP to another address", {.client = VIP, .vip = 0xc0000263},
	PASSED},
    {"another protocol", {SIX, .protocol = 132}, PASSED},
    {"another protocol behind headers",
	{SIX, .protocol = 132, .extensions = "hd"}, PASSED},
    {"no next header", {SIX, .protocol = 59}, PASSED},
    {"ESP", {SIX, .protocol = 50}, PASSED},
    {"ICMP of IPv4", {SIX, .protocol = ICMP, .icmp_type = 8}, PASSED},
    /* what is dropped */
    {"unserved port", {TCP6, .port = 81}, DROPPED(VC5_DROP_UNSERVED)},
    {"served port of another protocol", {SIX, .protocol = UDP},
	DROPPED(VC5_DROP_UNSERVED)},
    {"payload length beyond the frame", {TCP6}, DROPPED(VC5_DROP_MALFORMED),
	PATCH(AT(AT_LENGTH + 1, 21))},
    {"payload length 65535", {TCP6}, DROPPED(VC5_DROP_MALFORMED),
	PATCH(AT(AT_LENGTH, 255), AT(AT_LENGTH + 1, 255))},
    {"payload length 0", {TCP6}, DROPPED(VC5_DROP_MALFORMED),
	PATCH(AT(AT_LENGTH + 1, 0))},
    {"payload length without a TCP header", {TCP6}, DROPPED(VC5_DROP_MALFORMED),
	PATCH(AT(AT_LENGTH + 1, 19))},
    {"payload length without a UDP header", {UDP6}, DROPPED(VC5_DROP_MALFORMED),
	PATCH(AT(AT_LENGTH + 1, 7))},
    {"TCP header in the padding", {TCP6, .padding = 40},
	DROPPED(VC5_DROP_MALFORMED), PATCH(AT(AT_LENGTH + 1, 12))},
    {"version 4", {TCP6}, DROPPED(VC5_DROP_MALFORMED), PATCH(AT(0, 0x42))},
    {"version 0", {TCP6}, DROPPED(VC5_DROP_MALFORMED), PATCH(AT(0, 0x02))},
    {"version 7", {TCP6}, DROPPED(VC5_DROP_MALFORMED), PATCH(AT(0, 0x72))},
    {"version 15", {TCP6}, DROPPED(VC5_DROP_MALFORMED), PATCH(AT(0, 0xf2))},
};

static void
test_unserved_passes(void **state)
{
	static const struct packet_case rows[] = {
	    {"an IPv6 port", {TCP6, .port = 81}, PASSED},
	    {"behind headers", {TCP6, .extensions = "h", .port = 81}, PASSED},
	    {"an IPv4 port", {.port = 81}, PASSED},
	    {"an IPv4 port, UDP", {.protocol = UDP, .port = 54}, PASSED},
	};
	struct fixture *fixture = *state;
	size_t i;

	fixture->control->flags = VC5_UNSERVED_PASS;
	for (i = 0; i < COUNT(rows); i++)
		case_run(fixture, &rows[i]);
}

/* Each word of the addresses tells flows apart, and VIPs from others. */
static void
test_addresses(void **state)
{
	const struct frame_spec spec = {TCP6, .flags = ACK};
	struct fixture *fixture = *state;
	struct frame frame, whole;
	size_t i;

	frame_make(&whole, &spec);
	for (i = 0; i < 16; i++) {
		frame = whole;
		frame.bytes[FRAME_IP + 8 + i] ^= 0x40;
		assert_int_equal(fixture_run(fixture, &frame), XDP_TX);
		frame = whole;
		frame.bytes[FRAME_IP + 24 + i] ^= 0x40;
		assert_int_equal(fixture_run(fixture, &frame), XDP_PASS);
	}
	assert_int_equal(fixture_flow_count(fixture), 16);
}

/* A flow of IPv6 is found again, and has its client in its tuple. */
static void
test_flow(void **state)
{
	struct frame_spec spec = {TCP6};
	struct fixture *fixture = *state;
	const struct vc5_tuple *tuple;
	struct vc5_flow *flow;
	uint8_t client[16];

	assert_int_equal(fixture_send(fixture, &spec), 8);
	fixture_table(fixture, HTTP6, 9);
	spec.flags = ACK;
	assert_int_equal(fixture_send(fixture, &spec), 8);
	/* The headers on the way don't matter to it. */
	spec.extensions = "hd";
	assert_int_equal(fixture_send(fixture, &spec), 8);
	flow = fixture_flow(fixture);
	assert_non_null(flow);
	tuple = &fixture->tuples[flow - fixture->flows[0].ways];
	frame_client(client, &spec);
	assert_memory_equal(tuple->client, client, sizeof(client));
	assert_int_equal(tuple->service, HTTP6);
	spec.client = CLIENT6 + 1;
	assert_int_equal(fixture_send(fixture, &spec), 9);
}

/* An IPv4 flow and one of the address that it maps to are two. */
static void
test_mapped(void **state)
{
	const struct frame_spec spec = {TCP6};
	struct frame frame, expected;

	frame_make(&frame, &spec);
	memset(frame.bytes + FRAME_IP + 24, 0, 10);
	memset(frame.bytes + FRAME_IP + 34, 0xff, 2);
	put32(frame.bytes + FRAME_IP + 36, VIP);
	expected = frame;
	/* Nobody may send that on a wire: it is not taken for the VIP. */
	assert_int_equal(fixture_run(*state, &frame), XDP_PASS);
	assert_frames(&frame, &expected);
	assert_int_equal(fixture_counters(*state, 1).packets, 0);
	assert_int_equal(fixture_flow_count(*state), 0);
}

static const struct CMUnitTest others[] = {
    cmocka_unit_test(test_unserved_passes),
    cmocka_unit_test(test_addresses),
    cmocka_unit_test(test_flow),
    cmocka_unit_test(test_mapped),
};

int
main(void)
{
	return cases_main("ipv6", cases, COUNT(cases), others, COUNT(others));
}
