/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */

/*
 * The benchmark's programs: the balancer's own body in a loop inside the
 * kernel, a packet of another flow each time.  BPF_PROG_TEST_RUN's own
 * repetition would hand the balancer its own output from the second time on.
 */

#include <stdbool.h>
#include <stddef.h>

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "steer.h"

#define FRAME_WORDS   8 /* of 8 bytes: a small Ethernet frame */
#define OFFSET_CLIENT 26
#define OFFSET_VIP    30
#define OFFSET_PORTS  34

/* Set by user space before a run. */
__u64 template[FRAME_WORDS];
__u32 iterations;
__u32 flow_count;  /* choose among so many flows at random; 0: a new one each */
__u64 flow_number; /* the next new one */
__be32 client_base, ports_base; /* of flow 0, in host order */
__be32 vip;			/* in network order */

/* Set by a run. */
__u64 sent, passed, other;

struct pass {
	struct xdp_md *ctx;
	__u64 random, number;
	__u64 sent, passed, other;
};

/* The number of the next packet's flow: Knuth's MMIX generator. */
static __always_inline __u64
next_flow(struct pass *pass)
{
	pass->random = pass->random * 6364136223846793005 + 1442695040888963407;
	return flow_count == 0 ? pass->number++
			       : (pass->random >> 32) * flow_count >> 32;
}

/*
 * The whole frame anew, as the flow's client sends it.  Each field is written
 * in a store that has all of it: reading what two stores wrote has to wait
 * for both to reach the cache, and so for everything before them, which
 * packets from a network card have not to.
 */
static __always_inline bool
write_frame(struct pass *pass)
{
	__u64 *words = (void *)(long)pass->ctx->data;
	__u64 flow = next_flow(pass);
	int i;

	if ((void *)(words + FRAME_WORDS) > (void *)(long)pass->ctx->data_end)
		return false;
#pragma unroll
	for (i = 0; i < FRAME_WORDS; i++)
		words[i] = template[i];
	/* Many clients, each with a few thousand ports. */
	*(__be32 *)((void *)words + OFFSET_CLIENT) =
	    bpf_htonl(client_base + (flow >> 12));
	*(__be32 *)((void *)words + OFFSET_VIP) = vip;
	*(__be32 *)((void *)words + OFFSET_PORTS) =
	    bpf_htonl(ports_base + ((flow & 0xfff) << 16));
	return true;
}

static __always_inline long
note(struct pass *pass, int verdict)
{
	if (verdict == XDP_TX)
		pass->sent++;
	else if (verdict == XDP_PASS)
		pass->passed++;
	else
		pass->other++;
	return 0;
}

static long
pass_null(__u32 i, struct pass *pass)
{
	(void)i;
	return note(pass, write_frame(pass) ? XDP_TX : XDP_ABORTED);
}

static __always_inline int
swap(struct xdp_md *ctx)
{
	struct ethhdr *ethernet = (void *)(long)ctx->data;
	__u64 *first = (void *)ethernet, word;
	__u32 *last = (__u32 *)(ethernet->h_source + 2), rest;

	if ((void *)(ethernet + 1) > (void *)(long)ctx->data_end)
		return XDP_PASS;
	word = *first;
	rest = *last;
	*first = word >> 48 | (__u64)rest << 16 | word << 48;
	*last = word >> 16;
	return XDP_TX;
}

static long
pass_swap(__u32 i, struct pass *pass)
{
	(void)i;
	return note(pass, write_frame(pass) ? swap(pass->ctx) : XDP_ABORTED);
}

/*
 * What a read of the flow table costs by itself, when it is waited for: the
 * next one depends on it.
 */
static long
pass_memory(__u32 i, struct pass *pass)
{
	struct vc5_bucket *bucket;

	(void)i;
	bucket = find(&flows, (pass->random >> 32) & (entries / VC5_WAYS - 1));
	if (bucket != NULL)
		pass->random += bucket->ways[0].stamp;
	return note(pass, write_frame(pass) ? swap(pass->ctx) : XDP_ABORTED);
}

static long
pass_steer(__u32 i, struct pass *pass)
{
	(void)i;
	return note(pass, write_frame(pass) ? steer(pass->ctx) : XDP_ABORTED);
}

#define RUN(ctx_, body)                                                        \
	struct pass pass = {                                                   \
	    .ctx = ctx_, .random = bpf_ktime_get_ns(), .number = flow_number}; \
                                                                               \
	bpf_loop(iterations, body, &pass, 0);                                  \
	flow_number = pass.number;                                             \
	sent = pass.sent;                                                      \
	passed = pass.passed;                                                  \
	other = pass.other;                                                    \
	return XDP_PASS

SEC("xdp")
int
bench_null(struct xdp_md *ctx)
{
	RUN(ctx, pass_null);
}

SEC("xdp")
int
bench_swap(struct xdp_md *ctx)
{
	RUN(ctx, pass_swap);
}

SEC("xdp")
int
bench_memory(struct xdp_md *ctx)
{
	RUN(ctx, pass_memory);
}

SEC("xdp")
int
bench_steer(struct xdp_md *ctx)
{
	RUN(ctx, pass_steer);
}

/* As the daemon loads it: what does the verifier say? */
SEC("xdp")
int
bench_once(struct xdp_md *ctx)
{
	return steer(ctx);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
