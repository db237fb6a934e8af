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

/* Of 8 bytes: the headers of an IPv6 packet with a tag; a small frame. */
#define FRAME_WORDS 10
#define SMALL_WORDS 8

/* Set by user space before a run. */
__u64 template[FRAME_WORDS];
bool small;		   /* the frame has no more than SMALL_WORDS */
__u32 client_at, ports_at; /* where in the frame */
__s32 grows;		   /* bytes that a pass puts before the frame */
bool resized;		   /* they are to be taken away again, even if none */
__u32 iterations;
__u32 flow_count;  /* choose among so many flows at random; 0: a new one each */
__u64 flow_number; /* the next new one */
__be32 client_base, ports_base; /* of flow 0, in host order */

/* Set by a run. */
__u64 sent, passed, other;

/* The generator's state. */
__u64 random;

/* The stack is what the functions of the balancer need: no more is on it. */
struct pass {
	struct xdp_md *ctx;
};

/* The number of the next packet's flow: Knuth's MMIX generator. */
static __always_inline __u64
next_flow(void)
{
	random = random * 6364136223846793005 + 1442695040888963407;
	return flow_count == 0 ? flow_number++
			       : (random >> 32) * flow_count >> 32;
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
	void *end = (void *)(long)pass->ctx->data_end;
	__u64 flow = next_flow();
	__be32 *client, *ports;
	int i;

	if ((void *)(words + SMALL_WORDS) > end)
		return false;
#pragma unroll
	for (i = 0; i < SMALL_WORDS; i++)
		words[i] = template[i];
	if (!small) {
		if ((void *)(words + FRAME_WORDS) > end)
			return false;
		words[SMALL_WORDS] = template[SMALL_WORDS];
		words[SMALL_WORDS + 1] = template[SMALL_WORDS + 1];
	}
	/* Many clients, each with a few thousand ports. */
	client = (void *)words + (client_at & 63);
	ports = (void *)words + (ports_at & 63);
	if ((void *)(client + 1) > end || (void *)(ports + 1) > end)
		return false;
	*client = bpf_htonl(client_base + (flow >> 12));
	*ports = bpf_htonl(ports_base + ((flow & 0xfff) << 16));
	return true;
}

/* After a pass: the frame begins where it did.  A call, so all pay for it. */
static __always_inline void
restore(struct pass *pass, const bool grown)
{
	if (resized)
		bpf_xdp_adjust_head(pass->ctx, grown ? grows : 0);
}

static __always_inline long
note(int verdict)
{
	if (verdict == XDP_TX || verdict == XDP_REDIRECT)
		sent++;
	else if (verdict == XDP_PASS)
		passed++;
	else
		other++;
	return 0;
}

static long
pass_null(__u32 i, struct pass *pass)
{
	long result = note(write_frame(pass) ? XDP_TX : XDP_ABORTED);

	(void)i;
	restore(pass, false);
	return result;
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
	return note(write_frame(pass) ? swap(pass->ctx) : XDP_ABORTED);
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
	bucket = find(&flows, (random >> 32) & (entries / VC5_WAYS - 1));
	if (bucket != NULL)
		random += bucket->ways[0].stamp;
	return note(write_frame(pass) ? swap(pass->ctx) : XDP_ABORTED);
}

static long
pass_steer(__u32 i, struct pass *pass)
{
	long result = note(write_frame(pass) ? steer(pass->ctx) : XDP_ABORTED);

	(void)i;
	restore(pass, true);
	return result;
}

#define RUN(ctx_, body)                       \
	struct pass pass = {.ctx = ctx_};     \
                                              \
	random = bpf_ktime_get_ns();          \
	sent = passed = other = 0;            \
	bpf_loop(iterations, body, &pass, 0); \
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
