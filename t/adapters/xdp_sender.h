/* SPDX-License-Identifier: ISC */

/*
 * Clients' packets, given to the program that is attached in the XDP data
 * plane's lab by BPF_PROG_TEST_RUN.
 */

#ifndef T_ADAPTERS_XDP_SENDER_H
#define T_ADAPTERS_XDP_SENDER_H

#include <stdint.h>

#include <netinet/tcp.h>

#include "core/service.h"

struct dataplane;

/* Attach at va: the program, to be closed. */
int sender_attach(struct dataplane *);

/*
 * Send a packet of a client to a service, with flags if that is TCP: the last
 * byte of the destination's MAC address, or 0 if it was not sent.
 */
uint8_t sender_send(int program, const struct service_key *,
    const struct addr *client, uint16_t port, uint8_t flags);

#endif
