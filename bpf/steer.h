/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */

/*
 * The way of a packet for a VIP to its destination: by its flow, or by the
 * service's hash table.
 */

#ifndef BPF_STEER_H
#define BPF_STEER_H

#include "flow.h"
#include "maps.h"
#include "parse.h"
#include "route.h"

/* What was found for a packet without a flow. */
struct placed {
	__u32 destination; /* index and generation */
	bool stateless;	   /* no entry was made */
};

static __always_inline void
map_address(__u8 mapped[16], __be32 address)
{
	__u32 *words = (__u32 *)mapped;

	words[0] = words[1] = 0;
	words[2] = VC5_MAPPED;
	words[3] = address;
}

static __always_inline bool
is_vip(__be32 address)
{
	__u8 key[16] __attribute__((aligned(8)));

	map_address(key, address);
	return bpf_map_lookup_elem(&vips, key) != NULL;
}

/* What is for another address, with the VIP's bit in the filter, passes. */
static __always_inline int
drop_for_vip(__be32 address, enum vc5_drop reason)
{
	return is_vip(address) ? count_drop(reason) : XDP_PASS;
}

static __always_inline bool
filter_has(const struct vc5_control *control, __be32 address)
{
	__u32 bit = vc5_filter_bit4(address);

	return READ_ONCE(control->filter[bit / 64]) >> (bit % 64) & 1;
}

/*
 * Seconds.  Established flows use what is there; the daemon moves it on once
 * a second, and packets of new flows when it doesn't.  They ask the time, a
 * function call, once a jiffy, which the kernel reads in line.
 */
static __always_inline __u32
clock_advance(struct vc5_control *control)
{
	__u32 jiffies = bpf_jiffies64(), clock = READ_ONCE(control->clock), now;

	if (READ_ONCE(control->asked) == jiffies)
		return clock;
	WRITE_ONCE(control->asked, jiffies);
	now = bpf_ktime_get_coarse_ns() / 1000000000;
	if ((__s32)(now - clock) <= 0)
		return clock;
	WRITE_ONCE(control->clock, now);
	return now;
}

/*
 * Where in the hash table: all instances must agree, so the key is fixed (the
 * first digits of pi) and the words are in host order.
 */
static __always_inline __u32
slot_of(const struct tuple *tuple, bool sticky)
{
	static const __u64 key[] = {0x243f6a8885a308d3, 0x13198a2e03707344,
	    0xa4093822299f31d0, 0x082efa98ec4e6c89, 0x452821e638d01377};
	struct tuple words = {.client = bpf_ntohl(tuple->client)};
	__u64 hash;

	if (!sticky) {
		words.vip = bpf_ntohl(tuple->vip);
		words.ports = bpf_ntohl(tuple->ports);
		words.protocol = tuple->protocol;
	}
	hash = hash_words(key, &words);
	hash = (hash ^ hash >> 32) * 0x9e3779b97f4a7c15;
	/* The upper half, as a fraction of the table. */
	return (hash >> 32) * VC5_SLOTS >> 32;
}

/* The service at an index, if it is the packet's. */
static __always_inline const struct vc5_service *
service_at(__u32 index, const struct tuple *tuple)
{
	const struct vc5_service *service = find(&services, index);

	if (service == NULL || service->key.protocol != tuple->protocol ||
	    service->key.port != bpf_htons(bpf_ntohl(tuple->ports) & 0xffff) ||
	    *(const __be32 *)&service->key.vip[12] != tuple->vip ||
	    *(const __u32 *)&service->key.vip[8] != VC5_MAPPED)
		return NULL;
	return service;
}

/*
 * The service of a packet, and its index; NULL if there is none.  The same as
 * last time, most often, which spares the look-up in a hash map.  Either may
 * name an index that was given to another service just now.
 */
