/* SPDX-License-Identifier: ISC */

/*
 * vc5ctl service, backend and vip, block, and reload: see order.h.
 */

#include <err.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/status_value.h"
#include "ctl/argument.h"
#include "ctl/order.h"
#include "ctl/show.h"
#include "ctl/table.h"

static json_t *
request_order(const struct command *command)
{
	json_t *request = json_pack("{s:s, s:s, s:s, s:b}", "command",
	    "override", "kind", command->words[0], "order", command->words[1],
	    "force", command->values[ORDER_FORCE] != NULL);
	const char *service = command->values[ORDER_SERVICE];

	json_object_set_new(request, "name", json_string(command->subject));
	if (service != NULL)
		json_object_set_new(request, "service", json_string(service));
	return request;
}

static void
print_lines_to(FILE *out, const json_t *lines)
{
	const json_t *line;
	char *safe;
	size_t i;

	json_array_foreach(lines, i, line) {
		safe = safe_text(json_string_value(line));
		fprintf(out, "%s\n", safe);
		free(safe);
	}
}

static void
print_reply(const json_t *reply)
{
	if (status_true(reply, "ok")) {
		safe_printf("%s", status_string(reply, "message"));
		putchar('\n');
		fflush(stdout);
		print_lines_to(stderr, json_object_get(reply, "warnings"));
		return;
	}
	print_lines_to(stderr, json_object_get(reply, "errors"));
	if (status_true(reply, "guard"))
		warnx("order refused, nothing has changed; add \"force\" to "
		      "have it nevertheless");
	else
		warnx("order refused, nothing has changed");
}

/* Takes the request. */
static int
ask(struct client *client, json_t *request, bool as_json)
{
	json_t *reply = client_ask(client, request);
	bool good;

	if (reply == NULL)
		return client_failure(client);
	good = status_true(reply, "ok");
	if (as_json)
		show_json(reply);
	else
		print_reply(reply);
	json_decref(reply);
	return good ? CTL_OK : CTL_ERROR;
}

int
give_order(struct client *client, const struct command *command, bool as_json)
{
	return ask(client, request_order(command), as_json);
}

int
order_block(struct client *client, const struct command *command, bool as_json)
{
	json_t *request = json_pack("{s:s, s:s}", "command", command->words[0],
	    "prefix", command->values[BLOCK_PREFIX]);
	const char *limit = command->values[BLOCK_FOR];

	if (limit != NULL)
		json_object_set_new(
		    request, "for", json_integer(argument_duration(limit)));
	if (command->values[BLOCK_FORCE] != NULL)
		json_object_set_new(request, "force", json_true());
	return ask(client, request, as_json);
}

int
order_unblock(
    struct client *client, const struct command *command, bool as_json)
{
	json_t *request = json_pack("{s:s, s:s}", "command", command->words[0],
	    "prefix", command->values[BLOCK_PREFIX]);

	if (command->values[UNBLOCK_FORCE] != NULL)
		json_object_set_new(request, "force", json_true());
	return ask(client, request, as_json);
}

int
order_baseline(
    struct client *client, const struct command *command, bool as_json)
{
	(void)command;
	return ask(client, json_pack("{s:s}", "command", "baseline"), as_json);
}

static void
print_reload(const json_t *reply)
{
	if (status_true(reply, "ok")) {
		safe_printf("%s", status_string(reply, "message"));
		putchar('\n');
		return;
	}
	print_lines_to(stderr, json_object_get(reply, "errors"));
	warnx("reload refused, nothing has changed");
}

int
order_reload(struct client *client, const struct command *command, bool as_json)
{
	json_t *reply;
	bool good;

	(void)command;
	reply = client_ask(client, json_pack("{s:s}", "command", "reload"));
	if (reply == NULL)
		return client_failure(client);
	good = status_true(reply, "ok");
	if (as_json)
		show_json(reply);
	else
		print_reload(reply);
	json_decref(reply);
	return good ? CTL_OK : CTL_ERROR;
}

int
order_log(struct client *client, const struct command *command, bool as_json)
{
	json_t *request = json_pack("{s:s}", "command", "log"), *reply;
	const char *level = command->values[0];
	bool good;

	if (level != NULL)
		json_object_set_new(request, "level", json_string(level));
	if ((reply = client_ask(client, request)) == NULL)
		return client_failure(client);
	good = status_true(reply, "ok");
	if (as_json) {
		show_json(reply);
	} else if (good) {
		safe_printf("%s", status_string(reply, "message"));
		putchar('\n');
	} else {
		print_lines_to(stderr, json_object_get(reply, "errors"));
	}
	json_decref(reply);
	return good ? CTL_OK : CTL_ERROR;
}
