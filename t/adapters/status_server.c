/* SPDX-License-Identifier: ISC */

/*
 * A server of the status page and the control socket without an engine: it
 * shows a document from a file.  Its tests drive it from outside.
 *
 *	status_server DOCUMENT WEBSERVER SOCKET
 *
 * WEBSERVER is as in vc5d.conf(5), and what is served there in status_web.h.
 * Prints "ready" when it serves.  A webserver that is false, or socket "-", is:
 * not that one.
 * The command "reload" succeeds first, and is then refused and accepted in
 * turn; "free" frees the control socket from inside its handler; "huge" has a
 * reply of 4 MiB; "flows" and "explain" are answered from the document's
 * "test_flows" and "test_explain", which vc5d's has not, and "prefixes" from
 * "test_prefixes"; "override" is refused for some servers, and else answered
 * with the request, as are "block", "unblock" and "baseline"; "monitor" begins
 * with an event, and "say" has it go on; "grow" makes counters greater.
 * SIGTERM ends it, with everything freed.
 */

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <event2/event.h>

#include "adapters/control.h"
#include "adapters/http.h"
#include "base/log.h"
#include "base/xmalloc.h"
#include "core/status_value.h"
#include "t/adapters/status_web.h"

#define HUGE_REPLY (4 * 1024 * 1024)

struct server {
	struct event_base *base;
	struct control *control;
	json_t *status;
	unsigned reloads;
	struct control_stream *stream; /* of the last who monitors; or NULL */
};

/* Lines that are a reply, one part each. */
struct lines {
	json_t *list;
	size_t next;
};

static enum control_more
next_line(void *arg, struct evbuffer *out)
{
	struct lines *lines = arg;

	control_append(out, json_array_get(lines->list, lines->next++));
	return lines->next < json_array_size(lines->list) ? CONTROL_MORE
							  : CONTROL_LAST;
}

static void
free_lines(void *arg)
{
	struct lines *lines = arg;

	json_decref(lines->list);
	free(lines);
}

/* Takes the list. */
static json_t *
reply_by(struct server *server, json_t *list)
{
	static const struct control_parts parts = {next_line, free_lines};
	struct lines *lines = xcalloc(1, sizeof(*lines));

	lines->list = list;
	control_reply_in_parts(server->control, &parts, lines);
	return NULL;
}

static void
count_destinations(json_t *service, const json_t *destinations)
{
	json_object_set_new(service, "destinations_total",
	    json_integer((json_int_t)json_array_size(destinations)));
	json_object_set_new(service, "destinations_up",
	    json_integer(
		(json_int_t)status_count_string(destinations, "state", "up")));
	json_object_set_new(service, "healthy",
	    json_integer(
		(json_int_t)status_count_true(destinations, "healthy")));
}

/* A service without its destinations, or with those of one address. */
static json_t *
cut_service(const json_t *service, bool all, const char *server)
{
	json_t *destinations = json_object_get(service, "destinations");
	json_t *cut = json_copy((json_t *)service), *some = json_array(), *item;
	size_t i;

	json_array_foreach(destinations, i, item) {
		if (server == NULL ||
		    strcmp(status_string(item, "address"), server) == 0)
			json_array_append(some, item);
	}
	if (all && json_array_size(some) > 0)
		json_object_set(cut, "destinations", some);
	else
		json_object_del(cut, "destinations");
	if (!all)
		count_destinations(cut, destinations);
	json_decref(some);
	return cut;
}

static bool
is_service(const json_t *service, const char *name)
{
	char *key = status_service_key(service);
	bool is = name == NULL || strcmp(key, name) == 0 ||
	    strcmp(status_string(service, "name"), name) == 0 ||
	    strcasecmp(status_string(service, "vip"), name) == 0;

	free(key);
	return is;
}

static json_t *
status_head(struct server *server)
{
	json_t *head = json_copy(server->status), *services = json_array();
	const json_t *service;
	size_t i;

	json_array_foreach(
	    json_object_get(server->status, "services"), i, service) {
		json_array_append_new(
		    services, cut_service(service, false, NULL));
	}
	json_object_set_new(head, "services", services);
	return head;
}

