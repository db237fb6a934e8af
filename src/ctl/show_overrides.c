/* SPDX-License-Identifier: ISC */

/*
 * vc5ctl show overrides: what was ordered at run time.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/status_value.h"
#include "ctl/show.h"
#include "ctl/table.h"

static void
add_override(struct table *table, const json_t *override)
{
	char since[STATUS_TIME_STRLEN];

	table_add(table, status_string(override, "kind"));
	table_add(table, status_string(override, "name"));
	table_add(table, status_string(override, "order"));
	table_add(table, status_string(override, "service"));
	table_add(table, status_time(status_number(override, "since"), since));
	if (json_is_integer(json_object_get(override, "uid")))
		table_addf(table, "%" PRId64, status_number(override, "uid"));
	else
		table_add(table, "");
	table_add(table, status_true(override, "forced") ? "yes" : "no");
	if (status_number(override, "reach") > 0)
		table_add(table, "in force");
	else
		table_addf(
		    table, "no such %s", status_string(override, "kind"));
}

static void
show_overrides(const json_t *overrides, const char *argument)
{
	static const char *const headings[] = {"KIND", "NAME", "ORDER",
	    "SERVICE", "SINCE", "#UID", "FORCED", "STATE", NULL};
	struct table *table = table_new(headings);
	const json_t *override;
	size_t i;

	(void)argument;
	json_array_foreach(overrides, i, override) {
		add_override(table, override);
	}
	table_print(table, 0);
	table_free(table);
}

void
summarise_overrides(const json_t *overrides)
{
	const json_t *override;
	size_t i;

	if (json_array_size(overrides) == 0)
		return;
	puts("\nOverrides:");
	json_array_foreach(overrides, i, override) {
		fputs("  ", stdout);
		safe_printf("%s", status_string(override, "text"));
		putchar('\n');
	}
}

const struct view view_overrides = {"overrides", NULL, show_overrides};
