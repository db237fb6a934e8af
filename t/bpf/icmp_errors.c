/* SPDX-License-Identifier: ISC */

/*
 * ICMP and ICMPv6: errors about packets that servers sent go to the server
 * whose flow it is, by any kind of delivery; errors about others nowhere.
 */

#include <stdlib.h>
#include <string.h>

#include <linux/bpf.h>

#include "cases.h"

#define OUT(vid) (VC5_TAGGED | (vid))
#define OTHER	 0xc0000263 /* an address that is no VIP */

#define ERROR4 .protocol = ICMP
#define ERROR6 .ipv6 = true, .protocol = ICMPV6

/* What a server sent to the client: errors quote it. */
static const struct frame_spec tcp4 = {
    .reply = true, .flags = ACK, .payload = 40};
static const struct frame_spec udp4 = {
    .reply = true, .protocol = UDP, .port = 53, .payload = 12};
static const struct frame_spec options4 = {.reply = true, .options = 12};
static const struct frame_spec first4 = {
    .reply = true, .fragment = MORE_FRAGMENTS};
static const struct frame_spec tcp6 = {
    .reply = true, .ipv6 = true, .flags = ACK, .payload = 40};
static const struct frame_spec udp6 = {
    .reply = true, .ipv6 = true, .protocol = UDP, .port = 53, .payload = 12};
static const struct frame_spec extended6 = {
    .reply = true, .ipv6 = true, .extensions = "hd"};
static const struct frame_spec long6 = {
    .reply = true, .ipv6 = true, .payload = 1100};

/* Nobody here serves that. */
static const struct frame_spec port4 = {.reply = true, .port = 81};
static const struct frame_spec request4 = {.flags = SYN};
static const struct frame_spec stranger4 = {.reply = true, .vip = OTHER};
static const struct frame_spec later4 = {.reply = true, .fragment = 100};
static const struct frame_spec ping4 = {.reply = true, .protocol = ICMP};
static const struct frame_spec sctp4 = {.reply = true, .protocol = 132};
static const struct frame_spec port6 = {
    .reply = true, .ipv6 = true, .port = 81};
static const struct frame_spec request6 = {.ipv6 = true, .flags = SYN};
static const struct frame_spec ping6 = {
    .reply = true, .ipv6 = true, .protocol = ICMPV6};
static const struct frame_spec later6 = {
    .reply = true, .ipv6 = true, .extensions = "f", .fragment = 800};

