/* SPDX-License-Identifier: ISC */

/*
 * See rates.h.  A service's rate is the sum of its destinations', so that each
 * counter is read once.
 */

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/monotime.h"
#include "base/xmalloc.h"
#include "core/series.h"
#include "engine/private.h"
#include "engine/rates.h"
#include "engine/status_parts.h"

#define TICK_MS	     4	 /* of the event loop's time, a second */
#define INTERVAL_MIN 500 /* ms between two looks */
#define STEP_MS	     (SERIES_STEP * 1000)
#define DROPS_EVERY  4 /* looks */

/* A second; NAN is not known. */
struct rate {
	float packets, bits, flows;
};

struct destination_rate {
	uint64_t packets, bytes, flows; /* counters, as they were last */
	bool known;
	struct rate rate;
};

/* What has come together since the last step of the series. */
struct amount {
	double packets, bytes, flows, drops;
	bool known;
};

struct service_rate {
	struct service_key key;
	struct destination_rate *destinations;
	size_t count;
	uint64_t looked; /* monotonic ms; 0 = never */
	uint64_t no_destination;
	unsigned looks;
	struct rate rate;
	struct amount amount;
	uint64_t probes, probe_time; /* as they were at the last step */
	struct series *series;
};

struct rates {
	struct service_rate *services; /* as the engine's */
	size_t count, next;
	struct series *series;
	uint64_t step, step_at; /* the last one, and when; 0 = none */
	uint64_t drops, answers, others_at;
	float drop_rate, answer_rate;
	double step_drops;
};

struct rates *
rates_new(void)
{
	struct rates *r = xcalloc(1, sizeof(*r));

	r->series = series_new();
	r->drop_rate = r->answer_rate = NAN;
	return r;
}

static void
services_clear(struct service_rate *services, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		free(services[i].destinations);
		series_free(services[i].series);
	}
	free(services);
}

void
rates_free(struct rates *r)
{
	if (r == NULL)
		return;
	services_clear(r->services, r->count);
	series_free(r->series);
	free(r);
}

static int
compare_key(const void *key, const void *service)
{
	return service_key_compare(
	    key, &((const struct service_rate *)service)->key);
}

/* A service of before keeps its hour, and is measured anew. */
static void
init_service(
    struct service_rate *out, const struct service *s, const struct rates *was)
{
	struct service_rate *old = was->count == 0
	    ? NULL
	    : bsearch(&s->conf->key, was->services, was->count, sizeof(*old),
		  compare_key);

	out->key = s->conf->key;
	out->count = s->conf->destination_count;
	out->destinations = xcalloc(out->count + 1, sizeof(*out->destinations));
	out->rate = (struct rate){NAN, NAN, NAN};
	out->probes = s->probes.passed;
	out->probe_time = s->probes.passed_time;
	if (old == NULL) {
		out->series = series_new();
		return;
	}
	out->series = old->series;
	old->series = NULL;
	out->rate = old->rate;
	out->amount = old->amount;
}

void
rates_follow(struct engine *e)
{
	struct rates *r = e->rates, was = *r;
	size_t i;

	r->count = e->conf->service_count;
	r->services = xcalloc(r->count + 1, sizeof(*r->services));
	for (i = 0; i < r->count; i++)
		init_service(&r->services[i], &e->services[i], &was);
	r->next = 0;
	services_clear(was.services, was.count);
}

/* How much more; a counter that went back has begun anew. */
static double
growth(uint64_t *was, uint64_t now)
{
	double more = now >= *was ? (double)(now - *was) : 0;

	*was = now;
	return more;
}

/* Add how much a destination's counters have grown, in so many seconds. */
static void
look_at_destination(const struct destination *d, struct destination_rate *r,
    double seconds, struct amount *sum)
{
	const struct service *s = d->service;
	struct dataplane *dp = s->engine->dataplane;
	struct dataplane_counters c = {0};
	double packets, bytes, flows;

	if (dp->ops->counters(dp, &s->conf->key, &d->conf->address, &c) == -1) {
		r->known = false;
		return;
	}
	packets = growth(&r->packets, c.packets);
	bytes = growth(&r->bytes, c.bytes);
	flows = growth(&r->flows, c.flows);
	if (!r->known || seconds <= 0) {
		r->known = true;
		r->rate = (struct rate){NAN, NAN, NAN};
		return;
	}
	r->rate = (struct rate){(float)(packets / seconds),
	    (float)(bytes * 8 / seconds), (float)(flows / seconds)};
	sum->packets += packets;
	sum->bytes += bytes;
	sum->flows += flows;
}

