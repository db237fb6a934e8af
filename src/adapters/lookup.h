/* SPDX-License-Identifier: ISC */

/*
 * The addresses of a name, from /etc/hosts or the name servers of
 * /etc/resolv.conf, which is read anew each time; nothing waits for them.
 */

#ifndef ADAPTERS_LOOKUP_H
#define ADAPTERS_LOOKUP_H

#include <stddef.h>

#include "core/addr.h"

#define LOOKUP_ADDRESSES 8 /* that are told, of one name */

struct event_base;
struct lookup;

/* At least one address, or none and an error in static storage. */
typedef void
lookup_cb(void *arg, const struct addr *, size_t count, const char *error);

/*
 * The callback comes once, from the event loop, and the handle is then gone;
 * or it comes from inside this call, which then returns NULL.
 */
struct lookup *
lookup_start(struct event_base *, const char *name, lookup_cb *, void *arg);
/* End it without its callback.  NULL is accepted. */
void lookup_cancel(struct lookup *);

#endif
