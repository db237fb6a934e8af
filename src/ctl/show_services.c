/* SPDX-License-Identifier: ISC */

/*
 * vc5ctl show services and show backends: the same destinations, seen from
 * the services, and from the servers, which can serve several.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xmalloc.h"
#include "core/addr.h"
#include "core/status_value.h"
#include "ctl/show.h"
#include "ctl/table.h"

#define INDENT 4

static void
add_number(struct table *table, const json_t *object, const char *key)
{
	table_addf(table, "%" PRId64, status_number(object, key));
}

/* For text, the list of all needs no servers. */
static json_t *
fetch(struct client *client, const char *name, bool as_json)
{
	json_t *services, *head;

	if (name == NULL && !as_json) {
		if ((head = fetch_head(client)) == NULL)
			return NULL;
		services = json_incref(json_object_get(head, "services"));
		json_decref(head);
		return services;
	}
	services = fetch_services(client, name, NULL);
	if (services == NULL || name == NULL || json_array_size(services) > 0)
		return services;
	safe_warnx("no service %s", name);
	json_decref(services);
	return NULL;
}

/* The destination, and in "service" whose it is. */
static json_t *
backend_new(const json_t *service, const json_t *destination)
{
	char *key = status_service_key(service);
	json_t *backend = json_pack("{s:s, s:o}", "service", key, "name",
	    json_string(status_string(service, "name")));

	json_object_update(backend, (json_t *)destination);
	free(key);
	return backend;
}

static int
compare_backends(const void *a, const void *b)
{
	const json_t *x = *(json_t *const *)a, *y = *(json_t *const *)b;
	const char *p = status_string(x, "address");
	const char *q = status_string(y, "address");
	struct addr m, n;
	int order;

	if (addr_parse(p, &m) == 0 && addr_parse(q, &n) == 0)
		order = addr_compare(&m, &n);
	else
		order = strcmp(p, q);
	if (order != 0)
		return order;
	return strcmp(status_string(x, "service"), status_string(y, "service"));
}

static json_t *
sort_backends(json_t *backends)
{
	size_t i, count = json_array_size(backends);
	json_t **list = xcalloc(count + 1, sizeof(json_t *));
	json_t *sorted = json_array();

	for (i = 0; i < count; i++)
		list[i] = json_array_get(backends, i);
	qsort(list, count, sizeof(json_t *), compare_backends);
	for (i = 0; i < count; i++)
		json_array_append(sorted, list[i]);
	free(list);
	json_decref(backends);
	return sorted;
}

static json_t *
fetch_backends(struct client *client, const char *address, bool as_json)
{
	json_t *services = fetch_services(client, NULL, address);
	json_t *backends = json_array();
	const json_t *service, *destination;
	size_t i, j;

	(void)as_json;
	json_array_foreach(services, i, service) {
		json_array_foreach(
		    json_object_get(service, "destinations"), j, destination) {
			json_array_append_new(
			    backends, backend_new(service, destination));
		}
	}
	if (services != NULL &&
	    (address == NULL || json_array_size(backends) > 0)) {
		json_decref(services);
		return sort_backends(backends);
	}
	if (services != NULL)
		safe_warnx("no backend %s", address);
	json_decref(services);
	json_decref(backends);
	return NULL;
}

/* One check, after a first cell that says whose it is. */
static void
add_check(struct table *table, const char *whose, const json_t *check)
{
	const char *outcome = status_string(check, "outcome");
	const char *detail = status_string(check, "detail");
	const char *diagnosis = status_string(check, "diagnosis");
	int64_t duration = status_number(check, "duration");
	char age[STATUS_AGE_STRLEN];

	table_add(table, whose);
	table_addf(table, "%s %" PRId64, status_string(check, "type"),
	    status_number(check, "port"));
	table_add(table,
	    status_true(check, "decided") ? status_string(check, "state")
					  : "unknown");
	if (*outcome == '\0') {
		table_add(table, "");
		table_add(table, "");
	} else {
		table_addf(table, "%" PRId64 ".%03" PRId64 " ms",
		    duration / 1000, duration % 1000);
		table_add(table, status_age(status_number(check, "age"), age));
	}
	add_number(table, check, "passed");
	add_number(table, check, "failed");
	if (*detail != '\0')
		table_addf(table, "%s: %s%s%s", outcome, detail,
		    *diagnosis != '\0' ? "; it looks like " : "", diagnosis);
	else
		table_add(table, outcome);
}

