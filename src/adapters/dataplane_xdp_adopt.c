/* SPDX-License-Identifier: ISC */

/*
 * Taking over: the model is read from the maps of a predecessor, which may
 * have died between any two stores.  A service counts from the moment when
 * its protocol is there, a destination when its service is; what is half
 * done is ended or undone, so that model and maps agree.
 *
 * Of maps that can't be taken over, the VIPs are read: whoever announced them
 * has to withdraw what isn't configured any more.
 */

#include <arpa/inet.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "adapters/dataplane_xdp_private.h"
#include "base/log.h"
#include "base/xmalloc.h"

static void
key_from(const struct vc5_service_key *from, struct service_key *to)
{
	*to = (struct service_key){
	    .port = ntohs(from->port),
	    .protocol = from->protocol,
	};
	addr_from_mapped(from->vip, &to->vip);
}

/* The services that there are, by index; NULL where there is none. */
static struct xdp_service **
read_services(struct xdp *xdp)
{
	struct xdp_service **by_index =
	    xcalloc(xdp->limits[XDP_SERVICES], sizeof(*by_index));
	struct xdp_service *service;

	for (uint32_t i = 1; i < xdp->limits[XDP_SERVICES]; i++) {
		struct vc5_service *from = &xdp->services[i];

		if (from->key.protocol == 0)
			continue;
		service = xcalloc(1, sizeof(*service));
		key_from(&from->key, &service->key);
		service->index = (uint16_t)i;
		service->scheduler = from->scheduler == SCHEDULER_RENDEZVOUS
		    ? SCHEDULER_RENDEZVOUS
		    : SCHEDULER_MAGLEV;
		service->sticky = (from->flags & VC5_STICKY) != 0;
		service->track = (from->flags & VC5_UNTRACKED) == 0;
		service->idle = from->idle;
		service->unsure = true;
		if (RB_INSERT(xdp_services, &xdp->model, service) != NULL) {
			free(service);
			from->key.protocol = 0;
			continue;
		}
		if (from->table / 2 != i)
			from->table = 2 * i;
		by_index[i] = service;
	}
	return by_index;
}

static int
compare_destinations(const void *a, const void *b)
{
	const struct xdp_destination *left = a, *right = b;

	return addr_compare(&left->is.address, &right->is.address);
}

/* By address, each once. */
static void
sort_destinations(struct xdp *xdp, struct xdp_service *service)
{
	struct xdp_destination *all = service->destinations;
	size_t kept = 0;

	if (service->destination_count == 0)
		return;
	qsort(all, service->destination_count, sizeof(*all),
	    compare_destinations);
	for (size_t i = 1; i < service->destination_count; i++) {
		if (compare_destinations(&all[kept], &all[i]) != 0)
			all[++kept] = all[i];
		else
			xdp_destination_free(xdp, all[i].index);
	}
	service->destination_count = kept + 1;
}

static void
read_destinations(struct xdp *xdp, struct xdp_service **by_index)
{
	struct xdp_service *service;

	for (uint32_t i = 1; i < xdp->limits[XDP_DESTINATIONS]; i++) {
		const struct vc5_destination *from = &xdp->destinations[i];
		uint16_t index = (uint16_t)i;

		service = from->service < xdp->limits[XDP_SERVICES]
		    ? by_index[from->service]
		    : NULL;
		if (service == NULL && from->service == 0 &&
		    from->state == VC5_DOWN) {
			xdp_pool_put(
			    &xdp->free_destinations, index, xdp->graces);
			continue;
		}
		if (service == NULL) {
			xdp_destination_free(xdp, index);
			continue;
		}
		service->destinations = xreallocarray(service->destinations,
		    service->destination_count + 1,
		    sizeof(*service->destinations));
		xdp_destination_read(xdp, index,
		    &service->destinations[service->destination_count++]);
	}
	for (uint32_t i = 1; i < xdp->limits[XDP_SERVICES]; i++)
		if (by_index[i] != NULL)
			sort_destinations(xdp, by_index[i]);
}

/* Remove the keys of a hash map that the model doesn't have. */
static void
prune(struct xdp *xdp, int map, size_t size,
    bool (*wanted)(struct xdp *, const void *key))
{
	unsigned char key[sizeof(struct vc5_service_key)], *all = NULL;
	size_t count = 0;
	void *last = NULL;

	/* Read first: removing would confuse the iteration. */
	while (bpf_map_get_next_key(map, last, key) == 0) {
		all = xreallocarray(all, count + 1, size);
		last = memcpy(all + count++ * size, key, size);
	}
	for (size_t i = 0; i < count; i++)
		if (!wanted(xdp, all + i * size))
			bpf_map_delete_elem(map, all + i * size);
	free(all);
}

