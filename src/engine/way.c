/* SPDX-License-Identifier: ISC */

/*
 * See way.h.  Each reason is one function of a table, the first that has
 * something to say is it.
 */

#include <sys/socket.h>

#include <stdio.h>
#include <string.h>

#include "adapters/dataplane.h"
#include "adapters/netlink.h"
#include "engine/way.h"

/* What every link carries: RFC 791, section 3.2 (hosts), RFC 8200, 5. */
#define MINIMUM_MTU4 576
#define MINIMUM_MTU6 1280

struct way {
	const struct addr *vip;
	const struct conf_destination *conf;
	const struct netlink_nexthop *hop;
};

static void
no_route(const struct way *way, char problem[WAY_PROBLEM_LEN])
{
	if (way->hop == NULL || way->hop->ifindex == 0)
		snprintf(problem, WAY_PROBLEM_LEN, "no route to the server");
	else if (!way->hop->routed)
		snprintf(problem, WAY_PROBLEM_LEN,
		    "no route to the server that frames can take: see the log");
}

static void
gateway(const struct way *way, char problem[WAY_PROBLEM_LEN])
{
	char text[ADDR_STRLEN] = "";

	if (way->hop->onlink || !delivery_is_onlink(&way->conf->delivery))
		return;
	if (way->hop->gateway.family != 0)
		addr_format(&way->hop->gateway, text);
	snprintf(problem, WAY_PROBLEM_LEN,
	    "behind the gateway %s: \"delivery\" %s needs it on a subnet of "
	    "this host",
	    text, delivery_kind_name(way->conf->delivery.kind));
}

/* One that is in no VLAN is on an interface of its own, or the trunk's. */
static void
other_vlan(const struct way *way, char problem[WAY_PROBLEM_LEN])
{
	unsigned wanted = way->conf->vlan, is = way->hop->vlan;

	if (wanted != 0 && is != 0 && wanted != is)
		snprintf(problem, WAY_PROBLEM_LEN,
		    "its interface %s is VLAN %u, but \"vlans\" has it in "
		    "VLAN %u",
		    way->hop->interface, is, wanted);
}

static void
small_mtu(const struct way *way, char problem[WAY_PROBLEM_LEN])
{
	unsigned minimum =
	    way->vip->family == AF_INET ? MINIMUM_MTU4 : MINIMUM_MTU6;
	unsigned overhead =
	    delivery_overhead(&way->conf->delivery, &way->conf->address);

	if (way->hop->mtu != 0 && way->hop->mtu < minimum + overhead)
		snprintf(problem, WAY_PROBLEM_LEN,
		    "the MTU to it, %u, is too small: %s of %u bytes and %u "
		    "of encapsulation have to fit",
		    (unsigned)way->hop->mtu,
		    way->vip->family == AF_INET ? "IPv4" : "IPv6", minimum,
		    overhead);
}

static bool
is_tunnel(const struct delivery *delivery)
{
	return delivery->kind != DELIVERY_LAYER2 &&
	    delivery->kind != DELIVERY_DSCP;
}

static void
no_source(const struct way *way, char problem[WAY_PROBLEM_LEN])
{
	const struct delivery *delivery = &way->conf->delivery;

	if (is_tunnel(delivery) && delivery->source.address.family == 0 &&
	    way->hop->source.family != way->conf->address.family)
		snprintf(problem, WAY_PROBLEM_LEN,
		    "this host has no address for the outer header of its "
		    "packets: give %s one",
		    way->hop->interface);
}

void
way_problem(const struct addr *vip, const struct conf_destination *conf,
    const struct netlink_nexthop *hop, char problem[WAY_PROBLEM_LEN])
{
	static void (*const reasons[])(const struct way *, char *) = {
	    no_route, gateway, other_vlan, small_mtu, no_source};
	struct way way = {vip, conf, hop};
	size_t i;

	problem[0] = '\0';
	for (i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
		reasons[i](&way, problem);
		if (problem[0] != '\0')
			return;
	}
}

int
way_probe_source(struct netlink *nl, const struct addr *vip,
    const struct netlink_nexthop *hop, struct addr *source)
{
	if (hop->source.family == vip->family) {
		*source = hop->source;
		return 0;
	}
	return netlink_source(nl, hop->ifindex, vip->family, source);
}

void
way_probe_problem(struct netlink *nl, const struct addr *vip,
    const struct netlink_nexthop *hop, char problem[WAY_PROBLEM_LEN])
{
	struct addr source;

	problem[0] = '\0';
	if (way_probe_source(nl, vip, hop, &source) == -1)
		snprintf(problem, WAY_PROBLEM_LEN,
		    "this host has no %s address to check it from",
		    vip->family == AF_INET ? "IPv4" : "IPv6");
}

void
way_unresolved(const struct addr *server, const struct netlink_nexthop *hop,
    char problem[WAY_PROBLEM_LEN])
{
	bool direct = hop->gateway.family == 0;
	const struct addr *asked = direct ? server : &hop->gateway;
	char text[ADDR_STRLEN];

	snprintf(problem, WAY_PROBLEM_LEN, "no answer to %s on %s%s%s",
	    asked->family == AF_INET ? "ARP" : "neighbour discovery",
	    hop->interface, direct ? "" : " from the gateway ",
	    direct ? "" : addr_format(asked, text));
}

struct member {
	int ifindex;
	bool found;
};

static void
match_member(void *arg, const char *name, int ifindex)
{
	struct member *m = arg;

	(void)name;
	m->found |= m->ifindex == ifindex;
}

/* Under a VLAN's interface, whose name is not its own, it may be one. */
static bool
may_be_bond(struct netlink *nl, const struct netlink_nexthop *hop)
{
	struct netlink_interface wire;

	return hop->vlan != 0 ||
	    (netlink_interface(nl, hop->interface, &wire) == 0 && wire.bond);
}

bool
way_is_listed(struct netlink *nl, const struct conf *conf,
    const struct netlink_nexthop *hop)
{
	struct member m = {.ifindex = hop->wire};
	struct netlink_interface now;
	size_t i;

	for (i = 0; i < conf->interface_count; i++) {
		if (netlink_interface(nl, conf->interfaces[i], &now) == -1)
			continue;
		if (now.bond)
			netlink_members(nl, now.ifindex, match_member, &m);
		if (m.found || now.ifindex == hop->wire ||
		    (now.master == hop->wire && may_be_bond(nl, hop)))
			return true;
	}
	return false;
}

void
way_describe(const struct conf_destination *conf,
    const struct netlink_nexthop *hop, struct dataplane_destination *out)
{
	out->ifindex = hop->wire;
	out->vlan = hop->vlan;
	memcpy(out->mac, hop->mac, sizeof(out->mac));
	memcpy(out->source_mac, hop->source_mac, sizeof(out->source_mac));
	out->mtu = hop->mtu;
	if (is_tunnel(&conf->delivery) &&
	    conf->delivery.source.address.family == 0)
		out->source = hop->source;
}
