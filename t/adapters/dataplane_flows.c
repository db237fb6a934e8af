/* SPDX-License-Identifier: ISC */

/*
 * What the XDP data plane tells of its flows: to other instances, each as
 * often as needed, and to people.
 */

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include "xdp_lab.h"
#include "xdp_sender.h"

#define VIP   "192.0.2.1"
#define MANY  300
#define PORT  2000 /* of the first client */
#define CALLS 7	   /* look at all of the table */
/* Entries: so many that no bucket is too small for all of its flows. */
#define FLOWS 65536

/* Flows that were told of. */
struct told {
	unsigned count, room; /* how many more may be told */
	struct flow last;
	struct dataplane_flow_note note;
	unsigned times[MANY]; /* by the client's port, from PORT on */
};

static bool
take(const struct flow *flow, const struct dataplane_flow_note *note, void *arg)
{
	struct told *told = arg;

	if (told->room == 0)
		return false;
	told->room--;
	told->count++;
	told->last = *flow;
	told->note = *note;
	assert_in_range(flow->client_port, PORT, PORT + MANY - 1);
	told->times[flow->client_port - PORT]++;
	return true;
}

/* What is told by so many calls. */
static struct told
tell_some(struct dataplane *dataplane, unsigned calls, unsigned room)
{
	struct told told = {.room = room};

	while (calls-- > 0)
		dataplane->ops->flows_tell(dataplane, take, &told);
	return told;
}

static struct told
tell(struct dataplane *dataplane)
{
	return tell_some(dataplane, CALLS, UINT32_MAX);
}

/* A data plane with a service of two servers, and a clock. */
struct world {
	struct dataplane *dataplane;
	struct service_key key;
	struct addr client;
	int program;
	uint64_t now;
};

static struct dataplane *
open_dataplane(void)
{
	struct dataplane_xdp_options options = lab_options();
	struct dataplane *dataplane;

	options.flows = FLOWS;
	dataplane = dataplane_xdp_open(&options);
	assert_non_null(dataplane);
	return dataplane;
}

static struct world
world_new(void)
{
	struct world world = {
	    .dataplane = open_dataplane(),
	    .key = lab_key(VIP, 80),
	    .client = lab_addr("198.51.100.1"),
	};
	struct timespec now;

	world.program = sender_attach(world.dataplane);
	assert_int_equal(lab_set_many(world.dataplane, VIP, 80, 2), 0);
	clock_gettime(CLOCK_MONOTONIC, &now);
	world.now = (uint64_t)now.tv_sec + 100000;
	world.dataplane->ops->tick(world.dataplane, world.now);
	return world;
}

static void
world_free(struct world *world)
{
	close(world->program);
	world->dataplane->ops->stop(world->dataplane);
}

static uint8_t
sends(struct world *world, unsigned client, uint8_t flags)
{
	return sender_send(world->program, &world->key, &world->client,
	    (uint16_t)(PORT + client), flags);
}

static void
establish(struct world *world, unsigned client)
{
	assert_int_not_equal(sends(world, client, TH_SYN), 0);
	assert_int_not_equal(sends(world, client, TH_ACK), 0);
}

static void
pass(struct world *world, unsigned seconds)
{
	world->now += seconds;
	world->dataplane->ops->tick(world->dataplane, world->now);
}

/* From its confirmation on, a flow is told of when something has changed. */
static void
test_life(void **state)
{
	struct world world = world_new();
	struct dataplane *dataplane = world.dataplane;
	struct told told;
	uint8_t server;

	(void)state;
	server = sends(&world, 0, TH_SYN);
	assert_int_equal(tell(dataplane).count, 0);
	sends(&world, 0, TH_ACK);
	pass(&world, 3);
	told = tell(dataplane);
	assert_int_equal(told.count, 1);
	assert_int_equal(
	    service_key_compare(&told.last.service, &world.key), 0);
	assert_int_equal(addr_compare(&told.last.client, &world.client), 0);
	assert_int_equal(told.last.client_port, PORT);
	assert_int_equal(told.last.server.bytes[3], server);
	assert_int_equal(told.last.state, FLOW_CONFIRMED);
	assert_int_equal(told.last.idle, 3);
	assert_int_equal(told.note.created, 3);
	assert_false(told.note.learnt);
	assert_int_equal(tell(dataplane).count, 0);
	/* It goes on: 3 + 56 seconds after the packet that was told of, ... */
	pass(&world, 56);
	sends(&world, 0, TH_ACK);
	assert_int_equal(tell(dataplane).count, 0);
	/* ... and 60. */
	pass(&world, 1);
	sends(&world, 0, TH_ACK);
	pass(&world, 7);
	told = tell(dataplane);
	assert_int_equal(told.count, 1);
	assert_int_equal(told.last.idle, 7);
	assert_int_equal(told.note.created, 67);
	/* Its end is told at once, and no more. */
	sends(&world, 0, TH_FIN | TH_ACK);
	told = tell(dataplane);
	assert_int_equal(told.count, 1);
	assert_int_equal(told.last.state, FLOW_CLOSED);
	pass(&world, 100);
	assert_int_equal(tell(dataplane).count, 0);
	/* The next connection of the client's port is another flow. */
	sends(&world, 0, TH_SYN);
	assert_int_equal(tell(dataplane).count, 0);
	sends(&world, 0, TH_ACK);
	assert_int_equal(tell(dataplane).last.state, FLOW_CONFIRMED);
	world_free(&world);
}

