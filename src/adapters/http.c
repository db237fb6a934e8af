/* SPDX-License-Identifier: ISC */

/*
 * The status page, /status.json and /metrics: see http.h.
 *
 * evhttp 2.1 has no limit on connections and tells nobody when it closes one.
 * So each connection's socket is known here by its descriptor and its cookie
 * (SO_COOKIE, unique for the life of the kernel): a sweep finds those that
 * have gone, and shuts those down that are too old, which evhttp then takes
 * for the peer's own doing.
 */

#include <sys/queue.h>
#include <sys/socket.h>

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <event2/listener.h>

#include "adapters/http.h"
#include "base/log.h"
#include "base/monotime.h"
#include "base/xmalloc.h"
#include "core/addr.h"
#include "core/status.h"

#define CONNECTIONS    64    /* at a time */
#define BACKLOG	       64    /* that the kernel keeps waiting */
#define HEADERS_MAX    8192  /* bytes of a request */
#define TIMEOUT	       5     /* seconds without progress */
#define LIFETIME       15000 /* ms of a connection, whatever it does */
#define SWEEP_INTERVAL 100   /* ms */
#define EVICTED	       16    /* at a time, when all are taken */

struct connection {
	struct bufferevent *fresh; /* accepted just now, socket not known */
	int fd;
	uint64_t cookie;
	uint64_t deadline; /* monotonic ms; 0 = was shut down */
};

struct http {
	LIST_ENTRY(http) entry;
	struct evhttp *server;
	struct evconnlistener *listener; /* owned by server */
	struct event *admit; /* learn the sockets of fresh connections */
	struct event *sweep; /* pending while there are connections */
	struct connection connections[CONNECTIONS]; /* oldest first */
	size_t count;
	bool accept_failed; /* logged */
	json_t *(*status)(void *arg);
	void *arg;
};

/* For on_accept_error, which gets evhttp's argument, not ours. */
static LIST_HEAD(http_list, http) instances = LIST_HEAD_INITIALIZER(instances);

static char *
render_json(const json_t *status)
{
	return json_dumps(status, JSON_COMPACT);
}

static const struct resource {
	const char *path;
	const char *type;
	char *(*render)(const json_t *status);
} resources[] = {
    {"/", "text/html; charset=utf-8", status_page},
    {"/status.json", "application/json; charset=utf-8", render_json},
    {"/metrics", "text/plain; version=0.0.4; charset=utf-8", status_metrics},
};

static const struct {
	const char *name, *value;
} headers[] = {
    {"Cache-Control", "no-store"},
    {"Connection", "close"},
    {"Content-Security-Policy",
	"default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; "
	"form-action 'none'; frame-ancestors 'none'"},
    {"Referrer-Policy", "no-referrer"},
    {"X-Content-Type-Options", "nosniff"},
};

static void
free_text(const void *data, size_t size, void *text)
{
	(void)data, (void)size;
	free(text);
}

