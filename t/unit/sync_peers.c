/* SPDX-License-Identifier: ISC */

/*
 * The other instances, when nobody means harm: coming, going, losses, whom to
 * ask.
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

static void
two_believe_each_other_soon(void **state)
{
	struct cluster *c = *state;

	cluster_start(c, 0, EPOCH);
	cluster_run(c, 10000);
	assert_int_equal(sync_peers_count(c->nodes[0].peers), 0);
	cluster_start(c, 1, EPOCH);
	cluster_run(c, 600);
	assert_int_equal(cluster_state(c, 0, 1), SYNC_PEER_UP);
	assert_int_equal(cluster_state(c, 1, 0), SYNC_PEER_UP);
	assert_int_equal(sync_peers_up(c->nodes[0].peers), 1);
	assert_int_equal(c->nodes[0].events[SYNC_EVENT_UP], 1);
	assert_string_equal(cluster_peer(c, 0, 2)->name, "node2");
	assert_int_equal(cluster_tell(c, 0, 1), SYNC_ACCEPTED);
	assert_int_equal(cluster_tell(c, 1, 0), SYNC_ACCEPTED);
}

/* Each second, and no sooner than 200 ms after the last, whatever is new. */
static void
hellos_are_paced(void **state)
{
	struct cluster *c = *state;
	unsigned i, hellos;

	cluster_start(c, 0, EPOCH);
	cluster_run(c, 10000);
	assert_int_equal(c->recorded, 10);
	for (i = 0; i < 20; i++) {
		cluster_start_as(c, 1, 100 + i, EPOCH);
		cluster_run(c, 50);
		cluster_kill(c, 1);
	}
	hellos = c->recorded - 10 - 20;
	assert_in_range(hellos, 4, 6);
}

static void
flows_are_not_believed_before_proof(void **state)
{
	struct cluster *c = *state;
	struct datagram hello;
	uint32_t since;

	cluster_start(c, 0, EPOCH);
	cluster_start(c, 1, EPOCH);
	assert_int_equal(cluster_tell(c, 0, 1), SYNC_UNVERIFIED);
	assert_int_equal(sync_peers_count(c->nodes[1].peers), 0);
	cluster_hello(c, 0, &hello);
	assert_int_equal(cluster_hear(c, 1, &hello), SYNC_ACCEPTED);
	assert_int_equal(cluster_tell(c, 0, 1), SYNC_UNVERIFIED);
	assert_int_equal(c->nodes[1].events[SYNC_EVENT_UP], 0);
	/* What was refused is asked for later. */
	cluster_run(c, 3000);
	assert_int_equal(
	    sync_peers_repair(c->nodes[1].peers, c->now, &since)->who.id, 1);
	assert_int_equal(since, 3 + 5);
	assert_null(sync_peers_repair(c->nodes[1].peers, c->now, &since));
	assert_null(sync_peers_repair(c->nodes[0].peers, c->now, &since));
}

static void
nobody_tells_before_others_believe(void **state)
{
	struct cluster *c = *state;

	cluster_start(c, 0, EPOCH);
	assert_false(sync_peers_may_tell(c->nodes[0].peers, c->now));
	assert_false(sync_peers_may_tell(c->nodes[0].peers, c->now + 1999));
	assert_true(sync_peers_may_tell(c->nodes[0].peers, c->now + 2000));
}

static void
silence_and_return_want_a_repair(void **state)
{
	struct cluster *c = *state;
	uint32_t since;

	cluster_start(c, 0, EPOCH);
	cluster_start(c, 1, EPOCH);
	cluster_run(c, 5000);
	c->nodes[1].dumb = c->nodes[1].deaf = true;
	cluster_run(c, 1900);
	assert_int_equal(cluster_state(c, 0, 1), SYNC_PEER_UP);
	cluster_run(c, 2600);
	assert_int_equal(cluster_state(c, 0, 1), SYNC_PEER_SILENT);
	assert_int_equal(cluster_state(c, 1, 0), SYNC_PEER_SILENT);
	assert_int_equal(c->nodes[0].events[SYNC_EVENT_SILENT], 1);
	cluster_run(c, 55500);
	assert_null(sync_peers_repair(c->nodes[0].peers, c->now, &since));
	c->nodes[1].dumb = c->nodes[1].deaf = false;
	cluster_run(c, 2000);
	assert_int_equal(cluster_state(c, 0, 1), SYNC_PEER_UP);
	assert_int_equal(c->nodes[0].events[SYNC_EVENT_UP], 2);
	assert_int_equal(
	    sync_peers_repair(c->nodes[0].peers, c->now, &since)->who.id, 2);
	assert_in_range(since, 62 + 5, 63 + 5);
	/* The silence itself is no loss: what was lost is the repair's. */
	assert_int_equal(cluster_peer(c, 0, 2)->lost, 0);
}

