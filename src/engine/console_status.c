/* SPDX-License-Identifier: ISC */

/*
 * The control socket's command "status": the document as a whole or in lines,
 * each made when the one before is on its way, as there can be 50,000 servers.
 */

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>

#include "adapters/control.h"
#include "base/xmalloc.h"
#include "engine/private.h"
#include "engine/status_parts.h"
#include "engine/status_text.h"

#define DESTINATIONS 20 /* of a piece */

struct status_reply {
	const struct engine *engine;
	struct status_cursor cursor; /* where the next piece begins */
	size_t lines;
	bool open; /* the cursor's service was begun */
	/* Which services, and which of their servers. */
	char *service;	    /* name, VIP, or VIP, port and protocol; or NULL */
	struct addr vip;    /* that service is; family 0 = it is none */
	struct addr server; /* family 0 = any */
};

static void
reply_free(void *arg)
{
	struct status_reply *reply = arg;

	free(reply->service);
	free(reply);
}

static enum control_more
next_of_document(void *arg, struct evbuffer *out)
{
	struct status_reply *reply = arg;

	switch (status_text_step(reply->engine, &reply->cursor, out)) {
	case STATUS_MORE:
		return CONTROL_MORE;
	case STATUS_END:
		evbuffer_add(out, "\n", 1);
		return CONTROL_LAST;
	default:
		return CONTROL_BROKEN;
	}
}

static bool
is_asked_for(const struct status_reply *reply, const struct service *s)
{
	char key[SERVICE_KEY_STRLEN];

	if (reply->service == NULL ||
	    strcmp(s->conf->name, reply->service) == 0 ||
	    addr_compare(&reply->vip, &s->conf->key.vip) == 0)
		return reply->server.family == 0 ||
		    destination_find(s, &reply->server) != NULL;
	return strcmp(service_key_format(&s->conf->key, key), reply->service) ==
	    0 &&
	    (reply->server.family == 0 ||
		destination_find(s, &reply->server) != NULL);
}

/* An object to which something is added: without its last brace. */
static void
append_open(struct evbuffer *out, json_t *object)
{
	struct evbuffer *text = evbuffer_new();

	status_append(text, object);
	json_decref(object);
	evbuffer_remove_buffer(text, out, evbuffer_get_length(text) - 1);
	evbuffer_free(text);
}

static void
append_destination(struct status_reply *reply, const struct destination *d,
    bool first, struct evbuffer *out)
{
	json_t *json;

	if (reply->server.family != 0 &&
	    addr_compare(&reply->server, &d->conf->address) != 0)
		return;
	json = status_destination(d);
	if (!first)
		evbuffer_add(out, ",", 1);
	status_append(out, json);
	json_decref(json);
}

/* A piece of one service's line. */
static void
append_piece(
    struct status_reply *reply, const struct service *s, struct evbuffer *out)
{
	struct status_cursor *c = &reply->cursor;
	size_t end = s->conf->destination_count;
	bool alone = reply->server.family != 0;

	if (!reply->open) {
		evbuffer_add_printf(out, "{\"service\":");
		append_open(out, status_service_head(s));
		evbuffer_add_printf(out, ",\"destinations\":[");
		reply->open = true;
	}
	if (!alone && end - c->destination > DESTINATIONS)
		end = c->destination + DESTINATIONS;
	for (; c->destination < end; c->destination++)
		append_destination(reply, &s->destinations[c->destination],
		    alone || c->destination == 0, out);
	if (end < s->conf->destination_count)
		return;
	evbuffer_add_printf(out, "]}}\n");
	reply->open = false;
	reply->lines++;
	c->service++;
	c->destination = 0;
}

static enum control_more
next_of_services(void *arg, struct evbuffer *out)
{
	struct status_reply *reply = arg;
	const struct engine *e = reply->engine;
	struct status_cursor *c = &reply->cursor;

	if (c->reloads != e->reloads)
		return CONTROL_BROKEN;
	while (c->service < e->conf->service_count &&
	    !is_asked_for(reply, &e->services[c->service]))
		c->service++;
	if (c->service < e->conf->service_count) {
		append_piece(reply, &e->services[c->service], out);
		return CONTROL_MORE;
	}
	evbuffer_add_printf(out, "{\"end\":%zu}\n", reply->lines);
	return CONTROL_LAST;
}

static json_t *
begin_services(struct engine *e, const json_t *request, char **wrong)
{
	static const struct control_parts parts = {
	    next_of_services, reply_free};
	const char *service = console_text(request, "service", wrong);
	const char *server = console_text(request, "server", wrong);
	struct status_reply *reply;
	struct addr address = {0};

	if (*wrong == NULL && server != NULL &&
	    addr_parse(server, &address) == -1)
		*wrong = xasprintf("%s is not an address", server);
	if (*wrong != NULL)
		return NULL;
	reply = xcalloc(1, sizeof(*reply));
	reply->engine = e;
	reply->cursor.reloads = e->reloads;
	reply->server = address;
	if (service != NULL) {
		reply->service = xstrdup(service);
		(void)addr_parse(service, &reply->vip);
	}
	control_reply_in_parts(e->asked, &parts, reply);
	return NULL;
}

static json_t *
begin_document(struct engine *e)
{
	static const struct control_parts parts = {
	    next_of_document, reply_free};
	struct status_reply *reply = xcalloc(1, sizeof(*reply));

	reply->engine = e;
	control_reply_in_parts(e->asked, &parts, reply);
	return NULL;
}

json_t *
console_status(struct engine *e, const json_t *request)
{
	char *wrong = NULL;
	const char *part = console_text(request, "part", &wrong);
	json_t *reply = NULL;

	if (wrong == NULL && part == NULL)
		return begin_document(e);
	if (wrong == NULL && strcmp(part, "head") == 0)
		return engine_status_head(e);
	if (wrong == NULL && strcmp(part, "services") == 0)
		reply = begin_services(e, request, &wrong);
	else if (wrong == NULL)
		wrong = xasprintf("%s is not a part of the status", part);
	if (wrong != NULL)
		reply = json_pack("{s:o}", "error", status_text(wrong));
	free(wrong);
	return reply;
}
