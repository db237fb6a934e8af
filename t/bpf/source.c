/* SPDX-License-Identifier: ISC */

/*
 * Sources: what comes from a blocked prefix is dropped, whatever it is, if it
 * is for a VIP, and nothing else is; and what is counted of whom.
 */

#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <linux/bpf.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bpf/vc5d.skel.h"
#include "cases.h"

#define ALL	UINT32_MAX
#define ONE_IN4 (UINT32_MAX / 4)
#define OTHER	0x99 /* the last word of an address that is no VIP */
#define OTHER4	0xc0000263

/* Large enough for a key of either trie. */
struct trie_key {
	uint32_t length;
	uint8_t address[16];
};

static int
trie(const struct fixture *fixture, bool ipv6)
{
	return bpf_map__fd(ipv6 ? fixture->skeleton->maps.blocked6
				: fixture->skeleton->maps.blocked4);
}

/* The prefix of that length that a client is in, or the one beside it. */
static struct trie_key
client_key(const struct frame_spec *spec, uint32_t length, bool beside)
{
	struct trie_key key = {.length = length};
	uint8_t address[16];
	uint32_t i;

	frame_client(address, spec);
	memcpy(
	    key.address, address + (spec->ipv6 ? 0 : 12), spec->ipv6 ? 16 : 4);
	if (beside)
		key.address[(length - 1) / 8] ^= 0x80 >> (length - 1) % 8;
	for (i = length; i < 128; i++)
		key.address[i / 8] &= ~(0x80 >> i % 8);
	return key;
}

static void
block(struct fixture *fixture, const struct frame_spec *spec, uint32_t length,
    bool beside)
{
	struct trie_key key = client_key(spec, length, beside);

	fixture_block(fixture, spec->ipv6, key.address, length);
}

static void
unblock(struct fixture *fixture, const struct frame_spec *spec, uint32_t length,
    bool beside)
{
	struct trie_key key = client_key(spec, length, beside);

	assert_int_equal(
	    bpf_map_delete_elem(trie(fixture, spec->ipv6), &key), 0);
}

/* What was dropped by exactly this entry. */
static struct vc5_octets
blocked(struct fixture *fixture, const struct frame_spec *spec, uint32_t length)
{
	struct trie_key key = client_key(spec, length, false);
	struct vc5_octets counted;

	assert_int_equal(
	    bpf_map_lookup_elem(trie(fixture, spec->ipv6), &key, &counted), 0);
	return counted;
}

#define SIX   .ipv6 = true
#define ECHO4 .protocol = ICMP, .icmp_type = 8
#define ECHO6 SIX, .protocol = ICMPV6, .icmp_type = 128

/* What comes of it when its source is not blocked, and not when it is. */
static const struct packet_case cases[] = {
    {"SYN", {0}, SENT},
    {"ACK with payload", {.flags = ACK, .payload = 1000}, SENT},
    {"FIN", {.flags = FIN | ACK}, SENT},
    {"UDP", {.protocol = UDP, .port = 53, .payload = 20}, SENT},
    {"options", {.options = 8}, SENT},
    {"the first fragment", {.fragment = MORE_FRAGMENTS, .payload = 64}, SENT},
    {"a later fragment", {.fragment = 8, .payload = 64},
	DROPPED(VC5_DROP_FRAGMENT)},
    {"a tagged SYN", {.tagged = true, .tci = 10}, SENT,
	VIA(.vlan = VC5_TAGGED | 20)},
    {"a ping", {ECHO4, .payload = 40}, ECHOED},
    {"a tagged ping", {ECHO4, .tagged = true, .tci = 5}, ECHOED},
    {"an ICMP error about nothing",
	{.protocol = ICMP, .icmp_type = 3, .payload = 40},
	DROPPED(VC5_DROP_ICMP)},
    {"TTL 1", {.ttl = 1}, EXPIRED},
    {"larger than the MTU", {.payload = 1600}, TOO_LONG},
    {"an unserved port", {.port = 81}, DROPPED(VC5_DROP_UNSERVED)},
    {"another protocol", {.protocol = 132}, PASSED},
    {"malformed", {0}, DROPPED(VC5_DROP_MALFORMED), PATCH(AT(0, 0x44))},
    {"by a tunnel", {.payload = 10}, SENT, VIA(.kind = VC5_GUE)},
    {"IPv6: SYN", {SIX}, SENT},
    {"IPv6: UDP", {SIX, .protocol = UDP, .port = 53, .payload = 3}, SENT},
    {"IPv6: headers", {SIX, .extensions = "hdr"}, SENT},
    {"IPv6: the first fragment", {SIX, .extensions = "f", .fragment = 1}, SENT},
    {"IPv6: a later fragment",
	{SIX, .extensions = "f", .fragment = 160, .payload = 9},
	DROPPED(VC5_DROP_FRAGMENT)},
    {"IPv6: tagged", {SIX, .tagged = true, .tci = 7}, SENT,
	VIA(.vlan = VC5_TAGGED | 20)},
    {"IPv6: a ping", {ECHO6, .payload = 40}, ECHOED},
    {"IPv6: hop limit 1", {SIX, .ttl = 1}, EXPIRED},
    {"IPv6: malformed", {SIX}, DROPPED(VC5_DROP_MALFORMED), PATCH(AT(0, 0x42))},
};

