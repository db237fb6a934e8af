/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */

/*
 * The programs of t/bpf/siege.c: the balancer's own body in a loop inside the
 * kernel, so that tens of millions of packets take seconds.
 */

#include <stdbool.h>
#include <stddef.h>

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "steer.h"

#define FRAME_WORDS 8	   /* of 8 bytes: a small frame */
#define HOMES	    131072 /* clients, a power of two */

/* In the frame: where the client's address, the ports and the flags are. */
#define CLIENT_AT 26
#define PORTS_AT  34
#define FLAGS_AT  47

#define FLAGS_SYN 0x02
#define FLAGS_ACK 0x10

/* Set by user space before a run. */
__u64 template[FRAME_WORDS];
__u32 iterations;
__u32 first; /* client, of established connections */
__u64 seed;
__u8 flood_flags[2]; /* of the flood's packets, by turns */

/* Set by runs, and never cleared. */
__u64 sent, lost; /* the flood's packets */
__u64 kept;	  /* packets of connections to their servers */
__u64 moved;	  /* to another server, or nowhere */

/* The server of each connection: the last byte of its MAC address. */
__u8 homes[HOMES];

/* The generator's state. */
__u64 random;

struct pass {
	struct xdp_md *ctx;
};

static __always_inline __u32
next_random(void)
{
	random = random * 6364136223846793005 + 1442695040888963407;
	return random >> 32;
}

/* The whole frame anew. */
static __always_inline bool
write_frame(struct xdp_md *ctx, __u32 client, __u32 ports, __u8 flags)
{
	__u64 *words = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	__u8 *bytes = (void *)words;
	int i;

	if ((void *)(words + FRAME_WORDS) > end)
		return false;
#pragma unroll
	for (i = 0; i < FRAME_WORDS; i++)
		words[i] = template[i];
	*(__be32 *)(bytes + CLIENT_AT) = bpf_htonl(client);
	*(__be32 *)(bytes + PORTS_AT) = bpf_htonl(ports);
	bytes[FLAGS_AT] = flags;
	return true;
}

/* Client number so many sends a packet: to which server?  0: none. */
static __noinline __u32
client_sends(struct xdp_md *ctx, __u32 number, __u8 flags)
{
	const __u8 *bytes;
	int verdict;

	if (!write_frame(ctx, 0x0a000000 + number / 60000,
		(1024 + number % 60000) << 16 | 80, flags))
		return 0;
	verdict = steer(ctx);
	bytes = (void *)(long)ctx->data;
	if (verdict != XDP_TX || bytes + 6 > (__u8 *)(long)ctx->data_end)
		return 0;
	return bytes[5];
}

static long
pass_establish(__u32 i, struct pass *pass)
{
	__u32 number = first + i, server;

	server = client_sends(pass->ctx, number, FLAGS_SYN);
	homes[number % HOMES] = server;
	if (server != 0 && client_sends(pass->ctx, number, FLAGS_ACK) == server)
		kept++;
	else
		moved++;
	return 0;
}

static long
pass_check(__u32 i, struct pass *pass)
{
	__u32 number = first + i;

	if (client_sends(pass->ctx, number, FLAGS_ACK) == homes[number % HOMES])
		kept++;
	else
		moved++;
	return 0;
}

/* A packet from anywhere. */
static long
pass_flood(__u32 i, struct pass *pass)
{
	__u32 client = next_random(), ports = next_random();

	if (write_frame(
		pass->ctx, client, ports << 16 | 80, flood_flags[i % 2]) &&
	    steer(pass->ctx) == XDP_TX)
		sent++;
	else
		lost++;
	return 0;
}

SEC("xdp")
int
siege_establish(struct xdp_md *ctx)
{
	struct pass pass = {.ctx = ctx};

	bpf_loop(iterations, pass_establish, &pass, 0);
	return XDP_PASS;
}

SEC("xdp")
int
siege_check(struct xdp_md *ctx)
{
	struct pass pass = {.ctx = ctx};

	bpf_loop(iterations, pass_check, &pass, 0);
	return XDP_PASS;
}

SEC("xdp")
int
siege_flood(struct xdp_md *ctx)
{
	struct pass pass = {.ctx = ctx};

	random = seed;
	bpf_loop(iterations, pass_flood, &pass, 0);
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
