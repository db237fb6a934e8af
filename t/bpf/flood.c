/* SPDX-License-Identifier: ISC */

/*
 * A full flow table: whose place a new flow takes, and that nothing pushes
 * out a live one.
 */

#include <string.h>

#include <arpa/inet.h>
#include <linux/bpf.h>

#include "fixture.h"

#define PORT	 40000
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* The table is one bucket here: flows of PORT, PORT + 1, ... in its ways. */
static struct fixture *
bucket_new(void)
{
	return fixture_new(VC5_WAYS);
}

static void
entry_set(struct vc5_flow *flow, enum vc5_flow_state state, uint32_t age)
{
	flow->stamp = (uint32_t)state << VC5_STAMP_SHIFT |
	    ((NOW - age) & VC5_STAMP_SECONDS);
}

/* Four entries, and the one that a new flow takes; VC5_WAYS = none. */
struct victim_case {
	const char *name;
	struct {
		enum vc5_flow_state state;
		uint32_t age; /* seconds */
	} ways[VC5_WAYS];
	uint32_t victim;
	uint32_t gone;	  /* 1 + a way whose destination is down; 0 = none */
	uint32_t service; /* of the destination */
};

#define NEW  VC5_FLOW_EMBRYONIC
#define LIVE VC5_FLOW_CONFIRMED
#define SHUT VC5_FLOW_CLOSED
#define FREE VC5_FLOW_FREE

static const struct victim_case victims[] = {
    {"an empty bucket", {{FREE, 0}, {FREE, 0}, {FREE, 0}, {FREE, 0}}, 0, 0, 0},
    {"the last way is free", {{NEW, 9}, {SHUT, 999}, {LIVE, 999}, {FREE, 0}}, 3,
	0, 0},
    {"a hole in the middle", {{LIVE, 0}, {FREE, 0}, {LIVE, 0}, {FREE, 0}}, 1, 0,
	0},
    {"free before gone", {{LIVE, 0}, {LIVE, 0}, {FREE, 0}, {LIVE, 0}}, 2, 1, 0},
    {"gone before closed", {{SHUT, 99}, {NEW, 9}, {LIVE, 0}, {LIVE, 9999}}, 2,
	3, 0},
    {"closed before idle", {{NEW, 5}, {LIVE, 901}, {SHUT, 11}, {LIVE, 0}}, 2, 0,
	0},
    {"the longest closed", {{SHUT, 11}, {SHUT, 12}, {SHUT, 99}, {SHUT, 98}}, 2,
	0, 0},
    {"idle before embryonic", {{NEW, 9}, {LIVE, 901}, {NEW, 8}, {LIVE, 0}}, 1,
	0, 0},
    {"the longest idle", {{LIVE, 901}, {LIVE, 902}, {LIVE, 950}, {LIVE, 903}},
	2, 0, 0},
    {"idle for 900 s is live", {{LIVE, 900}, {LIVE, 0}, {LIVE, 5}, {NEW, 1}}, 3,
	0, 0},
    {"the first of equals", {{NEW, 1}, {NEW, 1}, {NEW, 1}, {NEW, 1}}, 0, 0, 0},
    {"the oldest embryonic", {{NEW, 1}, {NEW, 3}, {NEW, 2}, {NEW, 0}}, 1, 0, 0},
    {"an embryonic of this second", {{LIVE, 0}, {LIVE, 0}, {NEW, 0}, {LIVE, 0}},
	2, 0, 0},
    {"just closed is not given away",
	{{SHUT, 10}, {SHUT, 0}, {NEW, 0}, {LIVE, 0}}, 2, 0, 0},
    {"all live", {{LIVE, 0}, {LIVE, 1}, {LIVE, 100}, {LIVE, 900}}, VC5_WAYS, 0,
	0},
    {"all just closed", {{SHUT, 0}, {SHUT, 5}, {SHUT, 10}, {SHUT, 3}}, VC5_WAYS,
	0, 0},
    {"ahead of the clock is live",
	{{LIVE, -2U}, {LIVE, 0}, {SHUT, -2U}, {LIVE, -1U}}, VC5_WAYS, 0, 0},
    {"UDP is idle sooner", {{LIVE, 120}, {LIVE, 121}, {NEW, 500}, {LIVE, 0}}, 1,
	0, DNS},
    {"TCP is not", {{LIVE, 120}, {LIVE, 121}, {NEW, 500}, {LIVE, 0}}, 2, 0, 0},
    {"a service has its own idle time",
	{{LIVE, 30}, {LIVE, 31}, {NEW, 500}, {LIVE, 0}}, 1, 0, STICKY},
    {"up to which its flows are live",
	{{LIVE, 30}, {LIVE, 11}, {NEW, 500}, {LIVE, 0}}, 2, 0, STICKY},
};

