/* SPDX-License-Identifier: ISC */

/*
 * Questions to the kernel's routing: where packets to an address would go,
 * and whether packets from one would be let in.
 */

#include <sys/socket.h>

#include <linux/rtnetlink.h>

#include <errno.h>

#include <netlink/attr.h>
#include <netlink/msg.h>

#include "adapters/netlink_private.h"
#include "base/log.h"

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
	if (attrs[RTA_OIF] != NULL && nla_len(attrs[RTA_OIF]) == 4)
		route->ifindex = nla_get_u32(attrs[RTA_OIF]);
	route->gateway = attrs[RTA_GATEWAY] != NULL || attrs[RTA_VIA] != NULL;
	netlink_addr_get(attrs[RTA_PREFSRC], rtm->rtm_family, &route->source);
}

int
netlink_route(struct netlink *nl, const struct addr *to, struct route *out)
{
	struct rtmsg rtm = {
	    .rtm_family = to->family,
	    .rtm_dst_len = addr_bits(to),
	};
	struct nl_msg *msg;

	*out = (struct route){0};
	msg = netlink_message(RTM_GETROUTE, 0, &rtm, sizeof(rtm));
	nla_put(msg, RTA_DST, netlink_addr_size(to), to->bytes);
	return (netlink_ask(nl, msg, route_read, out));
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
	const struct addr *own;
	struct link *link;
	bool all = true;

	/* IPv6 has no such filter of its own. */
	if (vip->family != AF_INET)
		return (true);
	RB_FOREACH(link, links, &nl->links) {
		own = netlink_watch_source(nl, link->ifindex, vip->family);
		if (own == NULL || !input_filtered(nl, vip, own, link->ifindex))
			continue;
		if (!link->warned)
			filter_warn(nl, link->name, vip);
		link->warned = true;
		all = false;
	}
	return (all);
}
