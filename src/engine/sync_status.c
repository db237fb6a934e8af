/* SPDX-License-Identifier: ISC */

/*
 * What the status document says of sync.
 */

#include <inttypes.h>
#include <stdlib.h>

#include "adapters/sync.h"
#include "base/monotime.h"
#include "base/xmalloc.h"
#include "engine/private.h"

static json_t *
traffic_json(const struct sync_traffic *t)
{
	return json_pack("{s:I, s:I, s:I}", "datagrams",
	    (json_int_t)t->datagrams, "bytes", (json_int_t)t->bytes, "flows",
	    (json_int_t)t->flows);
}

static json_t *
counts_json(const struct sync_count *counts, size_t n, const char *name,
    const char *count)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < n; i++)
		if (counts[i].help != NULL)
			json_array_append_new(list,
			    json_pack("{s:s, s:s, s:I}", name, counts[i].name,
				"help", counts[i].help, count,
				(json_int_t)counts[i].count));
	return list;
}

static json_t *
services_json(const struct sync_peer *peer, enum sync_kind kind)
{
	char key[SERVICE_KEY_STRLEN];
	json_t *list = json_array();
	unsigned i;

	for (i = 0; i < peer->named; i++)
		if (sync_differs_in(&peer->differing[i], kind))
			json_array_append_new(list,
			    json_string(service_key_format(
				&peer->differing[i].key, key)));
	return list;
}

static json_t *
differs_json(const struct sync_peer *peer, bool *alarm)
{
	json_t *list = json_array();
	unsigned kind;

	*alarm = false;
	for (kind = 0; kind < SYNC_KINDS; kind++) {
		if (peer->differs[kind].since == 0)
			continue;
		*alarm = *alarm || peer->differs[kind].alarm;
		json_array_append_new(list,
		    json_pack("{s:s, s:o}", "what",
			sync_kind_name((enum sync_kind)kind), "services",
			services_json(peer, (enum sync_kind)kind)));
	}
	return list;
}

static json_t *
peer_json(const struct sync_peer *peer)
{
	uint64_t age = monotime_ms() - peer->heard_at;
	char address[ADDR_STRLEN], id[17];
	json_t *differs;
	bool alarm;

	snprintf(id, sizeof(id), "%016" PRIx64, peer->who.id);
	differs = differs_json(peer, &alarm);
	return json_pack("{s:o, s:s, s:s, s:s, s:b, s:I, s:I, s:I, s:b, s:o}",
	    "name", status_text(peer->name), "id", id, "address",
	    addr_format(&peer->from, address), "state",
	    sync_peer_state_name(peer->state), "learning", peer->learning,
	    "age", (json_int_t)(age / 1000), "lost", (json_int_t)peer->lost,
	    "flows", (json_int_t)peer->flows, "alarm", alarm, "differs",
	    differs);
}

json_t *
engine_sync_json(const struct engine *e)
{
	const struct conf *conf = e->conf;
	json_t *peers = json_array(), *o;
	char group[ADDR_STRLEN];
	struct sync_status s;
	unsigned i;

	if (e->sync == NULL) {
		json_decref(peers);
		return json_pack("{s:b}", "enabled", 0);
	}
	sync_status(e->sync, &s);
	for (i = 0; i < sync_peers_count(s.peers); i++)
		json_array_append_new(
		    peers, peer_json(sync_peers_get(s.peers, i)));
	o = json_pack("{s:b, s:s, s:s, s:s, s:s, s:i, s:s, s:b, s:I, s:o, "
		      "s:o, s:o, s:o, s:I, s:o}",
	    "enabled", 1, "cluster", conf->sync.cluster, "instance", s.instance,
	    "interface", conf->sync.interface, "group",
	    addr_format(&conf->sync.group, group), "port", (int)conf->sync.port,
	    "problem", s.problem, "learning", (int)s.learning, "seconds",
	    (json_int_t)((monotime_ms() - s.since) / 1000), "sent",
	    traffic_json(&s.sent), "received", traffic_json(&s.received),
	    "dropped", counts_json(s.drops, s.drop_count, "reason", "packets"),
	    "learnt", counts_json(s.learnt, s.learnt_count, "result", "flows"),
	    "deferred", (json_int_t)s.deferred, "peers", peers);
	return o;
}

/* A peer that is gone for good need not be one for ever. */
#define SILENCE_MAX 86400 /* s */
/* Until a new one can have heard us. */
#define DEAF_MIN 10 /* s */

static void
peer_problems(const struct sync_peer *peer, json_t *list)
{
	uint64_t age = (monotime_ms() - peer->heard_at) / 1000;
	unsigned kind;
	char *what;

	if (peer->state == SYNC_PEER_UNVERIFIED &&
	    monotime_ms() - peer->began_at > DEAF_MIN * 1000)
		json_array_append_new(list,
		    json_sprintf(
			"sync: %s does not hear this instance", peer->name));
	if (peer->state == SYNC_PEER_SILENT && age < SILENCE_MAX)
		json_array_append_new(list,
		    json_sprintf("sync: nothing heard of %s for %" PRIu64 " s",
			peer->name, age));
	for (kind = 0; kind < SYNC_KINDS; kind++) {
		if (!peer->differs[kind].alarm)
			continue;
		what = sync_difference(peer, (enum sync_kind)kind);
		json_array_append_new(list,
		    json_sprintf("sync: %s has other %s than this instance: "
				 "make them the same",
			peer->name, what));
		free(what);
	}
}

void
engine_sync_problems(const struct engine *e, json_t *list)
{
	struct sync_status s;
	unsigned i;

	if (e->sync == NULL)
		return;
	sync_status(e->sync, &s);
	if (s.problem[0] != '\0')
		json_array_append_new(
		    list, json_sprintf("sync: %s", s.problem));
	if (s.namesake)
		json_array_append_new(list,
		    json_sprintf("sync: another instance is called %s too: "
				 "give each a name with sync.instance",
			s.instance));
	for (i = 0; i < sync_peers_count(s.peers); i++)
		peer_problems(sync_peers_get(s.peers, i), list);
}
