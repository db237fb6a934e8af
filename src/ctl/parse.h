/* SPDX-License-Identifier: ISC */

/*
 * A command line against the grammar, word by word: for who runs it, and for
 * who completes it.
 */

#ifndef CTL_PARSE_H
#define CTL_PARSE_H

#include "ctl/grammar.h"

/* How far a command line was understood, and what may come next. */
struct parser {
	struct command command;
	size_t depth;		    /* of command.words */
	const struct token *tokens; /* words that may come; or NULL */
	bool subject;		    /* that of command.token must come */
	int value; /* index of the argument whose value must come; -1 = none */
	bool rest; /* all that comes is for ARGUMENT_WORDS */
	char *error; /* what is wrong, a line; or NULL; to be freed */
	/* With an error: the words that are meant by this, or could be. */
	const struct token *valid; /* NULL = the usage of command.token */
	const char *prefix;
};

void parser_begin(struct parser *);
void parser_end(struct parser *);

/* Take one more word: 0, or -1 with error. */
int parser_take(struct parser *, const char *word);
/* There are no more: 0, or -1 with error. */
int parser_finish(struct parser *);

/* May this argument, by its index, still come? */
bool parser_admits(const struct parser *, int argument);

/*
 * A whole command line, which ends with NULL: 0, or -1 after having said what
 * is wrong, and what would be right.
 */
int parse(char *const argv[], struct command *);

#endif
