/* SPDX-License-Identifier: ISC */

/*
 * The web console's server: who asks, for what, and who answers that; see
 * http.h.
 */

#include <sys/socket.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/http_struct.h>
#include <event2/keyvalq_struct.h>

#include "adapters/http_private.h"
#include "base/log.h"
#include "base/xmalloc.h"
#include "core/conf.h"

#define HEADERS_MAX  8192 /* bytes of a request */
#define TIMEOUT	     5	  /* seconds without progress */
#define BUSY_SECONDS 5	  /* after which to ask again */

/* A request whose password is being compared. */
struct pending {
	LIST_ENTRY(pending) entry;
	struct http *http;
	struct evhttp_request *request;
};

const char *
http_query(const struct http_query *query, const char *name)
{
	return evhttp_find_header(&query->parameters, name);
}

const char *
http_header(const struct http_query *query, const char *name)
{
	return evhttp_find_header(query->headers, name);
}

static const char *
path_of(struct evhttp_request *request)
{
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(request);
	const char *path = uri != NULL ? evhttp_uri_get_path(uri) : NULL;

	return path != NULL ? path : "";
}

/* False after having said that it can't be understood. */
static bool
read_query(struct evhttp_request *request, struct http_query *query)
{
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(request);
	const char *text = evhttp_uri_get_query(uri);

	TAILQ_INIT(&query->parameters);
	query->headers = evhttp_request_get_input_headers(request);
	if (text == NULL || *text == '\0' ||
	    evhttp_parse_query_str(text, &query->parameters) == 0)
		return true;
	http_reply_error(request, 400);
	return false;
}

static const struct http_resource *
find_resource(const struct http *http, const char *path)
{
	size_t i;

	for (i = 0; i < http->content->count; i++)
		if (strcmp(http->content->resources[i].path, path) == 0)
			return &http->content->resources[i];
	return NULL;
}

/* It may be seen by who asks. */
static void
answer(struct http *http, struct evhttp_request *request)
{
	const char *path = path_of(request);
	const struct http_resource *resource = find_resource(http, path);
	bool events = strcmp(path, "/events") == 0;
	struct http_query query;

	if (resource == NULL && !events) {
		if (!http_reply_file(request, path))
			http_reply_error(request, 404);
		return;
	}
	if (!read_query(request, &query))
		return;
	if (events)
		http_listen(http, request, &query);
	else
		http_stream_start(http, request, resource, &query);
	evhttp_clear_headers(&query.parameters);
}

static void
keep_out(struct http *http, struct evhttp_request *request)
{
	http_auth_challenge(
	    http->auth, evhttp_request_get_output_headers(request));
	http_reply_error(request, 401);
}

static void
pending_free(struct pending *pending)
{
	LIST_REMOVE(pending, entry);
	free(pending);
}

static void
act_on(struct http *http, struct evhttp_request *request,
    enum http_verdict verdict, unsigned seconds)
{
	if (verdict == HTTP_LET_IN)
		answer(http, request);
	else if (verdict == HTTP_KEPT_OUT)
		keep_out(http, request);
	else
		http_reply_later(
		    request, verdict == HTTP_EARLY ? 429 : 503, seconds);
}

static void
on_decided(void *arg, enum http_verdict verdict)
{
	struct pending *pending = arg;
	struct evhttp_request *request = pending->request;
	struct http *http = pending->http;

	evhttp_connection_set_closecb(
	    evhttp_request_get_connection(request), NULL, NULL);
	pending_free(pending);
	act_on(http, request, verdict, BUSY_SECONDS);
}

static void
on_close(struct evhttp_connection *connection, void *arg)
{
	struct pending *pending = arg;

	(void)connection;
	http_auth_forget(pending->http->auth, pending);
	if (evhttp_request_get_connection(pending->request) == NULL)
		evhttp_request_free(pending->request);
	pending_free(pending);
}

static void
judge(struct http *http, struct evhttp_request *request)
{
	struct pending *pending = xcalloc(1, sizeof(*pending));
	struct http_asker asker = {
	    .header = evhttp_find_header(
		evhttp_request_get_input_headers(request), "Authorization"),
	    .decided = on_decided,
	    .arg = pending,
	};
	enum http_verdict verdict;
	unsigned seconds;

	pending->http = http;
	pending->request = request;
	LIST_INSERT_HEAD(&http->pending, pending, entry);
	http_peer_of_request(request, &asker.from);
	verdict = http_auth_judge(http->auth, &asker, &seconds);
	if (verdict == HTTP_UNDECIDED) {
		evhttp_connection_set_closecb(
		    evhttp_request_get_connection(request), on_close, pending);
		return;
	}
	pending_free(pending);
	act_on(http, request, verdict, seconds);
}

/*
 * One field "Host" is needed since HTTP/1.1, and more are wrong in any version
 * (RFC 9112, 3.2).
 */
static bool
names_host(struct evhttp_request *request)
{
	const struct evkeyvalq *fields =
	    evhttp_request_get_input_headers(request);
	const struct evkeyval *field;
	unsigned hosts = 0;

	TAILQ_FOREACH(field, fields, next)
		if (strcasecmp(field->key, "Host") == 0)
			hosts++;
	return hosts == 1 ||
	    (hosts == 0 && request->major == 1 && request->minor == 0);
}

/*
 * evhttp keeps the connection open after CONNECT, whatever was answered, and
 * would take what follows for requests.
 */
