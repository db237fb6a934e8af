/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */

/*
 * From the bytes of a packet to what the balancer wants to know of it.  No
 * map is touched here.
 *
 * What differs between IPv4 and IPv6 is decided by a parameter "six" that is
 * a constant wherever these functions are inlined: each version of IP has
 * code of its own, and neither pays for the other.
 */

#ifndef BPF_PARSE_H
#define BPF_PARSE_H

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "abi.h"
#include "compiler.h"
#include "flow_rules.h"

#define FRAGMENT_MORE	0x2000 /* RFC 791, section 3.1 */
#define FRAGMENT_OFFSET 0x1fff

#define FRAGMENT6_MORE	 0x0001 /* RFC 8200, section 4.5 */
#define FRAGMENT6_OFFSET 0xfff8

#define TAG_LENGTH 4	  /* IEEE 802.1Q, section 9.3 */
#define TAG_VID	   0x0fff /* the rest is priority and drop eligibility */

#define EXTENSIONS 6 /* headers of IPv6 that are looked behind */

enum segment {
	SEGMENT_DATA,	  /* of a connection that exists: TCP */
	SEGMENT_SYN,	  /* opens one: TCP, without ACK, FIN or RST */
	SEGMENT_FINAL,	  /* FIN or RST */
	SEGMENT_DATAGRAM, /* UDP: may open one, may not */
};

enum parse_result {
	PARSE_OK,
	PARSE_OTHER,	/* not balanced: none of the protocols below */
	PARSE_ICMP,	/* or ICMPv6; whole */
	PARSE_FRAGMENT, /* not the first one: there are no ports */
	PARSE_MALFORMED,
};

struct packet {
	struct ethhdr *ethernet;
	void *network; /* the IP header */
	__u32 offset;  /* of it, in the frame */
	__u32 length;  /* of the frame */
	__u32 vlan;    /* VID and VC5_TAGGED; 0 = untagged */
	__be16 type;   /* EtherType of what is in the frame, tag aside */
	bool first;    /* the first of several fragments */
	__be32 id;     /* of a fragment's packet */
	__u8 part;     /* likewise: the protocol that its headers name */
	__u32 header;  /* from the IP header to the next protocol's */
	__u32 total;   /* of the IP packet */
	struct tuple tuple;
	enum segment segment;
};

/*
 * Of ICMP (RFC 792) and ICMPv6 (RFC 4443) alike.  <linux/icmp.h> needs the C
 * library's headers for the machine, which there are not for BPF.
 */
struct icmp_header {
	__u8 type, code;
	__be16 checksum;
	__be32 word; /* what it means depends on the type */
};

enum icmp_type {
	ICMP_ECHO_REPLY = 0,
	ICMP_UNREACHABLE = 3,
	ICMP_SOURCE_QUENCH = 4,
	ICMP_REDIRECT = 5,
	ICMP_ECHO_REQUEST = 8,
	ICMP_TIME_EXCEEDED = 11,
	ICMP_PARAMETER_PROBLEM = 12,
};

#define ICMP_CODE_TOO_BIG 4 /* of ICMP_UNREACHABLE */

enum icmp6_type {
	ICMP6_UNREACHABLE = 1,
	ICMP6_TOO_BIG = 2,
	ICMP6_TIME_EXCEEDED = 3,
	ICMP6_PARAMETER_PROBLEM = 4,
	ICMP6_ECHO_REQUEST = 128,
	ICMP6_ECHO_REPLY = 129,
};

struct vlan_tag {
	__be16 control; /* priority, VID */
	__be16 type;
};

/* The Ethernet header, a tag or none: false if it is too short. */
static __always_inline bool
parse_ethernet(struct xdp_md *ctx, struct packet *packet)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct vlan_tag *tag = data + sizeof(struct ethhdr);

	packet->ethernet = data;
	packet->network = tag;
	packet->offset = sizeof(struct ethhdr);
	if ((void *)(tag + 1) > end)
		return false;
	packet->length = end - data;
	/* Or the compiler computes with halves of pointers. */
	OPAQUE(packet->length);
	packet->vlan = 0;
	packet->id = 0;
	packet->part = 0;
	packet->type = packet->ethernet->h_proto;
	if (UNLIKELY(packet->type == bpf_htons(ETH_P_8021Q))) {
		packet->vlan = VC5_TAGGED | (bpf_ntohs(tag->control) & TAG_VID);
		packet->type = tag->type;
		packet->network = tag + 1;
		packet->offset = sizeof(struct ethhdr) + TAG_LENGTH;
	}
	return true;
}

