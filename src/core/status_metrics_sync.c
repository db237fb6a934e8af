/* SPDX-License-Identifier: ISC */

/*
 * The metric families of sync.  An instance that doesn't sync has none but the
 * one that says so.
 */

#include <stdbool.h>
#include <string.h>

#include "core/status_family.h"
#include "core/status_value.h"

static const json_t *
sync_of(const json_t *status)
{
	return json_object_get(status, "sync");
}

static bool
is_enabled(const json_t *status)
{
	return status_true(sync_of(status), "enabled");
}

static void
sample_enabled(FILE *out, const struct family *family, const json_t *status)
{
	put_name(out, family);
	fprintf(out, " %d\n", is_enabled(status));
}

static void
sample_sync(FILE *out, const struct family *family, const json_t *status)
{
	if (!is_enabled(status))
		return;
	put_name(out, family);
	put_value(out, json_object_get(sync_of(status), family->key));
}

static void
sample_usable(FILE *out, const struct family *family, const json_t *status)
{
	if (!is_enabled(status))
		return;
	put_name(out, family);
	fprintf(
	    out, " %d\n", *status_string(sync_of(status), "problem") == '\0');
}

static void
sample_sent(FILE *out, const struct family *family, const json_t *status)
{
	if (!is_enabled(status))
		return;
	put_name(out, family);
	put_value(out,
	    json_object_get(
		json_object_get(sync_of(status), "sent"), family->key));
}

static void
sample_received(FILE *out, const struct family *family, const json_t *status)
{
	if (!is_enabled(status))
		return;
	put_name(out, family);
	put_value(out,
	    json_object_get(
		json_object_get(sync_of(status), "received"), family->key));
}

/* Counts of a list, each with what it is of as a label. */
static void
sample_counts(FILE *out, const struct family *family, const json_t *list,
    const char *label)
{
	const json_t *count;
	size_t i;

	json_array_foreach(list, i, count) {
		put_labelled(out, family, label, status_string(count, label),
		    json_object_get(count, family->key));
	}
}

static void
sample_dropped(FILE *out, const struct family *family, const json_t *status)
{
	sample_counts(
	    out, family, json_object_get(sync_of(status), "dropped"), "reason");
}

static void
sample_learnt(FILE *out, const struct family *family, const json_t *status)
{
	sample_counts(
	    out, family, json_object_get(sync_of(status), "learnt"), "result");
}

/*
 * Which peer: two can have one name, for a while.  There are as many at a time
 * as a HELLO has room for.
 */
static void
put_peer(FILE *out, const struct family *family, const json_t *peer)
{
	put_name(out, family);
	fputc('{', out);
	put_label(out, "peer", status_string(peer, "name"));
	fputc(',', out);
	put_label(out, "id", status_string(peer, "id"));
}

static void
sample_peers(FILE *out, const struct family *family, const json_t *status)
{
	const json_t *peer;
	size_t i;

	json_array_foreach(json_object_get(sync_of(status), "peers"), i, peer) {
		put_peer(out, family, peer);
		fputc('}', out);
		put_value(out, json_object_get(peer, family->key));
	}
}

/* One series a state, 1 for the one that it is in. */
static void
sample_peer_states(FILE *out, const struct family *family, const json_t *status)
{
	static const char *const states[] = {
	    "unverified", "up", "silent", "left"};
	const json_t *peer;
	size_t i, j;

	json_array_foreach(json_object_get(sync_of(status), "peers"), i, peer) {
		for (j = 0; j < sizeof(states) / sizeof(states[0]); j++) {
			put_peer(out, family, peer);
			fprintf(out, ",state=\"%s\"} %d\n", states[j],
			    strcmp(status_string(peer, "state"), states[j]) ==
				0);
		}
	}
}

static bool
differs_in(const json_t *peer, const char *what)
{
	return status_count_string(
		   json_object_get(peer, "differs"), "what", what) > 0;
}

static void
sample_differs(FILE *out, const struct family *family, const json_t *status)
{
	static const char *const kinds[] = {
	    "configuration", "health", "tables"};
	const json_t *peer;
	size_t i, j;

	json_array_foreach(json_object_get(sync_of(status), "peers"), i, peer) {
		for (j = 0; j < sizeof(kinds) / sizeof(kinds[0]); j++) {
			put_peer(out, family, peer);
			fprintf(out, ",what=\"%s\"} %d\n", kinds[j],
			    differs_in(peer, kinds[j]));
		}
	}
}

static const struct family families[] = {
    {"sync_enabled", "gauge", "Are flows shared with other instances.",
	sample_enabled, NULL},
    {"sync_interface_usable", "gauge",
	"Can datagrams be sent by the interface of sync.", sample_usable, NULL},
    {"sync_learning", "gauge",
	"Do new VIPs wait until the flows of others are known.", sample_sync,
	"learning"},
    {"sync_sent_datagrams_total", "counter",
	"Datagrams sent to other instances.", sample_sent, "datagrams"},
    {"sync_sent_bytes_total", "counter",
	"Bytes in datagrams sent to other instances, IP headers included.",
	sample_sent, "bytes"},
    {"sync_sent_flows_total", "counter", "Flows told to other instances.",
	sample_sent, "flows"},
    {"sync_received_datagrams_total", "counter",
	"Datagrams of other instances that were taken.", sample_received,
	"datagrams"},
    {"sync_received_bytes_total", "counter",
	"Bytes in datagrams that were taken, IP headers included.",
	sample_received, "bytes"},
    {"sync_received_flows_total", "counter",
	"Flows in datagrams that were taken.", sample_received, "flows"},
    {"sync_dropped_datagrams_total", "counter",
	"Datagrams that were not taken, by reason.", sample_dropped, "packets"},
    {"sync_learnt_flows_total", "counter",
	"What became of flows that were received.", sample_learnt, "flows"},
    {"sync_deferred_total", "counter",
	"Times that flows to tell had to wait for bandwidth.", sample_sync,
	"deferred"},
    {"sync_peer_state", "gauge",
	"State of the peer: 1 for the one that it is in.", sample_peer_states,
	NULL},
    {"sync_peer_age_seconds", "gauge", "How long ago the peer was heard.",
	sample_peers, "age"},
    {"sync_peer_lost_datagrams_total", "counter",
	"Datagrams of the peer that never came.", sample_peers, "lost"},
    {"sync_peer_flows", "gauge", "Flows in the peer's table.", sample_peers,
	"flows"},
    {"sync_peer_alarm", "gauge",
	"Have its configuration or tables been others for long.", sample_peers,
	"alarm"},
    {"sync_peer_differs", "gauge",
	"Does it differ from this instance, in that.", sample_differs, NULL},
};

const struct family *
status_sync_families(size_t *count)
{
	*count = sizeof(families) / sizeof(families[0]);
	return families;
}
