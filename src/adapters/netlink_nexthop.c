/* SPDX-License-Identifier: ISC */

/*
 * Watched servers: by which interface they are reached, and at which MAC
 * address.  Routes are looked up, never computed; addresses are resolved by
 * the kernel (ARP, neighbour discovery) because we ask it to:
 *
 * - with NTF_USE, "somebody wants to send", where there is no usable entry;
 * - by setting NUD_PROBE every few seconds where there is one.  The kernel
 *   then asks the server, unicast, whether it is still there.  A server that
 *   moved without a word is found in some 8 seconds (VERIFY_TICKS and three
 *   probes of 1 s); left alone, an entry is trusted for 15 to 45 seconds.
 *
 * NTF_EXT_MANAGED (Linux 5.16) would have the kernel repeat NTF_USE by itself,
 * every 5 seconds: no earlier verification, entries that outlive a daemon that
 * crashed, and the timer is needed anyway.  So it is not used.
 */

#include <sys/socket.h>

#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <netlink/attr.h>
#include <netlink/msg.h>

#include "adapters/netlink_private.h"
#include "base/log.h"
#include "base/xmalloc.h"

/* A resolved address is verified once in so many ticks (seconds). */
#define VERIFY_TICKS 5

/* States in which the kernel itself would send to the address it has. */
#define STATES_VALID \
	(NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE | STATES_FIXED)
/* States that are not the result of asking anybody. */
#define STATES_FIXED (NUD_PERMANENT | NUD_NOARP)
/* States in which the kernel is asking, or will not. */
#define STATES_LEAVE (NUD_INCOMPLETE | NUD_PROBE | STATES_FIXED)

/* The kernel's answer to who has an address. */
struct neighbour {
	uint16_t state; /* NUD_*, 0: nobody asked yet */
	bool has_mac;
	uint8_t mac[6];
};

static int
watch_compare(const struct watch *a, const struct watch *b)
{
	return (addr_compare(&a->addr, &b->addr));
}

RB_GENERATE(watches, watch, entry, watch_compare)

static struct watch *
watch_find(struct netlink *nl, const struct addr *addr)
{
	struct watch key = {.addr = *addr};

	return (RB_FIND(watches, &nl->watches, &key));
}

/* False if the message is not about a neighbour's own address. */
static bool
neighbour_parse(struct nlmsghdr *hdr, struct neighbour *out, int *ifindex,
    struct addr *addr)
{
	struct nlattr *attrs[NDA_MAX + 1];
	struct ndmsg *ndm;

	if (nlmsg_parse(hdr, sizeof(*ndm), attrs, NDA_MAX, NULL) < 0)
		return (false);
	ndm = nlmsg_data(hdr);
	if (netlink_addr_get(attrs[NDA_DST], ndm->ndm_family, addr) < 0 ||
	    (ndm->ndm_flags & NTF_PROXY))
		return (false);
	*out = (struct neighbour){0};
	*ifindex = ndm->ndm_ifindex;
	if (hdr->nlmsg_type == RTM_DELNEIGH)
		return (true);
	out->state = ndm->ndm_state;
	out->has_mac = (ndm->ndm_state & STATES_VALID) &&
	    attrs[NDA_LLADDR] != NULL &&
	    nla_len(attrs[NDA_LLADDR]) == sizeof(out->mac);
	if (out->has_mac)
		memcpy(out->mac, nla_data(attrs[NDA_LLADDR]), sizeof(out->mac));
	return (true);
}

static void
neighbour_read(struct netlink *nl, struct nlmsghdr *hdr, void *arg)
{
	struct addr addr;
	int ifindex;

	(void)nl;
	if (hdr->nlmsg_type == RTM_NEWNEIGH)
		neighbour_parse(hdr, arg, &ifindex, &addr);
}

static struct nl_msg *
neighbour_message(
    int type, int flags, const struct watch *watch, struct ndmsg ndm)
{
	struct nl_msg *msg;

	ndm.ndm_family = watch->addr.family;
	ndm.ndm_ifindex = watch->now.ifindex;
	msg = netlink_message(type, flags, &ndm, sizeof(ndm));
	nla_put(
	    msg, NDA_DST, netlink_addr_size(&watch->addr), watch->addr.bytes);
	return (msg);
}

