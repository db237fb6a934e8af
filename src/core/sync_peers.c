/* SPDX-License-Identifier: ISC */

/*
 * The other instances: see sync_peers.h.
 */

#include <string.h>

#include "core/sync_peers_private.h"

#define HELLO_SOONEST 200      /* ms between two HELLOs, at least */
#define BEATS	      16       /* a beat is recent among so many */
#define PROOF_LASTS   10000    /* ms that a peer is believed without */
#define UNHEARD	      3	       /* HELLOs that are before anything is told */
#define LOST_AFTER    500      /* ms: until then it may only be late */
#define RAISE_AFTER   3000     /* ms: a namesake shows itself before */
#define FORGET_LEFT   600000   /* ms, if it said that it leaves */
#define FORGET_SILENT 86400000 /* ms, if it did not */

static const char *verdict_names[SYNC_VERDICTS] = {
    [SYNC_ACCEPTED] = "accepted",
    [SYNC_ECHO] = "echo",
    [SYNC_OWN_ID] = "own_id",
    [SYNC_REPLAYED] = "replayed",
    [SYNC_OLD_EPOCH] = "old_epoch",
    [SYNC_UNVERIFIED] = "unverified",
    [SYNC_NOT_FOR_US] = "not_for_us",
    [SYNC_TOO_MANY] = "too_many",
};

static const char *state_names[SYNC_PEER_STATES] = {
    [SYNC_PEER_UNVERIFIED] = "unverified",
    [SYNC_PEER_UP] = "up",
    [SYNC_PEER_SILENT] = "silent",
    [SYNC_PEER_LEFT] = "left",
};

const char *
sync_verdict_name(enum sync_verdict verdict)
{
	return verdict < SYNC_VERDICTS ? verdict_names[verdict] : "unknown";
}

const char *
sync_peer_state_name(enum sync_peer_state state)
{
	return state < SYNC_PEER_STATES ? state_names[state] : "unknown";
}

void
sync_peers_report(struct sync_peers *peers, enum sync_event event,
    const struct peer *peer, enum sync_kind kind)
{
	if (peers->report != NULL)
		peers->report(event, peer == NULL ? NULL : &peer->shown, kind,
		    peers->arg);
}

static struct sync_window *
window(struct peer *peer, unsigned type)
{
	return sync_is_to_all(type) ? &peer->all : &peer->one;
}

enum sync_verdict
sync_peers_foresee(
    const struct sync_peers *peers, const struct sync_header *header)
{
	struct peer *peer;

	if (header->sender == peers->own.id) {
		if (header->epoch == peers->own.epoch)
			return SYNC_ECHO;
		return header->type == SYNC_HELLO ? SYNC_ACCEPTED : SYNC_OWN_ID;
	}
	peer = sync_peers_find(peers, header->sender);
	if (peer == NULL || header->epoch > peer->shown.who.epoch)
		return header->type == SYNC_HELLO ? SYNC_ACCEPTED
						  : SYNC_UNVERIFIED;
	if (header->epoch < peer->shown.who.epoch)
		return SYNC_OLD_EPOCH;
	return sync_window_is_new(window(peer, header->type), header->sequence)
	    ? SYNC_ACCEPTED
	    : SYNC_REPLAYED;
}

static enum sync_event
event_of(enum sync_peer_state state)
{
	switch (state) {
	case SYNC_PEER_UP:
		return SYNC_EVENT_UP;
	case SYNC_PEER_SILENT:
		return SYNC_EVENT_SILENT;
	case SYNC_PEER_LEFT:
		return SYNC_EVENT_LEFT;
	default:
		return SYNC_EVENT_UNVERIFIED;
	}
}

/*
 * The one place where a peer's state changes.  What it tells is believed from
 * now on, and nothing that it told before; or no more, and then all since it
 * was heard last is missed.  A peer that was never up is not reported.
 */
static void
set_state(struct sync_peers *peers, struct peer *peer,
    enum sync_peer_state state, uint64_t now)
{
	enum sync_peer_state old = peer->shown.state;

