/* SPDX-License-Identifier: ISC */

/*
 * Questions to the kernel's routing: where packets to an address would go,
 * and whether packets from one would be let in.
 */

#include <sys/socket.h>

#include <linux/rtnetlink.h>

#include <errno.h>
#include <string.h>

#include <netlink/attr.h>
#include <netlink/msg.h>

#include "adapters/netlink_private.h"
#include "base/log.h"

static uint32_t
route_number(struct nlattr *const *attrs, int type)
{
	return (attrs[type] != NULL && nla_len(attrs[type]) == 4
		? nla_get_u32(attrs[type])
		: 0);
}

/* The MTU among a route's metrics; 0 = it has none. */
static uint32_t
metrics_mtu(struct nlattr *metrics)
{
	struct nlattr *attrs[RTAX_MAX + 1];

	if (metrics == NULL ||
	    nla_parse_nested(attrs, RTAX_MAX, metrics, NULL) < 0)
		return (0);
	return (route_number(attrs, RTAX_MTU));
}

/* A gateway may be of another family than the route (RFC 8950). */
static void
route_read_gateway(
    struct nlattr *const *attrs, int family, struct addr *gateway)
{
	struct addr addr = {0};
	struct rtvia *via;

	if (netlink_addr_get(attrs[RTA_GATEWAY], family, gateway) == 0 ||
	    attrs[RTA_VIA] == NULL ||
	    nla_len(attrs[RTA_VIA]) < (int)sizeof(*via))
		return;
	via = nla_data(attrs[RTA_VIA]);
	addr.family = via->rtvia_family;
	if ((addr.family != AF_INET && addr.family != AF_INET6) ||
	    nla_len(attrs[RTA_VIA]) !=
		(int)(sizeof(*via) + netlink_addr_size(&addr)))
		return;
	memcpy(addr.bytes, via->rtvia_addr, netlink_addr_size(&addr));
	*gateway = addr;
}

static void
route_read(struct netlink *nl, struct nlmsghdr *hdr, void *arg)
{
	struct nlattr *attrs[RTA_MAX + 1];
	struct route *route = arg;
	struct rtmsg *rtm;

	(void)nl;
	if (hdr->nlmsg_type != RTM_NEWROUTE ||
	    nlmsg_parse(hdr, sizeof(*rtm), attrs, RTA_MAX, NULL) < 0)
		return;
	rtm = nlmsg_data(hdr);
	route->type = rtm->rtm_type;
	route->ifindex = route_number(attrs, RTA_OIF);
	route->encapsulated = attrs[RTA_ENCAP] != NULL;
	route->mtu = metrics_mtu(attrs[RTA_METRICS]);
	route_read_gateway(attrs, rtm->rtm_family, &route->gateway);
	netlink_addr_get(attrs[RTA_PREFSRC], rtm->rtm_family, &route->source);
}

static void
match_read(struct netlink *nl, struct nlmsghdr *hdr, void *arg)
{
	struct nlattr *attrs[RTA_MAX + 1];
	uint32_t *mtu = arg;

	(void)nl;
	if (hdr->nlmsg_type == RTM_NEWROUTE &&
	    nlmsg_parse(hdr, sizeof(struct rtmsg), attrs, RTA_MAX, NULL) == 0)
		*mtu = metrics_mtu(attrs[RTA_METRICS]);
}

static int
route_ask(struct netlink *nl, const struct addr *to, unsigned flags,
    netlink_reply_cb *reply, void *arg)
{
	struct rtmsg rtm = {
	    .rtm_family = to->family,
	    .rtm_dst_len = addr_bits(to),
	    .rtm_flags = flags,
	};
	struct nl_msg *msg;

	msg = netlink_message(RTM_GETROUTE, 0, &rtm, sizeof(rtm));
	nla_put(msg, RTA_DST, netlink_addr_size(to), to->bytes);
	return (netlink_ask(nl, msg, reply, arg));
}

/*
 * An answer has the MTU that the kernel learned of the path, in place of the
 * configured one.  It learned it by an ICMP message that anybody can forge who
 * can guess a packet of this host's, and for one of a flow of its own, which
 * says nothing of the data plane's packets: so that is not used.  The entry of
 * the table itself, without a choice among its next hops, has what was
 * configured: it is asked for only where there may be something.
 */
int
netlink_route(struct netlink *nl, const struct addr *to, struct route *out)
{
	uint32_t configured = 0;
	int rc;

	*out = (struct route){0};
	if ((rc = route_ask(nl, to, 0, route_read, out)) < 0 || out->mtu == 0)
		return (rc);
	rc = route_ask(nl, to, RTM_F_FIB_MATCH, match_read, &configured);
	out->mtu = rc == 0 ? configured : 0;
	return (0);
}

/*
 * Does the reverse path filter (net.ipv4.conf.*.rp_filter; RFC 3704) drop
 * packets from one address to the other here?  Linux then says EXDEV, newer
 * ones (6.18, for one) EINVAL, as for a source that is this host's own.
 */
static bool
input_filtered(struct netlink *nl, const struct addr *from,
    const struct addr *to, int ifindex)
{
	struct rtmsg rtm = {
	    .rtm_family = to->family,
	    .rtm_dst_len = addr_bits(to),
	    .rtm_src_len = addr_bits(from),
	};
	struct nl_msg *msg;
	int rc;

	msg = netlink_message(RTM_GETROUTE, 0, &rtm, sizeof(rtm));
	nla_put(msg, RTA_DST, netlink_addr_size(to), to->bytes);
	nla_put(msg, RTA_SRC, netlink_addr_size(from), from->bytes);
	nla_put_u32(msg, RTA_IIF, ifindex);
	rc = netlink_ask(nl, msg, NULL, NULL);
	return (rc == -EXDEV || (rc == -EINVAL && !netlink_is_local(nl, from)));
}

static void
filter_warn(struct netlink *nl, const char *name, const struct addr *from)
{
	char text[ADDR_STRLEN];
	struct route route;

	addr_format(from, text);
	if (netlink_route(nl, from, &route) == 0)
		log_warnx("%s: the reverse path filter drops health checks' "
			  "answers from %s, whose route is by another "
			  "interface: set net.ipv4.conf.%s.rp_filter to 2",
		    name, text, name);
	else
		log_warnx("%s: the reverse path filter drops health checks' "
			  "answers from %s, to which there is no route: add "
			  "one, or set net.ipv4.conf.all.rp_filter and "
			  "net.ipv4.conf.%s.rp_filter to 0",
		    name, text, name);
}

bool
netlink_check_replies(struct netlink *nl, const struct addr *vip)
{
	struct link *link;
	struct addr own;
	bool all = true;

	/* IPv6 has no such filter of its own. */
	if (vip->family != AF_INET)
		return (true);
	RB_FOREACH(link, links, &nl->links) {
		if (!netlink_watch_source(
			nl, link->ifindex, vip->family, &own) ||
		    !input_filtered(nl, vip, &own, link->ifindex))
			continue;
		if (!link->filter_warned)
			filter_warn(nl, link->name, vip);
		link->filter_warned = true;
		all = false;
	}
	return (all);
}
