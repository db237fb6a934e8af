/* SPDX-License-Identifier: ISC */

/*
 * Flows that other instances tell of, in the XDP data plane: packets follow
 * them, and nothing that is told makes a packet go where the configuration
 * doesn't have it go.
 */

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <netinet/in.h>

#include "xdp_lab.h"
#include "xdp_sender.h"

#define VIP	 "192.0.2.1"
#define VIP6	 "2001:db8::1"
#define SERVERS	 3
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* The services: both versions of IP, both protocols, each of its servers. */
static const struct {
	const char *vip;
	uint16_t port;
	uint8_t protocol;
} services[] = {
    {VIP, 80, IPPROTO_TCP},
    {VIP, 53, IPPROTO_UDP},
    {VIP6, 80, IPPROTO_TCP},
    {VIP6, 53, IPPROTO_UDP},
};

static struct service_key
key_of(size_t i)
{
	struct service_key key = lab_key(services[i].vip, services[i].port);

	key.protocol = services[i].protocol;
	return key;
}

static void
set(struct dataplane *dataplane, size_t i, uint8_t servers)
{
	struct dataplane_service *service =
	    lab_service(services[i].vip, services[i].port, servers);

	service->key.protocol = services[i].protocol;
	lab_set(dataplane, service);
	lab_service_free(service);
}

/* A flow of the service's client number n that is with a server. */
static struct flow
flow_of(size_t service, unsigned n, unsigned server)
{
	struct flow flow = {
	    .service = key_of(service),
	    .client = lab_addr(
		services[service].vip[0] == '2' ? "2001:db8:c::7" : "10.9.0.1"),
	    .client_port = (uint16_t)(1024 + n % 60000),
	    .server = lab_addr("10.0.0.1"),
	    .state = FLOW_CONFIRMED,
	};

	flow.client.bytes[2] = (uint8_t)(n / 256);
	flow.client.bytes[3] = (uint8_t)n;
	flow.server.bytes[3] = (uint8_t)server;
	return flow;
}

static uint8_t
send_flow(int program, const struct flow *flow, uint8_t flags)
{
	return sender_send(
	    program, &flow->service, &flow->client, flow->client_port, flags);
}

/* Whom the hash table has for a flow, by the last byte of the address. */
static uint8_t
chosen(struct dataplane *dataplane, const struct flow *flow)
{
	struct dataplane_explanation explanation;

	assert_int_equal(dataplane->ops->explain(dataplane, &flow->service,
			     &flow->client, flow->client_port, &explanation),
	    0);
	return explanation.chosen.bytes[3];
}

static enum dataplane_learnt
learn(struct dataplane *dataplane, const struct flow *flow)
{
	return dataplane->ops->flow_learn(dataplane, flow);
}

/* Each flow is told of with a server that the hash table doesn't have. */
static void
test_followed(void **state)
{
	struct dataplane *dataplane = lab_dataplane();
	int program = sender_attach(dataplane);
	struct flow flow;
	uint8_t by_hash, told;

	(void)state;
	for (size_t i = 0; i < COUNT(services); i++)
		set(dataplane, i, SERVERS);
	for (unsigned n = 0; n < 200; n++) {
		flow = flow_of(n % COUNT(services), n * 31, 1);
		by_hash = chosen(dataplane, &flow);
		/* Packets agree with what explain says of the hash table. */
		if (flow.service.protocol == IPPROTO_TCP)
			assert_int_equal(
			    send_flow(program, &flow, TH_RST), by_hash);
		told = (uint8_t)(by_hash % SERVERS + 1);
		flow.server.bytes[3] = told;
		assert_int_equal(learn(dataplane, &flow), LEARNT_NEW);
		assert_int_equal(send_flow(program, &flow, TH_ACK), told);
		assert_int_equal(send_flow(program, &flow, TH_SYN), told);
	}
	close(program);
	dataplane->ops->stop(dataplane);
}

static bool
count_flow(
    const struct flow *flow, const struct dataplane_flow_note *note, void *arg)
{
	unsigned *count = arg;

	(void)flow;
	(void)note;
	++*count;
	return true;
}

