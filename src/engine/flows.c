/* SPDX-License-Identifier: ISC */

/*
 * The console's list of flows: a page at a time, as there can be millions.
 */

#include <stdlib.h>
#include <string.h>

#include "base/xmalloc.h"
#include "engine/private.h"

#define PAGE 1000 /* flows of a reply, at most */

/* Which flows are asked for; what is not said is 0 or NULL. */
struct filter {
	const char *service; /* a name, a VIP, or VIP, port and protocol */
	struct addr vip;     /* service, if it is one */
	struct prefix client;
	struct addr server;
	const char *state;
};

struct page {
	const struct engine *engine;
	struct filter filter;
	json_t *flows;
	size_t limit;
};

static const char *const state_names[] = {
    [FLOW_EMBRYONIC] = "embryonic",
    [FLOW_CONFIRMED] = "confirmed",
    [FLOW_CLOSED] = "closed",
};

const char *
flow_state_name(enum flow_state state)
{
	return state_names[state];
}

/* s is NULL for one that a reload has removed, and that is still there. */
static bool
service_matches(const struct filter *f, const struct service_key *key,
    const struct service *s)
{
	char text[SERVICE_KEY_STRLEN];

	return f->service == NULL || addr_compare(&f->vip, &key->vip) == 0 ||
	    (s != NULL && strcmp(s->conf->name, f->service) == 0) ||
	    strcmp(service_key_format(key, text), f->service) == 0;
}

static bool
any_service_matches(const struct engine *e, const struct filter *f)
{
	size_t i;

	for (i = 0; i < e->conf->service_count; i++)
		if (service_matches(
			f, &e->conf->services[i].key, &e->services[i]))
			return true;
	return f->service == NULL;
}

static bool
flow_matches(const struct page *page, const struct flow *flow)
{
	const struct filter *f = &page->filter;

	return (f->client.address.family == 0 ||
		   prefix_contains(&f->client, &flow->client)) &&
	    (f->server.family == 0 ||
		addr_compare(&f->server, &flow->server) == 0) &&
	    (f->state == NULL ||
		strcmp(f->state, state_names[flow->state]) == 0) &&
	    service_matches(
		f, &flow->service, service_find(page->engine, &flow->service));
}

static bool
add_flow(
    const struct flow *flow, const struct dataplane_flow_note *note, void *arg)
{
	struct page *page = arg;
	char key[SERVICE_KEY_STRLEN], client[ADDR_STRLEN], server[ADDR_STRLEN];

	if (!flow_matches(page, flow))
		return true;
	if (json_array_size(page->flows) == page->limit)
		return false;
	json_array_append_new(page->flows,
	    json_pack("{s:s, s:s, s:i, s:s, s:s, s:I, s:I, s:b}", "service",
		service_key_format(&flow->service, key), "client",
		addr_format(&flow->client, client), "port",
		(int)flow->client_port, "server",
		addr_format(&flow->server, server), "state",
		state_names[flow->state], "age", (json_int_t)note->created,
		"idle", (json_int_t)flow->idle, "learnt", note->learnt));
	return true;
}

/* NULL, or what is wrong: free(3) it. */
static char *
read_place(const json_t *request, struct page *page, uint64_t *cursor)
{
	char *wrong = NULL;
	json_int_t limit = console_number(request, "limit", &wrong);

	*cursor = (uint64_t)console_number(request, "cursor", &wrong);
	if (limit > 0 && limit < PAGE)
		page->limit = (size_t)limit;
	return wrong;
}

/* Likewise. */
static char *
read_filter(const struct engine *e, const json_t *request, struct filter *f)
{
	char *wrong = NULL;
	const char *client = console_text(request, "client", &wrong);
	const char *server = console_text(request, "server", &wrong);
	struct addr address;

	f->service = console_text(request, "service", &wrong);
	f->state = console_text(request, "state", &wrong);
	if (wrong != NULL)
		return wrong;
	if (f->service != NULL)
		(void)addr_parse(f->service, &f->vip);
	if (f->state != NULL && strcmp(f->state, "confirmed") != 0 &&
	    strcmp(f->state, "closed") != 0)
		return xasprintf(
		    "the state of a flow that is listed is confirmed or "
		    "closed, not %s",
		    f->state);
	if (server != NULL && addr_parse(server, &f->server) == -1)
		return xasprintf("%s is not an address", server);
	if (client != NULL && addr_parse(client, &address) == 0)
		f->client =
		    (struct prefix){address, (uint8_t)addr_bits(&address)};
	else if (client != NULL && prefix_parse_host(client, &f->client) == -1)
		return xasprintf("%s is not an address or a prefix", client);
	if (!any_service_matches(e, f))
		return xasprintf("there is no service %s", f->service);
	return NULL;
}

json_t *
console_flows(struct engine *e, const json_t *request)
{
	struct page page = {.engine = e, .limit = PAGE};
	char *wrong = read_filter(e, request, &page.filter);
	uint64_t cursor;
	json_t *reply;

	if (wrong == NULL)
		wrong = read_place(request, &page, &cursor);
	if (wrong != NULL) {
		reply = json_pack("{s:o}", "error", status_text(wrong));
		free(wrong);
		return reply;
	}
	page.flows = json_array();
	e->dataplane->ops->flows_walk(
	    e->dataplane, &cursor, 0, add_flow, &page);
	return json_pack("{s:o, s:o}", "flows", page.flows, "next",
	    cursor == DATAPLANE_WALK_END ? json_null()
					 : json_integer((json_int_t)cursor));
}
