/* SPDX-License-Identifier: ISC */

/*
 * What happens to a packet, and why: each thing that decides it, in the order
 * in which it is looked at, for a person to read and for programs.
 */

#include <netinet/in.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/netlink.h"
#include "base/xmalloc.h"
#include "core/endpoint.h"
#include "core/status_value.h"
#include "engine/private.h"
#include "engine/status_parts.h"

#define WAYS 4 /* of a bucket of the flow table */

struct question {
	struct engine *engine;
	struct addr client;
	uint16_t client_port;
	struct service_key key;
	struct addr without; /* family 0 = nobody in particular */
	/* The answer. */
	json_t *reply, *facts;
	struct service *service; /* NULL = none */
	struct dataplane_explanation is;
};

static void __attribute__((format(printf, 3, 4)))
add_fact(struct question *q, const char *about, const char *format, ...)
{
	char *text;
	va_list ap;

	va_start(ap, format);
	if (vasprintf(&text, format, ap) == -1)
		abort();
	va_end(ap);
	json_array_append_new(q->facts,
	    json_pack("{s:s, s:o}", "about", about, "text", status_text(text)));
	free(text);
}

static json_t *
address_json(const struct addr *a)
{
	char text[ADDR_STRLEN];

	return a->family == 0 ? json_null() : json_string(addr_format(a, text));
}

/* What becomes of it; server may be NULL. */
static void
set_action(struct question *q, const char *action, const struct addr *server)
{
	static const struct addr nobody = {0};

	json_object_set_new(q->reply, "action", json_string(action));
	json_object_set_new(q->reply, "server",
	    address_json(server == NULL ? &nobody : server));
}

static const char *
text_of(const json_t *request, const char *key, char **wrong)
{
	const char *text = console_text(request, key, wrong);

	return text == NULL ? "" : text;
}

/* NULL, or what is wrong: free(3) it. */
static char *
read_question(const json_t *request, struct question *q)
{
	char *wrong = NULL;
	const char *source = text_of(request, "source", &wrong);
	const char *destination = text_of(request, "destination", &wrong);
	const char *protocol = text_of(request, "protocol", &wrong);
	const char *without = text_of(request, "without", &wrong);

	if (wrong != NULL)
		return wrong;
	if (endpoint_parse(source, &q->client, &q->client_port) == -1)
		return xasprintf(
		    "%s is not ADDRESS:PORT or [IPV6]:PORT", source);
	if (endpoint_parse(destination, &q->key.vip, &q->key.port) == -1)
		return xasprintf(
		    "%s is not ADDRESS:PORT or [IPV6]:PORT", destination);
	if (q->client.family != q->key.vip.family)
		return xasprintf("%s and %s are not of the same family", source,
		    destination);
	if (*protocol == '\0' || strcmp(protocol, "tcp") == 0)
		q->key.protocol = IPPROTO_TCP;
	else if (strcmp(protocol, "udp") == 0)
		q->key.protocol = IPPROTO_UDP;
	else
		return xasprintf("%s is not a protocol: tcp or udp", protocol);
	if (*without != '\0' && addr_parse(without, &q->without) == -1)
		return xasprintf("%s is not an address", without);
	return NULL;
}

static const struct vip *
vip_of(const struct engine *e, const struct addr *address)
{
	size_t i;

	for (i = 0; i < e->conf->vip_count; i++)
		if (addr_compare(&e->vips[i].conf->address, address) == 0)
			return &e->vips[i];
	return NULL;
}

/* False: it is for no VIP, and nothing else matters. */
static bool
explain_vip(struct question *q)
{
	const struct vip *vip = vip_of(q->engine, &q->key.vip);
	char text[ADDR_STRLEN], reason[VIP_REASON_LEN];

	addr_format(&q->key.vip, text);
	if (vip == NULL) {
		add_fact(q, "vip",
		    "%s is no VIP: packets for it are left to this host", text);
		set_action(q, "pass", NULL);
		return false;
	}
	add_fact(q, "vip", "%s is a VIP, %s: %s", text,
	    vip_phase_name(vip->state.phase), vip_explain(vip, reason));
	return true;
}

