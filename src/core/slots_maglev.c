/* SPDX-License-Identifier: ISC */

/*
 * Maglev (Eisenbud et al., NSDI 2016, section 3.4): each member has a
 * permutation of the slots, and takes the next free one of it when it is its
 * turn.  Turn k of a member is due at (2k + 1) / (2 weight), k from 0: slots
 * are then shared out as seats are in Webster's method, and the order of turns
 * of two members depends on no third one, which keeps disruption low.
 */

#include <stdlib.h>
#include <string.h>

#include "base/xmalloc.h"
#include "core/slots_private.h"

/*
 * Binary digits after the point of the time of a turn, rounded down.  Times
 * of two members differ by at least 1 over the product of their weights, so
 * that rounding makes no two equal that are not.
 */
#define TIME_FRACTION 34
_Static_assert((UINT64_C(1) << TIME_FRACTION) >=
	(uint64_t)SLOTS_WEIGHT_MAX * SLOTS_WEIGHT_MAX,
    "different times may look equal");

struct walker {
	uint32_t next; /* the slot that it tries next */
	uint32_t skip; /* from there to the following one */
	uint16_t value;
	uint64_t weight;
	uint64_t time; /* of its next turn */
	uint64_t rest; /* what rounding took off that, times the weight */
};

struct turn {
	uint64_t time;	 /* twice the time that it is due at */
	uint32_t walker; /* index */
};

/*
 * Turns are put in order slice by slice of time, each of few turns, so that
 * all of this stays in the processor's cache.
 */
#define SLICE_TURNS 2048
#define BUCKETS	    1024

struct slice {
	struct turn *made, *sorted; /* by walker; by time, then walker */
	size_t count;
	uint64_t start, length;	      /* of time */
	uint32_t starts[BUCKETS + 2]; /* in sorted */
};

static int
compare_turns(const void *a, const void *b)
{
	const struct turn *x = a, *y = b;

	if (x->time != y->time)
		return x->time < y->time ? -1 : 1;
	return (x->walker > y->walker) - (x->walker < y->walker);
}

/* Few, or in order already, mostly. */
static void
sort_bucket(struct turn *turns, size_t count)
{
	struct turn turn;
	size_t i, j;

	for (i = 1; i < count; i++) {
		if (compare_turns(&turns[i - 1], &turns[i]) < 0)
			continue;
		if (count > 32) {
			qsort(turns, count, sizeof(*turns), compare_turns);
			return;
		}
		turn = turns[i];
		for (j = i; j > 0 && compare_turns(&turn, &turns[j - 1]) < 0;
		     j--)
			turns[j] = turns[j - 1];
		turns[j] = turn;
	}
}

/*
 * Sort into buckets of time first.  Those of one bucket stay in the order that
 * they were made in, that of addresses; equal weights have equal times, so
 * that this is all that there is to do for them.
 */
static void
slice_sort(struct slice *slice)
{
	uint64_t per_bucket = slice->length / BUCKETS + 1;
	uint32_t *starts = slice->starts;
	size_t i, bucket;

	memset(starts, 0, sizeof(slice->starts));
	for (i = 0; i < slice->count; i++) {
		bucket = (slice->made[i].time - slice->start) / per_bucket;
		starts[bucket + 2]++;
	}
	for (i = 2; i < BUCKETS + 2; i++)
		starts[i] += starts[i - 1];
	/* Putting them there makes of the start of each that of the next. */
	for (i = 0; i < slice->count; i++) {
		bucket = (slice->made[i].time - slice->start) / per_bucket;
		slice->sorted[starts[bucket + 1]++] = slice->made[i];
	}
	for (i = 0; i < BUCKETS; i++)
		sort_bucket(
		    slice->sorted + starts[i], starts[i + 1] - starts[i]);
}

/*
 * A member's turns in the slice.  The time of the next one comes by division
 * of 2 << TIME_FRACTION by the weight, with the remainder carried on.
 */
static void
add_turns(struct slice *slice, struct walker *walker, uint32_t index)
{
	const uint64_t two = UINT64_C(2) << TIME_FRACTION;
	const uint64_t step = two / walker->weight;
	const uint64_t more = two % walker->weight;

	while (walker->time - slice->start < slice->length) {
		slice->made[slice->count++] =
		    (struct turn){walker->time, index};
		walker->time += step;
		walker->rest += more;
		if (walker->rest >= walker->weight) {
			walker->rest -= walker->weight;
			walker->time++;
		}
	}
}

static struct walker *
walkers_new(const struct slots_member *const *members, size_t count,
    uint32_t size, uint64_t *total_weight)
{
	const uint64_t one = UINT64_C(1) << TIME_FRACTION;
	struct walker *all = xcalloc(count, sizeof(*all));
	const struct addr *address;
	size_t i;

	*total_weight = 0;
	for (i = 0; i < count; i++) {
		address = &members[i]->address;
		all[i].next = slots_address_hash(address, SEED_OFFSET) % size;
		all[i].skip =
		    slots_address_hash(address, SEED_SKIP) % (size - 1) + 1;
		all[i].value = members[i]->value;
		all[i].weight = slots_weight(members[i]);
		all[i].time = one / all[i].weight;
		all[i].rest = one % all[i].weight;
		*total_weight += all[i].weight;
	}
	return all;
}

/* The walker takes the next slot of its permutation that is free. */
static void
take_slot(
    struct walker *walker, uint64_t *taken, uint16_t *slots, uint32_t size)
{
	uint32_t next = walker->next, skip = walker->skip;

	while (slots_set_has(taken, next)) {
		next += skip;
		next -= next >= size ? size : 0;
	}
	slots_set_add(taken, next);
	slots[next] = walker->value;
	walker->next = next;
}

/* A slice may have a turn more of each member than its length says. */
static struct slice *
slice_new(size_t count, uint64_t total_weight)
{
	struct slice *slice = xcalloc(1, sizeof(*slice));

	slice->length =
	    ((uint64_t)2 * SLICE_TURNS << TIME_FRACTION) / total_weight + 1;
	slice->made = xcalloc(SLICE_TURNS + 2 * count, sizeof(struct turn));
	slice->sorted = xcalloc(SLICE_TURNS + 2 * count, sizeof(struct turn));
	return slice;
}

void
slots_fill_maglev(const struct slots_member *const *members, size_t count,
    uint16_t *slots, uint32_t size)
{
	uint64_t *taken = slots_set_new(size), weight;
	struct walker *walkers = walkers_new(members, count, size, &weight);
	struct slice *slice = slice_new(count, weight);
	uint32_t i, left = size;

	while (left > 0) {
		slice->count = 0;
		for (i = 0; i < count; i++)
			add_turns(slice, &walkers[i], i);
		slice_sort(slice);
		for (i = 0; i < slice->count && left > 0; i++, left--)
			take_slot(&walkers[slice->sorted[i].walker], taken,
			    slots, size);
		slice->start += slice->length;
	}
	free(slice->sorted);
	free(slice->made);
	free(slice);
	free(walkers);
	free(taken);
}
