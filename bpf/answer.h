/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */

/*
 * ICMP packets that are made here and sent back the way that a packet came:
 * echo replies, time exceeded, too big.  They come from the VIP, at a limited
 * rate.
 */

#ifndef BPF_ANSWER_H
#define BPF_ANSWER_H

#include "checksum.h"
#include "maps.h"
#include "parse.h"
#include "route.h"

#define ANSWER_TTL 64
#define ANSWER_CLASS                                            \
	0xc0 /* RFC 1812, section 4.3.2.5: internetwork control \
	      */

/*
 * Bytes quoted of an IPv4 and an IPv6 packet, so that the whole has no more
 * than 576 (RFC 1812, section 4.3.2.3) and 1280 (RFC 4443, section 2.4).
 */
#define QUOTE4 548
#define QUOTE6 1232

#define ICMP_LENGTH sizeof(struct icmp_header) /* ICMPv6's is as long */

/*
 * May one more be made in this second?  Who floods with pings takes nothing
 * from those who have to be told of too big a packet.
 */
static __always_inline bool
answer_allowed(const bool ping)
{
	struct vc5_drop_counters *counters;
	struct vc5_control *state = find(&control, 0);
	__u64 now = bpf_ktime_get_coarse_ns() / 1000000000;

	counters = find(&drop_counters, bpf_get_smp_processor_id());
	if (counters == NULL || state == NULL)
		return false;
	if (counters->second != now) {
		counters->second = now;
		counters->made[0] = counters->made[1] = 0;
	}
	if (counters->made[ping] >= READ_ONCE(state->icmp_limit))
		return false;
	counters->made[ping]++;
	return true;
}

static __always_inline void
swap_macs(struct ethhdr *ethernet)
{
	__u64 source = 0, destination = 0;

	__builtin_memcpy(&source, ethernet->h_source, ETH_ALEN);
	__builtin_memcpy(&destination, ethernet->h_dest, ETH_ALEN);
	route_write_macs(ethernet, source, destination);
}

/* Could it be a host's own: neither multicast, loopback nor unspecified? */
static __always_inline bool
is_somebody(const __be32 address[4], bool six)
{
	__u32 first = bpf_ntohl(address[0]) >> 24;

	if (!six)
		return first != 0 && first != 127 && first < 224;
	return first != 0xff &&
	    (address[0] != 0 || address[1] != 0 || address[2] != 0 ||
		bpf_ntohl(address[3]) > 1);
}

/* RFC 1122, section 3.2.2: neither to a group nor from one, in any layer. */
static __always_inline bool
may_answer(const struct packet *packet, const bool six)
{
	return !((packet->ethernet->h_dest[0] | packet->ethernet->h_source[0]) &
		   1) &&
	    is_somebody(packet->tuple.client, six);
}

/* What an answer is made of, read before the packet is cut. */
struct answer {
	__u64 frame[2]; /* of the Ethernet header and the tag, 16 bytes, and */
	__u16 rest;	/* the last two */
	__u16 before;	/* bytes of them */
	__u32 quote;	/* bytes of the packet */
	__be32 client[4], vip[4];
	__be32 head, word; /* of the ICMP header, checksum aside */
};

static __always_inline bool
write_answer4(void *at, const void *end, const struct answer *answer, __s64 sum)
{
	struct iphdr *ip = at;
	struct icmp_header *icmp = at + sizeof(*ip);
	__be32 *words = at;

	if ((void *)(icmp + 1) > end)
		return false;
	words[0] = bpf_htonl(0x45U << 24 | ANSWER_CLASS << 16 |
	    (sizeof(*ip) + ICMP_LENGTH + answer->quote));
	words[1] = bpf_htonl(0x4000); /* don't fragment, RFC 6864: any id */
	words[2] = bpf_htonl(ANSWER_TTL << 24 | IPPROTO_ICMP << 16);
	words[3] = answer->vip[0];
	words[4] = answer->client[0];
	ip->check = ~sum_fold(sum_words(words, 5));
	words[5] = answer->head;
	words[6] = answer->word;
	icmp->checksum = ~sum_fold((__u64)sum + answer->head + answer->word);
	return true;
}

static __always_inline bool
write_answer6(void *at, const void *end, const struct answer *answer, __s64 sum)
{
	struct ipv6hdr *ip = at;
	struct icmp_header *icmp = at + sizeof(*ip);
	__u32 length = ICMP_LENGTH + answer->quote;
	__be32 *words = at;

	if ((void *)(icmp + 1) > end)
		return false;
	words[0] = bpf_htonl(6U << 28 | ANSWER_CLASS << 20);
	words[1] = bpf_htonl(length << 16 | IPPROTO_ICMPV6 << 8 | ANSWER_TTL);
	__builtin_memcpy(&ip->saddr, answer->vip, 16);
	__builtin_memcpy(&ip->daddr, answer->client, 16);
	words[10] = answer->head;
	words[11] = answer->word;
	/* RFC 8200, section 8.1 */
	icmp->checksum = ~sum_fold((__u64)sum + answer->head + answer->word +
	    sum_words(words + 2, 8) + bpf_htonl(length) +
	    bpf_htonl(IPPROTO_ICMPV6));
	return true;
}