/* It hears us no more, but we hear it: nothing of it can be known fresh. */
static void
one_way_is_not_believed_for_long(void **state)
{
	struct cluster *c = *state;
	uint32_t since;

	cluster_start(c, 0, EPOCH);
	cluster_start(c, 1, EPOCH);
	cluster_run(c, 5000);
	c->nodes[1].deaf = true;
	cluster_run(c, 30000);
	assert_int_equal(cluster_state(c, 0, 1), SYNC_PEER_UNVERIFIED);
	assert_int_equal(c->nodes[0].events[SYNC_EVENT_UNVERIFIED], 1);
	assert_int_equal(cluster_tell(c, 1, 0), SYNC_UNVERIFIED);
	c->nodes[1].deaf = false;
	cluster_run(c, 2100);
	assert_int_equal(cluster_state(c, 0, 1), SYNC_PEER_UP);
	assert_non_null(sync_peers_repair(c->nodes[0].peers, c->now, &since));
	assert_in_range(since, 3, 40);
}

static void
who_says_so_has_left(void **state)
{
	struct cluster *c = *state;
	struct datagram hello;

	cluster_start(c, 0, EPOCH);
	cluster_start(c, 1, EPOCH);
	cluster_run(c, 3000);
	c->nodes[1].flags = SYNC_HELLO_LEAVING;
	cluster_hello(c, 1, &hello);
	cluster_kill(c, 1);
	cluster_hear(c, 0, &hello);
	assert_int_equal(cluster_state(c, 0, 1), SYNC_PEER_LEFT);
	cluster_run(c, 60000);
	assert_int_equal(cluster_state(c, 0, 1), SYNC_PEER_LEFT);
	assert_int_equal(c->nodes[0].events[SYNC_EVENT_SILENT], 0);
	assert_int_equal(c->nodes[0].events[SYNC_EVENT_LEFT], 1);
	cluster_start(c, 1, EPOCH + 1);
	cluster_run(c, 1100);
	assert_int_equal(cluster_state(c, 0, 1), SYNC_PEER_UP);
	assert_int_equal(cluster_peer(c, 0, 2)->who.epoch, EPOCH + 1);
}

static void
a_greater_epoch_replaces(void **state)
{
	struct cluster *c = *state;
	struct datagram old;
	uint32_t since;

	cluster_start(c, 0, EPOCH);
	cluster_start(c, 1, EPOCH);
	cluster_run(c, 3000);
	cluster_flows(c, 1, &old);
	cluster_kill(c, 1);
	cluster_start(c, 1, EPOCH + 1);
	cluster_run(c, 1100);
	assert_int_equal(cluster_state(c, 0, 1), SYNC_PEER_UP);
	assert_int_equal(c->nodes[0].events[SYNC_EVENT_RESTARTED], 1);
	assert_int_equal(c->nodes[0].events[SYNC_EVENT_UP], 2);
	assert_int_equal(cluster_hear(c, 0, &old), SYNC_OLD_EPOCH);
	assert_int_equal(cluster_tell(c, 1, 0), SYNC_ACCEPTED);
	/* It tells all of its flows again: nothing to be asked for. */
	assert_null(sync_peers_repair(c->nodes[0].peers, c->now, &since));
}

