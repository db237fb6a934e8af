/* SPDX-License-Identifier: ISC */

/*
 * All metric families, and their text: see status_metrics_text.h.
 */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/xmalloc.h"
#include "core/status.h"
#include "core/status_family.h"
#include "core/status_metrics_text.h"

#define END "# EOF\n" /* of OpenMetrics */

/* What a table's families are of. */
enum scope {
	OF_DOCUMENT,
	OF_SERVICE,
	OF_DESTINATION
};

/* In the order in which they are written. */
static const struct {
	enum scope scope;
	const struct family *(*families)(size_t *count);
} tables[] = {
    {OF_DOCUMENT, status_main_families},
    {OF_SERVICE, status_service_families},
    {OF_DESTINATION, status_destination_families},
    {OF_DOCUMENT, status_bgp_families},
    {OF_DOCUMENT, status_traffic_families},
    {OF_SERVICE, status_traffic_service_families},
    {OF_DESTINATION, status_traffic_destination_families},
    {OF_DESTINATION, status_check_destination_families},
    {OF_SERVICE, status_check_service_families},
    {OF_DOCUMENT, status_check_families},
    {OF_DOCUMENT, status_sync_families},
    {OF_DOCUMENT, status_order_families},
    {OF_DOCUMENT, status_shipping_families},
    {OF_DOCUMENT, status_web_families},
    {OF_DOCUMENT, status_process_families},
};

#define TABLES (sizeof(tables) / sizeof(tables[0]))

/* A family's text. */
struct text {
	char *data;
	size_t length, size;
	size_t more; /* of the stream, up to the end of what it gets next */
};

struct metrics {
	bool openmetrics;
	struct text *texts; /* of all families, and the end */
	size_t count;
	size_t next, taken; /* of whom the next piece is, and from where on */
};

/*
 * OpenMetrics names a family of counters without the "_total" that its samples
 * end in; Prometheus's older format does not.
 */
static int
name_length(const struct family *family, bool openmetrics)
{
	size_t length = strlen(family->name), end = strlen("_total");

	if (openmetrics && length > end &&
	    strcmp(family->name + length - end, "_total") == 0)
		length -= end;
	return (int)length;
}

static void
put_head(FILE *out, const struct family *family, bool openmetrics)
{
	const char *prefix = family_prefix(family);
	int length = name_length(family, openmetrics);

	fprintf(out, "# HELP %s%.*s %s\n# TYPE %s%.*s %s\n", prefix, length,
	    family->name, family->help, prefix, length, family->name,
	    family->type);
}

static void
append(struct text *text, const char *data, size_t length)
{
	if (length == 0)
		return;
	if (text->size - text->length < length) {
		text->size = 2 * text->size + length;
		text->data = xreallocarray(text->data, text->size, 1);
	}
	memcpy(text->data + text->length, data, length);
	text->length += length;
}

/* Who is to write of what; of is NULL for all heads. */
struct writing {
	const json_t *of;
	bool scopes[OF_DESTINATION + 1];
};

static void
write_families(const struct metrics *m, FILE *out, const struct writing *w)
{
	size_t table, i, count, number = 0;

	for (table = 0; table < TABLES; table++) {
		const struct family *list = tables[table].families(&count);

		for (i = 0; i < count; i++) {
			if (w->of == NULL)
				put_head(out, &list[i], m->openmetrics);
			else if (w->scopes[tables[table].scope])
				list[i].samples(out, &list[i], w->of);
			m->texts[number++].more = (size_t)ftello(out);
		}
	}
}

/* All write to one stream, and then each gets what is its own. */
static void
add(struct metrics *m, const struct writing *w)
{
	char *data = NULL;
	size_t size, i, at = 0;
	FILE *out;

	if ((out = open_memstream(&data, &size)) == NULL)
		fatal("open_memstream");
	write_families(m, out, w);
	if (fclose(out) != 0)
		fatal("out of memory");
	for (i = 0; i + 1 < m->count; i++) {
		append(&m->texts[i], data + at, m->texts[i].more - at);
		at = m->texts[i].more;
	}
	free(data);
}

struct metrics *
metrics_new(bool openmetrics)
{
	struct metrics *m = xcalloc(1, sizeof(*m));
	size_t table, count;

	m->openmetrics = openmetrics;
	for (table = 0; table < TABLES; table++) {
		tables[table].families(&count);
		m->count += count;
	}
	m->count++;
	m->texts = xcalloc(m->count, sizeof(*m->texts));
	add(m, &(struct writing){.of = NULL});
	if (openmetrics)
		append(&m->texts[m->count - 1], END, strlen(END));
	return m;
}

void
metrics_free(struct metrics *m)
{
	size_t i;

	if (m == NULL)
		return;
	for (i = 0; i < m->count; i++)
		free(m->texts[i].data);
	free(m->texts);
	free(m);
}

void
metrics_add_document(struct metrics *m, const json_t *status)
{
	add(m, &(struct writing){status, {[OF_DOCUMENT] = true}});
}

void
metrics_add_service(struct metrics *m, const json_t *service, bool first)
{
	add(m,
	    &(struct writing){
		service, {[OF_SERVICE] = first, [OF_DESTINATION] = true}});
}

size_t
metrics_length(const struct metrics *m)
{
	size_t i, length = 0;

	for (i = 0; i < m->count; i++)
		length += m->texts[i].length;
	return length;
}

/* What has been taken is released as soon as can be. */
const char *
metrics_take(struct metrics *m, size_t max, size_t *length)
{
	struct text *text;
	const char *piece;

	while (m->next < m->count && m->taken == m->texts[m->next].length) {
		free(m->texts[m->next].data);
		m->texts[m->next++] = (struct text){0};
		m->taken = 0;
	}
	if (m->next == m->count)
		return NULL;
	text = &m->texts[m->next];
	piece = text->data + m->taken;
	*length = text->length - m->taken < max ? text->length - m->taken : max;
	m->taken += *length;
	return piece;
}

static char *
whole(const json_t *status, bool openmetrics)
{
	struct metrics *m = metrics_new(openmetrics);
	size_t i, length, at = 0;
	const json_t *service;
	const char *piece;
	char *text;

	metrics_add_document(m, status);
	json_array_foreach(json_object_get(status, "services"), i, service) {
		metrics_add_service(m, service, true);
	}
	text = xcalloc(1, metrics_length(m) + 1);
	while ((piece = metrics_take(m, SIZE_MAX, &length)) != NULL) {
		memcpy(text + at, piece, length);
		at += length;
	}
	metrics_free(m);
	return text;
}

char *
status_metrics(const json_t *status)
{
	return whole(status, false);
}

char *
status_openmetrics(const json_t *status)
{
	return whole(status, true);
}
