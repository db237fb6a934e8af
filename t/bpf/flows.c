/* SPDX-License-Identifier: ISC */

/*
 * Flows over several packets: who keeps its destination, who gets another,
 * and what the table says of it.
 */

#include <string.h>
#include <time.h>

#include <arpa/inet.h>
#include <linux/bpf.h>

#include "fixture.h"

#define PORT	 40000 /* a client's */
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static uint32_t
state_of(const struct vc5_flow *flow)
{
	return flow->stamp >> VC5_STAMP_SHIFT;
}

static uint32_t
udp_send(struct fixture *fixture, uint16_t client_port)
{
	const struct frame_spec spec = {
	    .protocol = UDP, .port = 53, .client_port = client_port};

	return fixture_send(fixture, &spec);
}

/* A connection whose destination is the one of the table now. */
static void
establish(struct fixture *fixture, uint16_t client_port)
{
	assert_int_not_equal(fixture_tcp(fixture, client_port, SYN), 0);
	assert_int_not_equal(fixture_tcp(fixture, client_port, ACK), 0);
}

/*
 * A packet after some others and so many seconds: where it goes when the
 * table has changed from destination 1 to 2 meanwhile, and what the flow's
 * state is then.
 */
struct step_case {
	const char *name;
	uint8_t before[4]; /* flags of packets, up to the first 0 */
	uint32_t seconds;  /* between those and the last */
	enum vc5_destination_state state; /* of destination 1, meanwhile */
	uint8_t last;
	uint32_t destination;
	enum vc5_flow_state flow;
};

#define FRESH VC5_FLOW_EMBRYONIC
#define LIVE  VC5_FLOW_CONFIRMED
#define SHUT  VC5_FLOW_CLOSED

static const struct step_case steps[] = {
    {"SYN again", {SYN}, 0, VC5_UP, SYN, 1, FRESH},
    {"ACK confirms", {SYN}, 0, VC5_UP, ACK, 1, LIVE},
    {"data confirms", {SYN}, 0, VC5_UP, PSH | ACK, 1, LIVE},
    {"SYN and ACK together is no SYN", {SYN}, 0, VC5_UP, SYN | ACK, 1, LIVE},
    {"RST closes an embryonic flow", {SYN}, 0, VC5_UP, RST, 1, SHUT},
    {"FIN closes", {SYN, ACK}, 0, VC5_UP, FIN | ACK, 1, SHUT},
    {"RST closes", {SYN, ACK}, 0, VC5_UP, RST, 1, SHUT},
    {"SYN and RST closes", {SYN, ACK}, 0, VC5_UP, SYN | RST, 1, SHUT},
    {"data stays", {SYN, ACK}, 0, VC5_UP, ACK, 1, LIVE},
    {"data stays after a day", {SYN, ACK}, 86400, VC5_UP, ACK, 1, LIVE},
    {"SYN in a live flow changes nothing", {SYN, ACK}, 100, VC5_UP, SYN, 1,
	LIVE},
    {"ACK after FIN stays closed", {SYN, ACK, FIN}, 3, VC5_UP, ACK, 1, SHUT},
    {"data 4 s after RST reopens", {SYN, ACK, RST}, 4, VC5_UP, ACK, 1, LIVE},
    {"FIN again is no reopening", {SYN, ACK, FIN}, 60, VC5_UP, FIN, 1, SHUT},
    {"SYN after FIN is a new flow", {SYN, ACK, FIN}, 0, VC5_UP, SYN, 2, FRESH},
    {"SYN after RST is a new flow", {SYN, ACK, RST}, 0, VC5_UP, SYN, 2, FRESH},
    {"SYN long after FIN", {SYN, ACK, FIN}, 600, VC5_UP, SYN, 2, FRESH},
    {"draining keeps a flow", {SYN, ACK}, 0, VC5_DRAINING, ACK, 1, LIVE},
    {"draining keeps it for a day", {SYN, ACK}, 86400, VC5_DRAINING, ACK, 1,
	LIVE},
    {"draining, SYN in a live flow", {SYN, ACK}, 0, VC5_DRAINING, SYN, 1, LIVE},
    {"draining, an embryonic flow's ACK", {SYN}, 0, VC5_DRAINING, ACK, 1, LIVE},
    {"draining, SYN again", {SYN}, 0, VC5_DRAINING, SYN, 2, FRESH},
    {"draining, SYN after FIN", {SYN, ACK, FIN}, 0, VC5_DRAINING, SYN, 2,
	FRESH},
    {"draining, ACK after FIN", {SYN, ACK, FIN}, 0, VC5_DRAINING, ACK, 1, SHUT},
    {"draining, SYN in a flow quiet for long", {SYN, ACK}, 61, VC5_DRAINING,
	SYN, 2, FRESH},
    {"draining, SYN in a flow quiet for a minute", {SYN, ACK}, 60, VC5_DRAINING,
	SYN, 1, LIVE},
    {"SYN in a flow quiet for long", {SYN, ACK}, 86400, VC5_UP, SYN, 1, LIVE},
    {"down: re-hashed", {SYN, ACK}, 0, VC5_DOWN, ACK, 2, FRESH},
    {"down: a SYN", {SYN}, 0, VC5_DOWN, SYN, 2, FRESH},
};