static const struct packet_case plain[] = {
    /* errors */
    {"network unreachable", {ERROR4, .icmp_type = 3, .quote = &tcp4}, SENT},
    {"port unreachable",
	{ERROR4, .icmp_type = 3, .icmp_code = 3, .quote = &tcp4}, SENT},
    {"fragmentation needed",
	{ERROR4, .icmp_type = 3, .icmp_code = 4, .icmp_word = 1400,
	    .quote = &tcp4},
	SENT},
    {"time exceeded", {ERROR4, .icmp_type = 11, .quote = &tcp4}, SENT},
    {"parameter problem", {ERROR4, .icmp_type = 12, .quote = &tcp4}, SENT},
    {"an error about UDP", {ERROR4, .icmp_type = 3, .quote = &udp4}, SENT,
	.destination = 7},
    {"an error that quotes options",
	{ERROR4, .icmp_type = 3, .quote = &options4}, SENT},
    {"an error that quotes a first fragment",
	{ERROR4, .icmp_type = 11, .icmp_code = 1, .quote = &first4}, SENT},
    {"an error that quotes 8 bytes of TCP",
	{ERROR4, .icmp_type = 3, .quote = &tcp4, .quoted = 28}, SENT},
    {"an error in a packet with options",
	{ERROR4, .icmp_type = 3, .options = 8, .quote = &tcp4}, SENT},
    {"an error with extensions after the quote",
	{ERROR4, .icmp_type = 3, .quote = &tcp4, .payload = 60}, SENT},
    {"IPv6 unreachable", {ERROR6, .icmp_type = 1, .quote = &tcp6}, SENT},
    {"IPv6 too big",
	{ERROR6, .icmp_type = 2, .icmp_word = 1400, .quote = &tcp6}, SENT},
    {"IPv6 time exceeded", {ERROR6, .icmp_type = 3, .quote = &tcp6}, SENT},
    {"IPv6 parameter problem", {ERROR6, .icmp_type = 4, .quote = &tcp6}, SENT},
    {"an IPv6 error about UDP", {ERROR6, .icmp_type = 1, .quote = &udp6}, SENT,
	.destination = 14},
    {"an IPv6 error that quotes extension headers",
	{ERROR6, .icmp_type = 2, .quote = &extended6}, SENT},
    {"an IPv6 error behind extension headers",
	{ERROR6, .icmp_type = 2, .extensions = "hd", .quote = &tcp6}, SENT},
    {"an IPv6 error that quotes 1200 bytes",
	{ERROR6, .icmp_type = 2, .quote = &long6, .quoted = 1200}, SENT},
    {"an error with TTL 1", {ERROR4, .ttl = 1, .icmp_type = 3, .quote = &tcp4},
	DROPPED(VC5_DROP_TTL)},
    {"an IPv6 error with hop limit 1",
	{ERROR6, .ttl = 1, .icmp_type = 1, .quote = &tcp6},
	DROPPED(VC5_DROP_TTL)},
    {"an error that just fits",
	{ERROR4, .icmp_type = 3, .quote = &tcp4, .payload = 400}, SENT,
	VIA(.mtu = 508)},
    {"an error that just doesn't",
	{ERROR4, .icmp_type = 3, .quote = &tcp4, .payload = 400},
	DROPPED(VC5_DROP_TOO_BIG), VIA(.mtu = 507)},
    {"an error that doesn't fit",
	{ERROR4, .icmp_type = 3, .quote = &tcp4, .payload = 400},
	DROPPED(VC5_DROP_TOO_BIG), VIA(.mtu = 300)},
    {"an IPv6 error that doesn't fit",
	{ERROR6, .icmp_type = 1, .quote = &tcp6, .payload = 400},
	DROPPED(VC5_DROP_TOO_BIG), VIA(.mtu = 300)},
    {"an error for another",
	{ERROR4, .vip = OTHER, .icmp_type = 3, .quote = &tcp4}, PASSED},
    /* errors about nothing that is served */
    {"source quench", {ERROR4, .icmp_type = 4, .quote = &tcp4},
	DROPPED(VC5_DROP_ICMP)},
    {"redirect", {ERROR4, .icmp_type = 5, .quote = &tcp4},
	DROPPED(VC5_DROP_ICMP)},
    {"an error about an unserved port",
	{ERROR4, .icmp_type = 3, .quote = &port4}, DROPPED(VC5_DROP_ICMP)},
    {"an error about the client's packet",
	{ERROR4, .icmp_type = 3, .quote = &request4}, DROPPED(VC5_DROP_ICMP)},
    {"an error about somebody else's packet",
	{ERROR4, .icmp_type = 3, .quote = &stranger4}, DROPPED(VC5_DROP_ICMP)},
    {"an error about a later fragment",
	{ERROR4, .icmp_type = 11, .quote = &later4}, DROPPED(VC5_DROP_ICMP)},
    {"an error about a ping", {ERROR4, .icmp_type = 3, .quote = &ping4},
	DROPPED(VC5_DROP_ICMP)},
    {"an error about SCTP", {ERROR4, .icmp_type = 3, .quote = &sctp4},
	DROPPED(VC5_DROP_ICMP)},
    {"an error that quotes nothing", {ERROR4, .icmp_type = 3},
	DROPPED(VC5_DROP_ICMP)},
    {"an error that quotes half a header",
	{ERROR4, .icmp_type = 3, .quote = &tcp4, .quoted = 12},
	DROPPED(VC5_DROP_ICMP)},
    {"an error that quotes no ports",
	{ERROR4, .icmp_type = 3, .quote = &tcp4, .quoted = 20},
	DROPPED(VC5_DROP_ICMP)},
    {"an error that quotes one port",
	{ERROR4, .icmp_type = 3, .quote = &tcp4, .quoted = 22},
	DROPPED(VC5_DROP_ICMP)},
    {"an error whose ports are in the padding",
	{ERROR4, .icmp_type = 3, .quote = &tcp4, .quoted = 20, .padding = 20},
	DROPPED(VC5_DROP_ICMP)},
    {"an error that quotes version 5", {ERROR4, .icmp_type = 3, .quote = &tcp4},
	DROPPED(VC5_DROP_ICMP), PATCH(AT(28, 0x55))},
    {"an error that quotes a header of 16 bytes",
	{ERROR4, .icmp_type = 3, .quote = &tcp4}, DROPPED(VC5_DROP_ICMP),
	PATCH(AT(28, 0x44))},
    {"an error that quotes IPv6", {ERROR4, .icmp_type = 3, .quote = &tcp6},
	DROPPED(VC5_DROP_ICMP)},
    {"an IPv6 error about an unserved port",
	{ERROR6, .icmp_type = 1, .quote = &port6}, DROPPED(VC5_DROP_ICMP)},
    {"an IPv6 error about the client's packet",
	{ERROR6, .icmp_type = 1, .quote = &request6}, DROPPED(VC5_DROP_ICMP)},
    {"an IPv6 error about a ping", {ERROR6, .icmp_type = 1, .quote = &ping6},
	DROPPED(VC5_DROP_ICMP)},
    {"an IPv6 error about a later fragment",
	{ERROR6, .icmp_type = 3, .quote = &later6}, DROPPED(VC5_DROP_ICMP)},
    {"an IPv6 error that quotes nothing", {ERROR6, .icmp_type = 1},
	DROPPED(VC5_DROP_ICMP)},
    {"an IPv6 error that quotes no ports",
	{ERROR6, .icmp_type = 1, .quote = &tcp6, .quoted = 40},
	DROPPED(VC5_DROP_ICMP)},
    {"an IPv6 error that quotes half of its headers",
	{ERROR6, .icmp_type = 1, .quote = &extended6, .quoted = 50},
	DROPPED(VC5_DROP_ICMP)},
    {"an IPv6 error that quotes IPv4", {ERROR6, .icmp_type = 1, .quote = &tcp4},
	DROPPED(VC5_DROP_ICMP)},
    {"an IPv6 error that quotes seven headers",
	{ERROR6, .icmp_type = 1,
	    .quote =
		&(const struct frame_spec){
		    .reply = true, .ipv6 = true, .extensions = "ddddddd"}},
	DROPPED(VC5_DROP_ICMP)},
};

