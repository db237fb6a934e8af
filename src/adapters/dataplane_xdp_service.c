/* SPDX-License-Identifier: ISC */

/*
 * Services as they should be, against what they are: what differs is
 * applied, in an order in which no packet sees a half-made service.
 */

#include <netinet/in.h>

#include <stdlib.h>
#include <string.h>

#include "adapters/dataplane_xdp_private.h"
#include "base/log.h"
#include "base/xmalloc.h"
#include "core/slots.h"

_Static_assert(SLOTS_COUNT == VC5_SLOTS && SLOTS_MAX == VC5_SLOTS_MAX,
    "the tables' sizes differ");

static int
compare_destinations(const void *a, const void *b)
{
	const struct xdp_destination *left = a, *right = b;

	return addr_compare(&left->is.address, &right->is.address);
}

/*
 * The way to a destination which is not known now is the one of before, but
 * not for another kind of delivery.
 */
static void
keep_route(
    const struct dataplane_destination *from, struct dataplane_destination *to)
{
	if (!delivery_equal(&from->delivery, &to->delivery))
		return;
	to->ifindex = from->ifindex;
	to->vlan = from->vlan;
	memcpy(to->mac, from->mac, sizeof(to->mac));
	memcpy(to->source_mac, from->source_mac, sizeof(to->source_mac));
	to->mtu = from->mtu;
	to->source = from->source;
}

/*
 * The destinations as they should be, by address; index 0 where one is new.
 * old is NULL if the service is new.
 */
static struct xdp_destination *
plan(const struct xdp_service *old, const struct dataplane_service *wanted,
    size_t *fresh)
{
	struct xdp_destination *next =
	    xcalloc(wanted->destination_count + 1, sizeof(*next));
	const struct xdp_destination *known;

	*fresh = 0;
	for (size_t i = 0; i < wanted->destination_count; i++) {
		next[i].is = wanted->destinations[i];
		known = old == NULL
		    ? NULL
		    : xdp_destination_find(old, &next[i].is.address);
		if (known == NULL) {
			++*fresh;
			continue;
		}
		next[i].index = known->index;
		if (next[i].is.ifindex == 0)
			keep_route(&known->is, &next[i].is);
	}
	qsort(next, wanted->destination_count, sizeof(*next),
	    compare_destinations);
	return next;
}

/* Is there room for what is new? */
static int
check_room(const struct xdp *xdp, const struct service_key *key,
    bool new_service, size_t fresh)
{
	char text[SERVICE_KEY_STRLEN];

	if (new_service && xdp->free_services.count == 0) {
		log_warnx("%s: not balanced: there are limits.services = %u "
			  "services already: raise limits.services and restart",
		    service_key_format(key, text),
		    xdp->limits[XDP_SERVICES] - 1);
		return -1;
	}
	if (fresh > xdp->free_destinations.count) {
		log_warnx("%s: not applied: %zu more destinations than the "
			  "%u free ones of limits.destinations = %u: raise "
			  "limits.destinations and restart",
		    service_key_format(key, text),
		    fresh - xdp->free_destinations.count,
		    xdp->free_destinations.count,
		    xdp->limits[XDP_DESTINATIONS] - 1);
		return -1;
	}
	return 0;
}

/* One without destinations, which no packet finds yet. */
static struct xdp_service *
service_new(struct xdp *xdp, const struct service_key *key)
{
	struct xdp_service *service = xcalloc(1, sizeof(*service));
	struct vc5_service *to;

	service->key = *key;
	service->index = xdp_pool_take(xdp, &xdp->free_services);
	to = &xdp->services[service->index];
	xdp_counters_clear_service(xdp, service->index);
	to->table = 2U * service->index;
	to->flags = 0;
	xdp_service_key(key, &to->key);
	to->key.protocol = 0; /* the rest is not there yet */
	service->unsure = true;
	RB_INSERT(xdp_services, &xdp->model, service);
	return service;
}

/* Its share of new flows: none when it can't be sent to. */
static unsigned
effective_weight(const struct dataplane_destination *is)
{
	static const uint8_t unknown[6];

	return is->state == DESTINATION_UP && is->ifindex != 0 &&
		memcmp(is->mac, unknown, sizeof(unknown)) != 0
	    ? is->weight
	    : 0;
}