static int
bucket_setup(void **state)
{
	struct fixture *fixture = bucket_new();

	fixture->row = *state;
	*state = fixture;
	return 0;
}

/* What an entry is to the next flow that comes. */
static enum vc5_rank
rank_of(const struct victim_case *row, uint32_t way)
{
	static const enum vc5_rank ranks[] = {
	    [FREE] = VC5_RANK_FREE,
	    [NEW] = VC5_RANK_EMBRYONIC,
	    [LIVE] = VC5_RANK_IDLE,
	    [SHUT] = VC5_RANK_CLOSED,
	};

	if (way >= VC5_WAYS)
		return VC5_RANK_LIVE;
	return row->gone == 1 + way ? VC5_RANK_GONE
				    : ranks[row->ways[way].state];
}

static void
test_victim(void **state)
{
	struct fixture *fixture = *state;
	const struct victim_case *row = fixture->row;
	struct vc5_flow *ways = fixture->flows[0].ways, before[VC5_WAYS];
	uint32_t way;

	fixture->services[STICKY].idle = 30;
	fixture->destinations[4].state = VC5_DOWN;
	if (row->service != 0)
		fixture->destinations[2].service = row->service;
	for (way = 0; way < VC5_WAYS; way++) {
		if (row->ways[way].state == FREE)
			continue;
		ways[way].key = 1 + way;
		ways[way].destination =
		    (row->gone == 1 + way ? 4 : 2) | 1U << 16;
		entry_set(&ways[way], row->ways[way].state, row->ways[way].age);
	}
	memcpy(before, ways, sizeof(before));
	assert_int_equal(fixture_tcp(fixture, PORT, SYN), 1);
	for (way = 0; way < VC5_WAYS; way++)
		if (way == row->victim)
			assert_int_equal(ways[way].destination, 1 | 1U << 16);
		else
			assert_memory_equal(
			    &ways[way], &before[way], sizeof(ways[way]));
	assert_int_equal(
	    fixture_counters(fixture, 1).stateless, row->victim == VC5_WAYS);
	assert_int_equal(
	    fixture_counters(fixture, 1).flows, row->victim != VC5_WAYS);
	for (way = 0; way < VC5_RANK_FREE; way++)
		assert_int_equal(fixture_taken(fixture, way),
		    way == rank_of(row, row->victim));
}

/* Bring up connections until every way is one's: their ports. */
static uint32_t
fill(struct fixture *fixture, uint16_t *ports, uint32_t most)
{
	uint32_t port, entry, count = 0, found;

	for (port = 1024; port < 60000; port++) {
		if (fixture_flow_count(fixture) == fixture->entries)
			break;
		fixture_tcp(fixture, port, SYN);
		fixture_tcp(fixture, port, ACK);
	}
	assert_int_equal(fixture_flow_count(fixture), fixture->entries);
	/* Some were sent by hash: those are not in the table. */
	for (entry = 0; entry < fixture->entries && count < most; entry++) {
		found = ntohs(fixture->tuples[entry].port);
		assert_int_not_equal(found, 0);
		ports[count++] = found;
	}
	return count;
}

/*
 * The point of the flow table.  It is full of connections; the hash table
 * then names another destination; 100,000 SYNs and stray ACKs come, from
 * other addresses: every connection still has its destination.
 */
