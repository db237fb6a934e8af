/* SPDX-License-Identifier: ISC */

/*
 * Ethernet frames for the tests of the BPF programs, made byte by byte, and
 * what should become of them by code that shares nothing with the programs.
 */

#ifndef T_BPF_FRAME_H
#define T_BPF_FRAME_H

#include <stddef.h>
#include <stdint.h>

#define FRAME_IP 14 /* offset of the IP header */

#define VIP    0xc0000201 /* 192.0.2.1 */
#define CLIENT 0xc6336407 /* 198.51.100.7 */

/* TCP flags */
#define FIN 0x01
#define SYN 0x02
#define RST 0x04
#define PSH 0x08
#define ACK 0x10

struct frame {
	uint8_t bytes[512];
	size_t length;
};

/* Zero stands for the usual, which is a SYN from CLIENT to VIP, port 80. */
struct frame_spec {
	uint8_t protocol;
	uint8_t flags;	   /* of TCP */
	uint8_t ttl;	   /* 64 */
	uint8_t options;   /* bytes of IP options: a multiple of 4 */
	uint16_t id;	   /* of the IP header */
	uint16_t fragment; /* the word of the IP header */
	uint16_t payload;  /* bytes after the TCP or UDP header */
	uint16_t padding;  /* bytes after the IP packet */
	uint32_t client, vip;
	uint16_t client_port, port;
};

void frame_make(struct frame *, const struct frame_spec *);

/*
 * The same as it leaves: addressed to the destination, TTL one less, checksum
 * computed anew.
 */
void
frame_forward(struct frame *, const uint8_t mac[6], const uint8_t source[6]);

#endif
