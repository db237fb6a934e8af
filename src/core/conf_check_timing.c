/* SPDX-License-Identifier: ISC */

/*
 * How often checks probe, and how long a probe may take.
 */

#include "core/conf_check.h"

#define TIMEOUT	      2000 /* ms */
#define FAST_INTERVAL 1000 /* ms */

const struct conf_limits conf_results_limits = {1, 100};
static const struct conf_limits period_limits = {100, 3600 * 1000};

void
conf_read_period(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	const struct conf_key seconds = {key->name, NULL, 0, &period_limits};
	struct conf_sourced *out = member;
	unsigned value = 0;

	conf_read_seconds(r, json, &value, &seconds);
	if (value > 0)
		*out = (struct conf_sourced){value, conf_where(r)};
}

/* What was given, or else the default as far as the interval allows. */
static unsigned
within_interval(const struct conf_check_scope *scope,
    const struct conf_sourced *given, unsigned usual)
{
	if (given->value > 0)
		return given->value;
	return scope->interval.value < usual ? scope->interval.value : usual;
}

unsigned
conf_timeout_of(const struct conf_check_scope *scope)
{
	return within_interval(scope, &scope->timeout, TIMEOUT);
}

unsigned
conf_fast_interval_of(const struct conf_check_scope *scope)
{
	return within_interval(scope, &scope->fast_interval, FAST_INTERVAL);
}

static void
check_time(struct conf_reader *r, const struct conf_check_scope *scope,
    const struct conf_sourced *time)
{
	double seconds = time->value / 1000.0,
	       interval = scope->interval.value / 1000.0;

	if (time->value <= scope->interval.value)
		return;
	if (scope->interval.where == NULL)
		conf_error_at(r, time->where, NULL,
		    "%g seconds are longer than the default interval, %g",
		    seconds, interval);
	else
		conf_error_at(r, time->where, scope->interval.where,
		    "%g seconds are longer than the interval, %g, of %s",
		    seconds, interval, scope->interval.where);
}

void
conf_check_times(struct conf_reader *r, const struct conf_check_scope *scope)
{
	check_time(r, scope, &scope->fast_interval);
	check_time(r, scope, &scope->timeout);
}
