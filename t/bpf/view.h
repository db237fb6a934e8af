/* SPDX-License-Identifier: ISC */

/*
 * A frame as the tests understand it: a parser that shares nothing with the
 * BPF programs'.
 */

#ifndef T_BPF_VIEW_H
#define T_BPF_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* IPv6 headers that are looked behind: how many, and bytes of them */
#define VIEW_EXTENSIONS	     6
#define VIEW_EXTENSION_BYTES 1020

enum view_kind {
	VIEW_OTHER,	/* not IP, or too short for the addresses */
	VIEW_MALFORMED, /* only the addresses are set */
	VIEW_OK,
};

struct view {
	bool tagged;
	uint16_t tci;
	size_t ip; /* offset of the IP header */
	bool ipv6;
	uint8_t source[16], target[16]; /* IPv4 mapped */
	size_t header;			/* bytes from IP to the transport's */
	size_t total;			/* bytes of the IP packet */
	uint8_t protocol;		/* behind extension headers */
	int extensions;
	bool first, later; /* of several fragments */
	uint32_t id;
};

enum view_kind view_parse(struct view *, const uint8_t *, size_t length);

/* A packet without its Ethernet header, likewise. */
enum view_kind view_parse_packet(
    struct view *, const uint8_t *, size_t length, size_t ip, bool ipv6);

/* An extension header of IPv6 that is looked behind. */
bool view_is_extension(uint8_t protocol);

/* The IPv4 header's checksum is right, or there is none. */
bool view_header_right(const struct view *, const uint8_t *);
/* That of TCP, UDP or ICMP: of a whole packet. */
bool view_transport_right(const struct view *, const uint8_t *);
/* UDP may have none. */
bool view_has_checksum(const struct view *, const uint8_t *);
/* And it covers all that is behind the IP header. */
bool view_transport_summed(const struct view *, const uint8_t *);
/* Offset of the transport's checksum; 0 if it has none that is known. */
size_t view_checksum_at(const struct view *);

#endif