/* The next one from *i that is in the table. */
static const struct xdp_destination *
next_in_table(
    const struct xdp_destination *destinations, size_t count, size_t *i)
{
	while (*i < count && effective_weight(&destinations[*i].is) == 0)
		++*i;
	return *i < count ? &destinations[(*i)++] : NULL;
}

/* Would the table be another one? */
static bool
table_differs(const struct xdp_service *service,
    const struct xdp_destination *next, size_t count, enum scheduler scheduler)
{
	const struct xdp_destination *a, *b;
	size_t i = 0, j = 0;

	if (service->unsure || service->scheduler != scheduler)
		return true;
	do {
		a = next_in_table(
		    service->destinations, service->destination_count, &i);
		b = next_in_table(next, count, &j);
		if (a != NULL && b != NULL &&
		    (a->index != b->index || a->is.weight != b->is.weight ||
			a->is.withheld != b->is.withheld))
			return true;
	} while (a != NULL && b != NULL);
	return a != b;
}

void
xdp_table_fill(struct xdp *xdp, const struct xdp_destination *destinations,
    size_t count, enum scheduler scheduler, bool *coarse)
{
	struct slots_member *members = xcalloc(count + 1, sizeof(*members));

	for (size_t i = 0; i < count; i++) {
		members[i].address = destinations[i].is.address;
		members[i].weight = effective_weight(&destinations[i].is);
		members[i].value = destinations[i].index;
		members[i].withheld = destinations[i].is.withheld;
	}
	slots_refill(
	    scheduler, members, count, 0, xdp->table, xdp->slots, coarse);
	free(members);
}

/*
 * Fill the idle half of the service's table, then have packets use it.  Those
 * of a flip in the present grace period may still read the idle half.
 */
static void
table_set(struct xdp *xdp, struct xdp_service *service,
    const struct xdp_destination *next, size_t count, enum scheduler scheduler)
{
	uint32_t *table = &xdp->services[service->index].table;
	uint32_t idle = *table ^ 1;
	size_t size = xdp->slots * sizeof(*xdp->table);

	xdp_table_fill(xdp, next, count, scheduler, &service->coarse);
	service->digest = 0;
	if (memcmp(xdp->table, xdp_table(xdp, *table), size) == 0)
		return;
	xdp_grace_since(xdp, service->flipped);
	memcpy(xdp_table(xdp, idle), xdp->table, size);
	__atomic_store_n(table, idle, __ATOMIC_RELEASE);
	service->flipped = xdp->graces;
}

/* A destination may do more while both tables are about, not less. */
static enum destination_state
meanwhile(const struct xdp_service *service, const struct xdp_destination *next)
{
	const struct xdp_destination *old =
	    xdp_destination_find(service, &next->is.address);

	return old != NULL && old->is.state > next->is.state ? old->is.state
							     : next->is.state;
}

/* Those whose way changes by more than one store, all at once. */
static void
close_ways(struct xdp *xdp, const struct xdp_destination *next, size_t count)
{
	bool seen = false;

	for (size_t i = 0; i < count; i++)
		if (next[i].index != 0 && xdp_destination_close(xdp, &next[i]))
			seen = true;
	if (seen)
		xdp_grace(xdp);
}

static void
apply_destinations(struct xdp *xdp, struct xdp_service *service,
    struct xdp_destination *next, size_t count, enum scheduler scheduler)
{
	struct xdp_service after = {
	    .destinations = next, .destination_count = count};
	const struct xdp_destination *old;

	close_ways(xdp, next, count);
	for (size_t i = 0; i < count; i++) {
		if (next[i].index != 0) {
			xdp_destination_change(xdp, &next[i]);
			xdp_destination_state(
			    xdp, next[i].index, meanwhile(service, &next[i]));
			continue;
		}
		next[i].index = xdp_pool_take(xdp, &xdp->free_destinations);
		xdp_destination_make(xdp, &next[i], service->index);
	}
	if (table_differs(service, next, count, scheduler))
		table_set(xdp, service, next, count, scheduler);
	for (size_t i = 0; i < count; i++)
		xdp_destination_state(xdp, next[i].index, next[i].is.state);
	for (size_t i = 0; i < service->destination_count; i++) {
		old = &service->destinations[i];
		if (xdp_destination_find(&after, &old->is.address) == NULL)
			xdp_destination_free(xdp, old->index);
	}
	free(service->destinations);
	service->destinations = next;
	service->destination_count = count;
}

static void
service_free(struct xdp *xdp, struct xdp_service *service)
{
	RB_REMOVE(xdp_services, &xdp->model, service);
	free(service->destinations);
	free(service);
}