static bool
is_service(struct xdp *xdp, const void *key)
{
	struct service_key name;

	key_from(key, &name);
	return xdp_service_find(xdp, &name) != NULL;
}

static bool
is_vip(struct xdp *xdp, const void *key)
{
	struct xdp_service first = {0}, *service;

	addr_from_mapped(key, &first.key.vip);
	service = RB_NFIND(xdp_services, &xdp->model, &first);
	return service != NULL &&
	    addr_compare(&service->key.vip, &first.key.vip) == 0;
}

/* Clear the filter's bits that are no VIP's. */
static void
prune_filter(struct xdp *xdp)
{
	uint64_t wanted[VC5_FILTER_BITS / 64] = {0};
	struct xdp_service *service;
	uint8_t vip[16];
	uint32_t bit;

	RB_FOREACH(service, xdp_services, &xdp->model) {
		addr_to_mapped(&service->key.vip, vip);
		bit = vc5_filter_bit(vip);
		wanted[bit / 64] |= 1ULL << bit % 64;
	}
	for (size_t i = 0; i < VC5_FILTER_BITS / 64; i++)
		if (xdp->control->filter[i] != wanted[i])
			__atomic_fetch_and(&xdp->control->filter[i], wanted[i],
			    __ATOMIC_RELEASE);
}

void
xdp_adopt(struct xdp *xdp)
{
	struct xdp_service **by_index = read_services(xdp), *service;
	unsigned services = 0, destinations = 0;

	read_destinations(xdp, by_index);
	for (uint32_t i = 1; i < xdp->limits[XDP_SERVICES]; i++)
		if (by_index[i] == NULL)
			xdp_pool_put(
			    &xdp->free_services, (uint16_t)i, xdp->graces);
	free(by_index);
	prune(xdp, xdp->service_index, sizeof(struct vc5_service_key),
	    is_service);
	RB_FOREACH(service, xdp_services, &xdp->model) {
		xdp_service_hook(xdp, service);
		services++;
		destinations += (unsigned)service->destination_count;
	}
	prune_filter(xdp);
	prune(xdp, xdp->vips, 16, is_vip);
	/* What the predecessor gave up last may still be seen. */
	xdp_grace(xdp);
	if (services > 0)
		log_notice("took over %u services with %u destinations",
		    services, destinations);
}

/* Is the layout of the predecessor's maps the one that we know? */
static bool
is_known(const struct xdp *xdp)
{
	struct vc5_control *control = xcalloc(1, sizeof(*control));
	const uint32_t zero = 0;
	uint32_t count;
	int fd = xdp_maps_open_array(xdp, "control", sizeof(*control), &count);
	bool known = fd >= 0 && bpf_map_lookup_elem(fd, &zero, control) == 0 &&
	    control->abi == VC5_ABI;

	if (fd >= 0)
		close(fd);
	free(control);
	return known;
}

static int
compare_vips(const void *a, const void *b)
{
	return addr_compare(a, b);
}

/* One at most for each element of the array. */
static void
read_former(struct xdp *xdp, int services, uint32_t count)
{
	struct vc5_service service;
	size_t found = 0, kept = 0;
	struct addr *vips = xcalloc(count, sizeof(*vips));

	for (uint32_t i = 1; i < count; i++)
		if (bpf_map_lookup_elem(services, &i, &service) == 0 &&
		    service.key.protocol != 0)
			addr_from_mapped(service.key.vip, &vips[found++]);
	qsort(vips, found, sizeof(*vips), compare_vips);
	for (size_t i = 0; i < found; i++)
		if (i == 0 || addr_compare(&vips[i], &vips[i - 1]) != 0)
			vips[kept++] = vips[i];
	xdp->former = vips;
	xdp->former_count = kept;
}

int
xdp_former_read(struct xdp *xdp)
{
	uint32_t count;
	int fd;

	if (!is_known(xdp))
		return -1;
	fd = xdp_maps_open_array(
	    xdp, "services", sizeof(struct vc5_service), &count);
	if (fd < 0)
		return -1;
	read_former(xdp, fd, count);
	close(fd);
	return 0;
}

void
xdp_former_each(struct dataplane *dataplane,
    void (*each)(const struct addr *, void *), void *arg)
{
	const struct xdp *xdp = xdp_of(dataplane);

	for (size_t i = 0; i < xdp->former_count; i++)
		each(&xdp->former[i], arg);
}
