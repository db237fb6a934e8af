/* SPDX-License-Identifier: ISC */

/*
 * What was measured, told: see rates.h.
 */

#include <math.h>
#include <time.h>

#include "base/monotime.h"
#include "core/series.h"
#include "engine/private.h"
#include "engine/rates.h"
#include "engine/rates_private.h"
#include "engine/status_parts.h"

static const struct rate unknown = {NAN, NAN, NAN, NAN};

/* Whatever is sent on was received, and what was lost besides. */
static json_t *
rate_json(const struct rate *rate, const struct rate_lost *lost)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "packets",
	    series_number(rate->packets), "bits", series_number(rate->bits),
	    "flows", series_number(rate->flows), "rx_packets",
	    series_number(rate->packets + lost->packets), "rx_bits",
	    series_number(rate->bits + lost->bits), "tx_packets",
	    series_number(rate->packets), "tx_bits",
	    series_number(rate->tx_bits));
}

static const struct service_rate *
rate_of(const struct engine *e, const struct service *s)
{
	return &e->rates->services[s - e->services];
}

static const struct destination_rate *
rate_of_destination(const struct engine *e, const struct destination *d)
{
	return &rate_of(e, d->service)
		    ->destinations[d - d->service->destinations];
}

json_t *
rates_of_destination(const struct engine *e, const struct destination *d)
{
	const struct destination_rate *r = rate_of_destination(e, d);
	static const struct rate_lost nothing;

	return rate_json(r->known ? &r->rate : &unknown, &nothing);
}

uint64_t
rates_connections(const struct engine *e, const struct destination *d)
{
	return rate_of_destination(e, d)->connections;
}

json_t *
rates_of_service(const struct engine *e, const struct service *s)
{
	const struct service_rate *r = rate_of(e, s);

	return rate_json(&r->rate, &r->lost);
}

/* Of services that were looked at; NAN only if none was. */
static struct rate
sum_rates(const struct rates *r)
{
	struct rate sum = {0};
	bool known = false;
	size_t i;

	for (i = 0; i < r->count; i++) {
		const struct rate *rate = &r->services[i].rate;

		if (isnan(rate->packets))
			continue;
		sum.packets += rate->packets;
		sum.bits += rate->bits;
		sum.tx_bits += rate->tx_bits;
		sum.flows += rate->flows;
		known = true;
	}
	return known || r->count == 0 ? sum : unknown;
}

json_t *
rates_of_all(const struct engine *e)
{
	const struct rates *r = e->rates;
	struct rate sum = sum_rates(r);
	struct dataplane_flows flows = {0};
	json_t *o = rate_json(&sum, &r->lost);

	e->dataplane->ops->flows(e->dataplane, &flows);
	json_object_del(o, "flows");
	json_object_set_new(o, "new_flows", series_number(sum.flows));
	json_object_set_new(o, "drops", series_number(r->drop_rate));
	status_set_integer(o, "flows_active", flows.confirmed);
	return o;
}

json_t *
rates_totals(const struct engine *e)
{
	const struct rates *r = e->rates;
	json_t *o = json_object();

	status_set_integer(o, "rx_packets", r->rx_packets);
	status_set_integer(o, "rx_bytes", r->rx_bytes);
	status_set_integer(o, "tx_packets", r->tx_packets);
	status_set_integer(o, "tx_bytes", r->tx_bytes);
	return o;
}

json_t *
rates_series(const struct engine *e, const struct service *s)
{
	const struct rates *r = e->rates;
	const struct series *series =
	    s != NULL ? rate_of(e, s)->series : r->series;
	uint64_t step = monotime_ms() / RATES_STEP_MS;

	return json_pack("{s:i, s:I, s:i, s:i, s:o}", "version", 1, "now",
	    (json_int_t)time(NULL), "step", SERIES_STEP, "points",
	    SERIES_POINTS, "series",
	    series_json(series, step > 0 ? step - 1 : 0));
}
