/* SPDX-License-Identifier: ISC */

/*
 * Instances that see things differently: when that is an alarm, and of which
 * services.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "sync_cluster.h"
#include "sync_samples.h"

#define EPOCH 1000000

static void
see(struct cluster *c, unsigned i, uint64_t config, uint64_t health,
    uint64_t tables)
{
	struct sync_digests digests = {config, health, tables};

	sync_peers_see(c->nodes[i].peers, &digests, NULL, 0, c->now);
}

static void
lasting_differences_are_alarms(void **state)
{
	struct cluster *c = *state;
	const struct sync_peer *peer;

	cluster_start(c, 0, EPOCH);
	cluster_start(c, 1, EPOCH);
	cluster_run(c, 3000);
	see(c, 0, 1, 2, 3);
	see(c, 1, 1, 2, 3);
	cluster_run(c, 20000);
	assert_int_equal(c->nodes[0].events[SYNC_EVENT_DIFFERS], 0);
	/* For a while is none, and health never. */
	see(c, 1, 1, 9, 9);
	cluster_run(c, 9000);
	peer = cluster_peer(c, 0, 2);
	assert_int_equal(peer->differs[SYNC_KIND_CONFIG].since, 0);
	assert_int_not_equal(peer->differs[SYNC_KIND_HEALTH].since, 0);
	assert_int_not_equal(peer->differs[SYNC_KIND_TABLES].since, 0);
	see(c, 1, 1, 9, 3);
	cluster_run(c, 20000);
	assert_int_equal(c->nodes[0].events[SYNC_EVENT_DIFFERS], 0);
	assert_false(peer->differs[SYNC_KIND_HEALTH].alarm);
	/* One for each kind, here and there. */
	see(c, 1, 8, 2, 8);
	cluster_run(c, 13000);
	assert_true(peer->differs[SYNC_KIND_CONFIG].alarm);
	assert_true(peer->differs[SYNC_KIND_TABLES].alarm);
	assert_int_equal(c->nodes[0].events[SYNC_EVENT_DIFFERS], 2);
	assert_int_equal(c->nodes[1].events[SYNC_EVENT_DIFFERS], 2);
	/* It may as well be this side that changes. */
	see(c, 0, 8, 2, 8);
	assert_int_equal(c->nodes[0].events[SYNC_EVENT_AGREES], 2);
	cluster_run(c, 2000);
	assert_int_equal(c->nodes[1].events[SYNC_EVENT_AGREES], 2);
}

static void
what_is_not_known_does_not_differ(void **state)
{
	struct cluster *c = *state;
	struct sync_service services[2];
	struct sync_digests digests = {1, 1, 1};
	struct datagram view;

	cluster_start(c, 0, EPOCH);
	cluster_start(c, 1, EPOCH);
	sample_services(services, 2);
	sync_peers_see(c->nodes[0].peers, &digests, services, 2, c->now);
	see(c, 1, 0, 0, 2);
	cluster_run(c, 15000);
	assert_int_equal(c->nodes[0].events[SYNC_EVENT_DIFFERS], 1);
	assert_true(cluster_peer(c, 0, 2)->differs[SYNC_KIND_TABLES].alarm);
	services[0].tables = services[1].health = 0;
	services[1].tables++;
	cluster_view(c, 1, services, 2, &view);
	cluster_hear(c, 0, &view);
	assert_int_equal(cluster_peer(c, 0, 2)->named, 1);
	assert_int_equal(
	    cluster_peer(c, 0, 2)->differing[0].what, 1 << SYNC_KIND_TABLES);
}

static void
who_is_gone_does_not_differ(void **state)
{
	struct cluster *c = *state;

	cluster_start(c, 0, EPOCH);
	cluster_start(c, 1, EPOCH);
	see(c, 0, 1, 1, 1);
	see(c, 1, 2, 2, 2);
	cluster_run(c, 15000);
	assert_int_equal(c->nodes[0].events[SYNC_EVENT_DIFFERS], 2);
	cluster_kill(c, 1);
	cluster_run(c, 5000);
	assert_int_equal(c->nodes[0].events[SYNC_EVENT_AGREES], 2);
	assert_int_equal(
	    cluster_peer(c, 0, 2)->differs[SYNC_KIND_CONFIG].since, 0);
}

static const struct sync_differing *
differing(const struct sync_peer *peer, const struct sync_service *service)
{
	unsigned i;

	for (i = 0; i < peer->named; i++)
		if (service_key_compare(
			&peer->differing[i].key, &service->key) == 0)
			return &peer->differing[i];
	return NULL;
}

static void
differing_services_are_named(void **state)
{
	struct cluster *c = *state;
	struct sync_service ours[20], theirs[20];
	struct sync_digests digests = {1, 1, 1};
	const struct sync_peer *peer;
	struct datagram view;

	cluster_start(c, 0, EPOCH);
	cluster_start(c, 1, EPOCH);
	sample_services(ours, 20);
	sync_peers_see(c->nodes[0].peers, &digests, ours, 19, c->now);
	see(c, 1, 2, 2, 2);
	cluster_run(c, 3000);
	/* Without 0 and 7, with 19, and 12 has another table. */
	sample_services(theirs, 20);
	theirs[12].tables = 1;
	memmove(&theirs[7], &theirs[8], 12 * sizeof(theirs[0]));
	memmove(&theirs[0], &theirs[1], 18 * sizeof(theirs[0]));
	cluster_view(c, 1, theirs, 18, &view);
	assert_int_equal(cluster_hear(c, 0, &view), SYNC_ACCEPTED);
	peer = cluster_peer(c, 0, 2);
	assert_int_equal(peer->named, 4);
	assert_int_equal(differing(peer, &ours[0])->what, SYNC_DIFFERS_MISSING);
	assert_int_equal(differing(peer, &ours[7])->what, SYNC_DIFFERS_MISSING);
	assert_int_equal(
	    differing(peer, &ours[12])->what, 1 << SYNC_KIND_TABLES);
	assert_int_equal(differing(peer, &ours[19])->what, SYNC_DIFFERS_EXTRA);
	/* A new view takes the place of the old one. */
	cluster_view(c, 1, ours, 18, &view);
	cluster_hear(c, 0, &view);
	assert_int_equal(peer->named, 1);
	assert_int_equal(
	    differing(peer, &ours[18])->what, SYNC_DIFFERS_MISSING);
	/* All is well: no names. */
	see(c, 1, 1, 1, 1);
	cluster_run(c, 2000);
	assert_int_equal(peer->named, 0);
}

/* Of all services that differ, some are named. */
static void
names_are_bounded(void **state)
{
	struct cluster *c = *state;
	struct sync_service services[40];
	struct sync_digests digests = {1, 1, 1};
	struct datagram view;

	cluster_start(c, 0, EPOCH);
	cluster_start(c, 1, EPOCH);
	sample_services(services, 40);
	sync_peers_see(c->nodes[0].peers, &digests, services, 0, c->now);
	cluster_run(c, 3000);
	cluster_view(c, 1, services, 40, &view);
	assert_int_equal(cluster_hear(c, 0, &view), SYNC_ACCEPTED);
	assert_int_equal(cluster_peer(c, 0, 2)->named, SYNC_NAMED);
	cluster_view(c, 1, services, 0, &view);
	cluster_hear(c, 0, &view);
	assert_int_equal(cluster_peer(c, 0, 2)->named, 0);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, cluster_setup, cluster_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(lasting_differences_are_alarms),
	    TEST(what_is_not_known_does_not_differ),
	    TEST(who_is_gone_does_not_differ),
	    TEST(differing_services_are_named),
	    TEST(names_are_bounded),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
