/* SPDX-License-Identifier: ISC */

/*
 * The metric families of what is sent elsewhere: documents to Elasticsearch,
 * and alerts to webhooks.
 */

#include <inttypes.h>

#include "core/status_family.h"
#include "core/status_value.h"

static const json_t *
shipping(const json_t *status, const char *part)
{
	return json_object_get(json_object_get(status, "shipping"), part);
}

/* None where there is no Elasticsearch. */
static void
sample_elasticsearch(
    FILE *out, const struct family *family, const json_t *status)
{
	const json_t *o = shipping(status, "elasticsearch");

	if (!json_is_object(o))
		return;
	put_name(out, family);
	put_value(out, json_object_get(o, family->key));
}

static void
sample_dropped(FILE *out, const struct family *family, const json_t *status)
{
	const json_t *drop,
	    *list =
		json_object_get(shipping(status, "elasticsearch"), family->key);
	size_t i;

	json_array_foreach(list, i, drop) {
		put_labelled(out, family, "reason",
		    status_string(drop, "reason"),
		    json_object_get(drop, "count"));
	}
}

static void
sample_working(FILE *out, const struct family *family, const json_t *status)
{
	const json_t *o = shipping(status, "elasticsearch");

	if (!json_is_object(o))
		return;
	put_name(out, family);
	fprintf(out, " %d\n", *status_string(o, family->key) == '\0');
}

static void
sample_webhooks(FILE *out, const struct family *family, const json_t *status)
{
	const json_t *hook;
	size_t i;

	json_array_foreach(shipping(status, "webhooks"), i, hook) {
		put_labelled(out, family, "webhook",
		    status_string(hook, "name"),
		    json_object_get(hook, family->key));
	}
}

static void
sample_webhooks_working(
    FILE *out, const struct family *family, const json_t *status)
{
	const json_t *hook;
	size_t i;

	json_array_foreach(shipping(status, "webhooks"), i, hook) {
		put_labelled(out, family, "webhook",
		    status_string(hook, "name"),
		    *status_string(hook, family->key) == '\0' ? json_true()
							      : json_false());
	}
}

static void
sample_webhooks_dropped(
    FILE *out, const struct family *family, const json_t *status)
{
	const json_t *hook, *drop;
	size_t i, j;

	json_array_foreach(shipping(status, "webhooks"), i, hook) {
		json_array_foreach(
		    json_object_get(hook, family->key), j, drop) {
			put_name(out, family);
			fputc('{', out);
			put_label(out, "webhook", status_string(hook, "name"));
			fputc(',', out);
			put_label(out, "reason", status_string(drop, "reason"));
			fprintf(out, "} %" PRId64 "\n",
			    status_number(drop, "count"));
		}
	}
}

static const struct family families[] = {
    {"shipping_working", "gauge",
	"Did the last documents get to Elasticsearch.", sample_working,
	"error"},
    {"shipping_queued_documents", "gauge",
	"Documents that wait to be sent to Elasticsearch.",
	sample_elasticsearch, "queued"},
    {"shipping_queued_bytes", "gauge", "Memory that they take.",
	sample_elasticsearch, "queued_bytes"},
    {"shipping_sent_documents_total", "counter",
	"Documents that Elasticsearch has taken.", sample_elasticsearch,
	"sent"},
    {"shipping_dropped_documents_total", "counter",
	"Documents that were lost, by reason.", sample_dropped, "dropped"},
    {"shipping_retried_documents_total", "counter",
	"Times that Elasticsearch put a document off.", sample_elasticsearch,
	"retried"},
    {"shipping_requests_total", "counter", "Requests to Elasticsearch.",
	sample_elasticsearch, "requests"},
    {"shipping_failures_total", "counter",
	"Requests to Elasticsearch that failed as a whole.",
	sample_elasticsearch, "failures"},
    {"webhook_working", "gauge", "Did the last message get to the webhook.",
	sample_webhooks_working, "error"},
    {"webhook_pending_alerts", "gauge",
	"Alerts, and ends of such, that the webhook was not told of yet.",
	sample_webhooks, "pending"},
    {"webhook_messages_total", "counter",
	"Messages that the webhook has taken.", sample_webhooks, "sent"},
    {"webhook_alerts_total", "counter",
	"Alerts, and ends of such, that it was told of.", sample_webhooks,
	"told"},
    {"webhook_failures_total", "counter",
	"Messages that the webhook did not take.", sample_webhooks, "failures"},
    {"webhook_dropped_alerts_total", "counter",
	"Alerts, and ends of such, that were lost, by reason.",
	sample_webhooks_dropped, "dropped"},
};

const struct family *
status_shipping_families(size_t *count)
{
	*count = sizeof(families) / sizeof(families[0]);
	return families;
}
