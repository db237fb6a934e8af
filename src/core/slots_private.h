/* SPDX-License-Identifier: ISC */

/*
 * What the schedulers' tables have in common.  Only for slots*.c.
 *
 * All of it is integer arithmetic: the logarithms that weighted hashing is
 * usually made of could be libm's, but the C standard asks no accuracy of
 * log(3), and two balancers that disagree on one bit send a connection to two
 * servers.
 */

#ifndef CORE_SLOTS_PRIVATE_H
#define CORE_SLOTS_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/slots.h"

/* Larger ones count as this, so that products fit 64 bits. */
#define SLOTS_WEIGHT_MAX (1U << 17)

/* Of the hash function's streams; any distinct numbers would do. */
enum slots_seed {
	SEED_OFFSET = 1,
	SEED_SKIP,
	SEED_MEMBER,
	SEED_PHASE
};

#define SLOTS_GOLDEN UINT64_C(0x9e3779b97f4a7c15)

/*
 * The finaliser of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014), whose
 * constants are variant 13 of Stafford's "Better Bit Mixing".  A bijection.
 */
static inline uint64_t
slots_mix(uint64_t x)
{
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

uint64_t slots_address_hash(const struct addr *, enum slots_seed);

static inline uint64_t
slots_weight(const struct slots_member *member)
{
	return member->weight < SLOTS_WEIGHT_MAX ? member->weight
						 : SLOTS_WEIGHT_MAX;
}

/* A set of slots: a bit for each. */
uint64_t *slots_set_new(uint32_t size);

static inline bool
slots_set_has(const uint64_t *set, uint32_t slot)
{
	return set[slot / 64] >> slot % 64 & 1;
}

static inline void
slots_set_add(uint64_t *set, uint32_t slot)
{
	set[slot / 64] |= UINT64_C(1) << slot % 64;
}

/*
 * Fill a table for members, by address, whose weights are above 0; there are
 * two or more.
 */
typedef void slots_fill_fn(const struct slots_member *const *, size_t count,
    uint16_t *slots, uint32_t size);

slots_fill_fn slots_fill_maglev, slots_fill_rendezvous;

#endif
