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

#include <errno.h>
#include <string.h>

#include <bpf/bpf.h>

#include "adapters/dataplane_xdp_private.h"
#include "base/log.h"

#define VLAN_VID 0xfff

#define STORE(field, value) __atomic_store_n(&(field), value, __ATOMIC_RELEASE)

static const uint8_t states[] = {
    [DESTINATION_DOWN] = VC5_DOWN,
    [DESTINATION_DRAINING] = VC5_DRAINING,
    [DESTINATION_UP] = VC5_UP,
};

static const uint8_t kinds[DELIVERY_KINDS] = {
    [DELIVERY_LAYER2] = VC5_LAYER2,
    [DELIVERY_IPIP] = VC5_IPIP,
    [DELIVERY_GRE] = VC5_GRE,
    [DELIVERY_FOU] = VC5_FOU,
    [DELIVERY_GUE] = VC5_GUE,
    [DELIVERY_DSCP] = VC5_DSCP,
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

/* What clients' packets may have: what an MTU leaves of them. */
static uint16_t
mtu_within(const struct dataplane_destination *is)
{
	unsigned overhead = delivery_overhead(&is->delivery, &is->address);

	if (is->mtu == 0)
		return UINT16_MAX; /* not known */
	if (is->mtu <= overhead)
		return 1; /* nothing fits */
	return is->mtu - overhead > UINT16_MAX ? UINT16_MAX
					       : (uint16_t)(is->mtu - overhead);
}

/* Outer source: of a tunnel, an address or a prefix to spread over. */
static void
encode_source(
    const struct dataplane_destination *is, struct vc5_destination *to)
{
	const struct prefix *spread = &is->delivery.source;

	if (spread->address.family != 0) {
		addr_to_mapped(&spread->address, to->source);
		to->source_length = spread->length;
	} else if (is->source.family != 0)
		addr_to_mapped(&is->source, to->source);
}

/* The way to a destination as the map has it: mac to source_length. */
static struct vc5_destination
encode_way(const struct dataplane_destination *is)
{
	struct vc5_destination way = {
	    .mac = is->ifindex == 0 ? 0 : mac_word(is->mac),
	    .source_mac = mac_word(is->source_mac),
	    .ifindex = (uint32_t)is->ifindex,
	    .kind = kinds[is->delivery.kind],
	    .vlan = is->vlan == 0 ? 0 : VC5_TAGGED | is->vlan,
	    .mtu = mtu_within(is),
	    .code_point = is->delivery.code_point,
	    .checksum = is->delivery.checksum,
	    .port = htons(is->delivery.port),
	};

	encode_source(is, &way);
	return way;
}

/* The same, but for what is changed in one store? */
static bool
is_way(const struct vc5_destination *a, const struct vc5_destination *b)
{
	return a->source_mac == b->source_mac && a->ifindex == b->ifindex &&
	    a->kind == b->kind && a->vlan == b->vlan &&
	    a->code_point == b->code_point && a->checksum == b->checksum &&
	    a->port == b->port && a->source_length == b->source_length &&
	    memcmp(a->source, b->source, sizeof(a->source)) == 0;
}

bool
xdp_destination_close(
    struct xdp *xdp, const struct xdp_destination *destination)
{
	struct vc5_destination *to = &xdp->destinations[destination->index];
	struct vc5_destination way = encode_way(&destination->is);
	bool open = to->mac != 0 || to->ifindex != 0;

	if (is_way(to, &way))
		return false;
	STORE(to->mac, 0);
	return open;
}

/*
 * A new MAC address or MTU is one store.  Whoever changes more has closed the
 * way, so that no packet looks at what is written here, up to the address.
 */
static void
store_way(struct vc5_destination *to, const struct vc5_destination *way)
{
	if (!is_way(to, way)) {
		to->source_mac = way->source_mac;
		to->ifindex = way->ifindex;
		to->kind = way->kind;
		to->vlan = way->vlan;
		to->code_point = way->code_point;
		to->checksum = way->checksum;
		to->port = way->port;
		to->source_length = way->source_length;
		memcpy(to->source, way->source, sizeof(to->source));
	}
	if (to->mtu != way->mtu)
		STORE(to->mtu, way->mtu);
	if (to->mac != way->mac)
		STORE(to->mac, way->mac);
}

void
xdp_destination_change(
    struct xdp *xdp, const struct xdp_destination *destination)
{
	struct vc5_destination *to = &xdp->destinations[destination->index];
	struct vc5_destination way = encode_way(&destination->is);

	if (to->kind != way.kind)
		xdp_counters_settle(xdp, destination->index);
	store_way(to, &way);
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
	addr_to_mapped(&destination->is.address, to->address);
	xdp_destination_change(xdp, destination);
	/* Until now it would be read as one that is not in use. */
	STORE(to->service, service);
	xdp_destination_state(xdp, destination->index, destination->is.state);
}

static void
decode_delivery(const struct vc5_destination *from, struct delivery *delivery)
{
	for (unsigned i = 0; i < DELIVERY_KINDS; i++)
		if (kinds[i] == from->kind)
			delivery->kind = i;
	delivery->port = ntohs(from->port);
	delivery->checksum = from->checksum != 0;
	delivery->code_point = from->code_point;
}

static void
decode_source(
    const struct vc5_destination *from, struct dataplane_destination *is)
{
	static const uint8_t none[sizeof(from->source)];
	struct addr source;

	if (memcmp(from->source, none, sizeof(none)) == 0)
		return;
	addr_from_mapped(from->source, &source);
	if (from->source_length == 0)
		is->source = source;
	else
		is->delivery.source =
		    (struct prefix){source, from->source_length};
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
	decode_delivery(from, &is->delivery);
	decode_source(from, is);
	is->ifindex = (int)from->ifindex;
	is->vlan = from->vlan & VLAN_VID;
	memcpy(is->mac, &from->mac, sizeof(is->mac));
	memcpy(is->source_mac, &from->source_mac, sizeof(is->source_mac));
	is->mtu = from->mtu + delivery_overhead(&is->delivery, &is->address);
}

unsigned
xdp_destination_overhead(const struct xdp *xdp, uint16_t index)
{
	const struct vc5_destination *from = &xdp->destinations[index];
	struct delivery delivery = {0};
	struct addr server;

	decode_delivery(from, &delivery);
	addr_from_mapped(from->address, &server);
	return delivery_overhead(&delivery, &server);
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
	const uint32_t index = service->index, silent = 0;
	uint32_t bit;

	xdp_service_key(&service->key, &key);
	bit = vc5_filter_bit(key.vip);
	/* From here on it would be taken over. */
	STORE(xdp->services[index].key.protocol, key.protocol);
	if (bpf_map_update_elem(xdp->service_index, &key, &index, BPF_ANY) <
		0 ||
	    /* What is there may know that it answers. */
	    (bpf_map_update_elem(xdp->vips, key.vip, &silent, BPF_NOEXIST) <
		    0 &&
		errno != EEXIST)) {
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

void
xdp_vip_answers(
    struct dataplane *dataplane, const struct addr *vip, bool answers)
{
	const struct xdp *xdp = xdp_of(dataplane);
	const uint32_t value = answers ? VC5_VIP_ANSWERS : 0;
	char text[ADDR_STRLEN];
	uint8_t key[16];

	addr_to_mapped(vip, key);
	/* A VIP without services is nobody's. */
	if (bpf_map_update_elem(xdp->vips, key, &value, BPF_EXIST) < 0 &&
	    errno != ENOENT)
		log_warn("%s: can't set in a BPF map whether it answers pings",
		    addr_format(vip, text));
}

bool
xdp_vip_has_answers(const struct xdp *xdp, const struct addr *vip)
{
	uint8_t key[16];
	uint32_t value;

	addr_to_mapped(vip, key);
	return bpf_map_lookup_elem(xdp->vips, key, &value) == 0 &&
	    (value & VC5_VIP_ANSWERS) != 0;
}

void
xdp_settings_set(
    struct dataplane *dataplane, const struct dataplane_settings *settings)
{
	struct vc5_control *control = xdp_of(dataplane)->control;

	STORE(control->flags,
	    (control->flags & ~VC5_UNSERVED_PASS) |
		(settings->unserved_pass ? VC5_UNSERVED_PASS : 0));
	STORE(control->icmp_limit,
	    settings->icmp_limit > UINT16_MAX ? UINT16_MAX
					      : (uint16_t)settings->icmp_limit);
	xdp_sampling_set(xdp_of(dataplane), settings->sampling);
}
