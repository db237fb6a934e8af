/* SPDX-License-Identifier: ISC */

/*
 * Interfaces: attach the data plane to those of the configuration, now and
 * whenever one comes (back).  A bond is attached to as a whole where that can
 * be done natively; else each of its members is, as they come and go.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/netlink.h"
#include "base/log.h"
#include "base/monotime.h"
#include "base/xmalloc.h"
#include "engine/private.h"

/* What the data plane reads first: tags that the hardware has not removed. */
static void
keep_tags(struct engine *e, struct port *p)
{
	if (!e->tagged || p->tags || p->ifindex == 0)
		return;
	p->tags = true;
	switch (netlink_keep_tags(p->name)) {
	case 1:
		log_notice("interface %s: turned off rxvlan: it hides VLAN "
			   "tags from XDP",
		    p->name);
		break;
	case -1:
		log_warn("interface %s: can't have VLAN tags left in packets: "
			 "they may not be seen (ethtool -K %s rxvlan off)",
		    p->name, p->name);
		break;
	default:
		break;
	}
}

/* 0 if it is attached, -1 if not, which is tried again. */
static int
attach_port(struct engine *e, struct port *p, enum xdp_mode mode, uint64_t now)
{
	struct dataplane *dp = e->dataplane;
	bool native = false;

	if (p->attached)
		return 0;
	if (p->ifindex == 0 || !retry_due(&p->retry, now))
		return -1;
	/* Some drivers begin all over, which takes them seconds. */
	parent_excuse(e);
	if (dp->ops->interface_attach(dp, p->name, p->ifindex, mode, &native) ==
	    -1)
		return -1;
	p->attached = true;
	p->native = native;
	log_info("interface %s: attached, %s mode", p->name,
	    native ? "native" : "generic");
	return 0;
}

static void
port_init(struct port *p, const char *name)
{
	memset(p, 0, sizeof(*p));
	snprintf(p->name, sizeof(p->name), "%s", name);
	retry_reset(&p->retry);
}

/* Of an interface that was made anew nothing is left. */
static void
port_set_ifindex(struct port *p, int ifindex)
{
	if (p->ifindex == ifindex)
		return;
	p->ifindex = ifindex;
	p->attached = p->tags = false;
	retry_reset(&p->retry);
}

/* Members of a bond. */

static struct port *
find_port(struct port *list, size_t count, const char *name)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (strcmp(list[i].name, name) == 0)
			return &list[i];
	return NULL;
}

struct members {
	const struct interface *before;
	struct port *ports;
	size_t count;
};

static void
add_member(void *arg, const char *name, int ifindex)
{
	struct members *m = arg;
	const struct port *was =
	    find_port(m->before->members, m->before->member_count, name);
	struct port *p;

	m->ports = xreallocarray(m->ports, m->count + 1, sizeof(*m->ports));
	p = &m->ports[m->count++];
	if (was != NULL)
		*p = *was;
	else
		port_init(p, name);
	port_set_ifindex(p, ifindex);
}

static bool
is_configured(const struct engine *e, const char *name)
{
	size_t i;

	for (i = 0; i < e->conf->interface_count; i++)
		if (strcmp(e->conf->interfaces[i], name) == 0)
			return true;
	return false;
}

static void
detach_member(struct engine *e, const struct interface *i, struct port *p)
{
	if (!p->attached || is_configured(e, p->name))
		return;
	log_info("interface %s: no longer a member of %s, detached", p->name,
	    i->port.name);
	e->dataplane->ops->interface_detach(e->dataplane, p->name);
}

/* Who is a member of it now, and who is not any more. */
static void
refresh_members(struct engine *e, struct interface *i)
{
	struct members now = {.before = i};
	size_t j;

	if (i->bond)
		netlink_members(e->netlink, i->port.ifindex, add_member, &now);
	for (j = 0; j < i->member_count; j++)
		if (find_port(now.ports, now.count, i->members[j].name) == NULL)
			detach_member(e, i, &i->members[j]);
	free(i->members);
	i->members = now.ports;
	i->member_count = now.count;
}