static void
test_step(void **state)
{
	struct fixture *fixture = *state;
	const struct step_case *row = fixture->row;
	struct vc5_flow *flow;
	size_t i;

	for (i = 0; row->before[i] != 0; i++)
		assert_int_equal(fixture_tcp(fixture, PORT, row->before[i]), 1);
	fixture_table(fixture, HTTP, 2);
	fixture->destinations[1].state = row->state;
	fixture->control->clock += row->seconds;
	assert_int_equal(
	    fixture_tcp(fixture, PORT, row->last), row->destination);
	flow = fixture_flow(fixture);
	assert_non_null(flow);
	assert_int_equal(flow->destination, row->destination | 1U << 16);
	assert_int_equal(state_of(flow), row->flow);
}

/* A forged RST now and then can't keep a live flow closed. */
static void
test_reset_flood(void **state)
{
	struct fixture *fixture = *state;
	int second, confirmed = 0;

	establish(fixture, PORT);
	for (second = 0; second < 60; second++) {
		fixture->control->clock++;
		assert_int_equal(fixture_tcp(fixture, PORT, RST), 1);
		assert_int_equal(fixture_tcp(fixture, PORT, ACK), 1);
		confirmed += state_of(fixture_flow(fixture)) == LIVE;
	}
	assert_true(confirmed >= 60 / 5);
}

/* The last packets of a connection that nobody knows make no entry. */
static void
test_stray_end(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(fixture_tcp(fixture, PORT, RST), 1);
	assert_int_equal(fixture_tcp(fixture, PORT + 1, FIN | ACK), 1);
	assert_int_equal(fixture_flow_count(fixture), 0);
	assert_int_equal(fixture_counters(fixture, 1).packets, 2);
	assert_int_equal(fixture_counters(fixture, 1).stateless, 2);
	assert_int_equal(fixture_counters(fixture, 1).flows, 0);
}

static void
test_counters(void **state)
{
	struct fixture *fixture = *state;
	const struct frame_spec spec = {.flags = ACK, .payload = 400};
	struct vc5_destination_counters counters;

	establish(fixture, 40000);
	establish(fixture, 40001);
	assert_int_equal(fixture_send(fixture, &spec), 1);
	counters = fixture_counters(fixture, 1);
	assert_int_equal(counters.packets, 5);
	assert_int_equal(counters.bytes, 5 * 54 + 400);
	assert_int_equal(counters.flows, 2);
	assert_int_equal(counters.stateless, 0);
	assert_int_equal(fixture_dropped(fixture), 0);
	assert_int_equal(fixture_flow_count(fixture), 2);
}

/* Each part of the 5-tuple tells flows apart. */
static void
test_distinct(void **state)
{
	static const struct frame_spec specs[] = {{0}, {.client = CLIENT + 1},
	    {.client_port = 40001}, {.port = 443},
	    {.protocol = UDP, .port = 53}};
	size_t i;

	for (i = 0; i < 2 * COUNT(specs); i++)
		assert_int_not_equal(
		    fixture_send(*state, &specs[i % COUNT(specs)]), 0);
	assert_int_equal(fixture_flow_count(*state), COUNT(specs));
}

