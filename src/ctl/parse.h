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
	SHOW_CHECKS,
	SHOW_VIPS,
	SHOW_BGP,
	SHOW_PEERS,
	SHOW_INTERFACES,
	SHOW_DROPS,
	SHOW_ANSWERS,
	SHOW_ALERTS,
	SHOW_FLOWS,
	SHOW_HISTORY,
	SHOW_OVERRIDES,
	EXPLAIN,
	RELOAD,
	ORDER_SERVICE_DOWN,
	ORDER_SERVICE_UP,
	ORDER_BACKEND_DRAIN,
	ORDER_BACKEND_MAINT,
	ORDER_BACKEND_READY,
	ORDER_VIP_WITHDRAW,
	ORDER_VIP_ANNOUNCE,
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

enum order_argument {
	ORDER_FORCE,
	ORDER_SERVICE
};

#define ARGUMENTS_MAX 5

struct command {
	enum action action;
	const char *subject; /* what it is about, in a command's midst */
	/* Of its arguments, from the command line; NULL = not given. */
	const char *values[ARGUMENTS_MAX];
};

/* 0, or -1 after having said what is wrong. */
int parse(int argc, char *const argv[], struct command *);

#endif
