/* SPDX-License-Identifier: ISC */

/*
 * Consistent-hash tables: which member serves each slot.  Pure and
 * deterministic: the same members give the same table on every instance and
 * machine, in whatever order they are given.
 */

#ifndef CORE_SLOTS_H
#define CORE_SLOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/addr.h"
#include "core/conf.h"

#define SLOTS_COUNT 65537  /* of a table by default; a prime, as all sizes */
#define SLOTS_MAX   655373 /* the largest size */

struct slots_member {
	struct addr address; /* what is hashed; unique among the members */
	unsigned weight;     /* 0 = gets no slot; above 131,072 = 131,072 */
	uint16_t value;	     /* written into its slots */
	unsigned withheld;   /* percent of its slots that others have as yet */
};

/*
 * Fill all slots, size of them, with members' values, each member getting a
 * share by its weight; only the ratios of weights count.  Without a member of
 * weight above 0 every slot is set to none.
 *
 * Withholding less and less lets a member come step by step: each slot moves
 * once on the whole way, however many steps there are.  Those of whom the least
 * is withheld have all slots that nobody else has.
 */
void slots_fill(enum scheduler, const struct slots_member *, size_t count,
    uint16_t none, uint16_t *slots, uint32_t size);

/*
 * The same for a table that is filled time and again.  When many members come
 * at different times, fewer steps count, until all of them have come: *coarse,
 * false at first, is kept for that.
 */
void slots_refill(enum scheduler, const struct slots_member *, size_t count,
    uint16_t none, uint16_t *slots, uint32_t size, bool *coarse);

#endif