/* Many flows, each found again: 0 new ones in the second round. */
static void
test_many(void **state)
{
	struct fixture *fixture = fixture_new(1 << 18);
	uint32_t port, round;

	(void)state;
	for (round = 0; round < 3; round++)
		for (port = 1024; port < 1024 + 4000; port++)
			assert_int_equal(
			    fixture_tcp(fixture, port, round == 0 ? SYN : ACK),
			    1);
	assert_int_equal(fixture_counters(fixture, 1).flows, 4000);
	assert_int_equal(fixture_counters(fixture, 1).stateless, 0);
	assert_int_equal(fixture_flow_count(fixture), 4000);
	fixture_free(fixture);
}

/* Buckets are evenly used, by ports that follow each other. */
static void
test_spread(void **state)
{
	struct fixture *fixture = *state;
	uint32_t port, bucket, way, used = 0;

	for (port = 1024; port < 1024 + 256; port++)
		fixture_tcp(fixture, port, SYN);
	for (bucket = 0; bucket < fixture->entries / VC5_WAYS; bucket++)
		for (way = 0; way < 1; way++)
			used += fixture->flows[bucket].ways[way].stamp != 0;
	/* 256 at random use 1 - 1/e of 256: 162 */
	assert_true(used > 140 && used < 185);
}

static void
test_tuple(void **state)
{
	static const uint8_t client[16] = {
	    [10] = 0xff, [11] = 0xff, 198, 51, 100, 7};
	struct fixture *fixture = *state;
	const struct vc5_tuple *tuple;
	const struct vc5_flow *flow;

	fixture_tcp(fixture, PORT, SYN);
	flow = fixture_flow(fixture);
	assert_non_null(flow);
	tuple = &fixture->tuples[flow - fixture->flows[0].ways];
	assert_int_equal(tuple->port, 0);
	fixture->control->clock += 2;
	fixture_tcp(fixture, PORT, ACK);
	assert_memory_equal(tuple->client, client, sizeof(client));
	assert_int_equal(ntohs(tuple->port), PORT);
	assert_int_equal(tuple->service, HTTP);
	assert_int_equal(tuple->created, NOW + 2);
}

/* A closed flow that never was confirmed has its tuple as well. */
static void
test_tuple_closed(void **state)
{
	struct fixture *fixture = *state;
	const struct vc5_flow *flow;

	fixture_tcp(fixture, PORT, SYN);
	fixture_tcp(fixture, PORT, RST);
	flow = fixture_flow(fixture);
	assert_non_null(flow);
	assert_int_equal(
	    ntohs(fixture->tuples[flow - fixture->flows[0].ways].port), PORT);
}

static void
test_stamp_moves(void **state)
{
	struct fixture *fixture = *state;

	establish(fixture, PORT);
	assert_int_equal(fixture_flow(fixture)->stamp & VC5_STAMP_SECONDS, NOW);
	fixture->control->clock += 5;
	fixture_tcp(fixture, PORT, ACK);
	assert_int_equal(
	    fixture_flow(fixture)->stamp & VC5_STAMP_SECONDS, NOW + 5);
	fixture->control->clock += 5;
	fixture_tcp(fixture, PORT, SYN);
	assert_int_equal(
	    fixture_flow(fixture)->stamp & VC5_STAMP_SECONDS, NOW + 5);
}

static void
test_udp(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(udp_send(fixture, PORT), 7);
	assert_int_equal(state_of(fixture_flow(fixture)), FRESH);
	assert_int_equal(udp_send(fixture, PORT), 7);
	assert_int_equal(state_of(fixture_flow(fixture)), LIVE);
	assert_int_equal(fixture_counters(fixture, 7).flows, 1);
}

