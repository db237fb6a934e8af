/* SPDX-License-Identifier: ISC */

/*
 * Events as they happen, for those who listen (server-sent events, HTML
 * Standard, section 9.2).  An event's text is made once and shared by all
 * listeners.  One that does not read misses events once much is queued for it,
 * and is closed if that lasts; all are closed after some time, whereupon
 * browsers connect again.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>

#include "adapters/http_private.h"
#include "base/log.h"
#include "base/monotime.h"
#include "base/xmalloc.h"

#define LISTENERS    32
#define LIFETIME     (30 * 60 * 1000) /* ms */
#define QUEUED_MAX   262144	      /* bytes, past which nothing is added */
#define FULL_SECONDS 30		      /* after which to ask again */
#define STALLED_MS   15000	      /* ms that it may last */

struct http_listener {
	TAILQ_ENTRY(http_listener) entry;
	struct http_listeners *all;
	struct evhttp_request *request;
	struct addr peer; /* as limits count it */
	char *service;	  /* that it wants to hear of; or NULL */
	bool told;	  /* of its service; see http_untell_services() */
	uint64_t stalled; /* monotonic ms, since when; 0 = it reads */
};

struct http_listeners {
	struct http *http;
	TAILQ_HEAD(, http_listener) list;
	size_t count;
	unsigned per_source;	    /* of one peer, at a time */
	struct http_listener *next; /* for who goes through the list */
};

/* An event's text, and how many queues it is in. */
struct shared {
	unsigned users;
	size_t length;
	char text[];
};

static void
release(const void *data, size_t length, void *arg)
{
	struct shared *shared = arg;

	(void)data, (void)length;
	if (--shared->users == 0)
		free(shared);
}

static struct shared *
make_text(const char *event, uint64_t id, const char *data)
{
	size_t size = strlen(event) + strlen(data) + 64;
	struct shared *shared = xcalloc(1, sizeof(*shared) + size);
	char number[32] = "";

	if (id != 0)
		snprintf(number, sizeof(number), "id: %llu\n",
		    (unsigned long long)id);
	shared->users = 1;
	shared->length = (size_t)snprintf(shared->text, size,
	    "event: %s\n%sdata: %s\n\n", event, number, data);
	return shared;
}

static void
listener_free(struct http_listener *listener)
{
	struct http_listeners *all = listener->all;

	if (all->next == listener)
		all->next = TAILQ_NEXT(listener, entry);
	TAILQ_REMOVE(&all->list, listener, entry);
	all->count--;
	free(listener->service);
	free(listener);
}

static void
on_close(struct evhttp_connection *connection, void *arg)
{
	struct http_listener *listener = arg;

	(void)connection;
	if (evhttp_request_get_connection(listener->request) == NULL)
		evhttp_request_free(listener->request);
	listener_free(listener);
}

/* Has it room for more?  If it hasn't had for long, it goes. */
static bool
has_room(struct http_listener *listener)
{
	struct evhttp_connection *connection =
	    evhttp_request_get_connection(listener->request);
	struct evbuffer *out = bufferevent_get_output(
	    evhttp_connection_get_bufferevent(connection));
	uint64_t now = monotime_ms();

	if (evbuffer_get_length(out) <= QUEUED_MAX) {
		listener->stalled = 0;
		return true;
	}
	if (listener->stalled == 0)
		listener->stalled = now;
	else if (now - listener->stalled > STALLED_MS)
		evhttp_connection_free(connection);
	return false;
}

static void
tell(struct http_listener *listener, struct shared *shared)
{
	struct evbuffer *chunk;

	if (!has_room(listener))
		return;
	chunk = evbuffer_new();
	if (chunk == NULL ||
	    evbuffer_add_reference(
		chunk, shared->text, shared->length, release, shared) == -1)
		fatalx("webserver: out of memory");
	shared->users++;
	evhttp_send_reply_chunk(listener->request, chunk);
	evbuffer_free(chunk);
}

bool
http_has_listeners(const struct http *http)
{
	return http->listeners->count > 0;
}

void
http_tell(struct http *http, const char *event, uint64_t id, const char *data)
{
	struct http_listeners *all = http->listeners;
	struct http_listener *listener;
	struct shared *shared;

	if (all->count == 0)
		return;
	shared = make_text(event, id, data);
	for (listener = TAILQ_FIRST(&all->list); listener != NULL;
	     listener = all->next) {
		all->next = TAILQ_NEXT(listener, entry);
		tell(listener, shared);
	}
	release(NULL, 0, shared);
}

void
http_tell_one(struct http_listener *listener, const char *event, uint64_t id,
    const char *data)
{
	struct shared *shared = make_text(event, id, data);

	tell(listener, shared);
	release(NULL, 0, shared);
}

const char *
http_listener_service(const struct http_listener *listener)
{
	return listener->service;
}

