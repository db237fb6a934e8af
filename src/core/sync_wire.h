/* SPDX-License-Identifier: ISC */

/*
 * The datagrams that instances send each other, as bytes: vc5d-sync(5) has
 * them in full.  Reading is here, writing is in sync_write.h; what datagrams
 * mean, and which to believe, is in sync_peers.h.  Nothing here allocates.
 *
 * A datagram is a header, a payload by type, and a tag: the MAC of all bytes
 * before it.  The MAC is not made and not checked here.
 */

#ifndef CORE_SYNC_WIRE_H
#define CORE_SYNC_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/flow.h"

#define SYNC_DATAGRAM_MAX 1400
#define SYNC_HEADER_LEN	  40
#define SYNC_TAG_LEN	  16	/* the last bytes of a datagram */
#define SYNC_NAME_MAX	  63	/* of an instance, bytes */
#define SYNC_PEERS_MAX	  60	/* that a HELLO has room for */
#define SYNC_IDLE_MAX	  16383 /* seconds; what is more is told as this */
#define SYNC_EPOCH_MAX	  INT64_MAX

enum sync_type {
	SYNC_HELLO = 1, /* to all: I am here, and these I heard */
	SYNC_FLOWS,	/* to all: flows that are new or changed */
	SYNC_VIEW,	/* to all: what services look like from here */
	SYNC_REQUEST,	/* to one: send me flows */
	SYNC_BULK,	/* to one: a part of the flows asked for */
	SYNC_REFUSAL,	/* to one: not now */
};

/* Flags, each for one type. */
#define SYNC_HELLO_LEARNING 0x0001 /* don't ask me for flows */
#define SYNC_HELLO_LEAVING  0x0002 /* I am stopping */
#define SYNC_BULK_LAST	    0x0001 /* no flows come after this part */

struct sync_header {
	uint8_t type; /* enum sync_type */
	uint16_t flags;
	uint32_t cluster, key; /* which key the tag was made with */
	uint64_t sender, epoch, sequence;
};

/* One start of one instance. */
struct sync_identity {
	uint64_t id, epoch;
};

struct sync_digests { /* 0: not known, and not compared */
	uint64_t config, health, tables;
};

/* Payloads.  "bytes" are borrowed from the datagram, and checked. */

struct sync_hello {
	uint32_t beat;	/* HELLOs sent in this epoch, with this one */
	uint32_t flows; /* in its table */
	struct sync_digests digests;
	char name[SYNC_NAME_MAX + 1]; /* printable ASCII, not empty */
	const uint8_t *bytes;
	unsigned peers; /* sync_hello_peer(hello, 0 to peers - 1) */
};

struct sync_listed {
	struct sync_identity who;
	uint32_t beat; /* of the last HELLO heard from it */
};

struct sync_flows { /* to be read by sync_flow_next */
	const uint8_t *bytes, *end;
	unsigned left;	   /* in the group that bytes are in */
	struct flow group; /* its service and server */
};

/* A service, as seen by one instance.  In a VIEW they are in order. */
struct sync_service {
	struct service_key key;
	uint32_t config, health, tables; /* digests, as above */
};

struct sync_view {
	/* It covers the keys above after, and up to and with upto. */
	struct service_key after, upto; /* vip.family 0: no such limit */
	const uint8_t *bytes;
	unsigned services; /* sync_view_service(view, 0 to services - 1) */
};

struct sync_request {
	struct sync_identity to;
	uint32_t transfer; /* chosen by who asks, for each transfer anew */
	uint16_t window;   /* datagrams wanted, 1 or more */
	uint32_t since;	   /* only flows with packets in so many s; 0 = all */
	uint64_t cursor;   /* 0, or where a BULK ended */
};

struct sync_bulk {
	struct sync_identity to;
	uint32_t transfer;
	uint64_t from, upto; /* cursors: opaque but to who sent them */
	struct sync_flows flows;
};

enum sync_reason {
	SYNC_REASON_LEARNING = 1,
	SYNC_REASON_BUSY,
	SYNC_REASON_LEAVING,
};

struct sync_refusal {
	struct sync_identity to;
	uint32_t transfer;
	uint16_t reason; /* enum sync_reason, or one of a later version */
};

struct sync_message {
	struct sync_header header;
	union { /* by header.type */
		struct sync_hello hello;
		struct sync_flows flows;
		struct sync_view view;
		struct sync_request request;
		struct sync_bulk bulk;
		struct sync_refusal refusal;
	};
};

enum sync_fault {
	SYNC_SOUND,
	SYNC_TRUNCATED, /* shorter than header and tag */
	SYNC_TOO_LONG,
	SYNC_FOREIGN, /* no datagram of this protocol */
	SYNC_OTHER_VERSION,
	SYNC_UNKNOWN_TYPE,
	SYNC_MALFORMED, /* lengths, flags or values that can't be */
	SYNC_FAULTS
};

/* A word for it, as in metrics: "truncated", ...  Static storage. */
const char *sync_fault_name(enum sync_fault);
/* "hello", ...; "unknown".  Static storage. */
const char *sync_type_name(unsigned type);

/* To all, or to one: these have sequence numbers of their own. */
bool sync_is_to_all(unsigned type);

/* The header alone, to find the key by; cheap.  len is the datagram's. */
enum sync_fault
sync_peek(const uint8_t *datagram, size_t len, struct sync_header *);

/*
 * All of it, once the tag was found right.  Every length and every record was
 * checked if SYNC_SOUND is returned; else *out is not to be used.
 */
enum sync_fault
sync_read(const uint8_t *datagram, size_t len, struct sync_message *out);

void sync_hello_peer(const struct sync_hello *, unsigned, struct sync_listed *);
void
sync_view_service(const struct sync_view *, unsigned, struct sync_service *);
/* The next flow; false if there is none. */
bool sync_flow_next(struct sync_flows *, struct flow *);

/* Can there be such a service: TCP or UDP, a port, a VIP of one host. */
bool sync_key_is_sound(const struct service_key *);

#endif
