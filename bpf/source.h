/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */

/*
 * Where packets for VIPs come from: some are picked at random and counted by
 * the prefix of their source, and those of sources that are blocked are
 * dropped.
 *
 * An established packet pays for one random number and one comparison, which
 * serves both: while any prefix is blocked, all packets are looked at closely.
 * The number does not depend on the packet, so that each has the same chance,
 * whatever is sent by whom and in which order, and nobody can send what is not
 * counted.
 */

#ifndef BPF_SOURCE_H
#define BPF_SOURCE_H

#include "maps.h"
#include "parse.h"
#include "service.h"

/* A CPU's own, and its own cache line; of more CPUs, some share one. */
#define RANDOMS 256
struct {
	__u32 state;
} __attribute__((aligned(64))) randoms[RANDOMS];

static __always_inline __u32 *
random_of_cpu(void)
{
	return &randoms[bpf_get_smp_processor_id() % RANDOMS].state;
}

/* Is the packet, which is for a VIP, to be looked at closely? */
static __always_inline bool
is_picked(const struct vc5_control *control)
{
	__u32 *state = random_of_cpu(), next;

	/*
	 * Numerical Recipes' generator, whose upper bits are good, and decide;
	 * it is given a new state with each packet that is counted.
	 */
	next = READ_ONCE(*state) * 1664525 + 1013904223;
	WRITE_ONCE(*state, next);
	return next <= READ_ONCE(control->look);
}

/*
 * Of those looked at, is it one to be counted?  If so, what comes next can't be
 * told by what was before.
 */
static __always_inline bool
is_sampled(const struct vc5_control *control)
{
	__u32 sample = READ_ONCE(control->sample);
	__u32 *state = random_of_cpu();

	if (sample == 0 || READ_ONCE(*state) > sample)
		return false;
	WRITE_ONCE(*state, bpf_get_prandom_u32());
	return true;
}

/* CPUs may count at the same time. */
static __always_inline void
count_octets(struct vc5_octets *counted, __u64 packets, __u64 octets)
{
	__sync_fetch_and_add(&counted->packets, packets);
	__sync_fetch_and_add(&counted->octets, octets);
}

static __always_inline void
count_source4(const struct vc5_control *control, __be32 client, __u32 length)
{
	struct vc5_source4 *source =
	    find(&sources4, bpf_ntohl(client) >> (32 - VC5_SOURCE4_LENGTH));

	if (source == NULL)
		return;
	count_octets(&source->counted, 1, length);
	WRITE_ONCE(source->seen, READ_ONCE(control->clock));
}

/*
 * The way of a bucket that a prefix has, or is to dispute: the one of the least
 * credit.
 */
static __always_inline __u32
source6_way(const struct vc5_sources6 *bucket, __u64 prefix, __u32 now)
{
	__u64 credit, best = ~0ULL;
	__u32 way;

#pragma unroll
	for (way = 0; way < VC5_WAYS; way++) {
		const struct vc5_source6 *source = &bucket->ways[way];

		if (READ_ONCE(source->prefix) == prefix)
			return way;
		credit = now - READ_ONCE(source->seen) > VC5_SOURCE6_QUIET
		    ? 0
		    : READ_ONCE(source->credit);
		credit = credit * VC5_WAYS + way;
		if (credit < best)
			best = credit;
	}
	return best % VC5_WAYS;
}

/* Another prefix takes the entry; what was counted is not lost. */
static __always_inline void
source6_replace(
    struct vc5_control *control, struct vc5_source6 *source, __u64 prefix)
{
	count_octets(
	    &control->others6, source->counted.packets, source->counted.octets);
	WRITE_ONCE(source->prefix, prefix);
	source->counted.packets = source->counted.octets = 0;
}

/*
 * There are more prefixes of IPv6 than could be kept.  One that is not there
 * takes a credit from one that is, and its place only when there is none left:
 * who sends much stays, whatever number of sources a flood makes up (Misra and
 * Gries, Finding repeated elements, 1982).  CPUs that do so at the same time
 * may count for the wrong one, once.
 */
static __always_inline void
count_source6(struct vc5_control *control, const __be32 client[4], __u32 length)
{
	__u64 prefix = (__u64)bpf_ntohl(client[0]) << 32 |
	    (bpf_ntohl(client[1]) & 0xffff0000) | VC5_SOURCE6_USED;
	__u32 now = READ_ONCE(control->clock);
	struct vc5_sources6 *bucket;
	struct vc5_source6 *source;
	__u32 credit;

	bucket = find(&sources6, vc5_source6_bucket(control->key, prefix));
	if (bucket == NULL)
		return;
	source = &bucket->ways[source6_way(bucket, prefix, now) % VC5_WAYS];
	/* Read once: two CPUs that take the last one must not go below 0. */
	credit = READ_ONCE(source->credit);
	if (source->prefix != prefix) {
		if (credit != 0 && now - source->seen <= VC5_SOURCE6_QUIET) {
			WRITE_ONCE(source->credit, credit - 1);
			count_octets(&control->others6, 1, length);
			return;
		}
		source6_replace(control, source, prefix);
		credit = 0;
	}
	if (credit != (__u32)-1)
		WRITE_ONCE(source->credit, credit + 1);
	count_octets(&source->counted, 1, length);
	WRITE_ONCE(source->seen, now);
}

/* The blocked prefix that an address is in, the longest; NULL if in none. */
static __always_inline struct vc5_octets *
blocked_by(
    const struct vc5_control *control, const __be32 client[4], const bool six)
{
	struct vc5_prefix6 key6 = {.length = 128};
	struct vc5_prefix4 key = {.length = 32, .address = client[0]};

	if (!(READ_ONCE(control->flags) &
		(six ? VC5_BLOCKING6 : VC5_BLOCKING4)))
		return NULL;
	if (!six)
		return bpf_map_lookup_elem(&blocked4, &key);
	__builtin_memcpy(key6.address, client, 16);
	return bpf_map_lookup_elem(&blocked6, &key6);
}

/* The filter lets some other addresses pass as well. */
static __always_inline bool
look_at_ip(struct xdp_md *ctx, struct vc5_control *control,
    struct packet *packet, const bool six)
{
	bool sampled = is_sampled(control);
	struct vc5_octets *blocked;
	__u32 length;

	if (!parse_addresses(ctx, packet, six))
		return false;
	blocked = blocked_by(control, packet->tuple.client, six);
	if ((!sampled && blocked == NULL) ||
	    vip_flags(packet->tuple.vip, six) == NULL)
		return false;
	length = bpf_xdp_get_buff_len(ctx);
	if (sampled && six)
		count_source6(control, packet->tuple.client, length);
	if (sampled && !six)
		count_source4(control, packet->tuple.client[0], length);
	if (blocked != NULL)
		count_octets(blocked, 1, length);
	return blocked != NULL;
}

/*
 * Look closely at a packet that may be for a VIP.  XDP_DROP, counted, if it is
 * and comes from a prefix that is blocked.
 */
__noinline int
look_at_source(struct xdp_md *ctx)
{
	struct vc5_control *state = find(&control, 0);
	struct packet packet;

	if (state == NULL || !parse_ethernet(ctx, &packet))
		return XDP_PASS;
	if (is_ipv6(&packet) ? look_at_ip(ctx, state, &packet, true)
			     : look_at_ip(ctx, state, &packet, false))
		return count_drop(ctx, VC5_DROP_BLOCKED);
	return XDP_PASS;
}

#endif
