/* SPDX-License-Identifier: ISC */

/*
 * Consistent-hash tables, by whichever scheduler.
 */

#include <limits.h>
#include <stdlib.h>

#include "base/xmalloc.h"
#include "core/slots_private.h"

/*
 * Tables that one is put together of, at most: beyond that, what is withheld
 * is rounded to fewer values, each of them of so many percent.  As it is
 * rounded down, members get slots sooner; they would have to give them back if
 * it ceased before they have all.
 */
#define LEVELS_MAX 4
#define COARSE	   25

uint64_t
slots_address_hash(const struct addr *address, enum slots_seed seed)
{
	uint8_t mapped[16];
	uint64_t hash = slots_mix(seed * SLOTS_GOLDEN), word;
	size_t i, j;

	addr_to_mapped(address, mapped);
	for (i = 0; i < sizeof(mapped); i += 8) {
		for (word = 0, j = 0; j < 8; j++)
			word = word << 8 | mapped[i + j];
		hash = slots_mix(hash ^ word);
	}
	return hash;
}

uint64_t *
slots_set_new(uint32_t size)
{
	return xcalloc(size / 64 + 1, sizeof(uint64_t));
}

static int
compare_address(const void *a, const void *b)
{
	const struct slots_member *const *left = a, *const *right = b;

	return addr_compare(&(*left)->address, &(*right)->address);
}

/* Members that get slots, by address, and the table that is filled. */
struct filling {
	slots_fill_fn *fill;
	const struct slots_member **members;
	size_t count;
	unsigned least; /* that is withheld from one of them */
	uint32_t size;
};

/* What is withheld from a member, coarsely if that has many values. */
static unsigned
withheld(const struct filling *f, const struct slots_member *m, bool coarse)
{
	if (m->withheld <= f->least)
		return 0;
	return coarse ? m->withheld / COARSE * COARSE : m->withheld;
}

/* The values above 0, ascending; how many, of which LEVELS_MAX are kept. */
static size_t
find_levels(const struct filling *f, bool coarse, unsigned levels[LEVELS_MAX])
{
	unsigned last = 0, next, value;
	size_t i, count = 0;

	for (;; last = next) {
		next = UINT_MAX;
		for (i = 0; i < f->count; i++) {
			value = withheld(f, f->members[i], coarse);
			if (value > last && value < next)
				next = value;
		}
		if (next == UINT_MAX)
			return count;
		if (count < LEVELS_MAX)
			levels[count] = next;
		count++;
	}
}

/* With those of whom no more than that is withheld. */
static void
fill_level(const struct filling *f, bool coarse, unsigned most, uint16_t *slots)
{
	const struct slots_member **some;
	size_t i, count = 0;

	some = xcalloc(f->count, sizeof(*some));
	for (i = 0; i < f->count; i++)
		if (withheld(f, f->members[i], coarse) <= most)
			some[count++] = f->members[i];
	if (count > 1)
		f->fill(some, count, slots, f->size);
	else
		for (i = 0; i < f->size; i++)
			slots[i] = some[0]->value;
	free(some);
}

/*
 * A slot has a threshold below 100, and members from whom more than that is
 * withheld don't exist for it.  So there is a table for each level of what is
 * withheld, and each slot is of one of them.
 */
static void
fill_levels(const struct filling *f, uint16_t *slots, bool *coarse)
{
	unsigned levels[LEVELS_MAX];
	size_t i, count = find_levels(f, false, levels);
	uint16_t *table;
	uint32_t slot;

	*coarse = count > LEVELS_MAX || (*coarse && count > 0);
	if (*coarse)
		count = find_levels(f, true, levels);
	fill_level(f, *coarse, 0, slots);
	table = xcalloc(f->size, sizeof(*table));
	for (i = 0; i < count; i++) {
		fill_level(f, *coarse, levels[i], table);
		for (slot = 0; slot < f->size; slot++)
			if (slots_mix(slot + 1) % 100 >= levels[i])
				slots[slot] = table[slot];
	}
	free(table);
}

void
slots_fill(enum scheduler scheduler, const struct slots_member *members,
    size_t count, uint16_t none, uint16_t *slots, uint32_t size)
{
	bool coarse = false;

	slots_refill(scheduler, members, count, none, slots, size, &coarse);
}

void
slots_refill(enum scheduler scheduler, const struct slots_member *members,
    size_t count, uint16_t none, uint16_t *slots, uint32_t size, bool *coarse)
{
	static slots_fill_fn *const fill[] = {
	    [SCHEDULER_MAGLEV] = slots_fill_maglev,
	    [SCHEDULER_RENDEZVOUS] = slots_fill_rendezvous,
	};
	struct filling f = {
	    .fill = fill[scheduler], .least = UINT_MAX, .size = size};
	size_t i;

	f.members = xcalloc(count + 1, sizeof(*f.members));
	for (i = 0; i < count; i++) {
		if (members[i].weight == 0)
			continue;
		f.members[f.count++] = &members[i];
		if (members[i].withheld < f.least)
			f.least = members[i].withheld;
	}
	qsort(f.members, f.count, sizeof(*f.members), compare_address);
	if (f.count > 0)
		fill_levels(&f, slots, coarse);
	else
		for (i = 0; i < size; i++)
			slots[i] = none;
	free(f.members);
}
