/* SPDX-License-Identifier: ISC */

/*
 * What sync_peers*.c share: a peer with what nobody else sees of it.
 */

#ifndef CORE_SYNC_PEERS_PRIVATE_H
#define CORE_SYNC_PEERS_PRIVATE_H

#include "core/sync_peers.h"
#include "core/sync_window.h"

struct peer {
	struct sync_peer shown;
	/* Of its datagrams to all, and of those to one: not all are to us. */
	struct sync_window all, one;
	uint64_t all_at;	 /* ms: the last one to all came */
	uint64_t hello_sequence; /* of the newest HELLO */
	uint32_t beat;		 /* of that */
	uint64_t proved_at;	 /* ms: it last listed us as we are */
	struct sync_digests digests;
	uint64_t counted;	   /* of all's missing: no more to come */
	uint64_t gap_at, gap_from; /* ms: 0 = no new gap; the one before it */
	bool missed, repaired;
	uint64_t missed_at, repaired_at, failed_at; /* ms; 0 = never failed */
};

struct sync_peers {
	struct sync_identity own;
	char name[SYNC_NAME_MAX + 1];
	uint32_t (*random)(void);
	void (*report)(enum sync_event, const struct sync_peer *,
	    enum sync_kind, void *arg);
	void *arg;

	uint64_t sent_all, sent_one; /* the last sequence of each kind */
	uint32_t beat;
	uint64_t began_at; /* ms: this epoch */
	uint64_t hello_at, hello_sent_at;

	struct sync_digests digests; /* of what is here */
	struct sync_service *services;
	size_t service_count;
	bool seen; /* sync_peers_see was called */

	/* Who has our id, and another epoch. */
	struct sync_listed namesake;
	uint64_t namesake_at, duplicate_at; /* ms: heard; proven */
	bool duplicate;
	/* An epoch of ours, above the present one, that others know of. */
	uint64_t greater_epoch;
	uint64_t greater_at, greater_heard_at; /* ms: first, last heard of it */

	struct peer peers[SYNC_PEERS_MAX];
	unsigned count;
};

void sync_peers_report(
    struct sync_peers *, enum sync_event, const struct peer *, enum sync_kind);

struct peer *sync_peers_find(const struct sync_peers *, uint64_t id);
/*
 * A place for a peer that is new, not cleared; NULL if there is none.  Is it
 * proven that it is there?
 */
struct peer *
sync_peers_make_room(struct sync_peers *, bool proven, uint64_t now);
/* The place is then another's. */
void sync_peers_forget(struct sync_peers *, struct peer *);
uint64_t sync_peers_silence(const struct peer *, uint64_t now);

/* Compare the digests of its last HELLO with those of what is here. */
void sync_peers_compare(struct sync_peers *, struct peer *, uint64_t now);
/* Nothing is known of what it sees. */
void sync_peers_uncompare(struct sync_peers *, struct peer *);
/* An alarm begins, if a difference has lasted. */
void sync_peers_alarm(struct sync_peers *, struct peer *, uint64_t now);
void
sync_peers_view(struct sync_peers *, struct peer *, const struct sync_view *);

/* Something it told, since then, did not get here. */
void sync_peers_missed(struct peer *, uint64_t since);

#endif
