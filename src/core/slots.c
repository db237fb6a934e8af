/* SPDX-License-Identifier: ISC */

/*
 * Consistent-hash tables, by whichever scheduler.
 */

#include <stdlib.h>

#include "base/xmalloc.h"
#include "core/slots_private.h"

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

void
slots_fill(enum scheduler scheduler, const struct slots_member *members,
    size_t count, uint16_t none, uint16_t *slots, uint32_t size)
{
	static slots_fill_fn *const fill[] = {
	    [SCHEDULER_MAGLEV] = slots_fill_maglev,
	    [SCHEDULER_RENDEZVOUS] = slots_fill_rendezvous,
	};
	const struct slots_member **sorted;
	uint16_t everywhere = none;
	size_t i, used = 0;

	sorted = xcalloc(count + 1, sizeof(*sorted));
	for (i = 0; i < count; i++)
		if (members[i].weight > 0)
			sorted[used++] = &members[i];
	if (used > 1) {
		qsort(sorted, used, sizeof(*sorted), compare_address);
		fill[scheduler](sorted, used, slots, size);
	} else {
		if (used == 1)
			everywhere = sorted[0]->value;
		for (i = 0; i < size; i++)
			slots[i] = everywhere;
	}
	free(sorted);
}
