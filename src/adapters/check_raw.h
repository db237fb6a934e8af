/* SPDX-License-Identifier: ISC */

/*
 * Probes by packets that the kernel has no socket for: raw sockets, one for
 * each kind of probe and IP version, which all probes of the kind share.  Each
 * packet carries a mark of its own, an answer is known by a number that the
 * packet had and the answer repeats.  For the types of check.
 */

#ifndef ADAPTERS_CHECK_RAW_H
#define ADAPTERS_CHECK_RAW_H

#include <sys/tree.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <event2/event_struct.h>

#include "core/addr.h"

#define RAW_PACKET_MAX 64 /* bytes of what is sent, without an IP header */

struct check;
struct raw_probe;
struct raw_socket;

/* A kind of probe. */
struct raw_kind {
	int protocol4, protocol6; /* IPPROTO_* */
	size_t data_size;	  /* of *raw_data(), zero at first */
	/* Make a socket ready, with filters.  0, or -1 with errno set. */
	int (*open)(int fd, int family, void *data);
	void (*close)(void *data); /* may be NULL */
	/* Is it an answer?  Then its number.  bytes follow the IP header. */
	bool (*number_of_answer)(const void *data, int family,
	    const uint8_t *bytes, size_t length, uint32_t *number);
	/* The same of a packet that was sent, as ICMP returns it. */
	bool (*number_of_packet)(const void *data, int family,
	    const uint8_t *bytes, size_t length, uint32_t *number);
	/* The answer to a probe that is not decided, from where it was sent. */
	void (*answered)(
	    struct raw_probe *, const uint8_t *bytes, size_t length);
};

/* A part of the type's state, zero at first. */
struct raw_probe {
	RB_ENTRY(raw_probe) entry;
	struct check *check;
	struct raw_socket *socket; /* NULL = none */
	uint32_t number;
	bool registered; /* by number */
	struct event resend;
	uint8_t packet[RAW_PACKET_MAX];
	size_t length;
};

/* Take part: 0, or -1 after a decision. */
int raw_begin(struct raw_probe *, struct check *, const struct raw_kind *);
/* Be known by a number: false if another probe is. */
bool raw_register(struct raw_probe *, uint32_t number);
/* Send its packet, and again if there is no decision in a third of the time. */
void raw_send(struct raw_probe *);
/* Send this besides. */
void raw_send_bytes(struct raw_probe *, const void *, size_t);
void raw_release(struct raw_probe *);

/* What open has filled in. */
void *raw_data(struct raw_probe *);

/* The Internet checksum (RFC 1071) of bytes, begun with the sum of others. */
uint16_t raw_checksum(uint32_t sum, const uint8_t *bytes, size_t length);

#endif