/* The frame is dropped as it came, counted once for this reason only. */
static void
assert_blocked(struct fixture *fixture, const struct frame *in)
{
	uint64_t drops = fixture_drops(fixture, VC5_DROP_BLOCKED);
	uint64_t dropped = fixture_dropped(fixture);
	static struct frame seen;

	memcpy(seen.bytes, in->bytes, in->length);
	seen.length = in->length;
	assert_int_equal(fixture_run(fixture, &seen), XDP_DROP);
	assert_frames(&seen, in);
	assert_int_equal(fixture_drops(fixture, VC5_DROP_BLOCKED), drops + 1);
	assert_int_equal(fixture_dropped(fixture), dropped + 1);
}

static void
is_dropped_when_blocked(void **state)
{
	struct fixture *fixture = *state;
	const struct packet_case *row = fixture->row;
	uint32_t length = row->spec.ipv6 ? 48 : 24;
	struct vc5_octets counted;
	static struct frame in;

	fixture_deliver(fixture, case_destination(row), &row->delivery);
	case_make(&in, row);
	block(fixture, &row->spec, length, false);
	assert_blocked(fixture, &in);
	counted = blocked(fixture, &row->spec, length);
	assert_int_equal(counted.packets, 1);
	assert_int_equal(counted.octets, in.length);
	assert_int_equal(fixture_flow_count(fixture), 0);
	assert_blocked(fixture, &in);
	assert_int_equal(blocked(fixture, &row->spec, length).packets, 2);
}

static void
is_as_ever_when_others_are_blocked(void **state)
{
	struct fixture *fixture = *state;
	const struct packet_case *row = fixture->row;

	block(fixture, &row->spec, row->spec.ipv6 ? 48 : 24, true);
	case_run(fixture, row);
}

/* A prefix of each length is looked for, in both versions of IP. */
static void
all_lengths(struct fixture *fixture, bool ipv6)
{
	const struct frame_spec spec = {.ipv6 = ipv6};
	uint32_t length;
	struct frame in;

	frame_make(&in, &spec);
	for (length = 1; length <= (ipv6 ? 128 : 32); length++) {
		block(fixture, &spec, length, false);
		assert_blocked(fixture, &in);
		assert_int_equal(blocked(fixture, &spec, length).packets, 1);
		unblock(fixture, &spec, length, false);
		block(fixture, &spec, length, true);
		assert_int_not_equal(fixture_send(fixture, &spec), 0);
		unblock(fixture, &spec, length, true);
	}
}

static void
prefixes_have_any_length(void **state)
{
	all_lengths(*state, false);
	all_lengths(*state, true);
}