/* The checks of destinations; key of what to name each by. */
static void
print_checks(const json_t *destinations, const char *heading, const char *key,
    unsigned indent)
{
	const char *const headings[] = {heading, "CHECK", "STATE", "#TIME",
	    "#AGE", "#PASSED", "#FAILED", "RESULT", NULL};
	struct table *table = table_new(headings);
	const json_t *destination, *check;
	size_t i, j, count = 0;

	json_array_foreach(destinations, i, destination) {
		json_array_foreach(
		    json_object_get(destination, "checks"), j, check) {
			add_check(
			    table, status_string(destination, key), check);
			count++;
		}
	}
	if (count > 0) {
		putchar('\n');
		table_print(table, indent);
	}
	table_free(table);
}

static void
add_way(struct table *table, const char *whose, const json_t *destination)
{
	int64_t vlan = status_number(destination, "vlan");
	int64_t mtu = status_number(destination, "mtu");

	table_add(table, whose);
	table_add(table, status_string(destination, "delivery"));
	table_add(table, status_string(destination, "interface"));
	if (vlan != 0)
		table_addf(table, "%" PRId64, vlan);
	else
		table_add(table, "");
	if (mtu != 0)
		table_addf(table, "%" PRId64, mtu);
	else
		table_add(table, "");
	table_add(table, status_string(destination, "gateway"));
	table_add(table, status_string(destination, "mac"));
	table_add(table, status_string(destination, "problem"));
}

/* How destinations are reached, and why not; key of what to name each by. */
static void
print_ways(const json_t *destinations, const char *heading, const char *key,
    unsigned indent)
{
	const char *const headings[] = {heading, "DELIVERY", "INTERFACE",
	    "#VLAN", "#MTU", "GATEWAY", "MAC", "PROBLEM", NULL};
	struct table *table = table_new(headings);
	const json_t *destination;
	size_t i;

	json_array_foreach(destinations, i, destination) {
		add_way(table, status_string(destination, key), destination);
	}
	putchar('\n');
	table_print(table, indent);
	table_free(table);
}

static void
add_destination(struct table *table, const json_t *destination)
{
	char age[STATUS_AGE_STRLEN], weight[STATUS_WEIGHT_STRLEN];

	if (*status_string(destination, "order") == '\0')
		table_add(table, status_string(destination, "state"));
	else
		table_addf(table, "%s (%s)",
		    status_string(destination, "state"),
		    status_string(destination, "order"));
	table_add(table, status_age(status_number(destination, "since"), age));
	table_add(table, status_weight(destination, weight));
	add_number(table, destination, "flows");
	add_number(table, destination, "stateless");
	add_number(table, destination, "packets");
	add_number(table, destination, "bytes");
}

/* Who gets a flow, and for how long. */
static void
print_balancing(const json_t *service)
{
	const json_t *rise = json_object_get(service, "slow_start");
	char idle[STATUS_AGE_STRLEN];

	printf("%*s", INDENT, "");
	safe_printf("%s scheduler%s, ", status_string(service, "scheduler"),
	    status_true(service, "sticky") ? ", sticky" : "");
	if (status_true(service, "track"))
		printf("flows are kept for %s",
		    status_age(status_number(service, "idle"), idle));
	else
		printf("no flows are kept");
	if (json_number_value(rise) > 0)
		printf(", slow start of %g s", json_number_value(rise));
	putchar('\n');
}

static const char *
service_state(const json_t *service)
{
	if (*status_string(service, "order") != '\0')
		return status_true(service, "ok") ? "ok (down)"
						  : "not ok (down)";
	return status_true(service, "ok") ? "ok" : "not ok";
}

