/* SPDX-License-Identifier: ISC */

/*
 * The metric families that every exporter has of its own process, by the names
 * that Prometheus's client libraries give them.
 */

#include <inttypes.h>

#include "core/status_family.h"
#include "core/status_value.h"

static const json_t *
process_of(const json_t *status)
{
	return json_object_get(status, "process");
}

/* Microseconds as seconds. */
static void
sample_cpu(FILE *out, const struct family *family, const json_t *status)
{
	int64_t us = status_number(process_of(status), family->key);

	put_name(out, family);
	fprintf(
	    out, " %" PRId64 ".%06" PRId64 "\n", us / 1000000, us % 1000000);
}

static void
sample_process(FILE *out, const struct family *family, const json_t *status)
{
	put_name(out, family);
	put_value(out, json_object_get(process_of(status), family->key));
}

static void
sample_started(FILE *out, const struct family *family, const json_t *status)
{
	put_name(out, family);
	put_value(out, json_object_get(status, family->key));
}

static const struct family families[] = {
    {"process_cpu_seconds_total", "counter",
	"CPU time that the engine's process has used, user's and system's.",
	sample_cpu, "cpu"},
    {"process_resident_memory_bytes", "gauge",
	"Its memory that is resident, what is shared with others included.",
	sample_process, "resident"},
    {"process_virtual_memory_bytes", "gauge", "Its address space.",
	sample_process, "virtual"},
    {"process_open_fds", "gauge", "File descriptors that it has open.",
	sample_process, "descriptors"},
    {"process_max_fds", "gauge", "File descriptors that it may have open.",
	sample_process, "descriptors_limit"},
    {"process_start_time_seconds", "gauge",
	"When vc5d started, in seconds since the epoch.", sample_started,
	"started"},
};

const struct family *
status_process_families(size_t *count)
{
	*count = sizeof(families) / sizeof(families[0]);
	return families;
}
