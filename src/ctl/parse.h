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
	SHOW_INTERFACES,
	SHOW_DROPS,
	SHOW_ANSWERS,
	RELOAD,
};

struct command {
	enum action action;
	const char *argument; /* from the command line; NULL = none */
};

/* 0, or -1 after having said what is wrong. */
int parse(int argc, char *const argv[], struct command *);

#endif
