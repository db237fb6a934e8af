/* SPDX-License-Identifier: ISC */

/*
 * What comes from a blocked prefix is dropped, whatever it is, if it is for a
 * VIP; and nothing else is.
 */

#include <string.h>

#include <linux/bpf.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bpf/vc5d.skel.h"
#include "cases.h"

#define ALL    UINT32_MAX
#define OTHER  0x99 /* the last word of an address that is no VIP */
#define OTHER4 0xc0000263

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

static const struct CMUnitTest others[] = {
    cmocka_unit_test(prefixes_have_any_length),
    cmocka_unit_test(everybody_can_be_blocked),
    cmocka_unit_test(the_longest_prefix_counts),
    cmocka_unit_test(what_is_for_no_vip_passes),
    cmocka_unit_test(a_connection_that_is_blocked_goes_on_after_that),
    cmocka_unit_test(a_version_without_blocks_is_not_searched),
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
	return cases_main("blocked", NULL, 0, tests, count);
}
