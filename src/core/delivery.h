/* SPDX-License-Identifier: ISC */

/*
 * How packets reach a server: by its MAC address in the same layer 2, or
 * through the network, encapsulated or rewritten.
 */

#ifndef CORE_DELIVERY_H
#define CORE_DELIVERY_H

#include <stdbool.h>
#include <stdint.h>

#include "core/addr.h"

enum delivery_kind {
	DELIVERY_LAYER2, /* rewrite the Ethernet header */
	DELIVERY_IPIP,	 /* RFC 2003, 2473, 4213: IP in IP, any two versions */
	DELIVERY_GRE,	 /* RFC 2784: without key or checksum */
	DELIVERY_FOU,	 /* IP in UDP, nothing between */
	DELIVERY_GUE,	 /* draft-ietf-intarea-gue, variant 0, 4 bytes */
	DELIVERY_DSCP,	 /* rewrite the destination, and set the code point */
};
#define DELIVERY_KINDS (DELIVERY_DSCP + 1)

/* What doesn't apply to the kind is zero. */
struct delivery {
	enum delivery_kind kind;
	uint16_t port;	    /* fou, gue: UDP destination; host order */
	bool checksum;	    /* fou, gue: the outer UDP header has one */
	uint8_t code_point; /* dscp: 1 to 63 */
	/*
	 * ipip, gre: outer sources are spread over it, by flow; family 0: all
	 * are the host's own address.
	 */
	struct prefix source;
};

/* "layer2", "ipip", ...: static storage. */
const char *delivery_kind_name(enum delivery_kind);
bool delivery_equal(const struct delivery *, const struct delivery *);
/* Bytes that are put before a client's IP packet, Ethernet not counted. */
unsigned delivery_overhead(const struct delivery *, const struct addr *server);
/* Needs the server to be a neighbour, rather than anywhere. */
bool delivery_is_onlink(const struct delivery *);

#endif
