/* SPDX-License-Identifier: ISC */

/*
 * The metric families of the data plane, VIPs, and bgpd: tables of them, each
 * with the function that walks its part of the status document.
 *
 * Names are as prometheus.io/docs/practices/naming has them.
 */

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "core/alert.h"
#include "core/status_family.h"
#include "core/status_value.h"

static void
sample_build(FILE *out, const struct family *family, const json_t *status)
{
	put_name(out, family);
	fputc('{', out);
	put_label(out, "version", status_string(status, "version"));
	fputc(',', out);
	put_label(out, "dataplane", status_string(status, "dataplane"));
	fputs("} 1\n", out);
}

static void
sample_problems(FILE *out, const struct family *family, const json_t *status)
{
	put_name(out, family);
	fprintf(out, " %zu\n",
	    json_array_size(json_object_get(status, "problems")));
}

/* By severity, also where there is none. */
static void
sample_alerts(FILE *out, const struct family *family, const json_t *status)
{
	const json_t *alerts = json_object_get(status, "alerts");
	size_t i;

	for (i = 0; alert_severity_names[i] != NULL; i++) {
		put_name(out, family);
		fputc('{', out);
		put_label(out, "severity", alert_severity_names[i]);
		fprintf(out, "} %zu\n",
		    status_count_string(
			alerts, "severity", alert_severity_names[i]));
	}
}

static void
sample_config(FILE *out, const struct family *family, const json_t *status)
{
	put_name(out, family);
	put_value(out,
	    json_object_get(json_object_get(status, "config"), family->key));
}

static void
sample_config_good(FILE *out, const struct family *family, const json_t *status)
{
	const json_t *config = json_object_get(status, "config");

	put_name(out, family);
	fprintf(out, " %d\n",
	    json_array_size(json_object_get(config, "errors")) == 0);
}

static void
sample_engine(FILE *out, const struct family *family, const json_t *status)
{
	put_name(out, family);
	put_value(out,
	    json_object_get(json_object_get(status, "engine"), family->key));
}

static void
sample_interfaces(FILE *out, const struct family *family, const json_t *status)
{
	const json_t *interface;
	size_t i;

	json_array_foreach(
	    json_object_get(status, "interfaces"), i, interface) {
		put_labelled(out, family, "interface",
		    status_string(interface, "name"),
		    json_object_get(interface, family->key));
	}
}

