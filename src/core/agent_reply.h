/* SPDX-License-Identifier: ISC */

/*
 * What an agent on a server answers: a line of words, as HAProxy's agent-check
 * has them.
 */

#ifndef CORE_AGENT_REPLY_H
#define CORE_AGENT_REPLY_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes in which the line must be complete. */
#define AGENT_REPLY_MAX 512

enum agent_state {
	AGENT_UNSAID,
	AGENT_UP,
	AGENT_DRAIN,
	AGENT_DOWN /* also maintenance */
};

struct agent_reply {
	enum agent_state state;
	int weight; /* percent, 0 to 100; -1 = not said */
	/* If it can't be read: the first word that is none; or empty. */
	const char *wrong;
	size_t wrong_length;
};

/*
 * Read a line, without its end.  Words are separated by spaces, tabs or
 * commas, in either case of letters; what follows a '#' is for people.  False
 * if there is a word that is none, or no word at all.
 */
bool agent_reply_parse(const char *, size_t length, struct agent_reply *);

#endif