void
http_untell_services(struct http *http)
{
	struct http_listener *listener;

	TAILQ_FOREACH(listener, &http->listeners->list, entry)
		listener->told = false;
}

const char *
http_untold_service(const struct http *http)
{
	struct http_listener *listener;

	TAILQ_FOREACH(listener, &http->listeners->list, entry)
		if (listener->service != NULL && !listener->told)
			return listener->service;
	return NULL;
}

void
http_tell_service(
    struct http *http, const char *service, const char *event, const char *data)
{
	struct http_listeners *all = http->listeners;
	struct http_listener *listener;
	struct shared *shared = data != NULL ? make_text(event, 0, data) : NULL;

	for (listener = TAILQ_FIRST(&all->list); listener != NULL;
	     listener = all->next) {
		all->next = TAILQ_NEXT(listener, entry);
		if (listener->service == NULL ||
		    strcmp(listener->service, service) != 0)
			continue;
		listener->told = true;
		if (shared != NULL)
			tell(listener, shared);
	}
	if (shared != NULL)
		release(NULL, 0, shared);
}

/* The id of the last event that a browser has seen before. */
static uint64_t
last_seen(struct evhttp_request *request)
{
	const char *text = evhttp_find_header(
	    evhttp_request_get_input_headers(request), "Last-Event-ID");

	return text != NULL ? strtoull(text, NULL, 10) : 0;
}

static struct http_listener *
listener_new(
    struct http *http, struct evhttp_request *request, const char *service)
{
	struct http_listener *listener = xcalloc(1, sizeof(*listener));

	listener->all = http->listeners;
	listener->request = request;
	http_peer_of_request(request, &listener->peer);
	listener->service = service != NULL ? xstrdup(service) : NULL;
	TAILQ_INSERT_TAIL(&http->listeners->list, listener, entry);
	http->listeners->count++;
	return listener;
}

static void
begin(struct http_listener *listener)
{
	struct timeval lasting = monotime_timeval(LIFETIME);
	struct evhttp_request *request = listener->request;
	struct evhttp_connection *connection =
	    evhttp_request_get_connection(request);
	struct evbuffer *retry = evbuffer_new();

	http_connection_stays(listener->all->http, request, LIFETIME);
	evhttp_connection_set_closecb(connection, on_close, listener);
	http_headers(request, HTTP_DATA, "text/event-stream");
	evhttp_add_header(evhttp_request_get_output_headers(request),
	    "X-Accel-Buffering", "no");
	evhttp_send_reply_start(request, 200, "OK");
	bufferevent_set_timeouts(
	    evhttp_connection_get_bufferevent(connection), &lasting, &lasting);
	if (retry == NULL || evbuffer_add_printf(retry, "retry: 2000\n\n") < 0)
		fatalx("webserver: out of memory");
	evhttp_send_reply_chunk(request, retry);
	evbuffer_free(retry);
}

/* Have others, or who asks, as many as they may have? */
static bool
is_full(const struct http_listeners *all, struct evhttp_request *request)
{
	const struct http_listener *listener;
	unsigned count = 0;
	struct addr peer;

	http_peer_of_request(request, &peer);
	TAILQ_FOREACH(listener, &all->list, entry)
		count += addr_compare(&listener->peer, &peer) == 0;
	return count >= all->per_source || all->count == LISTENERS;
}

void
http_listen(
    struct http *http, struct evhttp_request *request, struct http_query *query)
{
	const char *service = http_query(query, "service");
	struct evbuffer *nothing;
	struct http_listener *listener;

	if (service != NULL && !http->content->knows(http->arg, service)) {
		http_reply_error(request, 404);
	} else if (http_is_head(request)) {
		nothing = evbuffer_new();
		http_reply(
		    request, HTTP_DATA, 200, "text/event-stream", nothing);
		evbuffer_free(nothing);
	} else if (is_full(http->listeners, request)) {
		http_connections_refused(http->connections);
		http_reply_later(request, 503, FULL_SECONDS);
	} else {
		listener = listener_new(http, request, service);
		begin(listener);
		http->content->listens(http->arg, listener, last_seen(request));
	}
}

struct http_listeners *
http_listeners_new(struct http *http)
{
	struct http_listeners *all = xcalloc(1, sizeof(*all));

	all->http = http;
	TAILQ_INIT(&all->list);
	return all;
}

void
http_listeners_limit(struct http_listeners *all, unsigned per_source)
{
	all->per_source = per_source;
}

size_t
http_listeners_count(const struct http_listeners *all)
{
	return all->count;
}

void
http_listeners_free(struct http_listeners *all)
{
	struct http_listener *listener;

	while ((listener = TAILQ_FIRST(&all->list)) != NULL)
		listener_free(listener);
	free(all);
}