	if (state == old)
		return;
	peer->shown.state = state;
	if (state == SYNC_PEER_UP) {
		sync_window_close(&peer->all);
		peer->gap_at = 0;
		sync_peers_report(peers, SYNC_EVENT_UP, peer, 0);
		sync_peers_compare(peers, peer, now);
		return;
	}
	if (old != SYNC_PEER_UP)
		return;
	sync_peers_uncompare(peers, peer);
	sync_peers_missed(peer, peer->all_at);
	sync_peers_report(peers, event_of(state), peer, 0);
}

/* There is news for others: don't wait for a whole period. */
static void
hello_soon(struct sync_peers *peers, uint64_t now)
{
	uint64_t soonest = peers->hello_sent_at + HELLO_SOONEST;

	if (soonest < now)
		soonest = now;
	if (soonest < peers->hello_at)
		peers->hello_at = soonest;
}

static bool
find_listed(
    const struct sync_hello *hello, uint64_t id, struct sync_listed *out)
{
	unsigned i;

	for (i = 0; i < hello->peers; i++) {
		sync_hello_peer(hello, i, out);
		if (out->who.id == id)
			return true;
	}
	return false;
}

/* Does it list us as we are, and as we were a moment ago? */
static bool
is_proof(const struct sync_peers *peers, const struct sync_listed *listed)
{
	return listed->who.epoch == peers->own.epoch && listed->beat != 0 &&
	    peers->beat - listed->beat < BEATS;
}

/* Forget what it was; its missing datagrams will never come. */
static void
restart(struct sync_peers *peers, struct peer *peer,
    const struct sync_header *header, uint64_t now)
{
	struct peer anew = {0};

	if (peer->shown.state == SYNC_PEER_UP) {
		sync_peers_uncompare(peers, peer);
		sync_peers_report(peers, SYNC_EVENT_RESTARTED, peer, 0);
	}
	anew.shown.received = peer->shown.received;
	anew.shown.lost = peer->shown.lost;
	*peer = anew;
	peer->shown.who.id = header->sender;
	peer->shown.who.epoch = header->epoch;
	peer->shown.began_at = peer->shown.heard_at = now;
	hello_soon(peers, now);
}

/*
 * It may have told flows since it began; its HELLOs, each second or sooner, say
 * when that was.
 */
static void
note_unheard(struct peer *peer, uint32_t beat, uint64_t now)
{
	uint64_t ago = (uint64_t)beat * SYNC_HELLO_EVERY;

	if (beat > UNHEARD)
		sync_peers_missed(peer, ago < now ? now - ago : 0);
}

/* A peer that is new, or has started anew; NULL if there is no room. */
static struct peer *
begin(
    struct sync_peers *peers, const struct sync_message *message, uint64_t now)
{
	struct peer *peer = sync_peers_find(peers, message->header.sender);
	struct sync_listed us;

	if (peer == NULL) {
		peer = sync_peers_make_room(peers,
		    find_listed(&message->hello, peers->own.id, &us) &&
			is_proof(peers, &us),
		    now);
		if (peer == NULL)
			return NULL;
		memset(peer, 0, sizeof(*peer));
	}
	restart(peers, peer, &message->header, now);
	note_unheard(peer, message->hello.beat, now);
	return peer;
}

static void
raise_epoch(struct sync_peers *peers, uint64_t now)
{
	unsigned i;

	/* By chance as well: an epoch that can be foreseen can be replayed. */
	peers->own.epoch = peers->greater_epoch + 1 + peers->random();
	peers->greater_epoch = 0;
	peers->greater_at = peers->greater_heard_at = 0;
	peers->sent_all = peers->sent_one = 0;
	peers->beat = 0;
	peers->began_at = peers->hello_at = now;
	for (i = 0; i < peers->count; i++)
		if (peers->peers[i].shown.state == SYNC_PEER_UP)
			set_state(
			    peers, &peers->peers[i], SYNC_PEER_UNVERIFIED, now);
	sync_peers_report(peers, SYNC_EVENT_RAISED, NULL, 0);
}

/*
 * Others know a greater epoch of ours, and refuse this one: our clock was set
 * back.  Or somebody has our name, and then it would help nobody.
 */
