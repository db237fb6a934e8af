/* SPDX-License-Identifier: ISC */

/*
 * The way out for probes: a veth pair, and for each address family a rule
 * that sends marked packets to a table with nothing but a default route into
 * that pair.  A program on the egress of the device redirects each packet to
 * the server that its mark stands for; what it does not redirect ends at the
 * peer.  Beneath that route is an unreachable one, which does not go with the
 * device: or else a probe would then leave by the main table's routes, and be
 * answered by any server at all.  All of it is found again after a crash and
 * put back when somebody else takes it away (systemd-networkd removes rules
 * that it does not know).
 */

#include <sys/socket.h>

#include <linux/fib_rules.h>
#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/rtnetlink.h>

#include <errno.h>
#include <string.h>

#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/route/link.h>
#include <netlink/route/link/inet.h>
#include <netlink/route/link/inet6.h>
#include <netlink/route/link/veth.h>

#include "adapters/netlink_private.h"
#include "base/log.h"

/* The mark's part that says that it is a probe's; the rest says whose. */
#define MARK_MASK 0xffff0000

/*
 * Of the unreachable route.  The kernel's vrf.rst has this number for such: to
 * FRR, which reads the upper byte as a distance, it is not to be used (255).
 */
#define UNREACHABLE_METRIC 0xff002000

/* Rules of ours to be removed, of those that one reading found. */
#define RULES_MAX 16
/* Readings, in case that they don't become fewer. */
#define ROUNDS_MAX 64

/* A link as the kernel has it now, which events may not have told yet. */
struct device {
	int ifindex; /* 0: there is none */
	int peer;    /* of a veth: the ifindex of its other end */
	bool veth;
};

/* What a reading of the rules found. */
struct rules {
	const struct probe_path *probe;
	bool found;		     /* the rule as it should be */
	uint32_t surplus[RULES_MAX]; /* priorities of others of ours */
	size_t count;
};

static const int families[] = {AF_INET, AF_INET6};

static const char *
family_name(int family)
{
	return (family == AF_INET ? "IPv4" : "IPv6");
}

/* Is it that this host does not have IPv6, or not at our device? */
static bool
family_missing(int family, int error)
{
	return (family == AF_INET6 &&
	    (error == EAFNOSUPPORT || error == EOPNOTSUPP || error == EACCES ||
		error == ENODEV));
}

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

