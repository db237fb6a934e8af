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

/*
 * A SYN of a flow that has been quiet for longer than so many seconds is a new
 * connection, if its destination is draining.  A client uses a port again when
 * its own TIME-WAIT is over, which Linux has last 60 seconds: until then a SYN
 * is forged, or late, and the server that has the connection is the one to
 * challenge it (RFC 5961, section 4.2).  Afterwards it most likely is a client
 * whose FIN went by elsewhere, which a server that is being taken out of
 * service should not get back.
 */
#define FLOW_REUSE 60

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
 * The way that a new flow may take of a bucket with none free; VC5_WAYS if all
 * are live.  Rare, and so a function that the verifier goes through once.
 */
__noinline __u32
flow_victim(__u32 index, __u32 now)
{
	const struct vc5_bucket *bucket = find(&flows, index);
	enum vc5_rank rank, taken = VC5_RANK_LIVE;
	__u32 way, victim = VC5_WAYS;
	__u64 score, best = 0;

	if (bucket == NULL)
		return VC5_WAYS;
	for (way = 0; way < VC5_WAYS; way++) {
		const struct vc5_flow *flow = &bucket->ways[way];
		__u32 stamp = READ_ONCE(flow->stamp);

		rank = flow_rank(flow, stamp, now);
		score = flow_score(rank, flow_age(stamp, now));
		if (score > best) {
			best = score;
			victim = way;
			taken = rank;
		}
	}
	count_taken(taken);
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