/* Flows that are in the table, embryonic ones aside. */
static unsigned
known_flows(struct dataplane *dataplane)
{
	uint64_t cursor = 0;
	unsigned count = 0;

	while (cursor != DATAPLANE_WALK_END)
		dataplane->ops->flows_walk(
		    dataplane, &cursor, 0, count_flow, &count);
	return count;
}

static void
set_untracked(struct dataplane *dataplane)
{
	struct dataplane_service *service = lab_service(VIP, 81, 1);

	service->track = false;
	lab_set(dataplane, service);
	lab_service_free(service);
}

/* Server 3 of the first service is down, server 2 has a flow of its own. */
static void
set_one_down(struct dataplane *dataplane)
{
	struct dataplane_service *service = lab_service(VIP, 80, SERVERS);

	/* The last is the first in its list. */
	service->destinations[0].state = DESTINATION_DOWN;
	lab_set(dataplane, service);
	lab_service_free(service);
}

/* What is wrong with a record, and what is said of it. */
static const struct refused {
	const char *vip, *client, *server;
	uint16_t port;
	uint8_t protocol;
	enum flow_state state;
	uint32_t idle;
	enum dataplane_learnt result;
} refused[] = {
    {VIP, "10.9.0.1", "10.0.0.1", 82, IPPROTO_TCP, FLOW_CONFIRMED, 0,
	LEARNT_NO_SERVICE},
    {VIP, "10.9.0.1", "10.0.0.1", 80, IPPROTO_UDP, FLOW_CONFIRMED, 0,
	LEARNT_NO_SERVICE},
    {"192.0.2.9", "10.9.0.1", "10.0.0.1", 80, IPPROTO_TCP, FLOW_CONFIRMED, 0,
	LEARNT_NO_SERVICE},
    {VIP, "2001:db8::9", "10.0.0.1", 80, IPPROTO_TCP, FLOW_CONFIRMED, 0,
	LEARNT_NO_SERVICE},
    {VIP6, "10.9.0.1", "10.0.0.1", 80, IPPROTO_TCP, FLOW_CONFIRMED, 0,
	LEARNT_NO_SERVICE},
    {VIP, "10.9.0.1", "10.0.0.1", 81, IPPROTO_TCP, FLOW_CONFIRMED, 0,
	LEARNT_UNTRACKED},
    {VIP, "10.9.0.1", "10.0.0.4", 80, IPPROTO_TCP, FLOW_CONFIRMED, 0,
	LEARNT_NO_SERVER},
    {VIP, "10.9.0.1", "192.0.2.1", 80, IPPROTO_TCP, FLOW_CONFIRMED, 0,
	LEARNT_NO_SERVER},
    {VIP, "10.9.0.1", "::a00:1", 80, IPPROTO_TCP, FLOW_CONFIRMED, 0,
	LEARNT_NO_SERVER},
    /* A server of another service, which this one doesn't have */
    {VIP6, "2001:db8::9", "10.0.0.3", 80, IPPROTO_TCP, FLOW_CONFIRMED, 0,
	LEARNT_NO_SERVER},
    {VIP, "10.9.0.1", "10.0.0.3", 80, IPPROTO_TCP, FLOW_CONFIRMED, 0,
	LEARNT_DOWN},
    {VIP, "10.9.0.1", "10.0.0.1", 80, IPPROTO_TCP, FLOW_CONFIRMED, 901,
	LEARNT_OLDER},
    {VIP, "10.9.0.1", "10.0.0.1", 80, IPPROTO_TCP, FLOW_CONFIRMED, UINT32_MAX,
	LEARNT_OLDER},
    {VIP, "10.9.0.1", "10.0.0.1", 80, IPPROTO_TCP, FLOW_CLOSED, 11,
	LEARNT_OLDER},
    {VIP, "10.9.0.1", "10.0.0.1", 80, IPPROTO_TCP, FLOW_EMBRYONIC, 0,
	LEARNT_OLDER},
};

static void
test_refused(void **state)
{
	struct dataplane *dataplane = lab_dataplane();

	(void)state;
	set_one_down(dataplane);
	set(dataplane, 2, 1);
	set_untracked(dataplane);
	for (size_t i = 0; i < COUNT(refused); i++) {
		const struct refused *row = &refused[i];
		struct flow flow = {
		    .service = lab_key(row->vip, row->port),
		    .client = lab_addr(row->client),
		    .client_port = 1024,
		    .server = lab_addr(row->server),
		    .state = row->state,
		    .idle = row->idle,
		};

		flow.service.protocol = row->protocol;
		if (learn(dataplane, &flow) != row->result)
			fail_msg("row %zu", i);
	}
	assert_int_equal(known_flows(dataplane), 0);
	dataplane->ops->stop(dataplane);
}

