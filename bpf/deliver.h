/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */

/*
 * The last checks of a packet whose destination is known; only then is it
 * touched.  What goes to a neighbour as it came leaves from here, all else by
 * forward.h.
 */

#ifndef BPF_DELIVER_H
#define BPF_DELIVER_H

#include "answer.h"
#include "flow.h"
#include "forward.h"
#include "maps.h"
#include "parse.h"
#include "route.h"
#include "service.h"

/* What was found for a packet. */
struct placed {
	__u32 destination; /* index and generation; 0 = none */
	bool stateless;	   /* it has no entry */
};

/* Lost, but the client is told why. */
static __noinline int
drop_and_tell(struct xdp_md *ctx, enum vc5_drop reason, __u32 mtu)
{
	count_drop(ctx, reason);
	return answer_error(ctx,
	    reason == VC5_DROP_TTL ? VC5_ANSWER_TTL : VC5_ANSWER_TOO_BIG, mtu);
}

static __always_inline void
count_packet(const struct route *route, __u32 length, bool stateless)
{
	struct vc5_destination_counters *counters =
	    destination_counters_of(word_index(route->word));

	if (counters == NULL)
		return;
	counters->packets++;
	counters->bytes += length;
	if (UNLIKELY(stateless))
		counters->stateless++;
}

/*
 * What doesn't leave as it came.  It is parsed once more rather than kept in
 * mind until here, which all packets would have to pay for.
 */
static __always_inline int
deliver_otherwise(struct xdp_md *ctx, const struct route *route, const bool six)
{
	struct packet packet;

	if (route->kind == VC5_DSCP && !rewrite(ctx, word_index(route->word)))
		return count_drop(ctx, VC5_DROP_FAULT);
	if (!parse_ethernet(ctx, &packet) ||
	    parse_again(ctx, &packet, six) != PARSE_OK)
		return count_drop(ctx, VC5_DROP_FAULT);
	return forward_packet(ctx, &packet, PARSE_OK, route,
	    flow_entropy(&packet.tuple, six), six);
}

static __always_inline int
deliver(struct xdp_md *ctx, const struct packet *packet,
    const struct route *route, const struct placed *placed, const bool six)
{
	if (UNLIKELY(hop_limit(packet, six) <= 1))
		return drop_and_tell(ctx, VC5_DROP_TTL, 0);
	if (UNLIKELY(route->mac == 0))
		return count_drop(ctx, VC5_DROP_UNRESOLVED);
	if (UNLIKELY(packet->total > route->mtu))
		return drop_and_tell(ctx, VC5_DROP_TOO_BIG, route->mtu);
	count_packet(route, packet->length, placed->stateless);
	hop_limit_decrement(packet, six);
	if (UNLIKELY(
		route->kind != VC5_LAYER2 || route->vlan != packet->vlan)) {
		if (route->kind != VC5_LAYER2 || route->vlan == 0 ||
		    packet->vlan == 0)
			return deliver_otherwise(ctx, route, six);
		tag_rewrite(packet, route->vlan);
	}
	route_write_macs(packet->ethernet, route->mac, route->source_mac);
	return route_leave(ctx, route->ifindex);
}

static __always_inline int
relay_ip(struct xdp_md *ctx, struct packet *packet, __u32 destination,
    const bool six)
{
	struct route route;

	if (parse_again(ctx, packet, six) == PARSE_MALFORMED)
		return XDP_PASS;
	if (route_read(destination, &route) == VC5_DOWN)
		return count_drop(ctx, VC5_DROP_NO_DESTINATION);
	if (hop_limit(packet, six) <= 1)
		return count_drop(ctx, VC5_DROP_TTL);
	if (route.mac == 0)
		return count_drop(ctx, VC5_DROP_UNRESOLVED);
	if (packet->total > route.mtu)
		return count_drop(ctx, VC5_DROP_TOO_BIG);
	count_packet(&route, packet->length, false);
	hop_limit_decrement(packet, six);
	if (route.kind == VC5_DSCP && !rewrite(ctx, word_index(destination)))
		return count_drop(ctx, VC5_DROP_FAULT);
	return XDP_TX;
}

/*
 * The last checks of what belongs to a flow without having its addresses and
 * ports, and of which nobody is told when it is lost: XDP_TX for forward(), or
 * its verdict.
 */
__noinline int
relay(struct xdp_md *ctx, __u32 destination)
{
	struct packet packet;

	if (!parse_ethernet(ctx, &packet))
		return XDP_PASS;
	return is_ipv6(&packet) ? relay_ip(ctx, &packet, destination, true)
				: relay_ip(ctx, &packet, destination, false);
}

/*
 * What a function has found out about a packet: where to relay it to, or else
 * (index 0 is never used) its verdict.  It doesn't go on itself: the stack has
 * 512 bytes for all functions that are under way.
 */
static __always_inline __u64
found_flow(__u32 destination, __u32 entropy)
{
	return (__u64)entropy << 32 | destination;
}

static __always_inline __u64
found_verdict(int verdict)
{
	return (__u64)verdict << 32;
}

/* The verdict, in the end. */
static __always_inline int
relay_found(struct xdp_md *ctx, __u64 found)
{
	int verdict;

	if (word_index(found) == 0)
		return found >> 32;
	verdict = relay(ctx, found);
	return verdict == XDP_TX ? forward(ctx, found, found >> 32) : verdict;
}

#endif
