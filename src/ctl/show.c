/* SPDX-License-Identifier: ISC */

/*
 * What vc5ctl show writes: see show.h.
 */

#include <err.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/xmalloc.h"
#include "core/status_value.h"
#include "ctl/show.h"
#include "ctl/table.h"

static const char *
yes_no(const json_t *object, const char *key)
{
	return status_true(object, key) ? "yes" : "no";
}

static void
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

static void
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

/* How many destinations of all services are in a state. */
static size_t
count_destinations(const json_t *services, const char *state)
{
	const json_t *service;
	size_t i, count = 0;

	json_array_foreach(services, i, service) {
		count += status_count_string(
		    json_object_get(service, "destinations"), "state", state);
	}
	return count;
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
	print_fact("destinations", "%zu up, %zu draining, %zu down",
	    count_destinations(services, "up"),
	    count_destinations(services, "draining"),
	    count_destinations(services, "down"));
	summarise_bgp(json_object_get(status, "bgp"));
	print_fact("dropped", "%" PRId64 " packets",
	    count_drops(json_object_get(status, "drops")));
	print_alerts(json_object_get(status, "alerts"));
	summarise_overrides(json_object_get(status, "overrides"));
	print_lines("Problems", json_object_get(status, "problems"));
	print_lines("Reload refused", json_object_get(config, "errors"));
}

static void
show_vips(const json_t *vips, const char *argument)
{
	static const char *const headings[] = {"VIP", "WANTED", "ANNOUNCED",
	    "LOCAL", "ORDER", "STATE", "#LEFT", "REASON", NULL};
	struct table *table = table_new(headings);
	char age[STATUS_AGE_STRLEN];
	const json_t *vip, *left;
	size_t i;

	(void)argument;
	json_array_foreach(vips, i, vip) {
		left = json_object_get(vip, "left");
		table_add(table, status_string(vip, "address"));
		table_add(table, yes_no(vip, "wanted"));
		table_add(table, yes_no(vip, "announced"));
		table_add(table, yes_no(vip, "local"));
		table_add(table, status_string(vip, "order"));
		table_add(table, status_string(vip, "state"));
		table_add(table,
		    json_is_number(left)
			? status_age(
			      (int64_t)(json_number_value(left) + 0.999), age)
			: "");
		table_add(table, status_string(vip, "reason"));
	}
	table_print(table, 0);
	table_free(table);
}

static void
show_neighbours(const json_t *neighbours)
{
	static const char *const headings[] = {"NEIGHBOUR", "#AS", "STATE",
	    "#SINCE", "#FLAPS", "#HOLD", "#RECEIVED", "#ANNOUNCED",
	    "DESCRIPTION", NULL};
	struct table *table = table_new(headings);
	const json_t *neighbour;
	char age[STATUS_AGE_STRLEN];
	size_t i;

	json_array_foreach(neighbours, i, neighbour) {
		table_add(table, status_string(neighbour, "address"));
		table_addf(table, "%" PRId64, status_number(neighbour, "as"));
		table_add(table, status_string(neighbour, "state"));
		table_add(
		    table, status_age(status_number(neighbour, "uptime"), age));
		table_addf(
		    table, "%" PRId64, status_number(neighbour, "flaps"));
		table_addf(
		    table, "%" PRId64, status_number(neighbour, "hold_time"));
		table_addf(
		    table, "%" PRId64, status_number(neighbour, "received"));
		table_addf(
		    table, "%" PRId64, status_number(neighbour, "announced"));
		table_add(table, status_string(neighbour, "description"));
	}
	table_print(table, 0);
	table_free(table);
}

/* Why sessions ended last, as far as bgpd says. */
static void
show_neighbour_errors(const json_t *neighbours)
{
	const json_t *neighbour;
	size_t i;

	json_array_foreach(neighbours, i, neighbour) {
		if (*status_string(neighbour, "error") == '\0')
			continue;
		safe_printf("last error of %s: %s",
		    status_string(neighbour, "address"),
		    status_string(neighbour, "error"));
		putchar('\n');
	}
}

static void
show_bgp(const json_t *bgp, const char *argument)
{
	const json_t *vip;
	size_t i;

	(void)argument;
	if (!status_true(bgp, "enabled")) {
		puts("BGP is disabled");
		return;
	}
	if (status_true(bgp, "connected"))
		puts("connected to bgpd");
	else
		puts("not connected to bgpd");
	if (*status_string(bgp, "error") != '\0') {
		safe_printf("error: %s", status_string(bgp, "error"));
		putchar('\n');
	}
	fputs("announced:", stdout);
	json_array_foreach(json_object_get(bgp, "announced"), i, vip) {
		safe_printf(" %s", json_string_value(vip));
	}
	puts(i == 0 ? " nothing\n" : "\n");
	show_neighbours(json_object_get(bgp, "neighbours"));
	show_neighbour_errors(json_object_get(bgp, "neighbours"));
}

