/* SPDX-License-Identifier: ISC */

/*
 * vc5ctl show errors: what is wrong, and what was dropped.
 */

#include <inttypes.h>
#include <stdio.h>

#include "core/status_value.h"
#include "ctl/show.h"
#include "ctl/table.h"

/* Of a list of what was dropped, that of which there was any. */
static json_t *
which_happened(const json_t *list)
{
	json_t *some = json_array(), *item;
	size_t i;

	json_array_foreach(list, i, item) {
		if (status_number(item, "packets") > 0)
			json_array_append(some, item);
	}
	return some;
}

static json_t *
fetch(struct client *client, const char *argument, bool as_json)
{
	json_t *head = fetch_head(client), *sync, *errors;

	(void)argument, (void)as_json;
	if (head == NULL)
		return NULL;
	sync = json_object_get(head, "sync");
	errors = json_pack("{s:O?, s:O?, s:O?, s:o, s:o}", "alerts",
	    json_object_get(head, "alerts"), "problems",
	    json_object_get(head, "problems"), "reload",
	    json_object_get(json_object_get(head, "config"), "errors"), "drops",
	    which_happened(json_object_get(head, "drops")), "sync_drops",
	    which_happened(json_object_get(sync, "dropped")));
	json_decref(head);
	return errors;
}

static void
print_drops(const char *heading, const json_t *drops)
{
	static const char *const headings[] = {
	    "REASON", "#PACKETS", "MEANING", NULL};
	struct table *table;
	const json_t *drop;
	size_t i;

	if (json_array_size(drops) == 0)
		return;
	table = table_new(headings);
	json_array_foreach(drops, i, drop) {
		table_add(table, status_string(drop, "reason"));
		table_addf(table, "%" PRId64, status_number(drop, "packets"));
		table_add(table, status_string(drop, "help"));
	}
	printf("\n%s:\n", heading);
	table_print(table, 2);
	table_free(table);
}

static void
show_errors(const json_t *errors, const char *argument)
{
	const json_t *problems = json_object_get(errors, "problems");
	const json_t *alerts = json_object_get(errors, "alerts");

	(void)argument;
	printf("%zu alerts, %zu problems\n", json_array_size(alerts),
	    json_array_size(problems));
	print_alerts(alerts);
	print_lines("Problems", problems);
	print_lines("Reload refused", json_object_get(errors, "reload"));
	print_drops("Dropped", json_object_get(errors, "drops"));
	print_drops("Dropped of what instances tell each other",
	    json_object_get(errors, "sync_drops"));
}

const struct view view_errors = {NULL, fetch, show_errors};
