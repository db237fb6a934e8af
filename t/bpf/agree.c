/* SPDX-License-Identifier: ISC */

/*
 * bpf/flow_rules.h is compiled for packets and for the daemon: both come to
 * the same bucket, fingerprint and slot.
 */

#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>

#include "bpf/flow_rules.h"
#include "fixture.h"

#define TUPLES 500

/* Numbers that are the same each time. */
static uint32_t
any(void)
{
	static uint64_t state = 1;

	state = state * 6364136223846793005 + 1442695040888963407;
	return state >> 32;
}

static struct frame_spec
any_spec(bool ipv6)
{
	struct frame_spec spec = {
	    .ipv6 = ipv6,
	    .protocol = any() % 2 ? TCP : UDP,
	    .flags = SYN,
	    .client = any() | 1,
	    .client_port = any() % 65535 + 1,
	};

	/* Neither 0, nor one that is no client's. */
	if (!ipv6)
		spec.client = 0x0a000000 | (spec.client & 0xffffff);
	spec.port = spec.protocol == UDP ? 53 : any() % 2 ? 80 : 443;
	return spec;
}

static struct tuple
tuple_of(const struct frame_spec *spec)
{
	struct tuple tuple = {.protocol = spec->protocol};
	size_t skip = spec->ipv6 ? 0 : 12;
	uint8_t client[16], vip[16];

	frame_client(client, spec);
	frame_vip(vip, spec);
	memcpy(tuple.client, client + skip, sizeof(client) - skip);
	memcpy(tuple.vip, vip + skip, sizeof(vip) - skip);
	tuple.ports = htonl((uint32_t)spec->client_port << 16 | spec->port);
	return tuple;
}

static void
check_entry(struct fixture *fixture, const struct frame_spec *spec)
{
	const struct tuple tuple = tuple_of(spec);
	const struct flow_hash hash =
	    flow_hash(fixture->control->key, &tuple, spec->ipv6);
	const struct vc5_bucket *bucket =
	    &fixture->flows[flow_bucket(&hash, fixture->entries)];
	uint32_t way;

	/* There is room: the other bucket is not needed. */
	assert_int_not_equal(fixture_send(fixture, spec), 0);
	for (way = 0; way < VC5_WAYS; way++)
		if (bucket->ways[way].key ==
		    flow_key(hash.fingerprint, bucket->ways[way].destination))
			return;
	fail_msg("the flow is not where it should be");
}

static void
test_entries(void **state)
{
	struct fixture *fixture = fixture_new(1 << 20);
	struct frame_spec spec;
	uint32_t i;

	(void)state;
	for (i = 0; i < VC5_KEY_WORDS; i++)
		fixture->control->key[i] = (uint64_t)any() << 32 | any();
	for (i = 0; i < TUPLES; i++) {
		spec = any_spec(i % 2);
		check_entry(fixture, &spec);
	}
	fixture_free(fixture);
}

/* Two bits of each slot's number, as one of four destinations from first. */
static void
number_slots(
    struct fixture *fixture, uint32_t service, uint32_t first, uint32_t shift)
{
	static uint16_t slots[VC5_SLOTS_MAX];
	uint32_t i;

	for (i = 0; i < fixture->slots; i++)
		slots[i] = first + (i >> shift & 3);
	fixture_table_set(fixture, fixture->services[service].table, slots);
}

/* Packets of the HTTP service tell all bits of their slots' numbers. */
static void
check_slots(uint32_t count, bool ipv6)
{
	struct fixture *fixture = fixture_new_sized(4, count);
	uint32_t service = ipv6 ? HTTP6 : HTTP, first = ipv6 ? 8 : 1;
	static uint32_t found[TUPLES];
	static struct frame_spec specs[TUPLES];
	uint32_t i, shift;
	struct tuple tuple;

	memset(found, 0, sizeof(found));
	for (i = 0; i < TUPLES; i++) {
		specs[i] = any_spec(ipv6);
		specs[i].protocol = TCP;
		specs[i].port = 80;
		specs[i].flags = RST; /* by the hash table, each time */
	}
	for (shift = 0; shift < 20; shift += 2) {
		number_slots(fixture, service, first, shift);
		for (i = 0; i < TUPLES; i++)
			found[i] |= (fixture_send(fixture, &specs[i]) - first)
			    << shift;
	}
	for (i = 0; i < TUPLES; i++) {
		tuple = tuple_of(&specs[i]);
		assert_int_equal(found[i], slot_of(&tuple, false, count, ipv6));
	}
	fixture_free(fixture);
}

static void
test_slots(void **state)
{
	static const uint32_t counts[] = {251, VC5_SLOTS, VC5_SLOTS_MAX};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		check_slots(counts[i], false);
		check_slots(counts[i], true);
	}
}

/* The last slot is one like the others. */
static void
test_last_slot(void **state)
{
	struct fixture *fixture = fixture_new_sized(4, 251);
	static uint16_t slots[251];
	struct frame_spec spec = {.flags = RST};
	uint32_t i, sent = 0;

	(void)state;
	slots[250] = 3;
	fixture_table_set(fixture, fixture->services[HTTP].table, slots);
	for (i = 0; i < 10000; i++) {
		spec.client_port = 1 + i;
		sent += fixture_send(fixture, &spec) == 3;
	}
	/* 10,000 / 251 = 40 */
	assert_in_range(sent, 10, 80);
	fixture_free(fixture);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_entries),
	    cmocka_unit_test(test_slots),
	    cmocka_unit_test(test_last_slot),
	};

	fixture_require();
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("agree", tests, NULL, NULL);
}
