/* SPDX-License-Identifier: ISC */

/*
 * vc5ctl show bgp and show vips: what is announced, and to whom.
 */

#include <inttypes.h>
#include <stdio.h>

#include "core/status_value.h"
#include "ctl/show.h"
#include "ctl/table.h"

static const char *
yes_no(const json_t *object, const char *key)
{
	return status_true(object, key) ? "yes" : "no";
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

const struct view view_vips = {"vips", NULL, show_vips};
const struct view view_bgp = {"bgp", NULL, show_bgp};