/* Seconds that a flow may be quiet: no fewer than a closed one. */
static uint32_t
idle_of(const struct dataplane_service *wanted)
{
	if (wanted->idle == 0)
		return wanted->key.protocol == IPPROTO_UDP ? VC5_IDLE_UDP
							   : VC5_IDLE_TCP;
	return wanted->idle < VC5_IDLE_CLOSED ? VC5_IDLE_CLOSED : wanted->idle;
}

/* What is said of a service as such: each is one store. */
static void
apply_settings(struct xdp *xdp, struct xdp_service *service,
    const struct dataplane_service *wanted)
{
	struct vc5_service *to = &xdp->services[service->index];

	service->scheduler = wanted->scheduler;
	service->sticky = wanted->sticky;
	service->track = wanted->track;
	service->idle = idle_of(wanted);
	to->scheduler = (uint32_t)wanted->scheduler;
	__atomic_store_n(&to->idle, service->idle, __ATOMIC_RELAXED);
	__atomic_store_n(&to->flags,
	    (wanted->sticky ? VC5_STICKY : 0U) |
		(wanted->track ? 0U : VC5_UNTRACKED),
	    __ATOMIC_RELEASE);
}

int
xdp_service_set(
    struct dataplane *dataplane, const struct dataplane_service *wanted)
{
	struct xdp *xdp = xdp_of(dataplane);
	struct xdp_service *service = xdp_service_find(xdp, &wanted->key);
	struct xdp_destination *next;
	bool new_service = service == NULL;
	size_t fresh;

	next = plan(service, wanted, &fresh);
	if (check_room(xdp, &wanted->key, new_service, fresh) == -1) {
		free(next);
		return -1;
	}
	if (new_service)
		service = service_new(xdp, &wanted->key);
	apply_destinations(
	    xdp, service, next, wanted->destination_count, wanted->scheduler);
	apply_settings(xdp, service, wanted);
	service->unsure = false;
	if (!new_service)
		return 0;
	service->flipped = 0; /* no packet has seen it */
	if (xdp_service_hook(xdp, service) == 0)
		return 0;
	xdp_service_remove(dataplane, &wanted->key);
	return -1;
}

void
xdp_service_remove(struct dataplane *dataplane, const struct service_key *key)
{
	struct xdp *xdp = xdp_of(dataplane);
	struct xdp_service *service = xdp_service_find(xdp, key);

	if (service == NULL)
		return;
	xdp_service_unhook(xdp, service);
	for (size_t i = 0; i < service->destination_count; i++)
		xdp_destination_free(xdp, service->destinations[i].index);
	xdp_pool_put(&xdp->free_services, service->index, xdp->graces);
	service_free(xdp, service);
}

void
xdp_service_each(struct dataplane *dataplane,
    void (*each)(const struct dataplane_service *, void *), void *arg)
{
	struct xdp *xdp = xdp_of(dataplane);
	struct xdp_service *service;

	RB_FOREACH(service, xdp_services, &xdp->model) {
		struct dataplane_service is = {
		    .key = service->key,
		    .scheduler = service->scheduler,
		    .sticky = service->sticky,
		    .track = service->track,
		    .idle = service->idle,
		    .destination_count = service->destination_count,
		};

		is.answers = xdp_vip_has_answers(xdp, &service->key.vip);
		is.destinations =
		    xcalloc(is.destination_count + 1, sizeof(*is.destinations));
		for (size_t i = 0; i < is.destination_count; i++)
			is.destinations[i] = service->destinations[i].is;
		each(&is, arg);
		free(is.destinations);
	}
}

int
xdp_probe_mark(struct dataplane *dataplane, const struct service_key *key,
    const struct addr *address, uint32_t *mark)
{
	struct xdp *xdp = xdp_of(dataplane);
	const struct xdp_service *service = xdp_service_find(xdp, key);
	const struct xdp_destination *destination;

	destination =
	    service == NULL ? NULL : xdp_destination_find(service, address);
	if (destination == NULL) {
		log_debug("no mark: not in the data plane");
		return -1;
	}
	*mark = xdp->mark | destination->index;
	return 0;
}

void
xdp_services_clear(struct xdp *xdp)
{
	struct xdp_service *service, *next;

	RB_FOREACH_SAFE(service, xdp_services, &xdp->model, next)
		service_free(xdp, service);
}
