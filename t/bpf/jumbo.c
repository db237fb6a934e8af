/* SPDX-License-Identifier: ISC */

/*
 * Frames of up to 9,000 bytes, which come in several buffers: the kernel puts
 * what is beyond about 3,500 bytes of a test's frame into others than the
 * first.
 */

#include <stdlib.h>
#include <string.h>

#include <linux/bpf.h>

#include "cases.h"

#define BIG	 8900 /* MTU in every row: of 9,000 with room for tunnels */
#define V6	 .ipv6 = true
#define TAG	 .tagged = true, .tci = 0x600a
#define DNS4	 .protocol = UDP, .port = 53
#define WAY(...) VIA(.mtu = BIG, __VA_ARGS__)

static const struct packet_case cases[] = {
    {"TCP in one buffer", {.payload = 3000}, SENT, WAY(.kind = VC5_LAYER2)},
    {"TCP", {.payload = 8860}, SENT, WAY(.kind = VC5_LAYER2)},
    {"TCP, odd", {.payload = 8859}, SENT, WAY(.kind = VC5_LAYER2)},
    {"TCP with options", {.payload = 8000, .options = 40}, SENT,
	WAY(.kind = VC5_LAYER2)},
    {"TCP by another interface", {.payload = 8000}, SENT,
	WAY(.elsewhere = true)},
    {"UDP", {DNS4, .payload = 8000}, SENT, WAY(.kind = VC5_LAYER2)},
    {"TCP over IPv6", {V6, .payload = 8840}, SENT, WAY(.kind = VC5_LAYER2)},
    {"extension headers", {V6, .extensions = "hda", .payload = 8000}, SENT,
	WAY(.kind = VC5_LAYER2)},
    {"tag kept", {TAG, .payload = 8000}, SENT, WAY(.vlan = VC5_TAGGED | 20)},
    {"tag pushed", {.payload = 8000}, SENT, WAY(.vlan = VC5_TAGGED | 20)},
    {"tag popped", {V6, TAG, .payload = 8000}, SENT, WAY(.kind = VC5_LAYER2)},
    {"ipip", {.payload = 8860}, SENT, WAY(.kind = VC5_IPIP)},
    {"ipip over IPv6", {V6, .payload = 8840}, SENT,
	WAY(.kind = VC5_IPIP, .ipv6 = true)},
    {"gre", {DNS4, .payload = 8800}, SENT, WAY(.kind = VC5_GRE)},
    {"fou with checksum", {.payload = 8801}, SENT,
	WAY(.kind = VC5_FOU, .checksum = true)},
    {"gue with checksum", {V6, .payload = 8801}, SENT,
	WAY(.kind = VC5_GUE, .checksum = true)},
    {"gue with checksum over IPv6", {DNS4, .payload = 8800}, SENT,
	WAY(.kind = VC5_GUE, .checksum = true, .ipv6 = true)},
    {"gue over IPv6, summed in one buffer",
	{DNS4, .no_checksum = true, .payload = 3000}, SENT,
	WAY(.kind = VC5_GUE, .checksum = true, .ipv6 = true)},
    {"gue without checksum", {.payload = 8800}, SENT, WAY(.kind = VC5_GUE)},
    {"dscp", {.payload = 8800}, SENT, WAY(.kind = VC5_DSCP, .code_point = 7)},
    {"dscp over IPv6, UDP", {V6, DNS4, .payload = 8800}, SENT,
	WAY(.kind = VC5_DSCP, .ipv6 = true, .code_point = 7)},
    {"first fragment", {.fragment = MORE_FRAGMENTS, .payload = 8000}, SENT,
	WAY(.kind = VC5_LAYER2)},
    {"first fragment, gue with checksum",
	{.fragment = MORE_FRAGMENTS, .payload = 8000}, SENT,
	WAY(.kind = VC5_GUE, .checksum = true)},
    {"padding", {.payload = 8000, .padding = 100}, SENT,
	WAY(.kind = VC5_LAYER2)},
    {"not for a VIP", {.vip = 9, .payload = 8000}, PASSED},
    {"not for a VIP, IPv6", {V6, .vip = 9, .payload = 8000}, PASSED},
    {"another protocol", {.protocol = 132, .payload = 8000}, PASSED},
    {"unserved", {.port = 81, .payload = 8000}, DROPPED(VC5_DROP_UNSERVED)},
    {"shorter than it says", {.payload = 8000}, DROPPED(VC5_DROP_MALFORMED),
	PATCH(AT(2, 0x20))},
    {"shorter than it says, IPv6", {V6, .payload = 8000},
	DROPPED(VC5_DROP_MALFORMED), PATCH(AT(4, 0x20))},
    {"ping", {.protocol = ICMP, .icmp_type = 8, .payload = 8000}, ECHOED},
    {"IPv6 ping", {V6, .protocol = ICMPV6, .icmp_type = 128, .payload = 8000},
	ECHOED},
    {"too big", {.payload = 8861}, TOO_LONG, WAY(.kind = VC5_LAYER2)},
    {"too big for 1500", {.payload = 5000}, TOO_LONG},
    {"too big, tagged", {TAG, .payload = 5000}, TOO_LONG},
    {"too big, IPv6", {V6, .payload = 8841}, TOO_LONG,
	WAY(.kind = VC5_IPIP, .ipv6 = true)},
    {"too big, IPv6, tagged", {V6, TAG, .payload = 5000}, TOO_LONG},
    {"TTL 1", {.ttl = 1, .payload = 8000}, EXPIRED, WAY(.kind = VC5_GUE)},
    {"hop limit 1", {V6, .ttl = 1, .payload = 8000}, EXPIRED,
	WAY(.kind = VC5_GUE)},
};