/* Errors in every kind of delivery. */
static const struct {
	const char *name;
	struct fixture_delivery delivery;
	bool either; /* the server's version of IP may be the other one */
} deliveries[] = {
    {"layer2", {.kind = VC5_LAYER2}, false},
    {"dscp", {.kind = VC5_DSCP, .code_point = 9}, false},
    {"ipip", {.kind = VC5_IPIP}, true},
    {"gre", {.kind = VC5_GRE}, true},
    {"fou", {.kind = VC5_FOU, .checksum = true}, true},
    {"gue", {.kind = VC5_GUE, .checksum = true}, true},
    {"gue without checksum", {.kind = VC5_GUE}, true},
};

#define DELIVERED (COUNT(deliveries) * 2 * 2 * 4)

static struct packet_case *
make_delivered(struct packet_case *row, size_t i)
{
	unsigned bits;

	for (bits = 0; bits < 16; bits++) {
		bool ipv6 = bits & 1, outer = bits & 2;

		if (ipv6 != outer && !deliveries[i].either)
			continue;
		row->delivery = deliveries[i].delivery;
		row->delivery.ipv6 = outer;
		row->delivery.vlan = bits & 4 ? OUT(20) : 0;
		row->spec.ipv6 = ipv6;
		row->spec.tagged = bits & 8;
		row->spec.tci = 0x800a;
		row->spec.protocol = ipv6 ? ICMPV6 : ICMP;
		row->spec.icmp_type = ipv6 ? 2 : 3;
		row->spec.icmp_code = ipv6 ? 0 : 4;
		row->spec.icmp_word = 1400;
		row->spec.quote = ipv6 ? &tcp6 : &tcp4;
		row->outcome = OUTCOME_SENT;
		row->name = case_name(
		    "an IPv%d error, %s to an IPv%d server, %s in, %s out",
		    ipv6 ? 6 : 4, deliveries[i].name, outer ? 6 : 4,
		    bits & 8 ? "tagged" : "untagged",
		    bits & 4 ? "tagged" : "untagged");
		row++;
	}
	return row;
}

