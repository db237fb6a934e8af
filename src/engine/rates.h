/* SPDX-License-Identifier: ISC */

/*
 * How much there is to do, a second: of each destination, each service and all
 * of them, now and during the last hour.
 *
 * The data plane's counters are read once a second, or as often as that can be
 * done within a small part of the event loop's time.
 */

#ifndef ENGINE_RATES_H
#define ENGINE_RATES_H

#include <stdint.h>

#include <jansson.h>

struct destination;
struct engine;
struct rates;
struct service;

struct rates *rates_new(void);
void rates_free(struct rates *);

/* The engine's services are others than before: keep what is known of them. */
void rates_follow(struct engine *);
/* Each second. */
void rates_tick(struct engine *, uint64_t now);

/*
 * { packets, bits, flows, rx_packets, rx_bits, tx_packets, tx_bits } a second,
 * null where it is not known yet.
 */
json_t *rates_of_destination(const struct engine *, const struct destination *);
json_t *rates_of_service(const struct engine *, const struct service *);
/*
 * { packets, bits, rx_packets, rx_bits, tx_packets, tx_bits, new_flows, drops }
 * a second, and flows_active.
 */
json_t *rates_of_all(const struct engine *);
/* { rx_packets, rx_bytes, tx_packets, tx_bytes } since vc5d was started. */
json_t *rates_totals(const struct engine *);
/* Flows that a destination has, as it was looked at last. */
uint64_t rates_connections(const struct engine *, const struct destination *);

/* The last hour, as /series.json has it; of all services if NULL. */
json_t *rates_series(const struct engine *, const struct service *);

#endif
