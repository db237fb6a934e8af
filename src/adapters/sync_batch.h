/* SPDX-License-Identifier: ISC */

/*
 * Flows put together by service and server, as they take least room in a
 * datagram so.
 */

#ifndef ADAPTERS_SYNC_BATCH_H
#define ADAPTERS_SYNC_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/flow.h"

struct sync_batch;

/* Has room for so many flows. */
struct sync_batch *sync_batch_new(size_t max);
void sync_batch_free(struct sync_batch *);

/* Is there room for another flow? */
bool sync_batch_has_room(const struct sync_batch *);
/* Add a flow: how many bytes it will take in datagrams, about. */
size_t sync_batch_add(struct sync_batch *, const struct flow *);
void sync_batch_clear(struct sync_batch *);

/* The flow that is next, group by group; NULL if there are no more. */
const struct flow *sync_batch_peek(const struct sync_batch *);
/* Go on to the one behind it. */
void sync_batch_advance(struct sync_batch *);

#endif