/*
 * Resolved is what the kernel itself would send to, also while it verifies it.
 * What was last known of a MAC address stays until a better one is known.
 */
static void
watch_apply(struct watch *watch, const struct neighbour *neighbour)
{
	watch->state = neighbour->state;
	watch->now.resolved = neighbour->has_mac;
	if (neighbour->has_mac)
		memcpy(watch->now.mac, neighbour->mac, sizeof(watch->now.mac));
}

/* What is wrong for all servers alike is said once. */
static void
watch_refused(struct netlink *nl, const struct watch *watch, int error)
{
	bool lasting = error == EPERM || error == ENOBUFS;
	char text[ADDR_STRLEN];

	addr_format(&watch->addr, text);
	if (!lasting || nl->refused == error) {
		log_debug("netlink: %s: cannot have the MAC address of %s "
			  "resolved: %s",
		    watch->now.interface, text, strerror(error));
		return;
	}
	nl->refused = error;
	errno = error;
	log_warn("%s: cannot have the MAC address of %s resolved%s",
	    watch->now.interface, text,
	    error == ENOBUFS ? " (too many neighbours: raise "
			       "net.ipv4.neigh.default.gc_thresh3)"
			     : netlink_remedy(error));
}

/* Have the kernel verify the address that it has, or ask for one. */
static void
watch_resolve(struct netlink *nl, const struct watch *watch)
{
	static const struct ndmsg use = {.ndm_flags = NTF_USE};
	static const struct ndmsg probe = {.ndm_state = NUD_PROBE};
	int rc = -ENOENT;

	if (watch->state & STATES_LEAVE)
		return;
	/* Without an address given, the kernel keeps what it has. */
	if (watch->state & STATES_VALID)
		rc = netlink_ask(nl,
		    neighbour_message(RTM_NEWNEIGH, 0, watch, probe), NULL,
		    NULL);
	/* Not valid any more, or never was. */
	if (rc == -EINVAL || rc == -ENOENT)
		rc = netlink_ask(nl,
		    neighbour_message(RTM_NEWNEIGH, NLM_F_CREATE, watch, use),
		    NULL, NULL);
	if (rc < 0)
		watch_refused(nl, watch, -rc);
}

/* What is in the way of frames to a server; each interface is told once. */
static const char *
route_obstacle(struct netlink *nl, struct link *link, const struct route *route,
    struct wire *wire)
{
	const char *obstacle;

	*wire = (struct wire){.ifindex = link->ifindex, .mtu = link->mtu};
	if (route->type != RTN_UNICAST)
		return ("no unicast route");
	if (route->encapsulated)
		obstacle = "has a route with an encapsulation";
	else if ((obstacle = netlink_link_wire(nl, link, wire)) == NULL)
		return (NULL);
	if (!link->wire_warned)
		log_warnx("%s: no server can be reached by it: it %s",
		    link->name, obstacle);
	link->wire_warned = true;
	return (obstacle);
}

/* The part of a next hop that its route decides. */
static void
watch_route(struct netlink *nl, struct watch *watch)
{
	struct netlink_nexthop *now = &watch->now;
	struct link *link = NULL;
	struct route route;
	struct wire wire;

	if (netlink_route(nl, &watch->addr, &route) == 0)
		link = netlink_link(nl, route.ifindex);
	if (link == NULL || link->ifindex != now->ifindex) {
		*now = (struct netlink_nexthop){0};
		watch->state = 0;
	}
	if (link == NULL)
		return;
	now->routed = route_obstacle(nl, link, &route, &wire) == NULL;
	now->onlink = now->routed && route.gateway.family == 0;
	now->ifindex = link->ifindex;
	now->wire = wire.ifindex;
	now->vlan = wire.vlan;
	now->mtu = wire.mtu;
	if (route.mtu != 0 && route.mtu < wire.mtu)
		now->mtu = route.mtu;
	now->gateway = route.gateway;
	now->source = route.source;
	memcpy(now->interface, link->name, sizeof(now->interface));
	memcpy(now->source_mac, link->mac, sizeof(now->source_mac));
	if (!now->onlink) {
		now->resolved = false;
		memset(now->mac, 0, sizeof(now->mac));
	}
}

