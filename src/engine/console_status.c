/* SPDX-License-Identifier: ISC */

/*
 * The control socket's command "status": the document as a whole, without
 * servers, or in lines; each piece made when the one before is on its way, as
 * there can be 50,000 servers.
 */

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>

#include "adapters/control.h"
#include "base/monotime.h"
#include "base/xmalloc.h"
#include "engine/private.h"
#include "engine/status_parts.h"
#include "engine/status_text.h"

#define PART_MIN 16384 /* bytes, if it doesn't take too long to make them */
#define PART_MS	 2     /* of the event loop's time */

struct status_reply {
	const struct engine *engine;
	const struct status_form *form;
	struct status_cursor cursor; /* where the next piece begins */
	size_t lines;
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
document_piece(struct status_reply *reply, struct evbuffer *out)
{
	switch (
	    status_text_step(reply->engine, &reply->cursor, reply->form, out)) {
	case STATUS_MORE:
		return CONTROL_MORE;
	case STATUS_END:
		evbuffer_add(out, "\n", 1);
		return CONTROL_LAST;
	default:
		return CONTROL_BROKEN;
	}
}

/* Several pieces, if they are short. */
static enum control_more
fill(struct status_reply *reply, struct evbuffer *out,
    enum control_more (*next)(struct status_reply *, struct evbuffer *))
{
	uint64_t begun = monotime_ms();
	enum control_more more;

	do {
		more = next(reply, out);
	} while (more == CONTROL_MORE && evbuffer_get_length(out) < PART_MIN &&
	    monotime_ms() < begun + PART_MS);
	return more;
}

static enum control_more
next_of_document(void *arg, struct evbuffer *out)
{
	return fill(arg, out, document_piece);
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

/* Only that server of the service which is the next one. */
static void
take_server(struct status_reply *reply, struct status_piece *piece)
{
	const struct service *s =
	    &reply->engine->services[reply->cursor.service];
	size_t i =
	    (size_t)(destination_find(s, &reply->server) - s->destinations);

	*piece = (struct status_piece){s, i, i + 1, true, true};
	reply->cursor.service++;
}

/* A line is begun by its first piece, and ended by its last. */
static enum control_more
services_piece(struct status_reply *reply, struct evbuffer *out)
{
	const struct engine *e = reply->engine;
	struct status_cursor *c = &reply->cursor;
	struct status_piece piece;

	if (c->reloads != e->reloads)
		return CONTROL_BROKEN;
	while (c->service < e->conf->service_count &&
	    !is_asked_for(reply, &e->services[c->service]))
		c->service++;
	if (c->service == e->conf->service_count) {
		evbuffer_add_printf(out, "{\"end\":%zu}\n", reply->lines);
		return CONTROL_LAST;
	}
	if (reply->server.family != 0)
		take_server(reply, &piece);
	else
		status_next(e, c, reply->form, &piece);
	if (piece.first)
		evbuffer_add_printf(out, "{\"service\":");
	status_append_piece(e, reply->form, &piece, out);
	if (piece.last) {
		evbuffer_add_printf(out, "}\n");
		reply->lines++;
	}
	return CONTROL_MORE;
}

static enum control_more
next_of_services(void *arg, struct evbuffer *out)
{
	return fill(arg, out, services_piece);
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
	reply->form = json_is_true(json_object_get(request, "brief"))
	    ? &status_form_brief
	    : &status_form_whole;
	status_begin(e, &reply->cursor);
	reply->server = address;
	if (service != NULL) {
		reply->service = xstrdup(service);
		(void)addr_parse(service, &reply->vip);
	}
	control_reply_in_parts(e->asked, &parts, reply);
	return NULL;
}

static json_t *
begin_document(struct engine *e, const struct status_form *form)
{
	static const struct control_parts parts = {
	    next_of_document, reply_free};
	struct status_reply *reply = xcalloc(1, sizeof(*reply));

	reply->engine = e;
	reply->form = form;
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
		return begin_document(e, &status_form_whole);
	if (wrong == NULL && strcmp(part, "head") == 0)
		return begin_document(e, &status_form_heads);
	if (wrong == NULL && strcmp(part, "services") == 0)
		reply = begin_services(e, request, &wrong);
	else if (wrong == NULL)
		wrong = xasprintf("%s is not a part of the status", part);
	if (wrong != NULL)
		reply = json_pack("{s:o}", "error", status_text(wrong));
	free(wrong);
	return reply;
}
