/* SPDX-License-Identifier: ISC */

/*
 * See series.h.  Step n is at n % SERIES_POINTS of each metric's ring.
 */

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/xmalloc.h"
#include "core/series.h"

struct series {
	uint64_t first, last; /* steps that there are; first > last: none */
	float points[SERIES_METRICS][SERIES_POINTS];
};

/* One can have two names. */
static const struct {
	const char *name;
	enum series_metric metric;
} names[] = {
    {"packets", SERIES_PACKETS},
    {"bits", SERIES_BITS},
    {"flows", SERIES_FLOWS},
    {"drops", SERIES_DROPS},
    {"destinations_up", SERIES_UP},
    {"latency", SERIES_LATENCY},
    {"rx_packets", SERIES_RX_PACKETS},
    {"rx_bits", SERIES_RX_BITS},
    {"tx_packets", SERIES_PACKETS},
    {"tx_bits", SERIES_TX_BITS},
    {"connections", SERIES_CONNECTIONS},
};

struct series *
series_new(void)
{
	struct series *s = xcalloc(1, sizeof(*s));

	s->first = 1;
	return s;
}

void
series_free(struct series *s)
{
	free(s);
}

static void
put(struct series *s, uint64_t step, const float *values)
{
	size_t i;

	for (i = 0; i < SERIES_METRICS; i++)
		s->points[i][step % SERIES_POINTS] =
		    values != NULL ? values[i] : NAN;
}

void
series_add(struct series *s, uint64_t step, const float values[SERIES_METRICS])
{
	bool empty = s->first > s->last;

	if (!empty && step <= s->last)
		return;
	if (empty || step - s->last > SERIES_POINTS)
		s->first = s->last = step;
	while (s->last < step)
		put(s, ++s->last, NULL);
	put(s, step, values);
	if (s->last - s->first >= SERIES_POINTS)
		s->first = s->last - SERIES_POINTS + 1;
}

float
series_at(const struct series *s, enum series_metric metric, uint64_t step)
{
	if (step < s->first || step > s->last)
		return NAN;
	return s->points[metric][step % SERIES_POINTS];
}

json_t *
series_number(double value)
{
	return isfinite(value) ? json_real(round(value * 1000) / 1000)
			       : json_null();
}

static json_t *
points_json(const struct series *s, enum series_metric metric, uint64_t last)
{
	json_t *list = json_array();
	uint64_t i;

	for (i = SERIES_POINTS; i > 0; i--)
		json_array_append_new(list,
		    series_number(last + 1 < i
			    ? NAN
			    : series_at(s, metric, last + 1 - i)));
	return list;
}

json_t *
series_json(const struct series *s, uint64_t last)
{
	json_t *object = json_object();
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		json_object_set_new(object, names[i].name,
		    points_json(s, names[i].metric, last));
	return object;
}