static void
report_queue(struct netlink *nl, struct watch *watch)
{
	if (watch->reporting)
		return;
	watch->reporting = true;
	TAILQ_INSERT_TAIL(&nl->reports, watch, report);
}

static void
watch_refresh(struct netlink *nl, struct watch *watch, bool verify)
{
	struct neighbour neighbour = {0};
	struct ndmsg ndm = {0};
	int rc;

	watch_route(nl, watch);
	if (watch->now.onlink) {
		rc = netlink_ask(nl,
		    neighbour_message(RTM_GETNEIGH, 0, watch, ndm),
		    neighbour_read, &neighbour);
		/* That the question failed says nothing about the server. */
		if (rc == 0 || rc == -ENOENT)
			watch_apply(watch, &neighbour);
		if (verify || !(watch->state & STATES_VALID))
			watch_resolve(nl, watch);
	}
	report_queue(nl, watch);
}

static void
lookup_queue(struct netlink *nl, struct watch *watch)
{
	if (watch->looking_up)
		return;
	watch->looking_up = true;
	TAILQ_INSERT_TAIL(&nl->lookups, watch, lookup);
}

void
netlink_watch_all_again(struct netlink *nl)
{
	struct watch *watch;

	RB_FOREACH(watch, watches, &nl->watches)
		lookup_queue(nl, watch);
	if (!TAILQ_EMPTY(&nl->lookups))
		netlink_schedule(nl, false);
}

void
netlink_watch_work(struct netlink *nl)
{
	struct watch *watch;

	while ((watch = TAILQ_FIRST(&nl->lookups)) != NULL) {
		TAILQ_REMOVE(&nl->lookups, watch, lookup);
		watch->looking_up = false;
		watch_refresh(nl, watch, !watch->told);
	}
}

void
netlink_watch_tick(struct netlink *nl)
{
	struct watch *watch;
	bool asked, due;

	RB_FOREACH(watch, watches, &nl->watches) {
		asked = watch->state & (STATES_VALID | NUD_INCOMPLETE);
		due = (nl->ticks + watch->phase) % VERIFY_TICKS == 0;
		if (!asked || due)
			watch_refresh(nl, watch, due);
	}
}

static bool
nexthop_equal(const struct netlink_nexthop *a, const struct netlink_nexthop *b)
{
	return (a->routed == b->routed && a->onlink == b->onlink &&
	    a->resolved == b->resolved && a->ifindex == b->ifindex &&
	    a->wire == b->wire && a->vlan == b->vlan && a->mtu == b->mtu &&
	    addr_compare(&a->gateway, &b->gateway) == 0 &&
	    strcmp(a->interface, b->interface) == 0 &&
	    memcmp(a->mac, b->mac, sizeof(a->mac)) == 0 &&
	    memcmp(a->source_mac, b->source_mac, sizeof(a->source_mac)) == 0 &&
	    addr_compare(&a->source, &b->source) == 0);
}

/* The callback may unwatch any server: nothing of a watch is used after it. */
void
netlink_watch_report(struct netlink *nl)
{
	struct netlink_nexthop nexthop;
	struct watch *watch;
	struct addr addr;

	while ((watch = TAILQ_FIRST(&nl->reports)) != NULL) {
		TAILQ_REMOVE(&nl->reports, watch, report);
		watch->reporting = false;
		if (watch->told && nexthop_equal(&watch->now, &watch->reported))
			continue;
		watch->told = true;
		watch->reported = nexthop = watch->now;
		addr = watch->addr;
		if (nl->callbacks.nexthop != NULL)
			nl->callbacks.nexthop(nl->arg, &addr, &nexthop);
	}
}