/* Who began unheard, anew or at all, has told flows that did not arrive. */
static void
what_was_told_unheard_is_asked_for(void **state)
{
	struct cluster *c = *state;
	uint32_t since = 0;

	cluster_start(c, 0, EPOCH);
	cluster_start(c, 1, EPOCH);
	cluster_run(c, 3000);
	cluster_kill(c, 1);
	c->nodes[1].dumb = true;
	cluster_start(c, 1, EPOCH + 1);
	c->nodes[1].dumb = true;
	cluster_run(c, 20000);
	c->nodes[1].dumb = false;
	cluster_run(c, 3000);
	assert_int_equal(cluster_state(c, 0, 1), SYNC_PEER_UP);
	assert_ptr_equal(sync_peers_repair(c->nodes[0].peers, c->now, &since),
	    cluster_peer(c, 0, 2));
	assert_true(since >= 20);
}

/* The clock was set back: it learns so from others, and goes above. */
static void
an_epoch_that_is_too_low_is_raised(void **state)
{
	struct cluster *c = *state;
	const struct sync_identity *own;

	cluster_start(c, 0, EPOCH);
	cluster_start(c, 1, EPOCH);
	cluster_run(c, 3000);
	cluster_kill(c, 1);
	cluster_start(c, 1, EPOCH / 2);
	cluster_run(c, 2500);
	assert_int_not_equal(cluster_state(c, 1, 0), SYNC_PEER_UP);
	assert_false(sync_peers_may_tell(c->nodes[1].peers, c->now));
	cluster_run(c, 3000);
	own = sync_peers_own(c->nodes[1].peers);
	assert_true(own->epoch > EPOCH);
	assert_int_equal(c->nodes[1].events[SYNC_EVENT_RAISED], 1);
	assert_int_equal(cluster_state(c, 0, 1), SYNC_PEER_UP);
	assert_int_equal(cluster_state(c, 1, 0), SYNC_PEER_UP);
	assert_int_equal(cluster_peer(c, 0, 2)->who.epoch, own->epoch);
	cluster_run(c, 10000);
	assert_int_equal(c->nodes[1].events[SYNC_EVENT_RAISED], 1);
	assert_int_equal(c->nodes[0].events[SYNC_EVENT_RAISED], 0);
	assert_true(sync_peers_may_tell(c->nodes[1].peers, c->now));
}

/* Two of one name: both say so, and it is no race between their epochs. */
static void
a_namesake_is_an_alarm(void **state)
{
	struct cluster *c = *state;

	cluster_start(c, 0, EPOCH);
	cluster_start_as(c, 1, 7, EPOCH);
	cluster_start_as(c, 2, 7, EPOCH + 1000);
	cluster_run(c, 2500);
	assert_true(sync_peers_duplicate(c->nodes[1].peers));
	assert_true(sync_peers_duplicate(c->nodes[2].peers));
	assert_false(sync_peers_duplicate(c->nodes[0].peers));
	cluster_run(c, 60000);
	assert_int_equal(c->nodes[1].events[SYNC_EVENT_DUPLICATE], 1);
	assert_int_equal(c->nodes[1].events[SYNC_EVENT_RAISED], 0);
	assert_int_equal(c->nodes[2].events[SYNC_EVENT_RAISED], 0);
	assert_int_equal(cluster_peer(c, 0, 7)->state, SYNC_PEER_UP);
	assert_int_equal(cluster_peer(c, 0, 7)->who.epoch, EPOCH + 1000);
	cluster_kill(c, 2);
	cluster_run(c, 6000);
	assert_false(sync_peers_duplicate(c->nodes[1].peers));
	assert_int_equal(c->nodes[1].events[SYNC_EVENT_UNIQUE], 1);
	/* Now it may have the name. */
	assert_int_equal(c->nodes[1].events[SYNC_EVENT_RAISED], 1);
	assert_int_equal(cluster_peer(c, 0, 7)->state, SYNC_PEER_UP);
	assert_true(cluster_peer(c, 0, 7)->who.epoch > EPOCH + 1000);
}

