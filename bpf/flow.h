/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */

/*
 * The flow table: where a flow is looked for, what packets do to its state,
 * and whose place a new one may take.
 */

#ifndef BPF_FLOW_H
#define BPF_FLOW_H

#include "maps.h"
#include "parse.h"

/*
 * A plain packet brings a closed flow back after so many seconds: a forged
 * RST costs a live connection nothing for longer than that, and an entry is
 * not given away before (VC5_IDLE_CLOSED is longer).
 */
#define FLOW_REOPEN 3

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
 * away, and breaks up the arithmetic progressions of consecutive ports.
 */
static __always_inline struct flow_hash
flow_hash(const struct vc5_control *control, const struct tuple *tuple,
    const bool six)
{
	const __u32 stride = VC5_KEY_WORDS / 3;
	struct flow_hash hash;
	__u64 high = hash_words(control->key, tuple, six);
	__u64 low = hash_words(control->key + stride, tuple, six);
	__u64 bucket = hash_words(control->key + 2 * stride, tuple, six) >> 32;

	hash.fingerprint = (high >> 32 << 32 | low >> 32) * 0x9e3779b97f4a7c15;
	hash.fingerprint ^= hash.fingerprint >> 32;
	hash.bucket = (__u32)bucket * 0x85ebca6bU;
	hash.bucket ^= hash.bucket >> 16;
	/* Not to be put off until it is used: it has the registers now. */
	OPAQUE(hash.fingerprint);
	return hash;
}

/*
 * What outer headers vary by, for who spreads load by them: one of the hashes
 * that make the fingerprint, and no more than those can it be guessed.
 */
static __always_inline __u32
flow_entropy(const struct tuple *tuple, const bool six)
{
	const struct vc5_control *state = find(&control, 0);

	return state == NULL ? 0 : hash_words(state->key, tuple, six) >> 32;
}

static __always_inline __u64
flow_key(__u64 fingerprint, __u32 destination)
{
	return fingerprint ^ ((__u64)destination << 32 | destination);
}

static __always_inline __u32
flow_bucket_index(const struct flow_hash *hash)
{
	return hash->bucket & (entries / VC5_WAYS - 1);
}

/* way is below VC5_WAYS, which Linux 6.1's verifier forgets when it is kept. */
static __always_inline struct vc5_flow *
flow_at(struct vc5_bucket *bucket, __u32 way)
{
	OPAQUE(way);
	return &bucket->ways[way & (VC5_WAYS - 1)];
}

/* way if the entry may be the flow's by its lower half, else 0. */
static __always_inline __u32
flow_candidate(const struct vc5_bucket *bucket, __u32 way, __u64 fingerprint)
{
	const struct vc5_flow *flow = &bucket->ways[way];
	__u64 difference = (__u32)READ_ONCE(flow->key) ^ (__u32)fingerprint ^
	    READ_ONCE(flow->destination);

	OPAQUE(difference);
	/* 0 - 1 has all bits, any other of 32 bits has no upper ones. */
	return (difference - 1) >> 62 & way;
}

/*
 * The way of a bucket that has the flow, and what it says of the destination,
 * read once; VC5_WAYS if none has.  Which of them is arithmetic, as a branch
 * could not be predicted: the processor would wait for the bucket to come from
 * memory before it goes on with anything else.
 */
static __always_inline __u32
flow_find(struct vc5_bucket *bucket, __u64 fingerprint, __u32 *destination)
{
	const struct vc5_flow *flow;
	__u32 way;

	way = flow_candidate(bucket, 1, fingerprint) |
	    flow_candidate(bucket, 2, fingerprint) |
	    flow_candidate(bucket, 3, fingerprint);
	flow = flow_at(bucket, way);
	*destination = READ_ONCE(flow->destination);
	return READ_ONCE(flow->key) == flow_key(fingerprint, *destination)
	    ? way
	    : VC5_WAYS;
}

/*
 * The same without haste, for what flow_find() misses: the ways of two
 * candidates, ORed, are a third one.  Two CPUs can have entered one flow
 * twice, and half of a fingerprint is another flow's now and then.
 */