/*
 * What is here of a flow, what is told of it, and what is here then.  Ages
 * are in seconds; server 3 drains.
 */
static const struct merged {
	const char *name;
	unsigned server;
	uint8_t flags[3]; /* its packets here, up to the first 0 */
	uint32_t age;
	unsigned told_server;
	enum flow_state told;
	uint32_t told_age;
	enum dataplane_learnt result;
	unsigned then_server;
	enum flow_state then;
	uint32_t then_age;
} merged[] = {
    {"seen later there", 1, {TH_SYN, TH_ACK}, 50, 1, FLOW_CONFIRMED, 20,
	LEARNT_REFRESHED, 1, FLOW_CONFIRMED, 20},
    {"seen later here", 1, {TH_SYN, TH_ACK}, 20, 1, FLOW_CONFIRMED, 50,
	LEARNT_OLDER, 1, FLOW_CONFIRMED, 20},
    {"at the same time", 1, {TH_SYN, TH_ACK}, 20, 1, FLOW_CONFIRMED, 20,
	LEARNT_OLDER, 1, FLOW_CONFIRMED, 20},
    {"closed there", 1, {TH_SYN, TH_ACK}, 20, 1, FLOW_CLOSED, 5,
	LEARNT_REFRESHED, 1, FLOW_CLOSED, 5},
    {"closed there in the same second", 1, {TH_SYN, TH_ACK}, 5, 1, FLOW_CLOSED,
	5, LEARNT_REFRESHED, 1, FLOW_CLOSED, 5},
    {"closed there before", 1, {TH_SYN, TH_ACK}, 4, 1, FLOW_CLOSED, 5,
	LEARNT_OLDER, 1, FLOW_CONFIRMED, 4},
    {"closed here", 1, {TH_SYN, TH_FIN}, 5, 1, FLOW_CONFIRMED, 5, LEARNT_OLDER,
	1, FLOW_CLOSED, 5},
    {"closed here, goes on there", 1, {TH_SYN, TH_FIN}, 8, 1, FLOW_CONFIRMED, 2,
	LEARNT_REFRESHED, 1, FLOW_CONFIRMED, 2},
    {"embryonic here, same server", 1, {TH_SYN}, 1, 1, FLOW_CONFIRMED, 30,
	LEARNT_REFRESHED, 1, FLOW_CONFIRMED, 1},
    {"embryonic here, another server", 1, {TH_SYN}, 1, 2, FLOW_CONFIRMED, 30,
	LEARNT_MOVED, 2, FLOW_CONFIRMED, 30},
    {"embryonic here, its port in use again", 1, {TH_SYN}, 1, 2, FLOW_CONFIRMED,
	62, LEARNT_OLDER, 1, FLOW_EMBRYONIC, 1},
    {"embryonic here, closed before", 1, {TH_SYN}, 1, 1, FLOW_CLOSED, 5,
	LEARNT_OLDER, 1, FLOW_EMBRYONIC, 1},
    {"embryonic here, closed since", 1, {TH_SYN}, 9, 1, FLOW_CLOSED, 5,
	LEARNT_REFRESHED, 1, FLOW_CLOSED, 5},
    {"another server, later", 1, {TH_SYN, TH_ACK}, 20, 2, FLOW_CONFIRMED, 10,
	LEARNT_MOVED, 2, FLOW_CONFIRMED, 10},
    {"another server, before", 1, {TH_SYN, TH_ACK}, 20, 2, FLOW_CONFIRMED, 30,
	LEARNT_OLDER, 1, FLOW_CONFIRMED, 20},
    {"another server, at the same time", 1, {TH_SYN, TH_ACK}, 20, 2,
	FLOW_CONFIRMED, 20, LEARNT_OLDER, 1, FLOW_CONFIRMED, 20},
    {"a server that drains", 1, {TH_SYN, TH_ACK}, 20, 3, FLOW_CONFIRMED, 10,
	LEARNT_MOVED, 3, FLOW_CONFIRMED, 10},
};