/* A flow that is idle sooner is told of sooner. */
static void
test_refresh_interval(void **state)
{
	struct world world = world_new();
	struct dataplane_service *service = lab_service(VIP, 80, 2);

	(void)state;
	service->idle = 40;
	lab_set(world.dataplane, service);
	lab_service_free(service);
	establish(&world, 0);
	assert_int_equal(tell(world.dataplane).count, 1);
	pass(&world, 9);
	sends(&world, 0, TH_ACK);
	assert_int_equal(tell(world.dataplane).count, 0);
	pass(&world, 1);
	sends(&world, 0, TH_ACK);
	assert_int_equal(tell(world.dataplane).count, 1);
	/* Nothing is told of what is idle. */
	establish(&world, 1);
	pass(&world, 41);
	assert_int_equal(tell(world.dataplane).count, 0);
	world_free(&world);
}

/* A learnt flow is told of once there are packets of it here. */
static void
test_learnt(void **state)
{
	struct world world = world_new();
	struct dataplane *dataplane = world.dataplane;
	struct flow flow = {
	    .service = world.key,
	    .client = world.client,
	    .client_port = PORT,
	    .server = lab_addr("10.0.0.2"),
	    .state = FLOW_CONFIRMED,
	    .idle = 8,
	};
	struct dataplane_explanation is;

	(void)state;
	assert_int_equal(
	    dataplane->ops->flow_learn(dataplane, &flow), LEARNT_NEW);
	assert_int_equal(tell(dataplane).count, 0);
	pass(&world, 2);
	dataplane->ops->explain(
	    dataplane, &world.key, &world.client, PORT, &is);
	assert_true(is.note.learnt);
	assert_int_equal(is.note.created, 2);
	assert_int_equal(is.flow.idle, 10);
	/* What others say again is no news for them either. */
	flow.idle = 5;
	assert_int_equal(
	    dataplane->ops->flow_learn(dataplane, &flow), LEARNT_REFRESHED);
	assert_int_equal(tell(dataplane).count, 0);
	pass(&world, 55);
	assert_int_equal(sends(&world, 0, TH_ACK), 2);
	dataplane->ops->explain(
	    dataplane, &world.key, &world.client, PORT, &is);
	assert_false(is.note.learnt);
	assert_int_equal(tell(dataplane).count, 1);
	world_free(&world);
}

/* Who has no room is told the rest at the next calls, and nothing twice. */
static void
test_no_room(void **state)
{
	struct world world = world_new();
	struct told told, sum = {0};
	unsigned calls = 0;

	(void)state;
	for (unsigned i = 0; i < MANY; i++)
		establish(&world, i);
	assert_int_equal(tell_some(world.dataplane, 100, 0).count, 0);
	while (sum.count < MANY && calls++ < MANY + 100) {
		told = tell_some(world.dataplane, 1, 7);
		assert_true(told.count <= 7);
		for (unsigned i = 0; i < MANY; i++)
			sum.times[i] += told.times[i];
		sum.count += told.count;
	}
	for (unsigned i = 0; i < MANY; i++)
		assert_int_equal(sum.times[i], 1);
	assert_int_equal(tell(world.dataplane).count, 0);
	world_free(&world);
}

/* New flows are told of before those that go on. */
static void
test_news_first(void **state)
{
	struct world world = world_new();
	struct told told;
	unsigned news = 0;

	(void)state;
	for (unsigned i = 0; i < 100; i++)
		establish(&world, i);
	assert_int_equal(tell(world.dataplane).count, 100);
	pass(&world, 100);
	for (unsigned i = 0; i < 100; i++)
		sends(&world, i, TH_ACK);
	for (unsigned i = 100; i < 200; i++)
		establish(&world, i);
	/* A call sees a fifth of each. */
	for (unsigned call = 0; call < CALLS; call++) {
		told = tell_some(world.dataplane, 1, 1);
		for (unsigned i = 100; i < 200; i++)
			news += told.times[i];
	}
	assert_int_equal(news, CALLS);
	world_free(&world);
}

/* A tuple that isn't its entry's is being written: it is told of later. */
static void
test_half_written(void **state)
{
	struct world world = world_new();
	struct vc5_tuple tuple, other;
	struct vc5_bucket bucket;
	uint32_t entry = 0;

	(void)state;
	establish(&world, 0);
	do
		lab_get("tuples", entry, &tuple);
	while (tuple.port != htons(PORT) && ++entry < FLOWS);
	other = tuple;
	other.port = htons(PORT + 1);
	lab_put("tuples", entry, &other);
	assert_int_equal(tell(world.dataplane).count, 0);
	other = tuple;
	other.service = 5; /* not in use */
	lab_put("tuples", entry, &other);
	assert_int_equal(tell(world.dataplane).count, 0);
	other.service = 60000;
	lab_put("tuples", entry, &other);
	assert_int_equal(tell(world.dataplane).count, 0);
	lab_put("tuples", entry, &tuple);
	/* Nor is an entry whose key is of another destination. */
	lab_get("flows", entry / VC5_WAYS, &bucket);
	bucket.ways[entry % VC5_WAYS].destination ^= 1 ^ 2;
	lab_put("flows", entry / VC5_WAYS, &bucket);
	assert_int_equal(tell(world.dataplane).count, 0);
	bucket.ways[entry % VC5_WAYS].destination ^= 1 ^ 2;
	lab_put("flows", entry / VC5_WAYS, &bucket);
	assert_int_equal(tell(world.dataplane).count, 1);
	world_free(&world);
}

