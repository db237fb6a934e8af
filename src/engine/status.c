/* SPDX-License-Identifier: ISC */

/*
 * The status document (core/status.h), made from the engine's state.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
/* strvis(3) is the same everywhere; the warning is about another function. */
#define LIBBSD_OPENBSD_VIS
#include <vis.h>

#include "adapters/bgp.h"
#include "adapters/netlink.h"
#include "base/monotime.h"
#include "base/xmalloc.h"
#include "config.h"
#include "engine/alerts.h"
#include "engine/history.h"
#include "engine/private.h"

static json_t *
address_json(const struct addr *a)
{
	char text[ADDR_STRLEN];

	return json_string(addr_format(a, text));
}

static json_t *
mac_json(const uint8_t mac[6])
{
	return json_sprintf("%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1],
	    mac[2], mac[3], mac[4], mac[5]);
}

json_t *
status_text(const char *text)
{
	json_t *string = json_string(text);
	char *safe;

	if (string != NULL)
		return string;
	safe = xcalloc(4, strlen(text) + 1);
	strvis(safe, text, VIS_OCTAL | VIS_NL);
	string = json_string(safe);
	free(safe);
	return string;
}

static void
set_integer(json_t *object, const char *key, uint64_t value)
{
	json_object_set_new(object, key, json_integer((json_int_t)value));
}

static void
set_seconds_since(json_t *object, const char *key, uint64_t then)
{
	set_integer(object, key, (monotime_ms() - then) / 1000);
}

static json_t *
config_json(const struct engine *e)
{
	json_t *errors = json_array();
	size_t i;

	for (i = 0; i < e->errors.count; i++)
		json_array_append_new(errors, status_text(e->errors.lines[i]));
	return json_pack("{s:o, s:I, s:I, s:o}", "file",
	    status_text(e->conf->file), "loaded", (json_int_t)e->loaded,
	    "reloads", (json_int_t)e->reloads, "errors", errors);
}

static json_t *
members_json(const struct interface *in)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < in->member_count; i++)
		json_array_append_new(list,
		    json_pack("{s:s, s:b, s:b}", "name", in->members[i].name,
			"attached", in->members[i].attached, "native",
			in->members[i].native));
	return list;
}

static json_t *
interfaces_json(const struct engine *e)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < e->conf->interface_count; i++) {
		const struct interface *in = &e->interfaces[i];

		json_array_append_new(list,
		    json_pack("{s:s, s:b, s:b, s:b, s:o}", "name",
			in->port.name, "attached", interface_is_attached(in),
			"native", interface_is_native(in), "up", in->up,
			"members", members_json(in)));
	}
	return list;
}

static json_t *
flows_json(const struct engine *e)
{
	static const char *const reasons[EVICTED_REASONS] = {
	    [EVICTED_EMBRYONIC] = "embryonic",
	    [EVICTED_IDLE] = "idle",
	    [EVICTED_CLOSED] = "closed",
	    [EVICTED_GONE] = "gone",
	};
	struct dataplane_flows f = {0};
	json_t *o = json_object(), *evicted = json_object();
	size_t i;

	e->dataplane->ops->flows(e->dataplane, &f);
	set_integer(o, "capacity", f.capacity);
	set_integer(o, "embryonic", f.embryonic);
	set_integer(o, "confirmed", f.confirmed);
	set_integer(o, "closed", f.closed);
	set_integer(o, "idle", f.idle);
	set_integer(o, "memory", f.memory);
	set_integer(o, "full", f.full);
	for (i = 0; i < EVICTED_REASONS; i++)
		set_integer(evicted, reasons[i], f.evicted[i]);
	json_object_set_new(o, "evicted", evicted);
	return o;
}

static json_t *
reasons_json(
    const struct dataplane_reason *reasons, size_t count, const char *key)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < count; i++)
		json_array_append_new(list,
		    json_pack("{s:s, s:s, s:I}", key, reasons[i].name, "help",
			reasons[i].help, "packets",
			(json_int_t)reasons[i].packets));
	return list;
}

static json_t *
drops_json(const struct engine *e)
{
	const struct dataplane_reason *reasons;
	size_t count;

	reasons = e->dataplane->ops->drops(e->dataplane, &count);
	return reasons_json(reasons, count, "reason");
}

static json_t *
answers_json(const struct engine *e)
{
	const struct dataplane_reason *kinds;
	size_t count;

	kinds = e->dataplane->ops->answers(e->dataplane, &count);
	return reasons_json(kinds, count, "kind");
}

static void
set_counters(json_t *o, const struct service *s, const struct addr *server)
{
	struct dataplane *dp = s->engine->dataplane;
	struct dataplane_counters c = {0};

	dp->ops->counters(dp, &s->conf->key, server, &c);
	set_integer(o, "packets", c.packets);
	set_integer(o, "bytes", c.bytes);
	set_integer(o, "flows", c.flows);
	set_integer(o, "stateless", c.stateless);
	if (server == NULL)
		set_integer(o, "no_destination", c.no_destination);
}

