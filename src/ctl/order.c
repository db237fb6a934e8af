/* SPDX-License-Identifier: ISC */

/*
 * vc5ctl service, backend and vip: order something at run time, or take that
 * back.
 */

#include <err.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/status_value.h"
#include "ctl/show.h"
#include "ctl/table.h"

/* By enum action. */
static const struct {
	const char *kind, *order;
} orders[] = {
    [ORDER_SERVICE_DOWN] = {"service", "down"},
    [ORDER_SERVICE_UP] = {"service", "up"},
    [ORDER_BACKEND_DRAIN] = {"backend", "drain"},
    [ORDER_BACKEND_MAINT] = {"backend", "maint"},
    [ORDER_BACKEND_READY] = {"backend", "ready"},
    [ORDER_VIP_WITHDRAW] = {"vip", "withdraw"},
    [ORDER_VIP_ANNOUNCE] = {"vip", "announce"},
};

static json_t *
request_order(const struct command *command)
{
	json_t *request = json_pack("{s:s, s:s, s:s, s:b}", "command",
	    "override", "kind", orders[command->action].kind, "order",
	    orders[command->action].order, "force",
	    command->values[ORDER_FORCE] != NULL);
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

int
give_order(struct client *client, const struct command *command, bool as_json)
{
	json_t *reply = client_ask(client, request_order(command));
	bool good;

	if (reply == NULL)
		return 1;
	good = status_true(reply, "ok");
	if (as_json)
		show_json(reply);
	else
		print_reply(reply);
	json_decref(reply);
	return good ? 0 : 1;
}
