/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */

/*
 * A packet on its way to the destination that was found for it, in whatever
 * kind of delivery: tagged or not, encapsulated, rewritten.
 */

#ifndef BPF_FORWARD_H
#define BPF_FORWARD_H

#include "encapsulate.h"
#include "maps.h"
#include "parse.h"
#include "route.h"
#include "transport.h"

static __always_inline __u32
hop_limit(const struct packet *packet, const bool six)
{
	return six ? ((const struct ipv6hdr *)packet->network)->hop_limit
		   : ((const struct iphdr *)packet->network)->ttl;
}

/* IPv4: RFC 1624, equation 3: HC' = ~(~HC + ~m + m'). */
static __always_inline void
hop_limit_decrement(const struct packet *packet, const bool six)
{
	struct iphdr *ip = packet->network;
	__u32 sum;

	if (six) {
		((struct ipv6hdr *)packet->network)->hop_limit--;
		return;
	}
	/* ~m + m' is the same for all m: it is one less in the upper byte. */
	sum = (__u16)~ip->check + bpf_htons(0xfeff);
	ip->ttl--;
	ip->check = ~((sum & 0xffff) + (sum >> 16));
}

/*
 * What the outer headers need to know of the packet, while it is there: false
 * if it is too short to say.
 */
static __always_inline bool
outer_prepare(struct xdp_md *ctx, struct packet *packet,
    const struct vc5_destination *destination, struct outer *outer,
    const bool six)
{
	const struct iphdr *ip;

	if (!parse_addresses(ctx, packet, six))
		return false;
	ip = packet->network;
	outer->type = packet->type;
	outer->traffic_class = traffic_class(packet, six);
	outer->four = is_mapped(destination->address);
	if (six) {
		outer->payload = sizeof(struct ipv6hdr) +
		    bpf_ntohs(((struct ipv6hdr *)packet->network)->payload_len);
		outer->fragment = DONT_FRAGMENT;
		return true;
	}
	outer->payload = bpf_ntohs(ip->tot_len);
	outer->id = ip->id;
	outer->fragment = ip->frag_off & DONT_FRAGMENT;
	return true;
}

/*
 * The checksum of the client's packet if the outer header wants one.  RFC 768
 * lets IPv4 do without; IPv6 doesn't, RFC 8200, section 8.1.
 */
static __always_inline void
outer_sum(struct xdp_md *ctx, const struct vc5_destination *destination,
    struct outer *outer)
{
	__s64 sum;

	if (!destination->checksum)
		return;
	sum = payload_sum(ctx, !outer->four);
	outer->summed = sum >= 0;
	outer->sum = sum & 0xffff;
}

/* Bytes of outer headers: none, or those of a tunnel. */
static __always_inline __u32
outer_length(const struct outer *outer)
{
	if (outer->kind == VC5_LAYER2 || outer->kind == VC5_DSCP)
		return 0;
	return outer_shim(outer->kind) +
	    (outer->four ? sizeof(struct iphdr) : sizeof(struct ipv6hdr));
}

/* Addresses, and a tag if there is to be one, before a header of a type. */
static __always_inline bool
write_ethernet(
    struct xdp_md *ctx, const struct route *route, __u16 priority, __be16 type)
{
	struct ethhdr *ethernet = (void *)(long)ctx->data;
	struct vlan_tag *tag = (struct vlan_tag *)(ethernet + 1);

	if ((void *)(tag + 1) > (void *)(long)ctx->data_end)
		return false;
	route_write_macs(ethernet, route->mac, route->source_mac);
	ethernet->h_proto = type;
	if (route->vlan != 0) {
		ethernet->h_proto = bpf_htons(ETH_P_8021Q);
		tag->control = bpf_htons(priority | (route->vlan & TAG_VID));
		tag->type = type;
	}
	return true;
}

/* With the packet as it is to be from its IP header on: what goes before. */
static __always_inline int
send_headers(struct xdp_md *ctx, const struct packet *packet,
    const struct route *route, struct outer *outer)
{
	__u32 length = outer_length(outer), before;
	__be16 type = packet->type;
	__u16 priority = 0;
	int shift;

	before = sizeof(struct ethhdr) + (route->vlan != 0 ? TAG_LENGTH : 0);
	if (packet->vlan != 0)
		priority =
		    bpf_ntohs(*(__be16 *)(packet->ethernet + 1)) & ~TAG_VID;
	shift = (int)packet->offset - (int)(before + length);
	if (shift != 0 && bpf_xdp_adjust_head(ctx, shift) != 0)
		return count_drop(VC5_DROP_FAULT);
	if (length != 0) {
		type =
		    outer->four ? bpf_htons(ETH_P_IP) : bpf_htons(ETH_P_IPV6);
		if (!(outer->four ? write_outer4(ctx, outer, before)
				  : write_outer6(ctx, outer, before)))
			return count_drop(VC5_DROP_FAULT);
	}
	if (!write_ethernet(ctx, route, priority, type))
		return count_drop(VC5_DROP_FAULT);
	return route_leave(ctx, route->ifindex);
}

/*
 * Send a packet, whose hop limit was seen to, to a destination, given by index
 * and generation, of any kind.
 */
__noinline int
forward(struct xdp_md *ctx, __u32 word, __u32 entropy)
{
	const struct vc5_destination *destination;
	struct outer outer = {.index = word_index(word), .entropy = entropy};
	struct packet packet;
	struct route route;

	destination = find(&destinations, outer.index);
	route_read(word, &route);
	if (destination == NULL || route.mac == 0)
		return count_drop(VC5_DROP_UNRESOLVED);
	outer.kind = route.kind;
	if (outer.kind == VC5_DSCP && !rewrite(ctx, outer.index))
		return count_drop(VC5_DROP_FAULT);
	if (!parse_ethernet(ctx, &packet))
		return count_drop(VC5_DROP_MALFORMED);
	if (outer.kind != VC5_DSCP && outer.kind != VC5_LAYER2) {
		if (!(is_ipv6(&packet) ? outer_prepare(ctx, &packet,
					     destination, &outer, true)
				       : outer_prepare(ctx, &packet,
					     destination, &outer, false)))
			return count_drop(VC5_DROP_MALFORMED);
		outer_sum(ctx, destination, &outer);
	}
	return send_headers(ctx, &packet, &route, &outer);
}

#endif