/* The header's addresses: false if it is too short to say. */
static __always_inline bool
parse_addresses(struct xdp_md *ctx, struct packet *packet, const bool six)
{
	void *end = (void *)(long)ctx->data_end;
	const struct ipv6hdr *ip6 = packet->network;
	const struct iphdr *ip = packet->network;

	if (six) {
		if ((void *)(ip6 + 1) > end)
			return false;
		__builtin_memcpy(packet->tuple.client, &ip6->saddr, 16);
		__builtin_memcpy(packet->tuple.vip, &ip6->daddr, 16);
		return true;
	}
	if ((void *)(ip + 1) > end)
		return false;
	packet->tuple.client[0] = ip->saddr;
	packet->tuple.vip[0] = ip->daddr;
	return true;
}

static __always_inline enum segment
parse_tcp_flags(const struct tcphdr *tcp)
{
	if (UNLIKELY(tcp->fin || tcp->rst))
		return SEGMENT_FINAL;
	if (UNLIKELY(tcp->syn && !tcp->ack))
		return SEGMENT_SYN;
	return SEGMENT_DATA;
}

/* Of TCP or UDP, whose ports are at the same place. */
static __always_inline enum parse_result
parse_ports(struct xdp_md *ctx, struct packet *packet)
{
	const void *transport = packet->network + packet->header;
	const void *end = (void *)(long)ctx->data_end;

	if (packet->tuple.protocol == IPPROTO_TCP) {
		if (packet->total < packet->header + sizeof(struct tcphdr) ||
		    transport + sizeof(struct tcphdr) > end)
			return PARSE_MALFORMED;
		packet->segment = parse_tcp_flags(transport);
	} else {
		if (packet->total < packet->header + sizeof(struct udphdr) ||
		    transport + sizeof(struct udphdr) > end)
			return PARSE_MALFORMED;
		packet->segment = SEGMENT_DATAGRAM;
	}
	packet->tuple.ports = *(const __be32 *)transport;
	return PARSE_OK;
}

/*
 * Is the frame long enough for what the IP header says?  Only the first part
 * of a jumbo frame is at hand, so then the kernel is asked.
 */
static __always_inline bool
parse_length(struct xdp_md *ctx, struct packet *packet)
{
	if (UNLIKELY(packet->total > packet->length - packet->offset)) {
		packet->length = bpf_xdp_get_buff_len(ctx);
		return packet->total <= packet->length - packet->offset;
	}
	return true;
}

static __always_inline bool
is_balanced(__u32 protocol)
{
	return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP;
}

/* After parse_addresses(): check the header, and look into the next one. */
static __always_inline enum parse_result
parse_ipv4(struct xdp_md *ctx, struct packet *packet)
{
	const struct iphdr *ip = packet->network;
	__u32 fragment =
	    ip->frag_off & bpf_htons(FRAGMENT_MORE | FRAGMENT_OFFSET);

	packet->header = ip->ihl * 4;
	packet->total = bpf_ntohs(ip->tot_len);
	packet->first = false;
	if (UNLIKELY(ip->version != 4 || packet->header < sizeof(*ip) ||
		packet->total < packet->header || !parse_length(ctx, packet)))
		return PARSE_MALFORMED;
	packet->tuple.protocol = ip->protocol;
	if (UNLIKELY(!is_balanced(ip->protocol)))
		return ip->protocol == IPPROTO_ICMP && !fragment ? PARSE_ICMP
								 : PARSE_OTHER;
	if (UNLIKELY(fragment)) {
		packet->id = ip->id;
		packet->part = ip->protocol;
		packet->first = true;
		if (fragment & bpf_htons(FRAGMENT_OFFSET))
			return PARSE_FRAGMENT;
	}
	return parse_ports(ctx, packet);
}

/* An extension header, RFC 8200, section 4; AH's length: RFC 4302. */
struct extension {
	__u8 next, length;
	__be16 fragment; /* of the fragment header: offset and flags */
	__be32 id;	 /* likewise */
};

/* What was found behind extension headers, in one number. */
#define WALK_HEADER(walk)   (((walk)&0xff) * 4)	 /* bytes */
#define WALK_PART(walk)	    ((walk) >> 8 & 0xff) /* of a fragment header */
#define WALK_PROTOCOL(walk) ((walk) >> 16 & 0xff)
#define WALK_FRAGMENT	    (1U << 24) /* one of several */
#define WALK_LATER	    (1U << 25) /* and not the first */
#define WALK_MALFORMED	    (1U << 26)
#define WALK_ID(walk)	    ((__be32)((walk) >> 32)) /* of a fragment */

static __always_inline bool
is_extension(__u32 protocol)
{
	return protocol == IPPROTO_HOPOPTS || protocol == IPPROTO_ROUTING ||
	    protocol == IPPROTO_FRAGMENT || protocol == IPPROTO_AH ||
	    protocol == IPPROTO_DSTOPTS;
}

static __always_inline __u32
extension_length(const struct extension *header, __u32 protocol)
{
	if (protocol == IPPROTO_FRAGMENT)
		return 8;
	return protocol == IPPROTO_AH ? (header->length + 2) * 4
				      : (header->length + 1) * 8;
}

