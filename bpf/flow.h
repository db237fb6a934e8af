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

/* No entry of the flow table. */
#define NO_ENTRY 0xffffffff

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

static __always_inline __u32
flow_bucket_index(const struct flow_hash *hash)
{
	return flow_bucket(hash, entries);
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
 * The entry of a bucket that has the flow, NULL if none has; its way, and what
 * it says of the destination, read once.  Which way it is is arithmetic, as a
 * branch could not be predicted: the processor would wait for the bucket to
 * come from memory before it goes on with anything else.
 */
static __always_inline struct vc5_flow *
flow_find(struct vc5_bucket *bucket, __u64 fingerprint, __u32 *way,
    __u32 *destination)
{
	struct vc5_flow *flow;

	*way = flow_candidate(bucket, 1, fingerprint) |
	    flow_candidate(bucket, 2, fingerprint) |
	    flow_candidate(bucket, 3, fingerprint);
	flow = flow_at(bucket, *way);
	*destination = READ_ONCE(flow->destination);
	return READ_ONCE(flow->key) == flow_key(fingerprint, *destination)
	    ? flow
	    : NULL;
}

/*
 * The way of a bucket that has the flow, or VC5_WAYS: without haste, for what
 * flow_find() misses.
 */
static __always_inline __u32
flow_search(struct vc5_bucket *bucket, __u64 fingerprint, __u32 *destination)
{
	__u32 way;

#pragma unroll
	for (way = 0; way < VC5_WAYS; way++) {
		const struct vc5_flow *flow = &bucket->ways[way];

		*destination = READ_ONCE(flow->destination);
		if (READ_ONCE(flow->key) == flow_key(fingerprint, *destination))
			break;
	}
	return way;
}

/* The entry of a number: bucket * VC5_WAYS + way. */
static __always_inline struct vc5_flow *
flow_entry(__u32 entry)
{
	struct vc5_bucket *bucket = find(&flows, entry / VC5_WAYS);

	return bucket == NULL ? NULL : flow_at(bucket, entry % VC5_WAYS);
}

/*
 * In both buckets of a flow: its entry's number, or NO_ENTRY, and its
 * destination above.  A function that the verifier goes through once.
 */
__noinline __u64
flow_search_both(__u32 index, __u64 fingerprint)
{
	struct vc5_bucket *bucket;
	__u32 destination, way, i;

	for (i = 0; i < 2; i++) {
		if (i != 0)
			index = vc5_other_bucket(index);
		bucket = find(&flows, index);
		if (bucket == NULL)
			break;
		way = flow_search(bucket, fingerprint, &destination);
		if (way < VC5_WAYS)
			return (__u64)destination << 32 |
			    (index * VC5_WAYS + way);
	}
	return NO_ENTRY;
}

/*
 * The entry of a flow whose bucket is this one, NULL if there is none; its
 * number, or NO_ENTRY; and its destination's word.
 *
 * What flow_find() misses isn't there, most often: it is searched for in full
 * if there were candidates, of which two, ORed, are a third one.  Two CPUs can
 * have entered one flow twice, and half of a fingerprint is another flow's now
 * and then.
 */
static __always_inline struct vc5_flow *
flow_lookup(struct vc5_bucket *bucket, __u32 index, __u64 fingerprint,
    __u32 *entry, __u32 *destination)
{
	struct vc5_flow *flow;
	__u64 found;
	__u32 way;

	flow = flow_find(bucket, fingerprint, &way, destination);
	*entry = index * VC5_WAYS + way;
	if (!UNLIKELY(flow == NULL))
		return flow;
	*entry = NO_ENTRY;
	if (way == 0 && READ_ONCE(bucket->ways[VC5_WAYS - 1].stamp) == 0)
		return NULL;
	found = flow_search_both(index, fingerprint);
	*entry = found;
	*destination = found >> 32;
	return *entry == NO_ENTRY ? NULL : flow_entry(*entry);
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

/* Seconds that a service's flows may be quiet. */
static __always_inline __u32
flow_idle(const struct vc5_destination *destination)
{
	const struct vc5_service *service;

	service = find(&services, READ_ONCE(destination->service));
	return service == NULL ? 0 : READ_ONCE(service->idle);
}

static __always_inline bool
flow_is_idle(__u32 stamp, __u32 now, __u32 destination)
{
	const struct vc5_destination *whose = find(&destinations, destination);

	return whose == NULL || flow_age(stamp, now) > flow_idle(whose);
}

/*
 * Does the packet begin a new connection, though a flow with its tuple is in
 * the table?  Only then may a flow be moved to another destination.
 */
static __always_inline bool
flow_is_over(__u32 stamp, __u32 now, enum segment segment, __u32 destination,
    bool draining)
{
	enum vc5_flow_state state = flow_state(stamp);

	if (segment == SEGMENT_SYN)
		return state == VC5_FLOW_CLOSED ||
		    (draining &&
			(state == VC5_FLOW_EMBRYONIC ||
			    flow_age(stamp, now) > FLOW_REUSE));
	return segment == SEGMENT_DATAGRAM && draining &&
	    flow_is_idle(stamp, now, destination);
}

static __always_inline enum vc5_rank
flow_rank(const struct vc5_flow *flow, __u32 stamp, __u32 now)
{
	__u32 word = READ_ONCE(flow->destination);
	const struct vc5_destination *destination;

	if (flow_state(stamp) == VC5_FLOW_FREE)
		return VC5_RANK_FREE;
	destination = find(&destinations, word & 0xffff);
	if (destination == NULL ||
	    READ_ONCE(destination->generation) != word >> 16 ||
	    READ_ONCE(destination->state) == VC5_DOWN)
		return VC5_RANK_GONE;
	/* Most are told without another look-up. */
	return flow_rank_of(stamp, now,
	    flow_age(stamp, now) <= VC5_IDLE_CLOSED ? VC5_IDLE_CLOSED
						    : flow_idle(destination));
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
 * The best way of a bucket for a new flow to take, in one number: its score,
 * and how far from the end it is, as the first of equals is taken.  Of live
 * ways the score is 0, which is what victim_score() says then.
 */
static __always_inline __u64
bucket_victim(const struct vc5_bucket *bucket, __u32 now)
{
	__u64 victim, best = 0;
	__u32 way;

#pragma unroll
	for (way = 0; way < VC5_WAYS; way++) {
		const struct vc5_flow *flow = &bucket->ways[way];
		__u32 stamp = READ_ONCE(flow->stamp);

		victim = flow_score(
		    flow_rank(flow, stamp, now), flow_age(stamp, now));
		victim = victim * VC5_WAYS + VC5_WAYS - 1 - way;
		if (victim > best)
			best = victim;
	}
	return best;
}

static __always_inline __u64
victim_score(__u64 victim)
{
	return victim / VC5_WAYS;
}

static __always_inline __u32
victim_way(__u64 victim)
{
	return VC5_WAYS - 1 - victim % VC5_WAYS;
}

/*
 * The number of the entry that a new flow may take whose bucket has no free
 * way; NO_ENTRY if all are live, those of the other bucket as well.  Rare, and
 * so a function that the verifier goes through once.
 */
__noinline __u32
flow_victim(__u32 index, __u32 now)
{
	const struct vc5_bucket *bucket;
	__u64 victim = 0;
	__u32 i;

	for (i = 0; i < 2 && victim_score(victim) == 0; i++) {
		if (i != 0)
			index = vc5_other_bucket(index);
		bucket = find(&flows, index);
		if (bucket != NULL)
			victim = bucket_victim(bucket, now);
	}
	count_taken(flow_score_rank(victim_score(victim)));
	return victim_score(victim) == 0
	    ? NO_ENTRY
	    : index * VC5_WAYS + victim_way(victim);
}

/*
 * Other CPUs may read, or write, the same entry meanwhile.  As the key covers
 * the destination, a mixture of two is found by nobody; and nobody finds who
 * was there before as soon as the rest is being written, see flow_renew().
 */
static __always_inline void
flow_write(
    struct vc5_flow *flow, __u64 fingerprint, __u32 destination, __u32 stamp)
{
	WRITE_ONCE(flow->key, 0);
	WRITE_ONCE(flow->destination, destination);
	WRITE_ONCE(flow->stamp, stamp);
	WRITE_ONCE(flow->key, flow_key(fingerprint, destination));
}

/*
 * A stamp for the flow of a key, whose tuple was noted.  If the entry has just
 * been given to another flow, that one must not take over the state: it would
 * keep the tuple, and so be one that is neither listed nor told.  It becomes
 * embryonic, and its next packet notes its own.
 *
 * The exchange is a barrier: what was stored before it is seen by all before
 * the key is read.  So if that is still ours, the other's stamp is yet to come.
 */
static __always_inline void
flow_renew(struct vc5_flow *flow, __u64 key, __u32 stamp, __u32 now)
{
	__sync_lock_test_and_set(&flow->stamp, stamp);
	if (UNLIKELY(READ_ONCE(flow->key) != key))
		WRITE_ONCE(flow->stamp, flow_stamp(VC5_FLOW_EMBRYONIC, now));
}

#endif
