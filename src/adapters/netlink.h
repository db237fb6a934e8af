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

/* How a server is reached. */
struct netlink_nexthop {
	bool routed;	     /* there is a unicast route for its frames */
	bool onlink;	     /* likewise, without a gateway */
	bool resolved;	     /* somebody answers for mac; else not any more */
	int ifindex;	     /* of the route; 0 if there is none */
	char interface[16];  /* its name; "" if there is no route */
	int wire;	     /* under a VLAN's interface, else ifindex */
	uint16_t vlan;	     /* VID that the interface stands for; or 0 */
	uint32_t mtu;	     /* the least of route (if set) and interfaces */
	struct addr gateway; /* family 0: none */
	uint8_t mac[6];	     /* of server or gateway, as last known; or zero */
	uint8_t source_mac[6]; /* of the interface */
	struct addr source;    /* the host's own address towards the server */
};

struct netlink_interface {
	int ifindex;
	bool up; /* administratively, and with a carrier */
	uint8_t mac[6];
	bool bond;
	int master; /* ifindex of what it is a member of; 0 = nothing */
	uint32_t mtu;
};

struct netlink_callbacks {
	/* A watched server's next hop is not what it was. */
	void (*nexthop)(
	    void *arg, const struct addr *, const struct netlink_nexthop *);
	/* All that changed at one time has been told so; may be NULL. */
	void (*nexthops_told)(void *arg);
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
 * Keep the next hop of a server known, by the kernel's routes and its own
 * neighbour discovery, and report changes.  A route by an interface that frames
 * with one 802.1Q tag at most can't be sent by is none, and logged.  Watching
 * twice needs unwatching twice. The callback comes from the event loop, never
 * from inside this call.
 */
void netlink_watch(struct netlink *, const struct addr *);
void netlink_unwatch(struct netlink *, const struct addr *);
/* What is known of a watched server now; NULL if it is not watched. */
const struct netlink_nexthop *
netlink_nexthop(struct netlink *, const struct addr *);

/* 0, or -1 if there is no such interface. */
int netlink_interface(
    struct netlink *, const char *name, struct netlink_interface *);
/* Call for each member of a bond; the callback may not change anything. */
void netlink_members(struct netlink *, int master,
    void (*)(void *arg, const char *name, int ifindex), void *arg);
/*
 * Have VLAN tags left in the frames of an interface, where XDP sees them: 1 if
 * that had to be changed, 0 if it was so, or -1 if it can't be (errno).  Of a
 * bond it is the members that are to be told.
 */
int netlink_keep_tags(const char *name);
/*
 * An address of the host's own that answers can be sent to: of the family, at
 * the interface if it has one there, else at any.  0, or -1 if there is none.
 */
int netlink_source(struct netlink *, int ifindex, int family, struct addr *out);
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
 * for when the device is gone, IPv4 and IPv6 alike.  Frames come out of the
 * peer with their checksums complete, and not longer than its MTU.  What a
 * predecessor left is found and reused.  Returns the device's ifindex, and the
 * peer's in *peer, or -1 after having logged why.
 */
int netlink_probe_path_add(struct netlink *, const char *device, uint32_t mark,
    uint32_t table, int *peer);
void netlink_probe_path_remove(
    struct netlink *, const char *device, uint32_t mark, uint32_t table);

#endif
