/* SPDX-License-Identifier: ISC */

/*
 * The command line's grammar: words that may be abbreviated.
 */

#ifndef CTL_PARSE_H
#define CTL_PARSE_H

enum action {
	ACTION_NONE,
	SHOW_SUMMARY,
	SHOW_SERVICES,
	SHOW_BACKENDS,
	SHOW_VIPS,
	SHOW_BGP,
	SHOW_PEERS,
	SHOW_INTERFACES,
	SHOW_DROPS,
	SHOW_ANSWERS,
	SHOW_ALERTS,
	SHOW_FLOWS,
	SHOW_HISTORY,
	EXPLAIN,
	RELOAD,
};

/* What a command's arguments are, as indexes of their values. */
enum show_flows_argument {
	FLOWS_SERVICE,
	FLOWS_CLIENT,
	FLOWS_SERVER,
	FLOWS_STATE,
	FLOWS_LIMIT
};
enum show_history_argument {
	HISTORY_ABOUT,
	HISTORY_LIMIT
};
enum explain_argument {
	EXPLAIN_SOURCE,
	EXPLAIN_DESTINATION,
	EXPLAIN_PROTOCOL,
	EXPLAIN_WITHOUT
};

#define ARGUMENTS_MAX 5

struct command {
	enum action action;
	/* Of its arguments, from the command line; NULL = not given. */
	const char *values[ARGUMENTS_MAX];
};

/* 0, or -1 after having said what is wrong. */
int parse(int argc, char *const argv[], struct command *);

#endif
