/* SPDX-License-Identifier: ISC */

/*
 * The other instances, as one instance knows them: whom to believe, what was
 * missed, who sees things differently.  It reads no clock: now is in ms, and
 * never goes back.
 *
 * What is believed is fresh: records of a peer are accepted while its HELLOs
 * list this instance's own identity with a recent beat, which no recording
 * does.  A peer's epochs only grow, and within one no datagram is taken twice.
 *
 * For each datagram: sync_peek, sync_peers_foresee, check the tag, sync_read,
 * sync_peers_accept.  Often, each 100 ms, say: sync_peers_tick, and a HELLO if
 * one is due.
 */

#ifndef CORE_SYNC_PEERS_H
#define CORE_SYNC_PEERS_H

#include "core/sync_wire.h"
#include "core/sync_write.h"

#define SYNC_HELLO_EVERY 1000  /* ms */
#define SYNC_SILENCE	 3000  /* ms without a HELLO, and a peer is silent */
#define SYNC_ALARM	 10000 /* ms of difference, and it is one */
#define SYNC_NAMED	 8     /* services that differ, that are remembered */

struct sync_peers;

enum sync_verdict {
	SYNC_ACCEPTED,
	SYNC_ECHO,   /* it is our own */
	SYNC_OWN_ID, /* another epoch of our own: our past, or a namesake */
	SYNC_REPLAYED,
	SYNC_OLD_EPOCH,
	SYNC_UNVERIFIED, /* not proven to be no recording */
	SYNC_NOT_FOR_US, /* to another, or to what we were */
	SYNC_TOO_MANY,	 /* peers */
	SYNC_VERDICTS
};

enum sync_peer_state {
	SYNC_PEER_UNVERIFIED, /* heard, and nothing of it believed */
	SYNC_PEER_UP,
	SYNC_PEER_SILENT,
	SYNC_PEER_LEFT, /* it said so */
	SYNC_PEER_STATES
};

enum sync_kind { /* what can be otherwise at a peer */
	SYNC_KIND_CONFIG,
	SYNC_KIND_HEALTH,
	SYNC_KIND_TABLES,
	SYNC_KINDS
};

/* Bits of sync_differing: 1 << kind, or one of these. */
#define SYNC_DIFFERS_MISSING 0x8  /* only we have the service */
#define SYNC_DIFFERS_EXTRA   0x10 /* only the peer has it */

struct sync_peer { /* to be read, not changed */
	struct sync_identity who;
	char name[SYNC_NAME_MAX + 1];
	struct addr from; /* of its last HELLO: what to send to */
	enum sync_peer_state state;
	bool learning;
	uint32_t flows;		     /* in its table */
	uint64_t began_at, heard_at; /* ms: first, last HELLO of its epoch */
	uint64_t received; /* accepted datagrams, since it was first heard */
	uint64_t lost;	   /* datagrams to all that did not come, likewise */
	/* Health is never an alarm: its coming and going is what it is for. */
	struct {
		uint64_t since; /* ms; 0 = it agrees */
		bool alarm;	/* has differed for SYNC_ALARM */
	} differs[SYNC_KINDS];
	struct sync_differing {
		struct service_key key;
		unsigned what; /* SYNC_DIFFERS_... */
	} differing[SYNC_NAMED];
	unsigned named; /* of differing; if SYNC_NAMED there may be more */
};

enum sync_event { /* transitions, each reported once */
	SYNC_EVENT_UP,
	SYNC_EVENT_UNVERIFIED, /* it was up, and does not hear us now */
	SYNC_EVENT_RESTARTED,  /* it was up, and began another epoch */
	SYNC_EVENT_SILENT,
	SYNC_EVENT_LEFT,
	SYNC_EVENT_DIFFERS,   /* an alarm begins, of that kind */
	SYNC_EVENT_AGREES,    /* it ends */
	SYNC_EVENT_DUPLICATE, /* another instance has our name (peer NULL) */
	SYNC_EVENT_UNIQUE,    /* no more (peer NULL) */
	SYNC_EVENT_RAISED, /* our epoch changed: tell all again (peer NULL) */
};

struct sync_peers_options {
	const char *name; /* of this instance; is cut if too long */
	struct sync_identity
	    own; /* epoch: CLOCK_REALTIME, ns, and some chance */
	uint32_t (*random)(void); /* arc4random(3) */
	/* NULL, or called from accept and tick, which it must not call */
	void (*report)(enum sync_event, const struct sync_peer *,
	    enum sync_kind, void *arg);
	void *arg;
};

struct sync_peers *
sync_peers_new(const struct sync_peers_options *, uint64_t now);
void sync_peers_free(struct sync_peers *);

/* Of the header alone: what is the use of checking its tag? */
enum sync_verdict
sync_peers_foresee(const struct sync_peers *, const struct sync_header *);
/*
 * Note a datagram whose tag is right, and that came from that address.  Only
 * if SYNC_ACCEPTED is the caller to do what it says; HELLOs and VIEWs are done.
 */
enum sync_verdict sync_peers_accept(struct sync_peers *,
    const struct sync_message *, const struct addr *from, uint64_t now);
/* "replayed", ...: as in metrics.  Static storage. */
const char *sync_verdict_name(enum sync_verdict);
const char *sync_peer_state_name(enum sync_peer_state);

/* Silence, losses, alarms: what comes with time. */
void sync_peers_tick(struct sync_peers *, uint64_t now);

/* When a HELLO is due, in ms: at once, when there is news for others. */
uint64_t sync_peers_hello_at(const struct sync_peers *);
/* Write it, but for its header's flags; flows are those in the table. */
void sync_peers_hello(struct sync_peers *, struct sync_writer *,
    uint8_t buffer[SYNC_DATAGRAM_MAX], uint32_t flows, uint64_t now);
/* Type, sender, epoch and the next sequence for a datagram to be sent. */
void
sync_peers_header(struct sync_peers *, enum sync_type, struct sync_header *);
const struct sync_identity *sync_peers_own(const struct sync_peers *);
/* Others believe us, if they hear us, for all that is known: tell flows. */
bool sync_peers_may_tell(const struct sync_peers *, uint64_t now);

/* What things look like here.  Services in sync_service_order; are copied. */
void sync_peers_see(struct sync_peers *, const struct sync_digests *,
    const struct sync_service *, size_t count, uint64_t now);

/* Peers, index 0 to count - 1; valid until the next accept or tick. */
unsigned sync_peers_count(const struct sync_peers *);
const struct sync_peer *sync_peers_get(const struct sync_peers *, unsigned);
unsigned sync_peers_up(const struct sync_peers *); /* that are up */
bool sync_peers_duplicate(const struct sync_peers *);

/*
 * Transfers.  Whom to ask for all flows: a peer that is up and not learning,
 * rather one that has not failed lately, and the one with most flows; or NULL.
 */
const struct sync_peer *
sync_peers_choose(const struct sync_peers *, uint64_t now);
/* All is being asked for: what was missed so far will be in it. */
void sync_peers_bulk_begins(struct sync_peers *);
/* That peer refused, or did not answer. */
void sync_peers_failed(struct sync_peers *, uint64_t id, uint64_t now);
/*
 * A peer of which something was missed, to be asked for flows with packets in
 * the last *since seconds; or NULL.  At most each 10 s of one peer.
 */
const struct sync_peer *
sync_peers_repair(struct sync_peers *, uint64_t now, uint32_t *since);
/* That repair failed: it is still wanted. */
void sync_peers_unrepaired(
    struct sync_peers *, uint64_t id, uint32_t since, uint64_t now);

#endif
