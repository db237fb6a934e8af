/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */

/*
 * Health checks' packets on their way out.  The mark of the socket says which
 * destination they are for, whatever its state is.  On the egress of the
 * device that they are routed to the mark is written into the frame, whose
 * Ethernet addresses mean nothing there; at the device's other end, where
 * checksums are complete, the packet is sent by the very code that sends
 * clients' packets.
 */

#ifndef BPF_PROBE_H
#define BPF_PROBE_H

#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

#include "forward.h"
#include "maps.h"

/* A locally administered address, of which the last two bytes are an index. */
#define PROBE_ADDRESS 0x02766335

static __always_inline int
probe_mark_frame(struct __sk_buff *skb)
{
	struct ethhdr *ethernet = (void *)(long)skb->data;
	__u32 mark = skb->mark;

	if ((mark & 0xffff0000) != probe_mark ||
	    (void *)(ethernet + 1) > (void *)(long)skb->data_end)
		return TC_ACT_SHOT;
	*(__be16 *)&ethernet->h_dest[0] = bpf_htons(PROBE_ADDRESS >> 16);
	*(__be16 *)&ethernet->h_dest[2] = bpf_htons(PROBE_ADDRESS & 0xffff);
	*(__be16 *)&ethernet->h_dest[4] = bpf_htons(mark & 0xffff);
	return TC_ACT_OK;
}

/* The destination that a frame was marked for; 0 = none. */
static __always_inline __u32
probe_destination(struct xdp_md *ctx)
{
	const struct ethhdr *ethernet = (void *)(long)ctx->data;

	if ((void *)(ethernet + 1) > (void *)(long)ctx->data_end ||
	    *(__be16 *)&ethernet->h_dest[0] != bpf_htons(PROBE_ADDRESS >> 16) ||
	    *(__be16 *)&ethernet->h_dest[2] !=
		bpf_htons(PROBE_ADDRESS & 0xffff))
		return 0;
	return bpf_ntohs(*(__be16 *)&ethernet->h_dest[4]);
}

static __always_inline int
probe_send(struct xdp_md *ctx)
{
	const struct vc5_destination *destination;
	__u32 index = probe_destination(ctx), generation;

	destination = find(&destinations, index);
	if (index == 0 || destination == NULL ||
	    READ_ONCE(destination->mac) == 0 ||
	    ctx->data_end - ctx->data >
		sizeof(struct ethhdr) + READ_ONCE(destination->mtu))
		return XDP_DROP;
	generation = READ_ONCE(destination->generation);
	if (generation == 0 ||
	    (READ_ONCE(destination->kind) == VC5_DSCP && !rewrite(ctx, index)))
		return XDP_DROP;
	/* From the host itself, so it is as far as a client's gets to be. */
	return forward(ctx, index | generation << 16, bpf_get_prandom_u32());
}

#endif
