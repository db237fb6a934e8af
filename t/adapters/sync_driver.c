/* SPDX-License-Identifier: ISC */

/*
 * The sync adapter with a flow table of its own, driven by lines on standard
 * input, for sync.py and contrib/bench.  Arguments are settings, key=value;
 * with "set" they are given again, as a reload would.
 *
 *	sync_driver interface=I key=FILE instance=NAME [cluster= group= port=
 *	    ttl= bandwidth= learn= capacity= refresh= timer=]
 *	set [KEY=VALUE]...	answered by "ok", or "refused: ..."
 *	packets FIRST COUNT	of flows, made if they are not there
 *	close FIRST COUNT
 *	touch			a packet of every flow
 *	keep MS			a packet of every flow, each so many ms
 *	limit SERVICES SERVERS	that are configured
 *	see CONFIG HEALTH TABLES	numbers, of one service
 *	clear			forget all flows
 *	leave			say goodbye; and end
 *	status			answered by a line of JSON
 *	usage			likewise, of time and bytes alone
 */

#include <sys/resource.h>

#include <err.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <jansson.h>

#include "adapters/sync.h"
#include "adapters/sync_key.h"
#include "base/log.h"
#include "base/monotime.h"
#include "base/xmalloc.h"
#include "sync_store.h"

static struct event_base *base;
static struct sync *sync_;
static struct store *store;
static struct event *keep;
static uint64_t timer_at, latest;
static unsigned learnt_calls;

/* Settings by name. */

static char interface[32], key[256], instance[64],
    cluster[64] = "vc5d", group[64] = "239.192.86.53", port[16] = "8653",
    ttl[16] = "1", bandwidth[16] = "20000000", learn[16] = "30000",
    capacity[16] = "65536", refresh[16] = "2000", timer_ms[16] = "10";

static const struct {
	const char *name;
	char *value;
	size_t size;
} options[] = {
    {"interface", interface, sizeof(interface)},
    {"key", key, sizeof(key)},
    {"instance", instance, sizeof(instance)},
    {"cluster", cluster, sizeof(cluster)},
    {"group", group, sizeof(group)},
    {"port", port, sizeof(port)},
    {"ttl", ttl, sizeof(ttl)},
    {"bandwidth", bandwidth, sizeof(bandwidth)},
    {"learn", learn, sizeof(learn)},
    {"capacity", capacity, sizeof(capacity)},
    {"refresh", refresh, sizeof(refresh)},
    {"timer", timer_ms, sizeof(timer_ms)},
};

