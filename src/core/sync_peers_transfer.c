/* SPDX-License-Identifier: ISC */

/*
 * Whom to ask for flows: for all of them, or for those that were missed.
 */

#include "core/sync_peers_private.h"

#define REPAIR_EVERY 10000 /* ms, of one peer */
#define FAILED_FOR   10000 /* ms that a failure counts against a peer */
#define MARGIN	     5	   /* s: a flow is not told at once */

static bool
can_answer(const struct peer *peer)
{
	return peer->shown.state == SYNC_PEER_UP && !peer->shown.learning;
}

static bool
has_failed(const struct peer *peer, uint64_t now)
{
	return peer->failed_at != 0 && now - peer->failed_at < FAILED_FOR;
}

/* Is it better to ask a than b?  In the end by id: any will do. */
static bool
better(const struct peer *a, const struct peer *b, uint64_t now)
{
	if (has_failed(a, now) != has_failed(b, now))
		return has_failed(b, now);
	if (a->shown.flows != b->shown.flows)
		return a->shown.flows > b->shown.flows;
	return a->shown.who.id < b->shown.who.id;
}

const struct sync_peer *
sync_peers_choose(const struct sync_peers *peers, uint64_t now)
{
	const struct peer *best = NULL, *peer;
	unsigned i;

	for (i = 0; i < peers->count; i++) {
		peer = &peers->peers[i];
		if (can_answer(peer) &&
		    (best == NULL || better(peer, best, now)))
			best = peer;
	}
	return best == NULL ? NULL : &best->shown;
}

void
sync_peers_bulk_begins(struct sync_peers *peers)
{
	unsigned i;

	for (i = 0; i < peers->count; i++)
		peers->peers[i].missed = false;
}

void
sync_peers_failed(struct sync_peers *peers, uint64_t id, uint64_t now)
{
	struct peer *peer = sync_peers_find(peers, id);

	if (peer != NULL)
		peer->failed_at = now;
}

void
sync_peers_missed(struct peer *peer, uint64_t since)
{
	if (!peer->missed || since < peer->missed_at)
		peer->missed_at = since;
	peer->missed = true;
}

const struct sync_peer *
sync_peers_repair(struct sync_peers *peers, uint64_t now, uint32_t *since)
{
	struct peer *peer;
	unsigned i;

	for (i = 0; i < peers->count; i++) {
		peer = &peers->peers[i];
		if (!peer->missed || !can_answer(peer) ||
		    (peer->repaired && now - peer->repaired_at < REPAIR_EVERY))
			continue;
		peer->missed = false;
		peer->repaired = true;
		peer->repaired_at = now;
		*since = (uint32_t)((now - peer->missed_at) / 1000) + MARGIN;
		return &peer->shown;
	}
	return NULL;
}

void
sync_peers_unrepaired(
    struct sync_peers *peers, uint64_t id, uint32_t since, uint64_t now)
{
	struct peer *peer = sync_peers_find(peers, id);
	uint64_t age = since < MARGIN ? 0 : (since - MARGIN) * (uint64_t)1000;

	if (peer != NULL)
		sync_peers_missed(peer, age > now ? 0 : now - age);
}