/* A predecessor did it so; doing it in another way would lose packets. */
static bool
members_are_attached(const struct engine *e, const struct interface *i)
{
	const struct dataplane_ops *ops = e->dataplane->ops;
	size_t j;

	for (j = 0; j < i->member_count; j++)
		if (ops->interface_is_attached(
			e->dataplane, i->members[j].name))
			return true;
	return false;
}

static void
attach_members(struct engine *e, struct interface *i, uint64_t now)
{
	size_t j;

	for (j = 0; j < i->member_count; j++)
		attach_port(e, &i->members[j], e->conf->xdp, now);
}

/*
 * Native XDP has to be the members': until there is one, nobody knows, and to
 * a bond that has it, only members can be added that have it, too.  In generic
 * mode a bond's program would not see tags, which the kernel takes off as the
 * frame leaves the member.
 */
static void
attach_bond(struct engine *e, struct interface *i, uint64_t now)
{
	if (i->member_count == 0)
		return;
	if (!i->by_member && !i->port.attached)
		i->by_member =
		    e->conf->xdp == XDP_GENERIC || members_are_attached(e, i);
	if (i->by_member) {
		attach_members(e, i, now);
		return;
	}
	if (i->port.attached || now < i->port.retry.at ||
	    attach_port(e, &i->port, XDP_NATIVE, now) == 0)
		return;
	log_notice("interface %s: attaching to each of its members instead",
	    i->port.name);
	i->by_member = true;
	attach_members(e, i, now);
}

static void
attach(struct engine *e, struct interface *i, uint64_t now)
{
	size_t j;

	if (i->bond) {
		attach_bond(e, i, now);
	} else {
		attach_port(e, &i->port, e->conf->xdp, now);
		keep_tags(e, &i->port);
	}
	for (j = 0; j < i->member_count; j++)
		keep_tags(e, &i->members[j]);
}

static void
refresh(struct engine *e, struct interface *i)
{
	struct netlink_interface now = {0};

	netlink_interface(e->netlink, i->port.name, &now);
	i->up = now.up;
	if (now.ifindex != i->port.ifindex) {
		if (now.ifindex == 0)
			log_warnx("interface %s is gone; waiting for it",
			    i->port.name);
		i->by_member = false;
	}
	port_set_ifindex(&i->port, now.ifindex);
	i->bond = now.bond;
	refresh_members(e, i);
}

static struct interface *
find(struct interface *list, size_t count, const char *name)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (strcmp(list[i].port.name, name) == 0)
			return &list[i];
	return NULL;
}

void
interfaces_build(struct engine *e, struct interface *old, size_t old_count)
{
	size_t i, count = e->conf->interface_count;
	struct interface *was;

	e->interfaces = xcalloc(count, sizeof(*e->interfaces));
	e->interface_count = count;
	for (i = 0; i < count; i++) {
		struct interface *in = &e->interfaces[i];

		was = find(old, old_count, e->conf->interfaces[i]);
		if (was != NULL) {
			*in = *was;
			was->members = NULL;
			was->member_count = 0;
		} else
			port_init(&in->port, e->conf->interfaces[i]);
		retry_reset(&in->port.retry);
		refresh(e, in);
		if (in->port.ifindex == 0)
			log_warnx("interface %s does not exist; waiting for "
				  "it (\"interfaces\" in %s)",
			    in->port.name, e->conf->file);
		attach(e, in, monotime_ms());
	}
}

/* It may also be, or have been, a member of a bond. */
void
interfaces_update(struct engine *e, const char *name)
{
	size_t i;

	for (i = 0; i < e->interface_count; i++) {
		struct interface *in = &e->interfaces[i];

		if (strcmp(in->port.name, name) != 0 && !in->bond)
			continue;
		refresh(e, in);
		attach(e, in, monotime_ms());
	}
}

void
interfaces_retry(struct engine *e, uint64_t now)
{
	size_t i;

	for (i = 0; i < e->interface_count; i++)
		attach(e, &e->interfaces[i], now);
}

void
interfaces_keep_tags(struct engine *e)
{
	if (e->tagged)
		return;
	e->tagged = true;
	if (e->interfaces != NULL)
		interfaces_retry(e, monotime_ms());
}

/* Interfaces that packets are sent out of. */

