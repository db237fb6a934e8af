/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */

/*
 * Sums of 16-bit words in ones' complement, RFC 1071.  A partial sum has 32
 * bits and is folded at the end; words are in network order all the way, which
 * the arithmetic doesn't mind (section 2, B).
 */

#ifndef BPF_CHECKSUM_H
#define BPF_CHECKSUM_H

#include <linux/bpf.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "compiler.h"

#define CHUNK 64 /* bytes that the kernel sums at a time */

/* The longest that is summed: what jumbo frames hold. */
#define SUM_MAX 9216

/* To 16 bits; a carry of the first step can make one more. */
static __always_inline __u16
sum_fold(__u64 sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (sum & 0xffff) + (sum >> 16);
}

/* A checksum after a word of what it covers became another: RFC 1624, (3). */
static __always_inline __u16
sum_update(__u16 checksum, __u64 removed, __u64 added)
{
	return ~sum_fold(
	    (__u64)(__u16)~checksum + (__u16)~sum_fold(removed) + added);
}

/* Of 32-bit words: a sum to go on with. */
static __always_inline __u64
sum_words(const __be32 *words, const int count)
{
	__u64 sum = 0;
	int i;

#pragma unroll
	for (i = 0; i < count; i++)
		sum += words[i];
	return sum;
}

/* The next bytes, a multiple of 4, added to a sum: false if there are none. */
static __always_inline bool
sum_part(void **at, const void *end, const __u32 size, __s64 *sum)
{
	void *part = *at;

	OPAQUE(end); /* or the compiler computes with it */
	if (part + size > end)
		return false;
	*sum = bpf_csum_diff(NULL, 0, part, size, *sum);
	*at = part + size;
	return true;
}

/* The last bytes, fewer than a chunk. */
static __always_inline bool
sum_rest(void *at, const void *end, __u32 length, __s64 *sum)
{
	if ((length & 32 && !sum_part(&at, end, 32, sum)) ||
	    (length & 16 && !sum_part(&at, end, 16, sum)) ||
	    (length & 8 && !sum_part(&at, end, 8, sum)) ||
	    (length & 4 && !sum_part(&at, end, 4, sum)))
		return false;
	*sum = sum_fold(*sum);
	if (length & 2) {
		if (at + 2 > end)
			return false;
		*sum += *(__be16 *)at;
		at += 2;
	}
	/* An odd one is the first of two, RFC 1071, section 4.1. */
	if (length & 1) {
		if (at + 1 > end)
			return false;
		*sum += bpf_htons(*(__u8 *)at << 8);
	}
	return true;
}

/*
 * The bytes of the packet from an offset on, added to a sum: what no
 * arithmetic spares us to read.  They must be in the first buffer of a frame
 * that has several: -1 if they are not.  The rest comes before the chunks:
 * the verifier would look at it after each of them.
 */
__noinline __s64
sum_packet(struct xdp_md *ctx, __u32 offset, __u32 length)
{
	void *at = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	__s64 sum = 0;
	__u32 i;

	if (offset > 256 || length > SUM_MAX)
		return -1;
	at += offset;
	if (!sum_rest(at + length / CHUNK * CHUNK, end, length, &sum))
		return -1;
	for (i = 0; i < length / CHUNK && i < SUM_MAX / CHUNK; i++)
		if (!sum_part(&at, end, CHUNK, &sum))
			return -1;
	return sum_fold(sum);
}

#endif
