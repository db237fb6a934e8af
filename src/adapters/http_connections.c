/* SPDX-License-Identifier: ISC */

/*
 * Who is connected to the web console's server, and for how long.
 *
 * evhttp 2.1 has no limit on connections and tells nobody when it closes one.
 * So each connection's socket is known here by its descriptor and its cookie
 * (SO_COOKIE, unique for the life of the kernel): a sweep finds those that
 * have gone, and shuts those down that are too old, which evhttp then takes
 * for the peer's own doing.
 */

#include <sys/socket.h>

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>

#include "adapters/http_private.h"
#include "base/log.h"
#include "base/monotime.h"
#include "base/xmalloc.h"
#include "core/conf.h"

#define CONNECTIONS    64    /* at a time */
#define BACKLOG	       64    /* that the kernel keeps waiting */
#define INPUT_MAX      16384 /* bytes that are read ahead, more than a request */
#define LIFETIME       15000 /* ms of a connection that was not let in */
#define SWEEP_INTERVAL 100   /* ms */
#define EVICTED	       16    /* at a time, when all are taken */

struct connection {
	struct bufferevent *fresh; /* accepted just now, socket not known */
	int fd;
	uint64_t cookie;
	struct addr peer;  /* as limits count it */
	uint64_t deadline; /* monotonic ms; 0 = was shut down */
	bool stays;	   /* it was let in, for something that lasts */
};

struct http_connections {
	LIST_ENTRY(http_connections) entry;
	struct http *http;
	struct evconnlistener *listener; /* owned by evhttp */
	struct event *admit; /* learn the sockets of fresh connections */
	struct event *sweep; /* pending while there are connections */
	struct connection list[CONNECTIONS]; /* oldest first */
	size_t count;
	unsigned per_source; /* of one peer, at a time */
	uint64_t refused;
	bool accept_failed; /* logged */
};

/* For on_accept_error, which gets evhttp's argument, not ours. */
static LIST_HEAD(, http_connections) all = LIST_HEAD_INITIALIZER(all);

static int
socket_cookie(int fd, uint64_t *cookie)
{
	socklen_t len = sizeof(*cookie);

	return getsockopt(fd, SOL_SOCKET, SO_COOKIE, cookie, &len);
}

/* Is the descriptor still the socket that it was? */
static bool
is_open(const struct connection *connection)
{
	uint64_t cookie;

	return connection->fresh != NULL ||
	    (socket_cookie(connection->fd, &cookie) == 0 &&
		cookie == connection->cookie);
}

static void
shut(struct connection *connection)
{
	if (connection->fresh == NULL && connection->deadline != 0) {
		shutdown(connection->fd, SHUT_RDWR);
		connection->deadline = 0;
	}
}

/*
 * Room for others: who is served in time has gone before it is the oldest, and
 * those who were let in to stay go last.
 */
static void
evict_oldest(struct http_connections *c)
{
	size_t i, left = EVICTED;

	for (i = 0; i < c->count && left > 0; i++) {
		if (c->list[i].stays)
			continue;
		shut(&c->list[i]);
		left--;
	}
}

/*
 * One of a peer that has too many goes: the oldest that was not let in to stay,
 * which may be the fresh one.  There is none if that is closed already, and a
 * reload has lowered the limit below what was let in before.
 */
static void
bound_peer(struct http_connections *c, struct connection *fresh)
{
	struct connection *goes = NULL, *other;
	unsigned count = 0;
	size_t i;

	for (i = 0; i < c->count; i++) {
		other = &c->list[i];
		if (other->fresh != NULL || other->deadline == 0 ||
		    addr_compare(&other->peer, &fresh->peer) != 0 ||
		    !is_open(other))
			continue;
		count++;
		if (goes == NULL && !other->stays)
			goes = other;
	}
	if (count <= c->per_source || goes == NULL)
		return;
	shut(goes);
	c->refused++;
}

static void
schedule_sweep(struct http_connections *c)
{
	struct timeval tv = monotime_timeval(SWEEP_INTERVAL);

	event_add(c->sweep, &tv);
}

/* Forget what was closed, shut down what is too old. */
static void
reap(struct http_connections *c)
{
	uint64_t now = monotime_ms();
	size_t i, kept = 0;

	for (i = 0; i < c->count; i++) {
		if (!is_open(&c->list[i]))
			continue;
		if (c->list[i].deadline <= now)
			shut(&c->list[i]);
		c->list[kept++] = c->list[i];
	}
	c->count = kept;
	if (c->count < CONNECTIONS)
		evconnlistener_enable(c->listener);
	else
		evconnlistener_disable(c->listener);
}

static void
on_sweep(evutil_socket_t fd, short events, void *arg)
{
	struct http_connections *c = arg;

	(void)fd, (void)events;
	reap(c);
	if (c->count > 0)
		schedule_sweep(c);
}

/*
 * evhttp has given the connections that came in this round their sockets.
 * The reference held since on_accept kept them from being released meanwhile.
 */
