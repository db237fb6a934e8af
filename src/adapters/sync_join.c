/* SPDX-License-Identifier: ISC */

/*
 * Asking others for flows: for all of them when this instance starts, and
 * later for those that it may have missed.  One peer is asked at a time.  It
 * sends as many datagrams as were asked for, each of which says where it
 * begins and ends; what does not follow on what was had before is learnt, but
 * asked for again.
 */

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/sync_private.h"
#include "base/log.h"

#define WINDOW	       128    /* datagrams */
#define PROGRESS_LIMIT 300    /* ms, after which the rest is asked for again */
#define AHEAD	       3      /* datagrams, and what they follow on is lost */
#define TRANSFER_LIMIT 600000 /* ms */
#define TIMEOUTS       5      /* in a row, after which somebody else is */
#define ALONE	       3000   /* ms in which others would have been heard */
#define REFUSED	       1000   /* ms between attempts when somebody does */
#define PAUSE	       10000  /* ms between attempts when nobody waits */

static void
ask(struct sync *s, uint64_t now)
{
	struct sync_join *j = &s->join;
	const struct sync_request request = {
	    .to = j->peer,
	    .transfer = j->transfer,
	    .window = WINDOW,
	    .since = j->since,
	    .cursor = j->cursor,
	};
	struct sync_writer w;

	sync_write_request(&w, sync_out_begin(s, &j->address), &request);
	sync_out_end(s, &w, 0);
	j->wanted = WINDOW;
	j->progress = now;
}

/* since 0: all flows. */
static void
begin(
    struct sync *s, const struct sync_peer *peer, uint32_t since, uint64_t now)
{
	struct sync_join *j = &s->join;

	if (since == 0)
		sync_peers_bulk_begins(s->peers);
	j->active = true;
	j->peer = peer->who;
	j->address = peer->from;
	memcpy(j->name, peer->name, sizeof(j->name));
	j->transfer = arc4random();
	j->since = since;
	j->cursor = 0;
	j->ahead = 0;
	j->timeouts = 0;
	j->asked = now;
	j->flows = 0;
	if (since == 0)
		log_info("sync: asking %s for all flows", j->name);
	else
		log_info("sync: asking %s for flows of the last %" PRIu32 " s",
		    j->name, since);
	ask(s, now);
}

/* What a peer has is not to be had from it now. */
static void
fail(struct sync *s, const char *why, uint64_t now)
{
	struct sync_join *j = &s->join;
	uint32_t since = j->since + (uint32_t)((now - j->asked) / 1000) + 1;

	log_info(
	    "sync: %s %s, after %" PRIu64 " flows", j->name, why, j->flows);
	j->active = false;
	sync_peers_failed(s->peers, j->peer.id, now);
	if (j->since != 0)
		sync_peers_unrepaired(s->peers, j->peer.id, since, now);
	else if (j->done)
		j->retry_at = now + PAUSE;
}

/* The one function that ends the time in which new VIPs wait. */
static void
open_gate(struct sync *s, const char *why)
{
	if (s->join.done)
		return;
	s->join.done = true;
	log_notice("sync: no longer learning: %s", why);
	s->callbacks->learnt(s->arg);
}

static void
succeed(struct sync *s, uint64_t now)
{
	struct sync_join *j = &s->join;

	j->active = false;
	log_info("sync: %s told %" PRIu64 " flows in %" PRIu64 " ms", j->name,
	    j->flows, now - j->asked);
	if (j->since != 0)
		return;
	j->complete = true;
	open_gate(s, "all flows of another instance are known");
}

/*
 * A datagram that does not follow on what was had: one before it is lost, if
 * some more come, and is asked for again before all the others have come in
 * vain.  Once only: those are still on their way then.
 */
static void
note_ahead(struct sync *s, uint64_t now)
{
	struct sync_join *j = &s->join;

	if (++j->ahead == AHEAD)
		ask(s, now);
}

