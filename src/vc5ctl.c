/* SPDX-License-Identifier: ISC */

/*
 * vc5ctl(8): ask vc5d over its control socket, and show the answer.
 */

#include <err.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/status_value.h"
#include "ctl/client.h"
#include "ctl/parse.h"
#include "ctl/show.h"
#include "ctl/table.h"

#define DEFAULT_SOCKET RUNSTATEDIR "/vc5d.sock"

static void __attribute__((noreturn)) usage(void)
{
	fprintf(stderr, "usage: %s [-j] [-s socket] command [argument ...]\n",
	    getprogname());
	exit(1);
}

/* A view of the status document. */
static int
do_show(struct client *client, const struct command *command, bool as_json)
{
	json_t *status, *part;

	status = client_ask(client, json_pack("{s:s}", "command", "status"));
	if (status == NULL)
		return 1;
	part = show_select(command, status);
	json_decref(status);
	if (part == NULL)
		return 1;
	if (as_json)
		show_json(part);
	else
		show_text(command, part);
	json_decref(part);
	return 0;
}

static void
print_refusal(const json_t *reply)
{
	const json_t *line;
	char *safe;
	size_t i;

	json_array_foreach(json_object_get(reply, "errors"), i, line) {
		safe = safe_text(json_string_value(line));
		fprintf(stderr, "%s\n", safe);
		free(safe);
	}
	warnx("reload refused, nothing has changed");
}

static int
do_reload(struct client *client, const struct command *command, bool as_json)
{
	json_t *reply;
	bool good;

	(void)command;
	reply = client_ask(client, json_pack("{s:s}", "command", "reload"));
	if (reply == NULL)
		return 1;
	good = status_true(reply, "ok");
	if (as_json) {
		show_json(reply);
	} else if (good) {
		safe_printf("%s", status_string(reply, "message"));
		putchar('\n');
	} else {
		print_refusal(reply);
	}
	json_decref(reply);
	return good ? 0 : 1;
}

/* The exit status. */
static int
run(struct client *client, const struct command *command, bool as_json)
{
	switch (command->action) {
	case RELOAD:
		return do_reload(client, command, as_json);
	case SHOW_FLOWS:
		return show_flows(client, command, as_json);
	case SHOW_HISTORY:
		return show_history(client, command, as_json);
	case EXPLAIN:
		return show_explanation(client, command, as_json);
	case ORDER_SERVICE_DOWN:
	case ORDER_SERVICE_UP:
	case ORDER_BACKEND_DRAIN:
	case ORDER_BACKEND_MAINT:
	case ORDER_BACKEND_READY:
	case ORDER_VIP_WITHDRAW:
	case ORDER_VIP_ANNOUNCE:
		return give_order(client, command, as_json);
	default:
		return do_show(client, command, as_json);
	}
}

static void
parse_options(int argc, char *argv[], const char **socket_path, bool *as_json)
{
	int opt;

	/* "+": the first word that is not an option ends them. */
	while ((opt = getopt(argc, argv, "+js:")) != -1) {
		switch (opt) {
		case 'j':
			*as_json = true;
			break;
		case 's':
			*socket_path = optarg;
			break;
		default:
			usage();
		}
	}
	if (optind == argc)
		usage();
}

int
main(int argc, char *argv[])
{
	const char *socket_path = DEFAULT_SOCKET;
	struct command command;
	bool as_json = false;
	struct client *client;
	int result;

	setprogname("vc5ctl");
	parse_options(argc, argv, &socket_path, &as_json);
	if (parse(argc - optind, argv + optind, &command) == -1)
		return 1;
	if ((client = client_open(socket_path)) == NULL)
		return 1;
	result = run(client, &command, as_json);
	client_close(client);
	if (fflush(stdout) == EOF || ferror(stdout))
		err(1, "standard output");
	return result;
}
