/* SPDX-License-Identifier: ISC */

/*
 * What the kernel reports of how servers are reached.  One route can be that
 * of all servers of all services: so what follows from a change is noted for
 * each of them, and done once when all have been told.
 */

#include <stdlib.h>

#include "adapters/netlink.h"
#include "base/xmalloc.h"
#include "engine/private.h"

static int
by_address(const void *a, const void *b)
{
	const struct destination *const *x = a, *const *y = b;

	return addr_compare(&(*x)->conf->address, &(*y)->conf->address);
}

void
nexthops_index(struct engine *e)
{
	size_t i, j, count = 0;

	for (i = 0; i < e->conf->service_count; i++)
		count += e->services[i].conf->destination_count;
	e->by_address =
	    xreallocarray(e->by_address, count + 1, sizeof(*e->by_address));
	e->by_address_count = count;
	count = 0;
	for (i = 0; i < e->conf->service_count; i++) {
		struct service *s = &e->services[i];

		for (j = 0; j < s->conf->destination_count; j++)
			e->by_address[count++] = &s->destinations[j];
	}
	qsort(e->by_address, count, sizeof(*e->by_address), by_address);
}

size_t
nexthops_first(const struct engine *e, const struct addr *server)
{
	size_t low = 0, high = e->by_address_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (addr_compare(
			&e->by_address[middle]->conf->address, server) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void
follow(struct destination *d, const struct netlink_nexthop *hop)
{
	struct service *s = d->service;

	s->dirty = true;
	destination_look(d);
	if (hop->resolved)
		vip_find(s->engine, &s->conf->key.vip)->replies_stale = true;
	if (s->conf->check_count == 0)
		destination_evaluate(d);
	else if (!d->healthy && hop->resolved)
		probers_kick(d);
}

void
nexthop_changed(
    void *arg, const struct addr *server, const struct netlink_nexthop *hop)
{
	struct engine *e = arg;
	size_t i;

	for (i = nexthops_first(e, server); i < e->by_address_count; i++) {
		struct destination *d = e->by_address[i];

		if (addr_compare(&d->conf->address, server) != 0)
			break;
		follow(d, hop);
	}
}

void
nexthops_told(void *arg)
{
	struct engine *e = arg;
	size_t i;

	for (i = 0; i < e->conf->vip_count; i++) {
		struct vip *v = &e->vips[i];

		if (!v->replies_stale)
			continue;
		v->replies_stale = false;
		netlink_check_replies(e->netlink, &v->conf->address);
	}
	/* At once, in this pass of the loop: packets are going astray. */
	engine_reconcile(e);
}