static json_t *
status_lines(struct server *server, const json_t *request)
{
	const char *name =
	    json_string_value(json_object_get(request, "service"));
	const char *address =
	    json_string_value(json_object_get(request, "server"));
	json_t *lines = json_array(), *cut;
	const json_t *service;
	size_t i;

	json_array_foreach(
	    json_object_get(server->status, "services"), i, service) {
		if (!is_service(service, name))
			continue;
		cut = cut_service(service, true, address);
		if (json_object_get(cut, "destinations") != NULL)
			json_array_append_new(
			    lines, json_pack("{s:O}", "service", cut));
		json_decref(cut);
	}
	json_array_append_new(
	    lines, json_pack("{s:i}", "end", (int)json_array_size(lines)));
	return reply_by(server, lines);
}

static json_t *
do_status(struct server *server, const json_t *request)
{
	const char *part = json_string_value(json_object_get(request, "part"));

	if (part == NULL)
		return json_incref(server->status);
	if (strcmp(part, "head") == 0)
		return status_head(server);
	return status_lines(server, request);
}

static json_t *
do_config(struct server *server, const json_t *request)
{
	(void)request;
	return json_pack(
	    "{s:O}", "config", json_object_get(server->status, "test_config"));
}

static json_t *
do_version(struct server *server, const json_t *request)
{
	(void)request;
	return json_pack("{s:s, s:O, s:O}", "version", "0.1.0", "hostname",
	    json_object_get(server->status, "hostname"), "started",
	    json_object_get(server->status, "started"));
}

static json_t *
do_log(struct server *server, const json_t *request)
{
	const char *level = status_string(request, "level");

	(void)server;
	return json_pack("{s:b, s:s+}", "ok", 1, "message", "the log is ",
	    *level != '\0' ? level : "brief");
}

static void
stream_closed(void *arg)
{
	struct server *server = arg;

	server->stream = NULL;
}

/* Takes the line. */
static void
stream(struct server *server, json_t *line)
{
	control_stream_send(server->stream, line);
	json_decref(line);
}

static json_t *
do_monitor(struct server *server, const json_t *request)
{
	json_t *all = json_object_get(server->status, "history");

	server->stream =
	    control_stream_new(server->control, stream_closed, server);
	if (server->stream == NULL)
		return json_pack("{s:s}", "error", "too many do that already");
	stream(server,
	    json_pack("{s:b, s:I, s:I, s:[]}", "monitoring", 1, "began",
		(json_int_t)getpid(), "total", (json_int_t)1, "alerts"));
	stream(server, json_pack("{s:O}", "history", json_array_get(all, 1)));
	stream(server,
	    json_pack("{s:{s:I, s:s, s:s, s:s, s:b}}", "alert", "at",
		(json_int_t)1795885201000, "severity", "high", "id",
		"vip 192.0.2.1\x1b", "text", "good", "over", 1));
	if (json_is_true(json_object_get(request, "log")))
		stream(server,
		    json_pack("{s:{s:I, s:s, s:s}}", "log", "at",
			(json_int_t)1795885201000, "priority", "warning",
			"text", "eth0 \x1b[31m is down"));
	return NULL;
}

/* So many lines of a kilobyte each to who monitors. */
static json_t *
do_say(struct server *server, const json_t *request)
{
	json_int_t i, count;
	char text[1024];

	count = json_integer_value(json_object_get(request, "count"));
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	for (i = 0; i < count && server->stream != NULL; i++)
		stream(server,
		    json_pack("{s:{s:I, s:s, s:s}}", "log", "at", i, "priority",
			"info", "text", text));
	return json_pack("{s:I}", "said", i);
}

static json_t *
do_reload(struct server *server, const json_t *request)
{
	(void)request;
	if (server->reloads++ % 2 == 0)
		return json_pack("{s:b, s:s}", "ok", 1, "message",
		    "configuration reloaded: 2 services changed");
	return json_pack("{s:b, s:[ss]}", "ok", 0, "errors",
	    "vc5d.conf:3:9: services[0].need: must be a number",
	    "vc5d.conf:9:1: unknown key \"\x1b[31mred\"");
}