static __always_inline const struct vc5_service *
service_find(const struct tuple *tuple, __u32 *index)
{
	struct vc5_service_key key = {
	    .port = bpf_htons(bpf_ntohl(tuple->ports) & 0xffff),
	    .protocol = tuple->protocol,
	};
	__u32 mixed =
	    (tuple->vip ^ key.port << 16 ^ tuple->protocol) * 0x9e3779b1U;
	__u32 *guess = &service_guess[mixed / (1U << 24) % GUESSES], *found;
	const struct vc5_service *service;

	*index = READ_ONCE(*guess);
	service = service_at(*index, tuple);
	if (service != NULL)
		return service;
	map_address(key.vip, tuple->vip);
	found = bpf_map_lookup_elem(&service_index, &key);
	if (found == NULL)
		return NULL;
	*index = *found;
	WRITE_ONCE(*guess, *index);
	return service_at(*index, tuple);
}

/* The destination of a new flow by the hash table: its word, 0 if none. */
static __always_inline __u32
choose(
    const struct vc5_service *service, __u32 index, const struct tuple *tuple)
{
	const struct vc5_destination *destination;
	const struct vc5_table *table;
	__u32 slot, chosen, generation;

	table = find(&tables, READ_ONCE(service->table));
	slot = slot_of(tuple, service->flags & VC5_STICKY);
	OPAQUE(slot); /* the verifier loses its bound when it is doubled */
	if (table == NULL || slot >= VC5_SLOTS)
		return 0;
	chosen = READ_ONCE(table->slots[slot]);
	destination = find(&destinations, chosen);
	if (chosen == 0 || destination == NULL)
		return 0;
	generation = READ_ONCE(destination->generation);
	/* The index may be another's by now: whose it is was written first. */
	if (READ_ONCE(destination->state) != VC5_UP ||
	    READ_ONCE(destination->service) != index)
		return 0;
	return chosen | generation << 16;
}

/* Remember the flow.  The last packets of one that is not known make none. */
static __always_inline bool
flow_insert(struct vc5_bucket *bucket, __u32 way, __u64 fingerprint,
    __u32 destination, __u32 now)
{
	struct vc5_destination_counters *counters;

	if (way >= VC5_WAYS)
		way = flow_victim(bucket, now);
	if (way >= VC5_WAYS)
		return false;
	flow_write(flow_at(bucket, way), fingerprint, destination,
	    flow_stamp(VC5_FLOW_EMBRYONIC, now));
	counters = destination_counters_of(destination & 0xffff);
	if (counters != NULL)
		counters->flows++;
	return true;
}

/*
 * Find a destination for a packet that has no flow, or only one that is over
 * (way, if it is below VC5_WAYS), and remember it.  XDP_TX if there is one,
 * else the packet's verdict.
 */
static __always_inline int
place(struct vc5_control *control, const struct packet *packet,
    struct vc5_bucket *bucket, __u32 way, __u64 fingerprint,
    struct placed *placed)
{
	const struct vc5_service *service;
	__u32 index = 0, now;

	service = service_find(&packet->tuple, &index);
	if (service == NULL)
		return drop_for_vip(packet->tuple.vip, VC5_DROP_UNSERVED);
	placed->destination = choose(service, index, &packet->tuple);
	if (placed->destination == 0) {
		count_no_destination(index);
		return count_drop(VC5_DROP_NO_DESTINATION);
	}
	now = clock_advance(control);
	placed->stateless = packet->segment == SEGMENT_FINAL ||
	    !flow_insert(bucket, way, fingerprint, placed->destination, now);
	return XDP_TX;
}

/* Decrement the TTL; RFC 1624, equation 3: HC' = ~(~HC + ~m + m'). */
static __always_inline void
ttl_decrement(struct iphdr *ip)
{
	/* ~m + m' is the same for all m: it is one less in the upper byte. */
	__u32 sum = (__u16)~ip->check + bpf_htons(0xfeff);

	ip->ttl--;
	ip->check = ~((sum & 0xffff) + (sum >> 16));
}

/* The last checks; only then is the packet touched. */
static __always_inline int
deliver(struct xdp_md *ctx, const struct packet *packet,
    const struct route *route, bool stateless)
{
	struct vc5_destination_counters *counters;

	if (UNLIKELY(packet->ip->ttl <= 1))
		return count_drop(VC5_DROP_TTL);
	if (UNLIKELY(route->mac == 0))
		return count_drop(VC5_DROP_UNRESOLVED);
	counters = destination_counters_of(route->index);
	if (counters != NULL) {
		counters->packets++;
		counters->bytes += packet->length;
		if (UNLIKELY(stateless))
			counters->stateless++;
	}
	ttl_decrement(packet->ip);
	route_write_macs(packet->ethernet, route);
	if (route->ifindex == ctx->ingress_ifindex)
		return XDP_TX;
	return bpf_redirect(route->ifindex, 0);
}

