/* SPDX-License-Identifier: ISC */

/*
 * vc5ctl explain: what happens to a packet, and why.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/status_value.h"
#include "ctl/show.h"
#include "ctl/table.h"

#define ABOUT_WIDTH 9

static json_t *
request_explanation(const struct command *command)
{
	static const struct {
		const char *key;
		int argument;
	} keys[] = {
	    {"source", EXPLAIN_SOURCE},
	    {"destination", EXPLAIN_DESTINATION},
	    {"protocol", EXPLAIN_PROTOCOL},
	    {"without", EXPLAIN_WITHOUT},
	};
	json_t *request = json_pack("{s:s}", "command", "explain");
	const char *value;
	size_t i;

	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		value = command->values[keys[i].argument];
		if (value != NULL)
			json_object_set_new(
			    request, keys[i].key, json_string(value));
	}
	return request;
}

static void
print_verdict(const json_t *reply)
{
	const char *action = status_string(reply, "action");

	if (strcmp(action, "send") == 0) {
		fputs("sent to ", stdout);
		safe_printf("%s", status_string(reply, "server"));
		printf(", %s\n",
		    strcmp(status_string(reply, "by"), "flow") == 0
			? "as its flow says"
			: "as its slot says");
	} else if (strcmp(action, "pass") == 0) {
		puts("passed on to this host");
	} else {
		puts("dropped");
	}
}

static void
print_text(const char *about, const char *text)
{
	printf("  %-*s", ABOUT_WIDTH, about);
	safe_printf("%s", text);
	putchar('\n');
}

static void
print_explanation(const json_t *reply)
{
	const json_t *item;
	const char *about;
	size_t i;
	char *safe;

	print_verdict(reply);
	json_array_foreach(json_object_get(reply, "facts"), i, item) {
		about = status_string(item, "about");
		safe = safe_text(about);
		print_text(safe, status_string(item, "text"));
		free(safe);
	}
	json_array_foreach(json_object_get(reply, "without"), i, item) {
		print_text("without", status_string(item, "text"));
	}
}

int
show_explanation(
    struct client *client, const struct command *command, bool as_json)
{
	json_t *reply = client_ask(client, request_explanation(command));

	if (reply == NULL)
		return client_failure(client);
	if (as_json)
		show_json(reply);
	else
		print_explanation(reply);
	json_decref(reply);
	return CTL_OK;
}
