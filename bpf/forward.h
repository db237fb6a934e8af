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
 * What the outer headers are made of, which has to be known while the packet
 * begins where it did: false if that can't be told.  RFC 768 lets an outer IPv4
 * do without a checksum where only reading all of the packet would tell it;
 * IPv6 doesn't, RFC 8200, section 8.1.
 */
static __always_inline bool
outer_prepare(struct xdp_md *ctx, const struct packet *packet,
    enum parse_result result, const struct vc5_destination *destination,
    struct outer *outer, const bool six)
{
	const struct iphdr *ip = packet->network;
	__s64 sum;

	outer->type = packet->type;
	outer->payload = packet->total;
	outer->traffic_class = traffic_class(packet, six);
	outer->id = six ? 0 : ip->id;
	outer->fragment = six ? DONT_FRAGMENT : ip->frag_off & DONT_FRAGMENT;
	outer->four = is_mapped(destination->address);
	outer->summed = false;
	outer->sum = 0;
	if (destination->checksum == 0)
		return true;
	outer->summed = sum_known(ctx, packet, six, result, &outer->sum);
	if (outer->summed || outer->four)
		return true;
	sum = sum_packet(ctx, packet->offset, packet->total);
	outer->summed = true;
	outer->sum = sum & 0xffff;
	return sum >= 0;
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
	if (route->vlan == 0) {
		ethernet->h_proto = type;
		return true;
	}
	ethernet->h_proto = bpf_htons(ETH_P_8021Q);
	tag->control = bpf_htons(priority | (route->vlan & TAG_VID));
	tag->type = type;
	return true;
}

/* The priority in the tag that the packet has, if it has one. */
static __always_inline __u16
tag_priority(const struct packet *packet)
{
	if (packet->vlan == 0)
		return 0;
	return bpf_ntohs(*(const __be16 *)(packet->ethernet + 1)) & ~TAG_VID;
}

/* Another VID in the tag that the packet has. */
static __always_inline void
tag_rewrite(const struct packet *packet, __u32 vlan)
{
	__be16 *control = (__be16 *)(packet->ethernet + 1);

	*control = (*control & bpf_htons(~TAG_VID)) | bpf_htons(vlan & TAG_VID);
}

/* Send the packet as it is from its IP header on, in another frame. */
static __always_inline int
forward_frame(
    struct xdp_md *ctx, const struct packet *packet, const struct route *route)
{
	__u16 priority = tag_priority(packet);
	int shift = (packet->vlan != 0 ? TAG_LENGTH : 0) -
	    (route->vlan != 0 ? TAG_LENGTH : 0);

	if (shift != 0 && bpf_xdp_adjust_head(ctx, shift) != 0)
		return count_drop(ctx, VC5_DROP_FAULT);
	if (!write_ethernet(ctx, route, priority, packet->type))
		return count_drop(ctx, VC5_DROP_FAULT);
	return route_leave(ctx, route->ifindex);
}

/* Send the packet in another. */
static __always_inline int
forward_tunnel(struct xdp_md *ctx, const struct packet *packet,
    const struct route *route, const struct vc5_destination *destination,
    const struct outer *outer)
{
	__u32 before =
	    sizeof(struct ethhdr) + (route->vlan != 0 ? TAG_LENGTH : 0);
	__u16 priority = tag_priority(packet);
	bool four = outer->four;

	if (bpf_xdp_adjust_head(ctx,
		(int)packet->offset -
		    (int)(before + outer_shim(outer->kind) +
			(four ? sizeof(struct iphdr)
			      : sizeof(struct ipv6hdr)))) != 0)
		return count_drop(ctx, VC5_DROP_FAULT);
	if (!(four ? write_outer4(ctx, outer, destination, before)
		   : write_outer6(ctx, outer, destination, before)) ||
	    !write_ethernet(ctx, route, priority,
		four ? bpf_htons(ETH_P_IP) : bpf_htons(ETH_P_IPV6)))
		return count_drop(ctx, VC5_DROP_FAULT);
	return route_leave(ctx, route->ifindex);
}

/*
 * Send a packet, whose hop limit was seen to, where its route leads; it was
 * rewritten if it had to be.  The destination is still the one of the route, or
 * is sent a packet that nobody waits for: its address never changes before its
 * generation does.
 */
static __always_inline int
forward_packet(struct xdp_md *ctx, const struct packet *packet,
    enum parse_result result, const struct route *route, __u32 entropy,
    const bool six)
{
	struct outer outer = {.kind = route->kind, .entropy = entropy};
	const struct vc5_destination *destination;

	if (route->kind == VC5_LAYER2 || route->kind == VC5_DSCP)
		return forward_frame(ctx, packet, route);
	destination = find(&destinations, word_index(route->word));
	if (destination == NULL)
		return count_drop(ctx, VC5_DROP_FAULT);
	if (!outer_prepare(ctx, packet, result, destination, &outer, six))
		return count_drop(ctx, VC5_DROP_FAULT);
	return forward_tunnel(ctx, packet, route, destination, &outer);
}

static __always_inline int
forward_again(struct xdp_md *ctx, struct packet *packet,
    const struct route *route, __u32 entropy, const bool six)
{
	enum parse_result result = parse_again(ctx, packet, six);

	if (result == PARSE_MALFORMED)
		return count_drop(ctx, VC5_DROP_MALFORMED);
	return forward_packet(ctx, packet, result, route, entropy, six);
}

/* The same by the index and generation of a destination, whatever its state. */
__noinline int
forward(struct xdp_md *ctx, __u32 word, __u32 entropy)
{
	struct packet packet;
	struct route route;

	route_read(word, &route);
	if (route.mac == 0)
		return count_drop(ctx, VC5_DROP_UNRESOLVED);
	if (!parse_ethernet(ctx, &packet))
		return count_drop(ctx, VC5_DROP_MALFORMED);
	return is_ipv6(&packet)
	    ? forward_again(ctx, &packet, &route, entropy, true)
	    : forward_again(ctx, &packet, &route, entropy, false);
}

#endif