/*
 * Note whose the entry is, for people: the flow is not embryonic any more.  A
 * function that parses the packet again, lest the established path has to
 * keep what only a second packet needs.
 */
static __noinline int
settle(struct xdp_md *ctx, __u32 entry, __u32 destination, __u32 now)
{
	const struct vc5_destination *whose = find(&destinations, destination);
	struct vc5_tuple *tuple = find(&tuples, entry);
	struct packet packet;

	if (whose == NULL || tuple == NULL || !parse_ipv4(ctx, &packet) ||
	    parse_transport(ctx, &packet) != PARSE_OK)
		return 0;
	map_address(tuple->client, packet.tuple.client);
	tuple->port = bpf_htons(bpf_ntohl(packet.tuple.ports) >> 16);
	tuple->service = whose->service;
	tuple->created = now & VC5_STAMP_SECONDS;
	return 0;
}

/* The destination of a packet whose flow is known: false if it needs another.
 */
static __always_inline bool
follow(struct xdp_md *ctx, const struct vc5_control *control,
    const struct packet *packet, struct vc5_flow *flow, __u32 destination,
    __u32 entry, struct route *route)
{
	__u32 now = READ_ONCE(control->clock), stamp = READ_ONCE(flow->stamp);
	enum vc5_destination_state state;
	__u32 next;

	state = route_read(destination, route);
	if (state == VC5_DOWN ||
	    flow_is_over(stamp, now, packet->segment, state == VC5_DRAINING))
		return false;
	next = flow_advance(stamp, now, packet->segment);
	/* Written once a second at most: the line stays shared by the CPUs. */
	if (UNLIKELY(next != stamp)) {
		WRITE_ONCE(flow->stamp, next);
		if (flow_state(stamp) == VC5_FLOW_EMBRYONIC &&
		    flow_state(next) != VC5_FLOW_EMBRYONIC)
			settle(ctx, entry, route->index, now);
	}
	return true;
}

static __always_inline int
steer_tuple(struct xdp_md *ctx, struct vc5_control *control,
    const struct packet *packet)
{
	struct flow_hash hash = flow_hash(control, &packet->tuple);
	__u32 index = flow_bucket_index(&hash), way, destination;
	struct vc5_bucket *bucket = find(&flows, index);
	struct placed placed = {0};
	struct route route;
	int verdict;

	if (bucket == NULL)
		return XDP_ABORTED;
	way = flow_find(bucket, hash.fingerprint, &destination);
	if (UNLIKELY(way >= VC5_WAYS))
		way = flow_search(bucket, hash.fingerprint, &destination);
	if (UNLIKELY(way >= VC5_WAYS ||
		!follow(ctx, control, packet, flow_at(bucket, way), destination,
		    index * VC5_WAYS + way, &route))) {
		verdict = place(
		    control, packet, bucket, way, hash.fingerprint, &placed);
		if (verdict != XDP_TX)
			return verdict;
		if (route_read(placed.destination, &route) == VC5_DOWN)
			return count_drop(VC5_DROP_NO_DESTINATION);
	}
	return deliver(ctx, packet, &route, placed.stateless);
}

static __always_inline int
steer(struct xdp_md *ctx)
{
	struct vc5_control *state = find(&control, 0);
	struct packet packet;

	if (state == NULL || !parse_ipv4(ctx, &packet) ||
	    !filter_has(state, packet.tuple.vip))
		return XDP_PASS;
	switch (parse_transport(ctx, &packet)) {
	case PARSE_OK:
		return steer_tuple(ctx, state, &packet);
	case PARSE_MALFORMED:
		return drop_for_vip(packet.tuple.vip, VC5_DROP_MALFORMED);
	case PARSE_FRAGMENT:
		return drop_for_vip(packet.tuple.vip, VC5_DROP_FRAGMENT);
	default:
		return XDP_PASS;
	}
}

#endif
