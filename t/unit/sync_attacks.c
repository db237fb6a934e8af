/* SPDX-License-Identifier: ISC */

/*
 * Attackers without the key, who recorded all that was ever said, and say it
 * again: to one that starts, to one whose peer restarts, when the peer is
 * dead.  No recorded flow is ever believed a second time, or late.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "sync_cluster.h"

#define EPOCH 1000000

/* Both talk for so long, flows included, and hear each other. */
static void
converse(struct cluster *c, unsigned seconds)
{
	for (; seconds > 0; seconds--) {
		cluster_run(c, 1000);
		cluster_tell(c, 0, 1);
		cluster_tell(c, 1, 0);
	}
}

static void
both_talk(struct cluster *c)
{
	cluster_start(c, 0, EPOCH);
	cluster_start(c, 1, EPOCH);
	converse(c, 20);
	assert_int_equal(cluster_tell(c, 0, 1), SYNC_ACCEPTED);
}

/* All that was recorded, while time goes on: flows that were believed. */
static unsigned
replay_all(struct cluster *c, unsigned to)
{
	unsigned i, last = c->recorded, believed = 0;

	for (i = 0; i < last; i++) {
		believed += cluster_replay(c, to, i, i + 1, SYNC_FLOWS);
		believed += cluster_replay(c, to, i, i + 1, SYNC_REFUSAL);
		if (i % 2 == 0)
			cluster_run(c, 100);
	}
	return believed;
}

static void
what_is_said_again_is_refused(void **state)
{
	struct cluster *c = *state;

	both_talk(c);
	assert_int_equal(replay_all(c, 1), 0);
	assert_int_equal(cluster_tell(c, 0, 1), SYNC_ACCEPTED);
	assert_int_equal(cluster_state(c, 1, 0), SYNC_PEER_UP);
}

/* Its peer is dead: it takes the recording for nobody. */
static void
one_that_starts_is_told_all_again(void **state)
{
	struct cluster *c = *state;

	both_talk(c);
	cluster_kill(c, 0);
	cluster_kill(c, 1);
	cluster_start(c, 1, EPOCH + 1);
	assert_int_equal(replay_all(c, 1), 0);
	assert_int_equal(c->nodes[1].events[SYNC_EVENT_UP], 0);
	assert_int_equal(sync_peers_up(c->nodes[1].peers), 0);
	assert_null(sync_peers_choose(c->nodes[1].peers, c->now));
}

/* The recording comes while the peer is there, restarted. */
static void
its_peer_restarts(void **state)
{
	struct cluster *c = *state;
	unsigned recorded;

	both_talk(c);
	recorded = c->recorded;
	cluster_kill(c, 0);
	assert_int_equal(cluster_replay(c, 1, 0, recorded, SYNC_FLOWS), 0);
	cluster_start(c, 0, EPOCH + 1);
	assert_int_equal(cluster_replay(c, 1, 0, recorded, SYNC_FLOWS), 0);
	cluster_run(c, 1500);
	assert_int_equal(cluster_state(c, 1, 0), SYNC_PEER_UP);
	assert_int_equal(cluster_replay(c, 1, 0, recorded, SYNC_FLOWS), 0);
	assert_int_equal(cluster_tell(c, 0, 1), SYNC_ACCEPTED);
}

/* The recording before the peer: its restart must not be kept out. */
static void
both_restart_and_the_recording_is_first(void **state)
{
	struct cluster *c = *state;

	both_talk(c);
	cluster_kill(c, 0);
	cluster_kill(c, 1);
	cluster_start(c, 1, EPOCH + 1);
	assert_int_equal(replay_all(c, 1), 0);
	cluster_start(c, 0, EPOCH + 2);
	cluster_run(c, 1500);
	assert_int_equal(cluster_state(c, 0, 1), SYNC_PEER_UP);
	assert_int_equal(cluster_state(c, 1, 0), SYNC_PEER_UP);
	assert_int_equal(replay_all(c, 1), 0);
	assert_int_equal(cluster_tell(c, 0, 1), SYNC_ACCEPTED);
}

/* The peer's old datagrams come first to one that starts beside it. */
static void
the_present_epoch_is_replayed_to_a_newcomer(void **state)
{
	struct cluster *c = *state;
	unsigned recorded;

	both_talk(c);
	recorded = c->recorded;
	cluster_start(c, 2, EPOCH + 1);
	assert_int_equal(cluster_replay(c, 2, 0, recorded, SYNC_FLOWS), 0);
	cluster_run(c, 1500);
	assert_int_equal(cluster_state(c, 2, 0), SYNC_PEER_UP);
	assert_int_equal(cluster_replay(c, 2, 0, recorded, SYNC_FLOWS), 0);
	assert_int_equal(cluster_tell(c, 0, 2), SYNC_ACCEPTED);
}