static void
print_service_facts(const json_t *service)
{
	int64_t need = status_number(service, "need");
	int64_t need_up = status_number(service, "need_up");
	char *key = status_service_key(service);

	safe_printf("%s", key);
	putchar(' ');
	safe_printf("%s", status_string(service, "name"));
	printf(": %s, %" PRId64 " of %zu up, %" PRId64 " needed",
	    service_state(service), status_number(service, "up"),
	    json_array_size(json_object_get(service, "destinations")), need);
	if (need_up > need)
		printf(", %" PRId64 " to come back", need_up);
	putchar('\n');
	if (*status_string(service, "description") != '\0') {
		printf("%*s", INDENT, "");
		safe_printf("%s", status_string(service, "description"));
		putchar('\n');
	}
	print_balancing(service);
	printf("%*s%" PRId64 " connections, %" PRId64 " flows, %" PRId64
	       " packets, %" PRId64 " bytes in, %" PRId64 " out, %" PRId64
	       " stateless, %" PRId64 " without destination\n\n",
	    INDENT, "", status_number(service, "connections"),
	    status_number(service, "flows"), status_number(service, "packets"),
	    status_number(service, "bytes"), status_number(service, "tx_bytes"),
	    status_number(service, "stateless"),
	    status_number(service, "no_destination"));
	free(key);
}

/* Everything about one service. */
static void
print_service(const json_t *service)
{
	static const char *const headings[] = {"DESTINATION", "STATE", "#SINCE",
	    "#WEIGHT", "#FLOWS", "#STATELESS", "#PACKETS", "#BYTES", NULL};
	const json_t *destinations = json_object_get(service, "destinations");
	struct table *table = table_new(headings);
	const json_t *destination;
	size_t i;

	print_service_facts(service);
	json_array_foreach(destinations, i, destination) {
		table_add(table, status_string(destination, "address"));
		add_destination(table, destination);
	}
	table_print(table, INDENT);
	table_free(table);
	print_ways(destinations, "DESTINATION", "address", INDENT);
	print_checks(destinations, "DESTINATION", "address", INDENT);
}

static void
list_services(const json_t *services)
{
	static const char *const headings[] = {"SERVICE", "NAME", "STATE",
	    "#UP", "#NEED", "#FLOWS", "#PACKETS", "#BYTES", NULL};
	struct table *table = table_new(headings);
	const json_t *service;
	char *key;
	size_t i;

	json_array_foreach(services, i, service) {
		key = status_service_key(service);
		table_add(table, key);
		free(key);
		table_add(table, status_string(service, "name"));
		table_add(table, service_state(service));
		table_addf(table, "%" PRId64 "/%" PRId64,
		    status_number(service, "up"),
		    status_number(service, "destinations_total"));
		add_number(table, service, "need");
		add_number(table, service, "flows");
		add_number(table, service, "packets");
		add_number(table, service, "bytes");
	}
	table_print(table, 0);
	table_free(table);
}

static void
show_services(const json_t *services, const char *name)
{
	const json_t *service;
	size_t i;

	if (name == NULL) {
		list_services(services);
		return;
	}
	json_array_foreach(services, i, service) {
		if (i > 0)
			putchar('\n');
		print_service(service);
	}
}

static void
show_backends(const json_t *backends, const char *address)
{
	static const char *const headings[] = {"BACKEND", "SERVICE", "STATE",
	    "#SINCE", "#WEIGHT", "#FLOWS", "#STATELESS", "#PACKETS", "#BYTES",
	    NULL};
	struct table *table = table_new(headings);
	const json_t *backend;
	size_t i;

	json_array_foreach(backends, i, backend) {
		table_add(table, status_string(backend, "address"));
		table_add(table, status_string(backend, "service"));
		add_destination(table, backend);
	}
	table_print(table, 0);
	table_free(table);
	if (address == NULL)
		return;
	print_ways(backends, "SERVICE", "service", 0);
	print_checks(backends, "SERVICE", "service", 0);
}

const struct view view_services = {NULL, fetch, show_services};
const struct view view_backends = {NULL, fetch_backends, show_backends};
