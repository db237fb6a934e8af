/* SPDX-License-Identifier: ISC */

/*
 * Who claims an address: an ARP request (RFC 826) or a neighbour solicitation
 * (RFC 4861) of our own, and who answers.  The kernel's neighbours are not
 * touched.
 */

#ifndef ADAPTERS_NEIGHBOUR_PROBE_H
#define ADAPTERS_NEIGHBOUR_PROBE_H

#include <stdint.h>

#include "core/addr.h"

struct event_base;
struct neighbour_probe;

/* The MAC address, or NULL if nobody has answered in time. */
typedef void neighbour_probe_cb(void *arg, const uint8_t *mac);

/*
 * Ask for an address at an interface, in the name of one of this host's.  The
 * callback comes once, from the event loop, within ms; the handle is then gone.
 * NULL with errno set if it can't be asked for.
 */
struct neighbour_probe *neighbour_probe_start(struct event_base *, int ifindex,
    const uint8_t mac[6], const struct addr *wanted, const struct addr *source,
    unsigned ms, neighbour_probe_cb *, void *arg);

/* Without a callback; NULL is accepted. */
void neighbour_probe_cancel(struct neighbour_probe *);

#endif
