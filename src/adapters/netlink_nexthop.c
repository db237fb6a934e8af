/* SPDX-License-Identifier: ISC */

/*
 * Watched servers: by which interface they are reached, and by which neighbour
 * there.  Routes are looked up, never computed, so that it is the kernel that
 * chooses among several next hops; it does so by a hash of the address.
 */

#include <sys/socket.h>

#include <linux/rtnetlink.h>

#include <stdlib.h>
#include <string.h>

#include <netlink/attr.h>
#include <netlink/msg.h>

#include "adapters/netlink_private.h"
#include "base/log.h"
#include "base/xmalloc.h"

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

static void
nexthop_fill(struct netlink_nexthop *now, const struct link *link,
    const struct route *route, const struct wire *wire)
{
	now->onlink = now->routed && route->gateway.family == 0;
	now->ifindex = link->ifindex;
	now->wire = wire->ifindex;
	now->vlan = wire->vlan;
	now->mtu = wire->mtu;
	if (route->mtu != 0 && route->mtu < wire->mtu)
		now->mtu = route->mtu;
	now->gateway = route->gateway;
	now->source = route->source;
	memcpy(now->interface, link->name, sizeof(now->interface));
	memcpy(now->source_mac, link->mac, sizeof(now->source_mac));
}

/* Look the route up, and whose MAC address is to be known for it. */
static void
watch_refresh(struct netlink *nl, struct watch *watch)
{
	struct netlink_nexthop *now = &watch->now;
	struct link *link = NULL;
	struct route route;
	struct wire wire;

	*now = (struct netlink_nexthop){0};
	if (netlink_route(nl, &watch->addr, &route) == 0)
		link = netlink_link(nl, route.ifindex);
	if (link != NULL) {
		now->routed = route_obstacle(nl, link, &route, &wire) == NULL;
		nexthop_fill(now, link, &route, &wire);
	}
	if (now->routed)
		netlink_neighbour_join(nl, watch, now->ifindex,
		    now->onlink ? &watch->addr : &now->gateway);
	else
		netlink_neighbour_leave(nl, watch);
	netlink_watch_answered(nl, watch);
}

static void
report_queue(struct netlink *nl, struct watch *watch)
{
	if (watch->reporting)
		return;
	watch->reporting = true;
	TAILQ_INSERT_TAIL(&nl->reports, watch, report);
}

/*
 * Resolved is what the kernel itself would send to, also while it verifies it,
 * if it can: without a carrier, an entry that an operator made is still there.
 */
void
netlink_watch_answered(struct netlink *nl, struct watch *watch)
{
	const struct neighbour *neighbour = watch->neighbour;
	struct netlink_nexthop *now = &watch->now;
	const struct link *link = netlink_link(nl, now->ifindex);

	if (neighbour != NULL) {
		now->resolved =
		    neighbour->resolved && link != NULL && link->carrier;
		memcpy(now->mac, neighbour->mac, sizeof(now->mac));
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
		watch_refresh(nl, watch);
	}
	netlink_neighbours_work(nl);
}

/* Where nobody answers, the kernel may have chosen another next hop. */
void
netlink_watch_tick(struct netlink *nl)
{
	struct watch *watch;

	RB_FOREACH(watch, watches, &nl->watches) {
		if (watch->neighbour == NULL ||
		    !netlink_neighbour_asked(watch->neighbour) ||
		    (nl->ticks + watch->phase) % VERIFY_TICKS == 0)
			lookup_queue(nl, watch);
	}
	netlink_neighbours_tick(nl);
	netlink_watch_work(nl);
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
	bool told = false;

	while ((watch = TAILQ_FIRST(&nl->reports)) != NULL) {
		TAILQ_REMOVE(&nl->reports, watch, report);
		watch->reporting = false;
		if (watch->told && nexthop_equal(&watch->now, &watch->reported))
			continue;
		watch->told = told = true;
		watch->reported = nexthop = watch->now;
		addr = watch->addr;
		if (nl->callbacks.nexthop != NULL)
			nl->callbacks.nexthop(nl->arg, &addr, &nexthop);
	}
	if (told && nl->callbacks.nexthops_told != NULL)
		nl->callbacks.nexthops_told(nl->arg);
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
	netlink_neighbour_leave(nl, watch);
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

/*
 * A server may have another family than the virtual address that is checked on
 * it: the answer then comes to an address that no route was looked up for.
 */
bool
netlink_watch_source(
    struct netlink *nl, int ifindex, int family, struct addr *out)
{
	struct watch *watch;
	bool any = false;

	RB_FOREACH(watch, watches, &nl->watches) {
		if (!watch->now.routed || watch->now.ifindex != ifindex)
			continue;
		any = true;
		if (watch->now.source.family != family)
			continue;
		*out = watch->now.source;
		return (true);
	}
	return (any && netlink_source(nl, ifindex, family, out) == 0);
}
