/* SPDX-License-Identifier: ISC */

/*
 * ICMP errors that reach this host, about packets of its own that no socket of
 * it has sent: those that the data plane made of health checks.
 */

#ifndef ADAPTERS_OVERHEAR_H
#define ADAPTERS_OVERHEAR_H

#include <stdint.h>

#include "core/addr.h"

struct event_base;
struct overhear;

/* Unreachable, redirect or time exceeded; not: too big. */
struct overheard {
	uint8_t type, code;
	struct addr from;	 /* who says so */
	struct addr destination; /* of the packet that it is about */
};

typedef void overhear_cb(void *arg, const struct overheard *);

/* NULL with errno set if it can't be: it needs CAP_NET_RAW. */
struct overhear *
overhear_start(struct event_base *, int family, overhear_cb *, void *arg);

/* NULL is accepted. */
void overhear_stop(struct overhear *);

#endif