static void
close_tunnel(struct evhttp_request *request, void *arg)
{
	struct evhttp_connection *connection =
	    evhttp_request_get_connection(request);

	(void)arg;
	if (connection != NULL)
		shutdown(bufferevent_getfd(
			     evhttp_connection_get_bufferevent(connection)),
		    SHUT_RDWR);
}

static void
refuse_method(struct evhttp_request *request)
{
	evhttp_add_header(
	    evhttp_request_get_output_headers(request), "Allow", "GET, HEAD");
	http_reply_error(request, 405);
}

/*
 * Is it asked for by a name that nobody can have made up?  Else a page from
 * anywhere, in a browser on this host, could give itself a name with a loopback
 * address, and read what is served here ("DNS rebinding").
 */
static bool
is_for_us(struct evhttp_request *request)
{
	const char *host = evhttp_find_header(
	    evhttp_request_get_input_headers(request), "Host");
	char name[ADDR_STRLEN + 2] = "";
	bool six = host != NULL && *host == '[';
	struct addr address;
	size_t len;

	if (host == NULL)
		return true;
	/* Behind it there may be a port. */
	len = six ? strcspn(++host, "]") : strcspn(host, ":");
	if (len >= sizeof(name))
		return false;
	memcpy(name, host, len);
	return strcasecmp(name, "localhost") == 0 ||
	    (addr_parse(name, &address) == 0 &&
		six == (address.family == AF_INET6));
}

static void
on_request(struct evhttp_request *request, void *arg)
{
	enum evhttp_cmd_type command = evhttp_request_get_command(request);
	struct http *http = arg;

	if (command == EVHTTP_REQ_CONNECT)
		evhttp_request_set_on_complete_cb(request, close_tunnel, NULL);
	if (!names_host(request)) {
		http_reply_error(request, 400);
	} else if (command != EVHTTP_REQ_GET && command != EVHTTP_REQ_HEAD) {
		refuse_method(request);
	} else if (http->guarded && !is_for_us(request)) {
		http_reply_text(request, 421,
		    "421 Misdirected Request: without users or tokens, this "
		    "is for localhost or an address only");
	} else {
		judge(http, request);
	}
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

/* 0, or -1 after having logged why what is there stays. */
static int
read_access(struct http *http, const struct conf_webserver *web)
{
	struct http_tls *tls = NULL;
	char *error = NULL;
	int changed = -1;

	if (web->certificate != NULL)
		tls = http_tls_new(web, &error);
	if (error == NULL)
		changed = http_auth_read(http->auth, web, &error);
	free(http->stale);
	http->stale = error;
	if (changed == -1) {
		log_warnx("%s", error);
		http_tls_free(tls);
		return -1;
	}
	if ((http->tls != NULL) != (tls != NULL))
		http_connections_end(http->connections);
	else if (changed == 1)
		http_connections_revoke(http->connections);
	http_tls_free(http->tls);
	http->tls = tls;
	http_connections_limit(http->connections, web->per_address);
	http_listeners_limit(http->listeners, web->per_address / 2);
	http->guarded = conf_webserver_open(web) && !web->insecure;
	return 0;
}

void
http_counters(const struct http *http, struct http_counters *out)
{
	http_auth_counters(http->auth, out);
	http_connections_counters(http->connections, out);
	out->listeners = http_listeners_count(http->listeners);
}

int
http_renew(struct http *http, const struct conf_webserver *web)
{
	return read_access(http, web);
}

const char *
http_stale(const struct http *http)
{
	return http->stale;
}

static struct evhttp *
make_server(struct http *http)
{
	struct evhttp *server = evhttp_new(http->base);

	if (server == NULL)
		fatalx("webserver: out of memory");
	evhttp_set_max_headers_size(server, HEADERS_MAX);
	evhttp_set_max_body_size(server, 0);
	evhttp_set_timeout(server, TIMEOUT);
	evhttp_set_allowed_methods(server, UINT16_MAX);
	evhttp_set_gencb(server, on_request, http);
	return server;
}

struct http *
http_new(struct event_base *base, const struct conf_webserver *web,
    const struct http_content *content, void *arg)
{
	struct http *http = xcalloc(1, sizeof(*http));
	char text[ADDR_STRLEN];

	http->base = base;
	http->content = content;
	http->arg = arg;
	http->server = make_server(http);
	http->connections = http_connections_new(http);
	http->auth = http_auth_new(base);
	http->streams = http_streams_new(http);
	http->listeners = http_listeners_new(http);
	if (read_access(http, web) == 0) {
		if (http_connections_listen(http->connections, web) == 0)
			return http;
		log_warnx("webserver: cannot listen at %s port %u: %s%s",
		    addr_format(&web->address, text), web->port,
		    strerror(errno), listen_remedy(errno));
	}
	http_free(http);
	return NULL;
}

void
http_free(struct http *http)
{
	if (http == NULL)
		return;
	http_connections_forget(http->connections);
	evhttp_free(http->server); /* with all requests, of which we are told */
	http_auth_free(http->auth);
	while (!LIST_EMPTY(&http->pending))
		pending_free(LIST_FIRST(&http->pending));
	http_streams_free(http->streams);
	http_listeners_free(http->listeners);
	http_connections_free(http->connections);
	http_tls_free(http->tls);
	free(http->stale);
	free(http);
}
