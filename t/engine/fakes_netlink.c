/* SPDX-License-Identifier: ISC */

/*
 * Interfaces, addresses and ways to servers as the world has them, and the
 * news of them; see fakes.h.
 */

#include <sys/socket.h>

#include <stdlib.h>
#include <string.h>

#include "adapters/netlink.h"
#include "fakes.h"

static struct netlink_callbacks callbacks;
static void *callback_arg;
static char handle; /* what opaque pointers point to */

struct netlink *
netlink_new(
    struct event_base *base, const struct netlink_callbacks *cb, void *arg)
{
	(void)base;
	callbacks = *cb;
	callback_arg = arg;
	return (struct netlink *)&handle;
}

void
netlink_free(struct netlink *nl)
{
	(void)nl;
}

void
netlink_watch(struct netlink *nl, const struct addr *a)
{
	(void)nl;
	fake_server_at(a);
}

void
netlink_unwatch(struct netlink *nl, const struct addr *a)
{
	(void)nl;
	(void)a;
}

const struct netlink_nexthop *
netlink_nexthop(struct netlink *nl, const struct addr *a)
{
	static struct netlink_nexthop hop;
	const struct fake_server *s = fake_server_at(a);

	(void)nl;
	hop = (struct netlink_nexthop){0};
	if (s->lost)
		return &hop;
	hop = (struct netlink_nexthop){.routed = true,
	    .onlink = s->gateway.family == 0,
	    .resolved = s->resolved,
	    .ifindex = 7,
	    .interface = "eth0",
	    .wire = world.wire,
	    .vlan = s->vlan,
	    .mtu = s->mtu,
	    .gateway = s->gateway,
	    .mac = {2, 0, 0, 0, 0, s->mac}};
	if (!world.no_source)
		hop.source = fake_address(
		    a->family == AF_INET ? "10.0.0.254" : "fd00::254");
	return &hop;
}

int
netlink_interface(
    struct netlink *nl, const char *name, struct netlink_interface *out)
{
	(void)nl;
	(void)name;
	memset(out, 0, sizeof(*out));
	out->ifindex = world.ifindex;
	out->up = world.ifindex != 0;
	out->bond = world.bond && world.ifindex != 0;
	out->master = world.master;
	return world.ifindex == 0 ? -1 : 0;
}

void
netlink_members(struct netlink *nl, int master,
    void (*function)(void *arg, const char *name, int ifindex), void *arg)
{
	size_t i;

	(void)nl;
	if (master != world.ifindex)
		abort();
	for (i = 0; i < FAKE_MEMBERS; i++)
		if (world.members[i] != NULL)
			function(arg, world.members[i], 10 + (int)i);
}

int
netlink_keep_tags(const char *name)
{
	(void)name;
	record.tags_kept++;
	return 1;
}

int
netlink_source(struct netlink *nl, int ifindex, int family, struct addr *out)
{
	(void)nl;
	(void)ifindex;
	if (world.no_source)
		return -1;
	*out = fake_address(family == AF_INET ? "10.0.0.254" : "fd00::254");
	return 0;
}

bool
netlink_is_local(struct netlink *nl, const struct addr *a)
{
	(void)nl;
	return addr_compare(a, &world.local) == 0;
}

bool
netlink_check_replies(struct netlink *nl, const struct addr *vip)
{
	(void)nl;
	(void)vip;
	record.replies_checked++;
	return true;
}

int
netlink_probe_path_add(struct netlink *nl, const char *device, uint32_t mark,
    uint32_t table, int *peer)
{
	*peer = 2;
	(void)nl;
	(void)device;
	(void)mark;
	(void)table;
	if (world.no_probe_path)
		return -1;
	record.probe_path = true;
	return 3;
}

void
netlink_probe_path_remove(
    struct netlink *nl, const char *device, uint32_t mark, uint32_t table)
{
	(void)nl;
	(void)device;
	(void)mark;
	(void)table;
	record.probe_path = false;
}

void
fake_nexthop_is_changing(const char *server)
{
	struct addr a = fake_address(server);

	callbacks.nexthop(callback_arg, &a, netlink_nexthop(NULL, &a));
}

void
fake_nexthop_changed(const char *server)
{
	fake_nexthop_is_changing(server);
	callbacks.nexthops_told(callback_arg);
}

void
fake_interface_changed(const char *name)
{
	struct netlink_interface now = {.ifindex = world.ifindex};

	callbacks.interface(callback_arg, name, &now);
}

void
fake_probe_path_gone(void)
{
	struct netlink_interface now = {0};

	callbacks.interface(callback_arg, "vc5d0", &now);
}

void
fake_address_changed(const char *text, bool present)
{
	struct addr a = fake_address(text);

	world.local = present ? a : (struct addr){0};
	callbacks.address(callback_arg, &a, present);
}