static void
set_option(char *word)
{
	char *value = strchr(word, '=');
	size_t i;

	if (value == NULL)
		errx(1, "%s: not an option", word);
	*value++ = '\0';
	for (i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (strcmp(options[i].name, word) == 0) {
			snprintf(
			    options[i].value, options[i].size, "%s", value);
			return;
		}
	errx(1, "%s: unknown", word);
}

static struct sync_settings
settings(void)
{
	struct sync_settings s = {
	    .interface = interface,
	    .port = (uint16_t)atoi(port),
	    .ttl = (unsigned)atoi(ttl),
	    .bandwidth = strtoull(bandwidth, NULL, 10),
	    .cluster = cluster,
	    .instance = instance,
	    .learn = (unsigned)atoi(learn),
	};

	if (addr_parse(group, &s.group) == -1)
		errx(1, "%s: not an address", group);
	return s;
}

/* The adapter's callbacks. */

static void
cb_tell(void *arg, dataplane_flow_fn *fn, void *fn_arg)
{
	(void)arg;
	store_tell(store, fn, fn_arg);
}

static void
cb_walk(void *arg, uint64_t *cursor, uint32_t within, dataplane_flow_fn *fn,
    void *fn_arg)
{
	(void)arg;
	store_walk(store, cursor, within, fn, fn_arg);
}

static enum dataplane_learnt
cb_learn(void *arg, const struct flow *f)
{
	(void)arg;
	return store_learn(store, f);
}

static uint64_t
cb_count(void *arg)
{
	(void)arg;
	return store_count(store);
}

static void
cb_learnt(void *arg)
{
	(void)arg;
	learnt_calls++;
}

static const struct sync_callbacks callbacks = {
    .tell = cb_tell,
    .walk = cb_walk,
    .learn = cb_learn,
    .count = cb_count,
    .learnt = cb_learnt,
};

/* What the lines do. */

static void
answer(const char *text)
{
	puts(text);
	fflush(stdout);
}

static void
do_set(char *text)
{
	struct sync_keys *keys;
	struct sync_settings s;
	char *word, *error;

	while ((word = strsep(&text, " ")) != NULL)
		if (*word != '\0')
			set_option(word);
	if ((keys = sync_keys_load(key, cluster, &error)) == NULL) {
		printf("refused: %s\n", error);
		fflush(stdout);
		free(error);
		return;
	}
	s = settings();
	sync_configure(sync_, &s, keys);
	answer("ok");
}

static void
each(const char *text, enum flow_state state)
{
	unsigned long first = 0, count = 0, i;

	if (text == NULL || sscanf(text, "%lu %lu", &first, &count) != 2)
		errx(1, "which flows?");
	for (i = 0; i < count; i++)
		store_packet(store, first + i, state);
}

static void
do_packets(char *text)
{
	each(text, FLOW_CONFIRMED);
}

static void
do_close(char *text)
{
	each(text, FLOW_CLOSED);
}

static void
do_touch(char *text)
{
	(void)text;
	store_packets(store);
}

static void
kept(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	store_packets(store);
}

static void
do_keep(char *text)
{
	struct timeval tv =
	    monotime_timeval(text != NULL ? strtoull(text, NULL, 10) : 1000);

	if (keep == NULL)
		keep = event_new(base, -1, EV_PERSIST, kept, NULL);
	evtimer_add(keep, &tv);
}

static void
do_limit(char *text)
{
	unsigned services, servers;

	if (text == NULL || sscanf(text, "%u %u", &services, &servers) != 2)
		errx(1, "limit to what?");
	store_limit(store, services, servers);
}

static void
do_see(char *text)
{
	struct sync_service s = {.key = {.port = 80, .protocol = IPPROTO_TCP}};
	struct sync_digests all;

	(void)addr_parse("192.0.2.1", &s.key.vip);
	if (text == NULL ||
	    sscanf(text, "%u %u %u", &s.config, &s.health, &s.tables) != 3)
		errx(1, "see what?");
	all.config = s.config;
	all.health = s.health;
	all.tables = s.tables;
	sync_see(sync_, &all, &s, 1);
}

static void
do_clear(char *text)
{
	(void)text;
	store_clear(store);
}

static void
do_leave(char *text)
{
	(void)text;
	sync_leave(sync_);
	event_base_loopbreak(base);
}

static json_t *
counts_json(const struct sync_count *counts, size_t n)
{
	json_t *o = json_object();
	size_t i;

	for (i = 0; i < n; i++)
		if (counts[i].help != NULL)
			json_object_set_new(o, counts[i].name,
			    json_integer((json_int_t)counts[i].count));
	return o;
}

static json_t *
traffic_json(const struct sync_traffic *t)
{
	return json_pack("{sI sI sI}", "datagrams", (json_int_t)t->datagrams,
	    "bytes", (json_int_t)t->bytes, "flows", (json_int_t)t->flows);
}

static json_t *
peers_json(const struct sync_peers *peers)
{
	json_t *list = json_object(), *o;
	char text[ADDR_STRLEN];
	const struct sync_peer *p;
	unsigned i, kind;
	char *what;

	for (i = 0; i < sync_peers_count(peers); i++) {
		p = sync_peers_get(peers, i);
		o = json_pack("{ss ss sb sI sI}", "address",
		    addr_format(&p->from, text), "state",
		    sync_peer_state_name(p->state), "learning", p->learning,
		    "lost", (json_int_t)p->lost, "flows", (json_int_t)p->flows);
		for (kind = 0; kind < SYNC_KINDS; kind++) {
			if (!p->differs[kind].alarm)
				continue;
			what = sync_difference(p, (enum sync_kind)kind);
			json_object_set_new(o, "alarm", json_string(what));
			free(what);
		}
		json_object_set_new(list, p->name, o);
	}
	return list;
}

static json_int_t
cpu_us(void)
{
	struct rusage r;

	getrusage(RUSAGE_SELF, &r);
	return (json_int_t)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) * 1000000 +
	    r.ru_utime.tv_usec + r.ru_stime.tv_usec;
}

