/* SPDX-License-Identifier: ISC */

/*
 * The metric families of health checks.  What there is one of for each check
 * is little; latencies are histograms of a service.
 */

#include <inttypes.h>
#include <string.h>

#include "core/status_family.h"
#include "core/status_value.h"

/* A destination can have checks that differ in neither type nor port. */
static void
put_check_labels(FILE *out, const struct family *family, const json_t *service,
    const json_t *destination, const json_t *check, size_t number)
{
	put_name(out, family);
	put_destination_labels(out, service, destination);
	fprintf(out, ",check=\"%zu\",", number);
	put_label(out, "type", status_string(check, "type"));
	fprintf(
	    out, ",check_port=\"%" PRId64 "\"", status_number(check, "port"));
}

static void
put_check_up(FILE *out, const struct family *family, const json_t *service,
    const json_t *destination)
{
	const json_t *check;
	size_t i;

	json_array_foreach(json_object_get(destination, "checks"), i, check) {
		put_check_labels(out, family, service, destination, check, i);
		fprintf(out, "} %d\n",
		    strcmp(status_string(check, "state"), "up") == 0);
	}
}

static void
sample_check_up(FILE *out, const struct family *family, const json_t *service)
{
	each_destination(out, family, service, put_check_up);
}

static void
put_check_results(FILE *out, const struct family *family, const json_t *service,
    const json_t *destination)
{
	static const char *const results[] = {"passed", "failed"};
	const json_t *check;
	size_t i, j;

	json_array_foreach(json_object_get(destination, "checks"), i, check) {
		for (j = 0; j < sizeof(results) / sizeof(results[0]); j++) {
			put_check_labels(
			    out, family, service, destination, check, i);
			fprintf(out, ",result=\"%s\"}", results[j]);
			put_value(out, json_object_get(check, results[j]));
		}
	}
}

static void
sample_check_results(
    FILE *out, const struct family *family, const json_t *service)
{
	each_destination(out, family, service, put_check_results);
}

/* Nothing for a check that has not come to an end yet. */
static void
put_check_duration(FILE *out, const struct family *family,
    const json_t *service, const json_t *destination)
{
	const json_t *check;
	int64_t duration;
	size_t i;

	json_array_foreach(json_object_get(destination, "checks"), i, check) {
		if (!json_is_string(json_object_get(check, "outcome")))
			continue;
		duration = status_number(check, "duration");
		put_check_labels(out, family, service, destination, check, i);
		fprintf(out, "} %" PRId64 ".%06" PRId64 "\n",
		    duration / 1000000, duration % 1000000);
	}
}

static void
sample_check_duration(
    FILE *out, const struct family *family, const json_t *service)
{
	each_destination(out, family, service, put_check_duration);
}

/* By the state that a check changed to. */
static void
sample_transitions(
    FILE *out, const struct family *family, const json_t *service)
{
	static const char *const states[] = {"up", "down"};
	const json_t *transitions = json_object_get(service, "transitions");
	size_t i;

	for (i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		put_name(out, family);
		put_service_labels(out, service);
		fprintf(out, ",to=\"%s\"}", states[i]);
		put_value(out, json_object_get(transitions, states[i]));
	}
}

static void
sample_results(FILE *out, const struct family *family, const json_t *status)
{
	const json_t *result;
	size_t i;

	json_array_foreach(
	    json_object_get(json_object_get(status, "probes"), "results"), i,
	    result) {
		put_name(out, family);
		fputc('{', out);
		put_label(out, "type", status_string(result, "type"));
		fputc(',', out);
		put_label(out, "outcome", status_string(result, "outcome"));
		fputc('}', out);
		put_value(out, json_object_get(result, "count"));
	}
}

static void
sample_probes(FILE *out, const struct family *family, const json_t *status)
{
	put_name(out, family);
	put_value(out,
	    json_object_get(json_object_get(status, "probes"), family->key));
}

/* Microseconds as seconds. */
static void
put_seconds(FILE *out, int64_t us)
{
	fprintf(out, "%" PRId64 ".%06" PRId64, us / 1000000, us % 1000000);
}

static void
begin_sample(FILE *out, const struct family *family, const char *suffix,
    const json_t *service)
{
	put_name(out, family);
	fputs(suffix, out);
	put_service_labels(out, service);
}

static void
put_histogram(FILE *out, const struct family *family, const json_t *service,
    const json_t *histogram)
{
	const json_t *bucket;
	size_t i;

	json_array_foreach(json_object_get(histogram, "buckets"), i, bucket) {
		begin_sample(out, family, "_bucket", service);
		fputs(",le=\"", out);
		put_seconds(out, json_integer_value(json_array_get(bucket, 0)));
		fputs("\"}", out);
		put_value(out, json_array_get(bucket, 1));
	}
	begin_sample(out, family, "_bucket", service);
	fputs(",le=\"+Inf\"}", out);
	put_value(out, json_object_get(histogram, "count"));
	begin_sample(out, family, "_sum", service);
	fputs("} ", out);
	put_seconds(out, status_number(histogram, "sum"));
	fputc('\n', out);
	begin_sample(out, family, "_count", service);
	fputc('}', out);
	put_value(out, json_object_get(histogram, "count"));
}

/* Of services that have had such a phase. */
static void
sample_latency(FILE *out, const struct family *family, const json_t *service)
{
	const json_t *histogram =
	    json_object_get(json_object_get(service, "latency"), family->key);

	if (json_is_object(histogram))
		put_histogram(out, family, service, histogram);
}

static const struct family of_destinations[] = {
    {"check_up", "gauge", "Is the check up, after rise and fall.",
	sample_check_up, NULL},
    {"check_results_total", "counter", "Probes by their result.",
	sample_check_results, NULL},
    {"check_last_duration_seconds", "gauge", "How long the last probe took.",
	sample_check_duration, NULL},
};

static const struct family of_services[] = {
    {"check_transitions_total", "counter",
	"Changes of checks' states, by the state that they changed to.",
	sample_transitions, NULL},
    {"check_connect_seconds", "histogram",
	"How long connections of health checks took to be made.",
	sample_latency, "connect"},
    {"check_tls_seconds", "histogram",
	"How long TLS handshakes of health checks took.", sample_latency,
	"tls"},
    {"check_first_byte_seconds", "histogram",
	"How long servers took to begin to answer health checks.",
	sample_latency, "first_byte"},
};

static const struct family families[] = {
    {"probes_total", "counter", "Probes by type of check and outcome.",
	sample_results, NULL},
    {"probes_limit", "gauge", "Probes that may be under way at once.",
	sample_probes, "limit"},
    {"probes_running", "gauge", "Probes under way.", sample_probes, "running"},
    {"probes_waiting", "gauge", "Probes that wait for others to end.",
	sample_probes, "waiting"},
    {"probes_put_off_total", "counter",
	"Probes that had to wait for others to end.", sample_probes, "put_off"},
};

const struct family *
status_check_families(size_t *count)
{
	*count = sizeof(families) / sizeof(families[0]);
	return families;
}

const struct family *
status_check_service_families(size_t *count)
{
	*count = sizeof(of_services) / sizeof(of_services[0]);
	return of_services;
}

const struct family *
status_check_destination_families(size_t *count)
{
	*count = sizeof(of_destinations) / sizeof(of_destinations[0]);
	return of_destinations;
}
