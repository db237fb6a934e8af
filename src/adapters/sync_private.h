/* SPDX-License-Identifier: ISC */

/*
 * What the files of the sync adapter share.
 */

#ifndef ADAPTERS_SYNC_PRIVATE_H
#define ADAPTERS_SYNC_PRIVATE_H

#include "adapters/sync.h"
#include "adapters/sync_batch.h"
#include "adapters/sync_key.h"
#include "adapters/sync_rate.h"
#include "adapters/sync_socket.h"

#define SYNC_TICK     100 /* ms */
#define SYNC_PASS     5 /* ms of the event loop's time that are taken at once */
#define SYNC_SERVED   4 /* peers that are sent flows at the same time */
#define SYNC_CHUNK    8192
#define SYNC_TELL_MAX 16384 /* flows told in a tick */

struct event;

/* Why a datagram was not taken: faults, then verdicts, then these. */
enum sync_drop {
	DROP_CLUSTER = SYNC_FAULTS + SYNC_VERDICTS,
	DROP_KEY,
	DROP_FORGED,
	DROP_UNASKED,
	DROP_OVERRUN,
	SYNC_DROPS
};

/* Datagrams that are to be sent together. */
struct sync_out {
	uint8_t bytes[SYNC_SOCKET_BATCH][SYNC_DATAGRAM_MAX];
	struct sync_datagram datagrams[SYNC_SOCKET_BATCH];
	size_t count;
	struct addr to; /* of all of them; family 0 = the group */
};

/* Asking a peer for flows: all of them at first, later what was missed. */
struct sync_join {
	bool done;	   /* new VIPs need not wait any more */
	bool complete;	   /* all flows of a peer were learnt */
	uint64_t usable;   /* ms: when the interface first was; 0 = never */
	uint64_t retry_at; /* ms: not before, when nobody waits */
	bool active;	   /* a peer has been asked: */
	struct sync_identity peer;
	char name[SYNC_NAME_MAX + 1];
	struct addr address;
	uint32_t transfer, since; /* as in sync_request */
	uint64_t cursor;	  /* where to go on */
	unsigned wanted;	  /* datagrams that are to come */
	unsigned ahead;		  /* that came, but not from the cursor on */
	unsigned timeouts;	  /* in a row */
	uint64_t progress;	  /* ms: asked, or the cursor moved */
	uint64_t asked;		  /* ms: for the first time */
	uint64_t flows;		  /* received for it */
};

/* A peer that asked for flows. */
struct sync_served {
	bool active;
	struct sync_identity peer;
	struct addr address;
	uint32_t transfer, since; /* as in sync_request */
	unsigned window;	  /* datagrams that it waits for */
	uint64_t position, next;  /* in the data plane: chunk's begin and end */
	uint16_t part;		  /* of the chunk, to be sent next */
	struct sync_batch *chunk;
	bool loaded;   /* the chunk has been collected */
	bool over;     /* the last part was sent */
	uint64_t seen; /* ms: when it last asked */
};

struct sync {
	struct event_base *base;
	const struct sync_callbacks *callbacks;
	void *arg;
	struct sync_settings settings; /* strings are its own */
	uint32_t cluster;
	struct sync_keys *keys;
	struct sync_socket *socket;
	struct sync_peers *peers;
	struct sync_rate rate;
	struct event *tick, *serve;
	struct sync_out out;
	struct sync_batch *batch; /* flows to tell */
	struct sync_join join;
	struct sync_served served[SYNC_SERVED];
	struct sync_service *services; /* what VIEWs say */
	size_t service_count;
	struct sync_digests digests;
	uint64_t view_at; /* ms: of the next VIEW */
	size_t view_next; /* service that this one has not got to */
	uint64_t since;	  /* ms */
	bool leaving;
	bool namesake; /* there is another instance of this name */

	struct sync_traffic sent, received;
	uint64_t deferred;
	uint64_t lost; /* in sockets that are closed, for want of room */
	struct sync_count drops[SYNC_DROPS];
	struct sync_count learnt[LEARNT_RESULTS];
};

/* sync.c */

/* A peer in its present epoch; NULL if it is not known so. */
const struct sync_peer *
sync_find_peer(const struct sync *, const struct sync_identity *);

/* sync_out.c */

/* A buffer for a datagram to a peer, or to all if to is NULL. */
uint8_t *sync_out_begin(struct sync *, const struct addr *to);
/* What was written there is complete: it will be signed and sent. */
void sync_out_end(struct sync *, struct sync_writer *, unsigned flags);
void sync_out_flush(struct sync *);
/* Bytes of IP and UDP headers. */
size_t sync_out_headers(const struct sync *);

/* sync_tell.c */

/* What is sent to all: that we are here, flows, how things look. */
void sync_hello(struct sync *, uint64_t now);
void sync_tell(struct sync *, uint64_t now);
void sync_tell_view(struct sync *, uint64_t now);

/* sync_receive.c */

void sync_receive(void *sync);
void sync_learn(struct sync *, struct sync_flows *);

/* sync_join.c */

void sync_join_tick(struct sync *, uint64_t now);
void sync_join_bulk(struct sync *, const struct sync_message *, uint64_t now);
void
sync_join_refused(struct sync *, const struct sync_message *, uint64_t now);
/* Of the instance that we are no more: begin anew. */
void sync_join_reset(struct sync *);

/* sync_serve.c */

void
sync_serve_request(struct sync *, const struct sync_message *, uint64_t now);
/* Send what has been asked for, as far as may be now. */
void sync_serve_more(struct sync *, uint64_t now);
/* Is somebody waiting for flows? */
bool sync_serve_busy(const struct sync *);
void sync_serve_reset(struct sync *);

/* sync_report.c */

void sync_report_init(struct sync *);
/* As sync_peers_options.report. */
void sync_report_event(
    enum sync_event, const struct sync_peer *, enum sync_kind, void *sync);

#endif