static void
test_untracked(void **state)
{
	struct world world = world_new();
	struct dataplane_service *service = lab_service(VIP, 80, 2);

	(void)state;
	establish(&world, 0);
	service->track = false;
	lab_set(world.dataplane, service);
	lab_service_free(service);
	establish(&world, 1);
	assert_int_equal(tell(world.dataplane).count, 0);
	world_free(&world);
}

/* After a restart others are told of everything: they may know nothing. */
static void
test_restart(void **state)
{
	struct world world = world_new();

	(void)state;
	establish(&world, 0);
	establish(&world, 1);
	assert_int_equal(tell(world.dataplane).count, 2);
	world.dataplane->ops->close(world.dataplane);
	world.dataplane = open_dataplane();
	assert_int_equal(tell(world.dataplane).count, 2);
	assert_int_equal(tell(world.dataplane).count, 0);
	world_free(&world);
}

/* A walk may stop anywhere and go on. */
static void
test_walk(void **state)
{
	struct world world = world_new();
	struct dataplane *dataplane = world.dataplane;
	struct told told = {0};
	uint64_t cursor = 0;

	(void)state;
	for (unsigned i = 0; i < MANY; i++)
		establish(&world, i);
	sends(&world, MANY - 1, TH_RST);
	while (cursor != DATAPLANE_WALK_END) {
		told.room = 7;
		dataplane->ops->flows_walk(dataplane, &cursor, 0, take, &told);
	}
	assert_int_equal(told.count, MANY);
	for (unsigned i = 0; i < MANY; i++)
		assert_int_equal(told.times[i], 1);
	/* Those that were seen lately. */
	pass(&world, 20);
	sends(&world, 5, TH_ACK);
	pass(&world, 4);
	for (unsigned within = 3; within <= 4; within++) {
		told = (struct told){.room = UINT32_MAX};
		cursor = 0;
		dataplane->ops->flows_walk(
		    dataplane, &cursor, within, take, &told);
		assert_true(cursor == DATAPLANE_WALK_END);
		assert_int_equal(told.count, within == 4);
	}
	assert_int_equal(told.times[5], 1);
	world_free(&world);
}

/* Of the service, or of a server of it. */
static uint64_t
connections(const struct world *world, const char *server)
{
	struct dataplane_counters counters;
	struct addr address;

	if (server != NULL)
		address = lab_addr(server);
	assert_int_equal(
	    world->dataplane->ops->counters(world->dataplane, &world->key,
		server == NULL ? NULL : &address, &counters),
	    0);
	return counters.connections;
}

/* Being told is one pass with counting: either goes on without the other. */
static void
test_counting(void **state)
{
	struct world world = world_new();
	struct dataplane_flows flows;
	uint64_t each[2];

	(void)state;
	for (unsigned i = 0; i < 100; i++)
		establish(&world, i);
	sends(&world, 200, TH_SYN);
	world.dataplane->ops->flows(world.dataplane, &flows);
	assert_int_equal(flows.confirmed, 0);
	assert_true(flows.memory >= FLOWS * (16 + 24));
	tell(world.dataplane);
	world.dataplane->ops->flows(world.dataplane, &flows);
	assert_int_equal(flows.confirmed, 100);
	assert_int_equal(flows.embryonic, 1);
	each[0] = connections(&world, "10.0.0.1");
	each[1] = connections(&world, "10.0.0.2");
	assert_in_range(each[0], 20, 80);
	assert_int_equal(each[0] + each[1], 100);
	assert_int_equal(connections(&world, NULL), 100);
	sends(&world, 0, TH_FIN);
	/* The first second was the caller's. */
	pass(&world, 1);
	pass(&world, 1);
	world.dataplane->ops->flows(world.dataplane, &flows);
	assert_int_equal(flows.confirmed, 99);
	assert_int_equal(flows.closed, 1);
	assert_int_equal(connections(&world, NULL), 99);
	world_free(&world);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    LAB_TEST(test_life),
	    LAB_TEST(test_refresh_interval),
	    LAB_TEST(test_learnt),
	    LAB_TEST(test_no_room),
	    LAB_TEST(test_news_first),
	    LAB_TEST(test_half_written),
	    LAB_TEST(test_untracked),
	    LAB_TEST(test_restart),
	    LAB_TEST(test_walk),
	    LAB_TEST(test_counting),
	};

	return lab_run_tests(tests);
}
