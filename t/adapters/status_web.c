/* SPDX-License-Identifier: ISC */

/*
 * See status_web.h.
 */

#include "t/adapters/status_web.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/event.h>

#include "adapters/http.h"
#include "base/log.h"
#include "base/xmalloc.h"
#include "core/conf.h"
#include "core/status.h"
#include "core/status_accept.h"

struct status_web {
	struct event_base *base;
	const char *webserver; /* as given */
	const json_t *status;
	struct http *http; /* NULL = off */
	struct conf *conf;
	struct event *tick, *hup;
	uint64_t ticks;
};

static enum http_step
give(struct status_web *server, struct evbuffer *out,
    char *(*view)(const json_t *))
{
	char *text = view(server->status);

	evbuffer_add(out, text, strlen(text));
	free(text);
	return HTTP_STEP_END;
}

static char *
view_json(const json_t *status)
{
	return json_dumps(status, JSON_COMPACT);
}

#define VIEW(name, view)                                                      \
	static enum http_step name(void *arg, const struct http_query *query, \
	    struct http_cursor *cursor, struct evbuffer *out)                 \
	{                                                                     \
		(void)query, (void)cursor;                                    \
		return give(arg, out, view);                                  \
	}

VIEW(give_json, view_json)
VIEW(give_html, status_page)

static enum http_step
give_metrics(void *arg, const struct http_query *query,
    struct http_cursor *cursor, struct evbuffer *out)
{
	if (!status_accepts_openmetrics(http_header(query, "Accept")))
		return give(arg, out, status_metrics);
	cursor->type = "application/openmetrics-text; version=1.0.0; "
		       "charset=utf-8";
	return give(arg, out, status_openmetrics);
}

static size_t
asked(const struct http_query *query, const char *name, size_t otherwise)
{
	const char *text = http_query(query, name);

	return text != NULL ? strtoul(text, NULL, 10) : otherwise;
}

#define PIECE 65536

/* Every other piece is empty, as when a document is put together first. */
static enum http_step
give_slowly(void *arg, const struct http_query *query,
    struct http_cursor *cursor, struct evbuffer *out)
{
	size_t pieces = asked(query, "pieces", 100);

	(void)arg;
	if (pieces == 0)
		return HTTP_STEP_NOT_FOUND;
	if (cursor->next == asked(query, "breaks", SIZE_MAX))
		return HTTP_STEP_BROKEN;
	if (cursor->next == pieces)
		return HTTP_STEP_END;
	if (cursor->part++ % 2 == 0)
		return HTTP_STEP_MORE;
	evbuffer_add_printf(out, "%0*zu", PIECE, cursor->next++);
	return HTTP_STEP_MORE;
}

static enum http_step
give_counters(void *arg, const struct http_query *query,
    struct http_cursor *cursor, struct evbuffer *out)
{
	struct status_web *server = arg;
	struct http_counters c;

	(void)query, (void)cursor;
	http_counters(server->http, &c);
	evbuffer_add_printf(out,
	    "{\"right\": %llu, \"wrong\": %llu, \"early\": %llu, "
	    "\"busy\": %llu, \"connections\": %llu, \"listeners\": %llu, "
	    "\"refused\": %llu}",
	    (unsigned long long)c.right, (unsigned long long)c.wrong,
	    (unsigned long long)c.early, (unsigned long long)c.busy,
	    (unsigned long long)c.connections, (unsigned long long)c.listeners,
	    (unsigned long long)c.refused);
	return HTTP_STEP_END;
}

static enum http_step
give_stale(void *arg, const struct http_query *query,
    struct http_cursor *cursor, struct evbuffer *out)
{
	struct status_web *server = arg;
	const char *stale = http_stale(server->http);

	(void)query, (void)cursor;
	evbuffer_add_printf(out, "%s", stale != NULL ? stale : "no");
	return HTTP_STEP_END;
}

static unsigned kept; /* bodies of /late */

static void
release(void *body)
{
	kept--;
	free(body);
}

/* As when a view of a large document is put together first. */
static enum http_step
give_late(void *arg, const struct http_query *query, struct http_cursor *cursor,
    struct evbuffer *out)
{
	size_t pieces = asked(query, "pieces", 5);

	(void)arg;
	if (!cursor->begun) {
		kept++;
		cursor->begun = true;
		cursor->kept = xcalloc(1, 1);
		cursor->release = release;
	}
	if (cursor->part++ < asked(query, "steps", 20)) {
		usleep(2000);
		return HTTP_STEP_MORE;
	}
	if (cursor->next == asked(query, "breaks", SIZE_MAX))
		return HTTP_STEP_BROKEN;
	cursor->length = pieces * PIECE;
	evbuffer_add_printf(out, "%0*zu", PIECE, cursor->next++);
	return cursor->next == pieces ? HTTP_STEP_END : HTTP_STEP_MORE;
}

