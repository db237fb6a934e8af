/* SPDX-License-Identifier: ISC */

/*
 * vc5ctl show summary: how everything is, in short.
 */

#include <err.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/status_value.h"
#include "ctl/show.h"
#include "ctl/table.h"

void
print_lines(const char *heading, const json_t *lines)
{
	const json_t *line;
	size_t i;

	if (json_array_size(lines) == 0)
		return;
	printf("\n%s:\n", heading);
	json_array_foreach(lines, i, line) {
		fputs("  ", stdout);
		safe_printf("%s", json_string_value(line));
		putchar('\n');
	}
}

void
print_alerts(const json_t *alerts)
{
	const json_t *alert;
	size_t i;

	if (json_array_size(alerts) == 0)
		return;
	puts("\nAlerts:");
	json_array_foreach(alerts, i, alert) {
		safe_printf("  %s: %s: %s", status_string(alert, "severity"),
		    status_string(alert, "id"), status_string(alert, "text"));
		putchar('\n');
	}
}

static void __attribute__((format(printf, 2, 3)))
print_fact(const char *name, const char *format, ...)
{
	va_list ap;
	char *text;

	va_start(ap, format);
	if (vasprintf(&text, format, ap) == -1)
		err(1, "vasprintf");
	va_end(ap);
	printf("%-16s", name);
	safe_printf("%s", text);
	putchar('\n');
	free(text);
}

/* The sum of a number that all services have. */
static int64_t
sum(const json_t *services, const char *key)
{
	const json_t *service;
	int64_t total = 0;
	size_t i;

	json_array_foreach(services, i, service) {
		total += status_number(service, key);
	}
	return total;
}

static int64_t
count_drops(const json_t *drops)
{
	const json_t *drop;
	int64_t count = 0;
	size_t i;

	json_array_foreach(drops, i, drop) {
		count += status_number(drop, "packets");
	}
	return count;
}

/* Both since the start. */
static void
summarise_traffic(const json_t *traffic)
{
	print_fact("in, out",
	    "%" PRId64 " packets, %" PRId64 " bytes; %" PRId64
	    " packets, %" PRId64 " bytes",
	    status_number(traffic, "rx_packets"),
	    status_number(traffic, "rx_bytes"),
	    status_number(traffic, "tx_packets"),
	    status_number(traffic, "tx_bytes"));
}

static void
summarise_bgp(const json_t *bgp)
{
	const json_t *neighbours = json_object_get(bgp, "neighbours");

	if (!status_true(bgp, "enabled"))
		print_fact("BGP", "disabled");
	else if (!status_true(bgp, "connected"))
		print_fact("BGP", "not connected to bgpd: %s",
		    status_string(bgp, "error"));
	else
		print_fact("BGP",
		    "connected, %zu of %zu neighbours established",
		    status_count_string(neighbours, "state", "Established"),
		    json_array_size(neighbours));
}

static void
show_summary(const json_t *status, const char *argument)
{
	const json_t *config = json_object_get(status, "config");
	const json_t *engine = json_object_get(status, "engine");
	const json_t *interfaces = json_object_get(status, "interfaces");
	const json_t *flows = json_object_get(status, "flows");
	const json_t *vips = json_object_get(status, "vips");
	const json_t *services = json_object_get(status, "services");
	char age[STATUS_AGE_STRLEN], loaded[STATUS_TIME_STRLEN];

	(void)argument;
	print_fact("host", "%s", status_string(status, "hostname"));
	print_fact("version", "%s, up %s", status_string(status, "version"),
	    status_age(status_number(status, "uptime"), age));
	print_fact("configuration", "%s, loaded %s, reloads: %" PRId64,
	    status_string(config, "file"),
	    status_time(status_number(config, "loaded"), loaded),
	    status_number(config, "reloads"));
	if (status_number(engine, "restarts") > 0)
		print_fact("engine", "restarted %" PRId64 " times, last %s: %s",
		    status_number(engine, "restarts"),
		    status_time(status_number(engine, "died"), loaded),
		    status_string(engine, "reason"));
	print_fact("data plane", "%s, attached to %zu of %zu interfaces",
	    status_string(status, "dataplane"),
	    status_count_true(interfaces, "attached"),
	    json_array_size(interfaces));
	print_fact("flows",
	    "%" PRId64 " confirmed, %" PRId64 " embryonic, %" PRId64
	    " idle, %" PRId64 " closed, of %" PRId64,
	    status_number(flows, "confirmed"),
	    status_number(flows, "embryonic"), status_number(flows, "idle"),
	    status_number(flows, "closed"), status_number(flows, "capacity"));
	print_fact("VIPs", "%zu, %zu wanted, %zu announced",
	    json_array_size(vips), status_count_true(vips, "wanted"),
	    status_count_true(vips, "announced"));
	print_fact("services", "%zu, %zu ok", json_array_size(services),
	    status_count_true(services, "ok"));
	print_fact("destinations",
	    "%" PRId64 " of %" PRId64 " up, %" PRId64 " healthy",
	    sum(services, "destinations_up"),
	    sum(services, "destinations_total"), sum(services, "healthy"));
	summarise_bgp(json_object_get(status, "bgp"));
	summarise_traffic(json_object_get(status, "traffic"));
	print_fact("dropped", "%" PRId64 " packets",
	    count_drops(json_object_get(status, "drops")));
	print_alerts(json_object_get(status, "alerts"));
	summarise_overrides(json_object_get(status, "overrides"));
	print_lines("Problems", json_object_get(status, "problems"));
	print_lines("Reload refused", json_object_get(config, "errors"));
}

/* As JSON, everything that there is. */
static json_t *
fetch(struct client *client, const char *argument, bool as_json)
{
	(void)argument;
	if (!as_json)
		return fetch_head(client);
	return client_ask(client, json_pack("{s:s}", "command", "status"));
}

const struct view view_summary = {NULL, fetch, show_summary};
