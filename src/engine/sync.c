/* SPDX-License-Identifier: ISC */

/*
 * Sharing flows with other instances: joins the sync adapter to the data
 * plane, and works out what instances compare.
 */

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "adapters/sync.h"
#include "adapters/sync_key.h"
#include "base/log.h"
#include "base/monotime.h"
#include "base/xmalloc.h"
#include "engine/private.h"

#define SEE_LIMIT 20 /* ms of the loop's time for digests of tables */

/* What the adapter asks of the data plane. */

static void
tell(void *arg, dataplane_flow_fn *fn, void *fn_arg)
{
	struct engine *e = arg;

	e->dataplane->ops->flows_tell(e->dataplane, fn, fn_arg);
}

static void
walk(void *arg, uint64_t *cursor, uint32_t within, dataplane_flow_fn *fn,
    void *fn_arg)
{
	struct engine *e = arg;

	/* What is not live would not be taken. */
	e->dataplane->ops->flows_walk(e->dataplane, cursor,
	    within == 0 ? UINT32_MAX : within, fn, fn_arg);
}

static enum dataplane_learnt
learn(void *arg, const struct flow *flow)
{
	struct engine *e = arg;

	return e->dataplane->ops->flow_learn(e->dataplane, flow);
}

static uint64_t
count(void *arg)
{
	struct engine *e = arg;
	struct dataplane_flows flows = {0};

	e->dataplane->ops->flows(e->dataplane, &flows);
	return flows.confirmed + flows.closed;
}

/* VIPs that waited need not any more. */
static void
learnt(void *arg)
{
	engine_reconcile_soon(arg);
}

static const struct sync_callbacks callbacks = {
    .tell = tell,
    .walk = walk,
    .learn = learn,
    .count = count,
    .learnt = learnt,
};

/* Settings and keys. */

/* A host may be called what an instance may not. */
static void
host_name(char name[SYNC_NAME_MAX + 1])
{
	char host[256] = "";
	size_t i;

	gethostname(host, sizeof(host) - 1);
	snprintf(name, SYNC_NAME_MAX + 1, "%.*s", SYNC_NAME_MAX,
	    host[0] != '\0' ? host : "vc5d");
	for (i = 0; name[i] != '\0'; i++)
		if (name[i] <= ' ' || name[i] > '~')
			name[i] = '-';
}

static struct sync_settings
settings_of(const struct conf *conf, char name[SYNC_NAME_MAX + 1])
{
	host_name(name);
	return (struct sync_settings){
	    .interface = conf->sync.interface,
	    .group = conf->sync.group,
	    .port = conf->sync.port,
	    .ttl = conf->sync.ttl,
	    .bandwidth = conf->sync.bandwidth,
	    .cluster = conf->sync.cluster,
	    .instance =
		conf->sync.instance != NULL ? conf->sync.instance : name,
	    .learn = conf->sync.learn,
	};
}

int
engine_sync_keys(const struct conf *conf, struct sync_keys **keys, char **error)
{
	*keys = NULL;
	*error = NULL;
	if (!conf->sync.enabled)
		return 0;
	*keys = sync_keys_load(conf->sync.key_file, conf->sync.cluster, error);
	return *keys == NULL ? -1 : 0;
}

/* The configuration's sync, with e->sync_keys, which are used up. */
void
engine_sync_follow(struct engine *e)
{
	struct sync_keys *keys = e->sync_keys;
	struct sync_settings settings;
	char name[SYNC_NAME_MAX + 1];

	e->sync_keys = NULL;
	if (!e->conf->sync.enabled) {
		engine_sync_end(e);
		return;
	}
	settings = settings_of(e->conf, name);
	if (e->sync != NULL)
		sync_configure(e->sync, &settings, keys);
	else
		e->sync = sync_new(e->base, &settings, keys, &callbacks, e);
	e->view_stale = true;
	engine_sync_see(e);
}

void
engine_sync_end(struct engine *e)
{
	if (e->sync == NULL)
		return;
	sync_leave(e->sync);
	sync_free(e->sync);
	e->sync = NULL;
}

void
engine_sync_free(struct engine *e)
{
	sync_free(e->sync);
	sync_keys_free(e->sync_keys);
}

bool
engine_sync_learning(const struct engine *e)
{
	return e->sync != NULL && sync_learning(e->sync);
}

/*
 * What instances compare: 64 bits of FNV-1a, over bytes that are the same on
 * every machine.
 */

#define DIGEST_START 0xcbf29ce484222325U
#define DIGEST_PRIME 0x100000001b3U

