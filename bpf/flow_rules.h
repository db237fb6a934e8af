/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */

/*
 * The rules of the flow table that the programs and the daemon have in common:
 * where a flow is looked for, what its stamp says, how readily its place is
 * given away, and which slot of a hash table a new one goes by.  Arithmetic
 * only; no map is touched here.
 */

#ifndef BPF_FLOW_RULES_H
#define BPF_FLOW_RULES_H

#include <stdbool.h>

#include <linux/types.h>
#include <bpf/bpf_endian.h>

#include "abi.h"
#include "compiler.h"

/* Addresses and ports as they are in the packet; IPv4: the first words. */
struct tuple {
	__be32 client[4], vip[4];
	__be32 ports; /* source, then destination */
	__u32 protocol;
};

struct flow_hash {
	__u64 fingerprint;
	__u32 bucket; /* all 32 bits */
};

/*
 * Strongly universal over 32-bit words with secret 64-bit keys: the upper
 * half of k0 + sum((k + x)(k' + x')), "multilinear-HM" of Lemire and Kaser,
 * Strongly universal string hashing is fast (2012).  Gives all of the sum.
 */
static __always_inline __u64
hash_words(const __u64 *key, const struct tuple *tuple, const bool six)
{
	const __be32 *client = tuple->client, *vip = tuple->vip;
	__u64 sum = key[0] + (key[1] + client[0]) * (key[2] + tuple->ports) +
	    (key[3] + vip[0]) * (key[4] + tuple->protocol);

	if (six)
		sum += (key[5] + client[1]) * (key[6] + client[2]) +
		    (key[7] + client[3]) * (key[8] + vip[1]) +
		    (key[9] + vip[2]) * (key[10] + vip[3]);
	return sum;
}

/*
 * Three outputs with keys of their own: two make the fingerprint, the third
 * the bucket, so that two flows of one bucket are no likelier to have one
 * fingerprint.  What is mixed in afterwards is a bijection: it takes nothing
 * away, and breaks up the arithmetic progressions of consecutive ports and
 * addresses, which fill some buckets and leave out others when the product
 * alone is folded.
 */
static __always_inline struct flow_hash
flow_hash(
    const __u64 key[VC5_KEY_WORDS], const struct tuple *tuple, const bool six)
{
	const __u32 stride = VC5_KEY_WORDS / 3;
	struct flow_hash hash;
	__u64 high = hash_words(key, tuple, six);
	__u64 low = hash_words(key + stride, tuple, six);
	__u64 bucket = hash_words(key + 2 * stride, tuple, six) >> 32;

	hash.fingerprint = (high >> 32 << 32 | low >> 32) * 0x9e3779b97f4a7c15;
	hash.fingerprint ^= hash.fingerprint >> 32;
	hash.bucket = ((__u32)bucket ^ (__u32)bucket >> 16) * 0x85ebca6bU;
	hash.bucket ^= hash.bucket >> 16;
	/* Not to be put off until it is used: it has the registers now. */
	OPAQUE(hash.fingerprint);
	return hash;
}

/* The bucket of a table of so many entries, a power of two. */
static __always_inline __u32
flow_bucket(const struct flow_hash *hash, __u32 count)
{
	return hash->bucket & (count / VC5_WAYS - 1);
}

/*
 * A SYN of a flow that has been quiet for longer than so many seconds is a new
 * connection, if its destination is draining.  A client uses a port again when
 * its own TIME-WAIT is over, which Linux has last 60 seconds: until then a SYN
 * is forged, or late, and the server that has the connection is the one to
 * challenge it (RFC 5961, section 4.2).  Afterwards it most likely is a client
 * whose FIN went by elsewhere, which a server that is being taken out of
 * service should not get back.  Whoever forges a SYN of the exact tuple then
 * moves a connection that was quiet for as long.
 */
#define FLOW_REUSE 60

static __always_inline __u64
flow_key(__u64 fingerprint, __u32 destination)
{
	return fingerprint ^ ((__u64)destination << 32 | destination);
}

static __always_inline __u32
flow_stamp(enum vc5_flow_state state, __u32 now)
{
	return state << VC5_STAMP_SHIFT | (now & VC5_STAMP_SECONDS);
}

static __always_inline enum vc5_flow_state
flow_state(__u32 stamp)
{
	return stamp >> VC5_STAMP_SHIFT;
}

/* Seconds since; none if another CPU's clock was ahead of this one's. */
static __always_inline __u32
flow_age(__u32 stamp, __u32 now)
{
	__u32 age = (now - stamp) & VC5_STAMP_SECONDS;

	return age > VC5_STAMP_SECONDS / 2 ? 0 : age;
}

/*
 * The rank of an entry whose destination is there: idle is its service's.
 */
static __always_inline enum vc5_rank
flow_rank_of(__u32 stamp, __u32 now, __u32 idle)
{
	__u32 age = flow_age(stamp, now);

	switch (flow_state(stamp)) {
	case VC5_FLOW_FREE:
		return VC5_RANK_FREE;
	case VC5_FLOW_EMBRYONIC:
		return VC5_RANK_EMBRYONIC;
	case VC5_FLOW_CLOSED:
		return age > VC5_IDLE_CLOSED ? VC5_RANK_CLOSED : VC5_RANK_LIVE;
	default:
		return age > idle ? VC5_RANK_IDLE : VC5_RANK_LIVE;
	}
}

/*
 * Of the entries of a bucket a new flow takes the one with the most: the
 * highest rank, the oldest of that, the first of those.  0: live, never.
 */
static __always_inline __u64
flow_score(enum vc5_rank rank, __u32 age)
{
	return rank == VC5_RANK_LIVE ? 0 : (__u64)rank << 32 | age;
}

static __always_inline enum vc5_rank
flow_score_rank(__u64 score)
{
	return score >> 32;
}

static __always_inline void
host_order(__u32 words[4], const __be32 address[4], const bool six)
{
	words[0] = bpf_ntohl(address[0]);
	if (!six)
		return;
	words[1] = bpf_ntohl(address[1]);
	words[2] = bpf_ntohl(address[2]);
	words[3] = bpf_ntohl(address[3]);
}

/*
 * Where in a hash table of so many slots: all instances must agree, so the key
 * is fixed (the first digits of pi) and the words are in host order.
 */
static __always_inline __u32
slot_of(const struct tuple *tuple, bool sticky, __u32 count, const bool six)
{
	static const __u64 key[] = {0x243f6a8885a308d3, 0x13198a2e03707344,
	    0xa4093822299f31d0, 0x082efa98ec4e6c89, 0x452821e638d01377,
	    0xbe5466cf34e90c6c, 0xc0ac29b7c97c50dd, 0x3f84d5b5b5470917,
	    0x9216d5d98979fb1b, 0xd1310ba698dfb5ac, 0x2ffd72dbd01adfb7};
	struct tuple words = {0};
	__u64 hash;

	host_order(words.client, tuple->client, six);
	if (!sticky)
		host_order(words.vip, tuple->vip, six);
	if (!sticky) {
		words.ports = bpf_ntohl(tuple->ports);
		words.protocol = tuple->protocol;
	}
	hash = hash_words(key, &words, six);
	hash = (hash ^ hash >> 32) * 0x9e3779b97f4a7c15;
	/* The upper half, as a fraction of the table. */
	return (hash >> 32) * count >> 32;
}

#endif
