/* SPDX-License-Identifier: ISC */

/*
 * What this host is: its interfaces and its addresses, kept as the kernel
 * reports them.
 */

#include <sys/socket.h>

#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include <stdlib.h>
#include <string.h>

#include <netlink/attr.h>
#include <netlink/msg.h>

#include "adapters/netlink_private.h"
#include "base/log.h"
#include "base/xmalloc.h"

static int
link_compare(const struct link *a, const struct link *b)
{
	return ((a->ifindex > b->ifindex) - (a->ifindex < b->ifindex));
}

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

RB_GENERATE(links, link, entry, link_compare)
RB_GENERATE(locals, local, entry, local_compare)

struct link *
netlink_link(struct netlink *nl, int ifindex)
{
	struct link key = {.ifindex = ifindex};

	return (RB_FIND(links, &nl->links, &key));
}

static void
link_report(struct netlink *nl, const struct link *link, bool present)
{
	struct netlink_interface interface = {0};

	if (nl->callbacks.interface == NULL)
		return;
	if (present) {
		interface.ifindex = link->ifindex;
		interface.up = link->up;
		memcpy(interface.mac, link->mac, sizeof(interface.mac));
	}
	nl->callbacks.interface(nl->arg, link->name, &interface);
}

static void
link_gone(struct netlink *nl, struct link *link, bool report)
{
	RB_REMOVE(links, &nl->links, link);
	if (report)
		link_report(nl, link, false);
	free(link);
}

/* A link as a message has it; false if it is not about a link at all. */
static bool
link_read(struct nlmsghdr *hdr, struct link *out)
{
	struct nlattr *attrs[IFLA_MAX + 1];
	struct ifinfomsg *ifi;

	if (nlmsg_parse(hdr, sizeof(*ifi), attrs, IFLA_MAX, NULL) < 0)
		return (false);
	ifi = nlmsg_data(hdr);
	/* A bridge's ports are told of in the same messages. */
	if (ifi->ifi_family != AF_UNSPEC || attrs[IFLA_IFNAME] == NULL)
		return (false);
	*out = (struct link){
	    .ifindex = ifi->ifi_index,
	    .up = (ifi->ifi_flags & IFF_UP) && (ifi->ifi_flags & IFF_RUNNING),
	    .seen = true,
	};
	nla_strlcpy(out->name, attrs[IFLA_IFNAME], sizeof(out->name));
	if (attrs[IFLA_ADDRESS] != NULL &&
	    nla_len(attrs[IFLA_ADDRESS]) == sizeof(out->mac))
		memcpy(
		    out->mac, nla_data(attrs[IFLA_ADDRESS]), sizeof(out->mac));
	return (true);
}

static void
link_update(struct netlink *nl, const struct link *new, bool report)
{
	struct link *link = netlink_link(nl, new->ifindex);
	struct link before = {0};

	if (link == NULL) {
		link = xcalloc(1, sizeof(*link));
		link->ifindex = new->ifindex;
		RB_INSERT(links, &nl->links, link);
	} else {
		link->seen = true;
		before = *link;
		if (strcmp(link->name, new->name) == 0 && link->up == new->up &&
		    memcmp(link->mac, new->mac, sizeof(link->mac)) == 0)
			return;
	}
	memcpy(link->name, new->name, sizeof(link->name));
	memcpy(link->mac, new->mac, sizeof(link->mac));
	link->up = new->up;
	link->seen = true;
	if (!report)
		return;
	/* Who is told looks at the table: the old name is not in it now. */
	if (before.ifindex != 0 && strcmp(before.name, link->name) != 0)
		link_report(nl, &before, false);
	log_debug(
	    "netlink: interface %s: %s", link->name, link->up ? "up" : "down");
	link_report(nl, link, true);
}