static void
note_greater(struct sync_peers *peers, uint64_t epoch, uint64_t now)
{
	if (epoch > peers->greater_epoch)
		peers->greater_epoch = epoch;
	if (peers->greater_at == 0)
		peers->greater_at = now;
	peers->greater_heard_at = now;
	if (now - peers->greater_at >= RAISE_AFTER && !peers->duplicate &&
	    peers->greater_epoch < SYNC_EPOCH_MAX - UINT32_MAX - 1)
		raise_epoch(peers, now);
}

static void
note_hello(struct peer *peer, const struct sync_message *message,
    const struct addr *from, uint64_t now)
{
	const struct sync_hello *hello = &message->hello;

	peer->hello_sequence = message->header.sequence;
	peer->beat = hello->beat;
	peer->digests = hello->digests;
	peer->shown.from = *from;
	peer->shown.flows = hello->flows;
	peer->shown.learning =
	    (message->header.flags & SYNC_HELLO_LEARNING) != 0;
	peer->shown.heard_at = now;
	memcpy(peer->shown.name, hello->name, sizeof(peer->shown.name));
}

static void
take_hello(struct sync_peers *peers, struct peer *peer,
    const struct sync_message *message, const struct addr *from, uint64_t now)
{
	struct sync_listed listed;

	if (message->header.sequence < peer->hello_sequence)
		return; /* overtaken by a newer one */
	note_hello(peer, message, from, now);
	if ((message->header.flags & SYNC_HELLO_LEAVING) != 0) {
		set_state(peers, peer, SYNC_PEER_LEFT, now);
		return;
	}
	if (peer->shown.state == SYNC_PEER_SILENT ||
	    peer->shown.state == SYNC_PEER_LEFT) {
		set_state(peers, peer, SYNC_PEER_UNVERIFIED, now);
		hello_soon(peers, now);
	}
	if (find_listed(&message->hello, peers->own.id, &listed)) {
		if (is_proof(peers, &listed)) {
			peer->proved_at = now;
			set_state(peers, peer, SYNC_PEER_UP, now);
		} else if (listed.who.epoch > peers->own.epoch)
			note_greater(peers, listed.who.epoch, now);
	}
	sync_peers_compare(peers, peer, now);
}

/*
 * Is it later than what is remembered?  Recordings, of our own past say, must
 * not take the place of one that is there, which then would not learn of us.
 */
static bool
is_later_namesake(
    const struct sync_peers *peers, const struct sync_message *m, uint64_t now)
{
	const struct sync_listed *is = &peers->namesake;

	if (m->header.epoch == is->who.epoch)
		return m->hello.beat > is->beat;
	return m->header.epoch > is->who.epoch ||
	    now - peers->namesake_at > SYNC_SILENCE;
}

/* It has our id: remember it, so that it learns of us. */
static void
take_namesake(
    struct sync_peers *peers, const struct sync_message *message, uint64_t now)
{
	struct sync_listed listed;

	if (!is_later_namesake(peers, message, now))
		return;
	peers->namesake.who.id = message->header.sender;
	peers->namesake.who.epoch = message->header.epoch;
	peers->namesake.beat = message->hello.beat;
	peers->namesake_at = now;
	if (!find_listed(&message->hello, peers->own.id, &listed) ||
	    !is_proof(peers, &listed))
		return; /* perhaps a recording of ourselves */
	peers->duplicate_at = now;
	if (!peers->duplicate) {
		peers->duplicate = true;
		sync_peers_report(peers, SYNC_EVENT_DUPLICATE, NULL, 0);
	}
}

/* Numbers were left out: they may still come. */
static void
note_gap(struct peer *peer, uint64_t before, uint64_t now)
{
	if (peer->all.highest > before + 1 && peer->gap_at == 0) {
		peer->gap_at = now;
		peer->gap_from = peer->all_at;
	}
	peer->all_at = now;
}

static void
take_sequence(struct peer *peer, const struct sync_header *header, uint64_t now)
{
	uint64_t before = peer->all.highest;

	sync_window_take(window(peer, header->type), header->sequence);
	if (sync_is_to_all(header->type))
		note_gap(peer, before, now);
}

