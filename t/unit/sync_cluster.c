/* SPDX-License-Identifier: ISC */

/*
 * Some instances on one wire: see sync_cluster.h.
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

#define STEP 50 /* ms */

int
cluster_setup(void **state)
{
	struct cluster *cluster = calloc(1, sizeof(*cluster));

	assert_non_null(cluster);
	cluster->now = 1000000;
	*state = cluster;
	srand(1);
	return 0;
}

int
cluster_teardown(void **state)
{
	struct cluster *cluster = *state;
	unsigned i;

	for (i = 0; i < NODES; i++)
		sync_peers_free(cluster->nodes[i].peers);
	free(cluster);
	return 0;
}

static uint32_t
some(void)
{
	return (uint32_t)rand();
}

static void
note_event(enum sync_event event, const struct sync_peer *peer,
    enum sync_kind kind, void *arg)
{
	struct node *node = arg;

	(void)kind;
	assert_true((peer == NULL) == (event >= SYNC_EVENT_DUPLICATE));
	node->events[event]++;
}

void
cluster_start_as(
    struct cluster *cluster, unsigned i, uint64_t id, uint64_t epoch)
{
	struct node *node = &cluster->nodes[i];
	char name[] = "node0";
	struct sync_peers_options options = {.name = name,
	    .own = {id, epoch},
	    .random = some,
	    .report = note_event,
	    .arg = node};

	assert_null(node->peers);
	name[4] = (char)('0' + id % 10);
	memset(node, 0, sizeof(*node));
	node->peers = sync_peers_new(&options, cluster->now);
}

void
cluster_start(struct cluster *cluster, unsigned i, uint64_t epoch)
{
	cluster_start_as(cluster, i, i + 1, epoch);
}

void
cluster_kill(struct cluster *cluster, unsigned i)
{
	sync_peers_free(cluster->nodes[i].peers);
	cluster->nodes[i].peers = NULL;
}

static void
finish(struct cluster *cluster, unsigned i, struct sync_writer *writer,
    uint16_t flags, struct datagram *out)
{
	struct sync_header header = {.flags = flags};

	sync_peers_header(cluster->nodes[i].peers, writer->type, &header);
	out->len = sample_end(writer, &header);
	assert_true(cluster->recorded < TAPE);
	cluster->tape[cluster->recorded++] = *out;
}

void
cluster_hello(struct cluster *cluster, unsigned i, struct datagram *out)
{
	struct node *node = &cluster->nodes[i];
	struct sync_writer writer;

	sync_peers_hello(
	    node->peers, &writer, out->bytes, node->flows, cluster->now);
	finish(cluster, i, &writer, node->flags, out);
}

void
cluster_flows(struct cluster *cluster, unsigned i, struct datagram *out)
{
	struct sync_writer writer;
	struct flow flow;

	sample_flow4(&flow, i);
	sync_write_flows(&writer, out->bytes);
	sync_write_flow(&writer, &flow);
	finish(cluster, i, &writer, 0, out);
}

void
cluster_view(struct cluster *cluster, unsigned i,
    const struct sync_service *services, size_t count, struct datagram *out)
{
	struct sync_writer writer;
	size_t next = 0;

	sync_write_view(&writer, out->bytes, services, count, &next);
	assert_int_equal(next, count);
	finish(cluster, i, &writer, 0, out);
}

void
cluster_refusal(struct cluster *cluster, unsigned i,
    const struct sync_identity *to, struct datagram *out)
{
	struct sync_refusal refusal = {
	    .to = *to, .reason = SYNC_REASON_LEARNING};
	struct sync_writer writer;

	sync_write_refusal(&writer, out->bytes, &refusal);
	finish(cluster, i, &writer, 0, out);
}

enum sync_verdict
cluster_hear(
    struct cluster *cluster, unsigned i, const struct datagram *datagram)
{
	struct sync_peers *peers = cluster->nodes[i].peers;
	struct addr from = {.family = 2, .bytes = {10, 0, 0, 1}};
	enum sync_verdict verdict;
	struct sync_message message;

	assert_int_equal(
	    sync_peek(datagram->bytes, datagram->len, &message.header),
	    SYNC_SOUND);
	verdict = sync_peers_foresee(peers, &message.header);
	if (verdict != SYNC_ACCEPTED)
		return verdict;
	assert_int_equal(
	    sync_read(datagram->bytes, datagram->len, &message), SYNC_SOUND);
	return sync_peers_accept(peers, &message, &from, cluster->now);
}

static void
say_hello(struct cluster *cluster, unsigned i)
{
	struct datagram hello;
	unsigned j;

	cluster_hello(cluster, i, &hello);
	for (j = 0; j < NODES; j++)
		if (j != i && cluster->nodes[j].peers != NULL &&
		    !cluster->nodes[j].deaf && !cluster->nodes[i].dumb)
			cluster_hear(cluster, j, &hello);
}

void
cluster_run(struct cluster *cluster, unsigned ms)
{
	uint64_t end = cluster->now + ms;
	struct node *node;
	unsigned i;

	for (; cluster->now < end; cluster->now += STEP)
		for (i = 0; i < NODES; i++) {
			node = &cluster->nodes[i];
			if (node->peers == NULL)
				continue;
			sync_peers_tick(node->peers, cluster->now);
			if (sync_peers_hello_at(node->peers) <= cluster->now)
				say_hello(cluster, i);
		}
}

enum sync_verdict
cluster_tell(struct cluster *cluster, unsigned from, unsigned to)
{
	struct datagram flows;

	cluster_flows(cluster, from, &flows);
	return cluster_hear(cluster, to, &flows);
}

unsigned
cluster_replay(struct cluster *cluster, unsigned i, unsigned first,
    unsigned last, enum sync_type type)
{
	struct sync_header header;
	unsigned accepted = 0;

	for (; first < last; first++) {
		sync_peek(cluster->tape[first].bytes, cluster->tape[first].len,
		    &header);
		accepted += cluster_hear(cluster, i, &cluster->tape[first]) ==
			SYNC_ACCEPTED &&
		    header.type == type;
	}
	return accepted;
}

const struct sync_peer *
cluster_peer(const struct cluster *cluster, unsigned of, uint64_t id)
{
	const struct sync_peers *peers = cluster->nodes[of].peers;
	unsigned i;

	for (i = 0; i < sync_peers_count(peers); i++)
		if (sync_peers_get(peers, i)->who.id == id)
			return sync_peers_get(peers, i);
	return NULL;
}

enum sync_peer_state
cluster_state(const struct cluster *cluster, unsigned of, unsigned peer)
{
	const struct sync_peer *known = cluster_peer(cluster, of, peer + 1);

	return known == NULL ? SYNC_PEER_STATES : known->state;
}