static void
everybody_can_be_blocked(void **state)
{
	struct fixture *fixture = *state;
	const struct frame_spec six = {.ipv6 = true}, four = {0};
	struct frame in;

	block(fixture, &four, 0, false);
	frame_make(&in, &four);
	assert_blocked(fixture, &in);
	assert_int_not_equal(fixture_send(fixture, &six), 0);
	block(fixture, &six, 0, false);
	frame_make(&in, &six);
	assert_blocked(fixture, &in);
}

static void
the_longest_prefix_counts(void **state)
{
	struct fixture *fixture = *state;
	const struct frame_spec spec = {.payload = 9};
	struct frame in;

	frame_make(&in, &spec);
	block(fixture, &spec, 8, false);
	block(fixture, &spec, 32, false);
	block(fixture, &spec, 20, false);
	assert_blocked(fixture, &in);
	assert_int_equal(blocked(fixture, &spec, 32).packets, 1);
	assert_int_equal(blocked(fixture, &spec, 20).packets, 0);
	unblock(fixture, &spec, 32, false);
	assert_blocked(fixture, &in);
	assert_int_equal(blocked(fixture, &spec, 20).packets, 1);
	assert_int_equal(blocked(fixture, &spec, 8).packets, 0);
}

/* This host can't be locked out of, by any address but a VIP. */
static void
what_is_for_no_vip_passes(void **state)
{
	struct fixture *fixture = *state;
	const struct frame_spec specs[] = {{.vip = OTHER4},
	    {.ipv6 = true, .vip = OTHER}, {.vip = OTHER4, .protocol = UDP},
	    {.vip = OTHER4, .protocol = ICMP, .icmp_type = 8},
	    {.client = VIP, .vip = OTHER4}};
	struct frame in, seen;
	size_t i;

	/* Or it would pass for that reason alone. */
	fixture_filter_set(fixture, OTHER4);
	memset(
	    fixture->control->filter, 0xff, sizeof(fixture->control->filter));
	fixture->control->sample = ALL;
	for (i = 0; i < COUNT(specs); i++) {
		if (i < 2)
			block(fixture, &specs[i], 0, false);
		frame_make(&in, &specs[i]);
		seen = in;
		assert_int_equal(fixture_run(fixture, &seen), XDP_PASS);
		assert_frames(&seen, &in);
	}
	assert_int_equal(blocked(fixture, &specs[0], 0).packets, 0);
	assert_int_equal(blocked(fixture, &specs[1], 0).packets, 0);
	assert_int_equal(fixture_dropped(fixture), 0);
}

static void
a_connection_that_is_blocked_goes_on_after_that(void **state)
{
	struct fixture *fixture = *state;
	const struct frame_spec spec = {.flags = ACK};
	uint32_t server = fixture_tcp(fixture, 0, SYN);
	struct vc5_flow before;
	struct frame in;

	assert_int_equal(fixture_tcp(fixture, 0, ACK), server);
	before = *fixture_flow(fixture);
	fixture->control->clock += 5;
	block(fixture, &spec, 32, false);
	frame_make(&in, &spec);
	assert_blocked(fixture, &in);
	assert_memory_equal(fixture_flow(fixture), &before, sizeof(before));
	unblock(fixture, &spec, 32, false);
	assert_int_equal(fixture_tcp(fixture, 0, ACK), server);
}

/* The flag of a version of IP spares the other one the search. */
static void
a_version_without_blocks_is_not_searched(void **state)
{
	struct fixture *fixture = *state;
	const struct frame_spec four = {0}, six = {.ipv6 = true};

	block(fixture, &four, 8, false);
	block(fixture, &six, 8, false);
	fixture->control->flags &= ~VC5_BLOCKING4;
	assert_int_not_equal(fixture_send(fixture, &four), 0);
	assert_int_equal(fixture_send(fixture, &six), 0);
	fixture->control->flags ^= VC5_BLOCKING4 | VC5_BLOCKING6;
	assert_int_equal(fixture_send(fixture, &four), 0);
	assert_int_not_equal(fixture_send(fixture, &six), 0);
}

