/* SPDX-License-Identifier: ISC */

/*
 * Consistent-hash tables, in integer arithmetic only.  The logarithm that
 * weighted rendezvous hashing needs could be libm's, but the C standard asks
 * no accuracy of log(3): its last bits differ between libraries, versions and
 * compilers' use of fused operations, and two balancers that disagree on one
 * bit send a connection to two servers.
 */

#include <stdbool.h>
#include <stdlib.h>

#include "base/xmalloc.h"
#include "core/slots.h"

/* Binary digits after the point of a logarithm. */
#define LOG2_FRACTION 32
/* Equal parts of [1, 2) between which a logarithm is interpolated. */
#define LOG2_PART_BITS 10
#define LOG2_PARTS     (1 << LOG2_PART_BITS)
/* Larger count as this: a logarithm (at most 64) times it fits 64 bits. */
#define WEIGHT_MAX (1U << 25)

/* Of the hash function's streams; any distinct numbers would do. */
enum hash_seed {
	SEED_OFFSET = 1,
	SEED_SKIP,
	SEED_MEMBER,
	SEED_SLOT
};

struct maglev_member {
	const struct slots_member *member;
	uint32_t next; /* the slot that it tries next */
	uint32_t skip; /* from there to the following one */
	uint64_t turn; /* an odd number: 2 * turns taken + 1 */
};

struct rendezvous_member {
	const struct slots_member *member;
	uint64_t key;	 /* hash of the address */
	uint64_t weight; /* at most WEIGHT_MAX */
	uint64_t hash;	 /* of the address and the slot in question */
	uint64_t cost;	 /* -log2 of the hash as a fraction of 2^64 */
};

/*
 * The finaliser of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014), whose
 * constants are variant 13 of Stafford's "Better Bit Mixing".  A bijection.
 */
