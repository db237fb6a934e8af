/* SPDX-License-Identifier: ISC */

/*
 * Writing the datagrams of sync_wire.h.  Start one of a type in a buffer of
 * the caller's, add records until one is refused for want of room (it is then
 * not in the datagram), and end it:
 *
 *	sync_write_flows(&writer, buffer);
 *	while (more && sync_write_flow(&writer, &flow))
 *		...
 *	covered = sync_write_end(&writer, &header);
 *	tag(buffer, covered, buffer + covered);
 *	send(buffer, covered + SYNC_TAG_LEN);
 *
 * The header comes last, so that a datagram that turns out to be empty costs
 * no sequence number.
 */

#ifndef CORE_SYNC_WRITE_H
#define CORE_SYNC_WRITE_H

#include "core/sync_wire.h"

struct sync_writer {
	uint8_t *bytes; /* SYNC_DATAGRAM_MAX of them */
	size_t len;	/* written, room for the header included */
	enum sync_type type;
	unsigned records; /* flows, peers or services so far */
	size_t group;	  /* where the group of flows begins, or 0 */
};

/* Of the hello, peers and bytes are not looked at. */
void sync_write_hello(struct sync_writer *, uint8_t buffer[SYNC_DATAGRAM_MAX],
    const struct sync_hello *);
bool sync_write_listed(struct sync_writer *, const struct sync_listed *);

/*
 * Flows that follow each other and share service and server take least room,
 * so sort them; any order is right.  A flow that the format has no words for
 * (embryonic, no address, of two families) is refused: see sync_flow_tellable.
 */
void sync_write_flows(struct sync_writer *, uint8_t buffer[SYNC_DATAGRAM_MAX]);
bool sync_write_flow(struct sync_writer *, const struct flow *);
bool sync_flow_tellable(const struct flow *);

/* Of the bulk, to, transfer and from are looked at.  Flows as above. */
void sync_write_bulk(struct sync_writer *, uint8_t buffer[SYNC_DATAGRAM_MAX],
    const struct sync_bulk *);
/* Where the next part begins. */
void sync_write_bulk_upto(struct sync_writer *, uint64_t cursor);

/*
 * The view of services in sync_service_order, as many as there is room for of
 * those from *next on, which is moved behind them.
 */
void sync_write_view(struct sync_writer *, uint8_t buffer[SYNC_DATAGRAM_MAX],
    const struct sync_service *, size_t count, size_t *next);
/* The order in a VIEW, as memcmp(3): of the keys' bytes. */
int sync_service_order(const struct service_key *, const struct service_key *);

void sync_write_request(struct sync_writer *, uint8_t buffer[SYNC_DATAGRAM_MAX],
    const struct sync_request *);
void sync_write_refusal(struct sync_writer *, uint8_t buffer[SYNC_DATAGRAM_MAX],
    const struct sync_refusal *);

/*
 * Put the header before it; its type is overwritten with the datagram's.
 * Returns how many bytes the MAC covers; the tag goes behind them.
 */
size_t sync_write_end(struct sync_writer *, const struct sync_header *);

#endif
