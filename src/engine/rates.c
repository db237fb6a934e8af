/* SPDX-License-Identifier: ISC */

/*
 * See rates.h.  A service's rate is the sum of its destinations', so that each
 * counter is read once.
 */

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/monotime.h"
#include "base/xmalloc.h"
#include "core/series.h"
#include "engine/private.h"
#include "engine/rates.h"
#include "engine/rates_private.h"

#define TICK_MS	     4	 /* of the event loop's time, a second */
#define INTERVAL_MIN 500 /* ms between two looks */
#define DROPS_EVERY  4	 /* looks */

static const struct rate unknown = {NAN, NAN, NAN, NAN};
static const struct rate_lost lost_unknown = {NAN, NAN};

struct rates *
rates_new(void)
{
	struct rates *r = xcalloc(1, sizeof(*r));

	r->series = series_new();
	r->lost = lost_unknown;
	r->drop_rate = NAN;
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

/* Destinations that were there before are measured on; by address, both. */
static void
carry_destinations(struct service_rate *out, const struct service *s,
    const struct destination_rate *old, size_t count)
{
	size_t i, next = 0;

	for (i = 0; i < out->count; i++) {
		const struct addr *address = &s->conf->destinations[i].address;
		struct destination_rate *r = &out->destinations[i];

		while (next < count &&
		    addr_compare(&old[next].address, address) < 0)
			next++;
		if (next < count &&
		    addr_compare(&old[next].address, address) == 0)
			*r = old[next];
		r->address = *address;
	}
}

static void
init_new(struct service_rate *out, const struct service *s)
{
	out->rate = unknown;
	out->lost = lost_unknown;
	out->series = series_new();
	out->probes = s->probes.passed;
	out->probe_time = s->probes.passed_time;
}

/* A service of before keeps its hour, and what was measured. */
static void
init_service(
    struct service_rate *out, const struct service *s, const struct rates *was)
{
	struct service_rate *old = was->count == 0
	    ? NULL
	    : bsearch(&s->conf->key, was->services, was->count, sizeof(*old),
		  compare_key);

	if (old != NULL)
		*out = *old;
	else
		init_new(out, s);
	out->key = s->conf->key;
	out->count = s->conf->destination_count;
	out->destinations = xcalloc(out->count + 1, sizeof(*out->destinations));
	carry_destinations(out, s, old == NULL ? NULL : old->destinations,
	    old == NULL ? 0 : old->count);
	if (old != NULL)
		old->series = NULL;
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
	double packets, bytes, tx_bytes, flows;

	if (dp->ops->counters(dp, &s->conf->key, &d->conf->address, &c) == -1) {
		r->known = false;
		r->connections = 0;
		return;
	}
	packets = growth(&r->packets, c.packets);
	bytes = growth(&r->bytes, c.bytes);
	tx_bytes = growth(&r->tx_bytes, c.tx_bytes);
	flows = growth(&r->flows, c.flows);
	r->connections = (uint32_t)c.connections;
	if (!r->known || seconds <= 0) {
		r->known = true;
		r->rate = unknown;
		return;
	}
	r->rate = (struct rate){(float)(packets / seconds),
	    (float)(bytes * 8 / seconds), (float)(tx_bytes * 8 / seconds),
	    (float)(flows / seconds)};
	sum->packets += packets;
	sum->bytes += bytes;
	sum->tx_bytes += tx_bytes;
	sum->flows += flows;
}

/*
 * ... and what a service dropped; not each time, as its counters are added up
 * from those of its destinations.
 */
static void
look_at_drops(const struct service *s, struct service_rate *r, uint64_t now,
    struct amount *sum)
{
	struct dataplane *dp = s->engine->dataplane;
	double seconds = (double)(now - r->drops_looked) / 1000, packets, bytes;
	bool first = r->drops_looked == 0, due = r->looks == 1;
	struct dataplane_counters c = {0};

	due |= r->looks++ % DROPS_EVERY == 0;
	if (!due || dp->ops->counters(dp, &s->conf->key, NULL, &c) == -1)
		return;
	packets = growth(&r->no_destination, c.no_destination);
	bytes = growth(&r->no_destination_bytes, c.no_destination_bytes);
	r->drops_looked = now;
	if (first || seconds <= 0)
		return;
	r->lost = (struct rate_lost){
	    (float)(packets / seconds), (float)(bytes * 8 / seconds)};
	sum->drops += packets;
	sum->lost_packets += packets;
	sum->lost_bytes += bytes;
}

static void
add_amount(struct amount *to, const struct amount *more)
{
	to->packets += more->packets;
	to->bytes += more->bytes;
	to->tx_bytes += more->tx_bytes;
	to->flows += more->flows;
	to->drops += more->drops;
	to->lost_packets += more->lost_packets;
	to->lost_bytes += more->lost_bytes;
	to->known |= more->known;
}

/* What there was for destinations, since vc5d was started. */
static void
add_totals(struct rates *r, const struct amount *more)
{
	r->rx_packets += (uint64_t)more->packets;
	r->rx_bytes += (uint64_t)more->bytes;
	r->tx_packets += (uint64_t)more->packets;
	r->tx_bytes += (uint64_t)more->tx_bytes;
}

static void
look_at_service(const struct service *s, struct service_rate *r, uint64_t now)
{
	double seconds = (double)(now - r->looked) / 1000;
	bool first = r->looked == 0;
	struct amount sum = {.known = true};
	size_t i;

	r->connections = 0;
	for (i = 0; i < r->count; i++) {
		look_at_destination(&s->destinations[i], &r->destinations[i],
		    first ? 0 : seconds, &sum);
		r->connections += r->destinations[i].connections;
	}
	look_at_drops(s, r, now, &sum);
	r->looked = now;
	if (first)
		return;
	r->rate = (struct rate){(float)(sum.packets / seconds),
	    (float)(sum.bytes * 8 / seconds),
	    (float)(sum.tx_bytes * 8 / seconds), (float)(sum.flows / seconds)};
	add_amount(&r->amount, &sum);
	add_totals(s->engine->rates, &sum);
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

/*
 * Of packets that are not counted elsewhere already: what is answered may have
 * been dropped, too.
 */
static uint64_t
sum_of(const struct dataplane_reason *reasons, size_t count, uint64_t *bytes)
{
	uint64_t sum = 0;
	size_t i;

	for (*bytes = i = 0; i < count; i++) {
		if (reasons[i].about_drops)
			continue;
		sum += reasons[i].packets;
		*bytes += reasons[i].bytes;
	}
	return sum;
}

/* How much more did not get to a destination. */
static struct amount
look_at_lost(const struct engine *e)
{
	const struct dataplane_ops *ops = e->dataplane->ops;
	struct rates *r = e->rates;
	struct amount more = {.known = true};
	const struct dataplane_reason *list;
	uint64_t bytes;
	size_t count;

	list = ops->drops(e->dataplane, &count);
	more.drops = growth(&r->drops, sum_of(list, count, &bytes));
	more.lost_bytes = growth(&r->drop_bytes, bytes);
	list = ops->answers(e->dataplane, &count);
	more.lost_packets =
	    more.drops + growth(&r->answers, sum_of(list, count, &bytes));
	more.lost_bytes += growth(&r->answer_bytes, bytes);
	return more;
}

static void
look_at_others(struct engine *e, uint64_t now)
{
	struct rates *r = e->rates;
	double seconds = (double)(now - r->others_at) / 1000;
	bool first = r->others_at == 0;
	struct amount more;

	if (!first && now - r->others_at < INTERVAL_MIN)
		return;
	more = look_at_lost(e);
	r->others_at = now;
	if (first)
		return;
	r->drop_rate = (float)(more.drops / seconds);
	r->lost = (struct rate_lost){(float)(more.lost_packets / seconds),
	    (float)(more.lost_bytes * 8 / seconds)};
	add_amount(&r->amount, &more);
	r->rx_packets += (uint64_t)more.lost_packets;
	r->rx_bytes += (uint64_t)more.lost_bytes;
}

/* Checks that passed since the last step: how long they took, together. */
struct latency {
	double count, time;
};

static void
values_of(const struct amount *a, double seconds, float values[SERIES_METRICS])
{
	values[SERIES_PACKETS] = (float)(a->packets / seconds);
	values[SERIES_BITS] = (float)(a->bytes * 8 / seconds);
	values[SERIES_FLOWS] = (float)(a->flows / seconds);
	values[SERIES_DROPS] = (float)(a->drops / seconds);
	values[SERIES_RX_PACKETS] =
	    (float)((a->packets + a->lost_packets) / seconds);
	values[SERIES_RX_BITS] =
	    (float)((a->bytes + a->lost_bytes) * 8 / seconds);
	values[SERIES_TX_BITS] = (float)(a->tx_bytes * 8 / seconds);
}

/* What is no amount of packets. */
static void
states_of(double up, uint64_t connections, const struct latency *l,
    float values[SERIES_METRICS])
{
	values[SERIES_UP] = (float)up;
	values[SERIES_CONNECTIONS] = (float)connections;
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

/* A service's, which is added to that of all. */
static void
add_service_step(const struct service *s, struct service_rate *r, uint64_t step,
    double seconds, struct latency *all)
{
	struct latency l = {.count = growth(&r->probes, s->probes.passed),
	    .time = growth(&r->probe_time, s->probes.passed_time)};
	float values[SERIES_METRICS];

	all->count += l.count;
	all->time += l.time;
	if (!r->amount.known)
		return;
	values_of(&r->amount, seconds, values);
	states_of(count_up(s), r->connections, &l, values);
	series_add(r->series, step, values);
}

static void
add_step(struct engine *e, uint64_t step, double seconds)
{
	struct rates *r = e->rates;
	struct amount sum = r->amount;
	struct dataplane_flows flows = {0};
	float values[SERIES_METRICS];
	struct latency all = {0};
	double up = 0;
	size_t i;

	for (i = 0; i < r->count; i++) {
		struct service_rate *service = &r->services[i];

		add_service_step(&e->services[i], service, step, seconds, &all);
		/* For want of a destination is among all that is lost. */
		service->amount.drops = service->amount.lost_packets =
		    service->amount.lost_bytes = 0;
		add_amount(&sum, &service->amount);
		service->amount = (struct amount){0};
		up += count_up(&e->services[i]);
	}
	r->amount = (struct amount){0};
	e->dataplane->ops->flows(e->dataplane, &flows);
	values_of(&sum, seconds, values);
	states_of(up, flows.confirmed, &all, values);
	series_add(r->series, step, values);
}

void
rates_tick(struct engine *e, uint64_t now)
{
	struct rates *r = e->rates;
	uint64_t step = now / RATES_STEP_MS;

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
