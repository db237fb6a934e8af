/* SPDX-License-Identifier: ISC */

/*
 * What vc5ctl top shows: rows, and their rates since the last time.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xmalloc.h"
#include "core/status_value.h"
#include "ctl/table.h"
#include "ctl/top.h"

static char *
safe_state(const char *state, const char *order)
{
	char *text = *order == '\0' ? xstrdup(state)
				    : xasprintf("%s (%s)", state, order);
	char *safe = safe_text(text);

	free(text);
	return safe;
}

static void
set_counts(struct top_row *row, const json_t *object)
{
	row->counts[TOP_PACKETS] = status_number(object, "packets");
	row->counts[TOP_BITS] = status_number(object, "bytes");
	row->counts[TOP_FLOWS] = status_number(object, "flows");
}

static struct top_row *
add_row(struct top_table *table)
{
	struct top_row *row;

	table->rows =
	    xreallocarray(table->rows, table->count + 1, sizeof(*table->rows));
	row = &table->rows[table->count++];
	memset(row, 0, sizeof(*row));
	return row;
}

static void
add_service(struct top_table *table, const json_t *service, const char *key)
{
	struct top_row *row = add_row(table);
	const char *state = status_true(service, "ok") ? "ok" : "not ok";

	row->key = xstrdup(key);
	row->what = safe_text(key);
	row->of = safe_text(status_string(service, "name"));
	row->state = safe_state(state, status_string(service, "order"));
	row->good = status_true(service, "ok");
	row->share =
	    xasprintf("%" PRId64 "/%" PRId64, status_number(service, "up"),
		status_number(service, "destinations_total"));
	set_counts(row, service);
}

static void
add_destination(
    struct top_table *table, const json_t *destination, const char *key)
{
	const char *address = status_string(destination, "address");
	const char *state = status_string(destination, "state");
	struct top_row *row = add_row(table);
	char weight[STATUS_WEIGHT_STRLEN];

	row->key = xasprintf("%s %s", address, key);
	row->what = safe_text(address);
	row->of = safe_text(key);
	row->state = safe_state(state, status_string(destination, "order"));
	row->good = strcmp(state, "up") == 0;
	row->share = safe_text(status_weight(destination, weight));
	set_counts(row, destination);
}

struct top_table *
top_table_new(const json_t *services, bool destinations, uint64_t now)
{
	struct top_table *table = xcalloc(1, sizeof(*table));
	const json_t *service, *destination;
	size_t i, j;
	char *key;

	table->at = now;
	json_array_foreach(services, i, service) {
		key = status_service_key(service);
		if (!destinations)
			add_service(table, service, key);
		json_array_foreach(destinations
			? json_object_get(service, "destinations")
			: NULL,
		    j, destination) {
			add_destination(table, destination, key);
		}
		free(key);
	}
	return table;
}

void
top_table_free(struct top_table *table)
{
	size_t i;

	if (table == NULL)
		return;
	for (i = 0; i < table->count; i++) {
		free(table->rows[i].key);
		free(table->rows[i].what);
		free(table->rows[i].of);
		free(table->rows[i].state);
		free(table->rows[i].share);
	}
	free(table->rows);
	free(table);
}

static int
compare_keys(const void *a, const void *b)
{
	const struct top_row *x = a, *y = b;

	return strcmp(x->key, y->key);
}

/* Counters that went back are those of something new under an old name. */
static double
rate_of(int64_t now, int64_t before, double seconds)
{
	return seconds > 0 && now >= before ? (double)(now - before) / seconds
					    : -1;
}

static void
rate_row(struct top_row *row, const struct top_row *before, double seconds)
{
	size_t i;

	for (i = 0; i < TOP_RATES; i++)
		row->rates[i] = before == NULL
		    ? -1
		    : rate_of(row->counts[i], before->counts[i], seconds);
	if (row->rates[TOP_BITS] > 0)
		row->rates[TOP_BITS] *= 8;
}

static void
sort_rows(struct top_table *table, int (*compare)(const void *, const void *))
{
	if (table->count > 0)
		qsort(table->rows, table->count, sizeof(*table->rows), compare);
}

void
top_table_rate(struct top_table *table, struct top_table *before)
{
	double seconds = 0;
	const struct top_row *was;
	size_t i;

	if (before != NULL) {
		seconds = (double)(table->at - before->at) / 1000;
		sort_rows(before, compare_keys);
	}
	for (i = 0; i < table->count; i++) {
		was = before == NULL || before->count == 0
		    ? NULL
		    : bsearch(&table->rows[i], before->rows, before->count,
			  sizeof(*before->rows), compare_keys);
		rate_row(&table->rows[i], was, seconds);
	}
}

static int
compare_rates(const void *a, const void *b, enum top_rate rate)
{
	const struct top_row *x = a, *y = b;

	if (x->rates[rate] != y->rates[rate])
		return x->rates[rate] > y->rates[rate] ? -1 : 1;
	return strcmp(x->key, y->key);
}

static int
by_packets(const void *a, const void *b)
{
	return compare_rates(a, b, TOP_PACKETS);
}

static int
by_bits(const void *a, const void *b)
{
	return compare_rates(a, b, TOP_BITS);
}

static int
by_flows(const void *a, const void *b)
{
	return compare_rates(a, b, TOP_FLOWS);
}

/* What is not as it should be comes first. */
static int
by_state(const void *a, const void *b)
{
	const struct top_row *x = a, *y = b;
	int order;

	if (x->good != y->good)
		return x->good ? 1 : -1;
	order = strcmp(x->state, y->state);
	return order != 0 ? order : strcmp(x->key, y->key);
}

void
top_table_sort(struct top_table *table, enum top_sort sort, bool reversed)
{
	static int (*const compares[])(const void *, const void *) = {
	    [TOP_BY_PACKETS] = by_packets,
	    [TOP_BY_BITS] = by_bits,
	    [TOP_BY_FLOWS] = by_flows,
	    [TOP_BY_NAME] = compare_keys,
	    [TOP_BY_STATE] = by_state,
	};
	struct top_row row;
	size_t i, last;

	sort_rows(table, compares[sort]);
	for (i = 0; reversed && i < table->count / 2; i++) {
		last = table->count - 1 - i;
		row = table->rows[i];
		table->rows[i] = table->rows[last];
		table->rows[last] = row;
	}
}

double
top_table_sum(const struct top_table *table, enum top_rate rate)
{
	double sum = -1;
	size_t i;

	for (i = 0; i < table->count; i++)
		if (table->rows[i].rates[rate] >= 0)
			sum = (sum < 0 ? 0 : sum) + table->rows[i].rates[rate];
	return sum;
}

const char *
top_rate_format(double rate, char buf[TOP_RATE_STRLEN])
{
	static const char units[] = "kMGTPE";
	const char *unit = NULL;

	if (rate < 0) {
		snprintf(buf, TOP_RATE_STRLEN, "-");
		return buf;
	}
	while (rate >= 999.5 && (unit == NULL || unit[1] != '\0')) {
		rate /= 1000;
		unit = unit == NULL ? units : unit + 1;
	}
	if (unit == NULL)
		snprintf(buf, TOP_RATE_STRLEN, "%.0f", rate);
	else
		snprintf(buf, TOP_RATE_STRLEN, "%.*f%c",
		    rate < 9.995 ? 2 : rate < 99.95, rate, *unit);
	return buf;
}