static uint32_t
source4_index(uint32_t client)
{
	return client >> 12;
}

static struct vc5_source4
source4(struct fixture *fixture, uint32_t client)
{
	const struct bpf_map *map = fixture->skeleton->maps.sources4;
	uint32_t index = source4_index(client);
	struct vc5_source4 source;

	assert_int_equal(
	    bpf_map_lookup_elem(bpf_map__fd(map), &index, &source), 0);
	return source;
}

static void
source4_clear(struct fixture *fixture, uint32_t client)
{
	const struct bpf_map *map = fixture->skeleton->maps.sources4;
	const struct vc5_source4 none = {0};
	uint32_t index = source4_index(client);

	assert_int_equal(
	    bpf_map_update_elem(bpf_map__fd(map), &index, &none, BPF_ANY), 0);
}

/* Count one in so many, as the daemon has it. */
static void
sample(struct fixture *fixture, uint32_t threshold)
{
	fixture->control->sample = threshold;
	fixture->control->look = threshold;
}

static void
packets_are_counted_by_their_source(void **state)
{
	struct fixture *fixture = *state;
	const struct frame_spec specs[] = {{.payload = 100},
	    {.tagged = true, .tci = 3, .client = CLIENT | 0xfff},
	    {ECHO4, .payload = 11}, {.port = 81}, {.protocol = 132},
	    {.fragment = 8, .payload = 64}};
	struct vc5_source4 seen;
	uint64_t octets = 0;
	struct frame in;
	size_t i;

	source4_clear(fixture, CLIENT);
	source4_clear(fixture, CLIENT + 0x1000);
	sample(fixture, ALL);
	for (i = 0; i < COUNT(specs); i++) {
		frame_make(&in, &specs[i]);
		octets += in.length;
		fixture_run(fixture, &in);
	}
	seen = source4(fixture, CLIENT);
	assert_int_equal(seen.counted.packets, COUNT(specs));
	assert_int_equal(seen.counted.octets, octets);
	assert_int_equal(seen.seen, fixture->control->clock);
	assert_int_equal(source4(fixture, CLIENT + 0x1000).counted.packets, 0);
}

static void
nothing_is_counted_if_it_is_off(void **state)
{
	struct fixture *fixture = *state;
	const struct frame_spec spec = {0};

	source4_clear(fixture, CLIENT);
	sample(fixture, 0);
	fixture_send(fixture, &spec);
	block(fixture, &spec, 24, false);
	fixture_send(fixture, &spec);
	assert_int_equal(source4(fixture, CLIENT).counted.packets, 0);
}

static void
what_is_blocked_is_counted_as_well(void **state)
{
	struct fixture *fixture = *state;
	const struct frame_spec spec = {0};

	source4_clear(fixture, CLIENT);
	block(fixture, &spec, 24, false);
	fixture->control->sample = ALL;
	assert_int_equal(fixture_send(fixture, &spec), 0);
	assert_int_equal(source4(fixture, CLIENT).counted.packets, 1);
}

#define TURNS 20000

/* Is it so many in TURNS, but for what chance does: 7 standard deviations? */
static void
assert_share(uint64_t seen)
{
	assert_in_range(seen, TURNS / 4 - 429, TURNS / 4 + 429);
}

/*
 * Two clients that take turns are counted alike, whether packets are looked at
 * for that only, or all are since others are blocked.
 */
static void
turns(struct fixture *fixture)
{
	const struct frame_spec one = {.flags = ACK},
				other = {
				    .flags = ACK, .client = CLIENT + 0x1000};
	struct frame frame;
	int i;

	source4_clear(fixture, CLIENT);
	source4_clear(fixture, CLIENT + 0x1000);
	for (i = 0; i < TURNS; i++) {
		frame_make(&frame, &one);
		fixture_run(fixture, &frame);
		frame_make(&frame, &other);
		fixture_run(fixture, &frame);
	}
	assert_share(source4(fixture, CLIENT).counted.packets);
	assert_share(source4(fixture, CLIENT + 0x1000).counted.packets);
}

