/* SPDX-License-Identifier: ISC */

/*
 * vc5ctl show interfaces, drops, answers and alerts: lists that are short.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/xmalloc.h"
#include "core/status_value.h"
#include "ctl/show.h"
#include "ctl/table.h"

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

const struct view view_interfaces = {"interfaces", NULL, show_interfaces};
const struct view view_drops = {"drops", NULL, show_drops};
const struct view view_answers = {"answers", NULL, show_answers};
const struct view view_alerts = {"alerts", NULL, show_alerts};