/* Or after it has heard the peer: what was said before that is past. */
static void
the_past_is_replayed_to_one_that_knows_the_present(void **state)
{
	struct cluster *c = *state;
	unsigned recorded;

	both_talk(c);
	recorded = c->recorded;
	cluster_start(c, 2, EPOCH + 1);
	cluster_run(c, 1500);
	assert_int_equal(cluster_state(c, 2, 0), SYNC_PEER_UP);
	assert_int_equal(cluster_replay(c, 2, 0, recorded, SYNC_FLOWS), 0);
	assert_int_equal(cluster_tell(c, 0, 2), SYNC_ACCEPTED);
}

/* One datagram was kept from us, and comes when its news is old. */
static void
a_datagram_that_was_kept_is_not_taken(void **state)
{
	struct cluster *c = *state;
	struct datagram kept;

	both_talk(c);
	cluster_flows(c, 0, &kept);
	cluster_run(c, 3000);
	assert_int_equal(cluster_hear(c, 1, &kept), SYNC_REPLAYED);
	assert_int_equal(cluster_peer(c, 1, 1)->lost, 1);
}

/*
 * One was cut off, so what its peer said then it never heard; the peer dies,
 * and the recorder says it when the cut is healed: right epoch, new numbers.
 */
static void
what_was_missed_is_no_news_later(void **state)
{
	struct cluster *c = *state;
	unsigned first, last;

	both_talk(c);
	c->nodes[1].deaf = true;
	first = c->recorded;
	/* While it lists us, with the beats that it still hears of ours. */
	for (unsigned i = 0; i < 60; i++) {
		struct datagram flows;

		cluster_run(c, 1000);
		cluster_flows(c, 0, &flows);
	}
	last = c->recorded;
	cluster_kill(c, 0);
	cluster_run(c, 30000);
	assert_int_equal(cluster_replay(c, 1, first, last, SYNC_FLOWS), 0);
	assert_int_not_equal(cluster_state(c, 1, 0), SYNC_PEER_UP);
	assert_int_equal(c->nodes[1].events[SYNC_EVENT_UP], 1);
}

/* Delayed on purpose: for so long at most, and only in order. */
static void
delayed_datagrams_grow_stale(void **state)
{
	struct cluster *c = *state;
	struct datagram hello, flows;

	both_talk(c);
	c->nodes[0].dumb = true;
	cluster_hello(c, 0, &hello);
	cluster_flows(c, 0, &flows);
	cluster_run(c, 30000);
	cluster_hear(c, 1, &hello);
	assert_int_equal(cluster_hear(c, 1, &flows), SYNC_UNVERIFIED);
}

/*
 * The clock of one that starts is behind, always by as much, and the recorder
 * knows which epochs it was made to take: they are never the same.
 */
static void
a_raised_epoch_is_not_foreseen(void **state)
{
	struct cluster *c = *state;
	uint64_t raised;

	both_talk(c);
	cluster_kill(c, 1);
	cluster_start(c, 1, EPOCH - 5);
	converse(c, 20);
	assert_int_equal(c->nodes[1].events[SYNC_EVENT_RAISED], 1);
	raised = sync_peers_own(c->nodes[1].peers)->epoch;
	assert_int_equal(cluster_tell(c, 0, 1), SYNC_ACCEPTED);
	cluster_kill(c, 0);
	cluster_kill(c, 1);
	cluster_start(c, 1, EPOCH - 5);
	assert_int_equal(replay_all(c, 1), 0);
	assert_true(c->nodes[1].events[SYNC_EVENT_RAISED] > 0);
	assert_int_not_equal(sync_peers_own(c->nodes[1].peers)->epoch, raised);
	assert_int_equal(replay_all(c, 1), 0);
	assert_int_equal(sync_peers_up(c->nodes[1].peers), 0);
}

/* Said to one, and said again to another. */
static void
what_was_said_to_one_is_no_use_to_another(void **state)
{
	struct cluster *c = *state;
	struct datagram refusal;

	both_talk(c);
	cluster_start(c, 2, EPOCH);
	cluster_run(c, 1500);
	cluster_refusal(c, 0, sync_peers_own(c->nodes[1].peers), &refusal);
	assert_int_equal(cluster_hear(c, 2, &refusal), SYNC_NOT_FOR_US);
	assert_int_equal(cluster_hear(c, 1, &refusal), SYNC_ACCEPTED);
	cluster_kill(c, 1);
	cluster_start(c, 1, EPOCH + 1);
	cluster_run(c, 1500);
	assert_int_equal(cluster_hear(c, 1, &refusal), SYNC_NOT_FOR_US);
}

