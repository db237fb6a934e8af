/* SPDX-License-Identifier: ISC */

/*
 * vc5ctl show prefixes: where packets come from, those that send most first,
 * and what is blocked of it.
 */

#include <stdio.h>
#include <stdlib.h>

#include "core/status_value.h"
#include "ctl/show.h"
#include "ctl/table.h"

#define LIMIT 20 /* if none is said, for people */

static json_t *
make_request(const struct command *command, bool as_json)
{
	const char *limit = command->values[PREFIXES_LIMIT];
	json_t *request = json_pack("{s:s, s:b}", "command", "prefixes", "new",
	    command->values[PREFIXES_NEW] != NULL);

	if (limit != NULL)
		json_object_set_new(
		    request, "limit", json_integer(strtoll(limit, NULL, 10)));
	else if (!as_json)
		json_object_set_new(request, "limit", json_integer(LIMIT));
	return request;
}

static void
add_number(struct table *table, const json_t *number)
{
	table_addf(table, "%lld", (long long)json_integer_value(number));
}

static void
add_prefixes(struct table *table, const json_t *list)
{
	const json_t *one;
	size_t i, j;

	json_array_foreach(list, i, one) {
		table_add(table, json_string_value(json_array_get(one, 0)));
		for (j = 1; j <= 3; j++)
			add_number(table, json_array_get(one, j));
	}
}

/* How they were counted, and how many there are. */
static void
print_family(const json_t *family, const char *name)
{
	char since[STATUS_TIME_STRLEN];
	const json_t *fresh = json_object_get(family, "new");

	safe_printf("%s: %lld prefixes since %s, %lld active", name,
	    (long long)status_number(family, "total"),
	    status_time(status_number(family, "since"), since),
	    (long long)status_number(family, "active"));
	if (json_is_integer(fresh))
		safe_printf(
		    ", %lld of them new", (long long)json_integer_value(fresh));
	safe_printf("; one packet in %lld is counted",
	    (long long)status_number(family, "sampling"));
	putchar('\n');
}

static void
print_sources(const json_t *reply)
{
	static const char *const headings[] = {
	    "PREFIX", "#PACKETS", "#OCTETS", "#SECONDS AGO", NULL};
	const json_t *four = json_object_get(reply, "ipv4");
	const json_t *six = json_object_get(reply, "ipv6");
	struct table *table = table_new(headings);

	print_family(four, "IPv4");
	print_family(six, "IPv6");
	add_prefixes(table, json_object_get(four, "prefixes"));
	add_prefixes(table, json_object_get(six, "prefixes"));
	table_print(table, 0);
	table_free(table);
}

static void
print_blocked(const json_t *reply)
{
	static const char *const headings[] = {
	    "BLOCKED", "#PACKETS", "#OCTETS", "#SECONDS LEFT", "BY", NULL};
	const json_t *list = json_object_get(reply, "blocked"), *one, *left;
	struct table *table;
	size_t i;

	if (json_array_size(list) == 0)
		return;
	table = table_new(headings);
	json_array_foreach(list, i, one) {
		table_add(table, status_string(one, "prefix"));
		add_number(table, json_object_get(one, "packets"));
		add_number(table, json_object_get(one, "octets"));
		left = json_object_get(one, "left");
		if (json_is_integer(left))
			add_number(table, left);
		else
			table_add(table, "");
		table_add(table, status_string(one, "source"));
	}
	putchar('\n');
	table_print(table, 0);
	table_free(table);
}

int
show_prefixes(
    struct client *client, const struct command *command, bool as_json)
{
	json_t *reply = client_ask(client, make_request(command, as_json));

	if (reply == NULL)
		return client_failure(client);
	if (as_json)
		show_json(reply);
	else {
		print_sources(reply);
		print_blocked(reply);
	}
	json_decref(reply);
	return CTL_OK;
}
