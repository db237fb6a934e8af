/* SPDX-License-Identifier: ISC */

/*
 * The kernel's network configuration, the only user of libnl: interfaces,
 * neighbours (next hops' MAC addresses), local addresses, and the device,
 * rule and route that carry health checks.
 */

#ifndef ADAPTERS_NETLINK_H
#define ADAPTERS_NETLINK_H

#include <stdbool.h>
#include <stdint.h>

#include "core/addr.h"

struct event_base;
struct netlink;

/* How a server that is on a connected subnet is reached. */
struct netlink_nexthop {
	bool onlink;	       /* there is a route, without a gateway */
	bool resolved;	       /* it answers for mac; false once it fails to */
	int ifindex;	       /* 0 if there is no route */
	char interface[16];    /* its name; "" if there is no route */
	uint8_t mac[6];	       /* of the server, as last known; or zero */
	uint8_t source_mac[6]; /* of the interface */
	struct addr source;    /* the host's own address towards the server */
};

struct netlink_interface {
	int ifindex;
	bool up; /* administratively, and with a carrier */
	uint8_t mac[6];
};

struct netlink_callbacks {
	/* A watched server's next hop is not what it was. */
	void (*nexthop)(
	    void *arg, const struct addr *, const struct netlink_nexthop *);
	/* An interface came, changed or (ifindex 0) went. */
	void (*interface)(
	    void *arg, const char *name, const struct netlink_interface *);
	/* A local address came or went. */
	void (*address)(void *arg, const struct addr *, bool present);
};

/* NULL after having logged why.  The callbacks are copied. */
struct netlink *
netlink_new(struct event_base *, const struct netlink_callbacks *, void *arg);
void netlink_free(struct netlink *);

/*
 * Keep the next hop of a server known, by the kernel's own neighbour
 * discovery, and report changes.  Watching twice needs unwatching twice.
 * The callback comes from the event loop, never from inside this call.
 */
void netlink_watch(struct netlink *, const struct addr *);
void netlink_unwatch(struct netlink *, const struct addr *);
/* What is known of a watched server now; NULL if it is not watched. */
const struct netlink_nexthop *
netlink_nexthop(struct netlink *, const struct addr *);

/* 0, or -1 if there is no such interface. */
int netlink_interface(
    struct netlink *, const char *name, struct netlink_interface *);
/* Is it an address of this host's own, on any interface? */
bool netlink_is_local(struct netlink *, const struct addr *);

/*
 * Would answers of watched servers, sent from a virtual address to this host,
 * get past the reverse path filters (rp_filter) here?  If not, each interface
 * is warned about once.  To be asked when the servers' next hops are known.
 */
bool netlink_check_replies(struct netlink *, const struct addr *vip);

/*
 * The way out for probes: a NOARP veth pair called device and device + "p", a
 * rule that sends marks of base mark (upper 16 bits) to table, with priority
 * table, that table's default route to the device, and an unreachable default
 * for when the device is gone, IPv4 and IPv6 alike.  What a predecessor left
 * is found and reused.  Returns the device's ifindex, or -1 after having
 * logged why.
 */
int netlink_probe_path_add(
    struct netlink *, const char *device, uint32_t mark, uint32_t table);
void netlink_probe_path_remove(
    struct netlink *, const char *device, uint32_t mark, uint32_t table);

#endif
