/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */

/*
 * The checksum of TCP, UDP and ICMPv6, which covers IP's addresses too: what
 * it says of the sum of the whole packet, and how it follows a change of
 * address.
 */

#ifndef BPF_TRANSPORT_H
#define BPF_TRANSPORT_H

#include "checksum.h"
#include "maps.h"
#include "parse.h"

#define DSCP_SHIFT 2 /* RFC 2474: the code point's place in the octet */
#define ECN_MASK   0x3

static __always_inline bool
is_mapped(const __u8 address[16])
{
	const __u32 *words = (const __u32 *)address;

	return words[0] == 0 && words[1] == 0 && words[2] == VC5_MAPPED;
}

static __always_inline __u8
traffic_class(const struct packet *packet, const bool six)
{
	if (six)
		return bpf_ntohl(*(const __be32 *)packet->network) >> 20;
	return ((const struct iphdr *)packet->network)->tos;
}

/* Where a protocol has its checksum, which covers IP's addresses; else 0. */
static __always_inline __u32
checksum_offset(__u32 protocol)
{
	switch (protocol) {
	case IPPROTO_TCP:
		return offsetof(struct tcphdr, check);
	case IPPROTO_UDP:
		return offsetof(struct udphdr, check);
	case IPPROTO_ICMPV6:
		return offsetof(struct icmp_header, checksum);
	default:
		return 0;
	}
}

/* The checksum behind the IP header; NULL if there is none at hand. */
static __always_inline __u16 *
transport_checksum(struct xdp_md *ctx, const struct packet *packet)
{
	const void *end = (void *)(long)ctx->data_end;
	__u32 offset = checksum_offset(packet->tuple.protocol);
	__u16 *checksum = packet->network + packet->header + offset;

	return offset == 0 || (void *)(checksum + 1) > end ? NULL : checksum;
}

/*
 * Does UDP's checksum, if it has one, cover the rest of the packet?  What is
 * behind the length that UDP says it doesn't (RFC 9868).
 */
static __always_inline bool
udp_covers(struct xdp_md *ctx, const struct packet *packet, __u32 length)
{
	const struct udphdr *udp = packet->network + packet->header;

	return (void *)(udp + 1) <= (void *)(long)ctx->data_end &&
	    udp->check != 0 && udp->len == bpf_htons(length);
}

/*
 * The sum of a whole packet, by what its checksums say of it: with the
 * pseudo-header, the part that one covers sums up to zero, and so does an IPv4
 * header.  False where there is none, or none of all that is in the packet.
 */
static __always_inline bool
sum_known(struct xdp_md *ctx, const struct packet *packet, const bool six,
    enum parse_result result, __u64 *sum)
{
	const __be32 *words = packet->network;
	__u32 length = packet->total - packet->header;
	const __u16 *checksum;

	*sum = 0;
	if (packet->first || (result != PARSE_OK && result != PARSE_ICMP))
		return false;
	if (!six && result == PARSE_ICMP)
		return true;
	checksum = transport_checksum(ctx, packet);
	if (checksum == NULL ||
	    (packet->tuple.protocol == IPPROTO_UDP &&
		!udp_covers(ctx, packet, length)))
		return false;
	*sum = (__u64)(__u32)~bpf_htonl(length) +
	    (__u32)~bpf_htonl(packet->tuple.protocol);
	if (!six) {
		*sum += (__u64)(__u32)~words[3] + (__u32)~words[4];
		return true;
	}
	/* The addresses are in both, with both signs. */
	*sum += (__u64)words[0] + words[1];
	return packet->header == sizeof(struct ipv6hdr);
}

/* The destination's address in the place of the VIP, and its code point. */
static __always_inline bool
rewrite_ip(struct xdp_md *ctx, struct packet *packet,
    const struct vc5_destination *destination, const bool six)
{
	enum parse_result result = parse_again(ctx, packet, six);
	const __be32 *address = (const __be32 *)destination->address;
	__u8 class;
	struct ipv6hdr *ip6 = packet->network;
	struct iphdr *ip = packet->network;
	__u64 removed, added;
	__u16 *checksum;

	if (result == PARSE_MALFORMED || six == is_mapped(destination->address))
		return false;
	class = (traffic_class(packet, six) & ECN_MASK) |
	    destination->code_point << DSCP_SHIFT;
	if (six) {
		removed = sum_words((const __be32 *)&ip6->daddr, 4);
		added = sum_words(address, 4);
		*(__be32 *)ip6 = (*(__be32 *)ip6 & bpf_htonl(0xf00fffff)) |
		    bpf_htonl((__u32) class << 20);
		__builtin_memcpy(&ip6->daddr, address, 16);
	} else {
		removed = ip->daddr;
		added = address[3];
		ip->check = sum_update(ip->check, removed + bpf_htons(ip->tos),
		    added + bpf_htons(class));
		ip->tos = class;
		ip->daddr = address[3];
	}
	/* Of a fragment, only the first has it. */
	if (result == PARSE_FRAGMENT)
		return true;
	checksum = transport_checksum(ctx, packet);
	if (checksum == NULL ||
	    (packet->tuple.protocol == IPPROTO_UDP && *checksum == 0))
		return true;
	*checksum = sum_update(*checksum, removed, added);
	if (packet->tuple.protocol == IPPROTO_UDP && *checksum == 0)
		*checksum = 0xffff;
	return true;
}

/* Have the packet be for the destination itself: false if that can't be. */
__noinline bool
rewrite(struct xdp_md *ctx, __u32 index)
{
	const struct vc5_destination *destination = find(&destinations, index);
	struct packet packet;

	if (destination == NULL || !parse_ethernet(ctx, &packet))
		return false;
	return is_ipv6(&packet) ? rewrite_ip(ctx, &packet, destination, true)
				: rewrite_ip(ctx, &packet, destination, false);
}

#endif
