/* SPDX-License-Identifier: ISC */

/*
 * Packets on two processors that write the same few entries: what is not
 * embryonic afterwards has the tuple of its own flow.
 */

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <linux/bpf.h>

#include "bpf/flow_rules.h"
#include "fixture.h"

#define PORT	40000 /* of the first client */
#define CLIENTS 12    /* for as many as the entries of a bucket */
#define ROUNDS	10000
#define PACKETS 8 /* of a round and a thread */
#define SPINS	100000

static unsigned arrived, meetings;

/*
 * Where both threads wait for each other.  Not asleep, at first: they would
 * hardly ever go on at the same moment.
 */
static void
meet(void)
{
	unsigned meeting = __atomic_load_n(&meetings, __ATOMIC_ACQUIRE);

	if (__atomic_add_fetch(&arrived, 1, __ATOMIC_ACQ_REL) == 2) {
		__atomic_store_n(&arrived, 0, __ATOMIC_RELAXED);
		__atomic_add_fetch(&meetings, 1, __ATOMIC_RELEASE);
		return;
	}
	for (int i = 0; __atomic_load_n(&meetings, __ATOMIC_ACQUIRE) == meeting;
	     i++)
		if (i > SPINS)
			sched_yield();
}

struct sender {
	struct fixture *fixture;
	unsigned seed;
};

/*
 * One round.  Time flies: what was confirmed may be replaced by the next SYN.
 */
static void
send_some(struct sender *sender)
{
	static const uint8_t flags[] = {SYN, ACK};

	for (int i = 0; i < PACKETS; i++) {
		fixture_tcp(sender->fixture,
		    (uint16_t)(PORT + rand_r(&sender->seed) % CLIENTS),
		    flags[i % 2]);
		__atomic_add_fetch(
		    &sender->fixture->control->clock, 2000, __ATOMIC_RELAXED);
	}
}

static void *
send_rounds(void *arg)
{
	struct sender *sender = arg;

	for (int round = 0; round < ROUNDS; round++) {
		meet();
		send_some(sender);
		meet();
	}
	return NULL;
}

/* The fingerprint of the flow that an entry's tuple names. */
static uint64_t
named(const struct fixture *fixture, uint32_t entry)
{
	const struct vc5_tuple *owner = &fixture->tuples[entry];
	struct tuple tuple = {.protocol = TCP};

	memcpy(tuple.client, owner->client + 12, 4);
	tuple.vip[0] = htonl(VIP);
	tuple.ports = htonl((uint32_t)ntohs(owner->port) << 16 | 80);
	return flow_hash(fixture->control->key, &tuple, false).fingerprint;
}

/* Entries that are not embryonic, each of which must have its own tuple. */
static unsigned
check_entries(const struct fixture *fixture)
{
	const struct vc5_flow *flow;
	unsigned settled = 0;

	for (uint32_t entry = 0; entry < fixture->entries; entry++) {
		flow = &fixture->flows[entry / VC5_WAYS].ways[entry % VC5_WAYS];
		if (flow->key == 0 ||
		    flow_state(flow->stamp) < VC5_FLOW_CONFIRMED)
			continue;
		settled++;
		assert_int_equal(flow->key,
		    flow_key(named(fixture, entry), flow->destination));
	}
	return settled;
}

static void
test_own_tuple(void **state)
{
	struct fixture *fixture = fixture_new(VC5_WAYS);
	struct sender senders[] = {{fixture, 1}, {fixture, 2}};
	unsigned settled = 0;
	pthread_t other;

	(void)state;
	assert_int_equal(
	    pthread_create(&other, NULL, send_rounds, &senders[1]), 0);
	for (int round = 0; round < ROUNDS; round++) {
		meet();
		send_some(&senders[0]);
		meet();
		settled += check_entries(fixture);
	}
	pthread_join(other, NULL);
	assert_true(settled > 0);
	fixture_free(fixture);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_own_tuple)};

	fixture_require();
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