void
sync_join_bulk(struct sync *s, const struct sync_message *m, uint64_t now)
{
	struct sync_join *j = &s->join;
	struct sync_flows flows = m->bulk.flows;
	uint64_t before = s->received.flows;

	if (!j->active || m->header.sender != j->peer.id ||
	    m->bulk.transfer != j->transfer) {
		s->drops[DROP_UNASKED].count++;
		return;
	}
	sync_learn(s, &flows);
	j->flows += s->received.flows - before;
	if (m->bulk.from != j->cursor) {
		note_ahead(s, now);
		return;
	}
	if ((m->header.flags & SYNC_BULK_LAST) == 0 &&
	    m->bulk.upto == j->cursor)
		return; /* it would go on for ever */
	j->cursor = m->bulk.upto;
	j->ahead = 0;
	j->progress = now;
	j->timeouts = 0;
	j->wanted--;
	if ((m->header.flags & SYNC_BULK_LAST) != 0)
		succeed(s, now);
	else if (j->wanted == 0)
		ask(s, now);
}

void
sync_join_refused(struct sync *s, const struct sync_message *m, uint64_t now)
{
	struct sync_join *j = &s->join;

	if (!j->active || m->header.sender != j->peer.id ||
	    m->refusal.transfer != j->transfer) {
		s->drops[DROP_UNASKED].count++;
		return;
	}
	fail(s, "has no flows to give now", now);
	if (!j->done)
		j->retry_at = now + REFUSED;
}

/* Has who was asked gone, or does it not answer? */
static void
watch(struct sync *s, uint64_t now)
{
	struct sync_join *j = &s->join;
	const struct sync_peer *peer = sync_find_peer(s, &j->peer);

	if (peer == NULL || peer->state != SYNC_PEER_UP) {
		fail(s, "has gone", now);
		return;
	}
	if (now >= j->asked + TRANSFER_LIMIT) {
		fail(s, "comes to no end", now);
		return;
	}
	if (now < j->progress + PROGRESS_LIMIT)
		return;
	if (j->timeouts++ == TIMEOUTS) {
		fail(s, "does not answer", now);
		return;
	}
	j->address = peer->from;
	ask(s, now);
}

/* Is there anybody that may know of flows, now or as soon as it is believed? */
static bool
anybody_knows(const struct sync *s)
{
	const struct sync_peer *peer;
	unsigned i;

	for (i = 0; i < sync_peers_count(s->peers); i++) {
		peer = sync_peers_get(s->peers, i);
		if (!peer->learning &&
		    (peer->state == SYNC_PEER_UP ||
			peer->state == SYNC_PEER_UNVERIFIED))
			return true;
	}
	return false;
}

/* New VIPs don't wait for what won't come. */
static void
watch_gate(struct sync *s, uint64_t now)
{
	struct sync_join *j = &s->join;

	if (j->done)
		return;
	if (j->usable == 0 && *sync_socket_problem(s->socket) == '\0')
		j->usable = now;
	if (now >= s->since + s->settings.learn)
		open_gate(s, "it took too long");
	else if (j->usable != 0 && now >= j->usable + ALONE &&
	    !anybody_knows(s))
		open_gate(s, "no other instance knows more");
}

void
sync_join_tick(struct sync *s, uint64_t now)
{
	struct sync_join *j = &s->join;
	const struct sync_peer *peer;
	uint32_t since = 0;

	watch_gate(s, now);
	if (j->active) {
		watch(s, now);
		return;
	}
	if (!j->complete && now >= j->retry_at) {
		peer = sync_peers_choose(s->peers, now);
		if (peer != NULL)
			begin(s, peer, 0, now);
		return;
	}
	peer = sync_peers_repair(s->peers, now, &since);
	if (peer != NULL)
		begin(s, peer, since, now);
}

void
sync_join_reset(struct sync *s)
{
	s->join.active = false;
	s->join.complete = false;
	s->join.retry_at = 0;
}
