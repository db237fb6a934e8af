/* SPDX-License-Identifier: ISC */

/*
 * This host's own addresses, kept as the kernel reports them.
 */

#include <sys/socket.h>

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>

#include <stdlib.h>
#include <string.h>

#include <netlink/attr.h>
#include <netlink/msg.h>

#include "adapters/netlink_private.h"
#include "base/xmalloc.h"

/* A table as it was read: applied when it is complete. */
struct loaded {
	struct local *items;
	size_t count;
};

static int
local_compare(const struct local *a, const struct local *b)
{
	int order;

	if ((order = addr_compare(&a->addr, &b->addr)) != 0)
		return (order);
	if (a->ifindex != b->ifindex)
		return (a->ifindex < b->ifindex ? -1 : 1);
	return ((a->prefix > b->prefix) - (a->prefix < b->prefix));
}

RB_GENERATE(locals, local, entry, local_compare)

static bool
local_present(struct netlink *nl, const struct addr *addr)
{
	struct local *found, key = {.addr = *addr};

	found = RB_NFIND(locals, &nl->locals, &key);
	return (found != NULL && addr_compare(&found->addr, addr) == 0);
}

static void
local_report(struct netlink *nl, const struct addr *addr, bool present)
{
	if (nl->callbacks.address != NULL)
		nl->callbacks.address(nl->arg, addr, present);
}

static void
local_gone(struct netlink *nl, struct local *local)
{
	struct addr addr = local->addr;

	RB_REMOVE(locals, &nl->locals, local);
	free(local);
	if (!local_present(nl, &addr))
		local_report(nl, &addr, false);
}

static bool
local_read(struct nlmsghdr *hdr, struct local *out)
{
	struct nlattr *attrs[IFA_MAX + 1];
	struct ifaddrmsg *ifa;

	if (nlmsg_parse(hdr, sizeof(*ifa), attrs, IFA_MAX, NULL) < 0)
		return (false);
	ifa = nlmsg_data(hdr);
	*out = (struct local){
	    .ifindex = ifa->ifa_index,
	    .prefix = ifa->ifa_prefixlen,
	    .scope = ifa->ifa_scope,
	    .flags = ifa->ifa_flags,
	    .seen = true,
	};
	if (attrs[IFA_FLAGS] != NULL && nla_len(attrs[IFA_FLAGS]) == 4)
		out->flags = nla_get_u32(attrs[IFA_FLAGS]);
	/* With a peer, IFA_ADDRESS is the peer's; IPv6 may have no other. */
	return (netlink_addr_get(
		    attrs[IFA_LOCAL], ifa->ifa_family, &out->addr) == 0 ||
	    netlink_addr_get(attrs[IFA_ADDRESS], ifa->ifa_family, &out->addr) ==
		0);
}

static void
local_update(struct netlink *nl, const struct local *new, bool report)
{
	struct local *local;
	bool present;

	if ((local = RB_FIND(locals, &nl->locals, (struct local *)new)) !=
	    NULL) {
		local->flags = new->flags;
		local->seen = true;
		return;
	}
	present = local_present(nl, &new->addr);
	local = xcalloc(1, sizeof(*local));
	*local = *new;
	RB_INSERT(locals, &nl->locals, local);
	if (report && !present)
		local_report(nl, &new->addr, true);
}

void
netlink_address_message(struct netlink *nl, struct nlmsghdr *hdr)
{
	struct local new, *local;

	if (!local_read(hdr, &new))
		return;
	if (hdr->nlmsg_type == RTM_NEWADDR)
		local_update(nl, &new, true);
	else if ((local = RB_FIND(locals, &nl->locals, &new)) != NULL)
		local_gone(nl, local);
	/* Routes with this source go and come with it, without a message. */
	netlink_watch_all_again(nl);
}

static void
local_loaded(struct netlink *nl, struct nlmsghdr *hdr, void *arg)
{
	struct loaded *loaded = arg;
	struct local new;

	(void)nl;
	if (hdr->nlmsg_type != RTM_NEWADDR || !local_read(hdr, &new))
		return;
	loaded->items = xreallocarray(
	    loaded->items, loaded->count + 1, sizeof(*loaded->items));
	loaded->items[loaded->count++] = new;
}

int
netlink_addresses_load(struct netlink *nl, bool report)
{
	struct ifaddrmsg ifa = {.ifa_family = AF_UNSPEC};
	struct loaded loaded = {0};
	struct local *local, *next;
	size_t i;
	int rc;

	rc = netlink_dump(
	    nl, RTM_GETADDR, &ifa, sizeof(ifa), local_loaded, &loaded);
	if (rc < 0)
		goto cleanup;
	RB_FOREACH(local, locals, &nl->locals)
		local->seen = false;
	for (i = 0; i < loaded.count; i++)
		local_update(nl, &loaded.items[i], report);
	RB_FOREACH_SAFE(local, locals, &nl->locals, next) {
		if (!local->seen)
			local_gone(nl, local);
	}
cleanup:
	free(loaded.items);
	return (rc);
}

void
netlink_addresses_free(struct netlink *nl)
{
	struct local *local, *next;

	RB_FOREACH_SAFE(local, locals, &nl->locals, next) {
		RB_REMOVE(locals, &nl->locals, local);
		free(local);
	}
}

bool
netlink_is_local(struct netlink *nl, const struct addr *addr)
{
	struct route route;

	if (local_present(nl, addr))
		return (true);
	/* 127/8, for one, is local beyond the addresses of interfaces. */
	return (
	    netlink_route(nl, addr, &route) == 0 && route.type == RTN_LOCAL);
}

/*
 * How well an address serves as a source of packets whose answers come from
 * elsewhere: 0 = not at all.  One of the loopback interface is reached only if
 * somebody has a route for it.
 */
static unsigned
source_merit(struct netlink *nl, const struct local *local, int ifindex)
{
	const unsigned unusable = IFA_F_TENTATIVE | IFA_F_DADFAILED;
	const struct link *link = netlink_link(nl, local->ifindex);
	unsigned merit = 1;

	if (local->scope >= RT_SCOPE_LINK || link == NULL ||
	    ((local->flags & unusable) && !(local->flags & IFA_F_OPTIMISTIC)))
		return (0);
	if (local->ifindex == ifindex)
		merit += 32;
	if (link->up)
		merit += 16;
	if (!link->loopback)
		merit += 8;
	if (!(local->flags & IFA_F_DEPRECATED))
		merit += 4;
	/* The same bit: a secondary one of IPv4, a temporary one of IPv6. */
	if (!(local->flags & IFA_F_SECONDARY))
		merit += 2;
	return (merit);
}

/* Of equals the first in order, so that it is the same every time. */
int
netlink_source(struct netlink *nl, int ifindex, int family, struct addr *out)
{
	unsigned merit, best = 0;
	struct local *local;

	RB_FOREACH(local, locals, &nl->locals) {
		if (local->addr.family != family)
			continue;
		merit = source_merit(nl, local, ifindex);
		if (merit <= best)
			continue;
		best = merit;
		*out = local->addr;
	}
	return (best != 0 ? 0 : -1);
}
