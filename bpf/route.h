/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */

/*
 * A destination as one packet sees it, and the Ethernet header that takes it
 * there.
 */

#ifndef BPF_ROUTE_H
#define BPF_ROUTE_H

#include <linux/if_ether.h>

#include "maps.h"
#include "parse.h"

struct route {
	__u64 mac, source_mac; /* as in struct vc5_destination */
	__u32 ifindex;
	__u32 kind, vlan, mtu; /* likewise */
	__u32 word;	       /* index and generation */
};

/* The index in a word of index and generation. */
static __always_inline __u32
word_index(__u32 word)
{
	return word & 0xffff;
}

/*
 * The state of a destination, given as in a flow: index and generation.
 * DOWN, by no known way, if that index is another one's by now.  The
 * generation, which the daemon raises before it writes the rest, is read last:
 * what was read before it then belongs to it.
 */
static __always_inline enum vc5_destination_state
route_read(__u32 word, struct route *route)
{
	const struct vc5_destination *destination;
	enum vc5_destination_state state;

	route->word = word;
	destination = find(&destinations, word_index(word));
	if (destination == NULL) {
		route->mac = 0;
		return VC5_DOWN;
	}
	route->mac = READ_ONCE(destination->mac);
	route->source_mac = READ_ONCE(destination->source_mac);
	route->ifindex = READ_ONCE(destination->ifindex);
	route->kind = READ_ONCE(destination->kind);
	route->vlan = READ_ONCE(destination->vlan);
	route->mtu = READ_ONCE(destination->mtu);
	state = READ_ONCE(destination->state);
	if (READ_ONCE(destination->generation) == word >> 16)
		return state;
	route->mac = 0;
	return VC5_DOWN;
}

/* Both addresses in two stores: the headers are aligned to 2 bytes. */
static __always_inline void
route_write_macs(
    struct ethhdr *ethernet, const __u64 mac, const __u64 source_mac)
{
	__u64 *first = (__u64 *)ethernet->h_dest;
	__u32 *last = (__u32 *)(ethernet->h_source + 2);

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	*first = mac | source_mac << 48;
#else
	*first = mac | source_mac >> 48;
#endif
	*last = source_mac >> 16;
}

static __always_inline int
route_leave(struct xdp_md *ctx, __u32 ifindex)
{
	if (ifindex == ctx->ingress_ifindex)
		return XDP_TX;
	return bpf_redirect(ifindex, 0);
}

#endif