void
netlink_neighbour_message(struct netlink *nl, struct nlmsghdr *hdr)
{
	struct neighbour neighbour;
	struct watch *watch;
	struct addr addr;
	int ifindex;

	if (!neighbour_parse(hdr, &neighbour, &ifindex, &addr) ||
	    (watch = watch_find(nl, &addr)) == NULL || !watch->now.onlink ||
	    watch->now.ifindex != ifindex)
		return;
	watch_apply(watch, &neighbour);
	report_queue(nl, watch);
	/* Forgotten (flushed, for one) is not failed: ask without delay. */
	if (hdr->nlmsg_type == RTM_DELNEIGH && watch->reported.resolved) {
		lookup_queue(nl, watch);
		netlink_schedule(nl, false);
	}
}

static bool
prefix_covers(
    const struct addr *prefix, unsigned length, const struct addr *addr)
{
	unsigned whole = length / 8, rest = length % 8;

	if (prefix->family != addr->family ||
	    memcmp(prefix->bytes, addr->bytes, whole) != 0)
		return (false);
	return (rest == 0 ||
	    (prefix->bytes[whole] ^ addr->bytes[whole]) >> (8 - rest) == 0);
}

/*
 * Only servers that a changed route covers are looked up again: a BGP
 * speaker's kernel has hundreds of thousands of others.
 */
void
netlink_route_message(struct netlink *nl, struct nlmsghdr *hdr)
{
	struct nlattr *attrs[RTA_MAX + 1];
	struct watch *watch, key = {0};
	struct rtmsg *rtm;

	if (nlmsg_parse(hdr, sizeof(*rtm), attrs, RTA_MAX, NULL) < 0)
		return;
	rtm = nlmsg_data(hdr);
	if ((rtm->rtm_flags & RTM_F_CLONED) || rtm->rtm_dst_len > 128)
		return;
	if (hdr->nlmsg_type == RTM_DELROUTE && attrs[RTA_TABLE] != NULL &&
	    nla_len(attrs[RTA_TABLE]) == 4 &&
	    nla_get_u32(attrs[RTA_TABLE]) == nl->probe.table)
		nl->probe.suspect = nl->probe.installed;
	key.addr.family = rtm->rtm_family;
	netlink_addr_get(attrs[RTA_DST], rtm->rtm_family, &key.addr);
	for (watch = RB_NFIND(watches, &nl->watches, &key); watch != NULL &&
	     prefix_covers(&key.addr, rtm->rtm_dst_len, &watch->addr);
	     watch = RB_NEXT(watches, &nl->watches, watch))
		lookup_queue(nl, watch);
	if (!TAILQ_EMPTY(&nl->lookups))
		netlink_schedule(nl, false);
}

void
netlink_watch(struct netlink *nl, const struct addr *addr)
{
	struct watch *watch;

	if ((watch = watch_find(nl, addr)) == NULL) {
		watch = xcalloc(1, sizeof(*watch));
		watch->addr = *addr;
		watch->phase = nl->watch_count++;
		RB_INSERT(watches, &nl->watches, watch);
		lookup_queue(nl, watch);
		netlink_schedule(nl, true);
	}
	watch->references++;
}

static void
watch_free(struct netlink *nl, struct watch *watch)
{
	if (watch->looking_up)
		TAILQ_REMOVE(&nl->lookups, watch, lookup);
	if (watch->reporting)
		TAILQ_REMOVE(&nl->reports, watch, report);
	RB_REMOVE(watches, &nl->watches, watch);
	free(watch);
}

void
netlink_unwatch(struct netlink *nl, const struct addr *addr)
{
	struct watch *watch = watch_find(nl, addr);

	if (watch != NULL && --watch->references == 0)
		watch_free(nl, watch);
}

void
netlink_watch_free_all(struct netlink *nl)
{
	struct watch *watch, *next;

	RB_FOREACH_SAFE(watch, watches, &nl->watches, next)
		watch_free(nl, watch);
}

const struct netlink_nexthop *
netlink_nexthop(struct netlink *nl, const struct addr *addr)
{
	struct watch *watch = watch_find(nl, addr);

	return (watch != NULL ? &watch->now : NULL);
}

const struct addr *
netlink_watch_source(struct netlink *nl, int ifindex, int family)
{
	struct watch *watch;

	RB_FOREACH(watch, watches, &nl->watches) {
		if (watch->now.onlink && watch->now.ifindex == ifindex &&
		    watch->now.source.family == family)
			return (&watch->now.source);
	}
	return (NULL);
}
