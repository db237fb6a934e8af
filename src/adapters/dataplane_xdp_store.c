/* SPDX-License-Identifier: ISC */

/*
 * Each change of what packets see, store by store: bpf/abi.h has the rules.
 *
 * A packet takes the path filter -> flow -> destination, or filter ->
 * service_index -> service -> table -> destination, and is dropped when its
 * VIP is in vips but its service isn't in service_index.  What is new is made
 * from the end of the path to its beginning, and undone the other way round.
 */

#include <arpa/inet.h>

#include <string.h>

#include <bpf/bpf.h>

#include "adapters/dataplane_xdp_private.h"
#include "base/log.h"

#define STORE(field, value) __atomic_store_n(&(field), value, __ATOMIC_RELEASE)

static const uint8_t states[] = {
    [DESTINATION_DOWN] = VC5_DOWN,
    [DESTINATION_DRAINING] = VC5_DRAINING,
    [DESTINATION_UP] = VC5_UP,
};

RB_GENERATE(xdp_services, xdp_service, entry, xdp_service_compare)

int
xdp_service_compare(const struct xdp_service *a, const struct xdp_service *b)
{
	return service_key_compare(&a->key, &b->key);
}

struct xdp_service *
xdp_service_find(struct xdp *xdp, const struct service_key *key)
{
	struct xdp_service like = {.key = *key};

	return RB_FIND(xdp_services, &xdp->model, &like);
}