static void
test_flood(void **state)
{
	struct fixture *fixture = fixture_new(64);
	struct frame_spec spec = {0};
	uint16_t ports[64];
	uint32_t i, count;

	(void)state;
	count = fill(fixture, ports, COUNT(ports));
	fixture_table(fixture, HTTP, 2);
	for (i = 0; i < 100000; i++) {
		spec.client = 0x0a000000 + i / 7;
		spec.client_port = 1024 + i % 7;
		spec.flags = i % 2 == 0 ? SYN : ACK;
		assert_int_equal(fixture_send(fixture, &spec), 2);
	}
	for (i = 0; i < count; i++)
		assert_int_equal(fixture_tcp(fixture, ports[i], ACK), 1);
	assert_int_equal(fixture_counters(fixture, 2).flows, 0);
	assert_int_equal(fixture_counters(fixture, 2).stateless, 100000);
	fixture_free(fixture);
}

/* The same with resets forged for every connection in between. */
static void
test_flood_and_resets(void **state)
{
	struct fixture *fixture = fixture_new(64);
	struct frame_spec spec = {0};
	uint16_t ports[64];
	uint32_t i, j, count;

	(void)state;
	count = fill(fixture, ports, COUNT(ports));
	fixture_table(fixture, HTTP, 2);
	for (i = 0; i < 40; i++) {
		fixture->control->clock += 2;
		for (j = 0; j < count; j++) {
			assert_int_equal(
			    fixture_tcp(fixture, ports[j], ACK), 1);
			assert_int_equal(
			    fixture_tcp(fixture, ports[j], RST), 1);
		}
		for (j = 0; j < 1000; j++) {
			spec.client = 0x0a000000 + i;
			spec.client_port = 1 + j;
			fixture_send(fixture, &spec);
		}
	}
	assert_int_equal(fixture_counters(fixture, 2).flows, 0);
	fixture_free(fixture);
}

/* A flood over a half-empty table takes what is free, and no more. */
static void
test_flood_half(void **state)
{
	struct fixture *fixture = fixture_new(1024);
	struct frame_spec spec = {0};
	uint32_t i;

	(void)state;
	for (i = 0; i < 100; i++) {
		fixture_tcp(fixture, 2000 + i, SYN);
		assert_int_equal(fixture_tcp(fixture, 2000 + i, ACK), 1);
	}
	assert_int_equal(fixture_counters(fixture, 1).stateless, 0);
	fixture_table(fixture, HTTP, 2);
	for (i = 0; i < 20000; i++) {
		spec.client = 0x0a000000 + i;
		fixture_send(fixture, &spec);
	}
	for (i = 0; i < 100; i++)
		assert_int_equal(fixture_tcp(fixture, 2000 + i, ACK), 1);
	fixture_free(fixture);
}

/* An ICMP error about what a client's flow was sent: where it goes. */
static uint32_t
send_error(struct fixture *fixture, uint16_t client_port)
{
	const struct frame_spec sent = {
	    .reply = true, .flags = ACK, .client_port = client_port};
	const struct frame_spec error = {
	    .protocol = ICMP, .icmp_type = 3, .quote = &sent};

	return fixture_send(fixture, &error);
}

/*
 * A bucket that is full of live flows has the rest in the other bucket of its
 * pair: two buckets take as many flows as they have ways, whoever comes.
 */
