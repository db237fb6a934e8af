/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */

/*
 * From the bytes of a packet to what the balancer wants to know of it.  No
 * map is touched here.
 */

#ifndef BPF_PARSE_H
#define BPF_PARSE_H

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "compiler.h"

#define FRAGMENT_MORE	0x2000 /* RFC 791, section 3.1 */
#define FRAGMENT_OFFSET 0x1fff

/* Addresses and ports as they are in the packet. */
struct tuple {
	__be32 client, vip;
	__be32 ports; /* source, then destination */
	__u32 protocol;
};

enum segment {
	SEGMENT_DATA,	  /* of a connection that exists: TCP */
	SEGMENT_SYN,	  /* opens one: TCP, without ACK, FIN or RST */
	SEGMENT_FINAL,	  /* FIN or RST */
	SEGMENT_DATAGRAM, /* UDP: may open one, may not */
};

enum parse_result {
	PARSE_OK,
	PARSE_OTHER, /* not balanced: neither TCP nor UDP */
	PARSE_MALFORMED,
	PARSE_FRAGMENT,
};

struct packet {
	struct ethhdr *ethernet;
	struct iphdr *ip;
	__u32 length; /* of the frame */
	struct tuple tuple;
	enum segment segment;
};

/* The headers' addresses: false if it is not IPv4, or too short to say. */
static __always_inline bool
parse_ipv4(struct xdp_md *ctx, struct packet *packet)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;

	packet->ethernet = data;
	packet->ip = data + sizeof(struct ethhdr);
	if ((void *)(packet->ip + 1) > end ||
	    *(__be16 *)((__u8 *)data + offsetof(struct ethhdr, h_proto)) !=
		bpf_htons(ETH_P_IP))
		return false;
	packet->length = end - data;
	packet->tuple.client = packet->ip->saddr;
	packet->tuple.vip = packet->ip->daddr;
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
parse_ports(
    struct xdp_md *ctx, struct packet *packet, __u32 header, __u32 total)
{
	const void *transport = (const void *)packet->ip + header;
	const void *end = (void *)(long)ctx->data_end;

	if (packet->tuple.protocol == IPPROTO_TCP) {
		if (total < header + sizeof(struct tcphdr) ||
		    transport + sizeof(struct tcphdr) > end)
			return PARSE_MALFORMED;
		packet->segment = parse_tcp_flags(transport);
	} else {
		if (total < header + sizeof(struct udphdr) ||
		    transport + sizeof(struct udphdr) > end)
			return PARSE_MALFORMED;
		packet->segment = SEGMENT_DATAGRAM;
	}
	packet->tuple.ports = *(const __be32 *)transport;
	return PARSE_OK;
}

/* After parse_ipv4(): check the header, and look into the next one. */
static __always_inline enum parse_result
parse_transport(struct xdp_md *ctx, struct packet *packet)
{
	const struct iphdr *ip = packet->ip;
	__u32 header = ip->ihl * 4, total = bpf_ntohs(ip->tot_len);

	if (UNLIKELY(ip->version != 4 || header < sizeof(*ip) ||
		total < header ||
		total > packet->length - sizeof(struct ethhdr)))
		return PARSE_MALFORMED;
	packet->tuple.protocol = ip->protocol;
	if (ip->protocol != IPPROTO_TCP && ip->protocol != IPPROTO_UDP)
		return PARSE_OTHER;
	if (UNLIKELY(ip->frag_off & bpf_htons(FRAGMENT_MORE | FRAGMENT_OFFSET)))
		return PARSE_FRAGMENT;
	return parse_ports(ctx, packet, header, total);
}

#endif
