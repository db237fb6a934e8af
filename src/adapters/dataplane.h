/* SPDX-License-Identifier: ISC */

/*
 * The narrow interface between the engine and whatever steers packets: the
 * XDP data plane here, another one (IPVS) or a test's fake in its place.
 *
 * The engine gives whole services as they should be; the data plane applies
 * the difference to what it has.  A data plane that outlives the daemon (the
 * XDP one, pinned) still has the services of before when it is opened again.
 */

#ifndef ADAPTERS_DATAPLANE_H
#define ADAPTERS_DATAPLANE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "adapters/dataplane_flows.h"
#include "core/conf.h"
#include "core/service.h"
#include "core/sources.h"

enum destination_state {
	DESTINATION_DOWN,     /* gets nothing; its flows are re-hashed */
	DESTINATION_DRAINING, /* keeps its flows, gets no new ones */
	DESTINATION_UP,
};

struct dataplane_destination {
	struct addr address; /* of the server; unique in its service */
	enum destination_state state;
	unsigned weight;   /* as conf_destination's */
	unsigned withheld; /* percent of its slots that others have as yet */
	struct delivery delivery;
	/* The way out.  ifindex 0: not known, all of it stays as it was. */
	int ifindex;	       /* of the interface that has the wire */
	uint16_t vlan;	       /* VID of the tag; 0 = none */
	uint8_t mac[6];	       /* of the next hop */
	uint8_t source_mac[6]; /* of the interface */
	uint32_t mtu;	       /* bytes of the largest IP packet */
	struct addr source;    /* outer, of tunnels; else family 0 */
};

struct dataplane_service {
	struct service_key key;
	enum scheduler scheduler;
	bool sticky;
	bool track;    /* remember flows; else each packet goes by hash */
	uint32_t idle; /* s that a quiet flow keeps its place; 0 = usual */
	bool answers;  /* of service_each: its VIP answers pings */
	struct dataplane_destination *destinations;
	size_t destination_count;
};

struct dataplane_settings {
	bool unserved_pass;  /* a VIP's ports without a service */
	unsigned icmp_limit; /* ICMP packets made, a second and CPU */
	unsigned sampling;   /* a packet in so many is counted by its source */
};

/* What was counted of sources. */
struct dataplane_sources {
	int64_t since;	   /* seconds since the epoch */
	unsigned sampling; /* as it is set; 0 = nothing is counted */
	/* Of IPv6 prefixes that there was no room for. */
	uint64_t other_packets, other_octets;
};

/*
 * Since the service or destination came to be; they never go backwards.  Bytes
 * are those of Ethernet frames, without the frame check sequence.
 */
struct dataplane_counters {
	uint64_t packets, bytes; /* sent to destinations: frames as they came */
	uint64_t tx_bytes;	 /* the same with encapsulation's headers */
	uint64_t flows;		 /* entries made in the flow table */
	uint64_t stateless;	 /* packets sent by hash, with no entry */
	/* Dropped for want of a destination; 0 for a destination. */
	uint64_t no_destination, no_destination_bytes;
	/* Confirmed and live, as the last scan of the flow table found: now. */
	uint64_t connections;
};

struct dataplane_reason {
	const char *name; /* "fragment", for metrics: static storage */
	const char *help; /* one line: static storage */
	uint64_t packets;
	uint64_t bytes;	  /* of their frames, as they came */
	bool about_drops; /* of answers: those packets are dropped, too */
};

struct dataplane {
	const struct dataplane_ops *ops;
	/* an implementation's own members follow, in a larger struct */
};

/*
 * Functions that return int: 0, or -1 after having logged why.  Pointers
 * handed in are borrowed for the call.
 */
struct dataplane_ops {
	const char *name; /* "xdp" */

	/*
	 * Steer what comes in at an interface, or go on doing so; *native
	 * says how.  A failure is worth another try later.
	 */
	int (*interface_attach)(struct dataplane *, const char *name,
	    int ifindex, enum xdp_mode, bool *native);
	void (*interface_detach)(struct dataplane *, const char *name);
	/* Does it steer there now, by a predecessor's doing or ours? */
	bool (*interface_is_attached)(struct dataplane *, const char *name);
	/* Detach whatever is attached and not in the list (NULL-free). */
	void (*interface_detach_others)(
	    struct dataplane *, char *const *names, size_t count);

	/*
	 * The device through which probes leave, and the other end of it; see
	 * netlink.h.
	 */
	int (*probe_attach)(struct dataplane *, int ifindex, int peer);
	/*
	 * The mark of a socket whose packets go to this destination, and to
	 * no other, for as long as the service has it.
	 */
	int (*probe_mark)(struct dataplane *, const struct service_key *,
	    const struct addr *, uint32_t *mark);