/* How it is reached, as far as that is known, and why it isn't. */
static void
set_way(
    json_t *o, const struct destination *d, const struct netlink_nexthop *hop)
{
	bool routed = hop != NULL && hop->routed,
	     known = routed && hop->resolved;
	char problem[WAY_PROBLEM_LEN];

	snprintf(problem, sizeof(problem), "%s",
	    d->problem[0] != '\0' ? d->problem : d->probe_problem);
	if (problem[0] == '\0' && routed && !known)
		way_unresolved(&d->conf->address, hop, problem);
	json_object_set_new(o, "delivery",
	    json_string(delivery_kind_name(d->conf->delivery.kind)));
	json_object_set_new(
	    o, "interface", routed ? json_string(hop->interface) : json_null());
	json_object_set_new(o, "vlan", json_integer(routed ? hop->vlan : 0));
	json_object_set_new(o, "mtu", json_integer(routed ? hop->mtu : 0));
	json_object_set_new(o, "gateway",
	    routed && hop->gateway.family != 0 ? address_json(&hop->gateway)
					       : json_null());
	json_object_set_new(o, "mac", known ? mac_json(hop->mac) : json_null());
	json_object_set_new(o, "problem", status_text(problem));
}

json_t *
status_destination(const struct destination *d)
{
	static const char *const states[] = {
	    [DESTINATION_DOWN] = "down",
	    [DESTINATION_DRAINING] = "draining",
	    [DESTINATION_UP] = "up",
	};
	const struct service *s = d->service;
	const struct netlink_nexthop *hop =
	    netlink_nexthop(s->engine->netlink, &d->conf->address);
	json_t *o, *checks = json_array();
	size_t i;

	o = json_pack("{s:o, s:s, s:b, s:i}", "address",
	    address_json(&d->conf->address), "state", states[d->state],
	    "healthy", d->healthy, "weight", (int)d->conf->weight);
	json_object_set_new(o, "order", json_string(orders_name(d->order)));
	json_object_set_new(o, "weight_now",
	    json_real(d->conf->weight * ramp_percent(d) / 100.0));
	set_way(o, d, hop);
	set_seconds_since(o, "since", d->since);
	set_counters(o, s, &d->conf->address);
	for (i = 0; i < s->conf->check_count; i++)
		json_array_append_new(checks, status_check(&d->probers[i]));
	json_object_set_new(o, "checks", checks);
	return o;
}

static json_t *
service_json(const struct service *s)
{
	const struct conf_service *c = s->conf;
	json_t *o, *destinations = json_array();
	size_t i;

	o = json_pack("{s:s, s:s, s:o, s:i, s:s, s:s, s:b, s:i, s:i, s:b}",
	    "name", c->name, "description", c->description, "vip",
	    address_json(&c->key.vip), "port", (int)c->key.port, "protocol",
	    service_protocol_name(c->key.protocol), "scheduler",
	    conf_scheduler_name(c->scheduler), "sticky", c->sticky, "need",
	    (int)c->need, "up", (int)s->up, "ok", s->up >= c->need);
	json_object_set_new(o, "order",
	    json_string(
		orders_name(s->ordered_down ? ORDER_DOWN : ORDER_NONE)));
	set_integer(o, "max_out", c->max_out);
	set_integer(o, "need_up", c->need_up);
	json_object_set_new(o, "track", json_boolean(c->track));
	set_integer(o, "idle", c->idle);
	json_object_set_new(o, "slow_start", json_real(c->slow_start / 1000.0));
	set_counters(o, s, NULL);
	for (i = 0; i < c->destination_count; i++)
		json_array_append_new(
		    destinations, status_destination(&s->destinations[i]));
	json_object_set_new(o, "destinations", destinations);
	status_set_probes(o, s);
	return o;
}

static bool
is_announced(const struct bgp_status *bgp, const struct addr *vip)
{
	size_t i;

	for (i = 0; i < bgp->announced_count; i++)
		if (addr_compare(&bgp->announced[i], vip) == 0)
			return true;
	return false;
}