/*
 * ... and what a service dropped; not each time, as its counters are added up
 * from those of its destinations.
 */
static void
look_at_drops(const struct service *s, struct service_rate *r, bool first,
    struct amount *sum)
{
	struct dataplane *dp = s->engine->dataplane;
	struct dataplane_counters c = {0};
	double drops;

	if (r->looks++ % DROPS_EVERY != 0 ||
	    dp->ops->counters(dp, &s->conf->key, NULL, &c) == -1)
		return;
	drops = growth(&r->no_destination, c.no_destination);
	if (!first)
		sum->drops += drops;
}

static void
look_at_service(const struct service *s, struct service_rate *r, uint64_t now)
{
	double seconds = (double)(now - r->looked) / 1000;
	bool first = r->looked == 0;
	struct amount sum = {0};
	size_t i;

	for (i = 0; i < r->count; i++)
		look_at_destination(&s->destinations[i], &r->destinations[i],
		    first ? 0 : seconds, &sum);
	look_at_drops(s, r, first, &sum);
	r->looked = now;
	if (first)
		return;
	r->rate = (struct rate){(float)(sum.packets / seconds),
	    (float)(sum.bytes * 8 / seconds), (float)(sum.flows / seconds)};
	r->amount.packets += sum.packets;
	r->amount.bytes += sum.bytes;
	r->amount.flows += sum.flows;
	r->amount.drops += sum.drops;
	r->amount.known = true;
}

/* Each in turn, as far as the time goes: who was left out is the next. */
static void
look_at_services(struct engine *e, uint64_t now)
{
	struct rates *r = e->rates;
	size_t i;

	for (i = 0; i < r->count; i++) {
		struct service_rate *service = &r->services[r->next];

		if (service->looked != 0 &&
		    now - service->looked < INTERVAL_MIN)
			return;
		look_at_service(&e->services[r->next], service, now);
		r->next = (r->next + 1) % r->count;
		if (monotime_ms() >= now + TICK_MS)
			return;
	}
}

static uint64_t
sum_of(const struct dataplane_reason *reasons, size_t count)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < count; i++)
		sum += reasons[i].packets;
	return sum;
}

/* What did not get to a destination. */
static void
look_at_others(struct engine *e, uint64_t now)
{
	struct rates *r = e->rates;
	double seconds = (double)(now - r->others_at) / 1000, drops, answers;
	bool first = r->others_at == 0;
	const struct dataplane_reason *list;
	size_t count;

	if (!first && now - r->others_at < INTERVAL_MIN)
		return;
	list = e->dataplane->ops->drops(e->dataplane, &count);
	drops = growth(&r->drops, sum_of(list, count));
	list = e->dataplane->ops->answers(e->dataplane, &count);
	answers = growth(&r->answers, sum_of(list, count));
	r->others_at = now;
	if (first)
		return;
	r->drop_rate = (float)(drops / seconds);
	r->answer_rate = (float)(answers / seconds);
	r->step_drops += drops;
}

/* Checks that passed since the last step: how long they took, together. */
struct latency {
	double count, time;
};

static void
values_of(const struct amount *amount, double up, const struct latency *l,
    double seconds, float values[SERIES_METRICS])
{
	values[SERIES_PACKETS] = (float)(amount->packets / seconds);
	values[SERIES_BITS] = (float)(amount->bytes * 8 / seconds);
	values[SERIES_FLOWS] = (float)(amount->flows / seconds);
	values[SERIES_DROPS] = (float)(amount->drops / seconds);
	values[SERIES_UP] = (float)up;
	values[SERIES_LATENCY] =
	    l->count > 0 ? (float)(l->time / l->count / 1000) : NAN;
}

