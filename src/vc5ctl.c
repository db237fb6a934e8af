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

/* For a person if there is one, for a program otherwise. */
static void
print_json(const json_t *json)
{
	size_t flags = JSON_ENSURE_ASCII | JSON_ENCODE_ANY;

	flags |= isatty(STDOUT_FILENO) ? JSON_INDENT(4) : JSON_COMPACT;
	json_dumpf(json, stdout, flags);
	putchar('\n');
}

static int
do_show(const struct command *command, json_t *status, bool as_json)
{
	json_t *part = show_select(command, status);

	if (part == NULL)
		return 1;
	if (as_json)
		print_json(part);
	else
		show_text(command, part);
	json_decref(part);
	return 0;
}

static int
do_reload(const json_t *reply, bool as_json)
{
	const json_t *line;
	char *safe;
	size_t i;

	if (as_json) {
		print_json(reply);
	} else if (status_true(reply, "ok")) {
		safe_printf("%s", status_string(reply, "message"));
		putchar('\n');
	} else {
		json_array_foreach(json_object_get(reply, "errors"), i, line) {
			safe = safe_text(json_string_value(line));
			fprintf(stderr, "%s\n", safe);
			free(safe);
		}
		warnx("reload refused, nothing has changed");
	}
	return status_true(reply, "ok") ? 0 : 1;
}

/* Did vc5d refuse the request?  Then say so. */
static bool
is_error(const json_t *reply)
{
	const char *error = json_string_value(json_object_get(reply, "error"));
	char *safe;

	if (error == NULL)
		return false;
	safe = safe_text(error);
	warnx("vc5d: %s", safe);
	free(safe);
	return true;
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
	json_t *reply;
	int result;

	setprogname("vc5ctl");
	parse_options(argc, argv, &socket_path, &as_json);
	if (parse(argc - optind, argv + optind, &command) == -1)
		return 1;
	reply = client_request(
	    socket_path, command.action == RELOAD ? "reload" : "status");
	if (reply == NULL)
		return 1;
	if (is_error(reply))
		result = 1;
	else if (command.action == RELOAD)
		result = do_reload(reply, as_json);
	else
		result = do_show(&command, reply, as_json);
	json_decref(reply);
	if (fflush(stdout) == EOF || ferror(stdout))
		err(1, "standard output");
	return result;
}