/* Destination 7 drains: who is idle begins anew, who isn't stays. */
static void
test_udp_draining(void **state)
{
	struct fixture *fixture = *state;

	udp_send(fixture, PORT);
	udp_send(fixture, PORT);
	fixture->destinations[4].service = DNS;
	fixture_table(fixture, DNS, 4);
	fixture->destinations[7].state = VC5_DRAINING;
	fixture->control->clock += VC5_IDLE_UDP;
	assert_int_equal(udp_send(fixture, PORT), 7);
	fixture->control->clock += VC5_IDLE_UDP + 1;
	assert_int_equal(udp_send(fixture, PORT), 4);
	assert_non_null(fixture_flow(fixture));
}

/* The service's own idle time, once it drains. */
static void
test_udp_idle_time(void **state)
{
	struct fixture *fixture = *state;

	fixture->services[DNS].idle = 20;
	udp_send(fixture, PORT);
	udp_send(fixture, PORT);
	fixture->destinations[4].service = DNS;
	fixture_table(fixture, DNS, 4);
	fixture->destinations[7].state = VC5_DRAINING;
	fixture->control->clock += 20;
	assert_int_equal(udp_send(fixture, PORT), 7);
	fixture->control->clock += 21;
	assert_int_equal(udp_send(fixture, PORT), 4);
}

/* A service that remembers nothing: by the hash table, as it is now. */
static void
test_untracked(void **state)
{
	struct fixture *fixture = *state;

	fixture->services[DNS].flags = VC5_UNTRACKED;
	fixture->destinations[4].service = DNS;
	assert_int_equal(udp_send(fixture, PORT), 7);
	assert_int_equal(udp_send(fixture, PORT), 7);
	fixture_table(fixture, DNS, 4);
	assert_int_equal(udp_send(fixture, PORT), 4);
	assert_int_equal(fixture_flow_count(fixture), 0);
	assert_int_equal(fixture_counters(fixture, 7).flows, 0);
	assert_int_equal(fixture_counters(fixture, 7).stateless, 2);
	assert_int_equal(fixture_counters(fixture, 4).stateless, 1);
}

/* What was remembered until then stays so, and ends. */
static void
test_untracked_from_now_on(void **state)
{
	struct fixture *fixture = *state;

	establish(fixture, PORT);
	fixture->services[HTTP].flags = VC5_UNTRACKED;
	fixture_table(fixture, HTTP, 2);
	assert_int_equal(fixture_tcp(fixture, PORT, ACK), 1);
	assert_int_equal(fixture_tcp(fixture, PORT, FIN), 1);
	assert_int_equal(fixture_tcp(fixture, PORT, SYN), 2);
	assert_int_equal(fixture_tcp(fixture, PORT, ACK), 2);
	assert_int_equal(fixture_counters(fixture, 2).stateless, 2);
	/* The entry is nobody's, and the first to be given away. */
	assert_int_equal(fixture_flow(fixture)->destination, 0);
}

static void
test_generation(void **state)
{
	struct fixture *fixture = *state;

	establish(fixture, PORT);
	fixture_table(fixture, HTTP, 2);
	fixture->destinations[1].generation++;
	assert_int_equal(fixture_tcp(fixture, PORT, ACK), 2);
	/* The stale entry was reused. */
	assert_non_null(fixture_flow(fixture));
	assert_int_equal(fixture_counters(fixture, 2).flows, 1);
}

/* New flows get the generation of now. */
static void
test_generation_new(void **state)
{
	struct fixture *fixture = *state;

	fixture->destinations[1].generation = 65535;
	assert_int_equal(fixture_tcp(fixture, PORT, SYN), 1);
	assert_int_equal(fixture_tcp(fixture, PORT, ACK), 1);
	assert_int_equal(fixture_counters(fixture, 1).flows, 1);
	assert_int_equal(fixture_flow(fixture)->destination, 0xffff0001);
}

/*
 * Two CPUs wrote one entry at the same time: the key of one flow with the
 * destination of another.  It is a miss, never another's destination.
 */