static void
own_datagrams_are_known(void **state)
{
	struct cluster *c = *state;
	struct datagram hello;

	cluster_start(c, 0, EPOCH);
	cluster_hello(c, 0, &hello);
	assert_int_equal(cluster_hear(c, 0, &hello), SYNC_ECHO);
	cluster_kill(c, 0);
	cluster_start(c, 0, EPOCH + 1);
	assert_int_equal(cluster_hear(c, 0, &hello), SYNC_OWN_ID);
	assert_false(sync_peers_duplicate(c->nodes[0].peers));
	assert_int_equal(sync_peers_count(c->nodes[0].peers), 0);
}

static void
losses_are_counted_and_repaired(void **state)
{
	struct cluster *c = *state;
	struct datagram lost, late;
	uint32_t since;

	cluster_start(c, 0, EPOCH);
	cluster_start(c, 1, EPOCH);
	cluster_run(c, 3000);
	/* Late is not lost. */
	cluster_flows(c, 1, &late);
	assert_int_equal(cluster_tell(c, 1, 0), SYNC_ACCEPTED);
	cluster_run(c, 200);
	assert_int_equal(cluster_hear(c, 0, &late), SYNC_ACCEPTED);
	cluster_run(c, 3000);
	assert_int_equal(cluster_peer(c, 0, 2)->lost, 0);
	assert_null(sync_peers_repair(c->nodes[0].peers, c->now, &since));
	/* What never comes is, also if it is noticed by a HELLO alone. */
	cluster_flows(c, 1, &lost);
	cluster_flows(c, 1, &lost);
	cluster_run(c, 2000);
	assert_int_equal(cluster_peer(c, 0, 2)->lost, 2);
	assert_int_equal(
	    sync_peers_repair(c->nodes[0].peers, c->now, &since)->who.id, 2);
	assert_in_range(since, 2 + 5, 3 + 5);
	/* Now it is too late: who knows where it was. */
	assert_int_equal(cluster_hear(c, 0, &lost), SYNC_REPLAYED);
	assert_int_equal(cluster_peer(c, 0, 2)->lost, 2);
}

static void
repairs_are_rare(void **state)
{
	struct cluster *c = *state;
	struct datagram lost;
	unsigned i, repairs = 0;
	uint32_t since;

	cluster_start(c, 0, EPOCH);
	cluster_start(c, 1, EPOCH);
	cluster_run(c, 3000);
	for (i = 0; i < 100; i++) {
		cluster_flows(c, 1, &lost);
		cluster_run(c, 1000);
		repairs += sync_peers_repair(
			       c->nodes[0].peers, c->now, &since) != NULL;
	}
	assert_in_range(repairs, 9, 11);
	assert_in_range(cluster_peer(c, 0, 2)->lost, 95, 100);
}

static void
a_repair_that_failed_is_still_wanted(void **state)
{
	struct cluster *c = *state;
	struct datagram lost;
	uint32_t since, again;

	cluster_start(c, 0, EPOCH);
	cluster_start(c, 1, EPOCH);
	cluster_run(c, 3000);
	cluster_flows(c, 1, &lost);
	cluster_run(c, 2000);
	assert_non_null(sync_peers_repair(c->nodes[0].peers, c->now, &since));
	sync_peers_unrepaired(c->nodes[0].peers, 2, since, c->now);
	cluster_run(c, 10000);
	assert_non_null(sync_peers_repair(c->nodes[0].peers, c->now, &again));
	assert_in_range(again, since + 10, since + 11);
	/* All was asked for: that repairs it as well. */
	sync_peers_unrepaired(c->nodes[0].peers, 2, since, c->now);
	sync_peers_bulk_begins(c->nodes[0].peers);
	cluster_run(c, 20000);
	assert_null(sync_peers_repair(c->nodes[0].peers, c->now, &since));
}

static void
what_is_for_others_is_not_taken(void **state)
{
	struct cluster *c = *state;
	struct sync_identity to;
	struct datagram refusal;

	cluster_start(c, 0, EPOCH);
	cluster_start(c, 1, EPOCH);
	cluster_start(c, 2, EPOCH);
	cluster_run(c, 3000);
	to = *sync_peers_own(c->nodes[1].peers);
	cluster_refusal(c, 0, &to, &refusal);
	assert_int_equal(cluster_hear(c, 2, &refusal), SYNC_NOT_FOR_US);
	assert_int_equal(cluster_hear(c, 1, &refusal), SYNC_ACCEPTED);
	assert_int_equal(cluster_hear(c, 1, &refusal), SYNC_REPLAYED);
	to.epoch--;
	cluster_refusal(c, 0, &to, &refusal);
	assert_int_equal(cluster_hear(c, 1, &refusal), SYNC_NOT_FOR_US);
	/* They leave no gap for those who don't get them. */
	cluster_run(c, 3000);
	assert_int_equal(cluster_peer(c, 1, 1)->lost, 0);
}