static void
one_packet_in_so_many_is_counted(void **state)
{
	struct fixture *fixture = *state;
	const struct frame_spec elsewhere = {.client = 0x01020304};

	sample(fixture, ONE_IN4);
	turns(fixture);
	block(fixture, &elsewhere, 32, false);
	turns(fixture);
}

static uint64_t
prefix6(const struct frame_spec *spec)
{
	uint8_t client[16];

	frame_client(client, spec);
	return (uint64_t)get32(client) << 32 |
	    (get32(client + 4) & 0xffff0000) | VC5_SOURCE6_USED;
}

/* The bucket that the client of a spec has, read or written. */
static struct vc5_sources6
bucket6(struct fixture *fixture, const struct vc5_sources6 *set)
{
	const struct frame_spec spec = {.ipv6 = true};
	int map = bpf_map__fd(fixture->skeleton->maps.sources6);
	uint32_t index =
	    vc5_source6_bucket(fixture->control->key, prefix6(&spec));
	struct vc5_sources6 bucket = {0};

	if (set != NULL)
		assert_int_equal(
		    bpf_map_update_elem(map, &index, set, BPF_ANY), 0);
	assert_int_equal(bpf_map_lookup_elem(map, &index, &bucket), 0);
	return bucket;
}

/* Others are in all ways of the bucket, of so much credit. */
static void
fill_bucket(struct fixture *fixture, uint32_t credit, uint32_t seen)
{
	struct vc5_sources6 bucket = {0};
	uint32_t way;

	for (way = 0; way < VC5_WAYS; way++)
		bucket.ways[way] = (struct vc5_source6){
		    .prefix = (way + 1ULL) << 16 | VC5_SOURCE6_USED,
		    .counted = {10 + way, 1000},
		    .seen = seen,
		    .credit = credit + (way == 2 ? 0 : 5),
		};
	bucket6(fixture, &bucket);
	memset(
	    &fixture->control->others6, 0, sizeof(fixture->control->others6));
	sample(fixture, ALL);
}

static void
a_source_of_ipv6_has_an_entry(void **state)
{
	struct fixture *fixture = *state;
	const struct frame_spec spec = {.ipv6 = true, .payload = 7};
	const struct vc5_sources6 none = {0};
	struct vc5_sources6 bucket;
	struct frame in;

	bucket6(fixture, &none);
	sample(fixture, ALL);
	frame_make(&in, &spec);
	fixture_send(fixture, &spec);
	fixture_send(fixture, &spec);
	bucket = bucket6(fixture, NULL);
	assert_int_equal(bucket.ways[0].prefix, prefix6(&spec));
	assert_int_equal(bucket.ways[0].counted.packets, 2);
	assert_int_equal(bucket.ways[0].counted.octets, 2 * in.length);
	assert_int_equal(bucket.ways[0].seen, fixture->control->clock);
	assert_int_equal(bucket.ways[0].credit, 2);
	assert_int_equal(bucket.ways[1].prefix, 0);
	assert_int_equal(fixture->control->others6.packets, 0);
}

/* Who is not there has to use up the credit of who sent least. */
static void
who_sends_much_of_ipv6_stays(void **state)
{
	struct fixture *fixture = *state;
	const struct frame_spec spec = {.ipv6 = true};
	struct vc5_sources6 bucket;
	struct frame in;
	int i;

	frame_make(&in, &spec);
	fill_bucket(fixture, 3, fixture->control->clock);
	for (i = 0; i < 3; i++)
		fixture_send(fixture, &spec);
	bucket = bucket6(fixture, NULL);
	assert_int_equal(bucket.ways[2].credit, 0);
	assert_int_equal(bucket.ways[2].counted.packets, 12);
	assert_int_equal(bucket.ways[1].credit, 8);
	assert_int_equal(fixture->control->others6.packets, 3);
	assert_int_equal(fixture->control->others6.octets, 3 * in.length);
	fixture_send(fixture, &spec);
	bucket = bucket6(fixture, NULL);
	assert_int_equal(bucket.ways[2].prefix, prefix6(&spec));
	assert_int_equal(bucket.ways[2].counted.packets, 1);
	assert_int_equal(bucket.ways[2].counted.octets, in.length);
	assert_int_equal(bucket.ways[2].credit, 1);
	/* What was counted of the other is not lost. */
	assert_int_equal(fixture->control->others6.packets, 3 + 12);
	assert_int_equal(
	    fixture->control->others6.octets, 3 * in.length + 1000);
}

