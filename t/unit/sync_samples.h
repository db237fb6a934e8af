/* SPDX-License-Identifier: ISC */

/*
 * Sync datagrams for tests, one and more of each type.  The tag is zeros.
 */

#ifndef UNIT_SYNC_SAMPLES_H
#define UNIT_SYNC_SAMPLES_H

#include "core/sync_write.h"

#define SAMPLE_NAME	"lb1.example.net"
#define SAMPLE_SENDER	0xa1a2a3a4a5a6a7a8
#define SAMPLE_EPOCH	1700000000000000001
#define SAMPLE_TO	0xb1b2b3b4b5b6b7b8
#define SAMPLE_TO_EPOCH 1700000000000000002
#define SAMPLE_FLOWS	200

enum sample_flows {
	SAMPLE_FOUR,	  /* one service, one server */
	SAMPLE_SIX,	  /* the same of IPv6 */
	SAMPLE_SCATTERED, /* each to another server */
	SAMPLE_MIXED,	  /* a few of each, IPv6 and IPv4 */
	SAMPLE_TUNNELS,	  /* IPv4 served by IPv6, and the other way round */
	SAMPLE_KINDS
};

/* Flow number i of a service, and of an IPv6 one. */
void sample_flow4(struct flow *, unsigned i);
void sample_flow6(struct flow *, unsigned i);
/* SAMPLE_FLOWS of a kind: how many. */
size_t sample_flows(struct flow[SAMPLE_FLOWS], enum sample_flows);
/* In order. */
void sample_services(struct sync_service *, size_t count);

/* End a datagram, with a sample header if NULL, and the tag: its length. */
size_t sample_end(struct sync_writer *, const struct sync_header *);

/* Whole datagrams: their lengths. */
size_t sample_hello(
    uint8_t[SYNC_DATAGRAM_MAX], unsigned peers, const struct sync_header *);
/* As many of the flows as there is room for: *count afterwards. */
size_t sample_flows_datagram(
    uint8_t[SYNC_DATAGRAM_MAX], const struct flow *, size_t *count);
size_t sample_view(uint8_t[SYNC_DATAGRAM_MAX], const struct sync_service *,
    size_t count, size_t *next);
size_t sample_request(uint8_t[SYNC_DATAGRAM_MAX]);
size_t
sample_bulk(uint8_t[SYNC_DATAGRAM_MAX], const struct flow *, size_t count);
size_t sample_refusal(uint8_t[SYNC_DATAGRAM_MAX]);

/* Compare, with cmocka. */
void sample_assert_flow(const struct flow *, const struct flow *wanted);

#endif
