/* SPDX-License-Identifier: ISC */

/*
 * Some instances on one wire, without sockets or clocks: what each says all
 * the others hear, unless they are cut off, and all is recorded.
 */

#ifndef UNIT_SYNC_CLUSTER_H
#define UNIT_SYNC_CLUSTER_H

#include "core/sync_peers.h"

#define NODES 4
#define TAPE  4096

struct datagram {
	uint8_t bytes[SYNC_DATAGRAM_MAX];
	size_t len;
};

struct node {
	struct sync_peers *peers; /* NULL: it is down */
	bool deaf, dumb;	  /* cut off, one way or the other */
	uint16_t flags;		  /* of its HELLOs */
	uint32_t flows;
	unsigned events[SYNC_EVENT_RAISED + 1];
};

struct cluster {
	uint64_t now;
	struct node nodes[NODES];
	struct datagram tape[TAPE];
	unsigned recorded;
};

/* For cmocka: an empty cluster in *state, and its end. */
int cluster_setup(void **state);
int cluster_teardown(void **state);

/* Start one, which must be down; ids are 1, 2, ... */
void cluster_start(struct cluster *, unsigned node, uint64_t epoch);
void
cluster_start_as(struct cluster *, unsigned node, uint64_t id, uint64_t epoch);
/* It is gone, without a word. */
void cluster_kill(struct cluster *, unsigned node);
/* Time passes: HELLOs are said and heard. */
void cluster_run(struct cluster *, unsigned ms);

/* One says something: in *out, and recorded; nobody hears it yet. */
void cluster_hello(struct cluster *, unsigned node, struct datagram *out);
void cluster_flows(struct cluster *, unsigned node, struct datagram *out);
void cluster_view(struct cluster *, unsigned node, const struct sync_service *,
    size_t count, struct datagram *out);
/* A refusal to somebody, as the least of what is said to one. */
void cluster_refusal(struct cluster *, unsigned node,
    const struct sync_identity *to, struct datagram *out);

/* One hears something, as an adapter would have it. */
enum sync_verdict
cluster_hear(struct cluster *, unsigned node, const struct datagram *);
/* Says flows, and the other hears them. */
enum sync_verdict cluster_tell(struct cluster *, unsigned from, unsigned to);
/* How many datagrams of a tape, from first up to last, were accepted of a
 * type. */
unsigned cluster_replay(struct cluster *, unsigned node, unsigned first,
    unsigned last, enum sync_type);

/* What one knows of another; NULL if nothing. */
const struct sync_peer *
cluster_peer(const struct cluster *, unsigned of, uint64_t id);
/* Its state, or SYNC_PEER_STATES if it is unknown. */
enum sync_peer_state
cluster_state(const struct cluster *, unsigned of, unsigned peer);

#endif
