/* SPDX-License-Identifier: ISC */

/*
 * The socket that instances talk through: one for the group's datagrams and
 * for those to this instance alone, on one interface.  The interface may be
 * missing, be down, be made anew or get another address: the socket is opened
 * again as it has to be, and says what is wrong meanwhile.
 */

#ifndef ADAPTERS_SYNC_SOCKET_H
#define ADAPTERS_SYNC_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/addr.h"

/* Longer datagrams than any of ours come cut off, and are thereby known. */
#define SYNC_SOCKET_BYTES 1500
#define SYNC_SOCKET_BATCH 64

struct event_base;
struct sync_socket;

struct sync_socket_settings {
	char interface[16]; /* IFNAMSIZ */
	struct addr group;
	uint16_t port; /* host order */
	unsigned ttl;
};

struct sync_datagram {
	const uint8_t *bytes;
	size_t len;
	struct addr from; /* of those received */
};

/*
 * Opens, and goes on trying each second.  The function is called from the
 * event loop when there may be something to receive.
 */
struct sync_socket *sync_socket_new(struct event_base *,
    const struct sync_socket_settings *, void (*readable)(void *), void *arg);
void sync_socket_free(struct sync_socket *);

/* What is wrong with it now, "" if nothing: for people. */
const char *sync_socket_problem(const struct sync_socket *);
/* Datagrams that the kernel had no room for. */
uint64_t sync_socket_overruns(struct sync_socket *);

/*
 * What came, up to SYNC_SOCKET_BATCH datagrams: how many.  They are valid
 * until the next call.
 */
size_t sync_socket_receive(
    struct sync_socket *, const struct sync_datagram **datagrams);

/*
 * Send datagrams, to the group where to is NULL: how many were taken.  What
 * was not is lost; the sender need not care why.
 */
size_t sync_socket_send(struct sync_socket *, const struct addr *to,
    const struct sync_datagram *datagrams, size_t count);

#endif