static bool
any_is_native(const struct engine *e)
{
	size_t i;

	for (i = 0; i < e->interface_count; i++)
		if (interface_is_attached(&e->interfaces[i]) &&
		    interface_is_native(&e->interfaces[i]))
			return true;
	return false;
}

/* Is it attached to, but in generic mode? */
static bool
is_generic(const struct engine *e, int ifindex)
{
	const struct interface *in;
	size_t i;

	for (i = 0; i < e->interface_count; i++) {
		in = &e->interfaces[i];
		if (in->port.ifindex == ifindex)
			return interface_is_attached(in) &&
			    !interface_is_native(in);
	}
	return false;
}

static void
warn_of_stray(struct engine *e, const struct netlink_nexthop *hop)
{
	bool generic = is_generic(e, hop->wire);
	size_t i;

	for (i = 0; i < e->stray_count; i++)
		if (e->strays[i] == hop->wire)
			return;
	if (!generic && way_is_listed(e->netlink, e->conf, hop))
		return;
	e->strays =
	    xreallocarray(e->strays, e->stray_count + 1, sizeof(*e->strays));
	e->strays[e->stray_count++] = hop->wire;
	log_warnx("interface %s: servers are reached by it, but it is %s: "
		  "unless its driver sends what XDP redirects, packets that "
		  "come in in native mode are lost, which health checks "
		  "don't notice: %s",
	    hop->interface,
	    generic ? "attached to in generic mode" : "not in \"interfaces\"",
	    generic ? "set \"xdp\" to \"generic\""
		    : "add it, or set \"xdp\" to \"generic\"");
}

void
interfaces_watch(struct engine *e)
{
	const struct netlink_nexthop *hop;
	const struct service *s;
	size_t i, j;

	if (!any_is_native(e))
		return;
	for (i = 0; i < e->conf->service_count; i++) {
		s = &e->services[i];
		for (j = 0; j < s->conf->destination_count; j++) {
			hop = netlink_nexthop(
			    e->netlink, &s->destinations[j].conf->address);
			if (hop != NULL && hop->routed)
				warn_of_stray(e, hop);
		}
	}
}

/* Detaching. */

struct names {
	char **names;
	size_t count;
};

static void
add_name(void *arg, const char *name, int ifindex)
{
	struct names *list = arg;

	(void)ifindex;
	list->names =
	    xreallocarray(list->names, list->count + 1, sizeof(char *));
	list->names[list->count++] = xstrdup(name);
}

void
interfaces_detach_others(struct engine *e)
{
	struct netlink_interface now;
	struct names keep = {0};
	size_t i;

	for (i = 0; i < e->conf->interface_count; i++) {
		add_name(&keep, e->conf->interfaces[i], 0);
		if (netlink_interface(
			e->netlink, e->conf->interfaces[i], &now) == 0 &&
		    now.bond)
			netlink_members(
			    e->netlink, now.ifindex, add_name, &keep);
	}
	e->dataplane->ops->interface_detach_others(
	    e->dataplane, keep.names, keep.count);
	for (i = 0; i < keep.count; i++)
		free(keep.names[i]);
	free(keep.names);
}

static void
detach_port(struct engine *e, struct port *p)
{
	if (p->attached)
		e->dataplane->ops->interface_detach(e->dataplane, p->name);
	p->attached = false;
}

void
interfaces_detach(struct engine *e, struct interface *list, size_t count)
{
	size_t i, j;

	for (i = 0; i < count; i++) {
		detach_port(e, &list[i].port);
		for (j = 0; j < list[i].member_count; j++)
			detach_port(e, &list[i].members[j]);
		list[i].by_member = false;
	}
}

void
interfaces_free(struct interface *list, size_t count)
{
	size_t i;

	for (i = 0; list != NULL && i < count; i++)
		free(list[i].members);
	free(list);
}

bool
interface_is_attached(const struct interface *in)
{
	size_t i;

	if (!in->by_member)
		return in->port.attached;
	for (i = 0; i < in->member_count; i++)
		if (!in->members[i].attached)
			return false;
	return in->member_count > 0;
}

bool
interface_is_native(const struct interface *in)
{
	size_t i;

	if (!in->by_member)
		return in->port.native;
	for (i = 0; i < in->member_count; i++)
		if (!in->members[i].native)
			return false;
	return true;
}
