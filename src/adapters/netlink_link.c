/* SPDX-License-Identifier: ISC */

/*
 * This host's interfaces, kept as the kernel reports them: what they are, and
 * on top of what.
 */

#include <sys/socket.h>

#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if_arp.h>

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include <netlink/attr.h>
#include <netlink/msg.h>

#include "adapters/netlink_private.h"
#include "base/log.h"
#include "base/xmalloc.h"

/*
 * A table as it was read.  It is applied when it is complete: the callbacks
 * that this makes may ask the kernel something themselves.
 */
struct loaded {
	struct link *items;
	size_t count;
};

static int
link_compare(const struct link *a, const struct link *b)
{
	return ((a->ifindex > b->ifindex) - (a->ifindex < b->ifindex));
}

RB_GENERATE(links, link, entry, link_compare)

struct link *
netlink_link(struct netlink *nl, int ifindex)
{
	struct link key = {.ifindex = ifindex};

	return (RB_FIND(links, &nl->links, &key));
}

static void
link_describe(const struct link *link, struct netlink_interface *out)
{
	*out = (struct netlink_interface){
	    .ifindex = link->ifindex,
	    .up = link->up,
	    .bond = link->bond,
	    .master = link->master,
	    .mtu = link->mtu,
	};
	memcpy(out->mac, link->mac, sizeof(out->mac));
}

