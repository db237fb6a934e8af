/* SPDX-License-Identifier: ISC */

/*
 * What the files of the netlink adapter share, and nobody else sees:
 * netlink.c (sockets and events), netlink_link.c (interfaces),
 * netlink_address.c (own addresses), netlink_nexthop.c (watched servers),
 * netlink_neighbour.c (who takes their packets), netlink_route.c (routing),
 * netlink_probe.c and netlink_device.c (the probes' way out), and
 * netlink_offload.c (what interfaces do to frames).
 */

#ifndef ADAPTERS_NETLINK_PRIVATE_H
#define ADAPTERS_NETLINK_PRIVATE_H

#include <linux/if.h>

#include <sys/queue.h>
#include <sys/tree.h>

#include "adapters/netlink.h"

struct event;
struct nl_msg;
struct nl_sock;
struct nlattr;
struct nlmsghdr;

/* An interface of this host. */
struct link {
	RB_ENTRY(link) entry;
	int ifindex; /* the key */
	char name[IFNAMSIZ];
	bool up;       /* IFF_UP and IFF_RUNNING */
	bool carrier;  /* which may be there a second before it is up */
	bool loopback; /* it is the loopback interface */
	bool ethernet; /* its frames have an Ethernet header */
	bool bond;
	bool tagged;	   /* it stands for a VLAN of another interface */
	uint16_t vlan;	   /* VID of that */
	uint16_t protocol; /* of that VLAN's tags: an EtherType */
	uint8_t mac[6];
	uint32_t mtu;
	int lower;	    /* ifindex of what it is on top of; 0 = nothing */
	int master;	    /* ifindex of what it is a member of; 0 = nothing */
	bool seen;	    /* in the table that was just read */
	bool filter_warned; /* that its filter drops probes' answers */
	bool wire_warned;   /* that servers can't be reached by it */
};
RB_HEAD(links, link);
RB_PROTOTYPE(links, link, entry, link_compare)

/* An address of an interface: the same one can be at several. */
struct local {
	RB_ENTRY(local) entry;
	struct addr addr; /* the key: these three */
	int ifindex;
	uint8_t prefix; /* length */
	uint8_t scope;	/* RT_SCOPE_* */
	uint32_t flags; /* IFA_F_* */
	bool seen;	/* in the table that was just read */
};
RB_HEAD(locals, local);
RB_PROTOTYPE(locals, local, entry, local_compare)

/* A watched server. */
struct watch {
	RB_ENTRY(watch) entry;
	TAILQ_ENTRY(watch) lookup; /* in netlink.lookups, if looking_up */
	TAILQ_ENTRY(watch) report; /* in netlink.reports, if reporting */
	bool looking_up, reporting;
	struct addr addr;	     /* the key */
	unsigned references;	     /* netlink_watch() calls not yet undone */
	unsigned phase;		     /* of the ticks in which it is looked up */
	struct neighbour *neighbour; /* NULL: it is not routed */
	TAILQ_ENTRY(watch) shared;   /* in that's watches */
	bool told; /* reported is what was reported, not just zero */
	struct netlink_nexthop now, reported;
};
RB_HEAD(watches, watch);
RB_PROTOTYPE(watches, watch, entry, watch_compare)
TAILQ_HEAD(watch_queue, watch);

/* Who takes packets of watched servers off a wire: a server or a gateway. */
struct neighbour {
	RB_ENTRY(neighbour) entry;
	TAILQ_ENTRY(neighbour) question; /* in netlink.questions, if asking */
	bool asking, verify;		 /* ... also what is known */
	int ifindex;			 /* the key: these two */
	struct addr addr;
	struct watch_queue watches; /* of whom; never empty */
	unsigned phase;		    /* of the ticks in which it is verified */
	uint16_t state;		    /* NUD_*; 0 = the kernel has no entry */
	bool resolved;		    /* the kernel would send to mac */
	uint8_t mac[6];		    /* as last known; or zero */
};
RB_HEAD(neighbours, neighbour);
RB_PROTOTYPE(neighbours, neighbour, entry, neighbour_compare)
TAILQ_HEAD(neighbour_queue, neighbour);

/* What is known is asked for again once in so many ticks (seconds). */
#define VERIFY_TICKS 5

/* The way out for probes, as it was asked for. */
struct probe_path {
	bool installed;
	bool suspect; /* something of it was changed by others */
	char device[IFNAMSIZ], peer[IFNAMSIZ];
	uint32_t mark, table;
};

struct netlink {
	struct netlink_callbacks callbacks;
	void *arg;		 /* of the callbacks */
	struct nl_sock *events;	 /* non-blocking, member of groups */
	struct nl_sock *request; /* one question at a time */
	struct event *readable;	 /* of events */
	struct event *tick;	 /* once a second */
	struct event *work;	 /* lookups and reports, coalesced */
	unsigned ticks;
	bool stale;  /* events were lost: all is to be read again */
	int refused; /* errno: why no address at all can be resolved */
	struct links links;
	struct locals locals;
	struct watches watches;
	unsigned watch_count;	    /* ever made: spreads their phases */
	struct watch_queue lookups; /* routes to be looked up again */
	struct watch_queue reports; /* what may have changed */
	struct neighbours neighbours;
	unsigned neighbour_count; /* likewise */
	struct neighbour_queue questions;
	struct probe_path probe;
};

