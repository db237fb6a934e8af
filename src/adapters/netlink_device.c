/* SPDX-License-Identifier: ISC */

/*
 * The veth pair that probes leave by.  Nothing is left to the device of what
 * the kernel can do itself: a program at the peer reads the frames, which are
 * to be what they would be on a wire.
 */

#include <sys/socket.h>

#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/rtnetlink.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/route/link.h>
#include <netlink/route/link/inet.h>
#include <netlink/route/link/inet6.h>
#include <netlink/route/link/veth.h>

#include "adapters/netlink_private.h"
#include "base/log.h"

/* Of the device: what any network takes. */
#define PAIR_MTU 1500

static void
device_read(struct netlink *nl, struct nlmsghdr *hdr, void *arg)
{
	struct nlattr *attrs[IFLA_MAX + 1], *info[IFLA_INFO_MAX + 1];
	struct device *device = arg;
	struct ifinfomsg *ifi;

	(void)nl;
	if (hdr->nlmsg_type != RTM_NEWLINK ||
	    nlmsg_parse(hdr, sizeof(*ifi), attrs, IFLA_MAX, NULL) < 0)
		return;
	ifi = nlmsg_data(hdr);
	device->ifindex = ifi->ifi_index;
	if (attrs[IFLA_LINK] != NULL && nla_len(attrs[IFLA_LINK]) == 4)
		device->peer = nla_get_u32(attrs[IFLA_LINK]);
	if (attrs[IFLA_LINKINFO] != NULL &&
	    nla_parse_nested(info, IFLA_INFO_MAX, attrs[IFLA_LINKINFO], NULL) ==
		0 &&
	    info[IFLA_INFO_KIND] != NULL)
		device->veth = nla_strcmp(info[IFLA_INFO_KIND], "veth") == 0;
}

static int
device_find(struct netlink *nl, const char *name, struct device *out)
{
	struct ifinfomsg ifi = {.ifi_family = AF_UNSPEC};
	struct nl_msg *msg;
	int rc;

	*out = (struct device){0};
	msg = netlink_message(RTM_GETLINK, 0, &ifi, sizeof(ifi));
	nla_put_string(msg, IFLA_IFNAME, name);
	rc = netlink_ask(nl, msg, device_read, out);
	return (rc == -ENODEV ? 0 : rc);
}

int
netlink_pair_find(struct netlink *nl, const char *name, const char *peer,
    struct device pair[2])
{
	int rc;

	if ((rc = device_find(nl, name, &pair[0])) < 0 ||
	    (rc = device_find(nl, peer, &pair[1])) < 0)
		return (rc);
	if (pair[0].ifindex == 0 && pair[1].ifindex == 0)
		return (0);
	if (pair[0].veth && pair[1].veth && pair[0].peer == pair[1].ifindex &&
	    pair[1].peer == pair[0].ifindex)
		return (0);
	return (-EEXIST);
}

static int
pair_create(struct netlink *nl, const char *name, const char *peer)
{
	struct rtnl_link *link, *other;
	struct nl_msg *msg = NULL;
	int rc = -ENOMEM;

	if ((link = rtnl_link_veth_alloc()) == NULL)
		return (rc);
	other = rtnl_link_veth_get_peer(link);
	rtnl_link_set_name(link, name);
	rtnl_link_set_name(other, peer);
	rtnl_link_put(other);
	if (rtnl_link_build_add_request(
		link, NLM_F_CREATE | NLM_F_EXCL, &msg) == 0)
		rc = netlink_ask(nl, msg, NULL, NULL);
	rtnl_link_veth_release(link);
	return (rc);
}

/* Make changes, which are taken, to a link. */
static int
device_change(struct netlink *nl, int ifindex, struct rtnl_link *changes)
{
	struct nl_msg *msg = NULL;
	struct rtnl_link *link;
	int rc = -ENOMEM;

	if ((link = rtnl_link_alloc()) != NULL) {
		rtnl_link_set_ifindex(link, ifindex);
		if (rtnl_link_build_change_request(link, changes, 0, &msg) == 0)
			rc = netlink_ask(nl, msg, NULL, NULL);
		rtnl_link_put(link);
	}
	rtnl_link_put(changes);
	return (rc);
}