/* False: there is none. */
static bool
explain_service(struct question *q)
{
	const struct engine *e = q->engine;
	char key[SERVICE_KEY_STRLEN];
	const struct conf_service *c;

	service_key_format(&q->key, key);
	q->service = service_find(e, &q->key);
	json_object_set_new(q->reply, "service",
	    q->service == NULL ? json_null() : json_string(key));
	if (q->service == NULL) {
		add_fact(q, "service",
		    "there is none at %s: \"unserved\" is \"%s\"", key,
		    e->conf->unserved_pass ? "pass" : "drop");
		set_action(q, e->conf->unserved_pass ? "pass" : "drop", NULL);
		return false;
	}
	c = q->service->conf;
	add_fact(q, "service", "%s, %s: %s, %u of %zu servers up%s%s%s", key,
	    c->name, conf_scheduler_name(c->scheduler), q->service->up,
	    c->destination_count,
	    q->service->ordered_down ? ", ordered down" : "",
	    c->sticky ? ", all connections of a client to one server" : "",
	    c->track ? "" : ", each packet by hash alone");
	return true;
}

static void
explain_flow(struct question *q)
{
	const struct dataplane_explanation *is = &q->is;
	char server[ADDR_STRLEN], age[STATUS_AGE_STRLEN];
	char idle[STATUS_AGE_STRLEN];

	if (!is->tracked) {
		add_fact(q, "flow", "none is kept: \"track\" is false");
		return;
	}
	if (!is->found) {
		add_fact(q, "flow",
		    "none; of its bucket's %d places, %u are taken", WAYS,
		    is->ways_used);
		return;
	}
	addr_format(&is->flow.server, server);
	status_age(is->note.created, age);
	status_age(is->flow.idle, idle);
	if (is->flow.state == FLOW_EMBRYONIC)
		add_fact(q, "flow", "embryonic, to %s: one packet came, %s ago",
		    server, idle);
	else if (is->note.learnt)
		add_fact(q, "flow",
		    "%s, to %s: learnt from another instance %s ago; its last "
		    "packet was %s ago, elsewhere",
		    flow_state_name(is->flow.state), server, age, idle);
	else
		add_fact(q, "flow",
		    "%s, to %s: made here %s ago; its last packet was %s ago",
		    flow_state_name(is->flow.state), server, age, idle);
	if (is->flow.state == FLOW_CLOSED)
		add_fact(q, "flow",
		    "a FIN or RST went by: a SYN begins a new connection, by "
		    "its slot");
}

static json_t *
flow_json(const struct dataplane_explanation *is)
{
	if (!is->tracked || !is->found)
		return json_null();
	return json_pack("{s:s, s:o, s:I, s:I, s:b}", "state",
	    flow_state_name(is->flow.state), "server",
	    address_json(&is->flow.server), "age", (json_int_t)is->note.created,
	    "idle", (json_int_t)is->flow.idle, "learnt", is->note.learnt);
}

static void
explain_slot(struct question *q)
{
	const struct dataplane_explanation *is = &q->is;
	char server[ADDR_STRLEN];
	bool by_flow = is->tracked && is->found;

	json_object_set_new(q->reply, "flow", flow_json(is));
	json_object_set_new(q->reply, "slot", json_integer(is->slot));
	json_object_set_new(q->reply, "slots", json_integer(is->slots));
	json_object_set_new(q->reply, "slot_server", address_json(&is->chosen));
	if (is->chosen.family == 0)
		add_fact(q, "slot",
		    "%u of %u is nobody's: no server is up and has a weight",
		    is->slot, is->slots);
	else
		add_fact(q, "slot", "%u of %u is that of %s%s", is->slot,
		    is->slots, addr_format(&is->chosen, server),
		    by_flow ? ", which counts for new flows" : "");
}

/* How the server is reached, and whether. */
static void
explain_server(struct question *q, const struct addr *server)
{
	const struct destination *d = destination_find(q->service, server);
	char text[ADDR_STRLEN];
	json_t *o;

	addr_format(server, text);
	if (d == NULL) {
		add_fact(q, "server", "%s is about to be removed", text);
		return;
	}
	o = status_destination(d);
	if (d->order != ORDER_NONE)
		add_fact(q, "server", "%s was ordered to: %s", text,
		    orders_name(d->order));
	if (*status_string(o, "mac") != '\0')
		add_fact(q, "server", "%s is %s: %s by %s to %s, MTU %lld",
		    text, status_string(o, "state"),
		    status_string(o, "delivery"), status_string(o, "interface"),
		    status_string(o, "mac"),
		    (long long)status_number(o, "mtu"));
	if (*status_string(o, "problem") != '\0')
		add_fact(q, "server", "%s is %s: %s", text,
		    status_string(o, "state"), status_string(o, "problem"));
	json_object_set_new(q->reply, "destination", o);
}

