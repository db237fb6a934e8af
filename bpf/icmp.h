/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */

/*
 * ICMP and ICMPv6 for a VIP: pings are answered, errors go to the destination
 * whose packet they are about.
 */

#ifndef BPF_ICMP_H
#define BPF_ICMP_H

#include "deliver.h"

enum icmp_kind {
	ICMP_KIND_OTHER, /* not our business */
	ICMP_KIND_ECHO,
	ICMP_KIND_ERROR,    /* quotes a packet */
	ICMP_KIND_OBSOLETE, /* quotes one, too, but nobody may follow it */
};

static __always_inline enum icmp_kind
icmp_kind(__u8 type, const bool six)
{
	if (six)
		return type == ICMP6_ECHO_REQUEST ? ICMP_KIND_ECHO
		    : type >= ICMP6_UNREACHABLE &&
			type <= ICMP6_PARAMETER_PROBLEM
		    ? ICMP_KIND_ERROR
		    : ICMP_KIND_OTHER;
	switch (type) {
	case ICMP_ECHO_REQUEST:
		return ICMP_KIND_ECHO;
	case ICMP_UNREACHABLE:
	case ICMP_TIME_EXCEEDED:
	case ICMP_PARAMETER_PROBLEM:
		return ICMP_KIND_ERROR;
	case ICMP_SOURCE_QUENCH: /* RFC 6633 */
	case ICMP_REDIRECT:	 /* a VIP is no host that routes */
		return ICMP_KIND_OBSOLETE;
	default:
		return ICMP_KIND_OTHER;
	}
}

/* The next protocol in a packet that is quoted, not necessarily whole. */
static __always_inline bool
parse_quoted_header(struct xdp_md *ctx, struct packet *quoted, const bool six)
{
	const struct ipv6hdr *ip6 = quoted->network;
	const struct iphdr *ip = quoted->network;

	if (!parse_addresses(ctx, quoted, six))
		return false;
	if (six) {
		quoted->header = sizeof(*ip6);
		quoted->tuple.protocol = ip6->nexthdr;
		return ip6->version == 6 &&
		    parse_extensions(ctx, quoted) == PARSE_OK;
	}
	quoted->header = ip->ihl * 4;
	quoted->tuple.protocol = ip->protocol;
	return ip->version == 4 && quoted->header >= sizeof(*ip) &&
	    (ip->frag_off & bpf_htons(FRAGMENT_OFFSET)) == 0;
}

/*
 * The flow that an error is about, as its client's packets have it: the
 * packet that is quoted went the other way.
 */
static __always_inline bool
parse_quote(struct xdp_md *ctx, const struct packet *packet,
    struct tuple *tuple, const bool six)
{
	const void *end = (void *)(long)ctx->data_end;
	struct packet quoted = {0};
	const __be32 *ports;

	quoted.offset =
	    packet->offset + packet->header + sizeof(struct icmp_header);
	quoted.network =
	    packet->network + packet->header + sizeof(struct icmp_header);
	/* There is more than that, the caller has seen to it. */
	quoted.total =
	    packet->total - packet->header - sizeof(struct icmp_header);
	if (!parse_quoted_header(ctx, &quoted, six) ||
	    !is_balanced(quoted.tuple.protocol))
		return false;
	ports = quoted.network + quoted.header;
	if (quoted.header + sizeof(*ports) > quoted.total ||
	    (void *)(ports + 1) > end)
		return false;
	__builtin_memcpy(tuple->client, quoted.tuple.vip, 16);
	__builtin_memcpy(tuple->vip, quoted.tuple.client, 16);
	tuple->ports = *ports << 16 | *ports >> 16;
	tuple->protocol = quoted.tuple.protocol;
	return tuple->vip[0] == packet->tuple.vip[0] &&
	    (!six ||
		(tuple->vip[1] == packet->tuple.vip[1] &&
		    tuple->vip[2] == packet->tuple.vip[2] &&
		    tuple->vip[3] == packet->tuple.vip[3]));
}

/* Where a flow's packets go: by its entry, or else by the hash table. */
static __always_inline void
locate(const struct tuple *tuple, struct placed *placed, const bool six)
{
	const struct vc5_control *state = find(&control, 0);
	const struct vc5_service *service;
	struct vc5_bucket *bucket;
	struct flow_hash hash;
	struct route route;
	__u32 place, entry, index = 0;

	if (state == NULL)
		return;
	hash = flow_hash(state->key, tuple, six);
	place = flow_bucket_index(&hash);
	bucket = find(&flows, place);
	if (bucket == NULL)
		return;
	if (flow_lookup(bucket, place, hash.fingerprint, &entry,
		&placed->destination) != NULL &&
	    route_read(placed->destination, &route) != VC5_DOWN)
		return;
	placed->destination = 0;
	service = service_find(tuple, &index, six);
	if (service != NULL)
		placed->destination = choose(service, index, tuple, six);
}

static __always_inline __u64
follow_error(struct xdp_md *ctx, const struct packet *packet, const bool six)
{
	struct placed placed = {0};
	struct tuple tuple;

	if (parse_quote(ctx, packet, &tuple, six))
		locate(&tuple, &placed, six);
	if (placed.destination == 0)
		return found_verdict(unserved(ctx, VC5_DROP_ICMP));
	return found_flow(placed.destination, flow_entropy(&tuple, six));
}

static __always_inline int
follow_echo(struct packet *packet, struct icmp_header *icmp, const bool six)
{
	const __u32 *flags = vip_flags(packet->tuple.vip, six);

	return flags != NULL && *flags & VC5_VIP_ANSWERS
	    ? answer_echo(packet, icmp, six)
	    : XDP_PASS;
}

static __always_inline __u64
follow_icmp_ip(struct xdp_md *ctx, struct packet *packet, const bool six)
{
	struct icmp_header *icmp;

	if (parse_again(ctx, packet, six) != PARSE_ICMP)
		return found_verdict(XDP_PASS);
	icmp = packet->network + packet->header;
	if ((void *)(icmp + 1) > (void *)(long)ctx->data_end ||
	    packet->total < packet->header + sizeof(*icmp))
		return found_verdict(drop_for_vip(ctx, VC5_DROP_MALFORMED));
	switch (icmp_kind(icmp->type, six)) {
	case ICMP_KIND_ECHO:
		return found_verdict(follow_echo(packet, icmp, six));
	case ICMP_KIND_ERROR:
		return follow_error(ctx, packet, six);
	case ICMP_KIND_OBSOLETE:
		return found_verdict(drop_for_vip(ctx, VC5_DROP_ICMP));
	default:
		return found_verdict(XDP_PASS);
	}
}

/* Where ICMP that may be for a VIP goes, or its verdict. */
__noinline __u64
follow_icmp(struct xdp_md *ctx)
{
	struct packet packet;

	if (!parse_ethernet(ctx, &packet))
		return found_verdict(XDP_PASS);
	return is_ipv6(&packet) ? follow_icmp_ip(ctx, &packet, true)
				: follow_icmp_ip(ctx, &packet, false);
}

#endif