/* "eth1, eth2", and which of them are attached to on their own. */
static void
add_members(struct table *table, const json_t *members)
{
	const json_t *member;
	char *list = NULL, *longer;
	size_t i;

	json_array_foreach(members, i, member) {
		longer = xasprintf("%s%s%s%s", list ? list : "",
		    list ? ", " : "", status_string(member, "name"),
		    status_true(member, "attached") ? " (attached)" : "");
		free(list);
		list = longer;
	}
	table_add(table, list);
	free(list);
}

static void
show_interfaces(const json_t *interfaces, const char *argument)
{
	static const char *const headings[] = {
	    "INTERFACE", "LINK", "ATTACHED", "MODE", "MEMBERS", NULL};
	struct table *table = table_new(headings);
	const json_t *interface;
	bool attached;
	size_t i;

	(void)argument;
	json_array_foreach(interfaces, i, interface) {
		attached = status_true(interface, "attached");
		table_add(table, status_string(interface, "name"));
		table_add(table, status_true(interface, "up") ? "up" : "down");
		table_add(table, attached ? "yes" : "no");
		table_add(table,
		    !attached				   ? ""
			: status_true(interface, "native") ? "native"
							   : "generic");
		add_members(table, json_object_get(interface, "members"));
	}
	table_print(table, 0);
	table_free(table);
}

/* Packets by what there is a name for: key is that of the name. */
static void
print_counts(const json_t *counts, const char *const *headings, const char *key)
{
	struct table *table = table_new(headings);
	const json_t *count;
	size_t i;

	json_array_foreach(counts, i, count) {
		table_add(table, status_string(count, key));
		table_addf(table, "%" PRId64, status_number(count, "packets"));
		table_add(table, status_string(count, "help"));
	}
	table_print(table, 0);
	table_free(table);
}

static void
show_drops(const json_t *drops, const char *argument)
{
	static const char *const headings[] = {
	    "REASON", "#PACKETS", "MEANING", NULL};

	(void)argument;
	print_counts(drops, headings, "reason");
}

static void
show_answers(const json_t *answers, const char *argument)
{
	static const char *const headings[] = {
	    "KIND", "#PACKETS", "MEANING", NULL};

	(void)argument;
	print_counts(answers, headings, "kind");
}

static void
show_alerts(const json_t *alerts, const char *argument)
{
	static const char *const headings[] = {
	    "SEVERITY", "#SINCE", "ALERT", "TEXT", NULL};
	struct table *table = table_new(headings);
	char age[STATUS_AGE_STRLEN];
	const json_t *alert;
	size_t i;

	(void)argument;
	json_array_foreach(alerts, i, alert) {
		table_add(table, status_string(alert, "severity"));
		table_add(
		    table, status_age(status_number(alert, "since"), age));
		table_add(table, status_string(alert, "id"));
		table_add(table, status_string(alert, "text"));
	}
	table_print(table, 0);
	table_free(table);
}

/* By enum action. */
static const struct {
	const char *key; /* of the part; NULL = the whole */
	json_t *(*select)(const json_t *status, const char *argument);
	void (*show)(const json_t *part, const char *argument);
} views[] = {
    [SHOW_SUMMARY] = {NULL, NULL, show_summary},
    [SHOW_SERVICES] = {NULL, select_services, show_services},
    [SHOW_BACKENDS] = {NULL, select_backends, show_backends},
    [SHOW_CHECKS] = {NULL, select_checks, show_checks},
    [SHOW_VIPS] = {"vips", NULL, show_vips},
    [SHOW_BGP] = {"bgp", NULL, show_bgp},
    [SHOW_PEERS] = {"sync", NULL, show_peers},
    [SHOW_INTERFACES] = {"interfaces", NULL, show_interfaces},
    [SHOW_DROPS] = {"drops", NULL, show_drops},
    [SHOW_OVERRIDES] = {"overrides", NULL, show_overrides},
    [SHOW_ANSWERS] = {"answers", NULL, show_answers},
    [SHOW_ALERTS] = {"alerts", NULL, show_alerts},
};

json_t *
show_select(const struct command *command, json_t *status)
{
	const char *key = views[command->action].key;
	json_t *part = status;

	if (views[command->action].select != NULL)
		return views[command->action].select(
		    status, command->values[0]);
	if (key != NULL && (part = json_object_get(status, key)) == NULL) {
		warnx("vc5d's reply has no \"%s\"", key);
		return NULL;
	}
	return json_incref(part);
}

void
show_text(const struct command *command, const json_t *part)
{
	views[command->action].show(part, command->values[0]);
}

void
show_json(const json_t *json)
{
	size_t flags = JSON_ENSURE_ASCII | JSON_ENCODE_ANY;

	flags |= isatty(STDOUT_FILENO) ? JSON_INDENT(4) : JSON_COMPACT;
	json_dumpf(json, stdout, flags);
	putchar('\n');
}