/* Nor is it forgotten after 2^32 packets. */
static void
credit_has_an_end(void **state)
{
	struct fixture *fixture = *state;
	const struct frame_spec spec = {.ipv6 = true};
	struct vc5_sources6 bucket = {0};

	bucket.ways[1] = (struct vc5_source6){.prefix = prefix6(&spec),
	    .seen = fixture->control->clock,
	    .credit = UINT32_MAX - 1};
	bucket6(fixture, &bucket);
	sample(fixture, ALL);
	fixture_send(fixture, &spec);
	assert_int_equal(bucket6(fixture, NULL).ways[1].credit, UINT32_MAX);
	fixture_send(fixture, &spec);
	bucket = bucket6(fixture, NULL);
	assert_int_equal(bucket.ways[1].credit, UINT32_MAX);
	assert_int_equal(bucket.ways[1].counted.packets, 2);
}

static void
who_is_quiet_has_no_credit(void **state)
{
	struct fixture *fixture = *state;
	const struct frame_spec spec = {.ipv6 = true};
	uint32_t now = fixture->control->clock;

	fill_bucket(fixture, 3, now - VC5_SOURCE6_QUIET);
	fixture_send(fixture, &spec);
	assert_int_equal(bucket6(fixture, NULL).ways[2].credit, 2);
	fill_bucket(fixture, 3, now - VC5_SOURCE6_QUIET - 1);
	fixture_send(fixture, &spec);
	assert_int_equal(bucket6(fixture, NULL).ways[0].prefix, prefix6(&spec));
	/* Nor does who takes the place inherit any. */
	assert_int_equal(bucket6(fixture, NULL).ways[0].credit, 1);
}

static const struct CMUnitTest others[] = {
    cmocka_unit_test(prefixes_have_any_length),
    cmocka_unit_test(everybody_can_be_blocked),
    cmocka_unit_test(the_longest_prefix_counts),
    cmocka_unit_test(what_is_for_no_vip_passes),
    cmocka_unit_test(a_connection_that_is_blocked_goes_on_after_that),
    cmocka_unit_test(a_version_without_blocks_is_not_searched),
    cmocka_unit_test(packets_are_counted_by_their_source),
    cmocka_unit_test(nothing_is_counted_if_it_is_off),
    cmocka_unit_test(what_is_blocked_is_counted_as_well),
    cmocka_unit_test(one_packet_in_so_many_is_counted),
    cmocka_unit_test(a_source_of_ipv6_has_an_entry),
    cmocka_unit_test(who_sends_much_of_ipv6_stays),
    cmocka_unit_test(credit_has_an_end),
    cmocka_unit_test(who_is_quiet_has_no_credit),
};

int
main(void)
{
	struct CMUnitTest tests[2 * COUNT(cases) + COUNT(others)];
	size_t i, count = 0;

	for (i = 0; i < COUNT(cases); i++)
		tests[count++] = (struct CMUnitTest){
		    .name = case_name("%s, others blocked", cases[i].name),
		    .test_func = is_as_ever_when_others_are_blocked,
		    .initial_state = (void *)(uintptr_t)&cases[i],
		};
	for (i = 0; i < COUNT(cases); i++)
		tests[count++] = (struct CMUnitTest){
		    .name = case_name("%s, blocked", cases[i].name),
		    .test_func = is_dropped_when_blocked,
		    .initial_state = (void *)(uintptr_t)&cases[i],
		};
	memcpy(&tests[count], others, sizeof(others));
	count += COUNT(others);
	return cases_main("sources", NULL, 0, tests, count);
}
