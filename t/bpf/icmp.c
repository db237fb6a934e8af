/* SPDX-License-Identifier: ISC */

/*
 * ICMP and ICMPv6: pings for VIPs, errors about balanced flows, and the errors
 * that are made here.
 */

#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <linux/bpf.h>

#include "cases.h"
#include "oracle.h"

#define OUT(vid) (VC5_TAGGED | (vid))
#define OTHER	 0xc0000263 /* an address that is no VIP */

#define PING4 .protocol = ICMP, .icmp_type = 8, .icmp_word = 0x12340001
#define PING6                                               \
	.ipv6 = true, .protocol = ICMPV6, .icmp_type = 128, \
	.icmp_word = 0x12340001
#define TAG    .tagged = true, .tci = 0xa00a
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
    /* who can't be told */
    {"TTL 1 from the unspecified address", {.ttl = 1}, DROPPED(VC5_DROP_TTL),
	PATCH(AT(12, 0), AT(13, 0), AT(14, 0), AT(15, 0))},
    {"TTL 1 from the loopback", {.ttl = 1, .client = 0x7f000001},
	DROPPED(VC5_DROP_TTL)},
    {"TTL 1 from a multicast address", {.ttl = 1, .client = 0xe0000001},
	DROPPED(VC5_DROP_TTL)},
    {"TTL 1 from the broadcast address", {.ttl = 1, .client = 0xffffffff},
	DROPPED(VC5_DROP_TTL)},
    {"hop limit 1 from a multicast address", {.ipv6 = true, .ttl = 1},
	DROPPED(VC5_DROP_TTL), PATCH(AT(8, 0xff), AT(9, 2))},
    {"too big from the loopback", {.payload = 500, .client = 0x7f000001},
	DROPPED(VC5_DROP_TOO_BIG), VIA(.mtu = 300)},
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

/* What is answered in every size and shape. */
static const struct {
	const char *name;
	struct frame_spec spec;
} answered[] = {
    {"TCP", {.flags = SYN}},
    {"TCP, 1 byte", {.payload = 1}},
    {"TCP, 2 bytes", {.payload = 2}},
    {"TCP, 3 bytes", {.payload = 3}},
    {"UDP", {.protocol = UDP, .port = 53, .payload = 20}},
    {"padding", {.padding = 6}},
    {"much padding", {.padding = 700}},
    {"507 bytes", {.payload = 507}},
    {"508 bytes", {.payload = 508}},
    {"509 bytes", {.payload = 509}},
    {"1171 bytes", {.payload = 1171}},
    {"1172 bytes", {.payload = 1172}},
    {"1173 bytes", {.payload = 1173}},
    {"1400 bytes", {.payload = 1400}},
    {"don't fragment", {.fragment = DONT_FRAGMENT, .payload = 100}},
    {"first fragment", {.fragment = MORE_FRAGMENTS, .payload = 100}},
    {"TOS 0xff", {.tos = 0xff}},
};

#define DELIVERED (COUNT(deliveries) * 2 * 2 * 4)
#define ANSWERED  (COUNT(answered) * 2 * 2 * 2)

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
make_answered(struct packet_case *row, size_t i)
{
	unsigned bits;

	for (bits = 0; bits < 8; bits++) {
		row->spec = answered[i].spec;
		row->spec.ipv6 = bits & 1;
		if (row->spec.ipv6 && row->spec.fragment != 0) {
			row->spec.fragment = MORE_FRAGMENTS6;
			row->spec.extensions = "f";
		}
		row->spec.tagged = bits & 2;
		row->spec.tci = 0x400a;
		if (bits & 4) {
			row->outcome = OUTCOME_TOO_LONG;
			row->delivery.mtu = 39;
			row->delivery.kind = VC5_GUE;
		} else {
			row->outcome = OUTCOME_EXPIRED;
			row->spec.ttl = 1;
		}
		row->name = case_name("%s, IPv%d, %s: %s",
		    bits & 4 ? "too big" : "time exceeded", bits & 1 ? 6 : 4,
		    bits & 2 ? "tagged" : "untagged", answered[i].name);
		row++;
	}
	return row;
}

static struct packet_case *
make_cases(size_t *count)
{
	struct packet_case *cases, *row;
	size_t i;

	cases = row =
	    calloc(DELIVERED + ANSWERED + COUNT(plain), sizeof(*cases));
	if (cases == NULL)
		abort();
	memcpy(row, plain, sizeof(plain));
	row += COUNT(plain);
	for (i = 0; i < COUNT(deliveries); i++)
		row = make_delivered(row, i);
	for (i = 0; i < COUNT(answered); i++)
		row = make_answered(row, i);
	*count = row - cases;
	return cases;
}

/* TTL 0 is as good as 1. */
static void
test_ttl_zero(void **state)
{
	static const struct packet_case rows[] = {
	    {"IPv4", {.payload = 0}, EXPIRED, PATCH(AT(8, 0))},
	    {"IPv6", {.ipv6 = true}, EXPIRED, PATCH(AT(7, 0))},
	};

	case_run(*state, &rows[0]);
	fixture_configure(*state);
	memset(((struct fixture *)*state)->others[3], 0,
	    sizeof(struct vc5_drop_counters) *
		((struct fixture *)*state)->cpus);
	case_run(*state, &rows[1]);
}

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

