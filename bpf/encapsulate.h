/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */

/*
 * The outer headers of the kinds of tunnel, written before a client's packet.
 * No map is looked into here.
 */

#ifndef BPF_ENCAPSULATE_H
#define BPF_ENCAPSULATE_H

#include "abi.h"
#include "checksum.h"
#include "parse.h"

#define OUTER_TTL     64
#define FLOW_LABEL    0x000fffff	/* RFC 8200, section 3 */
#define PORT_FIRST    49152		/* RFC 8086, section 3.1: ephemeral */
#define DONT_FRAGMENT bpf_htons(0x4000) /* RFC 791, section 3.1 */

/* RFC 2784, section 2.1: neither checksum, key nor sequence number. */
struct gre_header {
	__be16 flags;
	__be16 type;
};

/* draft-ietf-intarea-gue, section 3.2, variant 0 without extensions. */
struct gue_header {
	__u8 control; /* variant, control flag, length: all 0 */
	__u8 protocol;
	__be16 flags;
};

/* What the outer headers are made of. */
struct outer {
	__u32 kind;
	__u32 payload; /* bytes of the client's packet */
	__u32 entropy;
	__be16 type;	    /* EtherType of the client's packet */
	__be16 id;	    /* of an IPv4 one */
	__be16 fragment;    /* DONT_FRAGMENT or 0: outer IPv4 */
	__u8 traffic_class; /* DSCP and ECN, RFC 6040 */
	bool four;	    /* the outer one is IPv4 */
	bool summed;	    /* write a UDP checksum */
	__u64 sum;	    /* of the client's packet, if so */
};

/* Bytes between the outer IP header and the client's packet. */
static __always_inline __u32
outer_shim(__u32 kind)
{
	switch (kind) {
	case VC5_GRE:
		return sizeof(struct gre_header);
	case VC5_FOU:
		return sizeof(struct udphdr);
	case VC5_GUE:
		return sizeof(struct udphdr) + sizeof(struct gue_header);
	default:
		return 0;
	}
}

/* IP's number for what is inside. */
static __always_inline __u8
outer_inner_protocol(const struct outer *outer)
{
	return outer->type == bpf_htons(ETH_P_IPV6) ? IPPROTO_IPV6
						    : IPPROTO_IPIP;
}

static __always_inline __u8
outer_protocol(const struct outer *outer)
{
	switch (outer->kind) {
	case VC5_IPIP:
		return outer_inner_protocol(outer);
	case VC5_GRE:
		return IPPROTO_GRE;
	default:
		return IPPROTO_UDP;
	}
}

/* The last word of the source: the bits behind the prefix are the flow's. */
static __always_inline __be32
outer_source_word(const struct outer *outer,
    const struct vc5_destination *destination, __u32 bits)
{
	__u32 length = destination->source_length, varied = 0;
	__be32 word = *(const __be32 *)&destination->source[12];

	if (length != 0 && length < bits)
		varied = bits - length >= 32
		    ? 0xffffffff
		    : (1U << ((bits - length) & 31)) - 1;
	return word | bpf_htonl(outer->entropy & varied);
}

/*
 * UDP behind an outer IP header whose addresses sum up to "addresses": the
 * checksum covers the client's packet by the sum of it that is known.
 */
static __always_inline bool
write_udp(void *at, const void *end, const struct outer *outer, __be16 port,
    __u64 addresses)
{
	struct udphdr *udp = at;
	struct gue_header *gue = at + sizeof(*udp);
	__u32 length = outer_shim(outer->kind) + outer->payload;
	__u64 sum = addresses + bpf_htonl(IPPROTO_UDP) + outer->sum;

	if ((void *)(udp + 1) > end)
		return false;
	udp->source = bpf_htons(PORT_FIRST | outer->entropy >> 18);
	udp->dest = port;
	udp->len = bpf_htons(length);
	udp->check = 0;
	sum += (__u64)udp->source + udp->dest + 2 * (__u64)udp->len;
	if (outer->kind == VC5_GUE) {
		if ((void *)(gue + 1) > end)
			return false;
		gue->control = 0;
		gue->protocol = outer_inner_protocol(outer);
		gue->flags = 0;
		sum += bpf_htons(gue->protocol);
	}
	if (outer->summed) {
		udp->check = ~sum_fold(sum);
		/* RFC 768: zero would mean none. */
		if (udp->check == 0)
			udp->check = 0xffff;
	}
	return true;
}

static __always_inline bool
write_shim(void *at, const void *end, const struct outer *outer, __be16 port,
    __u64 addresses)
{
	struct gre_header *gre = at;

	if (outer->kind == VC5_IPIP)
		return true;
	if (outer->kind != VC5_GRE)
		return write_udp(at, end, outer, port, addresses);
	if ((void *)(gre + 1) > end)
		return false;
	gre->flags = 0;
	gre->type = outer->type;
	return true;
}

/* At an offset in the frame, which is that of a network header. */
static __always_inline void *
outer_at(struct xdp_md *ctx, __u32 offset)
{
	return (void *)(long)ctx->data +
	    (offset == sizeof(struct ethhdr)
		    ? sizeof(struct ethhdr)
		    : sizeof(struct ethhdr) + TAG_LENGTH);
}

/* Write the outer headers of a tunnel over IPv4: false if there is no room. */
static __always_inline bool
write_outer4(struct xdp_md *ctx, const struct outer *outer,
    const struct vc5_destination *destination, __u32 offset)
{
	const void *end = (void *)(long)ctx->data_end;
	struct iphdr *ip = outer_at(ctx, offset);
	__be32 *words = (__be32 *)ip;
	__u32 total;

	if ((void *)(ip + 1) > end)
		return false;
	total = sizeof(*ip) + outer_shim(outer->kind) + outer->payload;
	words[0] = bpf_htonl(
	    0x45U << 24 | (__u32)outer->traffic_class << 16 | (total & 0xffff));
	ip->id = outer->id;
	ip->frag_off = outer->fragment;
	ip->ttl = OUTER_TTL;
	ip->protocol = outer_protocol(outer);
	ip->check = 0;
	words[3] = outer_source_word(outer, destination, 32);
	words[4] = *(const __be32 *)&destination->address[12];
	ip->check = ~sum_fold(sum_words(words, 5));
	return write_shim(
	    ip + 1, end, outer, destination->port, sum_words(words + 3, 2));
}

/* The same over IPv6. */
static __always_inline bool
write_outer6(struct xdp_md *ctx, const struct outer *outer,
    const struct vc5_destination *destination, __u32 offset)
{
	const void *end = (void *)(long)ctx->data_end;
	struct ipv6hdr *ip = outer_at(ctx, offset);
	__be32 *words = (__be32 *)ip;

	if ((void *)(ip + 1) > end)
		return false;
	words[0] = bpf_htonl(6U << 28 | (__u32)outer->traffic_class << 20 |
	    (outer->entropy & FLOW_LABEL));
	ip->payload_len = bpf_htons(outer_shim(outer->kind) + outer->payload);
	ip->nexthdr = outer_protocol(outer);
	ip->hop_limit = OUTER_TTL;
	__builtin_memcpy(&ip->saddr, destination->source, 12);
	words[5] = outer_source_word(outer, destination, 128);
	__builtin_memcpy(&ip->daddr, destination->address, 16);
	return write_shim(
	    ip + 1, end, outer, destination->port, sum_words(words + 2, 8));
}

#endif
