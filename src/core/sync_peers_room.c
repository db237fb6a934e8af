/* SPDX-License-Identifier: ISC */

/*
 * Room for SYNC_PEERS_MAX peers: who gets it, and who loses it.
 */

#include "core/sync_peers_private.h"

#define FORGET_FULL	60000 /* ms of silence, when there is no room */
#define FORGET_UNPROVED 3000  /* ms, likewise, since it came: never up */

struct peer *
sync_peers_find(const struct sync_peers *peers, uint64_t id)
{
	unsigned i;

	for (i = 0; i < peers->count; i++)
		if (peers->peers[i].shown.who.id == id)
			return (struct peer *)&peers->peers[i];
	return NULL;
}

void
sync_peers_forget(struct sync_peers *peers, struct peer *peer)
{
	*peer = peers->peers[--peers->count];
}

uint64_t
sync_peers_silence(const struct peer *peer, uint64_t now)
{
	return now - peer->shown.heard_at;
}

/* Heard longest ago, of all or of those that never proved to be there. */
static struct peer *
oldest(struct sync_peers *peers, bool unproved)
{
	struct peer *found = NULL, *peer;
	unsigned i;

	for (i = 0; i < peers->count; i++) {
		peer = &peers->peers[i];
		if (unproved && peer->proved_at != 0)
			continue;
		if (found == NULL ||
		    peer->shown.heard_at < found->shown.heard_at)
			found = peer;
	}
	return found;
}

/*
 * Recordings of many names must not keep those out that are there: who proves
 * it takes the place of one that has not.
 */
struct peer *
sync_peers_make_room(struct sync_peers *peers, bool proven, uint64_t now)
{
	struct peer *peer;

	if (peers->count == SYNC_PEERS_MAX) {
		peer = oldest(peers, false);
		if (sync_peers_silence(peer, now) < FORGET_FULL)
			peer = oldest(peers, true);
		if (peer == NULL ||
		    (!proven && now - peer->shown.began_at < FORGET_UNPROVED))
			return NULL;
		sync_peers_forget(peers, peer);
	}
	return &peers->peers[peers->count++];
}