/* Neither is there, or both are and belong together: 0, else -errno. */
static int
pair_find(struct netlink *nl, const char *name, const char *peer,
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

static int
device_settle(struct netlink *nl, int ifindex)
{
	struct rtnl_link *changes;
	int rc;

	/* Link-local addresses would only chatter.  No IPv6: no matter. */
	if ((changes = rtnl_link_alloc()) == NULL)
		return (-ENOMEM);
	rtnl_link_inet6_set_addr_gen_mode(changes, IN6_ADDR_GEN_MODE_NONE);
	if ((rc = device_change(nl, ifindex, changes)) < 0)
		log_debug(
		    "netlink: probe device: no IPv6 here: %s", strerror(-rc));

	/* What reaches the peer must not be routed back into the network. */
	if ((changes = rtnl_link_alloc()) == NULL)
		return (-ENOMEM);
	rtnl_link_set_flags(changes, IFF_UP | IFF_NOARP);
	rtnl_link_inet_set_conf(changes, IPV4_DEVCONF_FORWARDING, 0);
	return (device_change(nl, ifindex, changes));
}

/* The default route to a device or, if ifindex is 0, the unreachable one. */
static struct nl_msg *
route_message(int type, int flags, int family, int ifindex, uint32_t table)
{
	struct rtmsg rtm = {
	    .rtm_family = family,
	    .rtm_table = RT_TABLE_UNSPEC,
	    .rtm_protocol = RTPROT_STATIC,
	    .rtm_scope = ifindex != 0 ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE,
	    .rtm_type = ifindex != 0 ? RTN_UNICAST : RTN_UNREACHABLE,
	};
	struct nl_msg *msg = netlink_message(type, flags, &rtm, sizeof(rtm));

	nla_put_u32(msg, RTA_TABLE, table);
	if (ifindex != 0)
		nla_put_u32(msg, RTA_OIF, ifindex);
	else
		nla_put_u32(msg, RTA_PRIORITY, UNREACHABLE_METRIC);
	return (msg);
}

static int
route_install(
    struct netlink *nl, int family, int ifindex, const struct probe_path *probe)
{
	return (netlink_ask(nl,
	    route_message(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, family,
		ifindex, probe->table),
	    NULL, NULL));
}

static struct nl_msg *
rule_message(int type, int flags, int family, uint32_t priority,
    const struct probe_path *probe)
{
	struct fib_rule_hdr rule = {
	    .family = family,
	    .action = FR_ACT_TO_TBL,
	    .table = RT_TABLE_UNSPEC,
	};
	struct nl_msg *msg = netlink_message(type, flags, &rule, sizeof(rule));

	nla_put_u32(msg, FRA_PRIORITY, priority);
	nla_put_u32(msg, FRA_FWMARK, probe->mark);
	nla_put_u32(msg, FRA_FWMASK, MARK_MASK);
	nla_put_u32(msg, FRA_TABLE, probe->table);
	return (msg);
}

static uint32_t
rule_number(struct nlattr *const *attrs, int type)
{
	return (attrs[type] != NULL && nla_len(attrs[type]) == 4
		? nla_get_u32(attrs[type])
		: 0);
}

/* Ours, by mark, mask and table; its priority then. */
static bool
rule_read(
    struct nlmsghdr *hdr, const struct probe_path *probe, uint32_t *priority)
{
	struct nlattr *attrs[FRA_MAX + 1];

	if (nlmsg_parse(
		hdr, sizeof(struct fib_rule_hdr), attrs, FRA_MAX, NULL) < 0)
		return (false);
	*priority = rule_number(attrs, FRA_PRIORITY);
	return (rule_number(attrs, FRA_FWMARK) == probe->mark &&
	    rule_number(attrs, FRA_FWMASK) == MARK_MASK &&
	    rule_number(attrs, FRA_TABLE) == probe->table);
}

static void
rule_loaded(struct netlink *nl, struct nlmsghdr *hdr, void *arg)
{
	struct rules *rules = arg;
	uint32_t priority;

	(void)nl;
	if (hdr->nlmsg_type != RTM_NEWRULE ||
	    !rule_read(hdr, rules->probe, &priority))
		return;
	if (priority == rules->probe->table && !rules->found)
		rules->found = true;
	else if (rules->count < RULES_MAX)
		rules->surplus[rules->count++] = priority;
}

static int
rules_load(struct netlink *nl, int family, const struct probe_path *probe,
    struct rules *out)
{
	struct fib_rule_hdr rule = {.family = family};

	*out = (struct rules){.probe = probe};
	return (netlink_dump(
	    nl, RTM_GETRULE, &rule, sizeof(rule), rule_loaded, out));
}

static int
rule_delete(struct netlink *nl, int family, uint32_t priority,
    const struct probe_path *probe)
{
	return (netlink_ask(nl,
	    rule_message(RTM_DELRULE, 0, family, priority, probe), NULL, NULL));
}

/*
 * Delete all rules of ours, but for the one that is as it should be if that is
 * to be kept; *kept says whether there is one.
 */
static int
rules_delete(struct netlink *nl, int family, const struct probe_path *probe,
    bool keep, bool *kept)
{
	unsigned rounds = 0;
	struct rules rules;
	size_t i;
	int rc;

	do {
		if ((rc = rules_load(nl, family, probe, &rules)) < 0)
			return (rc);
		if (rules.found && !keep)
			rc = rule_delete(nl, family, probe->table, probe);
		for (i = 0; i < rules.count && rc == 0; i++)
			rc = rule_delete(nl, family, rules.surplus[i], probe);
	} while (rc == 0 && rules.count == RULES_MAX && ++rounds < ROUNDS_MAX);
	*kept = rules.found && keep;
	return (rc);
}

/* One rule, neither more nor fewer. */
static int
rule_install(struct netlink *nl, int family, const struct probe_path *probe)
{
	bool kept;
	int rc;

	rc = rules_delete(nl, family, probe, true, &kept);
	if (rc < 0 || kept)
		return (rc);
	return (netlink_ask(nl,
	    rule_message(RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, family,
		probe->table, probe),
	    NULL, NULL));
}

/* The route to the device last: it may be without IPv6 alone. */
static int
family_install(
    struct netlink *nl, int family, int ifindex, const struct probe_path *probe)
{
	int rc;

	if ((rc = route_install(nl, family, 0, probe)) == 0)
		rc = rule_install(nl, family, probe);
	if (rc == 0 && ifindex != 0)
		rc = route_install(nl, family, ifindex, probe);
	if (rc == 0)
		return (0);
	if (family_missing(family, -rc)) {
		log_debug("netlink: no %s path for probes: %s",
		    family_name(family), strerror(-rc));
		return (0);
	}
	errno = -rc;
	log_warn("cannot have %s probes routed to %s by table %u%s",
	    family_name(family), probe->device, probe->table,
	    netlink_remedy(-rc));
	return (-1);
}

/* Without a device (ifindex 0), marked packets don't leave at all. */
static int
routing_install(struct netlink *nl, int ifindex, const struct probe_path *probe)
{
	size_t i;

	for (i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
		if (family_install(nl, families[i], ifindex, probe) < 0)
			return (-1);
	}
	return (0);
}

static int
path_install(
    struct netlink *nl, const struct probe_path *probe, struct device pair[2])
{
	int rc;

	/* The peer last: the device has a carrier only then. */
	if ((rc = device_settle(nl, pair[0].ifindex)) < 0 ||
	    (rc = device_settle(nl, pair[1].ifindex)) < 0) {
		errno = -rc;
		log_warn("cannot set up the interface %s for probes%s",
		    probe->device, netlink_remedy(-rc));
		return (-1);
	}
	return (routing_install(nl, pair[0].ifindex, probe));
}

static int
pair_install(struct netlink *nl, const char *name, const char *peer,
    struct device pair[2])
{
	int rc;

	if ((rc = pair_find(nl, name, peer, pair)) == 0 &&
	    pair[0].ifindex == 0 && (rc = pair_create(nl, name, peer)) == 0)
		rc = pair_find(nl, name, peer, pair);
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

/* The peer's name; -1 if the device's is too long to have one. */
static int
peer_name(const char *device, char peer[IFNAMSIZ])
{
	size_t length = strlen(device);

	if (length == 0 || length + 1 >= IFNAMSIZ)
		return (-1);
	memcpy(peer, device, length);
	memcpy(peer + length, "p", 2);
	return (0);
}

int
netlink_probe_path_add(struct netlink *nl, const char *device, uint32_t mark,
    uint32_t table, int *peer_ifindex)
{
	struct probe_path probe = {.mark = mark & MARK_MASK, .table = table};
	char peer[IFNAMSIZ];
	struct device pair[2];

	if (peer_name(device, peer) < 0) {
		log_warnx("probe.device: \"%s\": an interface's name here has "
			  "1 to %d characters",
		    device, IFNAMSIZ - 2);
		return (-1);
	}
	memcpy(probe.device, device, strlen(device) + 1);
	if (pair_install(nl, device, peer, pair) < 0 ||
	    path_install(nl, &probe, pair) < 0)
		return (-1);
	probe.installed = true;
	nl->probe = probe;
	*peer_ifindex = pair[1].ifindex;
	return (pair[0].ifindex);
}

static void
pair_remove(struct netlink *nl, const char *name)
{
	struct ifinfomsg ifi = {.ifi_family = AF_UNSPEC};
	char peer[IFNAMSIZ];
	struct device pair[2];

	if (peer_name(name, peer) < 0 || pair_find(nl, name, peer, pair) < 0 ||
	    pair[0].ifindex == 0)
		return;
	ifi.ifi_index = pair[0].ifindex;
	netlink_ask(
	    nl, netlink_message(RTM_DELLINK, 0, &ifi, sizeof(ifi)), NULL, NULL);
}

void
netlink_probe_path_remove(
    struct netlink *nl, const char *device, uint32_t mark, uint32_t table)
{
	struct probe_path probe = {.mark = mark & MARK_MASK, .table = table};
	bool kept;
	size_t i;

	nl->probe = (struct probe_path){0};
	for (i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
		rules_delete(nl, families[i], &probe, false, &kept);
		netlink_ask(nl,
		    route_message(RTM_DELROUTE, 0, families[i], 0, table), NULL,
		    NULL);
	}
	/* The other routes go with the device. */
	pair_remove(nl, device);
}

void
netlink_rule_message(struct netlink *nl, struct nlmsghdr *hdr)
{
	uint32_t priority;

	/* Which routes a server's packets are looked up in may be another. */
	netlink_watch_all_again(nl);
	if (!nl->probe.installed || hdr->nlmsg_type != RTM_DELRULE ||
	    !rule_read(hdr, &nl->probe, &priority))
		return;
	nl->probe.suspect = true;
	if (priority == nl->probe.table)
		log_notice("somebody removed the rule for probes (mark 0x%x): "
			   "putting it back",
		    nl->probe.mark);
}

/*
 * Put back what was taken away.  A device that is gone is the business of who
 * asked for it: it has a program to be attached.  What keeps probes from going
 * elsewhere is needed all the more then.
 */
void
netlink_probe_tick(struct netlink *nl)
{
	char peer[IFNAMSIZ];
	struct device pair[2];

	if (!nl->probe.suspect)
		return;
	/* What this does is no reason to do it again: no DEL*, no change. */
	nl->probe.suspect = false;
	if (peer_name(nl->probe.device, peer) == 0 &&
	    pair_find(nl, nl->probe.device, peer, pair) == 0 &&
	    pair[0].ifindex != 0)
		path_install(nl, &nl->probe, pair);
	else
		routing_install(nl, 0, &nl->probe);
}
