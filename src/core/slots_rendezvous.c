/* SPDX-License-Identifier: ISC */

/*
 * Weighted rendezvous hashing, without looking at every member for every slot.
 *
 * The slots are dealt out to blocks of 32 to 64.  A member throws darts, one at
 * each block before the next at any, at a place in it that a hash of the member
 * and of the dart's number says: dart k, from 0, at the time (k + phase) /
 * weight.  The phase, a fraction, and the order of the blocks are the member's
 * own.  A slot belongs to whoever hits it first.
 *
 * That is rendezvous hashing (Thaler, Ravishankar, 1996): a slot chooses by
 * scores, the times of the members' first hits, each of which depends on that
 * member and the slot alone.  So if a member goes, or its weight falls, only
 * slots that it had move, and if one comes, or its weight rises, slots move
 * only to it.  Who throws weight times as often is first weight times as
 * often, which needs no logarithm; and as everybody throws regularly, shares
 * are more even than by a hash of each member and slot.
 *
 * A block of 32 slots takes some 32 * (ln(32) + 0.58) = 130 darts until each
 * of them is hit (the coupon collector's problem), however many members there
 * are; later ones aren't looked at.
 */

#include <stdlib.h>

#include "base/xmalloc.h"
#include "core/slots_private.h"

#define PHASE_BITS 16

struct thrower {
	const struct slots_member *member;
	uint64_t key;	 /* hash of the address */
	uint64_t weight; /* at most SLOTS_WEIGHT_MAX */
	uint64_t phase;	 /* below 1 << PHASE_BITS */
	uint64_t next;	 /* dart */
	uint32_t block;	 /* that it is thrown at, modulo their number */
	uint32_t skip;	 /* from there to the following one: odd */
};

/* The first hit, so far, of a slot that was hit in no round before. */
struct hit {
	uint64_t when;	 /* dart << PHASE_BITS | phase: its time is that,
			    divided by the thrower's weight */
	uint32_t by;	 /* index of the thrower */
	uint32_t target; /* place * blocks + block: the slot */
};

struct board {
	struct thrower *throwers;
	uint32_t blocks; /* a power of two */
	uint32_t small;	 /* slots of a block, or one more ... */
	uint32_t large;	 /* ... in so many of the blocks, the first ones */
	/* By block, a bit for each place. */
	uint64_t *free;	  /* it was hit in no round before */
	uint64_t *hit;	  /* and now in this one */
	uint32_t *found;  /* by slot: index of its hit, if it was hit */
	struct hit *hits; /* of this round */
	uint32_t hit_count;
};

/* Slots of a block. */
static inline uint32_t
block_size(const struct board *board, uint32_t block)
{
	return board->small + (block < board->large);
}

static struct board
board_new(uint32_t size)
{
	struct board board = {.blocks = 1};
	uint32_t i;

	while (board.blocks * 64 < size)
		board.blocks *= 2;
	board.small = size / board.blocks;
	board.large = size % board.blocks;
	board.free = xcalloc(board.blocks, sizeof(*board.free));
	board.hit = xcalloc(board.blocks, sizeof(*board.hit));
	for (i = 0; i < board.blocks; i++)
		board.free[i] = UINT64_MAX >> (64 - block_size(&board, i));
	board.found = xcalloc(size, sizeof(*board.found));
	board.hits = xcalloc(size, sizeof(*board.hits));
	return board;
}

static void
board_clear(struct board *board)
{
	free(board->hits);
	free(board->found);
	free(board->hit);
	free(board->free);
	free(board->throwers);
}

static struct thrower *
throwers_new(const struct slots_member *const *members, size_t count,
    uint64_t *total_weight)
{
	struct thrower *all = xcalloc(count, sizeof(*all));
	const struct addr *address;
	uint64_t hash;
	size_t i;

	*total_weight = 0;
	for (i = 0; i < count; i++) {
		address = &members[i]->address;
		hash = slots_address_hash(address, SEED_PHASE);
		all[i].member = members[i];
		all[i].key = slots_address_hash(address, SEED_MEMBER);
		all[i].phase = hash >> (64 - PHASE_BITS);
		all[i].block = (uint32_t)hash;
		all[i].skip = slots_address_hash(address, SEED_SKIP) | 1;
		all[i].weight = slots_weight(members[i]);
		*total_weight += all[i].weight;
	}
	return all;
}

/* The slot was hit in this round already: by the later of the two darts? */
static void
compare_hit(struct board *board, uint32_t target, uint32_t by, uint64_t when)
{
	struct hit *hit = &board->hits[board->found[target]];
	const struct thrower *all = board->throwers;

	/* Of equal ones the lower address's, who threw before, is first. */
	if (when * all[hit->by].weight < hit->when * all[by].weight) {
		hit->by = by;
		hit->when = when;
	}
}

/* A dart at a free slot. */
static void
hit_slot(struct board *board, uint32_t block, uint32_t place, uint32_t by,
    uint64_t when)
{
	uint64_t bit = UINT64_C(1) << place;
	uint32_t target = place * board->blocks + block;

	if (board->hit[block] & bit) {
		compare_hit(board, target, by, when);
		return;
	}
	board->hit[block] |= bit;
	board->found[target] = board->hit_count;
	board->hits[board->hit_count++] = (struct hit){when, by, target};
}

/* All darts of a member before a time. */
static void
throw_darts(struct board *board, uint32_t by, uint64_t time)
{
	struct thrower *m = &board->throwers[by];
	const uint64_t *free = board->free;
	const uint32_t mask = board->blocks - 1, skip = m->skip;
	uint64_t k, end, hash, limit = time * m->weight;
	uint32_t block = m->block, place;

	end = limit >> PHASE_BITS;
	end += m->phase < (limit & ((1U << PHASE_BITS) - 1));
	for (k = m->next; k < end; k++) {
		block &= mask;
		if (free[block] != 0) {
			hash = slots_mix(m->key + k * SLOTS_GOLDEN);
			place = (hash >> 32) * block_size(board, block) >> 32;
			if (free[block] >> place & 1)
				hit_slot(board, block, place, by,
				    k << PHASE_BITS | m->phase);
		}
		block += skip;
	}
	m->next = end;
	m->block = block;
}

/* Nobody can be before those who hit in this round any more. */
static void
settle(struct board *board, uint16_t *slots)
{
	const struct hit *hit;
	uint32_t i;

	for (i = 0; i < board->hit_count; i++) {
		hit = &board->hits[i];
		slots[hit->target] = board->throwers[hit->by].member->value;
	}
	for (i = 0; i < board->blocks; i++) {
		board->free[i] &= ~board->hit[i];
		board->hit[i] = 0;
	}
	board->hit_count = 0;
}

/*
 * In rounds: within a round the members throw one after another and times are
 * compared.  Rounds are short at first, when most darts hit a slot that is
 * free, so that few have to be.
 */
void
slots_fill_rendezvous(const struct slots_member *const *members, size_t count,
    uint16_t *slots, uint32_t size)
{
	struct board board = board_new(size);
	uint64_t weight, time = 0, round;
	uint32_t i, left = size;

	board.throwers = throwers_new(members, count, &weight);
	round = ((uint64_t)size << PHASE_BITS) / weight; /* a dart for each */
	while (left > 0) {
		time += (left > size / 8 ? round / 16 : round) + 1;
		for (i = 0; i < count; i++)
			throw_darts(&board, i, time);
		left -= board.hit_count;
		settle(&board, slots);
	}
	board_clear(&board);
}