static void
set_vip_state(json_t *o, const struct vip *v)
{
	static const char *const sets[ATTRIBUTES_SETS] = {
	    [ATTRIBUTES_NORMAL] = "normal",
	    [ATTRIBUTES_DEGRADED] = "degraded",
	    [ATTRIBUTES_LEAVING] = "leaving",
	    [ATTRIBUTES_DEGRADED_LEAVING] = "degraded, leaving",
	};
	const struct vip_state *s = &v->state;
	uint64_t now = monotime_ms();
	char reason[VIP_REASON_LEN];

	json_object_set_new(o, "state", json_string(vip_phase_name(s->phase)));
	json_object_set_new(o, "reason", status_text(vip_explain(v, reason)));
	json_object_set_new(o, "left",
	    s->until == 0
		? json_null()
		: json_real(s->until > now ? (s->until - now) / 1000.0 : 0));
	json_object_set_new(o, "attributes",
	    v->wanted ? json_string(sets[vip_state_attributes(s)])
		      : json_null());
	json_object_set_new(o, "priority",
	    json_string(alert_severity_names[v->conf->priority]));
	set_integer(o, "withdrawals", s->withdrawals);
}

static json_t *
vips_json(const struct engine *e, const struct bgp_status *bgp)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < e->conf->vip_count; i++) {
		const struct vip *v = &e->vips[i];

		json_t *o = json_pack("{s:o, s:b, s:b, s:b, s:s}", "address",
		    address_json(&v->conf->address), "wanted", v->wanted,
		    "announced", is_announced(bgp, &v->conf->address), "local",
		    v->local, "order",
		    orders_name(v->ordered_out ? ORDER_WITHDRAW : ORDER_NONE));

		set_vip_state(o, v);
		json_array_append_new(list, o);
	}
	return list;
}

static json_t *
neighbour_json(const struct engine *e, const struct bgp_neighbour *n)
{
	json_t *o = json_pack("{s:o, s:o, s:I, s:o}", "address",
	    status_text(n->address ? n->address : ""), "description",
	    status_text(n->description ? n->description : ""), "as",
	    (json_int_t)n->as, "state", status_text(n->state ? n->state : ""));

	json_object_set_new(o, "error", status_text(n->error ? n->error : ""));
	set_integer(o, "hold_time", n->hold_time);
	set_integer(
	    o, "flaps", n->address ? neighbour_flaps(e, n->address) : 0);
	set_integer(o, "uptime", n->uptime);
	set_integer(o, "received", n->received);
	set_integer(o, "announced", n->announced);
	return o;
}

static json_t *
bgp_json(const struct engine *e, const struct bgp_status *bgp)
{
	json_t *announced = json_array(), *neighbours = json_array();
	size_t i;

	for (i = 0; i < bgp->announced_count; i++)
		json_array_append_new(
		    announced, address_json(&bgp->announced[i]));
	for (i = 0; i < bgp->neighbour_count; i++)
		json_array_append_new(
		    neighbours, neighbour_json(e, &bgp->neighbours[i]));
	return json_pack("{s:b, s:b, s:o, s:o, s:o}", "enabled",
	    e->conf->bgp.enabled, "connected", bgp->connected, "error",
	    status_text(bgp->error ? bgp->error : ""), "announced", announced,
	    "neighbours", neighbours);
}

static json_t *
services_json(const struct engine *e)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < e->conf->service_count; i++)
		json_array_append_new(list, service_json(&e->services[i]));
	return list;
}

#define HISTORY_SHOWN 20 /* events; the control socket has the others */

json_t *
engine_status(void *engine)
{
	const struct engine *e = engine;
	struct bgp_status bgp = {0};
	char hostname[256] = "";
	json_t *o;

	if (e->bgpd.bgp != NULL)
		bgp_status(e->bgpd.bgp, &bgp);
	gethostname(hostname, sizeof(hostname) - 1);
	o = json_pack("{s:s, s:o, s:I, s:I, s:I, s:s}", "version",
	    PACKAGE_VERSION, "hostname", status_text(hostname), "time",
	    (json_int_t)time(NULL), "started", (json_int_t)e->born, "uptime",
	    (json_int_t)((monotime_ms() - e->started) / 1000), "dataplane",
	    e->dataplane->ops->name);
	json_object_set_new(o, "config", config_json(e));
	json_object_set_new(o, "interfaces", interfaces_json(e));
	json_object_set_new(o, "flows", flows_json(e));
	json_object_set_new(o, "drops", drops_json(e));
	json_object_set_new(o, "answers", answers_json(e));
	json_object_set_new(o, "problems", status_problems(e, bgp.error));
	json_object_set_new(o, "alerts", alerts_json(e));
	json_object_set_new(o, "vips", vips_json(e, &bgp));
	json_object_set_new(o, "services", services_json(e));
	json_object_set_new(o, "probes", status_probes(e));
	json_object_set_new(o, "bgp", bgp_json(e, &bgp));
	json_object_set_new(o, "sync", engine_sync_json(e));
	json_object_set_new(o, "overrides", orders_json(e));
	json_object_set_new(o, "isolation", isolation_json(e));
	json_object_set_new(o, "engine", parent_json(e));
	json_object_set_new(
	    o, "history", history_json(e->history, NULL, HISTORY_SHOWN));
	return o;
}