static void
on_admit(evutil_socket_t fd, short events, void *arg)
{
	struct connection *connection;
	struct http_connections *c = arg;
	struct bufferevent *bev;
	size_t i;

	(void)fd, (void)events;
	for (i = 0; i < c->count; i++) {
		connection = &c->list[i];
		if ((bev = connection->fresh) == NULL)
			continue;
		connection->fd = bufferevent_getfd(bev);
		if (socket_cookie(connection->fd, &connection->cookie) == -1)
			connection->fd = -1;
		http_peer(connection->fd, &connection->peer);
		connection->fresh = NULL;
		bufferevent_decref(bev);
		bound_peer(c, connection);
	}
	if (c->count == CONNECTIONS) {
		reap(c);
		if (c->count == CONNECTIONS)
			evict_oldest(c);
	}
	if (!event_pending(c->sweep, EV_TIMEOUT, NULL))
		schedule_sweep(c);
}

/* A connection was accepted: make what evhttp will own it by. */
static struct bufferevent *
on_accept(struct event_base *base, void *arg)
{
	struct http_connections *c = arg;
	struct connection *connection;
	struct bufferevent *bev;

	c->accept_failed = false;
	bev = c->http->tls != NULL ? http_tls_accept(c->http->tls, base)
				   : bufferevent_socket_new(base, -1, 0);
	/* evhttp would go on without TLS. */
	if (bev == NULL)
		fatalx("webserver: out of memory");
	/* evhttp reads on while it writes, and keeps all of it. */
	bufferevent_setwatermark(bev, EV_READ, 0, INPUT_MAX);
	if (c->count == CONNECTIONS)
		return bev;
	bufferevent_incref(bev);
	connection = &c->list[c->count++];
	memset(connection, 0, sizeof(*connection));
	connection->fresh = bev;
	connection->fd = -1;
	connection->deadline = monotime_ms() + LIFETIME;
	if (c->count == CONNECTIONS)
		evconnlistener_disable(c->listener);
	event_active(c->admit, EV_TIMEOUT, 0);
	return bev;
}

/* Out of descriptors, most likely: wait, as the listener stays readable. */
static void
on_accept_error(struct evconnlistener *listener, void *arg)
{
	struct http_connections *c;

	(void)arg;
	c = LIST_FIRST(&all);
	while (c != NULL && c->listener != listener)
		c = LIST_NEXT(c, entry);
	if (c == NULL)
		return;
	if (!c->accept_failed)
		log_warn("webserver: accept");
	c->accept_failed = true;
	evconnlistener_disable(listener);
	schedule_sweep(c);
}

int
http_connections_listen(
    struct http_connections *c, const struct conf_webserver *web)
{
	struct evhttp *server = c->http->server;
	struct sockaddr_storage ss;
	unsigned len;

	len = addr_to_sockaddr(&web->address, web->port, &ss);
	c->listener = evconnlistener_new_bind(c->http->base, NULL, NULL,
	    LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE,
	    BACKLOG, (struct sockaddr *)&ss, (int)len);
	if (c->listener == NULL)
		return -1;
	if (evhttp_bind_listener(server, c->listener) == NULL) {
		evconnlistener_free(c->listener);
		return -1;
	}
	evconnlistener_set_error_cb(c->listener, on_accept_error);
	return 0;
}

struct http_connections *
http_connections_new(struct http *http)
{
	struct http_connections *c = xcalloc(1, sizeof(*c));

	c->http = http;
	c->admit = evtimer_new(http->base, on_admit, c);
	c->sweep = evtimer_new(http->base, on_sweep, c);
	if (c->admit == NULL || c->sweep == NULL)
		fatalx("webserver: out of memory");
	LIST_INSERT_HEAD(&all, c, entry);
	evhttp_set_bevcb(http->server, on_accept, c);
	return c;
}

void
http_connections_forget(struct http_connections *c)
{
	size_t i;

	for (i = 0; i < c->count; i++)
		if (c->list[i].fresh != NULL)
			bufferevent_decref(c->list[i].fresh);
	c->count = 0;
}

void
http_connections_free(struct http_connections *c)
{
	LIST_REMOVE(c, entry);
	event_free(c->admit);
	event_free(c->sweep);
	free(c);
}

void
http_connections_revoke(struct http_connections *c)
{
	size_t i;

	for (i = 0; i < c->count; i++)
		if (c->list[i].stays && is_open(&c->list[i]))
			shut(&c->list[i]);
}

void
http_connections_end(struct http_connections *c)
{
	uint64_t now = monotime_ms();
	size_t i;

	for (i = 0; i < c->count; i++) {
		/* The sweep does it as soon as the socket is known. */
		if (c->list[i].fresh != NULL)
			c->list[i].deadline = now;
		else if (is_open(&c->list[i]))
			shut(&c->list[i]);
	}
}

void
http_connections_limit(struct http_connections *c, unsigned per_source)
{
	c->per_source = per_source;
}

void
http_connections_refused(struct http_connections *c)
{
	c->refused++;
}

void
http_connections_counters(
    const struct http_connections *c, struct http_counters *out)
{
	out->connections = c->count;
	out->refused = c->refused;
}

void
http_connection_stays(
    struct http *http, struct evhttp_request *request, uint64_t ms)
{
	struct http_connections *c = http->connections;
	struct bufferevent *bev = evhttp_connection_get_bufferevent(
	    evhttp_request_get_connection(request));
	int fd = bufferevent_getfd(bev);
	size_t i;

	for (i = 0; i < c->count; i++) {
		if (c->list[i].fd != fd || !is_open(&c->list[i]) ||
		    c->list[i].deadline == 0)
			continue;
		c->list[i].stays = true;
		c->list[i].deadline = monotime_ms() + ms;
	}
}