static void
sample_flows(FILE *out, const struct family *family, const json_t *status)
{
	static const char *const states[] = {
	    "embryonic", "confirmed", "closed", "idle"};
	const json_t *flows = json_object_get(status, "flows");
	size_t i;

	for (i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		put_labelled(out, family, "state", states[i],
		    json_object_get(flows, states[i]));
}

/* Who had to give way to new flows, by what it was. */
static void
sample_evicted(FILE *out, const struct family *family, const json_t *status)
{
	static const char *const reasons[] = {
	    "embryonic", "idle", "closed", "gone"};
	const json_t *evicted =
	    json_object_get(json_object_get(status, "flows"), "evicted");
	size_t i;

	for (i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		put_labelled(out, family, "reason", reasons[i],
		    json_object_get(evicted, reasons[i]));
}

static void
sample_flow_table(FILE *out, const struct family *family, const json_t *status)
{
	put_name(out, family);
	put_value(out,
	    json_object_get(json_object_get(status, "flows"), family->key));
}

static void
sample_vips(FILE *out, const struct family *family, const json_t *status)
{
	const json_t *vip;
	size_t i;

	json_array_foreach(json_object_get(status, "vips"), i, vip) {
		put_labelled(out, family, "vip", status_string(vip, "address"),
		    json_object_get(vip, family->key));
	}
}

static void
sample_vip_states(FILE *out, const struct family *family, const json_t *status)
{
	static const char *const states[] = {"withdrawn", "learning",
	    "settling", "held down", "announced", "degraded", "leaving"};
	const json_t *vip;
	size_t i, j;

	json_array_foreach(json_object_get(status, "vips"), i, vip) {
		for (j = 0; j < sizeof(states) / sizeof(states[0]); j++) {
			put_name(out, family);
			fputc('{', out);
			put_label(out, "vip", status_string(vip, "address"));
			fprintf(out, ",state=\"%s\"} %d\n", states[j],
			    strcmp(status_string(vip, "state"), states[j]) ==
				0);
		}
	}
}

static void
sample_bgp(FILE *out, const struct family *family, const json_t *status)
{
	put_name(out, family);
	put_value(
	    out, json_object_get(json_object_get(status, "bgp"), family->key));
}

static void
put_neighbour_labels(
    FILE *out, const struct family *family, const json_t *neighbour)
{
	put_name(out, family);
	fputc('{', out);
	put_label(out, "neighbour", status_string(neighbour, "address"));
	fprintf(out, ",as=\"%" PRId64 "\"", status_number(neighbour, "as"));
}

static void
sample_neighbours(FILE *out, const struct family *family, const json_t *status)
{
	const json_t *bgp = json_object_get(status, "bgp"), *neighbour;
	size_t i;

	json_array_foreach(json_object_get(bgp, "neighbours"), i, neighbour) {
		put_neighbour_labels(out, family, neighbour);
		fputc('}', out);
		put_value(out, json_object_get(neighbour, family->key));
	}
}

/* The states of RFC 4271, section 8.2.2. */
static void
sample_neighbour_states(
    FILE *out, const struct family *family, const json_t *status)
{
	static const char *const states[] = {"Idle", "Connect", "Active",
	    "OpenSent", "OpenConfirm", "Established"};
	const json_t *bgp = json_object_get(status, "bgp"), *neighbour;
	size_t i, j;

	json_array_foreach(json_object_get(bgp, "neighbours"), i, neighbour) {
		for (j = 0; j < sizeof(states) / sizeof(states[0]); j++) {
			put_neighbour_labels(out, family, neighbour);
			fprintf(out, ",state=\"%s\"} %d\n", states[j],
			    strcmp(status_string(neighbour, "state"),
				states[j]) == 0);
		}
	}
}

static const struct family families[] = {
    {"build_info", "gauge", "Version and data plane; always 1.", sample_build,
	NULL},
    {"problems", "gauge", "What is wrong now; see the status page.",
	sample_problems, NULL},
    {"alerts", "gauge", "Alerts that are raised, by severity.", sample_alerts,
	NULL},
    {"engine_restarts_total", "counter",
	"Engines that died and were replaced, since vc5d was started.",
	sample_engine, "restarts"},
    {"engine_death_timestamp_seconds", "gauge",
	"When an engine died last; 0 if none has.", sample_engine, "died"},
    {"config_last_reload_successful", "gauge",
	"Was the last configuration that was loaded accepted.",
	sample_config_good, NULL},
    {"config_last_reload_success_timestamp_seconds", "gauge",
	"When the configuration in force was loaded.", sample_config, "loaded"},
    {"config_reloads_total", "counter",
	"Configurations that replaced another one.", sample_config, "reloads"},
    {"interface_attached", "gauge",
	"Is the data plane attached to the interface.", sample_interfaces,
	"attached"},
    {"interface_native", "gauge",
	"Is it attached inside the interface's driver.", sample_interfaces,
	"native"},
    {"interface_up", "gauge", "Is the interface up, with a carrier.",
	sample_interfaces, "up"},
    {"flows", "gauge", "Entries of the flow table by state.", sample_flows,
	NULL},
    {"flows_capacity", "gauge", "Entries that the flow table can hold.",
	sample_flow_table, "capacity"},
    {"flows_memory_bytes", "gauge",
	"Memory of the flow table and of what goes with it.", sample_flow_table,
	"memory"},
    {"flows_evicted_total", "counter",
	"Entries that were given to new flows, by what was in them.",
	sample_evicted, NULL},
    {"flows_full_total", "counter",
	"New flows that found only live ones in their place.",
	sample_flow_table, "full"},
    {"vip_wanted", "gauge", "Is the VIP to be announced.", sample_vips,
	"wanted"},
    {"vip_announced", "gauge", "Is the VIP announced by bgpd.", sample_vips,
	"announced"},
    {"vip_local", "gauge",
	"Is the VIP an address of this host, which it must not be.",
	sample_vips, "local"},
    {"vip_state", "gauge", "State of the VIP: 1 for the one that it is in.",
	sample_vip_states, NULL},
    {"vip_withdrawals_total", "counter",
	"How often the VIP was withdrawn, for whatever reason.", sample_vips,
	"withdrawals"},
};

/* They come behind those of services and destinations. */
static const struct family bgp_families[] = {
    {"bgp_enabled", "gauge", "Is announcing configured.", sample_bgp,
	"enabled"},
    {"bgp_connected", "gauge", "Is bgpd's control socket connected.",
	sample_bgp, "connected"},
    {"bgp_neighbour_state", "gauge",
	"State of the session: 1 for the one that it is in.",
	sample_neighbour_states, NULL},
    {"bgp_neighbour_flaps_total", "counter",
	"Sessions with the neighbour that were lost.", sample_neighbours,
	"flaps"},
    {"bgp_neighbour_state_seconds", "gauge",
	"For how long the session is in its state.", sample_neighbours,
	"uptime"},
    {"bgp_neighbour_hold_time_seconds", "gauge",
	"Silence that ends the session; 0 if none does.", sample_neighbours,
	"hold_time"},
    {"bgp_neighbour_received_prefixes", "gauge",
	"Prefixes received from the neighbour.", sample_neighbours, "received"},
    {"bgp_neighbour_announced_prefixes", "gauge",
	"Prefixes announced to the neighbour.", sample_neighbours, "announced"},
};

const struct family *
status_main_families(size_t *count)
{
	*count = sizeof(families) / sizeof(families[0]);
	return families;
}

const struct family *
status_bgp_families(size_t *count)
{
	*count = sizeof(bgp_families) / sizeof(bgp_families[0]);
	return bgp_families;
}
