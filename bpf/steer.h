/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */

/*
 * The way of a packet for a VIP to its destination: by its flow, or by the
 * service's hash table.
 */

#ifndef BPF_STEER_H
#define BPF_STEER_H

#include "deliver.h"
#include "flow.h"
#include "fragment.h"
#include "icmp.h"
#include "maps.h"
#include "parse.h"
#include "route.h"
#include "service.h"
#include "source.h"

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

/* Enter a flow: in the entry that was its own, if that isn't NO_ENTRY. */
static __always_inline bool
flow_insert(struct vc5_bucket *bucket, __u32 index, __u32 entry,
    __u64 fingerprint, __u32 destination, __u32 now)
{
	struct vc5_destination_counters *counters;
	__u32 way = VC5_WAYS;
	struct vc5_flow *flow;

	if (entry == NO_ENTRY)
		way = flow_free(bucket);
	if (way < VC5_WAYS)
		flow = flow_at(bucket, way);
	else {
		if (entry == NO_ENTRY)
			entry = flow_victim(index, now);
		if (entry == NO_ENTRY)
			return false;
		flow = flow_entry(entry);
	}
	if (flow == NULL)
		return false;
	flow_write(flow, fingerprint, destination,
	    flow_stamp(VC5_FLOW_EMBRYONIC, now));
	counters = destination_counters_of(destination & 0xffff);
	if (counters != NULL)
		counters->flows++;
	return true;
}

/* The entry is nobody's; but not free, as none ever becomes again. */
static __always_inline void
flow_forget(__u32 entry, __u32 now)
{
	struct vc5_flow *flow = flow_entry(entry);

	if (flow != NULL)
		flow_write(flow, 0, 0, flow_stamp(VC5_FLOW_EMBRYONIC, now));
}

/*
 * Remember the flow, in the entry that was its own if there is one.  The last
 * packets of a flow that is not known make no entry, nor do those of a service
 * that remembers none: what it has from before is over then.
 */
static __always_inline bool
remember(const struct vc5_service *service, const struct packet *packet,
    struct vc5_bucket *bucket, __u32 index, __u32 entry, __u64 fingerprint,
    __u32 destination, __u32 now)
{
	if (packet->segment == SEGMENT_FINAL)
		return false;
	if (READ_ONCE(service->flags) & VC5_UNTRACKED) {
		if (entry != NO_ENTRY)
			flow_forget(entry, now);
		return false;
	}
	return flow_insert(bucket, index, entry, fingerprint, destination, now);
}

/*
 * The packet's tuple, read from it once more: if it had to be kept until here,
 * for the few packets that come here, there would be no registers left.
 */
static __always_inline bool
tuple_again(struct xdp_md *ctx, const struct packet *packet,
    struct packet *again, const bool six)
{
	const void *end = (void *)(long)ctx->data_end;
	const __be32 *ports;

	again->network = packet->network;
	OPAQUE(again->network);
	if (!parse_addresses(ctx, again, six))
		return false;
	ports = again->network + packet->header;
	if ((void *)(ports + 1) > end)
		return false;
	again->tuple.ports = *ports;
	again->tuple.protocol = packet->tuple.protocol;
	return true;
}

/*
 * Find a destination for a packet that has no flow, or only one that is over
 * (entry, if it isn't NO_ENTRY), and remember it.  XDP_TX if there is one,
 * else the packet's verdict.
 */
static __always_inline int
place(struct xdp_md *ctx, struct vc5_control *control,
    const struct packet *packet, struct vc5_bucket *bucket, __u32 index,
    __u32 entry, __u64 fingerprint, struct placed *placed, const bool six)
{
	const struct vc5_service *service;
	struct packet again;
	__u32 which = 0, now;

	if (!tuple_again(ctx, packet, &again, six))
		return XDP_ABORTED;
	service = service_find(&again.tuple, &which, six);
	if (service == NULL)
		return READ_ONCE(control->flags) & VC5_UNSERVED_PASS
		    ? XDP_PASS
		    : drop_for_vip(ctx, VC5_DROP_UNSERVED);
	placed->destination = choose(service, which, &again.tuple, six);
	if (placed->destination == 0)
		return count_no_destination(ctx, which);
	now = clock_advance(control);
	placed->stateless = !remember(service, packet, bucket, index, entry,
	    fingerprint, placed->destination, now);
	return XDP_TX;
}