static void
do_status(char *text)
{
	struct sync_status s;
	char digest[17];
	json_t *o;

	(void)text;
	sync_status(sync_, &s);
	snprintf(digest, sizeof(digest), "%016llx",
	    (unsigned long long)store_digest(store));
	o = json_pack("{ss sb si so so so so sI so sI sI sI ss sI sI sI sb}",
	    "problem", s.problem, "learning", (int)s.learning, "learnt_calls",
	    (int)learnt_calls, "sent", traffic_json(&s.sent), "received",
	    traffic_json(&s.received), "dropped",
	    counts_json(s.drops, s.drop_count), "learnt",
	    counts_json(s.learnt, s.learnt_count), "deferred",
	    (json_int_t)s.deferred, "peers", peers_json(s.peers), "count",
	    (json_int_t)store_count(store), "closed",
	    (json_int_t)store_closed(store), "oldest",
	    (json_int_t)store_oldest(store), "digest", digest, "latest",
	    (json_int_t)latest, "cpu", cpu_us(), "now",
	    (json_int_t)monotime_ms(), "namesake", (int)s.namesake);
	latest = 0;
	json_dumpf(o, stdout, JSON_COMPACT);
	json_decref(o);
	answer("");
}

/* As little as can be, while it is measured. */
static void
do_usage(char *text)
{
	struct sync_status s;
	json_t *o;

	(void)text;
	sync_status(sync_, &s);
	o = json_pack("{sI sI so so}", "cpu", cpu_us(), "now",
	    (json_int_t)monotime_ms(), "sent", traffic_json(&s.sent),
	    "received", traffic_json(&s.received));
	json_dumpf(o, stdout, JSON_COMPACT);
	json_decref(o);
	answer("");
}

static void
input(struct bufferevent *bev, void *arg)
{
	static const struct {
		const char *verb;
		void (*function)(char *);
	} verbs[] = {{"set", do_set}, {"packets", do_packets},
	    {"close", do_close}, {"touch", do_touch}, {"keep", do_keep},
	    {"limit", do_limit}, {"see", do_see}, {"clear", do_clear},
	    {"leave", do_leave}, {"status", do_status}, {"usage", do_usage}};
	char *line, *rest;
	size_t i;

	(void)arg;
	while ((line = evbuffer_readln(bufferevent_get_input(bev), NULL,
		    EVBUFFER_EOL_LF)) != NULL) {
		rest = line;
		strsep(&rest, " ");
		for (i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
			if (strcmp(verbs[i].verb, line) == 0)
				verbs[i].function(rest);
		free(line);
	}
}

static void
ended(struct bufferevent *bev, short what, void *arg)
{
	(void)bev;
	(void)what;
	(void)arg;
	event_base_loopbreak(base);
}

/* How late are timers, as they stand for all else that the loop does? */
static void
timer(evutil_socket_t fd, short what, void *arg)
{
	uint64_t now = monotime_ms();

	(void)fd;
	(void)what;
	(void)arg;
	if (timer_at != 0 && now - timer_at > latest)
		latest = now - timer_at;
	timer_at = now;
}

static void
tick(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	store_tick(store);
}

static void
begin(void)
{
	struct sync_settings s = settings();
	struct sync_keys *keys;
	char *error;

	if ((keys = sync_keys_load(key, cluster, &error)) == NULL)
		errx(1, "%s", error);
	sync_ = sync_new(base, &s, keys, &callbacks, NULL);
}

int
main(int argc, char *argv[])
{
	struct timeval second = monotime_timeval(1000), interval;
	struct event *ticker, *clock;
	struct bufferevent *bev;
	int i;

	for (i = 1; i < argc; i++)
		set_option(argv[i]);
	log_open("sync_driver", 1, LOG_VERBOSE);
	base = event_base_new();
	store =
	    store_new(strtoull(capacity, NULL, 10), (unsigned)atoi(refresh));
	begin();
	ticker = event_new(base, -1, EV_PERSIST, timer, NULL);
	interval = monotime_timeval((uint64_t)atoi(timer_ms));
	evtimer_add(ticker, &interval);
	clock = event_new(base, -1, EV_PERSIST, tick, NULL);
	evtimer_add(clock, &second);
	bev = bufferevent_socket_new(base, 0, 0);
	bufferevent_setcb(bev, input, NULL, ended, NULL);
	bufferevent_enable(bev, EV_READ);
	event_base_dispatch(base);
	sync_free(sync_);
	event_free(ticker);
	event_free(clock);
	if (keep != NULL)
		event_free(keep);
	bufferevent_free(bev);
	event_base_free(base);
	store_free(store);
	return 0;
}
