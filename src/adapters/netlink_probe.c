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
#include <linux/rtnetlink.h>

#include <errno.h>
#include <string.h>

#include <netlink/attr.h>
#include <netlink/msg.h>

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
	if (netlink_pair_settle(nl, probe->device, probe->peer, pair) < 0)
		return (-1);
	return (routing_install(nl, pair[0].ifindex, probe));
}

/* 0, or -1 if the device's name is too long for its peer to have one. */
static int
path_name(struct probe_path *probe, const char *device)
{
	size_t length = strlen(device);

	if (length == 0 || length + 1 >= IFNAMSIZ)
		return (-1);
	memcpy(probe->device, device, length + 1);
	memcpy(probe->peer, device, length);
	memcpy(probe->peer + length, "p", 2);
	return (0);
}

int
netlink_probe_path_add(struct netlink *nl, const char *device, uint32_t mark,
    uint32_t table, int *peer)
{
	struct probe_path probe = {.mark = mark & MARK_MASK, .table = table};
	struct device pair[2];

	if (path_name(&probe, device) < 0) {
		log_warnx("probe.device: \"%s\": an interface's name here has "
			  "1 to %d characters",
		    device, IFNAMSIZ - 2);
		return (-1);
	}
	if (netlink_pair_install(nl, probe.device, probe.peer, pair) < 0 ||
	    path_install(nl, &probe, pair) < 0)
		return (-1);
	probe.installed = true;
	nl->probe = probe;
	*peer = pair[1].ifindex;
	return (pair[0].ifindex);
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
	if (path_name(&probe, device) == 0)
		netlink_pair_remove(nl, probe.device, probe.peer);
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
	const struct probe_path *probe = &nl->probe;
	struct device pair[2];

	if (!probe->suspect)
		return;
	/* What this does is no reason to do it again: no DEL*, no change. */
	nl->probe.suspect = false;
	if (netlink_pair_find(nl, probe->device, probe->peer, pair) == 0 &&
	    pair[0].ifindex != 0)
		path_install(nl, probe, pair);
	else
		routing_install(nl, 0, probe);
}