static void
link_report(struct netlink *nl, const struct link *link, bool present)
{
	struct netlink_interface interface = {0};

	if (nl->callbacks.interface == NULL)
		return;
	if (present)
		link_describe(link, &interface);
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

static uint32_t
link_number(struct nlattr *const *attrs, int type)
{
	return (attrs[type] != NULL && nla_len(attrs[type]) == 4
		? nla_get_u32(attrs[type])
		: 0);
}

/* Of a VLAN's interface: its tag, 0 in both where it is not said. */
static void
link_read_vlan(struct nlattr *data, struct link *out)
{
	struct nlattr *attrs[IFLA_VLAN_MAX + 1];

	out->tagged = true;
	if (data == NULL ||
	    nla_parse_nested(attrs, IFLA_VLAN_MAX, data, NULL) < 0)
		return;
	if (attrs[IFLA_VLAN_ID] != NULL && nla_len(attrs[IFLA_VLAN_ID]) == 2)
		out->vlan = nla_get_u16(attrs[IFLA_VLAN_ID]);
	if (attrs[IFLA_VLAN_PROTOCOL] != NULL &&
	    nla_len(attrs[IFLA_VLAN_PROTOCOL]) == 2)
		out->protocol = ntohs(nla_get_u16(attrs[IFLA_VLAN_PROTOCOL]));
}

static void
link_read_kind(struct nlattr *linkinfo, struct link *out)
{
	struct nlattr *info[IFLA_INFO_MAX + 1];

	if (linkinfo == NULL ||
	    nla_parse_nested(info, IFLA_INFO_MAX, linkinfo, NULL) < 0 ||
	    info[IFLA_INFO_KIND] == NULL)
		return;
	out->bond = nla_strcmp(info[IFLA_INFO_KIND], "bond") == 0;
	if (nla_strcmp(info[IFLA_INFO_KIND], "vlan") == 0)
		link_read_vlan(info[IFLA_INFO_DATA], out);
}

/* A link as a message has it; false if it does not describe a link. */
static bool
link_read(struct nlmsghdr *hdr, struct link *out)
{
	struct nlattr *attrs[IFLA_MAX + 1];
	struct ifinfomsg *ifi;

	if (nlmsg_parse(hdr, sizeof(*ifi), attrs, IFLA_MAX, NULL) < 0)
		return (false);
	ifi = nlmsg_data(hdr);
	/* A bridge's ports, and wireless news, come in the same messages. */
	if (ifi->ifi_family != AF_UNSPEC || attrs[IFLA_IFNAME] == NULL ||
	    attrs[IFLA_MTU] == NULL)
		return (false);
	*out = (struct link){
	    .ifindex = ifi->ifi_index,
	    .up = (ifi->ifi_flags & IFF_UP) && (ifi->ifi_flags & IFF_RUNNING),
	    .carrier = ifi->ifi_flags & IFF_LOWER_UP,
	    .loopback = ifi->ifi_flags & IFF_LOOPBACK,
	    .ethernet = ifi->ifi_type == ARPHRD_ETHER,
	    .mtu = link_number(attrs, IFLA_MTU),
	    .master = link_number(attrs, IFLA_MASTER),
	    .seen = true,
	};
	/* In another network namespace, its number means nothing here. */
	if (attrs[IFLA_LINK_NETNSID] == NULL)
		out->lower = link_number(attrs, IFLA_LINK);
	nla_strlcpy(out->name, attrs[IFLA_IFNAME], sizeof(out->name));
	if (attrs[IFLA_ADDRESS] != NULL &&
	    nla_len(attrs[IFLA_ADDRESS]) == sizeof(out->mac))
		memcpy(
		    out->mac, nla_data(attrs[IFLA_ADDRESS]), sizeof(out->mac));
	link_read_kind(attrs[IFLA_LINKINFO], out);
	return (true);
}

/* In all that others are told? */
static bool
link_equal(const struct link *a, const struct link *b)
{
	return (strcmp(a->name, b->name) == 0 && a->up == b->up &&
	    memcmp(a->mac, b->mac, sizeof(a->mac)) == 0 && a->bond == b->bond &&
	    a->master == b->master && a->mtu == b->mtu);
}

static struct link *
link_insert(struct netlink *nl, const struct link *new)
{
	struct link *link = xcalloc(1, sizeof(*link));

	*link = *new;
	RB_INSERT(links, &nl->links, link);
	return (link);
}

static void
link_update(struct netlink *nl, const struct link *new, bool report)
{
	struct link *link = netlink_link(nl, new->ifindex);
	struct link before = {0};

	if (link == NULL) {
		link = link_insert(nl, new);
	} else {
		before = *link;
		*link = *new;
		link->entry = before.entry;
		link->filter_warned = before.filter_warned;
		link->wire_warned = before.wire_warned;
		if (link_equal(link, &before))
			return;
	}
	if (!report)
		return;
	/* Who is told looks at the table: the old name is not in it now. */
	if (before.ifindex != 0 && strcmp(before.name, link->name) != 0)
		link_report(nl, &before, false);
	log_debug("netlink: interface %s: %s, MTU %u, member of %d", link->name,
	    link->up ? "up" : "down", link->mtu, link->master);
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

static void
link_loaded(struct netlink *nl, struct nlmsghdr *hdr, void *arg)
{
	struct loaded *loaded = arg;
	struct link new;

	(void)nl;
	if (hdr->nlmsg_type != RTM_NEWLINK || !link_read(hdr, &new))
		return;
	loaded->items = xreallocarray(
	    loaded->items, loaded->count + 1, sizeof(*loaded->items));
	loaded->items[loaded->count++] = new;
}

int
netlink_links_load(struct netlink *nl, bool report)
{
	struct ifinfomsg ifi = {.ifi_family = AF_UNSPEC};
	struct loaded loaded = {0};
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

void
netlink_links_free(struct netlink *nl)
{
	struct link *link, *next;

	RB_FOREACH_SAFE(link, links, &nl->links, next)
		link_gone(nl, link, false);
}

const char *
netlink_link_wire(struct netlink *nl, const struct link *link, struct wire *out)
{
	const struct link *lower = link;

	if (!link->ethernet)
		return ("is not an Ethernet");
	if (link->tagged) {
		if (link->protocol != ETH_P_8021Q)
			return ("is a VLAN's, but not of 802.1Q");
		if ((lower = netlink_link(nl, link->lower)) == NULL)
			return ("is on an interface of another namespace");
		if (lower->tagged)
			return ("is a VLAN's within a VLAN (two tags)");
	}
	out->ifindex = lower->ifindex;
	out->vlan = link->vlan;
	/* The tag is beside the MTU: both are for what is in the frame. */
	out->mtu = link->mtu < lower->mtu ? link->mtu : lower->mtu;
	return (NULL);
}

int
netlink_interface(
    struct netlink *nl, const char *name, struct netlink_interface *out)
{
	struct link *link;

	RB_FOREACH(link, links, &nl->links) {
		if (strcmp(link->name, name) != 0)
			continue;
		link_describe(link, out);
		return (0);
	}
	return (-1);
}

void
netlink_members(struct netlink *nl, int master,
    void (*cb)(void *arg, const char *name, int ifindex), void *arg)
{
	struct link *link;

	if (master == 0)
		return;
	RB_FOREACH(link, links, &nl->links) {
		if (link->master == master)
			cb(arg, link->name, link->ifindex);
	}
}