/*
 * Look behind extension headers, which begin at an offset in the frame.  A
 * function, so that the verifier goes through its loop once.
 */
__noinline __u64
walk_extensions(struct xdp_md *ctx, __u32 offset, __u32 protocol)
{
	void *data = (void *)(long)ctx->data,
	     *end = (void *)(long)ctx->data_end;
	const struct extension *header;
	__u64 walk = 0;
	__u32 length = 0;
	int i;

	if (offset > 256)
		return WALK_MALFORMED;
	for (i = 0; i < EXTENSIONS && is_extension(protocol); i++) {
		header = data + offset + length;
		if ((void *)(header + 1) > end)
			return WALK_MALFORMED;
		length += extension_length(header, protocol);
		if (protocol == IPPROTO_FRAGMENT &&
		    header->fragment &
			bpf_htons(FRAGMENT6_MORE | FRAGMENT6_OFFSET)) {
			walk = (__u64)header->id << 32 | WALK_FRAGMENT |
			    (__u32)header->next << 8;
			if (header->fragment & bpf_htons(FRAGMENT6_OFFSET))
				return walk | WALK_LATER |
				    (__u32)header->next << 16 | length / 4;
		}
		protocol = header->next;
		/* Longer than any honest one, and than WALK_HEADER() can be. */
		if (length > 255 * 4)
			return WALK_MALFORMED;
	}
	if (is_extension(protocol))
		return WALK_MALFORMED;
	return walk | (protocol & 0xff) << 16 | length / 4;
}

/* PARSE_OK: the protocol and where it begins are known. */
static __always_inline enum parse_result
parse_extensions(struct xdp_md *ctx, struct packet *packet)
{
	__u64 walk = walk_extensions(
	    ctx, packet->offset + packet->header, packet->tuple.protocol);

	if (walk & WALK_MALFORMED)
		return PARSE_MALFORMED;
	packet->tuple.protocol = WALK_PROTOCOL(walk);
	packet->first = (walk & WALK_FRAGMENT) != 0;
	packet->id = WALK_ID(walk);
	packet->part = WALK_PART(walk);
	packet->header += WALK_HEADER(walk);
	if (packet->header > packet->total)
		return PARSE_MALFORMED;
	/* Behind more headers may be anything. */
	if (walk & WALK_LATER)
		return is_balanced(packet->tuple.protocol) ||
			is_extension(packet->tuple.protocol)
		    ? PARSE_FRAGMENT
		    : PARSE_OTHER;
	return PARSE_OK;
}

/* Likewise for IPv6. */
static __always_inline enum parse_result
parse_ipv6(struct xdp_md *ctx, struct packet *packet)
{
	const struct ipv6hdr *ip = packet->network;
	enum parse_result result;

	packet->header = sizeof(*ip);
	packet->total = sizeof(*ip) + bpf_ntohs(ip->payload_len);
	packet->first = false;
	packet->tuple.protocol = ip->nexthdr;
	if (UNLIKELY(ip->version != 6 || !parse_length(ctx, packet)))
		return PARSE_MALFORMED;
	if (UNLIKELY(
		ip->nexthdr != IPPROTO_TCP && ip->nexthdr != IPPROTO_UDP)) {
		result = parse_extensions(ctx, packet);
		if (result != PARSE_OK)
			return result;
		if (packet->tuple.protocol == IPPROTO_ICMPV6)
			return packet->first ? PARSE_OTHER : PARSE_ICMP;
		if (!is_balanced(packet->tuple.protocol))
			return PARSE_OTHER;
	}
	return parse_ports(ctx, packet);
}

static __always_inline enum parse_result
parse_ip(struct xdp_md *ctx, struct packet *packet, const bool six)
{
	return six ? parse_ipv6(ctx, packet) : parse_ipv4(ctx, packet);
}

/*
 * The first of several fragments, of which parse_ip() said PARSE_OK.  IPv4 says
 * so where it is at hand, which is less than to keep it in mind.
 */
static __always_inline bool
is_first_fragment(const struct packet *packet, const bool six)
{
	const struct iphdr *ip = packet->network;

	return six ? packet->first
		   : (ip->frag_off & bpf_htons(FRAGMENT_MORE)) != 0;
}

static __always_inline bool
is_ipv6(const struct packet *packet)
{
	return packet->type == bpf_htons(ETH_P_IPV6);
}

/* After parse_ethernet(): all the rest, for those who look a second time. */
static __always_inline enum parse_result
parse_again(struct xdp_md *ctx, struct packet *packet, const bool six)
{
	return parse_addresses(ctx, packet, six) ? parse_ip(ctx, packet, six)
						 : PARSE_MALFORMED;
}

#endif
