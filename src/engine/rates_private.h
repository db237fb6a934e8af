/* SPDX-License-Identifier: ISC */

/*
 * What rates.c measures and rates_json.c tells.  Received is what clients sent
 * for VIPs; whatever of it is not sent on to a destination is dropped, or a
 * ping that is answered.
 */

#ifndef ENGINE_RATES_PRIVATE_H
#define ENGINE_RATES_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/addr.h"
#include "core/service.h"

#define RATES_STEP_MS (SERIES_STEP * 1000)

/* Of what is sent to destinations, a second; NAN is not known. */
struct rate {
	float packets;
	float bits;    /* as they came */
	float tx_bits; /* as they left */
	float flows;
};

/* Of what was received and is not sent to destinations, likewise. */
struct rate_lost {
	float packets, bits;
};

struct destination_rate {
	struct addr address;
	bool known;
	uint32_t connections;
	uint64_t packets, bytes, tx_bytes, flows; /* counters, as last read */
	struct rate rate;
};

/* What has come together since the last step of the series. */
struct amount {
	double packets, bytes, tx_bytes, flows;
	double drops;			 /* packets */
	double lost_packets, lost_bytes; /* drops, and pings answered */
	bool known;
};

struct service_rate {
	struct service_key key;
	struct destination_rate *destinations; /* by address */
	size_t count;
	uint64_t looked; /* monotonic ms; 0 = never */
	struct rate rate;
	uint64_t connections;
	/* For want of a destination, which is looked at less often. */
	uint64_t drops_looked, no_destination, no_destination_bytes;
	struct rate_lost lost;
	unsigned looks;
	struct amount amount;
	uint64_t probes, probe_time; /* as they were at the last step */
	struct series *series;
};

struct rates {
	struct service_rate *services; /* as the engine's */
	size_t count, next;
	struct series *series;
	uint64_t step, step_at; /* the last one, and when; 0 = none */
	/* Packets that did not get to a destination, for whatever reason. */
	uint64_t drops, drop_bytes, answers, answer_bytes, others_at;
	struct rate_lost lost;
	float drop_rate;      /* packets: the dropped ones of those */
	struct amount amount; /* likewise, since the last step */
	/* Since vc5d was started. */
	uint64_t rx_packets, rx_bytes, tx_packets, tx_bytes;
};

#endif