/* Our own past, said to us: no namesake, no alarm, no other epoch. */
static void
our_own_past_is_no_namesake(void **state)
{
	struct cluster *c = *state;

	both_talk(c);
	cluster_kill(c, 1);
	cluster_start(c, 1, EPOCH + 1);
	assert_int_equal(replay_all(c, 1), 0);
	assert_int_equal(c->nodes[1].events[SYNC_EVENT_DUPLICATE], 0);
	assert_int_equal(c->nodes[1].events[SYNC_EVENT_RAISED], 0);
	assert_int_equal(cluster_state(c, 1, 0), SYNC_PEER_UP);
}

/* Two have one name, and all the while somebody says its past to them. */
static void
the_past_hides_no_namesake(void **state)
{
	struct cluster *c = *state;
	struct datagram past;
	unsigned i;

	cluster_start_as(c, 3, 7, EPOCH - 1);
	cluster_hello(c, 3, &past);
	cluster_kill(c, 3);
	cluster_start_as(c, 1, 7, EPOCH);
	cluster_start_as(c, 2, 7, EPOCH + 1);
	for (i = 0; i < 40; i++) {
		cluster_hear(c, 1, &past);
		cluster_hear(c, 2, &past);
		cluster_run(c, 100);
	}
	assert_true(sync_peers_duplicate(c->nodes[1].peers));
	assert_true(sync_peers_duplicate(c->nodes[2].peers));
}

/*
 * Recordings of more instances than there is room for: who is there finds
 * room, and who is up keeps it.
 */
static void
many_recorded_names_keep_nobody_out(void **state)
{
	static struct datagram hellos[3 * SYNC_PEERS_MAX];
	struct cluster *c = *state;
	unsigned i, round;

	for (i = 0; i < 3 * SYNC_PEERS_MAX; i++) {
		cluster_start_as(c, 3, 100 + i, EPOCH);
		cluster_hello(c, 3, &hellos[i]);
		cluster_kill(c, 3);
	}
	cluster_start(c, 0, EPOCH);
	cluster_start(c, 1, EPOCH);
	cluster_run(c, 2000);
	for (round = 0; round < 50; round++) {
		for (i = 0; i < 3 * SYNC_PEERS_MAX; i++)
			cluster_hear(c, 0, &hellos[i]);
		if (round == 10)
			cluster_start(c, 2, EPOCH);
		cluster_run(c, 200);
	}
	assert_int_equal(sync_peers_count(c->nodes[0].peers), SYNC_PEERS_MAX);
	assert_int_equal(cluster_state(c, 0, 1), SYNC_PEER_UP);
	assert_int_equal(cluster_state(c, 0, 2), SYNC_PEER_UP);
	assert_int_equal(cluster_state(c, 2, 0), SYNC_PEER_UP);
	assert_int_equal(c->nodes[0].events[SYNC_EVENT_SILENT], 0);
}

/* Headers that anybody can make change nothing before the tag is checked. */
static void
foreseeing_changes_nothing(void **state)
{
	struct cluster *c = *state;
	struct sync_header header = {.type = SYNC_HELLO};
	uint64_t i;

	both_talk(c);
	for (i = 0; i < 100000; i++) {
		header.type = (uint8_t)(SYNC_HELLO + i % 6);
		header.sender = i % 7 < 3 ? 1 : i;
		header.epoch = i % 5 < 2 ? EPOCH : EPOCH + i;
		header.sequence = i * i;
		sync_peers_foresee(c->nodes[1].peers, &header);
	}
	assert_int_equal(sync_peers_count(c->nodes[1].peers), 1);
	assert_int_equal(cluster_state(c, 1, 0), SYNC_PEER_UP);
	assert_int_equal(cluster_tell(c, 0, 1), SYNC_ACCEPTED);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, cluster_setup, cluster_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(what_is_said_again_is_refused),
	    TEST(one_that_starts_is_told_all_again),
	    TEST(its_peer_restarts),
	    TEST(both_restart_and_the_recording_is_first),
	    TEST(the_present_epoch_is_replayed_to_a_newcomer),
	    TEST(the_past_is_replayed_to_one_that_knows_the_present),
	    TEST(a_datagram_that_was_kept_is_not_taken),
	    TEST(what_was_missed_is_no_news_later),
	    TEST(delayed_datagrams_grow_stale),
	    TEST(a_raised_epoch_is_not_foreseen),
	    TEST(what_was_said_to_one_is_no_use_to_another),
	    TEST(our_own_past_is_no_namesake),
	    TEST(the_past_hides_no_namesake),
	    TEST(many_recorded_names_keep_nobody_out),
	    TEST(foreseeing_changes_nothing),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