static time_t
coarse_second(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return now.tv_sec;
}

/* Stay on one CPU: limits are by CPU. */
static void
pin(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(sched_getcpu(), &set);
	assert_int_equal(sched_setaffinity(0, sizeof(set), &set), 0);
}

/* How many of 10 packets of a kind are answered within one second. */
static int
answered_of_ten(struct fixture *fixture, const struct frame_spec *spec)
{
	struct frame frame;
	int answers, i, tries = 0;
	time_t second;

	do {
		assert_true(tries++ < 10);
		memset(fixture->others[3], 0,
		    sizeof(struct vc5_drop_counters) * fixture->cpus);
		answers = 0;
		second = coarse_second();
		for (i = 0; i < 10; i++) {
			frame_make(&frame, spec);
			answers += fixture_run(fixture, &frame) == XDP_TX;
		}
	} while (coarse_second() != second);
	return answers;
}

/* Pings and errors don't take each other's share. */
static void
test_limits_apart(void **state)
{
	static const struct frame_spec ping = {PING4}, expired = {.ttl = 1};
	struct fixture *fixture = *state;
	struct frame frame;
	time_t second;
	int i, verdict = -1;

	pin();
	fixture->control->icmp_limit = 5;
	do {
		second = coarse_second();
		for (i = 0; i < 10; i++) {
			frame_make(&frame, &ping);
			verdict = fixture_run(fixture, &frame);
		}
		frame_make(&frame, &expired);
		if (coarse_second() == second) {
			assert_int_equal(verdict, XDP_DROP);
			assert_int_equal(fixture_run(fixture, &frame), XDP_TX);
		}
	} while (coarse_second() != second);
}

static void
test_limit(void **state)
{
	static const struct frame_spec specs[] = {
	    {PING4}, {PING6}, {.ttl = 1}, {.ipv6 = true, .ttl = 1}};
	static const uint16_t limits[] = {0, 1, 7, 10, 1000};
	struct fixture *fixture = *state;
	size_t i, j;
	int answers;

	pin();
	for (i = 0; i < COUNT(limits); i++)
		for (j = 0; j < COUNT(specs); j++) {
			fixture->control->icmp_limit = limits[i];
			answers = answered_of_ten(fixture, &specs[j]);
			assert_int_equal(
			    answers, limits[i] < 10 ? limits[i] : 10);
			/* A ping is dropped by the limit, others anyway. */
			assert_int_equal(fixture_drops(fixture, VC5_DROP_LIMIT),
			    j < 2 ? 10 - answers : 0);
			assert_int_equal(fixture_drops(fixture, VC5_DROP_TTL),
			    j < 2 ? 0 : 10);
		}
}

/* Beyond the limit they are dropped as they came. */
static void
test_limit_leaves_alone(void **state)
{
	static const struct packet_case rows[] = {
	    {"ping", {PING4}, DROPPED(VC5_DROP_LIMIT)},
	    {"TTL", {.ttl = 1}, DROPPED(VC5_DROP_TTL)},
	    {"too big", {.payload = 500}, DROPPED(VC5_DROP_TOO_BIG),
		VIA(.mtu = 300)},
	};
	struct fixture *fixture = *state;
	size_t i;

	for (i = 0; i < COUNT(rows); i++) {
		memset(fixture->others[3], 0,
		    sizeof(struct vc5_drop_counters) * fixture->cpus);
		fixture->control->icmp_limit = 0;
		case_run(fixture, &rows[i]);
	}
}

/* The second that the limit is for passes. */
static void
test_limit_renews(void **state)
{
	struct fixture *fixture = *state;
	const struct frame_spec spec = {PING4};
	struct vc5_drop_counters *counters = fixture->others[3];
	struct frame frame;
	int cpu;

	fixture->control->icmp_limit = 1;
	for (cpu = 0; cpu < fixture->cpus; cpu++) {
		counters[cpu].second = coarse_second() - 1;
		counters[cpu].made[1] = 1000000;
	}
	frame_make(&frame, &spec);
	assert_int_equal(fixture_run(fixture, &frame), XDP_TX);
}

static const struct CMUnitTest others[] = {
    cmocka_unit_test(test_ttl_zero),
    cmocka_unit_test(test_silent_vip),
    cmocka_unit_test(test_multicast_frame),
    cmocka_unit_test(test_no_single_sender),
    cmocka_unit_test(test_unserved_passes_whole),
    cmocka_unit_test(test_limits_apart),
    cmocka_unit_test(test_error_follows_flow),
    cmocka_unit_test(test_error_has_flows_entropy),
    cmocka_unit_test(test_limit),
    cmocka_unit_test(test_limit_leaves_alone),
    cmocka_unit_test(test_limit_renews),
};

int
main(void)
{
	size_t count;
	struct packet_case *cases = make_cases(&count);

	return cases_main("icmp", cases, count, others, COUNT(others));
}
