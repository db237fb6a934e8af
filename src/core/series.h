/* SPDX-License-Identifier: ISC */

/*
 * How something went during the last hour, in steps of ten seconds and in
 * memory that is allocated once.
 */

#ifndef CORE_SERIES_H
#define CORE_SERIES_H

#include <stdint.h>

#include <jansson.h>

#define SERIES_STEP   10  /* seconds */
#define SERIES_POINTS 360 /* of each metric: an hour */

/* What is kept of each step. */
enum series_metric {
	SERIES_PACKETS,	    /* sent to destinations, a second */
	SERIES_BITS,	    /* the same, as they came */
	SERIES_FLOWS,	    /* new ones a second */
	SERIES_DROPS,	    /* packets a second */
	SERIES_UP,	    /* destinations */
	SERIES_LATENCY,	    /* of checks that passed, mean, ms */
	SERIES_RX_PACKETS,  /* received for VIPs, a second */
	SERIES_RX_BITS,	    /* the same */
	SERIES_TX_BITS,	    /* sent to destinations, encapsulation included */
	SERIES_CONNECTIONS, /* active, at the end of the step */
	SERIES_METRICS
};

struct series;

struct series *series_new(void);
void series_free(struct series *);

/*
 * Note the values of a step, NAN where there is none.  Steps are numbered in
 * the order of time; nothing is known of those that are left out, and what is
 * not later than the last one is ignored.
 */
void
series_add(struct series *, uint64_t step, const float values[SERIES_METRICS]);

/* NAN if it is not known, or no more. */
float series_at(const struct series *, enum series_metric, uint64_t step);

/*
 * An object of arrays by the metrics' names ("packets", which is also
 * "tx_packets", "bits", "flows", "drops", "destinations_up", "latency",
 * "rx_packets", "rx_bits", "tx_bits", "connections"), of the steps up to last,
 * that one included, with null where nothing is known: a new reference.
 */
json_t *series_json(const struct series *, uint64_t last);

/* A number as it is worth telling: three digits behind the point. */
json_t *series_number(double);

#endif
