/* SPDX-License-Identifier: ISC */

/*
 * Who sees things differently: digests of HELLOs, which say that something
 * differs, and VIEWs, which say what.
 */

#include <stdlib.h>
#include <string.h>

#include "base/xmalloc.h"
#include "core/sync_peers_private.h"

static uint64_t
digest(const struct sync_digests *digests, enum sync_kind kind)
{
	switch (kind) {
	case SYNC_KIND_CONFIG:
		return digests->config;
	case SYNC_KIND_HEALTH:
		return digests->health;
	default:
		return digests->tables;
	}
}

/* What is 0 is not known, there or here. */
static bool
differ(uint64_t a, uint64_t b)
{
	return a != b && a != 0 && b != 0;
}

static void
agree(struct sync_peers *peers, struct peer *peer, enum sync_kind kind)
{
	bool alarm = peer->shown.differs[kind].alarm;

	peer->shown.differs[kind].since = 0;
	peer->shown.differs[kind].alarm = false;
	if (alarm)
		sync_peers_report(peers, SYNC_EVENT_AGREES, peer, kind);
}

void
sync_peers_compare(struct sync_peers *peers, struct peer *peer, uint64_t now)
{
	bool differs = false;
	enum sync_kind kind;

	if (!peers->seen || peer->shown.state != SYNC_PEER_UP)
		return;
	for (kind = 0; kind < SYNC_KINDS; kind++)
		if (!differ(digest(&peer->digests, kind),
			digest(&peers->digests, kind)))
			agree(peers, peer, kind);
		else {
			differs = true;
			if (peer->shown.differs[kind].since == 0)
				peer->shown.differs[kind].since = now;
		}
	if (!differs)
		peer->shown.named = 0;
}

void
sync_peers_uncompare(struct sync_peers *peers, struct peer *peer)
{
	enum sync_kind kind;

	peer->shown.named = 0;
	for (kind = 0; kind < SYNC_KINDS; kind++)
		agree(peers, peer, kind);
}

void
sync_peers_alarm(struct sync_peers *peers, struct peer *peer, uint64_t now)
{
	enum sync_kind kind;
	uint64_t since;

	for (kind = 0; kind < SYNC_KINDS; kind++) {
		since = peer->shown.differs[kind].since;
		if (kind == SYNC_KIND_HEALTH || since == 0 ||
		    peer->shown.differs[kind].alarm || now - since < SYNC_ALARM)
			continue;
		peer->shown.differs[kind].alarm = true;
		sync_peers_report(peers, SYNC_EVENT_DIFFERS, peer, kind);
	}
}

static bool
covers(const struct sync_view *view, const struct service_key *key)
{
	return (view->after.vip.family == 0 ||
		   sync_service_order(key, &view->after) > 0) &&
	    (view->upto.vip.family == 0 ||
		sync_service_order(key, &view->upto) <= 0);
}

/* What is known of the services that a view covers is so no more. */
static void
forget_covered(struct sync_peer *peer, const struct sync_view *view)
{
	unsigned i, kept = 0;

	for (i = 0; i < peer->named; i++)
		if (!covers(view, &peer->differing[i].key))
			peer->differing[kept++] = peer->differing[i];
	peer->named = kept;
}

static void
name(struct sync_peer *peer, const struct service_key *key, unsigned what)
{
	if (what == 0 || peer->named == SYNC_NAMED)
		return;
	peer->differing[peer->named].key = *key;
	peer->differing[peer->named].what = what;
	peer->named++;
}

static unsigned
difference(const struct sync_service *a, const struct sync_service *b)
{
	return differ(a->config, b->config) << SYNC_KIND_CONFIG |
	    differ(a->health, b->health) << SYNC_KIND_HEALTH |
	    differ(a->tables, b->tables) << SYNC_KIND_TABLES;
}

/* Both lists are in the same order. */
void
sync_peers_view(
    struct sync_peers *peers, struct peer *peer, const struct sync_view *view)
{
	const struct sync_service *ours = peers->services,
				  *end = ours + peers->service_count;
	struct sync_service theirs;
	int order;
	unsigned i;

	forget_covered(&peer->shown, view);
	while (ours < end && view->after.vip.family != 0 &&
	    sync_service_order(&ours->key, &view->after) <= 0)
		ours++;
	for (i = 0; i < view->services; i++) {
		sync_view_service(view, i, &theirs);
		order = 1;
		for (; ours < end; ours++) {
			order = sync_service_order(&ours->key, &theirs.key);
			if (order >= 0)
				break;
			name(&peer->shown, &ours->key, SYNC_DIFFERS_MISSING);
		}
		if (order == 0)
			name(&peer->shown, &theirs.key,
			    difference(ours++, &theirs));
		else
			name(&peer->shown, &theirs.key, SYNC_DIFFERS_EXTRA);
	}
	for (; ours < end && covers(view, &ours->key); ours++)
		name(&peer->shown, &ours->key, SYNC_DIFFERS_MISSING);
}

void
sync_peers_see(struct sync_peers *peers, const struct sync_digests *digests,
    const struct sync_service *services, size_t count, uint64_t now)
{
	unsigned i;

	free(peers->services);
	peers->services = xcalloc(count + 1, sizeof(*services));
	if (count > 0)
		memcpy(peers->services, services, count * sizeof(*services));
	peers->service_count = count;
	peers->digests = *digests;
	peers->seen = true;
	for (i = 0; i < peers->count; i++)
		sync_peers_compare(peers, &peers->peers[i], now);
}