static struct packet_case *
make_cases(size_t *count)
{
	struct packet_case *cases, *row;
	size_t i;

	cases = row = calloc(DELIVERED + COUNT(plain), sizeof(*cases));
	if (cases == NULL)
		abort();
	memcpy(row, plain, sizeof(plain));
	row += COUNT(plain);
	for (i = 0; i < COUNT(deliveries); i++)
		row = make_delivered(row, i);
	*count = row - cases;
	return cases;
}

/* Ports that the host serves itself: all that belongs to them is its own. */
static void
test_unserved_passes_whole(void **state)
{
	static const struct frame_spec unserved = {
	    .reply = true, .protocol = 17, .port = 81};
	const struct frame_spec specs[] = {
	    {.protocol = 17, .port = 81, .fragment = 0x2000},
	    {.protocol = 17, .port = 81, .fragment = 100},
	    {.protocol = ICMP,
		.icmp_type = 3,
		.icmp_code = 4,
		.quote = &unserved},
	};
	struct fixture *fixture = *state;
	struct frame frame, expected;
	size_t i;

	for (i = 0; i < COUNT(specs); i++) {
		frame_make(&frame, &specs[i]);
		expected = frame;
		fixture->control->flags = VC5_UNSERVED_PASS;
		assert_int_equal(fixture_run(fixture, &frame), XDP_PASS);
		assert_frames(&frame, &expected);
		fixture->control->flags = 0;
		assert_int_equal(fixture_run(fixture, &frame), XDP_DROP);
	}
}

static void
send_error(struct fixture *fixture, bool ipv6, uint32_t destination)
{
	const struct frame_spec spec = {
	    .ipv6 = ipv6,
	    .protocol = ipv6 ? ICMPV6 : ICMP,
	    .icmp_type = ipv6 ? 2 : 3,
	    .icmp_code = ipv6 ? 0 : 4,
	    .quote = ipv6 ? &tcp6 : &tcp4,
	};
	struct frame frame;

	frame_make(&frame, &spec);
	case_send(fixture, &frame, destination);
}

/* By the flow, not by the table; by the table when its server is down. */
static void
test_error_follows_flow(void **state)
{
	struct fixture *fixture = *state;
	struct vc5_flow *flow, before;
	int ipv6;

	for (ipv6 = 0; ipv6 < 2; ipv6++) {
		struct frame_spec spec = {.ipv6 = ipv6, .flags = SYN};
		uint32_t service = ipv6 ? HTTP6 : HTTP;
		uint32_t destination = ipv6 ? 8 : 1;

		assert_int_equal(fixture_send(fixture, &spec), destination);
		fixture_table(fixture, service, destination + 1);
		flow = fixture_flow(fixture);
		assert_non_null(flow);
		before = *flow;
		send_error(fixture, ipv6, destination);
		/* It says nothing of the flow's state. */
		assert_memory_equal(flow, &before, sizeof(before));
		fixture->destinations[destination].state = VC5_DRAINING;
		send_error(fixture, ipv6, destination);
		fixture->destinations[destination].state = VC5_DOWN;
		send_error(fixture, ipv6, destination + 1);
		memset(flow, 0, sizeof(*flow));
		assert_int_equal(fixture_flow_count(fixture), 0);
		send_error(fixture, ipv6, destination + 1);
		assert_int_equal(fixture_flow_count(fixture), 0);
	}
}

/* It looks outside as the flow does: routers' ECMP takes it along. */
static void
test_error_has_flows_entropy(void **state)
{
	const struct fixture_delivery delivery = {.kind = VC5_GUE};
	const struct frame_spec flow = {.flags = SYN};
	const struct frame_spec error = {
	    ERROR4, .icmp_type = 3, .icmp_code = 4, .quote = &tcp4};
	struct frame frame;
	uint8_t ports[4];

	fixture_deliver(*state, 1, &delivery);
	frame_make(&frame, &flow);
	memcpy(ports, case_send(*state, &frame, 1)->bytes + 34, 4);
	frame_make(&frame, &error);
	assert_memory_equal(case_send(*state, &frame, 1)->bytes + 34, ports, 4);
}

static const struct CMUnitTest others[] = {
    cmocka_unit_test(test_unserved_passes_whole),
    cmocka_unit_test(test_error_follows_flow),
    cmocka_unit_test(test_error_has_flows_entropy),
};

int
main(void)
{
	size_t count;
	struct packet_case *cases = make_cases(&count);

	return cases_main("icmp_errors", cases, count, others, COUNT(others));
}