/* IPv6 may be off by default, and yet be what servers are reached by. */
static void
device_enable_ipv6(const char *name)
{
	char path[64 + IFNAMSIZ], was = '0';
	int fd;

	snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/disable_ipv6",
	    name);
	if ((fd = open(path, O_RDWR | O_CLOEXEC)) == -1) {
		log_debug("netlink: %s: %s", path, strerror(errno));
		return;
	}
	if (pread(fd, &was, 1, 0) == 1 && was != '0' &&
	    pwrite(fd, "0", 1, 0) != 1)
		log_debug("netlink: %s: %s", path, strerror(errno));
	close(fd);
}

/* Checksums are to be complete, and nothing longer than the MTU. */
static int
device_plain(const char *name)
{
	static const char *const patterns[] = {
	    "tx-checksum-*", "tx-*-segmentation", "tx-gso-list", NULL};

	return (netlink_features_off(name, patterns) < 0 ? -errno : 0);
}

static int
device_settle(struct netlink *nl, const char *name, int ifindex)
{
	struct rtnl_link *changes;
	int rc;

	/* Link-local addresses would only chatter.  No IPv6: no matter. */
	if ((changes = rtnl_link_alloc()) == NULL)
		return (-ENOMEM);
	rtnl_link_inet6_set_addr_gen_mode(changes, IN6_ADDR_GEN_MODE_NONE);
	if ((rc = device_change(nl, ifindex, changes)) < 0)
		log_debug("netlink: %s: no IPv6 here: %s", name, strerror(-rc));
	else
		device_enable_ipv6(name);
	if ((rc = device_plain(name)) < 0)
		return (rc);

	/* What reaches the peer must not be routed back into the network. */
	if ((changes = rtnl_link_alloc()) == NULL)
		return (-ENOMEM);
	rtnl_link_set_mtu(changes, PAIR_MTU);
	rtnl_link_set_flags(changes, IFF_UP | IFF_NOARP);
	rtnl_link_inet_set_conf(changes, IPV4_DEVCONF_FORWARDING, 0);
	return (device_change(nl, ifindex, changes));
}

int
netlink_pair_settle(struct netlink *nl, const char *name, const char *peer,
    const struct device pair[2])
{
	int rc;

	/* The peer last: the device has a carrier only then. */
	if ((rc = device_settle(nl, name, pair[0].ifindex)) == 0 &&
	    (rc = device_settle(nl, peer, pair[1].ifindex)) == 0)
		return (0);
	errno = -rc;
	log_warn("cannot set up the interface %s for probes%s", name,
	    netlink_remedy(-rc));
	return (-1);
}

int
netlink_pair_install(struct netlink *nl, const char *name, const char *peer,
    struct device pair[2])
{
	int rc;

	if ((rc = netlink_pair_find(nl, name, peer, pair)) == 0 &&
	    pair[0].ifindex == 0 && (rc = pair_create(nl, name, peer)) == 0)
		rc = netlink_pair_find(nl, name, peer, pair);
	if (rc == 0)
		return (0);
	errno = -rc;
	if (rc == -EEXIST)
		log_warnx("an interface %s or %s exists and is not vc5d's "
			  "veth pair: remove it, or name another in "
			  "probe.device",
		    name, peer);
	else if (rc == -EOPNOTSUPP)
		log_warnx("cannot make the interface %s for probes: this "
			  "kernel has no veth devices (CONFIG_VETH)",
		    name);
	else
		log_warn("cannot make the interface %s for probes%s", name,
		    netlink_remedy(-rc));
	return (-1);
}

void
netlink_pair_remove(struct netlink *nl, const char *name, const char *peer)
{
	struct ifinfomsg ifi = {.ifi_family = AF_UNSPEC};
	struct device pair[2];

	if (netlink_pair_find(nl, name, peer, pair) < 0 || pair[0].ifindex == 0)
		return;
	ifi.ifi_index = pair[0].ifindex;
	netlink_ask(
	    nl, netlink_message(RTM_DELLINK, 0, &ifi, sizeof(ifi)), NULL, NULL);
}
