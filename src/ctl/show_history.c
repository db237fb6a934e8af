/* SPDX-License-Identifier: ISC */

/*
 * vc5ctl show history: what has happened, the newest last.
 */

#include <err.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/status_value.h"
#include "ctl/show.h"
#include "ctl/table.h"

#define LIMIT_MAX 10000

/* NULL after having said what is wrong with the arguments. */
static json_t *
make_request(const struct command *command)
{
	const char *subject = command->values[HISTORY_ABOUT], *wrong;
	const char *limit = command->values[HISTORY_LIMIT];
	json_t *request = json_pack("{s:s}", "command", "history");
	long long number;

	if (subject != NULL)
		json_object_set_new(request, "subject", json_string(subject));
	if (limit == NULL)
		return request;
	number = strtonum(limit, 1, LIMIT_MAX, &wrong);
	if (wrong == NULL) {
		json_object_set_new(request, "limit", json_integer(number));
		return request;
	}
	warnx("limit: %s is not a number from 1 to %d", limit, LIMIT_MAX);
	json_decref(request);
	return NULL;
}

static void
show_events(const json_t *events)
{
	static const char *const headings[] = {
	    "TIME", "KIND", "SUBJECT", "FROM", "TO", "REASON", NULL};
	struct table *table = table_new(headings);
	char at[STATUS_TIME_STRLEN];
	const json_t *event;
	size_t i;

	json_array_foreach(events, i, event) {
		table_add(
		    table, status_time(status_number(event, "at") / 1000, at));
		table_add(table, status_string(event, "kind"));
		table_add(table, status_string(event, "subject"));
		table_add(table, status_string(event, "from"));
		table_add(table, status_string(event, "to"));
		table_add(table, status_string(event, "reason"));
	}
	table_print(table, 0);
	table_free(table);
}

int
show_history(struct client *client, const struct command *command, bool as_json)
{
	json_t *request = make_request(command), *reply, *events;

	if (request == NULL || (reply = client_ask(client, request)) == NULL)
		return 1;
	events = json_object_get(reply, "history");
	if (as_json)
		show_json(events);
	else
		show_events(events);
	json_decref(reply);
	return 0;
}
