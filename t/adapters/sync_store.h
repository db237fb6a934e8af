/* SPDX-License-Identifier: ISC */

/*
 * The flow table of sync_driver: in sync_store.c a simple one for tests, in
 * sync_store_xdp.c that of the XDP data plane, for measurements.
 */

#ifndef T_ADAPTERS_SYNC_STORE_H
#define T_ADAPTERS_SYNC_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "adapters/dataplane_flows.h"

#define STORE_SERVICES 4 /* that flows are made for */
#define STORE_SERVERS  8 /* of each service */

struct store;

/* capacity: a power of two; refresh: ms after which a live flow is retold. */
struct store *store_new(size_t capacity, unsigned refresh);
void store_free(struct store *);
/* Called once a second. */
void store_tick(struct store *);

/* The number'th flow of all: a client of some service and server. */
void store_flow(size_t number, struct flow *);
/* A packet of the number'th flow; makes it if it is not there. */
void store_packet(struct store *, size_t number, enum flow_state);
/*
 * A packet of each flow that is there; of the data plane's flows, one each
 * second from now on.
 */
void store_packets(struct store *);
/* Services and servers from these numbers on are not configured. */
void store_limit(struct store *, unsigned services, unsigned servers);
void store_clear(struct store *);

size_t store_count(const struct store *);
size_t store_closed(const struct store *);
/* Seconds since the packet of the flow that is quiet for longest. */
uint32_t store_oldest(const struct store *);
/* Of all flows with servers and states: the same for equal contents. */
uint64_t store_digest(const struct store *);

void store_tell(struct store *, dataplane_flow_fn *, void *arg);
void store_walk(struct store *, uint64_t *cursor, uint32_t within,
    dataplane_flow_fn *, void *arg);
enum dataplane_learnt store_learn(struct store *, const struct flow *);

#endif