static void
explain_verdict(struct question *q)
{
	const struct dataplane_explanation *is = &q->is;
	bool by_flow = is->tracked && is->found;
	const struct addr *server = by_flow ? &is->flow.server : &is->chosen;

	json_object_set_new(q->reply, "by",
	    by_flow ? json_string("flow") : json_string("slot"));
	if (server->family == 0) {
		set_action(q, "drop", NULL);
		return;
	}
	set_action(q, "send", server);
	explain_server(q, server);
}

/* What would change if a server went. */
static void
explain_without(struct question *q, json_t *list, const struct addr *gone)
{
	struct dataplane *dp = q->engine->dataplane;
	const struct dataplane_explanation *is = &q->is;
	bool flow = is->tracked && is->found;
	bool holds = flow && addr_compare(&is->flow.server, gone) == 0;
	char name[ADDR_STRLEN], to[ADDR_STRLEN] = "nobody";
	struct addr heir = {0};
	char *text;

	(void)dp->ops->explain_without(dp, &q->key, is->slot, gone, &heir);
	addr_format(gone, name);
	if (heir.family != 0)
		addr_format(&heir, to);
	if (holds)
		text = xasprintf("if %s drained, the flow would stay; if it "
				 "went down, packets would go to %s",
		    name, to);
	else if (addr_compare(&is->chosen, gone) == 0)
		text = xasprintf("if %s went, a new flow would go to %s%s",
		    name, to, flow ? "; this one would stay" : "");
	else if (addr_compare(&is->chosen, &heir) != 0)
		text = xasprintf("if %s went, the slot would be that of %s%s",
		    name, to, flow ? "; this flow would stay" : "");
	else
		text = xasprintf("if %s went, nothing would change", name);
	json_array_append_new(list,
	    json_pack("{s:o, s:b, s:o, s:s}", "server", address_json(gone),
		"holds_flow", holds, "slot_server", address_json(&heir), "text",
		text));
	free(text);
}

static void
explain_losses(struct question *q)
{
	const struct dataplane_explanation *is = &q->is;
	json_t *list = json_array();
	bool flow = is->tracked && is->found;

	if (q->without.family != 0) {
		explain_without(q, list, &q->without);
	} else {
		if (flow)
			explain_without(q, list, &is->flow.server);
		if (is->chosen.family != 0 &&
		    (!flow || addr_compare(&is->chosen, &is->flow.server) != 0))
			explain_without(q, list, &is->chosen);
	}
	json_object_set_new(q->reply, "without", list);
}

static void
answer(struct question *q)
{
	struct dataplane *dp = q->engine->dataplane;

	if (!explain_vip(q) || !explain_service(q))
		return;
	if (!q->service->applied ||
	    dp->ops->explain(dp, &q->key, &q->client, q->client_port, &q->is) ==
		-1) {
		add_fact(q, "service", "the data plane has not got it yet");
		set_action(q, "drop", NULL);
		return;
	}
	explain_flow(q);
	explain_slot(q);
	explain_verdict(q);
	explain_losses(q);
}

json_t *
console_explain(struct engine *e, const json_t *request)
{
	struct question q = {.engine = e};
	char *wrong = read_question(request, &q);
	char text[ADDR_STRLEN];

	if (wrong == NULL) {
		q.service = service_find(e, &q.key);
		if (q.without.family != 0 &&
		    (q.service == NULL ||
			destination_find(q.service, &q.without) == NULL))
			wrong = xasprintf("%s is no server of that service",
			    addr_format(&q.without, text));
	}
	if (wrong != NULL) {
		q.reply = json_pack("{s:o}", "error", status_text(wrong));
		free(wrong);
		return q.reply;
	}
	q.reply = json_object();
	q.facts = json_array();
	json_object_set_new(q.reply, "facts", q.facts);
	answer(&q);
	return q.reply;
}