/* Takes text, which is from malloc(3). */
static void
reply(struct evhttp_request *request, int code, const char *reason,
    const char *type, char *text)
{
	struct evkeyvalq *out = evhttp_request_get_output_headers(request);
	bool body = evhttp_request_get_command(request) != EVHTTP_REQ_HEAD;
	size_t i, len = strlen(text);
	char length[24];

	for (i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		evhttp_add_header(out, headers[i].name, headers[i].value);
	snprintf(length, sizeof(length), "%zu", len);
	evhttp_add_header(out, "Content-Length", length);
	evhttp_add_header(out, "Content-Type", type);
	if (!body || len == 0 ||
	    evbuffer_add_reference(evhttp_request_get_output_buffer(request),
		text, len, free_text, text) == -1)
		free(text);
	evhttp_send_reply(request, code, reason, NULL);
}

static void
reply_error(struct evhttp_request *request, int code, const char *reason)
{
	reply(request, code, reason, "text/plain; charset=utf-8",
	    xasprintf("%d %s\n", code, reason));
}

static const struct resource *
find_resource(struct evhttp_request *request)
{
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(request);
	const char *path = uri != NULL ? evhttp_uri_get_path(uri) : NULL;
	size_t i;

	if (path == NULL)
		return NULL;
	for (i = 0; i < sizeof(resources) / sizeof(resources[0]); i++) {
		if (strcmp(path, resources[i].path) == 0)
			return &resources[i];
	}
	return NULL;
}

static void
on_request(struct evhttp_request *request, void *arg)
{
	enum evhttp_cmd_type command = evhttp_request_get_command(request);
	const struct resource *resource = find_resource(request);
	struct http *http = arg;
	json_t *status;
	char *text;

	if (resource == NULL) {
		reply_error(request, HTTP_NOTFOUND, "Not Found");
		return;
	}
	if (command != EVHTTP_REQ_GET && command != EVHTTP_REQ_HEAD) {
		evhttp_add_header(evhttp_request_get_output_headers(request),
		    "Allow", "GET, HEAD");
		reply_error(request, HTTP_BADMETHOD, "Method Not Allowed");
		return;
	}
	status = http->status(http->arg);
	text = status == NULL ? NULL : resource->render(status);
	json_decref(status);
	if (text == NULL)
		reply_error(request, HTTP_INTERNAL, "Internal Server Error");
	else
		reply(request, HTTP_OK, "OK", resource->type, text);
}

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

/* Room for others: who is served in time has gone before it is the oldest. */
static void
evict_oldest(struct http *http)
{
	size_t i;

	for (i = 0; i < EVICTED && i < http->count; i++)
		shut(&http->connections[i]);
}

static void
schedule_sweep(struct http *http)
{
	struct timeval tv = monotime_timeval(SWEEP_INTERVAL);

	event_add(http->sweep, &tv);
}

/* Forget what was closed, shut down what is too old. */
static void
reap(struct http *http)
{
	uint64_t now = monotime_ms();
	size_t i, kept = 0;

	for (i = 0; i < http->count; i++) {
		if (!is_open(&http->connections[i]))
			continue;
		if (http->connections[i].deadline <= now)
			shut(&http->connections[i]);
		http->connections[kept++] = http->connections[i];
	}
	http->count = kept;
	if (http->count < CONNECTIONS)
		evconnlistener_enable(http->listener);
	else
		evconnlistener_disable(http->listener);
}

static void
on_sweep(evutil_socket_t fd, short events, void *arg)
{
	struct http *http = arg;

	(void)fd, (void)events;
	reap(http);
	if (http->count > 0)
		schedule_sweep(http);
}

/*
 * evhttp has given the connections that came in this round their sockets.
 * The reference held since on_accept kept them from being released meanwhile.
 */
static void
on_admit(evutil_socket_t fd, short events, void *arg)
{
	struct connection *connection;
	struct http *http = arg;
	struct bufferevent *bev;
	size_t i;

	(void)fd, (void)events;
	for (i = 0; i < http->count; i++) {
		connection = &http->connections[i];
		if ((bev = connection->fresh) == NULL)
			continue;
		connection->fd = bufferevent_getfd(bev);
		if (socket_cookie(connection->fd, &connection->cookie) == -1)
			connection->fd = -1;
		connection->fresh = NULL;
		bufferevent_decref(bev);
	}
	if (http->count == CONNECTIONS) {
		reap(http);
		if (http->count == CONNECTIONS)
			evict_oldest(http);
	}
	if (!event_pending(http->sweep, EV_TIMEOUT, NULL))
		schedule_sweep(http);
}

/* A connection was accepted: make what evhttp will own it by. */
static struct bufferevent *
on_accept(struct event_base *base, void *arg)
{
	struct http *http = arg;
	struct connection *connection;
	struct bufferevent *bev;

	http->accept_failed = false;
	bev = bufferevent_socket_new(base, -1, 0);
	if (bev == NULL || http->count == CONNECTIONS)
		return bev;
	bufferevent_incref(bev);
	connection = &http->connections[http->count++];
	memset(connection, 0, sizeof(*connection));
	connection->fresh = bev;
	connection->fd = -1;
	connection->deadline = monotime_ms() + LIFETIME;
	if (http->count == CONNECTIONS)
		evconnlistener_disable(http->listener);
	event_active(http->admit, EV_TIMEOUT, 0);
	return bev;
}

/* Out of descriptors, most likely: wait, as the listener stays readable. */
static void
on_accept_error(struct evconnlistener *listener, void *arg)
{
	struct http *http;

	(void)arg;
	http = LIST_FIRST(&instances);
	while (http != NULL && http->listener != listener)
		http = LIST_NEXT(http, entry);
	if (http == NULL)
		return;
	if (!http->accept_failed)
		log_warn("status page: accept");
	http->accept_failed = true;
	evconnlistener_disable(listener);
	schedule_sweep(http);
}

static const char *
listen_remedy(int error)
{
	switch (error) {
	case EADDRINUSE:
		return " by another program: end it, or choose another port";
	case EADDRNOTAVAIL:
		return ": no interface of this host has the address";
	case EACCES:
		return ": ports below 1024 are root's";
	default:
		return "";
	}
}

static int
listen_at(struct http *http, struct event_base *base, const struct addr *addr,
    uint16_t port)
{
	struct evhttp_bound_socket *bound;
	struct sockaddr_storage ss;
	unsigned len;

	len = addr_to_sockaddr(addr, port, &ss);
	http->listener = evconnlistener_new_bind(base, NULL, NULL,
	    LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE,
	    BACKLOG, (struct sockaddr *)&ss, (int)len);
	if (http->listener == NULL)
		return -1;
	bound = evhttp_bind_listener(http->server, http->listener);
	if (bound == NULL) {
		evconnlistener_free(http->listener);
		return -1;
	}
	evconnlistener_set_error_cb(http->listener, on_accept_error);
	return 0;
}

struct http *
http_new(struct event_base *base, const struct addr *addr, uint16_t port,
    json_t *(*status)(void *arg), void *arg)
{
	struct http *http = xcalloc(1, sizeof(*http));
	char text[ADDR_STRLEN];

	LIST_INSERT_HEAD(&instances, http, entry);
	http->status = status;
	http->arg = arg;
	http->server = evhttp_new(base);
	http->admit = evtimer_new(base, on_admit, http);
	http->sweep = evtimer_new(base, on_sweep, http);
	if (http->server == NULL || http->admit == NULL || http->sweep == NULL)
		fatalx("status page: out of memory");
	evhttp_set_max_headers_size(http->server, HEADERS_MAX);
	evhttp_set_max_body_size(http->server, 0);
	evhttp_set_timeout(http->server, TIMEOUT);
	evhttp_set_allowed_methods(http->server, UINT16_MAX);
	evhttp_set_bevcb(http->server, on_accept, http);
	evhttp_set_gencb(http->server, on_request, http);
	if (listen_at(http, base, addr, port) == -1) {
		log_warnx("status page: cannot listen at %s port %u: %s%s",
		    addr_format(addr, text), port, strerror(errno),
		    listen_remedy(errno));
		http_free(http);
		return NULL;
	}
	return http;
}

void
http_free(struct http *http)
{
	size_t i;

	if (http == NULL)
		return;
	for (i = 0; i < http->count; i++) {
		if (http->connections[i].fresh != NULL)
			bufferevent_decref(http->connections[i].fresh);
	}
	LIST_REMOVE(http, entry);
	evhttp_free(http->server);
	event_free(http->admit);
	event_free(http->sweep);
	free(http);
}
