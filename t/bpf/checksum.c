/* SPDX-License-Identifier: ISC */

/*
 * Every sum there is: checksums that are updated, and those that are made from
 * others, over all 65,536 values of what they are made from.
 *
 * A checksum that is wrong must stay wrong by as much: that also is what the
 * sums are held against.
 */

#include <string.h>

#include <linux/bpf.h>

#include "cases.h"
#include "view.h"

#define DSCP4 VIA(.kind = VC5_DSCP, .code_point = 11)
#define DSCP6 VIA(.kind = VC5_DSCP, .ipv6 = true, .code_point = 11)
#define V6    .ipv6 = true
#define DNS4  .protocol = UDP, .port = 53

enum field {
	HEADER,	   /* IPv4's own checksum */
	TRANSPORT, /* that of TCP, UDP, ICMP */
	CLIENT_16, /* the client's address, half of it */
	PAYLOAD,   /* the last two bytes, checksum right */
};

struct sum_case {
	struct packet_case packet;
	enum field field;
};

static const struct sum_case cases[] = {
    {{"TTL, layer 2", {.flags = ACK}, SENT}, HEADER},
    {{"TTL, UDP", {DNS4}, SENT}, HEADER},
    {{"TTL, inside ipip", {.flags = ACK}, SENT, VIA(.kind = VC5_IPIP)}, HEADER},
    {{"DSCP and address", {.flags = ACK}, SENT, DSCP4}, HEADER},
    {{"a ping's TTL", {.protocol = ICMP, .icmp_type = 8}, ECHOED}, HEADER},
    {{"DSCP, TCP", {.flags = ACK}, SENT, DSCP4}, TRANSPORT},
    {{"DSCP, UDP", {DNS4, .payload = 5}, SENT, DSCP4}, TRANSPORT},
    {{"DSCP, TCP over IPv6", {V6, .flags = ACK}, SENT, DSCP6}, TRANSPORT},
    {{"DSCP, UDP over IPv6", {V6, DNS4}, SENT, DSCP6}, TRANSPORT},
    {{"a ping", {.protocol = ICMP, .icmp_type = 8}, ECHOED}, TRANSPORT},
    {{"an IPv6 ping", {V6, .protocol = ICMPV6, .icmp_type = 128}, ECHOED},
	TRANSPORT},
    {{"outer IPv4 header, sources", {.flags = ACK}, SENT,
	 VIA(.kind = VC5_GUE, .checksum = true)},
	CLIENT_16},
    {{"outer UDP over IPv4", {DNS4, .payload = 3}, SENT,
	 VIA(.kind = VC5_FOU, .checksum = true)},
	CLIENT_16},
    {{"outer UDP over IPv6", {V6, .payload = 3}, SENT,
	 VIA(.kind = VC5_GUE, .checksum = true, .ipv6 = true)},
	CLIENT_16},
    {{"outer UDP over IPv6, summed", {DNS4, .payload = 3, .no_checksum = true},
	 SENT, VIA(.kind = VC5_GUE, .checksum = true, .ipv6 = true)},
	PAYLOAD},
    {{"outer UDP over IPv6, payload", {.payload = 2}, SENT,
	 VIA(.kind = VC5_GUE, .checksum = true, .ipv6 = true)},
	PAYLOAD},
    {{"time exceeded", {.ttl = 1, .payload = 2}, EXPIRED}, PAYLOAD},
    {{"IPv6 time exceeded", {V6, .ttl = 1, .payload = 2}, EXPIRED}, PAYLOAD},
};

/* A frame with a value in the field; other checksums are right. */
static void
make(struct frame *frame, const struct sum_case *row, uint16_t value)
{
	struct packet_case packet = row->packet;
	struct view view;
	uint8_t *ip;

	if (row->field == CLIENT_16)
		packet.spec.client =
		    (packet.spec.ipv6 ? 0x10000 : 0x0a000000) | value;
	case_make(frame, &packet);
	view_parse(&view, frame->bytes, frame->length);
	ip = frame->bytes + view.ip;
	if (row->field == HEADER)
		put16(ip + 10, value);
	else if (row->field == TRANSPORT)
		put16(frame->bytes + view_checksum_at(&view), value);
	else if (row->field == PAYLOAD) {
		put16(ip + view.total - 2, value);
		if (packet.spec.no_checksum)
			return;
		put16(frame->bytes + view_checksum_at(&view), 0);
		put16(frame->bytes + view_checksum_at(&view),
		    ~sum_words(ip + view.header, view.total - view.header,
			sum_pseudo(
			    ip, view.protocol, view.total - view.header)));
	}
}

static void
test_sums(void **state)
{
	struct fixture *fixture = *state;
	const struct sum_case *row = fixture->row;
	static struct frame frame;
	uint32_t value;

	fixture_deliver(
	    fixture, case_destination(&row->packet), &row->packet.delivery);
	for (value = 0; value < 65536; value++) {
		make(&frame, row, value);
		/* Errors and replies have a limit, which is tested elsewhere */
		if (value % 512 == 0)
			memset(fixture->others[3], 0,
			    sizeof(struct vc5_drop_counters) * fixture->cpus);
		case_check(fixture, &row->packet, &frame);
	}
}

/* UDP's zero means none, and stays; a sum that comes to zero is 0xffff. */
static void
test_udp_zero(void **state)
{
	static const struct packet_case row = {
	    "none", {DNS4, .no_checksum = true, .payload = 4}, SENT, DSCP4};
	struct fixture *fixture = *state;
	struct frame frame, seen;
	struct view view;
	uint32_t value;
	int all_ones = 0;
	size_t at;

	case_run(fixture, &row);
	frame_make(&frame, &row.spec);
	view_parse(&view, frame.bytes, frame.length);
	at = view_checksum_at(&view);
	for (value = 1; value < 65536; value++) {
		put16(frame.bytes + at, value);
		seen = frame;
		assert_int_equal(fixture_run(fixture, &seen), XDP_TX);
		assert_int_not_equal(get16(seen.bytes + at), 0);
		all_ones += get16(seen.bytes + at) == 0xffff;
	}
	assert_int_equal(all_ones, 1);
}

static const struct CMUnitTest others[] = {
    cmocka_unit_test(test_udp_zero),
};

int
main(void)
{
	struct CMUnitTest tests[COUNT(cases) + COUNT(others)];
	size_t i;

	memset(tests, 0, sizeof(tests));
	for (i = 0; i < COUNT(cases); i++) {
		tests[i].name = cases[i].packet.name;
		tests[i].test_func = test_sums;
		tests[i].initial_state = (void *)(uintptr_t)&cases[i];
	}
	memcpy(tests + i, others, sizeof(others));
	return cases_main("checksum", NULL, 0, tests, COUNT(tests));
}