/* Note whose the entry is, for people. */
static __always_inline void
settle(struct xdp_md *ctx, const struct packet *packet, __u32 entry,
    __u32 destination, __u32 now, const bool six)
{
	const struct vc5_destination *whose = find(&destinations, destination);
	struct vc5_tuple *tuple = find(&tuples, entry);
	struct packet again;

	if (whose == NULL || tuple == NULL ||
	    !tuple_again(ctx, packet, &again, six))
		return;
	map_address(tuple->client, again.tuple.client, six);
	tuple->port = bpf_htons(bpf_ntohl(again.tuple.ports) >> 16);
	tuple->service = whose->service;
	tuple->created = now & VC5_STAMP_SECONDS;
}

/* What a packet has found to be its flow's entry. */
struct followed {
	struct vc5_flow *flow;
	__u32 entry;	   /* its number */
	__u32 destination; /* index and generation */
	__u64 fingerprint;
};

/*
 * The destination of a packet whose flow is known: false if it needs another.
 */
static __always_inline bool
follow(struct xdp_md *ctx, const struct vc5_control *control,
    const struct packet *packet, const struct followed *found,
    struct route *route, const bool six)
{
	__u32 now = READ_ONCE(control->clock);
	__u32 stamp = READ_ONCE(found->flow->stamp), next;
	enum vc5_destination_state state;

	state = route_read(found->destination, route);
	if (state == VC5_DOWN ||
	    flow_is_over(stamp, now, packet->segment,
		word_index(found->destination), state == VC5_DRAINING))
		return false;
	next = flow_advance(stamp, now, packet->segment);
	/* Written once a second at most: the line stays shared by the CPUs. */
	if (UNLIKELY(next != stamp)) {
		if (flow_state(stamp) == VC5_FLOW_EMBRYONIC &&
		    flow_state(next) != VC5_FLOW_EMBRYONIC)
			settle(ctx, packet, found->entry,
			    word_index(found->destination), now, six);
		flow_renew(found->flow,
		    flow_key(found->fingerprint, found->destination), next,
		    now);
	}
	return true;
}

static __always_inline int
steer_tuple(struct xdp_md *ctx, struct vc5_control *control,
    const struct packet *packet, const bool six)
{
	struct flow_hash hash = flow_hash(control->key, &packet->tuple, six);
	struct followed found = {.fingerprint = hash.fingerprint};
	__u32 index = flow_bucket_index(&hash);
	struct placed placed = {0};
	struct vc5_bucket *bucket = find(&flows, index);
	struct route route;
	int verdict;

	if (bucket == NULL)
		return XDP_ABORTED;
	found.flow = flow_lookup(
	    bucket, index, found.fingerprint, &found.entry, &found.destination);
	if (UNLIKELY(found.flow == NULL ||
		!follow(ctx, control, packet, &found, &route, six))) {
		verdict = place(ctx, control, packet, bucket, index,
		    found.entry, found.fingerprint, &placed, six);
		if (verdict != XDP_TX)
			return verdict;
		if (route_read(placed.destination, &route) == VC5_DOWN)
			return count_drop(ctx, VC5_DROP_NO_DESTINATION);
	}
	if (UNLIKELY(is_first_fragment(packet, six)))
		remember_fragment(ctx, route.word);
	return deliver(ctx, packet, &route, &placed, six);
}

/*
 * After parse_ethernet(): the verdict.  A call costs as much as the rest of
 * the way of an established packet, so that has none.
 */
static __always_inline int
steer_ip(struct xdp_md *ctx, struct packet *packet, const bool six)
{
	struct vc5_control *state = find(&control, 0);

	if (state == NULL || !parse_addresses(ctx, packet, six) ||
	    !filter_has(state, packet->tuple.vip, six) ||
	    (six && is_mapped((const __u8 *)packet->tuple.vip)) ||
	    UNLIKELY(packet->ethernet->h_dest[0] & 1))
		return XDP_PASS;
	if (UNLIKELY(is_picked(state)) && look_at_source(ctx) == XDP_DROP)
		return XDP_DROP;
	switch (parse_ip(ctx, packet, six)) {
	case PARSE_OK:
		return steer_tuple(ctx, state, packet, six);
	case PARSE_ICMP:
		return relay_found(ctx, follow_icmp(ctx));
	case PARSE_FRAGMENT:
		return relay_found(ctx, follow_fragment(ctx));
	case PARSE_MALFORMED:
		return drop_for_vip(ctx, VC5_DROP_MALFORMED);
	default:
		return XDP_PASS;
	}
}

static __always_inline int
steer(struct xdp_md *ctx)
{
	struct packet packet;

	if (!parse_ethernet(ctx, &packet))
		return XDP_PASS;
	if (packet.type == bpf_htons(ETH_P_IP))
		return steer_ip(ctx, &packet, false);
	if (packet.type == bpf_htons(ETH_P_IPV6))
		return steer_ip(ctx, &packet, true);
	return XDP_PASS;
}

#endif