	void (*settings_set)(
	    struct dataplane *, const struct dataplane_settings *);
	/* Does a VIP of the services answer pings?  At first it doesn't. */
	void (*vip_answers)(struct dataplane *, const struct addr *vip, bool);

	/* Make a service so; no packet sees a half-made one. */
	int (*service_set)(
	    struct dataplane *, const struct dataplane_service *);
	void (*service_remove)(struct dataplane *, const struct service_key *);
	/*
	 * The services that are applied, in no order.  The callback may not
	 * change the data plane.
	 */
	void (*service_each)(struct dataplane *,
	    void (*)(const struct dataplane_service *, void *), void *);
	/*
	 * The VIPs, each once, of services that a predecessor had and that
	 * could not be taken over when the data plane was opened.
	 */
	void (*former_each)(struct dataplane *,
	    void (*)(const struct addr *vip, void *), void *);

	/* Of a service, or of one of its destinations when that is given. */
	int (*counters)(struct dataplane *, const struct service_key *,
	    const struct addr *, struct dataplane_counters *);
	/* Packets dropped, by reason; *count is set; valid until next call. */
	const struct dataplane_reason *(*drops)(
	    struct dataplane *, size_t *count);
	/* The same of ICMP packets that were made, by kind. */
	const struct dataplane_reason *(*answers)(
	    struct dataplane *, size_t *count);
	void (*flows)(struct dataplane *, struct dataplane_flows *);

	/*
	 * Drop what comes from a prefix, of any length, and is for a VIP; one
	 * that is blocked already stays so, with its counters.  Of several that
	 * an address is in, the longest counts.
	 */
	int (*block)(struct dataplane *, const struct prefix *);
	int (*unblock)(struct dataplane *, const struct prefix *);
	/* All that are blocked.  The callback may not change that. */
	void (*blocked_each)(struct dataplane *,
	    void (*)(const struct prefix *, void *), void *);
	/* What was dropped so far: false if it isn't blocked. */
	bool (*blocked_counters)(struct dataplane *, const struct prefix *,
	    uint64_t *packets, uint64_t *octets);
	/*
	 * What was counted for VIPs, dropped or not, by prefixes of sources: of
	 * IPv4 all, of IPv6 those that send most.  Estimates, as only some
	 * packets are counted; begun anew when the sampling changes.
	 */
	void (*sources_each)(struct dataplane *,
	    void (*)(const struct source *, void *), void *);
	void (*sources)(struct dataplane *, struct dataplane_sources *);

	/*
	 * Tell of flows that others should know of: confirmed or closed since
	 * they were last told, new ones and changes of state before others.
	 * To be called every 100 ms: a call looks at a part of the table.
	 */
	void (*flows_tell)(struct dataplane *, dataplane_flow_fn *, void *);
	/*
	 * All flows (within 0), or those that are live and had a packet within
	 * so many seconds, from *cursor (0 at first) until the callback wants
	 * no more, or a part of the table was looked at.  *cursor is where to
	 * go on, or DATAPLANE_WALK_END.
	 */
	void (*flows_walk)(struct dataplane *, uint64_t *cursor,
	    uint32_t within, dataplane_flow_fn *, void *);
	/* Remember a flow that another instance has told of. */
	enum dataplane_learnt (*flow_learn)(
	    struct dataplane *, const struct flow *);
	/*
	 * What happens to a client's packet to a service; -1 if there is no
	 * such service.
	 */
	int (*explain)(struct dataplane *, const struct service_key *,
	    const struct addr *client, uint16_t port,
	    struct dataplane_explanation *);
	/*
	 * Whose the slot would be if that server got no new flows; family 0 if
	 * nobody's.
	 */
	int (*explain_without)(struct dataplane *, const struct service_key *,
	    uint32_t slot, const struct addr *gone, struct addr *chosen);
	/*
	 * Of a service's hash table, by the servers' addresses: the same on
	 * all instances that choose alike.  0 if there is no such service.
	 */
	uint64_t (*table_digest)(
	    struct dataplane *, const struct service_key *);

	/* Called once a second: now in seconds of CLOCK_MONOTONIC. */
	void (*tick)(struct dataplane *, uint64_t now);

	/* End: remove everything from the kernel, then as close. */
	void (*stop)(struct dataplane *);
	/* Release the handle; what is in the kernel goes on forwarding. */
	void (*close)(struct dataplane *);
};

#endif
