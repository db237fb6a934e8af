/* SPDX-License-Identifier: ISC */

/*
 * Ethernet frames for the tests of the BPF programs, made byte by byte by
 * code that shares nothing with the programs.
 */

#ifndef T_BPF_FRAME_H
#define T_BPF_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FRAME_IP	14    /* offset of the IP header without a tag */
#define FRAME_IP_TAGGED 18    /* and with one */
#define FRAME_MAX	10240 /* room for a jumbo frame and its wrapping */

#define VIP    0xc0000201 /* 192.0.2.1 */
#define CLIENT 0xc6336407 /* 198.51.100.7 */
/* The low words of 2001:db8::1 and of 2001:db8:c::7 */
#define VIP6	1
#define CLIENT6 7

#define ICMP   1
#define TCP    6
#define UDP    17
#define ICMPV6 58

/* TCP flags */
#define FIN 0x01
#define SYN 0x02
#define RST 0x04
#define PSH 0x08
#define ACK 0x10

/* The word of the IPv4 header */
#define MORE_FRAGMENTS 0x2000
#define DONT_FRAGMENT  0x4000
/* The same of the IPv6 fragment header, whose offset is in bits 15 to 3. */
#define MORE_FRAGMENTS6 0x0001

struct frame {
	uint8_t bytes[FRAME_MAX];
	size_t length;
};

/*
 * Zero stands for the usual, which is a SYN from CLIENT to VIP, port 80.  All
 * checksums are right, but those of fragments, which are of more than there
 * is.
 */
struct frame_spec {
	uint8_t protocol;
	uint8_t flags;	      /* of TCP */
	uint8_t ttl;	      /* 64; hop limit */
	uint8_t options;      /* bytes of IPv4 options: a multiple of 4 */
	uint8_t tos;	      /* 0x28; traffic class */
	uint32_t id;	      /* of the IPv4 or fragment header */
	uint16_t fragment;    /* the word of the IPv4 or fragment header */
	uint16_t payload;     /* bytes after the TCP, UDP or ICMP header */
	uint16_t padding;     /* bytes after the IP packet */
	uint32_t client, vip; /* IPv6: the last word of the addresses */
	uint16_t client_port, port;
	bool ipv6;
	bool reply; /* from the VIP to the client: addresses, ports swapped */
	bool tagged;
	uint16_t tci;
	bool no_checksum; /* UDP: it is 0 */
	/*
	 * IPv6 extension headers: "h" hop-by-hop, "H" a longer one, "d"
	 * destination options, "r" routing, "f" fragment, "a" AH.
	 */
	const char *extensions;
	uint8_t icmp_type, icmp_code;
	uint32_t icmp_word;		/* identifier and sequence, MTU */
	const struct frame_spec *quote; /* the payload begins with its packet */
	uint16_t quoted;		/* so many bytes of it; 0 = all */
};

void frame_make(struct frame *, const struct frame_spec *);
/* The same without an Ethernet header, to be quoted: its length. */
size_t frame_make_packet(uint8_t *, const struct frame_spec *);

/* The addresses of a spec. */
void frame_client(uint8_t address[16], const struct frame_spec *);
void frame_vip(uint8_t address[16], const struct frame_spec *);

/* Where its IP header is. */
size_t frame_ip(const struct frame *);

/*
 * The same as it leaves by layer 2 without a tag: addressed to the
 * destination, TTL one less, checksum computed anew.
 */
void
frame_forward(struct frame *, const uint8_t mac[6], const uint8_t source[6]);

/* Big-endian words. */
uint16_t get16(const uint8_t *);
uint32_t get32(const uint8_t *);
void put16(uint8_t *, uint16_t);
void put32(uint8_t *, uint32_t);

/*
 * RFC 1071: the sum of words, the last byte padded, added to another; folded
 * into 16 bits.  A checksum is its complement.
 */
uint16_t sum_words(const uint8_t *, size_t length, uint16_t sum);
/* Of the pseudo-header for the IP header's addresses: RFC 9293, RFC 8200. */
uint16_t sum_pseudo(const uint8_t *ip, uint8_t protocol, uint32_t length);

#endif
