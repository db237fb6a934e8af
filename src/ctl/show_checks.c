/* SPDX-License-Identifier: ISC */

/*
 * vc5ctl show checks: each health check, with what its last probe found.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/addr.h"
#include "core/status_value.h"
#include "ctl/show.h"
#include "ctl/table.h"

/* The check, and in "service", "name" and "server" of what. */
static void
add_checks(json_t *list, const json_t *service, const json_t *destination)
{
	char *key = status_service_key(service);
	json_t *check, *copy;
	size_t i;

	json_array_foreach(json_object_get(destination, "checks"), i, check) {
		copy = json_pack("{s:s, s:s, s:s}", "service", key, "name",
		    status_string(service, "name"), "server",
		    status_string(destination, "address"));
		json_object_update(copy, check);
		json_array_append_new(list, copy);
	}
	free(key);
}

static void
add_services(json_t *list, const json_t *services)
{
	const json_t *service, *destination;
	size_t i, j;

	json_array_foreach(services, i, service) {
		json_array_foreach(
		    json_object_get(service, "destinations"), j, destination) {
			add_checks(list, service, destination);
		}
	}
}

/* The checks of a service; if there is no such service, of a server. */
static json_t *
fetch_checks(struct client *client, const char *name, bool as_json)
{
	json_t *services = fetch_services(client, name, NULL), *list;
	struct addr address;

	(void)as_json;
	if (services != NULL && json_array_size(services) == 0 &&
	    name != NULL && addr_parse(name, &address) == 0) {
		json_decref(services);
		services = fetch_services(client, NULL, name);
	}
	if (services == NULL)
		return NULL;
	list = json_array();
	add_services(list, services);
	if (name == NULL || json_array_size(services) > 0) {
		json_decref(services);
		return list;
	}
	safe_warnx("no service or backend %s", name);
	json_decref(services);
	json_decref(list);
	return NULL;
}

static void
add_age(struct table *table, const json_t *check, const char *key)
{
	char age[STATUS_AGE_STRLEN];

	if (json_object_get(check, key) == NULL)
		table_add(table, "");
	else
		table_add(table, status_age(status_number(check, key), age));
}

static void
add_milliseconds(struct table *table, int64_t us)
{
	if (us == 0)
		table_add(table, "");
	else
		table_addf(
		    table, "%" PRId64 ".%03" PRId64, us / 1000, us % 1000);
}

static void
add_check(struct table *table, const json_t *check)
{
	const json_t *phases = json_object_get(check, "phases");
	const char *detail = status_string(check, "detail");
	const char *diagnosis = status_string(check, "diagnosis");
	int64_t next = status_number(check, "next");

	table_add(table, status_string(check, "service"));
	table_add(table, status_string(check, "server"));
	table_addf(table, "%s:%" PRId64, status_string(check, "type"),
	    status_number(check, "port"));
	table_add(table,
	    status_true(check, "decided") ? status_string(check, "state")
					  : "undecided");
	add_age(table, check, "since");
	table_addf(table, "%" PRId64, status_number(check, "streak"));
	add_milliseconds(table, status_number(phases, "connect"));
	add_milliseconds(table, status_number(phases, "tls"));
	add_milliseconds(table, status_number(phases, "first_byte"));
	if (json_object_get(check, "next") == NULL)
		table_add(table, "");
	else
		table_addf(table, "%" PRId64 ".%" PRId64 "s", next / 1000,
		    next % 1000 / 100);
	if (*status_string(check, "outcome") == '\0')
		table_add(table, "");
	else
		table_addf(table, "%s%s%s%s%s", status_string(check, "outcome"),
		    *detail ? ": " : "", detail,
		    *diagnosis ? "; it looks like " : "", diagnosis);
}

/* It is escaped already: not once more, but nothing else gets through. */
static void
print_excerpt(const char *text)
{
	for (; *text != '\0'; text++)
		putchar(*text >= ' ' && *text <= '~' ? *text : '?');
	putchar('\n');
}

/* What was sent and received, and what a certificate is warned of. */
static void
print_transcripts(const json_t *checks)
{
	static const char *const keys[] = {"sent", "received", "warning"};
	const json_t *check;
	size_t i, j, count = 0;

	json_array_foreach(checks, i, check) {
		for (j = 0; j < sizeof(keys) / sizeof(keys[0]); j++) {
			if (*status_string(check, keys[j]) == '\0')
				continue;
			if (count++ == 0)
				putchar('\n');
			safe_printf("%s %s %s:%" PRId64 " %s: ",
			    status_string(check, "service"),
			    status_string(check, "server"),
			    status_string(check, "type"),
			    status_number(check, "port"), keys[j]);
			print_excerpt(status_string(check, keys[j]));
		}
	}
}

static void
show_checks(const json_t *checks, const char *name)
{
	static const char *const headings[] = {"SERVICE", "SERVER", "CHECK",
	    "STATE", "#SINCE", "#STREAK", "#CONNECT ms", "#TLS ms",
	    "#FIRST BYTE ms", "#NEXT", "RESULT", NULL};
	struct table *table = table_new(headings);
	const json_t *check;
	size_t i;

	json_array_foreach(checks, i, check) {
		add_check(table, check);
	}
	table_print(table, 0);
	table_free(table);
	if (name != NULL)
		print_transcripts(checks);
}

const struct view view_checks = {NULL, fetch_checks, show_checks};
