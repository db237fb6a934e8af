/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */

/*
 * Fragments: the first has the ports and is balanced by them; where it went
 * is remembered for the others, which say only which packet they are of.
 */

#ifndef BPF_FRAGMENT_H
#define BPF_FRAGMENT_H

#include "deliver.h"

static __always_inline void
fragment_key(
    const struct packet *packet, struct vc5_fragment_key *key, const bool six)
{
	*key = (struct vc5_fragment_key){
	    .id = packet->id,
	    .protocol = packet->part,
	};
	map_address(key->source, packet->tuple.client, six);
	map_address(key->vip, packet->tuple.vip, six);
}

static __always_inline __u32
fragment_clock(void)
{
	return bpf_ktime_get_coarse_ns() / 1000000000;
}

static __always_inline void
remember_first(struct xdp_md *ctx, struct packet *packet,
    struct vc5_fragment *fragment, const bool six)
{
	struct vc5_fragment_key key;

	if (parse_again(ctx, packet, six) != PARSE_OK)
		return;
	fragment->seen = fragment_clock();
	fragment->entropy = flow_entropy(&packet->tuple, six);
	fragment_key(packet, &key, six);
	bpf_map_update_elem(&fragments, &key, fragment, BPF_ANY);
}

/*
 * Have the rest of a packet follow its first fragment.  A function that looks
 * at the packet again, so that the others don't pay for it.
 */
__noinline int
remember_fragment(struct xdp_md *ctx, __u32 destination)
{
	struct vc5_fragment fragment = {
	    .destination = destination,
	};
	struct packet packet;

	if (!parse_ethernet(ctx, &packet))
		return 0;
	if (is_ipv6(&packet))
		remember_first(ctx, &packet, &fragment, true);
	else
		remember_first(ctx, &packet, &fragment, false);
	return 0;
}

static __always_inline __u64
follow_first(struct xdp_md *ctx, struct packet *packet, const bool six)
{
	const struct vc5_fragment *first;
	struct vc5_fragment_key key;

	if (parse_again(ctx, packet, six) != PARSE_FRAGMENT)
		return found_verdict(XDP_PASS);
	fragment_key(packet, &key, six);
	first = bpf_map_lookup_elem(&fragments, &key);
	if (first == NULL ||
	    fragment_clock() - first->seen > VC5_FRAGMENT_SECONDS)
		return found_verdict(unserved(ctx, VC5_DROP_FRAGMENT));
	return found_flow(first->destination, first->entropy);
}

/* Where a fragment that is not the first goes, or its verdict. */
__noinline __u64
follow_fragment(struct xdp_md *ctx)
{
	struct packet packet;

	if (!parse_ethernet(ctx, &packet))
		return found_verdict(XDP_PASS);
	return is_ipv6(&packet) ? follow_first(ctx, &packet, true)
				: follow_first(ctx, &packet, false);
}

#endif