/* Every length around the end of the first buffer. */
static void
test_boundary(void **state)
{
	static const struct packet_case rows[] = {
	    {"layer 2", {.flags = ACK}, SENT, WAY(.kind = VC5_LAYER2)},
	    {"pushed", {.flags = ACK}, SENT, WAY(.vlan = VC5_TAGGED | 20)},
	    {"gue", {V6, .flags = ACK}, SENT,
		WAY(.kind = VC5_GUE, .checksum = true, .ipv6 = true)},
	    {"time exceeded", {.ttl = 1}, EXPIRED, WAY(.kind = VC5_LAYER2)},
	};
	struct packet_case row;
	static struct frame frame;
	struct fixture *fixture = *state;
	size_t i;

	fixture->control->icmp_limit = 65535;
	for (i = 0; i < COUNT(rows); i++) {
		row = rows[i];
		fixture_deliver(fixture, case_destination(&row), &row.delivery);
		for (row.spec.payload = 3300; row.spec.payload < 3560;
		     row.spec.payload++) {
			case_make(&frame, &row);
			case_check(fixture, &row, &frame);
		}
	}
}

/*
 * Only the first buffer can be summed: rather than with a checksum that no
 * receiver takes, what would need more is not sent.
 */
static void
test_no_sum(void **state)
{
	static const struct frame_spec specs[] = {
	    {DNS4, .no_checksum = true, .payload = 8000},
	    {.fragment = MORE_FRAGMENTS, .payload = 8000}};
	struct frame frame;
	size_t i;

	for (i = 0; i < COUNT(specs); i++) {
		fixture_deliver(*state, fixture_destination(&specs[i]),
		    &(struct fixture_delivery){.kind = VC5_GUE,
			.checksum = true,
			.ipv6 = true,
			.mtu = BIG});
		frame_make(&frame, &specs[i]);
		assert_int_equal(fixture_run(*state, &frame), XDP_DROP);
		assert_int_equal(fixture_drops(*state, VC5_DROP_FAULT), i + 1);
	}
}

int
main(void)
{
	static const struct CMUnitTest others[] = {
	    cmocka_unit_test(test_boundary),
	    cmocka_unit_test(test_no_sum),
	};

	return cases_main("jumbo", cases, COUNT(cases), others, COUNT(others));
}
