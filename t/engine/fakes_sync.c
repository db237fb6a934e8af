/* SPDX-License-Identifier: ISC */

/*
 * See fakes_sync.h.
 */

#include "fakes_sync.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/sync_key.h"
#include "base/monotime.h"
#include "base/xmalloc.h"

struct sync_keys {
	char *path;
};

struct sync {
	struct sync_keys *keys;
	struct sync_peers *peers;
};

struct fake_sync fake_sync;

void
fake_sync_reset(void)
{
	memset(&fake_sync, 0, sizeof(fake_sync));
}

struct sync_keys *
sync_keys_load(const char *path, const char *cluster, char **error)
{
	struct sync_keys *k;

	(void)cluster;
	if (fake_sync.no_keys) {
		*error = xasprintf("%s: no keys today", path);
		return NULL;
	}
	k = xcalloc(1, sizeof(*k));
	k->path = xstrdup(path);
	fake_sync.keys++;
	return k;
}

void
sync_keys_free(struct sync_keys *k)
{
	if (k == NULL)
		return;
	fake_sync.keys--;
	free(k->path);
	free(k);
}

static uint32_t
no_random(void)
{
	return 4;
}

static void
note(const struct sync_settings *settings)
{
	snprintf(fake_sync.instance, sizeof(fake_sync.instance), "%s",
	    settings->instance);
	snprintf(fake_sync.cluster, sizeof(fake_sync.cluster), "%s",
	    settings->cluster);
	snprintf(fake_sync.interface, sizeof(fake_sync.interface), "%s",
	    settings->interface);
	fake_sync.bandwidth = settings->bandwidth;
}

struct sync *
sync_new(struct event_base *base, const struct sync_settings *settings,
    struct sync_keys *keys, const struct sync_callbacks *callbacks, void *arg)
{
	struct sync_peers_options options = {
	    .name = "fake", .own = {1, 1}, .random = no_random};
	struct sync *s = xcalloc(1, sizeof(*s));

	(void)base;
	fake_sync.news++;
	fake_sync.callbacks = callbacks;
	fake_sync.arg = arg;
	note(settings);
	s->keys = keys;
	s->peers = sync_peers_new(&options, monotime_ms());
	return s;
}

void
sync_configure(struct sync *s, const struct sync_settings *settings,
    struct sync_keys *keys)
{
	fake_sync.configures++;
	note(settings);
	sync_keys_free(s->keys);
	s->keys = keys;
}

void
sync_leave(struct sync *s)
{
	(void)s;
	fake_sync.leaves++;
}

void
sync_free(struct sync *s)
{
	if (s == NULL)
		return;
	fake_sync.frees++;
	sync_keys_free(s->keys);
	sync_peers_free(s->peers);
	free(s);
}

void
sync_see(struct sync *s, const struct sync_digests *digests,
    const struct sync_service *services, size_t count)
{
	(void)s;
	fake_sync.digests = *digests;
	fake_sync.seen_count = count;
	memcpy(fake_sync.seen, services, count * sizeof(*services));
	fake_sync.sees++;
}

bool
sync_learning(const struct sync *s)
{
	(void)s;
	return fake_sync.learning;
}

void
sync_status(struct sync *s, struct sync_status *out)
{
	*out = (struct sync_status){
	    .instance = fake_sync.instance,
	    .problem = fake_sync.problem != NULL ? fake_sync.problem : "",
	    .namesake = fake_sync.namesake,
	    .learning = fake_sync.learning,
	    .since = monotime_ms(),
	    .peers = s->peers,
	};
}

/* Of peers, of which there are none here. */

const char *
sync_kind_name(enum sync_kind kind)
{
	(void)kind;
	return "anything";
}

bool
sync_differs_in(const struct sync_differing *d, enum sync_kind kind)
{
	(void)d;
	(void)kind;
	return false;
}

char *
sync_difference(const struct sync_peer *peer, enum sync_kind kind)
{
	(void)peer;
	(void)kind;
	return xstrdup("anything");
}
