/* SPDX-License-Identifier: ISC */

/*
 * Instances that come, go and have their clocks set back, on a wire that loses,
 * holds back and repeats what it likes, by chance.  Whatever happens, flows are
 * believed once, and not long after they were told; and when the wire is good
 * again, all soon believe each other.  VC5_SYNC_STORM="ROUNDS SEED" for more.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "sync_cluster.h"

#define STEP	    50	   /* ms */
#define HELD	    20000  /* datagrams that the wire remembers */
#define LATEST	    27000  /* ms: 16 beats, and 10 s; see sync_peers.c */
#define CALM	    12000  /* ms, in which all have to meet */
#define EPOCH_TICKS 100000 /* between two starts, of what an epoch counts */

struct said {
	struct datagram datagram;
	uint64_t at;  /* ms */
	uint64_t due; /* ms: when the wire lets it go, or 0 */
	unsigned by;  /* node */
	bool flows;
	unsigned taken[NODES]; /* the start of each that took it; from 1 */
};

struct storm {
	struct cluster *cluster;
	struct said *wire; /* HELD of them */
	unsigned said;	   /* since the beginning */
	unsigned starts[NODES];
	uint64_t epoch;
	bool calm;
	unsigned delay[NODES]; /* ms: of all that each says, or 0 */
	unsigned long accepted, refused, replayed;
	uint64_t latest; /* ms: the most that flows were late */
};

static unsigned
chance(unsigned below)
{
	return (unsigned)rand() % below;
}

/* One hears something, perhaps not for the first time. */
static void
hear(struct storm *storm, unsigned node, struct said *said)
{
	struct cluster *c = storm->cluster;

	if (c->nodes[node].peers == NULL || node == said->by)
		return;
	if (cluster_hear(c, node, &said->datagram) != SYNC_ACCEPTED) {
		storm->refused++;
		return;
	}
	if (!said->flows)
		return;
	/* Once by each start of each node, and in time. */
	assert_int_not_equal(said->taken[node], storm->starts[node]);
	assert_true(c->now - said->at <= LATEST);
	said->taken[node] = storm->starts[node];
	storm->accepted++;
	if (c->now - said->at > storm->latest)
		storm->latest = c->now - said->at;
}

static void
hear_all(struct storm *storm, struct said *said)
{
	unsigned i;

	for (i = 0; i < NODES; i++)
		if (storm->calm || chance(10) < 8)
			hear(storm, i, said);
}

static void
say(struct storm *storm, unsigned node, bool flows)
{
	struct cluster *c = storm->cluster;
	struct said *said = &storm->wire[storm->said++ % HELD];

	memset(said, 0, sizeof(*said));
	if (flows)
		cluster_flows(c, node, &said->datagram);
	else
		cluster_hello(c, node, &said->datagram);
	c->recorded = 0;
	said->at = c->now;
	said->by = node;
	said->flows = flows;
	if (storm->delay[node] != 0 && !storm->calm)
		said->due = c->now + storm->delay[node];
	else if (storm->calm || chance(10) < 7)
		hear_all(storm, said);
	else if (chance(2) == 0)
		said->due = c->now + chance(40000);
}

/* What was held back comes, and what was said long ago comes again. */
static void
meddle(struct storm *storm)
{
	unsigned i, kept = storm->said < HELD ? storm->said : HELD;
	uint64_t now = storm->cluster->now;

	for (i = 0; i < kept; i++)
		if (storm->wire[i].due != 0 && storm->wire[i].due <= now) {
			storm->wire[i].due = 0;
			hear_all(storm, &storm->wire[i]);
		}
	for (i = 0; i < 20 && kept > 0; i++) {
		hear(storm, chance(NODES), &storm->wire[chance(kept)]);
		storm->replayed++;
	}
}

/* A start; its clock may be behind what it was. */
static void
start(struct storm *storm, unsigned node)
{
	uint64_t epoch;

	storm->epoch += EPOCH_TICKS;
	epoch = storm->epoch;
	if (chance(4) == 0)
		epoch -= EPOCH_TICKS / 2 + EPOCH_TICKS * (uint64_t)chance(5);
	storm->starts[node]++;
	cluster_start(storm->cluster, node, epoch);
}

static void
come_and_go(struct storm *storm)
{
	unsigned node = chance(NODES);

	if (chance(400) != 0)
		return;
	if (storm->cluster->nodes[node].peers == NULL)
		start(storm, node);
	else
		cluster_kill(storm->cluster, node);
}

/* Of some everything is held back for a while, more and more of it. */
static void
change_delays(struct storm *storm)
{
	unsigned node = chance(NODES);

	if (chance(200) == 0)
		storm->delay[node] = chance(2) == 0 ? 0 : 1 + chance(40000);
	else if (storm->delay[node] != 0)
		storm->delay[node] += STEP * NODES / 2;
}

static void
step(struct storm *storm)
{
	struct cluster *c = storm->cluster;
	struct sync_peers *peers;
	unsigned i;

	for (i = 0; i < NODES; i++) {
		peers = c->nodes[i].peers;
		if (peers == NULL)
			continue;
		sync_peers_tick(peers, c->now);
		if (sync_peers_hello_at(peers) <= c->now)
			say(storm, i, false);
		if (chance(4) == 0)
			say(storm, i, true);
	}
	meddle(storm);
	if (!storm->calm) {
		come_and_go(storm);
		change_delays(storm);
	}
	c->now += STEP;
}

static void
run(struct storm *storm, unsigned ms)
{
	uint64_t end = storm->cluster->now + ms;

	while (storm->cluster->now < end)
		step(storm);
}

static void
assert_all_meet(struct storm *storm)
{
	struct cluster *c = storm->cluster;
	unsigned i, j;

	for (i = 0; i < NODES; i++)
		if (c->nodes[i].peers == NULL)
			start(storm, i);
	storm->calm = true;
	run(storm, CALM);
	storm->calm = false;
	for (i = 0; i < NODES; i++)
		for (j = 0; j < NODES; j++)
			if (i != j)
				assert_int_equal(
				    cluster_state(c, i, j), SYNC_PEER_UP);
}

static void
whatever_happens(void **state)
{
	const char *wanted = getenv("VC5_SYNC_STORM");
	struct storm storm = {.cluster = *state, .epoch = 1000 * EPOCH_TICKS};
	unsigned rounds = 20, seed = 1, i;

	if (wanted != NULL)
		assert_true(sscanf(wanted, "%u %u", &rounds, &seed) > 0);
	srand(seed);
	storm.wire = calloc(HELD, sizeof(*storm.wire));
	assert_non_null(storm.wire);
	for (i = 0; i < rounds; i++) {
		run(&storm, 60000);
		assert_all_meet(&storm);
	}
	print_message("# %lu flows believed, the latest after %.1f s; %lu "
		      "datagrams refused, %lu said again\n",
	    storm.accepted, (double)storm.latest / 1000, storm.refused,
	    storm.replayed);
	assert_true(storm.accepted > 1000);
	free(storm.wire);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		whatever_happens, cluster_setup, cluster_teardown),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