static enum http_step
give_kept(void *arg, const struct http_query *query, struct http_cursor *cursor,
    struct evbuffer *out)
{
	(void)arg, (void)query, (void)cursor;
	evbuffer_add_printf(out, "%u", kept);
	return HTTP_STEP_END;
}

static const struct http_resource resources[] = {
    {"/counters", "application/json; charset=utf-8", give_counters},
    {"/kept", "text/plain", give_kept},
    {"/late", "text/plain", give_late},
    {"/metrics", "text/plain; version=0.0.4; charset=utf-8", give_metrics},
    {"/slow", "text/plain", give_slowly},
    {"/stale", "text/plain", give_stale},
    {"/status.html", "text/html; charset=utf-8", give_html},
    {"/status.json", "application/json; charset=utf-8", give_json},
};

static bool
knows(void *arg, const char *service)
{
	(void)arg;
	return strcmp(service, "large") == 0 || strcmp(service, "none") == 0;
}

/* Tell who comes back what he has seen. */
static void
listens(void *arg, struct http_listener *listener, uint64_t seen)
{
	char text[32];

	(void)arg;
	snprintf(text, sizeof(text), "%llu", (unsigned long long)seen);
	if (seen > 0)
		http_tell_one(listener, "seen", seen, text);
}

static const struct http_content content = {
    .resources = resources,
    .count = sizeof(resources) / sizeof(resources[0]),
    .knows = knows,
    .listens = listens,
};

#define LARGE 200000 /* bytes of an event about that service */

static char *
make_event(const char *service)
{
	if (strcmp(service, "none") == 0)
		return NULL;
	return xasprintf("\"%0*d\"", LARGE, 0);
}

static void
on_tick(evutil_socket_t fd, short events, void *arg)
{
	struct status_web *server = arg;
	const char *service;
	char text[32], *event, *name;

	(void)fd, (void)events;
	server->ticks++;
	snprintf(text, sizeof(text), "%llu", (unsigned long long)server->ticks);
	http_tell(server->http, "tick", server->ticks, text);
	http_untell_services(server->http);
	while ((service = http_untold_service(server->http)) != NULL) {
		event = make_event(service);
		/* What is borrowed may go while it is told. */
		name = xstrdup(service);
		http_tell_service(server->http, name, "service", event);
		free(name);
		free(event);
	}
}

static char *
read_text(const char *path)
{
	static char text[4096];
	FILE *file = fopen(path, "r");
	size_t length;

	if (file == NULL)
		fatal("%s", path);
	length = fread(text, 1, sizeof(text) - 1, file);
	text[length] = '\0';
	fclose(file);
	return text;
}

static struct conf *
read_conf(const char *webserver)
{
	char *text = xasprintf("{\"interfaces\": \"eth0\", \"services\": [], "
			       "\"webserver\": %s}",
	    *webserver == '@' ? read_text(webserver + 1) : webserver);
	struct conf_errors errors = {0};
	struct conf *conf;

	conf = conf_parse(text, strlen(text), "argument", &errors);
	free(text);
	if (conf == NULL)
		fatalx("%s", errors.lines[0]);
	return conf;
}

static void
on_hup(evutil_socket_t signo, short events, void *arg)
{
	struct status_web *server = arg;

	(void)signo, (void)events;
	conf_free(server->conf);
	server->conf = read_conf(server->webserver);
	puts(http_renew(server->http, &server->conf->webserver) == 0
		? "renewed"
		: "refused");
	fflush(stdout);
}

struct status_web *
status_web_new(
    struct event_base *base, const json_t *status, const char *webserver)
{
	struct status_web *server = xcalloc(1, sizeof(*server));
	struct timeval tv = {.tv_usec = 100000};

	server->base = base;
	server->status = status;
	server->webserver = webserver;
	server->conf = read_conf(webserver);
	if (!server->conf->webserver.enabled)
		return server;
	server->http =
	    http_new(base, &server->conf->webserver, &content, server);
	if (server->http == NULL) {
		status_web_free(server);
		return NULL;
	}
	server->tick = event_new(base, -1, EV_PERSIST, on_tick, server);
	event_add(server->tick, &tv);
	server->hup = evsignal_new(base, SIGHUP, on_hup, server);
	event_add(server->hup, NULL);
	return server;
}

void
status_web_free(struct status_web *server)
{
	if (server == NULL)
		return;
	http_free(server->http);
	if (server->tick != NULL)
		event_free(server->tick);
	if (server->hup != NULL)
		event_free(server->hup);
	conf_free(server->conf);
	free(server);
}