/* The only service, with so many servers; server 3, if any, drains. */
static void
set_servers(struct dataplane *dataplane, uint8_t count)
{
	struct dataplane_service *service = lab_service(VIP, 80, count);

	if (count == SERVERS)
		service->destinations[0].state = DESTINATION_DRAINING;
	lab_set(dataplane, service);
	lab_service_free(service);
}

static uint64_t
start_clock(struct dataplane *dataplane)
{
	struct timespec now;

	/* Ahead of what packets of new flows could make of it. */
	clock_gettime(CLOCK_MONOTONIC, &now);
	dataplane->ops->tick(dataplane, (uint64_t)now.tv_sec + 100000);
	return (uint64_t)now.tv_sec + 100000;
}

static void
check_flow(struct dataplane *dataplane, const struct flow *flow,
    const char *name, unsigned server, enum flow_state state, uint32_t age)
{
	struct dataplane_explanation is;

	assert_int_equal(dataplane->ops->explain(dataplane, &flow->service,
			     &flow->client, flow->client_port, &is),
	    0);
	if (!is.found || is.flow.server.bytes[3] != server ||
	    is.flow.state != state || is.flow.idle != age)
		fail_msg("%s: server %u, state %u, idle for %u s", name,
		    is.flow.server.bytes[3], (unsigned)is.flow.state,
		    is.flow.idle);
}

static void
test_merged(void **state)
{
	struct dataplane *dataplane = lab_dataplane();
	int program = sender_attach(dataplane);
	uint64_t now = start_clock(dataplane);

	(void)state;
	for (size_t i = 0; i < COUNT(merged); i++) {
		const struct merged *row = &merged[i];
		struct flow flow = flow_of(0, (unsigned)i * 7, row->server);

		/* While it begins, its server is the only one. */
		set_servers(dataplane, (uint8_t)row->server);
		for (size_t j = 0; j < COUNT(row->flags); j++)
			if (row->flags[j] != 0)
				assert_int_equal(
				    send_flow(program, &flow, row->flags[j]),
				    row->server);
		set_servers(dataplane, SERVERS);
		now += row->age;
		dataplane->ops->tick(dataplane, now);
		flow.server.bytes[3] = (uint8_t)row->told_server;
		flow.state = row->told;
		flow.idle = row->told_age;
		if (learn(dataplane, &flow) != row->result)
			fail_msg("%s: another result", row->name);
		check_flow(dataplane, &flow, row->name, row->then_server,
		    row->then, row->then_age);
		assert_int_equal(
		    send_flow(program, &flow, TH_ACK), row->then_server);
	}
	close(program);
	dataplane->ops->stop(dataplane);
}

/* A flow whose server went down, or away, is with whom others say. */
static void
test_gone(void **state)
{
	struct dataplane *dataplane = lab_dataplane();
	int program = sender_attach(dataplane);
	struct flow flow = flow_of(0, 1, 3);

	(void)state;
	set(dataplane, 0, SERVERS);
	assert_int_equal(learn(dataplane, &flow), LEARNT_NEW);
	assert_int_equal(send_flow(program, &flow, TH_ACK), 3);
	set_one_down(dataplane);
	flow.server.bytes[3] = 2;
	flow.idle = 100;
	assert_int_equal(learn(dataplane, &flow), LEARNT_MOVED);
	assert_int_equal(send_flow(program, &flow, TH_ACK), 2);
	/* Server 2 goes; what was learnt of it is worth nothing. */
	set(dataplane, 0, 1);
	assert_int_equal(learn(dataplane, &flow), LEARNT_NO_SERVER);
	assert_int_equal(send_flow(program, &flow, TH_ACK), 1);
	/* Back, it isn't the one that the entry was about. */
	set(dataplane, 0, 2);
	assert_int_equal(send_flow(program, &flow, TH_ACK), 1);
	close(program);
	dataplane->ops->stop(dataplane);
}