static const struct sync_identity *
addressee(const struct sync_message *message)
{
	switch (message->header.type) {
	case SYNC_REQUEST:
		return &message->request.to;
	case SYNC_BULK:
		return &message->bulk.to;
	default:
		return &message->refusal.to;
	}
}

static bool
is_for_us(const struct sync_peers *peers, const struct sync_message *message)
{
	const struct sync_identity *to;

	if (sync_is_to_all(message->header.type))
		return true;
	to = addressee(message);
	return to->id == peers->own.id && to->epoch == peers->own.epoch;
}

/* Of a peer that is known, and of its present epoch. */
static enum sync_verdict
take(struct sync_peers *peers, struct peer *peer,
    const struct sync_message *message, const struct addr *from, uint64_t now)
{
	take_sequence(peer, &message->header, now);
	if (message->header.type == SYNC_HELLO) {
		take_hello(peers, peer, message, from, now);
		peer->shown.received++;
		return SYNC_ACCEPTED;
	}
	if (!is_for_us(peers, message))
		return SYNC_NOT_FOR_US;
	if (peer->shown.state != SYNC_PEER_UP) {
		if (message->header.type == SYNC_FLOWS)
			sync_peers_missed(peer, now);
		return SYNC_UNVERIFIED;
	}
	if (message->header.type == SYNC_VIEW)
		sync_peers_view(peers, peer, &message->view);
	peer->shown.received++;
	return SYNC_ACCEPTED;
}

enum sync_verdict
sync_peers_accept(struct sync_peers *peers, const struct sync_message *message,
    const struct addr *from, uint64_t now)
{
	const struct sync_header *header = &message->header;
	enum sync_verdict verdict = sync_peers_foresee(peers, header);
	struct peer *peer;

	if (verdict != SYNC_ACCEPTED)
		return verdict;
	if (header->sender == peers->own.id) {
		take_namesake(peers, message, now);
		return SYNC_OWN_ID;
	}
	peer = sync_peers_find(peers, header->sender);
	if (peer == NULL || header->epoch > peer->shown.who.epoch)
		peer = begin(peers, message, now);
	return peer == NULL ? SYNC_TOO_MANY
			    : take(peers, peer, message, from, now);
}

/*
 * What has been missing for a while is lost: if it came after all, nobody
 * could say how long it was on its way.
 */
static void
count_lost(struct peer *peer, uint64_t now)
{
	uint64_t missing = sync_window_missing(&peer->all);

	if (missing > 0 && now - peer->gap_at < LOST_AFTER)
		return;
	peer->gap_at = 0;
	if (missing == 0)
		return;
	peer->shown.lost += missing;
	sync_peers_missed(peer, peer->gap_from);
	sync_window_close(&peer->all);
}

static void
tick_peer(struct sync_peers *peers, struct peer *peer, uint64_t now)
{
	enum sync_peer_state state = peer->shown.state;

	if (state == SYNC_PEER_UP)
		count_lost(peer, now);
	if (state != SYNC_PEER_LEFT &&
	    sync_peers_silence(peer, now) > SYNC_SILENCE)
		set_state(peers, peer, SYNC_PEER_SILENT, now);
	else if (state == SYNC_PEER_UP && now - peer->proved_at > PROOF_LASTS)
		set_state(peers, peer, SYNC_PEER_UNVERIFIED, now);
	sync_peers_alarm(peers, peer, now);
}

void
sync_peers_tick(struct sync_peers *peers, uint64_t now)
{
	struct peer *peer;
	unsigned i;

	for (i = peers->count; i-- > 0;) {
		peer = &peers->peers[i];
		tick_peer(peers, peer, now);
		if (sync_peers_silence(peer, now) >=
		    (peer->shown.state == SYNC_PEER_LEFT ? FORGET_LEFT
							 : FORGET_SILENT))
			sync_peers_forget(peers, peer);
	}
	if (peers->duplicate && now - peers->duplicate_at > SYNC_SILENCE) {
		peers->duplicate = false;
		sync_peers_report(peers, SYNC_EVENT_UNIQUE, NULL, 0);
	}
}