/* Not one that is learning or has failed; then by flows. */
static void
who_is_asked(void **state)
{
	struct cluster *c = *state;
	struct sync_peers *peers;
	unsigned i;

	for (i = 0; i < NODES; i++)
		cluster_start(c, i, EPOCH);
	peers = c->nodes[0].peers;
	assert_null(sync_peers_choose(peers, c->now));
	c->nodes[1].flows = 10;
	c->nodes[2].flows = 20;
	c->nodes[3].flows = 30;
	c->nodes[3].flags = SYNC_HELLO_LEARNING;
	cluster_run(c, 3000);
	assert_int_equal(sync_peers_choose(peers, c->now)->who.id, 3);
	sync_peers_failed(peers, 3, c->now);
	assert_int_equal(sync_peers_choose(peers, c->now)->who.id, 2);
	sync_peers_failed(peers, 2, c->now);
	assert_int_equal(sync_peers_choose(peers, c->now)->who.id, 3);
	cluster_run(c, 11000);
	assert_int_equal(sync_peers_choose(peers, c->now)->who.id, 3);
	cluster_kill(c, 2);
	cluster_run(c, 5000);
	assert_int_equal(sync_peers_choose(peers, c->now)->who.id, 2);
	c->nodes[1].flags = SYNC_HELLO_LEARNING;
	cluster_run(c, 2000);
	assert_null(sync_peers_choose(peers, c->now));
}

static void
peers_are_bounded_and_forgotten(void **state)
{
	struct cluster *c = *state;
	struct datagram hello;
	unsigned i;

	cluster_start(c, 0, EPOCH);
	for (i = 0; i < 2 * SYNC_PEERS_MAX; i++) {
		cluster_start_as(c, 1, 100 + i, EPOCH);
		cluster_hello(c, 1, &hello);
		cluster_kill(c, 1);
		assert_int_equal(cluster_hear(c, 0, &hello),
		    i < SYNC_PEERS_MAX ? SYNC_ACCEPTED : SYNC_TOO_MANY);
	}
	assert_int_equal(sync_peers_count(c->nodes[0].peers), SYNC_PEERS_MAX);
	/* Who is really there gets a place. */
	cluster_start(c, 1, EPOCH);
	cluster_run(c, 6000);
	assert_int_equal(cluster_state(c, 0, 1), SYNC_PEER_UP);
	assert_int_equal(sync_peers_count(c->nodes[0].peers), SYNC_PEERS_MAX);
	c->now += 86400000 - 1000;
	c->recorded = 0;
	cluster_run(c, 6000);
	assert_int_equal(sync_peers_count(c->nodes[0].peers), 1);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, cluster_setup, cluster_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(two_believe_each_other_soon),
	    TEST(hellos_are_paced),
	    TEST(flows_are_not_believed_before_proof),
	    TEST(nobody_tells_before_others_believe),
	    TEST(silence_and_return_want_a_repair),
	    TEST(one_way_is_not_believed_for_long),
	    TEST(who_says_so_has_left),
	    TEST(a_greater_epoch_replaces),
	    TEST(what_was_told_unheard_is_asked_for),
	    TEST(an_epoch_that_is_too_low_is_raised),
	    TEST(a_namesake_is_an_alarm),
	    TEST(own_datagrams_are_known),
	    TEST(losses_are_counted_and_repaired),
	    TEST(repairs_are_rare),
	    TEST(a_repair_that_failed_is_still_wanted),
	    TEST(what_is_for_others_is_not_taken),
	    TEST(who_is_asked),
	    TEST(peers_are_bounded_and_forgotten),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
