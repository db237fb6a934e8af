/* SPDX-License-Identifier: ISC */

/*
 * Sources: which packets are counted, of whom, and who stays when there is no
 * room for all.
 */

#include <string.h>

#include <arpa/inet.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bpf/vc5d.skel.h"
#include "cases.h"

#define ALL	UINT32_MAX
#define ONE_IN4 (UINT32_MAX / 4)

#define ECHO4 .protocol = ICMP, .icmp_type = 8

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

/* Block the prefix of that length that a client of IPv4 is in. */
static void
block(struct fixture *fixture, uint32_t client, uint32_t length)
{
	const uint8_t address[] = {
	    client >> 24, client >> 16, client >> 8, client};

	fixture_block(fixture, false, address, length);
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
	block(fixture, CLIENT, 24);
	fixture_send(fixture, &spec);
	assert_int_equal(source4(fixture, CLIENT).counted.packets, 0);
}

static void
what_is_blocked_is_counted_as_well(void **state)
{
	struct fixture *fixture = *state;
	const struct frame_spec spec = {0};

	source4_clear(fixture, CLIENT);
	block(fixture, CLIENT, 24);
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

	sample(fixture, ONE_IN4);
	turns(fixture);
	block(fixture, 0x01020304, 32);
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
	return cases_main("sources", NULL, 0, others, COUNT(others));
}