static __always_inline __u32
flow_search(struct vc5_bucket *bucket, __u64 fingerprint, __u32 *destination)
{
	__u32 way;

#pragma unroll
	for (way = 1; way < VC5_WAYS; way++) {
		const struct vc5_flow *flow = &bucket->ways[way];

		*destination = READ_ONCE(flow->destination);
		if (READ_ONCE(flow->key) == flow_key(fingerprint, *destination))
			break;
	}
	return way;
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
 * What a packet makes of a flow that it belongs to.  A SYN changes nothing in
 * a live connection: the server answers it with a challenge (RFC 5961,
 * section 4.2).  A closed flow keeps the time of its closing, so that it is
 * seen when packets still come FLOW_REOPEN seconds later, whatever is forged
 * meanwhile.
 */
static __always_inline __u32
flow_advance(__u32 stamp, __u32 now, enum segment segment)
{
	enum vc5_flow_state state = flow_state(stamp);

	if (segment == SEGMENT_SYN)
		return state == VC5_FLOW_EMBRYONIC ? flow_stamp(state, now)
						   : stamp;
	if (state == VC5_FLOW_CLOSED &&
	    (segment == SEGMENT_FINAL || flow_age(stamp, now) <= FLOW_REOPEN))
		return stamp;
	return flow_stamp(
	    segment == SEGMENT_FINAL ? VC5_FLOW_CLOSED : VC5_FLOW_CONFIRMED,
	    now);
}

/*
 * Does the packet begin a new connection, though a flow with its tuple is in
 * the table?  Only then may a flow be moved to another destination.
 */
static __always_inline bool
flow_is_over(__u32 stamp, __u32 now, enum segment segment, bool draining)
{
	enum vc5_flow_state state = flow_state(stamp);

	if (segment == SEGMENT_SYN)
		return state == VC5_FLOW_CLOSED ||
		    (draining &&
			(state == VC5_FLOW_EMBRYONIC ||
			    flow_age(stamp, now) > VC5_IDLE_TCP));
	return segment == SEGMENT_DATAGRAM && draining &&
	    flow_age(stamp, now) > VC5_IDLE_UDP;
}

/* A flow's protocol is its service's. */
static __always_inline __u32
flow_idle_limit(const struct vc5_destination *destination)
{
	const struct vc5_service *service;

	service = find(&services, destination->service);
	return service != NULL && service->key.protocol == IPPROTO_UDP
	    ? VC5_IDLE_UDP
	    : VC5_IDLE_TCP;
}

/* How readily an entry is given away: the higher, the sooner. */
enum flow_rank {
	RANK_LIVE, /* never */
	RANK_EMBRYONIC,
	RANK_IDLE,
	RANK_CLOSED,
	RANK_GONE, /* its destination is */
	RANK_FREE,
};

static __always_inline enum flow_rank
flow_rank(const struct vc5_flow *flow, __u32 stamp, __u32 now)
{
	__u32 word = READ_ONCE(flow->destination), age = flow_age(stamp, now);
	const struct vc5_destination *destination;

	if (flow_state(stamp) == VC5_FLOW_FREE)
		return RANK_FREE;
	destination = find(&destinations, word & 0xffff);
	if (destination == NULL ||
	    READ_ONCE(destination->generation) != word >> 16 ||
	    READ_ONCE(destination->state) == VC5_DOWN)
		return RANK_GONE;
	if (flow_state(stamp) == VC5_FLOW_EMBRYONIC)
		return RANK_EMBRYONIC;
	if (flow_state(stamp) == VC5_FLOW_CLOSED)
		return age > VC5_IDLE_CLOSED ? RANK_CLOSED : RANK_LIVE;
	/* Most are told without another look-up. */
	if (age <= VC5_IDLE_UDP ||
	    (age <= VC5_IDLE_TCP && age <= flow_idle_limit(destination)))
		return RANK_LIVE;
	return RANK_IDLE;
}

/* The first way that is free, by arithmetic like flow_find(). */
static __always_inline __u32
flow_free(const struct vc5_bucket *bucket)
{
	__u32 way, taken[VC5_WAYS];
	__u64 state;

#pragma unroll
	for (way = 0; way < VC5_WAYS; way++) {
		state = flow_state(READ_ONCE(bucket->ways[way].stamp));
		OPAQUE(state);
		taken[way] = ~((state - 1) >> 63) & 1;
	}
	return taken[0] + (taken[0] & taken[1]) +
	    (taken[0] & taken[1] & taken[2]) +
	    (taken[0] & taken[1] & taken[2] & taken[3]);
}

/*
 * The way of a bucket that a new flow may take: the highest rank, the oldest
 * of that.  VC5_WAYS if all are live.
 */
static __always_inline __u32
flow_victim(const struct vc5_bucket *bucket, __u32 now)
{
	__u32 way = flow_free(bucket), victim = VC5_WAYS, age;
	enum flow_rank rank;
	__u64 score, best = 0;

	if (way < VC5_WAYS)
		return way;
	for (way = 0; way < VC5_WAYS; way++) {
		const struct vc5_flow *flow = &bucket->ways[way];
		__u32 stamp = READ_ONCE(flow->stamp);

		rank = flow_rank(flow, stamp, now);
		age = flow_age(stamp, now);
		score = (__u64)rank << 32 | age;
		if (rank != RANK_LIVE && (victim == VC5_WAYS || score > best)) {
			best = score;
			victim = way;
		}
	}
	return victim;
}

/*
 * Other CPUs may read, or write, the same entry meanwhile.  As the key covers
 * the destination, a mixture of two is found by nobody.
 */
static __always_inline void
flow_write(
    struct vc5_flow *flow, __u64 fingerprint, __u32 destination, __u32 stamp)
{
	WRITE_ONCE(flow->destination, destination);
	WRITE_ONCE(flow->stamp, stamp);
	WRITE_ONCE(flow->key, flow_key(fingerprint, destination));
}

#endif