static void
test_pair(void **state)
{
	struct fixture *fixture = fixture_new(2 * VC5_WAYS);
	uint32_t i, round;
	struct frame_spec spec = {0};

	(void)state;
	/* Other keys each time: among them are some for which one is full. */
	for (round = 0; round < 20; round++) {
		memset(fixture->flows, 0, 2 * sizeof(*fixture->flows));
		fixture->control->key[2 * VC5_KEY_WORDS / 3 + 2] +=
		    0x123456789abcdef;
		fixture_table(fixture, HTTP, 1);
		for (i = 0; i < 2 * VC5_WAYS; i++) {
			fixture_tcp(fixture, PORT + i, SYN);
			fixture_tcp(fixture, PORT + i, ACK);
		}
		assert_int_equal(fixture_flow_count(fixture), 2 * VC5_WAYS);
		fixture_table(fixture, HTTP, 2);
		for (i = 0; i < 100; i++) {
			spec.client = CLIENT + 1 + i;
			spec.flags = i % 2 ? SYN : ACK;
			assert_int_equal(fixture_send(fixture, &spec), 2);
		}
		for (i = 0; i < 2 * VC5_WAYS; i++) {
			assert_int_equal(
			    fixture_tcp(fixture, PORT + i, ACK), 1);
			assert_int_equal(send_error(fixture, PORT + i), 1);
		}
	}
	assert_int_equal(fixture_counters(fixture, 2).flows, 0);
	assert_int_equal(fixture_taken(fixture, VC5_RANK_LIVE), 20 * 100);
	assert_int_equal(fixture_taken(fixture, VC5_RANK_EMBRYONIC), 0);
	fixture_free(fixture);
}

/* In the other bucket, too, only what isn't live gives way. */
static void
test_pair_victim(void **state)
{
	struct fixture *fixture = fixture_new(2 * VC5_WAYS);
	uint32_t i;

	(void)state;
	for (i = 0; i < 2 * VC5_WAYS - 1; i++) {
		fixture_tcp(fixture, PORT + i, SYN);
		fixture_tcp(fixture, PORT + i, ACK);
	}
	fixture_tcp(fixture, PORT + i, SYN);
	fixture_table(fixture, HTTP, 2);
	assert_int_equal(fixture_tcp(fixture, 1, SYN), 2);
	assert_int_equal(fixture_tcp(fixture, 1, ACK), 2);
	assert_int_equal(fixture_taken(fixture, VC5_RANK_EMBRYONIC), 1);
	assert_int_equal(fixture_counters(fixture, 2).flows, 1);
	for (i = 0; i < 2 * VC5_WAYS - 1; i++)
		assert_int_equal(fixture_tcp(fixture, PORT + i, ACK), 1);
	fixture_table(fixture, HTTP, 3);
	assert_int_equal(fixture_tcp(fixture, 1, ACK), 2);
	fixture_free(fixture);
}

/* A bucket's flow that is idle, not pushed out, comes back to its own. */
static void
test_idle_returns(void **state)
{
	struct fixture *fixture = *state;
	uint32_t i;

	for (i = 0; i < VC5_WAYS; i++) {
		fixture_tcp(fixture, PORT + i, SYN);
		fixture_tcp(fixture, PORT + i, ACK);
	}
	fixture_table(fixture, HTTP, 2);
	fixture->control->clock += VC5_IDLE_TCP + 1;
	assert_int_equal(fixture_tcp(fixture, PORT + 1, ACK), 1);
	/* Three are idle, one is not any more. */
	for (i = 0; i < 100; i++)
		fixture_tcp(fixture, 1000 + i, SYN);
	assert_int_equal(fixture_tcp(fixture, PORT + 1, ACK), 1);
	assert_int_equal(fixture_tcp(fixture, PORT + 2, ACK), 2);
}

static const struct CMUnitTest others[] = {
    cmocka_unit_test(test_flood),
    cmocka_unit_test(test_flood_and_resets),
    cmocka_unit_test(test_flood_half),
    cmocka_unit_test(test_pair),
    cmocka_unit_test(test_pair_victim),
    cmocka_unit_test_setup_teardown(
	test_idle_returns, bucket_setup, fixture_teardown),
};

int
main(void)
{
	struct CMUnitTest tests[COUNT(victims) + COUNT(others)];
	size_t i;

	fixture_require();
	cmocka_set_message_output(CM_OUTPUT_TAP);
	memset(tests, 0, sizeof(tests));
	for (i = 0; i < COUNT(victims); i++)
		tests[i] = (struct CMUnitTest){
		    .name = victims[i].name,
		    .test_func = test_victim,
		    .setup_func = bucket_setup,
		    .teardown_func = fixture_teardown,
		    .initial_state = (void *)(uintptr_t)&victims[i],
		};
	memcpy(tests + i, others, sizeof(others));
	return cmocka_run_group_tests_name("flood", tests, NULL, NULL);
}
