/* SPDX-License-Identifier: ISC */

/*
 * The way to a destination, judged by what the kernel says of it: what the
 * data plane is told, and why it can't be used.
 */

#ifndef ENGINE_WAY_H
#define ENGINE_WAY_H

#include <stdbool.h>
#include <stddef.h>

#include "core/conf.h"

struct dataplane_destination;
struct netlink;
struct netlink_nexthop;

/* Fits the detail of a check's result. */
#define WAY_PROBLEM_LEN 128

/*
 * Why the server can't be reached as its configuration says, for people:
 * "behind the gateway 10.0.0.1: ...".  "" if it can, whether or not it, or
 * the gateway, answers for its MAC address now.
 */
void way_problem(const struct addr *vip, const struct conf_destination *,
    const struct netlink_nexthop *, char problem[WAY_PROBLEM_LEN]);

/* Why no probe can be sent there although packets can; "" if it can. */
void way_probe_problem(struct netlink *, const struct addr *vip,
    const struct netlink_nexthop *, char problem[WAY_PROBLEM_LEN]);

/* The address that probes are sent from.  0, or -1 if there is none. */
int way_probe_source(struct netlink *, const struct addr *vip,
    const struct netlink_nexthop *, struct addr *);

/* Who doesn't answer for the MAC address: "no answer to ARP on eth0". */
void way_unresolved(const struct addr *server, const struct netlink_nexthop *,
    char problem[WAY_PROBLEM_LEN]);

/*
 * Does it lead out of an interface of the configuration's, a member of it, or
 * a bond of which it is one?  What comes in natively is sent out of another
 * interface by the driver of that, which most do only where XDP is attached;
 * a bridge, for one, never does.  Health checks are, always.
 */
bool way_is_listed(
    struct netlink *, const struct conf *, const struct netlink_nexthop *);

/* The part of it that says how packets get there. */
void way_describe(const struct conf_destination *,
    const struct netlink_nexthop *, struct dataplane_destination *);

#endif