const struct xdp_destination *
xdp_destination_find(const struct xdp_service *service, const struct addr *addr)
{
	size_t low = 0, high = service->destination_count, middle;
	int order;

	while (low < high) {
		middle = low + (high - low) / 2;
		order = addr_compare(
		    addr, &service->destinations[middle].is.address);
		if (order == 0)
			return &service->destinations[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

void
xdp_service_key(const struct service_key *from, struct vc5_service_key *to)
{
	*to = (struct vc5_service_key){
	    .port = htons(from->port),
	    .protocol = from->protocol,
	};
	addr_to_mapped(&from->vip, to->vip);
}

static uint64_t
mac_word(const uint8_t mac[6])
{
	uint64_t word = 0;

	memcpy(&word, mac, 6);
	return word;
}

/*
 * A new MAC address is one store.  When the way out changes as well, packets
 * are dropped as unresolved in between: none goes to the new interface with
 * the old address.
 */
static void
store_route(struct vc5_destination *to, const struct dataplane_destination *is)
{
	uint64_t mac = is->ifindex == 0 ? 0 : mac_word(is->mac);
	uint64_t source = mac_word(is->source_mac);

	if (to->ifindex != (uint32_t)is->ifindex || to->source_mac != source) {
		STORE(to->mac, 0);
		STORE(to->source_mac, source);
		STORE(to->ifindex, (uint32_t)is->ifindex);
	}
	if (to->mac != mac)
		STORE(to->mac, mac);
}

void
xdp_destination_change(
    struct xdp *xdp, const struct xdp_destination *destination)
{
	struct vc5_destination *to = &xdp->destinations[destination->index];

	store_route(to, &destination->is);
	if (to->weight != destination->is.weight)
		STORE(to->weight, destination->is.weight);
}

void
xdp_destination_state(
    struct xdp *xdp, uint16_t index, enum destination_state state)
{
	if (xdp->destinations[index].state != states[state])
		STORE(xdp->destinations[index].state, states[state]);
}

void
xdp_destination_make(struct xdp *xdp, const struct xdp_destination *destination,
    uint16_t service)
{
	struct vc5_destination *to = &xdp->destinations[destination->index];

	/* Generation 0 is that of an index which was never used. */
	if (to->generation == 0)
		STORE(to->generation, 1);
	to->kind = VC5_LAYER2;
	to->vlan = 0;
	addr_to_mapped(&destination->is.address, to->address);
	xdp_destination_change(xdp, destination);
	/* Until now it would be read as one that is not in use. */
	STORE(to->service, service);
	xdp_destination_state(xdp, destination->index, destination->is.state);
}

void
xdp_destination_read(
    const struct xdp *xdp, uint16_t index, struct xdp_destination *destination)
{
	const struct vc5_destination *from = &xdp->destinations[index];
	struct dataplane_destination *is = &destination->is;

	*destination = (struct xdp_destination){.index = index};
	addr_from_mapped(from->address, &is->address);
	is->state = DESTINATION_DOWN;
	for (unsigned i = 0; i < sizeof(states); i++)
		if (states[i] == from->state)
			is->state = i;
	is->weight = from->weight;
	is->ifindex = (int)from->ifindex;
	memcpy(is->mac, &from->mac, sizeof(is->mac));
	memcpy(is->source_mac, &from->source_mac, sizeof(is->source_mac));
}

void
xdp_destination_free(struct xdp *xdp, uint16_t index)
{
	struct vc5_destination *to = &xdp->destinations[index];
	uint16_t generation = to->generation + 1;

	STORE(to->state, VC5_DOWN);
	STORE(to->generation, generation == 0 ? 1 : generation);
	STORE(to->mac, 0);
	if (to->service != 0)
		xdp_counters_retire(xdp, to->service, index);
	STORE(to->service, 0);
	xdp_pool_put(&xdp->free_destinations, index, xdp->graces);
}

/* Another service at the same VIP, which is a neighbour in the tree. */
static bool
vip_is_shared(struct xdp_service *service)
{
	const struct xdp_service *before, *after;

	before = RB_PREV(xdp_services, &xdp->model, service);
	after = RB_NEXT(xdp_services, &xdp->model, service);
	return (before != NULL &&
		   addr_compare(&before->key.vip, &service->key.vip) == 0) ||
	    (after != NULL &&
		addr_compare(&after->key.vip, &service->key.vip) == 0);
}

/* Another VIP with the same bit in the filter. */
static bool
bit_is_shared(struct xdp *xdp, const struct xdp_service *service, uint32_t bit)
{
	struct xdp_service *other;
	uint8_t vip[16];

	RB_FOREACH(other, xdp_services, &xdp->model) {
		if (addr_compare(&other->key.vip, &service->key.vip) == 0)
			continue;
		addr_to_mapped(&other->key.vip, vip);
		if (vc5_filter_bit(vip) == bit)
			return true;
	}
	return false;
}

int
xdp_service_hook(struct xdp *xdp, const struct xdp_service *service)
{
	char text[SERVICE_KEY_STRLEN];
	struct vc5_service_key key;
	const uint32_t index = service->index, one = 1;
	uint32_t bit;

	xdp_service_key(&service->key, &key);
	bit = vc5_filter_bit(key.vip);
	/* From here on it would be taken over. */
	STORE(xdp->services[index].key.protocol, key.protocol);
	if (bpf_map_update_elem(xdp->service_index, &key, &index, BPF_ANY) <
		0 ||
	    bpf_map_update_elem(xdp->vips, key.vip, &one, BPF_ANY) < 0) {
		log_warn("%s: can't enter it into a BPF map",
		    service_key_format(&service->key, text));
		return -1;
	}
	__atomic_fetch_or(&xdp->control->filter[bit / 64], 1ULL << bit % 64,
	    __ATOMIC_RELEASE);
	return 0;
}

void
xdp_service_unhook(struct xdp *xdp, struct xdp_service *service)
{
	struct vc5_service_key key;
	uint32_t bit;

	xdp_service_key(&service->key, &key);
	bit = vc5_filter_bit(key.vip);
	/* Its packets are dropped, rather than refused by this host, until
	 * the VIP is forgotten too. */
	bpf_map_delete_elem(xdp->service_index, &key);
	STORE(xdp->services[service->index].key.protocol, 0);
	if (vip_is_shared(service))
		return;
	if (!bit_is_shared(xdp, service, bit))
		__atomic_fetch_and(&xdp->control->filter[bit / 64],
		    ~(1ULL << bit % 64), __ATOMIC_RELEASE);
	bpf_map_delete_elem(xdp->vips, key.vip);
}