/* netlink.c */

/*
 * Ask the kernel and wait for the end of its answer, of which each message is
 * given to the callback (may be NULL).  Takes the message.  0 or -errno.
 */
typedef void netlink_reply_cb(struct netlink *, struct nlmsghdr *, void *arg);
int netlink_ask(
    struct netlink *, struct nl_msg *, netlink_reply_cb *reply, void *arg);
/* The same for a table; again when it changed while it was being read. */
int netlink_dump(struct netlink *, int type, const void *header, size_t size,
    netlink_reply_cb *reply, void *arg);
/* A message with its fixed header; out of memory is fatal. */
struct nl_msg *
netlink_message(int type, int flags, const void *header, size_t size);
/* Have netlink.work done within a moment; at once if it is urgent. */
void netlink_schedule(struct netlink *, bool urgent);
/* What an error number means to the operator, for the end of a message. */
const char *netlink_remedy(int error);

unsigned netlink_addr_size(const struct addr *);
/* 0, or -1 if the attribute is absent or not such an address. */
int netlink_addr_get(const struct nlattr *, int family, struct addr *out);

/* netlink_link.c */

/* Where the frames of an interface go. */
struct wire {
	int ifindex;
	uint16_t vlan; /* VID; 0 = no tag */
	uint32_t mtu;  /* of what the frames carry */
};

void netlink_link_message(struct netlink *, struct nlmsghdr *);
/* Read the table; report the difference if asked to.  0 or -errno. */
int netlink_links_load(struct netlink *, bool report);
void netlink_links_free(struct netlink *);
struct link *netlink_link(struct netlink *, int ifindex);
/* NULL, or why frames can't be sent there: "is ...". */
const char *
netlink_link_wire(struct netlink *, const struct link *, struct wire *out);

/* netlink_address.c */

void netlink_address_message(struct netlink *, struct nlmsghdr *);
/* As netlink_links_load(); what came and went is always reported. */
int netlink_addresses_load(struct netlink *, bool report);
void netlink_addresses_free(struct netlink *);

/* netlink_nexthop.c */

void netlink_route_message(struct netlink *, struct nlmsghdr *);
/* Routes may have changed: look all of them up, soon. */
void netlink_watch_all_again(struct netlink *);
void netlink_watch_tick(struct netlink *);
void netlink_watch_work(struct netlink *);
void netlink_watch_report(struct netlink *);
void netlink_watch_free_all(struct netlink *);
/* What is known of its neighbour may have changed. */
void netlink_watch_answered(struct netlink *, struct watch *);
/*
 * Where answers of servers that are reached by an interface come to; false if
 * there are no such servers, or no such address.
 */
bool netlink_watch_source(
    struct netlink *, int ifindex, int family, struct addr *out);

/* netlink_neighbour.c */

void netlink_neighbour_message(struct netlink *, struct nlmsghdr *);
/* Have one known for a watch, instead of the one before. */
void netlink_neighbour_join(
    struct netlink *, struct watch *, int ifindex, const struct addr *);
void netlink_neighbour_leave(struct netlink *, struct watch *);
/* Does it answer, or is the kernel asking it? */
bool netlink_neighbour_asked(const struct neighbour *);
void netlink_neighbours_tick(struct netlink *);
void netlink_neighbours_work(struct netlink *);

/* netlink_route.c */

/* The kernel's answer to where packets for an address would go. */
struct route {
	int ifindex;
	uint8_t type;	     /* RTN_* */
	bool encapsulated;   /* into something that the kernel would add */
	uint32_t mtu;	     /* as configured for it; 0 = the interface's */
	struct addr gateway; /* family 0 = none */
	struct addr source;  /* what the kernel would send from */
};
/* 0, or -errno if there is no route. */
int netlink_route(struct netlink *, const struct addr *, struct route *out);

/* netlink_device.c */

/* A link as the kernel has it now, which events may not have told yet. */
struct device {
	int ifindex; /* 0: there is none */
	int peer;    /* of a veth: the ifindex of its other end */
	bool veth;
};
/* Neither is there, or both are and belong together: 0, else -errno. */
int netlink_pair_find(struct netlink *, const char *name, const char *peer,
    struct device pair[2]);
/* Find it or make it, and make it what it should be.  -1 has been logged. */
int netlink_pair_install(struct netlink *, const char *name, const char *peer,
    struct device pair[2]);
int netlink_pair_settle(struct netlink *, const char *name, const char *peer,
    const struct device pair[2]);
/* If it is a pair of ours. */
void netlink_pair_remove(struct netlink *, const char *name, const char *peer);

/* netlink_offload.c */

/*
 * Turn off what an interface does, by patterns of the kernel's names for that
 * (the last is NULL): 1 if something was on, 0 if not, or -1 (errno; EOPNOTSUPP
 * where something can't be turned off).
 */
int netlink_features_off(const char *name, const char *const *patterns);

/* netlink_probe.c */

void netlink_rule_message(struct netlink *, struct nlmsghdr *);
void netlink_probe_tick(struct netlink *);

#endif