static json_t *
do_free(struct server *server, const json_t *request)
{
	(void)request;
	control_free(server->control);
	server->control = NULL;
	return json_pack("{s:b}", "ok", 1);
}

static json_t *
do_huge(struct server *server, const json_t *request)
{
	char *text = xcalloc(1, HUGE_REPLY + 1);
	json_t *reply;

	(void)server, (void)request;
	memset(text, 'x', HUGE_REPLY);
	reply = json_pack("{s:s}", "text", text);
	free(text);
	return reply;
}

static bool
is_asked(const json_t *request, const char *key, const char *value)
{
	const char *asked = json_string_value(json_object_get(request, key));

	return asked == NULL || strcmp(asked, value) == 0;
}

static bool
flow_matches(const json_t *flow, const json_t *request)
{
	static const char *const keys[] = {
	    "service", "client", "server", "state"};
	size_t i;

	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (!is_asked(request, keys[i],
			json_string_value(json_object_get(flow, keys[i]))))
			return false;
	return true;
}

/* The document's, two at a time: a page may be empty and not the last. */
static json_t *
do_flows(struct server *server, const json_t *request)
{
	json_t *all = json_object_get(server->status, "test_flows"), *flow;
	size_t i =
	    (size_t)json_integer_value(json_object_get(request, "cursor"));
	json_int_t limit =
	    json_integer_value(json_object_get(request, "limit"));
	json_t *flows = json_array();
	size_t end = i + 2;

	if (!is_asked(request, "state", "confirmed") &&
	    !is_asked(request, "state", "closed")) {
		json_decref(flows);
		return json_pack("{s:s}", "error", "no such state");
	}
	for (; i < end && (flow = json_array_get(all, i)) != NULL; i++) {
		if (!flow_matches(flow, request))
			continue;
		if (limit > 0 && (json_int_t)json_array_size(flows) == limit)
			break;
		json_array_append(flows, flow);
	}
	return json_pack("{s:o, s:o}", "flows", flows, "next",
	    i < json_array_size(all) ? json_integer((json_int_t)i)
				     : json_null());
}

/* The request, and who asks. */
static json_t *
do_echo(struct server *server, const json_t *request)
{
	char *text = json_dumps(request, JSON_COMPACT | JSON_SORT_KEYS);
	json_t *reply;

	reply =
	    json_pack("{s:b, s:s, s:[s]}", "ok", 1, "message", text, "warnings",
		control_peer(server->control) == (int64_t)getuid()
		    ? "peer known"
		    : "peer not known");
	free(text);
	return reply;
}

/* What a guard would say of one address; else the request, and who asks. */
static json_t *
do_override(struct server *server, const json_t *request)
{
	if (is_asked(request, "name", "10.1.0.13") &&
	    json_is_false(json_object_get(request, "force")))
		return json_pack("{s:b, s:[ss], s:b}", "ok", 0, "errors",
		    "of 3 servers max_out, 50 %, allows 1 to be out",
		    "without it, 0 servers would be \x1b up", "guard", 1);
	if (is_asked(request, "name", "10.1.0.14"))
		return json_pack("{s:b, s:[s], s:b}", "ok", 0, "errors",
		    "there are 4096 overrides already", "guard", 0);
	return do_echo(server, request);
}

/* The document's one; that of IPv6 is the limit that was asked for. */
static json_t *
do_prefixes(struct server *server, const json_t *request)
{
	json_t *reply;

	if (json_is_true(json_object_get(request, "new")))
		return json_pack("{s:s}", "error", "no baseline was saved");
	reply =
	    json_deep_copy(json_object_get(server->status, "test_prefixes"));
	json_object_set(json_object_get(reply, "ipv6"), "total",
	    json_object_get(request, "limit"));
	return reply;
}

/* The document's one for a destination. */
static json_t *
do_explain(struct server *server, const json_t *request)
{
	const char *destination =
	    json_string_value(json_object_get(request, "destination"));
	json_t *reply = json_object_get(
	    json_object_get(server->status, "test_explain"), destination);

	if (reply == NULL || !is_asked(request, "protocol", "tcp") ||
	    !is_asked(request, "without", "10.1.0.12"))
		return json_pack("{s:s}", "error", "a bad question\x1b");
	return json_incref(reply);
}