static double
count_up(const struct service *s)
{
	size_t i, up = 0;

	for (i = 0; i < s->conf->destination_count; i++)
		up += s->destinations[i].state == DESTINATION_UP;
	return (double)up;
}

static void
add_step(struct engine *e, uint64_t step, double seconds)
{
	struct rates *r = e->rates;
	float values[SERIES_METRICS];
	struct latency all = {0};
	struct amount sum = {0};
	double up, up_sum = 0;
	size_t i;

	for (i = 0; i < r->count; i++) {
		const struct service *s = &e->services[i];
		struct service_rate *service = &r->services[i];
		struct latency l = {
		    .count = growth(&service->probes, s->probes.passed),
		    .time =
			growth(&service->probe_time, s->probes.passed_time)};

		up = count_up(s);
		if (service->amount.known) {
			values_of(&service->amount, up, &l, seconds, values);
			series_add(service->series, step, values);
		}
		sum.packets += service->amount.packets;
		sum.bytes += service->amount.bytes;
		sum.flows += service->amount.flows;
		service->amount = (struct amount){0};
		all.count += l.count;
		all.time += l.time;
		up_sum += up;
	}
	sum.drops = r->step_drops;
	r->step_drops = 0;
	values_of(&sum, up_sum, &all, seconds, values);
	series_add(r->series, step, values);
}

void
rates_tick(struct engine *e, uint64_t now)
{
	struct rates *r = e->rates;
	uint64_t step = now / STEP_MS;

	look_at_services(e, now);
	look_at_others(e, now);
	if (r->step_at == 0) {
		r->step = step;
		r->step_at = now;
	} else if (step != r->step) {
		add_step(e, step - 1, (double)(now - r->step_at) / 1000);
		r->step = step;
		r->step_at = now;
	}
}

static json_t *
rate_json(const struct rate *rate)
{
	return json_pack("{s:o, s:o, s:o}", "packets",
	    series_number(rate->packets), "bits", series_number(rate->bits),
	    "flows", series_number(rate->flows));
}

static const struct service_rate *
rate_of(const struct engine *e, const struct service *s)
{
	return &e->rates->services[s - e->services];
}

json_t *
rates_of_destination(const struct engine *e, const struct destination *d)
{
	const struct service_rate *service = rate_of(e, d->service);
	const struct destination_rate *r =
	    &service->destinations[d - d->service->destinations];
	static const struct rate unknown = {NAN, NAN, NAN};

	return rate_json(r->known ? &r->rate : &unknown);
}

json_t *
rates_of_service(const struct engine *e, const struct service *s)
{
	return rate_json(&rate_of(e, s)->rate);
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
		sum.flows += rate->flows;
		known = true;
	}
	return known || r->count == 0 ? sum : (struct rate){NAN, NAN, NAN};
}

json_t *
rates_of_all(const struct engine *e)
{
	const struct rates *r = e->rates;
	struct rate sum = sum_rates(r);
	struct dataplane_flows flows = {0};
	json_t *o;

	e->dataplane->ops->flows(e->dataplane, &flows);
	o = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "packets",
	    series_number(sum.packets), "bits", series_number(sum.bits),
	    "rx_packets",
	    series_number(sum.packets + r->drop_rate + r->answer_rate),
	    "tx_packets", series_number(sum.packets), "new_flows",
	    series_number(sum.flows), "drops", series_number(r->drop_rate));
	status_set_integer(o, "flows_active", flows.confirmed);
	return o;
}

json_t *
rates_series(const struct engine *e, const struct service *s)
{
	const struct rates *r = e->rates;
	const struct series *series =
	    s != NULL ? rate_of(e, s)->series : r->series;
	uint64_t step = monotime_ms() / STEP_MS;

	return json_pack("{s:i, s:I, s:i, s:i, s:o}", "version", 1, "now",
	    (json_int_t)time(NULL), "step", SERIES_STEP, "points",
	    SERIES_POINTS, "series",
	    series_json(series, step > 0 ? step - 1 : 0));
}
