/* SPDX-License-Identifier: ISC */

/*
 * Which destination a service's hash table gives to whom.
 */

#include <linux/bpf.h>

#include "fixture.h"

#define PORT 40000 /* a client's */

static void
test_table_flip(void **state)
{
	struct fixture *fixture = *state;
	static uint16_t slots[VC5_SLOTS];
	uint32_t i;

	fixture_tcp(fixture, PORT, SYN);
	fixture_tcp(fixture, PORT, ACK);
	for (i = 0; i < VC5_SLOTS; i++)
		slots[i] = 3;
	fixture_table_set(fixture, 2 * HTTP + 1, slots);
	assert_int_equal(fixture_tcp(fixture, PORT + 1, SYN), 1);
	fixture->services[HTTP].table = 2 * HTTP + 1;
	assert_int_equal(fixture_tcp(fixture, PORT + 2, SYN), 3);
	assert_int_equal(fixture_tcp(fixture, PORT, ACK), 1);
}

/* 4 destinations in a table of theirs: all chosen, about equally often. */
static void
spread_table(struct fixture *fixture)
{
	static uint16_t slots[VC5_SLOTS];
	uint32_t i;

	for (i = 0; i < VC5_SLOTS; i++)
		slots[i] = 1 + i % 4;
	fixture_table_set(fixture, 2 * HTTP, slots);
}

static void
test_slots(void **state)
{
	struct frame_spec spec = {.flags = RST};
	uint32_t chosen[5] = {0}, i;

	spread_table(*state);
	for (i = 0; i < 40000; i++) {
		spec.client = CLIENT + i / 100;
		spec.client_port = 1024 + i % 100;
		chosen[fixture_send(*state, &spec)]++;
	}
	assert_int_equal(chosen[0], 0);
	for (i = 1; i <= 4; i++)
		assert_true(chosen[i] > 9600 && chosen[i] < 10400);
}

/* Two instances choose alike, whatever their keys are. */
static void
test_instances_agree(void **state)
{
	struct fixture *other = fixture_new(64);
	struct frame_spec spec = {.flags = RST};
	uint32_t i;

	spread_table(*state);
	spread_table(other);
	for (i = 0; i < VC5_KEY_WORDS; i++)
		other->control->key[i] ^= 0x123456789abcdef;
	for (i = 0; i < 1000; i++) {
		spec.client = CLIENT + i * 77;
		spec.client_port = 1024 + i;
		assert_int_equal(
		    fixture_send(*state, &spec), fixture_send(other, &spec));
	}
	fixture_free(other);
}

static void
test_sticky(void **state)
{
	struct fixture *fixture = *state;
	struct frame_spec spec = {.port = 443, .flags = RST};
	static uint16_t slots[VC5_SLOTS];
	uint32_t i, client, first, chosen[7] = {0};

	for (i = 0; i < VC5_SLOTS; i++)
		slots[i] = 5 + i % 2;
	fixture_table_set(fixture, 2 * STICKY, slots);
	for (client = 0; client < 200; client++) {
		spec.client = CLIENT + client;
		spec.client_port = 1;
		first = fixture_send(fixture, &spec);
		chosen[first]++;
		for (i = 2; i < 50; i++) {
			spec.client_port = i * 321;
			assert_int_equal(fixture_send(fixture, &spec), first);
		}
	}
	assert_true(chosen[5] > 60 && chosen[6] > 60);
}

static void
test_not_sticky(void **state)
{
	struct frame_spec spec = {.flags = RST};
	uint32_t i, chosen[5] = {0};

	spread_table(*state);
	for (i = 1; i < 200; i++) {
		spec.client_port = i;
		chosen[fixture_send(*state, &spec)]++;
	}
	for (i = 1; i <= 4; i++)
		assert_true(chosen[i] > 20);
}

/* A service that moved to another index is not looked for where it was. */
static void
test_service_moved(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(fixture_tcp(fixture, PORT, SYN), 1);
	fixture_index_remove(fixture, STICKY);
	fixture->services[STICKY].key = fixture->services[HTTP].key;
	fixture->services[HTTP].key.port = 0;
	fixture_index_set(fixture, STICKY);
	assert_int_equal(fixture_tcp(fixture, PORT + 1, SYN), 5);
	assert_int_equal(fixture_tcp(fixture, PORT + 2, SYN), 5);
}

/* Served a moment ago, not any more: also when its index is another's. */
static void
test_service_removed(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(fixture_tcp(fixture, PORT, SYN), 1);
	fixture_index_remove(fixture, HTTP);
	fixture->services[HTTP].key.protocol = 0;
	assert_int_equal(fixture_tcp(fixture, PORT + 1, SYN), 0);
	fixture->services[HTTP].key.protocol = 6;
	fixture->services[HTTP].key.vip[15]++;
	assert_int_equal(fixture_tcp(fixture, PORT + 1, SYN), 0);
	assert_int_equal(fixture_drops(fixture, VC5_DROP_UNSERVED), 2);
}

/* Many services: each is found, whichever was asked for last. */
static void
test_services_alternate(void **state)
{
	static const struct frame_spec specs[] = {
	    {0}, {.port = 443}, {.protocol = 17, .port = 53}};
	static const uint32_t destinations[] = {1, 5, 7};
	struct frame_spec spec;
	uint32_t i;

	for (i = 0; i < 300; i++) {
		spec = specs[i % 3];
		spec.client_port = 1 + i;
		assert_int_equal(
		    fixture_send(*state, &spec), destinations[i % 3]);
	}
}

#define TEST(function)                   \
	cmocka_unit_test_setup_teardown( \
	    function, fixture_setup, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_service_moved),
	    TEST(test_service_removed),
	    TEST(test_services_alternate),
	    TEST(test_table_flip),
	    TEST(test_slots),
	    TEST(test_instances_agree),
	    TEST(test_sticky),
	    TEST(test_not_sticky),
	};

	fixture_require();
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("choice", tests, NULL, NULL);
}