void
netlink_link_message(struct netlink *nl, struct nlmsghdr *hdr)
{
	struct link new, *link;

	if (!link_read(hdr, &new))
		return;
	if (hdr->nlmsg_type == RTM_NEWLINK)
		link_update(nl, &new, true);
	else if ((link = netlink_link(nl, new.ifindex)) != NULL)
		link_gone(nl, link, true);
	/* A link that goes down takes routes with it, without a message. */
	netlink_watch_all_again(nl);
}

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
	    .seen = true,
	};
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
		local->seen = true;
		return;
	}
	present = local_present(nl, &new->addr);
	local = xcalloc(1, sizeof(*local));
	local->addr = new->addr;
	local->ifindex = new->ifindex;
	local->prefix = new->prefix;
	local->seen = true;
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

/*
 * A table as it was read.  It is applied when it is complete: the callbacks
 * that this makes may ask the kernel something themselves.
 */
struct loaded_links {
	struct link *items;
	size_t count;
};

struct loaded_locals {
	struct local *items;
	size_t count;
};

static void
link_loaded(struct netlink *nl, struct nlmsghdr *hdr, void *arg)
{
	struct loaded_links *loaded = arg;
	struct link new;

	(void)nl;
	if (hdr->nlmsg_type != RTM_NEWLINK || !link_read(hdr, &new))
		return;
	loaded->items = xreallocarray(
	    loaded->items, loaded->count + 1, sizeof(*loaded->items));
	loaded->items[loaded->count++] = new;
}

static void
local_loaded(struct netlink *nl, struct nlmsghdr *hdr, void *arg)
{
	struct loaded_locals *loaded = arg;
	struct local new;

	(void)nl;
	if (hdr->nlmsg_type != RTM_NEWADDR || !local_read(hdr, &new))
		return;
	loaded->items = xreallocarray(
	    loaded->items, loaded->count + 1, sizeof(*loaded->items));
	loaded->items[loaded->count++] = new;
}

static int
links_load(struct netlink *nl, bool report)
{
	struct ifinfomsg ifi = {.ifi_family = AF_UNSPEC};
	struct loaded_links loaded = {0};
	struct link *link, *next;
	size_t i;
	int rc;

	rc = netlink_dump(
	    nl, RTM_GETLINK, &ifi, sizeof(ifi), link_loaded, &loaded);
	if (rc < 0)
		goto cleanup;
	RB_FOREACH(link, links, &nl->links)
		link->seen = false;
	for (i = 0; i < loaded.count; i++)
		link_update(nl, &loaded.items[i], report);
	RB_FOREACH_SAFE(link, links, &nl->links, next) {
		if (!link->seen)
			link_gone(nl, link, report);
	}
cleanup:
	free(loaded.items);
	return (rc);
}

static int
locals_load(struct netlink *nl, bool report)
{
	struct ifaddrmsg ifa = {.ifa_family = AF_UNSPEC};
	struct loaded_locals loaded = {0};
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

int
netlink_tables_load(struct netlink *nl, bool report)
{
	int rc;

	if ((rc = links_load(nl, report)) < 0)
		return (rc);
	return (locals_load(nl, report));
}

void
netlink_tables_free(struct netlink *nl)
{
	struct local *local, *next_local;
	struct link *link, *next_link;

	RB_FOREACH_SAFE(local, locals, &nl->locals, next_local) {
		RB_REMOVE(locals, &nl->locals, local);
		free(local);
	}
	RB_FOREACH_SAFE(link, links, &nl->links, next_link)
		link_gone(nl, link, false);
}

int
netlink_interface(
    struct netlink *nl, const char *name, struct netlink_interface *out)
{
	struct link *link;

	RB_FOREACH(link, links, &nl->links) {
		if (strcmp(link->name, name) != 0)
			continue;
		*out = (struct netlink_interface){
		    .ifindex = link->ifindex,
		    .up = link->up,
		};
		memcpy(out->mac, link->mac, sizeof(out->mac));
		return (0);
	}
	return (-1);
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