static uint64_t
mix_bytes(uint64_t digest, const void *data, size_t len)
{
	const uint8_t *bytes = data;
	size_t i;

	for (i = 0; i < len; i++)
		digest = (digest ^ bytes[i]) * DIGEST_PRIME;
	return digest;
}

static uint64_t
mix_number(uint64_t digest, uint64_t number)
{
	uint8_t bytes[8];
	int i;

	for (i = 7; i >= 0; i--, number >>= 8)
		bytes[i] = (uint8_t)number;
	return mix_bytes(digest, bytes, sizeof(bytes));
}

static uint64_t
mix_address(uint64_t digest, const struct addr *a)
{
	uint8_t mapped[16];

	addr_to_mapped(a, mapped);
	return mix_bytes(digest, mapped, sizeof(mapped));
}

/* Of what decides which server a client gets, and for how long. */
static uint64_t
config_digest(const struct service *s)
{
	const struct conf_service *c = s->conf;
	uint64_t digest = DIGEST_START;
	size_t i;

	digest = mix_number(digest, s->engine->conf->limits.slots);
	digest = mix_number(digest, c->scheduler);
	digest = mix_number(digest, c->sticky);
	digest = mix_number(digest, c->track);
	digest = mix_number(digest, c->idle);
	for (i = 0; i < c->destination_count; i++) {
		digest = mix_address(digest, &c->destinations[i].address);
		digest = mix_number(digest, c->destinations[i].weight);
		digest = mix_number(digest, c->destinations[i].draining);
	}
	return digest;
}

static uint64_t
health_digest(const struct service *s)
{
	uint64_t digest = DIGEST_START;
	size_t i;

	for (i = 0; i < s->conf->destination_count; i++) {
		digest = mix_address(digest, &s->destinations[i].conf->address);
		digest = mix_number(digest, s->destinations[i].state);
	}
	return digest;
}

static uint32_t
fold(uint64_t digest)
{
	return (uint32_t)(digest ^ digest >> 32);
}

static void
see_service(const struct service *s, struct sync_service *out)
{
	out->key = s->conf->key;
	out->config = fold(config_digest(s));
	out->health = fold(health_digest(s));
	out->tables = fold(s->table);
}

/* Weights that rise do so in steps of each instance's own time. */
static bool
is_rising(const struct engine *e)
{
	size_t i, j;

	for (i = 0; i < e->conf->service_count; i++)
		for (j = 0; j < e->conf->services[i].destination_count; j++)
			if (ramp_percent(&e->services[i].destinations[j]) < 100)
				return true;
	return false;
}

static int
service_order(const void *a, const void *b)
{
	return sync_service_order(&((const struct sync_service *)a)->key,
	    &((const struct sync_service *)b)->key);
}

static uint64_t
mix_service(uint64_t digest, const struct sync_service *s, uint32_t part)
{
	digest = mix_address(digest, &s->key.vip);
	digest =
	    mix_number(digest, (uint64_t)s->key.port << 8 | s->key.protocol);
	return mix_number(digest, part);
}

/*
 * Digests of tables that have changed: false if the time is up.  Each is of
 * all of a table, and after a reload there may be thousands.
 */
static bool
see_tables(struct engine *e)
{
	struct dataplane *dp = e->dataplane;
	uint64_t until = monotime_ms() + SEE_LIMIT;
	struct service *s;
	size_t i;

	for (i = 0; i < e->conf->service_count; i++) {
		s = &e->services[i];
		if (!s->table_stale)
			continue;
		if (monotime_ms() > until)
			return false;
		s->table = dp->ops->table_digest(dp, &s->conf->key);
		s->table_stale = false;
	}
	return true;
}

/* Go on with the next turn of the loop, so that checks go on meanwhile. */
void
engine_sync_see(struct engine *e)
{
	struct sync_digests all = {DIGEST_START, DIGEST_START, DIGEST_START};
	struct sync_service *services;
	size_t i, n = e->conf->service_count;

	if (e->sync == NULL || !e->view_stale)
		return;
	e->view_partial = !see_tables(e);
	if (e->view_partial) {
		engine_reconcile_soon(e);
		return;
	}
	e->view_stale = false;
	services = xcalloc(n, sizeof(*services));
	for (i = 0; i < n; i++)
		see_service(&e->services[i], &services[i]);
	qsort(services, n, sizeof(*services), service_order);
	for (i = 0; i < n; i++) {
		const struct sync_service *s = &services[i];

		all.config = mix_service(all.config, s, s->config);
		all.health = mix_service(all.health, s, s->health);
		all.tables = mix_service(all.tables, s, s->tables);
	}
	/* 0 is not compared. */
	if (is_rising(e))
		all.tables = 0;
	sync_see(e->sync, &all, services, n);
	free(services);
}
