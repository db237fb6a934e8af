/* SPDX-License-Identifier: ISC */

/*
 * The sync adapter's life: start, new settings, what is done time and again,
 * end.  See sync.h.
 */

#include <sys/time.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/sha.h>

#include <event2/event.h>

#include "adapters/sync_private.h"
#include "base/log.h"
#include "base/monotime.h"
#include "base/xmalloc.h"

#define GOODBYES 2 /* one may be lost */

/* The first bytes of a name's digest, as a number. */
static uint64_t
name_number(const char *name, size_t bytes)
{
	uint8_t digest[SHA256_DIGEST_LENGTH];
	uint64_t number = 0;
	size_t i;

	SHA256((const uint8_t *)name, strlen(name), digest);
	for (i = 0; i < bytes; i++)
		number = number << 8 | digest[i];
	return number;
}

/* Two starts differ even if the clock says the same. */
static uint64_t
new_epoch(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec +
	    arc4random_uniform(1000000);
}

/* This instance as one that nobody has heard of. */
static void
make_peers(struct sync *s, uint64_t now)
{
	const struct sync_peers_options options = {
	    .name = s->settings.instance,
	    .own = {name_number(s->settings.instance, 8), new_epoch()},
	    .random = arc4random,
	    .report = sync_report_event,
	    .arg = s,
	};

	s->cluster = (uint32_t)name_number(s->settings.cluster, 4);
	s->namesake = false;
	s->peers = sync_peers_new(&options, now);
	sync_peers_see(
	    s->peers, &s->digests, s->services, s->service_count, now);
}

static void
make_socket(struct sync *s)
{
	struct sync_socket_settings settings = {
	    .group = s->settings.group,
	    .port = s->settings.port,
	    .ttl = s->settings.ttl,
	};

	strlcpy(settings.interface, s->settings.interface,
	    sizeof(settings.interface));
	s->socket = sync_socket_new(s->base, &settings, sync_receive, s);
}

static void
copy_settings(struct sync *s, const struct sync_settings *settings)
{
	s->settings = *settings;
	s->settings.interface = xstrdup(settings->interface);
	s->settings.cluster = xstrdup(settings->cluster);
	s->settings.instance = xstrdup(settings->instance);
}

static void
free_settings(struct sync_settings *settings)
{
	free((char *)(uintptr_t)settings->interface);
	free((char *)(uintptr_t)settings->cluster);
	free((char *)(uintptr_t)settings->instance);
}

static void
tick(evutil_socket_t fd, short what, void *arg)
{
	struct sync *s = arg;
	uint64_t now = monotime_ms();

	(void)fd;
	(void)what;
	sync_peers_tick(s->peers, now);
	if (now >= sync_peers_hello_at(s->peers))
		sync_hello(s, now);
	sync_tell_view(s, now);
	sync_join_tick(s, now);
	sync_tell(s, now);
	sync_serve_more(s, now);
	sync_out_flush(s);
}

static void
serve(evutil_socket_t fd, short what, void *arg)
{
	struct sync *s = arg;

	(void)fd;
	(void)what;
	sync_serve_more(s, monotime_ms());
	sync_out_flush(s);
}

struct sync *
sync_new(struct event_base *base, const struct sync_settings *settings,
    struct sync_keys *keys, const struct sync_callbacks *callbacks, void *arg)
{
	struct sync *s = xcalloc(1, sizeof(*s));
	struct timeval interval = monotime_timeval(SYNC_TICK);

	s->base = base;
	s->callbacks = callbacks;
	s->arg = arg;
	s->keys = keys;
	s->since = monotime_ms();
	copy_settings(s, settings);
	sync_report_init(s);
	sync_rate_init(&s->rate, settings->bandwidth, s->since);
	s->batch = sync_batch_new(SYNC_TELL_MAX);
	s->tick = event_new(base, -1, EV_PERSIST, tick, s);
	s->serve = evtimer_new(base, serve, s);
	if (s->tick == NULL || s->serve == NULL ||
	    evtimer_add(s->tick, &interval) == -1)
		fatalx("sync: no memory for events");
	make_peers(s, s->since);
	make_socket(s);
	return s;
}

static bool
is_same_socket(const struct sync_settings *a, const struct sync_settings *b)
{
	return strcmp(a->interface, b->interface) == 0 &&
	    addr_compare(&a->group, &b->group) == 0 && a->port == b->port &&
	    a->ttl == b->ttl;
}

void
sync_configure(struct sync *s, const struct sync_settings *settings,
    struct sync_keys *keys)
{
	struct sync_settings was = s->settings;
	uint64_t now = monotime_ms();

	sync_keys_free(s->keys);
	s->keys = keys;
	copy_settings(s, settings);
	sync_rate_set(&s->rate, settings->bandwidth, now);
	if (strcmp(was.cluster, settings->cluster) != 0 ||
	    strcmp(was.instance, settings->instance) != 0) {
		sync_peers_free(s->peers);
		make_peers(s, now);
		sync_join_reset(s);
		sync_serve_reset(s);
	}
	if (!is_same_socket(&was, settings)) {
		s->lost += sync_socket_overruns(s->socket);
		sync_socket_free(s->socket);
		make_socket(s);
	}
	free_settings(&was);
}

void
sync_leave(struct sync *s)
{
	int i;

	s->leaving = true;
	for (i = 0; i < GOODBYES; i++)
		sync_hello(s, monotime_ms());
	sync_out_flush(s);
}

void
sync_free(struct sync *s)
{
	if (s == NULL)
		return;
	event_free(s->tick);
	event_free(s->serve);
	sync_socket_free(s->socket);
	sync_serve_reset(s);
	sync_peers_free(s->peers);
	sync_keys_free(s->keys);
	sync_batch_free(s->batch);
	free_settings(&s->settings);
	free(s->services);
	free(s);
}

void
sync_see(struct sync *s, const struct sync_digests *digests,
    const struct sync_service *services, size_t count)
{
	s->services = xreallocarray(s->services, count + 1, sizeof(*services));
	if (count > 0)
		memcpy(s->services, services, count * sizeof(*services));
	s->service_count = count;
	s->view_next = count;
	s->digests = *digests;
	sync_peers_see(s->peers, digests, services, count, monotime_ms());
}

const struct sync_peer *
sync_find_peer(const struct sync *s, const struct sync_identity *who)
{
	const struct sync_peer *peer;
	unsigned i;

	for (i = 0; i < sync_peers_count(s->peers); i++) {
		peer = sync_peers_get(s->peers, i);
		if (peer->who.id == who->id && peer->who.epoch == who->epoch)
			return peer;
	}
	return NULL;
}

bool
sync_learning(const struct sync *s)
{
	return !s->join.done;
}
