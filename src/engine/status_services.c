/* SPDX-License-Identifier: ISC */

/*
 * What the status document (core/status.h) says of services and of their
 * destinations.
 */

#include <stdio.h>

#include "adapters/netlink.h"
#include "base/monotime.h"
#include "engine/private.h"
#include "engine/status_parts.h"

static json_t *
mac_json(const uint8_t mac[6])
{
	return json_sprintf("%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1],
	    mac[2], mac[3], mac[4], mac[5]);
}

static void
set_counters(json_t *o, const struct service *s, const struct addr *server)
{
	struct dataplane *dp = s->engine->dataplane;
	struct dataplane_counters c = {0};

	dp->ops->counters(dp, &s->conf->key, server, &c);
	status_set_integer(o, "packets", c.packets);
	status_set_integer(o, "bytes", c.bytes);
	status_set_integer(o, "tx_bytes", c.tx_bytes);
	status_set_integer(o, "flows", c.flows);
	status_set_integer(o, "stateless", c.stateless);
	status_set_integer(o, "connections", c.connections);
	if (server != NULL)
		return;
	status_set_integer(o, "no_destination", c.no_destination);
	status_set_integer(o, "no_destination_bytes", c.no_destination_bytes);
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
	    routed && hop->gateway.family != 0 ? status_address(&hop->gateway)
					       : json_null());
	json_object_set_new(o, "mac", known ? mac_json(hop->mac) : json_null());
	json_object_set_new(o, "problem", status_text(problem));
}

json_t *
status_destination_brief(const struct destination *d)
{
	static const char *const states[] = {
	    [DESTINATION_DOWN] = "down",
	    [DESTINATION_DRAINING] = "draining",
	    [DESTINATION_UP] = "up",
	};
	json_t *o;

	o = json_pack("{s:o, s:s, s:b, s:i}", "address",
	    status_address(&d->conf->address), "state", states[d->state],
	    "healthy", d->healthy, "weight", (int)d->conf->weight);
	json_object_set_new(o, "order", json_string(orders_name(d->order)));
	json_object_set_new(o, "weight_now",
	    json_real(d->conf->weight * ramp_percent(d) / 100.0));
	set_counters(o, d->service, &d->conf->address);
	return o;
}

json_t *
status_destination(const struct destination *d)
{
	const struct service *s = d->service;
	const struct netlink_nexthop *hop =
	    netlink_nexthop(s->engine->netlink, &d->conf->address);
	json_t *o = status_destination_brief(d), *checks = json_array();
	size_t i;

	set_way(o, d, hop);
	status_set_integer(o, "since", (monotime_ms() - d->since) / 1000);
	for (i = 0; i < s->conf->check_count; i++)
		json_array_append_new(checks, status_check(&d->probers[i]));
	json_object_set_new(o, "checks", checks);
	return o;
}

static void
set_conf(json_t *o, const struct conf_service *c)
{
	status_set_integer(o, "max_out", c->max_out);
	status_set_integer(o, "need_up", c->need_up);
	json_object_set_new(o, "track", json_boolean(c->track));
	status_set_integer(o, "idle", c->idle);
	json_object_set_new(o, "slow_start", json_real(c->slow_start / 1000.0));
}

/* How many servers there are, and of those: healthy, and in state "up". */
static void
set_totals(json_t *o, const struct service *s)
{
	size_t i, healthy = 0, up = 0;

	for (i = 0; i < s->conf->destination_count; i++) {
		healthy += s->destinations[i].healthy;
		up += s->destinations[i].state == DESTINATION_UP;
	}
	status_set_integer(o, "destinations_total", s->conf->destination_count);
	status_set_integer(o, "destinations_up", up);
	status_set_integer(o, "healthy", healthy);
}

json_t *
status_service_head(const struct service *s)
{
	const struct conf_service *c = s->conf;
	char key[SERVICE_KEY_STRLEN];
	json_t *o;

	o = json_pack("{s:s, s:s, s:s, s:o, s:i, s:s, s:s, s:b, s:i, s:i, s:b}",
	    "id", service_key_format(&c->key, key), "name", c->name,
	    "description", c->description, "vip", status_address(&c->key.vip),
	    "port", (int)c->key.port, "protocol",
	    service_protocol_name(c->key.protocol), "scheduler",
	    conf_scheduler_name(c->scheduler), "sticky", c->sticky, "need",
	    (int)c->need, "up", (int)s->up, "ok", s->up >= c->need);
	json_object_set_new(o, "order",
	    json_string(
		orders_name(s->ordered_down ? ORDER_DOWN : ORDER_NONE)));
	set_conf(o, c);
	set_totals(o, s);
	set_counters(o, s, NULL);
	status_set_probes(o, s);
	return o;
}
