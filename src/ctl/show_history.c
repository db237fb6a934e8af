/* SPDX-License-Identifier: ISC */

/*
 * vc5ctl show history: what has happened, the newest last.
 */

#include <stdio.h>
#include <stdlib.h>

#include "core/status_value.h"
#include "ctl/show.h"
#include "ctl/table.h"

static json_t *
make_request(const struct command *command)
{
	const char *subject = command->values[HISTORY_ABOUT];
	const char *limit = command->values[HISTORY_LIMIT];
	json_t *request = json_pack("{s:s}", "command", "history");

	if (subject != NULL)
		json_object_set_new(request, "subject", json_string(subject));
	if (limit != NULL)
		json_object_set_new(
		    request, "limit", json_integer(strtoll(limit, NULL, 10)));
	return request;
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
	json_t *reply = client_ask(client, make_request(command)), *events;

	if (reply == NULL)
		return client_failure(client);
	events = json_object_get(reply, "history");
	if (as_json)
		show_json(events);
	else
		show_events(events);
	json_decref(reply);
	return CTL_OK;
}
