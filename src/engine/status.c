/* SPDX-License-Identifier: ISC */

/*
 * The status document (core/status.h), made from the engine's state.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "adapters/bgp.h"
#include "adapters/netlink.h"
#include "adapters/process.h"
#include "base/log_json.h"
#include "base/monotime.h"
#include "base/xmalloc.h"
#include "config.h"
#include "core/status.h"
#include "engine/alerts.h"
#include "engine/history.h"
#include "engine/private.h"
#include "engine/rates.h"
#include "engine/status_parts.h"
#include "engine/ship.h"
#include "engine/web.h"

json_t *
status_address(const struct addr *a)
{
	char text[ADDR_STRLEN];

	return json_string(addr_format(a, text));
}

json_t *
status_text(const char *text)
{
	return log_json_string(text);
}

void
status_set_integer(json_t *object, const char *key, uint64_t value)
{
	json_object_set_new(object, key, json_integer((json_int_t)value));
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
process_json(void)
{
	struct process_usage usage;

	process_usage(&usage);
	return json_pack("{s:I, s:I, s:I, s:I, s:I}", "cpu",
	    (json_int_t)usage.cpu, "resident", (json_int_t)usage.resident,
	    "virtual", (json_int_t)usage.virtual, "descriptors",
	    (json_int_t)usage.descriptors, "descriptors_limit",
	    (json_int_t)usage.descriptors_limit);
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
	status_set_integer(o, "capacity", f.capacity);
	status_set_integer(o, "embryonic", f.embryonic);
	status_set_integer(o, "confirmed", f.confirmed);
	status_set_integer(o, "closed", f.closed);
	status_set_integer(o, "idle", f.idle);
	status_set_integer(o, "memory", f.memory);
	status_set_integer(o, "full", f.full);
	for (i = 0; i < EVICTED_REASONS; i++)
		status_set_integer(evicted, reasons[i], f.evicted[i]);
	json_object_set_new(o, "evicted", evicted);
	return o;
}

static json_t *
reason_json(const struct dataplane_reason *reason, const char *key)
{
	return json_pack("{s:s, s:s, s:I}", key, reason->name, "help",
	    reason->help, "packets", (json_int_t)reason->packets);
}

static json_t *
drops_json(const struct engine *e)
{
	const struct dataplane_reason *reasons;
	json_t *list = json_array(), *drop;
	size_t i, count;

	reasons = e->dataplane->ops->drops(e->dataplane, &count);
	for (i = 0; i < count; i++) {
		drop = reason_json(&reasons[i], "reason");
		status_set_integer(drop, "bytes", reasons[i].bytes);
		json_array_append_new(list, drop);
	}
	return list;
}

static json_t *
answers_json(const struct engine *e)
{
	const struct dataplane_reason *kinds;
	json_t *list = json_array();
	size_t i, count;

	kinds = e->dataplane->ops->answers(e->dataplane, &count);
	for (i = 0; i < count; i++)
		json_array_append_new(list, reason_json(&kinds[i], "kind"));
	return list;
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
	status_set_integer(o, "withdrawals", s->withdrawals);
}

static json_t *
vips_json(const struct engine *e, const struct bgp_status *bgp)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < e->conf->vip_count; i++) {
		const struct vip *v = &e->vips[i];

		json_t *o = json_pack("{s:o, s:b, s:b, s:b, s:s}", "address",
		    status_address(&v->conf->address), "wanted", v->wanted,
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
	status_set_integer(o, "hold_time", n->hold_time);
	status_set_integer(
	    o, "flaps", n->address ? neighbour_flaps(e, n->address) : 0);
	status_set_integer(o, "uptime", n->uptime);
	status_set_integer(o, "received", n->received);
	status_set_integer(o, "announced", n->announced);
	return o;
}

static json_t *
bgp_json(const struct engine *e, const struct bgp_status *bgp)
{
	json_t *announced = json_array(), *neighbours = json_array();
	size_t i;

	for (i = 0; i < bgp->announced_count; i++)
		json_array_append_new(
		    announced, status_address(&bgp->announced[i]));
	for (i = 0; i < bgp->neighbour_count; i++)
		json_array_append_new(
		    neighbours, neighbour_json(e, &bgp->neighbours[i]));
	return json_pack("{s:b, s:b, s:o, s:o, s:o}", "enabled",
	    e->conf->bgp.enabled, "connected", bgp->connected, "error",
	    status_text(bgp->error ? bgp->error : ""), "announced", announced,
	    "neighbours", neighbours);
}

#define HISTORY_SHOWN 20 /* events; the control socket has the others */

json_t *
status_head(const struct engine *e)
{
	struct bgp_status bgp = {0};
	char hostname[256] = "";
	json_t *o;

	if (e->bgpd.bgp != NULL)
		bgp_status(e->bgpd.bgp, &bgp);
	gethostname(hostname, sizeof(hostname) - 1);
	o = json_pack("{s:s, s:i, s:o, s:I, s:I, s:I, s:s}", "version",
	    PACKAGE_VERSION, "api", STATUS_API, "hostname",
	    status_text(hostname), "time", (json_int_t)time(NULL), "started",
	    (json_int_t)e->born, "uptime",
	    (json_int_t)((monotime_ms() - e->started) / 1000), "dataplane",
	    e->dataplane->ops->name);
	json_object_set_new(o, "config", config_json(e));
	json_object_set_new(o, "interfaces", interfaces_json(e));
	json_object_set_new(o, "flows", flows_json(e));
	json_object_set_new(o, "drops", drops_json(e));
	json_object_set_new(o, "answers", answers_json(e));
	json_object_set_new(o, "traffic", rates_totals(e));
	json_object_set_new(o, "problems", status_problems(e, bgp.error));
	json_object_set_new(o, "alerts", alerts_json(e));
	json_object_set_new(o, "vips", vips_json(e, &bgp));
	json_object_set_new(o, "probes", status_probes(e));
	json_object_set_new(o, "bgp", bgp_json(e, &bgp));
	json_object_set_new(o, "sync", engine_sync_json(e));
	json_object_set_new(o, "overrides", orders_json(e));
	json_object_set_new(o, "blocked", blocks_count_json(e));
	json_object_set_new(o, "isolation", isolation_json(e));
	json_object_set_new(o, "engine", parent_json(e));
	json_object_set_new(o, "process", process_json());
	json_object_set_new(o, "shipping", ship_json(e));
	json_object_set_new(o, "webserver", web_status(e));
	json_object_set_new(
	    o, "history", history_json(e->history, NULL, HISTORY_SHOWN));
	return o;
}