/* The server is down here, and comes up before, or after, a packet comes. */
static void
test_down(void **state)
{
	struct dataplane *dataplane = lab_dataplane();
	int program = sender_attach(dataplane);
	struct flow waits = flow_of(0, 1, 3), moves = flow_of(0, 2, 3);
	struct flow stays = flow_of(0, 3, 3);
	uint8_t by_hash;

	(void)state;
	set(dataplane, 0, 1);
	send_flow(program, &stays, TH_SYN);
	send_flow(program, &stays, TH_ACK);
	set_one_down(dataplane);
	assert_int_equal(learn(dataplane, &waits), LEARNT_DOWN);
	assert_int_equal(learn(dataplane, &moves), LEARNT_DOWN);
	assert_int_equal(send_flow(program, &stays, TH_ACK), 1);
	by_hash = send_flow(program, &moves, TH_ACK);
	assert_int_not_equal(by_hash, 3);
	/* What has a server that is up keeps it, whatever is said. */
	learn(dataplane, &stays);
	set(dataplane, 0, SERVERS);
	assert_int_equal(send_flow(program, &waits, TH_ACK), 3);
	assert_int_equal(send_flow(program, &moves, TH_ACK), by_hash);
	assert_int_equal(send_flow(program, &stays, TH_ACK), 1);
	close(program);
	dataplane->ops->stop(dataplane);
}

/* A table of one bucket: learnt flows take the places that packets would. */
static void
test_place(void **state)
{
	struct dataplane_xdp_options options = lab_options();
	struct dataplane *dataplane;
	struct dataplane_flows flows;
	struct flow flow;
	int program;

	(void)state;
	options.flows = VC5_WAYS;
	dataplane = dataplane_xdp_open(&options);
	assert_non_null(dataplane);
	program = sender_attach(dataplane);
	set(dataplane, 0, 1);
	for (unsigned n = 0; n < VC5_WAYS; n++) {
		flow = flow_of(0, n, 1);
		send_flow(program, &flow, TH_SYN);
		if (n != 2)
			send_flow(program, &flow, TH_ACK);
	}
	flow = flow_of(0, 10, 1);
	assert_int_equal(learn(dataplane, &flow), LEARNT_NEW);
	flow = flow_of(0, 11, 1);
	assert_int_equal(learn(dataplane, &flow), LEARNT_FULL);
	assert_int_equal(known_flows(dataplane), VC5_WAYS);
	dataplane->ops->flows(dataplane, &flows);
	assert_int_equal(flows.evicted[EVICTED_EMBRYONIC], 1);
	assert_int_equal(flows.full, 1);
	assert_int_equal(flows.evicted[EVICTED_IDLE] +
		flows.evicted[EVICTED_CLOSED] + flows.evicted[EVICTED_GONE],
	    0);
	close(program);
	dataplane->ops->stop(dataplane);
}

/* Both entries of a flow that two CPUs entered at once are changed. */
static void
test_twice(void **state)
{
	struct dataplane_xdp_options options = lab_options();
	struct dataplane *dataplane;
	struct vc5_bucket bucket;
	struct flow flow = flow_of(0, 1, 1);
	int program;

	(void)state;
	options.flows = VC5_WAYS;
	dataplane = dataplane_xdp_open(&options);
	assert_non_null(dataplane);
	program = sender_attach(dataplane);
	set(dataplane, 0, 1);
	send_flow(program, &flow, TH_SYN);
	lab_get("flows", 0, &bucket);
	bucket.ways[2] = bucket.ways[0];
	lab_put("flows", 0, &bucket);
	set(dataplane, 0, SERVERS);
	flow.server.bytes[3] = 2;
	assert_int_equal(learn(dataplane, &flow), LEARNT_MOVED);
	lab_get("flows", 0, &bucket);
	assert_int_equal(bucket.ways[0].key, bucket.ways[2].key);
	assert_int_equal(send_flow(program, &flow, TH_ACK), 2);
	memset(&bucket.ways[0], 0, sizeof(bucket.ways[0]));
	lab_put("flows", 0, &bucket);
	assert_int_equal(send_flow(program, &flow, TH_ACK), 2);
	close(program);
	dataplane->ops->stop(dataplane);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    LAB_TEST(test_followed),
	    LAB_TEST(test_refused),
	    LAB_TEST(test_merged),
	    LAB_TEST(test_gone),
	    LAB_TEST(test_down),
	    LAB_TEST(test_place),
	    LAB_TEST(test_twice),
	};

	return lab_run_tests(tests);
}