/* Type and code in the upper half, and the word behind the checksum. */
static __always_inline void
answer_head(struct answer *answer, bool six, enum vc5_answer kind, __u32 mtu)
{
	bool ttl = kind == VC5_ANSWER_TTL;

	answer->word = ttl ? 0 : bpf_htonl(mtu);
	if (six)
		answer->head = bpf_htonl(
		    (ttl ? ICMP6_TIME_EXCEEDED : ICMP6_TOO_BIG) << 24);
	else
		answer->head = bpf_htonl(ttl
			? ICMP_TIME_EXCEEDED << 24
			: ICMP_UNREACHABLE << 24 | ICMP_CODE_TOO_BIG << 16);
}

/* False for what must not be answered: RFC 1122, section 3.2.2. */
static __always_inline bool
answer_prepare(struct xdp_md *ctx, struct packet *packet, struct answer *answer,
    const bool six)
{
	__u32 limit = six ? QUOTE6 : QUOTE4;

	if (parse_again(ctx, packet, six) != PARSE_OK ||
	    !may_answer(packet, six))
		return false;
	answer->quote = (packet->total < limit ? packet->total : limit) & ~3U;
	answer->before =
	    sizeof(struct ethhdr) + (packet->vlan != 0 ? TAG_LENGTH : 0);
	__builtin_memcpy(answer->frame, packet->ethernet, 16);
	answer->rest = *(__u16 *)((void *)packet->ethernet + 16);
	__builtin_memcpy(answer->client, packet->tuple.client, six ? 16 : 4);
	__builtin_memcpy(answer->vip, packet->tuple.vip, six ? 16 : 4);
	return true;
}

static __always_inline int
answer_ip(struct xdp_md *ctx, struct packet *packet, enum vc5_answer kind,
    __u32 mtu, const bool six)
{
	struct answer answer;
	void *data, *end;
	__u32 added =
	    ICMP_LENGTH + (six ? sizeof(struct ipv6hdr) : sizeof(struct iphdr));
	__s64 sum;

	if (!answer_prepare(ctx, packet, &answer, six) ||
	    !answer_allowed(false))
		return XDP_DROP;
	answer_head(&answer, six, kind, mtu);
	if (bpf_xdp_adjust_tail(ctx,
		(int)(answer.before + answer.quote) -
		    (int)bpf_xdp_get_buff_len(ctx)) != 0 ||
	    bpf_xdp_adjust_head(ctx, -(int)added) != 0)
		return XDP_DROP;
	sum = sum_packet(ctx, answer.before + added, answer.quote);
	data = (void *)(long)ctx->data;
	end = (void *)(long)ctx->data_end;
	if (sum < 0 || data + sizeof(struct ethhdr) + TAG_LENGTH > end)
		return XDP_DROP;
	__builtin_memcpy(data, answer.frame, 16);
	*(__u16 *)(data + 16) = answer.rest;
	swap_macs(data);
	data += answer.before == sizeof(struct ethhdr)
	    ? sizeof(struct ethhdr)
	    : sizeof(struct ethhdr) + TAG_LENGTH;
	if (!(six ? write_answer6(data, end, &answer, sum)
		  : write_answer4(data, end, &answer, sum)))
		return XDP_DROP;
	count_answer(kind);
	return XDP_TX;
}

/*
 * Send an error about the packet to its client, from the VIP, if that is
 * allowed: the verdict.  The packet itself is lost, and counted by who asks.
 */
__noinline int
answer_error(struct xdp_md *ctx, __u32 kind, __u32 mtu)
{
	struct packet packet;

	if (kind >= VC5_ANSWERS || !parse_ethernet(ctx, &packet))
		return XDP_DROP;
	return is_ipv6(&packet) ? answer_ip(ctx, &packet, kind, mtu, true)
				: answer_ip(ctx, &packet, kind, mtu, false);
}

/* Turn an echo request into its reply, in place. */
static __always_inline int
answer_echo(struct packet *packet, struct icmp_header *icmp, const bool six)
{
	struct ipv6hdr *ip6 = packet->network;
	struct iphdr *ip = packet->network;
	__be16 *words = (__be16 *)ip;
	__u8 type = six ? ICMP6_ECHO_REPLY : ICMP_ECHO_REPLY;

	if (!may_answer(packet, six))
		return count_lost(VC5_DROP_ICMP, packet->length);
	if (!answer_allowed(true))
		return count_lost(VC5_DROP_LIMIT, packet->length);
	swap_macs(packet->ethernet);
	if (six) {
		__builtin_memcpy(&ip6->saddr, packet->tuple.vip, 16);
		__builtin_memcpy(&ip6->daddr, packet->tuple.client, 16);
		ip6->hop_limit = ANSWER_TTL;
	} else {
		__be16 was = words[4];

		ip->saddr = packet->tuple.vip[0];
		ip->daddr = packet->tuple.client[0];
		ip->ttl = ANSWER_TTL;
		ip->check = sum_update(ip->check, was, words[4]);
	}
	icmp->checksum = sum_update(
	    icmp->checksum, bpf_htons(icmp->type << 8), bpf_htons(type << 8));
	icmp->type = type;
	count_echo(packet->length);
	return XDP_TX;
}

#endif
