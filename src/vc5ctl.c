/* SPDX-License-Identifier: ISC */

/*
 * vc5ctl(8): ask vc5d over its control socket, and show the answer.
 */

#include <err.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "ctl/client.h"
#include "ctl/parse.h"
#include "ctl/table.h"

#define DEFAULT_SOCKET RUNSTATEDIR "/vc5d.sock"

static void __attribute__((noreturn)) usage(void)
{
	fprintf(stderr, "usage: %s [-j] [-s socket] command [argument ...]\n",
	    getprogname());
	exit(CTL_USAGE);
}

static void
parse_options(int argc, char *argv[], const char **socket_path, bool *as_json)
{
	int opt;

	/* "+": the first word that is not an option ends them. */
	while ((opt = getopt(argc, argv, "+:js:")) != -1) {
		switch (opt) {
		case 'j':
			*as_json = true;
			break;
		case 's':
			*socket_path = optarg;
			break;
		case ':':
			warnx("-%c lacks its argument", optopt);
			usage();
		default:
			/* getopt would show it as it is. */
			safe_warnx("no such option: -%c", optopt);
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
	if (parse(argv + optind, &command) == -1)
		return CTL_USAGE;
	client = client_new(socket_path);
	result = command.token->run(client, &command, as_json);
	client_free(client);
	if (fflush(stdout) == EOF || ferror(stdout))
		err(CTL_ERROR, "standard output");
	return result;
}