/* The document's, from the last "limit" on; about one subject: none. */
static json_t *
do_history(struct server *server, const json_t *request)
{
	json_t *all = json_object_get(server->status, "history");
	json_int_t limit =
	    json_integer_value(json_object_get(request, "limit"));
	json_t *events = json_array();
	size_t i = 0;

	if (limit > 0 && (size_t)limit < json_array_size(all))
		i = json_array_size(all) - (size_t)limit;
	for (; is_asked(request, "subject", "web") && i < json_array_size(all);
	     i++)
		json_array_append(events, json_array_get(all, i));
	return json_pack("{s:o}", "history", events);
}

static void
grow(json_t *object, const char *key, json_int_t by)
{
	json_t *value = json_object_get(object, key);

	json_integer_set(value, json_integer_value(value) + by);
}

/* The first service, and its first destination, have had more. */
static json_t *
do_grow(struct server *server, const json_t *request)
{
	json_t *service =
	    json_array_get(json_object_get(server->status, "services"), 0);
	json_t *destination =
	    json_array_get(json_object_get(service, "destinations"), 0);
	json_t *objects[] = {service, destination};
	size_t i;

	(void)request;
	for (i = 0; i < 2; i++) {
		grow(objects[i], "packets", 1000);
		grow(objects[i], "bytes", 1000000);
		grow(objects[i], "flows", 10);
	}
	return json_pack("{s:b}", "ok", 1);
}

static json_t *
handle(void *arg, const json_t *request)
{
	static const struct {
		const char *command;
		json_t *(*function)(struct server *, const json_t *request);
	} commands[] = {
	    {"status", do_status},
	    {"reload", do_reload},
	    {"free", do_free},
	    {"huge", do_huge},
	    {"flows", do_flows},
	    {"config", do_config},
	    {"version", do_version},
	    {"log", do_log},
	    {"monitor", do_monitor},
	    {"say", do_say},
	    {"grow", do_grow},
	    {"explain", do_explain},
	    {"history", do_history},
	    {"override", do_override},
	    {"block", do_echo},
	    {"unblock", do_echo},
	    {"baseline", do_echo},
	    {"prefixes", do_prefixes},
	};
	const char *command;
	size_t i;

	command = json_string_value(json_object_get(request, "command"));
	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (command != NULL &&
		    strcmp(command, commands[i].command) == 0)
			return commands[i].function(arg, request);
	}
	return json_pack("{s:s}", "error", "unknown command");
}

static void
on_term(evutil_socket_t signo, short events, void *arg)
{
	struct server *server = arg;

	(void)signo, (void)events;
	event_base_loopbreak(server->base);
}

int
main(int argc, char *argv[])
{
	struct server server = {0};
	struct control_options options = {
	    .mode = 0600, .handler = handle, .arg = &server};
	struct status_web *web;
	struct event *term;
	json_error_t error;

	if (argc == 2 && strcmp(argv[1], HTTP_VERIFIER) == 0)
		return http_verifier();
	log_open("status_server", 1, LOG_VERBOSE);
	if (argc != 4)
		fatalx("usage: status_server document webserver socket");
	signal(SIGPIPE, SIG_IGN);
	if ((server.status = json_load_file(argv[1], 0, &error)) == NULL)
		fatalx("%s:%d: %s", argv[1], error.line, error.text);
	server.base = event_base_new();
	term = evsignal_new(server.base, SIGTERM, on_term, &server);
	event_add(term, NULL);
	web = status_web_new(server.base, server.status, argv[2]);
	if (web == NULL)
		return 1;
	options.path = argv[3];
	if (strcmp(argv[3], "-") != 0 &&
	    (server.control = control_new(server.base, &options)) == NULL)
		return 1;
	puts("ready");
	fflush(stdout);
	event_base_dispatch(server.base);
	status_web_free(web);
	control_free(server.control);
	event_free(term);
	event_base_free(server.base);
	json_decref(server.status);
	return 0;
}