static void
test_torn(void **state)
{
	struct fixture *fixture = *state;
	struct vc5_flow *flow;

	establish(fixture, PORT);
	fixture_table(fixture, HTTP, 2);
	flow = fixture_flow(fixture);
	flow->destination = 3 | 1U << 16;
	assert_int_equal(fixture_tcp(fixture, PORT, ACK), 2);
	assert_int_equal(fixture_counters(fixture, 3).packets, 0);
	assert_int_equal(fixture_counters(fixture, 2).flows, 1);
	assert_int_equal(fixture_flow_count(fixture), 2);
}

/* Two CPUs entered one flow at the same time, in any two ways of its bucket. */
static void
test_twice(void **state)
{
	static const uint8_t pairs[][2] = {
	    {0, 1}, {0, 2}, {0, 3}, {1, 2}, {1, 3}, {2, 3}};
	struct fixture *fixture = *state;
	struct vc5_bucket *bucket;
	struct vc5_flow *found, flow;
	size_t i;

	establish(fixture, PORT);
	fixture_table(fixture, HTTP, 2);
	found = fixture_flow(fixture);
	flow = *found;
	bucket =
	    &fixture->flows[((uintptr_t)found - (uintptr_t)fixture->flows) /
		sizeof(*bucket)];
	for (i = 0; i < COUNT(pairs); i++) {
		memset(bucket, 0, sizeof(*bucket));
		bucket->ways[pairs[i][0]] = flow;
		bucket->ways[pairs[i][1]] = flow;
		assert_int_equal(fixture_tcp(fixture, PORT, ACK), 1);
	}
	assert_int_equal(fixture_counters(fixture, 2).packets, 0);
}

/* New flows move the clock on when the daemon doesn't, and never back. */
static void
test_clock(void **state)
{
	struct fixture *fixture = *state;
	struct timespec now;
	int64_t difference;

	fixture->control->clock = 1;
	fixture->control->asked--;
	fixture_tcp(fixture, PORT, SYN);
	clock_gettime(CLOCK_MONOTONIC, &now);
	difference = (int64_t)now.tv_sec - fixture->control->clock;
	assert_in_range(difference, 0, 1);
	fixture->control->clock = NOW;
	fixture->control->asked--;
	fixture_tcp(fixture, PORT + 1, SYN);
	assert_int_equal(fixture->control->clock, NOW);
	/* Established flows leave it alone. */
	fixture->control->clock = 1;
	fixture->control->asked--;
	fixture_tcp(fixture, PORT, ACK);
	assert_int_equal(fixture->control->clock, 1);
}

static const struct CMUnitTest others[] = {
    cmocka_unit_test(test_reset_flood),
    cmocka_unit_test(test_stray_end),
    cmocka_unit_test(test_counters),
    cmocka_unit_test(test_distinct),
    cmocka_unit_test(test_many),
    cmocka_unit_test(test_spread),
    cmocka_unit_test(test_tuple),
    cmocka_unit_test(test_tuple_closed),
    cmocka_unit_test(test_stamp_moves),
    cmocka_unit_test(test_udp),
    cmocka_unit_test(test_udp_draining),
    cmocka_unit_test(test_udp_idle_time),
    cmocka_unit_test(test_untracked),
    cmocka_unit_test(test_untracked_from_now_on),
    cmocka_unit_test(test_generation),
    cmocka_unit_test(test_generation_new),
    cmocka_unit_test(test_torn),
    cmocka_unit_test(test_twice),
    cmocka_unit_test(test_clock),
};

int
main(void)
{
	struct CMUnitTest tests[COUNT(steps) + COUNT(others)];
	size_t i;

	fixture_require();
	cmocka_set_message_output(CM_OUTPUT_TAP);
	memset(tests, 0, sizeof(tests));
	for (i = 0; i < COUNT(steps); i++)
		tests[i] = (struct CMUnitTest){
		    .name = steps[i].name,
		    .test_func = test_step,
		    .initial_state = (void *)(uintptr_t)&steps[i],
		};
	memcpy(tests + i, others, sizeof(others));
	for (i = 0; i < COUNT(tests); i++) {
		tests[i].setup_func = fixture_setup;
		tests[i].teardown_func = fixture_teardown;
	}
	return cmocka_run_group_tests_name("flows", tests, NULL, NULL);
}