static inline uint64_t
mix(uint64_t x)
{
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

/* The start of a stream: the generator's step is the golden ratio's. */
static uint64_t
seed_hash(enum hash_seed seed)
{
	return mix(seed * UINT64_C(0x9e3779b97f4a7c15));
}

static uint64_t
address_hash(const struct addr *address, enum hash_seed seed)
{
	uint8_t mapped[16];
	uint64_t hash = seed_hash(seed), word;
	size_t i, j;

	addr_to_mapped(address, mapped);
	for (i = 0; i < sizeof(mapped); i += 8) {
		for (word = 0, j = 0; j < 8; j++)
			word = word << 8 | mapped[i + j];
		hash = mix(hash ^ word);
	}
	return hash;
}

/*
 * Maglev (Eisenbud et al., NSDI 2016, section 3.4): each member has a
 * permutation of the slots, and takes the next free one of it when it is its
 * turn.  Turn k of a member is due at (2k + 1) / (2 weight), k from 0: slots
 * are then shared out as seats are in Webster's method, and the order of turns
 * of two members depends on no third one, which keeps disruption low.
 */

/* Is a's turn before b's?  Both are in one array, ordered by address. */
static bool
maglev_before(const struct maglev_member *a, const struct maglev_member *b)
{
	uint64_t left = a->turn * b->member->weight;
	uint64_t right = b->turn * a->member->weight;

	return left != right ? left < right : a < b;
}

/* Restore the heap's order below place i. */
static void
maglev_sink(struct maglev_member **heap, size_t count, size_t i)
{
	struct maglev_member *moving = heap[i];
	size_t child;

	while ((child = 2 * i + 1) < count) {
		if (child + 1 < count &&
		    maglev_before(heap[child + 1], heap[child]))
			child++;
		if (maglev_before(moving, heap[child]))
			break;
		heap[i] = heap[child];
		i = child;
	}
	heap[i] = moving;
}

static void
maglev_fill(const struct slots_member **members, size_t count, uint16_t *slots)
{
	struct maglev_member *all, **heap, *first;
	bool *taken; /* any value may be in slots: it can't say it */
	size_t i;

	all = xcalloc(count, sizeof(*all));
	heap = xcalloc(count, sizeof(*heap));
	taken = xcalloc(SLOTS_COUNT, sizeof(*taken));
	for (i = 0; i < count; i++) {
		all[i].member = members[i];
		all[i].turn = 1;
		all[i].next = address_hash(&members[i]->address, SEED_OFFSET) %
		    SLOTS_COUNT;
		all[i].skip = address_hash(&members[i]->address, SEED_SKIP) %
			(SLOTS_COUNT - 1) +
		    1;
		heap[i] = &all[i];
	}
	for (i = count; i > 0; i--)
		maglev_sink(heap, count, i - 1);
	for (i = 0; i < SLOTS_COUNT; i++) {
		first = heap[0];
		while (taken[first->next])
			first->next = (first->next + first->skip) % SLOTS_COUNT;
		taken[first->next] = true;
		slots[first->next] = first->member->value;
		first->turn += 2;
		maglev_sink(heap, count, 0);
	}
	free(taken);
	free(heap);
	free(all);
}

/*
 * Weighted rendezvous: a slot belongs to the member with the highest
 * weight / -log2(u), where u is the hash of slot and member as a fraction.
 * Equal scores are decided by the hash, then by the address.
 */

/* log2 of 1 + i / LOG2_PARTS for all i, digit by digit. */
static void
log2_table(uint64_t table[LOG2_PARTS + 1])
{
	uint64_t x; /* in [1, 2), 31 digits after the point */
	size_t i;
	int digit;

	for (i = 0; i < LOG2_PARTS; i++) {
		x = (uint64_t)(LOG2_PARTS + i) << (31 - LOG2_PART_BITS);
		table[i] = 0;
		for (digit = 0; digit < LOG2_FRACTION; digit++) {
			x = x * x >> 31;
			table[i] = table[i] << 1 | x >> 32;
			x >>= x >> 32;
		}
	}
	table[LOG2_PARTS] = UINT64_C(1) << LOG2_FRACTION;
}

/*
 * -log2(hash / 2^64), LOG2_FRACTION digits after the point, by linear
 * interpolation: the error is below 2^-11 of the value.
 */
static uint64_t
minus_log2(const uint64_t *table, uint64_t hash)
{
	int zeros = __builtin_clzll(hash | 1);
	uint64_t mantissa = (hash | 1) << zeros << 1; /* without its first 1 */
	size_t part = mantissa >> (64 - LOG2_PART_BITS);
	uint64_t rest = mantissa << LOG2_PART_BITS >> 32;
	uint64_t step = table[part + 1] - table[part];

	return ((uint64_t)(zeros + 1) << LOG2_FRACTION) - table[part] -
	    (step * rest >> 32);
}

/* Is a's score the higher?  Costs are compared as fractions of weights. */
static bool
rendezvous_better(
    const struct rendezvous_member *a, const struct rendezvous_member *b)
{
	uint64_t left = a->cost * b->weight, right = b->cost * a->weight;

	if (left != right)
		return left < right;
	return a->hash != b->hash ? a->hash > b->hash : a < b;
}

/*
 * Most members are ruled out without a logarithm: -log2(u) > 1 - u, and a
 * linear interpolation of it lies above it.
 */
static const struct slots_member *
rendezvous_choose(struct rendezvous_member *all, size_t count, uint64_t slot,
    const uint64_t *table)
{
	struct rendezvous_member *best = all, *m;
	uint64_t cost = 0, weight = 0; /* the best's */
	uint64_t hash;

	for (m = all; m < all + count; m++) {
		hash = mix(m->key ^ slot);
		if ((~hash >> 32) * weight > cost * m->weight)
			continue;
		m->hash = hash;
		m->cost = minus_log2(table, hash);
		if (weight == 0 || rendezvous_better(m, best)) {
			best = m;
			cost = m->cost;
			weight = m->weight;
		}
	}
	return best->member;
}

static void
rendezvous_fill(
    const struct slots_member **members, size_t count, uint16_t *slots)
{
	struct rendezvous_member *all;
	uint64_t seed = seed_hash(SEED_SLOT), table[LOG2_PARTS + 1];
	size_t i;

	log2_table(table);
	all = xcalloc(count, sizeof(*all));
	for (i = 0; i < count; i++) {
		all[i].member = members[i];
		all[i].key = address_hash(&members[i]->address, SEED_MEMBER);
		all[i].weight = members[i]->weight < WEIGHT_MAX
		    ? members[i]->weight
		    : WEIGHT_MAX;
	}
	for (i = 0; i < SLOTS_COUNT; i++)
		slots[i] =
		    rendezvous_choose(all, count, mix(seed ^ i), table)->value;
	free(all);
}

static int
compare_address(const void *a, const void *b)
{
	const struct slots_member *const *left = a, *const *right = b;

	return addr_compare(&(*left)->address, &(*right)->address);
}

void
slots_fill(enum scheduler scheduler, const struct slots_member *members,
    size_t count, uint16_t none, uint16_t slots[SLOTS_COUNT])
{
	static void (*const fill[])(
	    const struct slots_member **, size_t, uint16_t *) = {
	    [SCHEDULER_MAGLEV] = maglev_fill,
	    [SCHEDULER_RENDEZVOUS] = rendezvous_fill,
	};
	const struct slots_member **sorted;
	size_t i, used = 0;

	sorted = xcalloc(count + 1, sizeof(*sorted));
	for (i = 0; i < count; i++)
		if (members[i].weight > 0)
			sorted[used++] = &members[i];
	qsort(sorted, used, sizeof(*sorted), compare_address);
	if (used > 0)
		fill[scheduler](sorted, used, slots);
	else
		for (i = 0; i < SLOTS_COUNT; i++)
			slots[i] = none;
	free(sorted);
}
