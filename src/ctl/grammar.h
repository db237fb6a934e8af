/* SPDX-License-Identifier: ISC */

/*
 * The tree of vc5ctl's words: static tables from which parsing, abbreviation,
 * usage, help and completion all come.  To add a command: a row in the table of
 * its place in grammar.c or grammar_show.c, with a line of help, and the
 * function that runs it; and its lines in vc5ctl(8).
 */

#ifndef CTL_GRAMMAR_H
#define CTL_GRAMMAR_H

#include <stdbool.h>
#include <stddef.h>

struct client;
struct command;
struct view;

/* What the value of an argument must look like. */
enum argument_kind {
	ARGUMENT_FLAG,	   /* the word stands alone */
	ARGUMENT_TEXT,	   /* anything but nothing */
	ARGUMENT_SERVICE,  /* name, VIP, or VIP, port and protocol */
	ARGUMENT_SERVER,   /* address of one */
	ARGUMENT_VIP,	   /* address of one */
	ARGUMENT_TARGET,   /* service or server */
	ARGUMENT_PREFIX,   /* address, or address/length */
	ARGUMENT_ENDPOINT, /* address:port */
	ARGUMENT_NUMBER,   /* from low to high */
	ARGUMENT_DURATION, /* "90", "90s", "10m", "12h", "7d" */
	ARGUMENT_CHOICE,   /* one of choices; may be abbreviated */
	ARGUMENT_WORDS	   /* all that follows: words of a command */
};

/* One that a word may be followed by; a table of them ends with no name. */
struct argument {
	const char *name; /* of the value, in usage; "" for a flag */
	const char *word; /* that it follows; NULL = told by its place */
	enum argument_kind kind;
	bool required;
	bool in_full; /* its word can't be abbreviated */
	long long low, high;
	const char *const *choices; /* NULL ends them */
	const char *help;
};

/* The exit status. */
typedef int command_fn(struct client *, const struct command *, bool as_json);

/* A word; a table of them ends with no word. */
struct token {
	const char *word;
	const char *help;		/* a line, without a full stop */
	const struct argument *subject; /* comes between it and the next word */
	const struct token *next;	/* the words that follow, or NULL */
	const struct argument *arguments; /* or these, or NULL */
	command_fn *run;		  /* NULL: another word must follow */
	const struct view *view;	  /* that run shows; or NULL */
	bool hidden;			  /* from help, usage and completion */
};

/* The words that a command can begin with. */
extern const struct token grammar[];
/* Those that follow "show". */
extern const struct token grammar_show[];

#define ARGUMENTS_MAX 8
#define DEPTH_MAX     4

/* A command line, parsed. */
struct command {
	const struct token *token;    /* its last word */
	const char *words[DEPTH_MAX]; /* all of its words, in full */
	const char *subject;	      /* in its midst; or NULL */
	/* Of its arguments, in the table's order; NULL = not given. */
	const char *values[ARGUMENTS_MAX];
	char *const *rest; /* of ARGUMENT_WORDS, ends with NULL; or NULL */
};

/* What arguments are, as indexes of values. */
enum {
	FLOWS_SERVICE,
	FLOWS_CLIENT,
	FLOWS_SERVER,
	FLOWS_STATE,
	FLOWS_LIMIT
};
enum {
	HISTORY_ABOUT,
	HISTORY_LIMIT
};
enum {
	EXPLAIN_SOURCE,
	EXPLAIN_DESTINATION,
	EXPLAIN_PROTOCOL,
	EXPLAIN_WITHOUT
};
enum {
	MONITOR_LOG,
	MONITOR_ONCE,
	MONITOR_ABOUT
};
enum {
	ORDER_FORCE,
	ORDER_SERVICE
};
enum {
	BLOCK_PREFIX,
	BLOCK_FOR,
	BLOCK_FORCE,
	UNBLOCK_FORCE = 1 /* behind BLOCK_PREFIX */
};
enum {
	PREFIXES_NEW,
	PREFIXES_LIMIT
};

/* May word be this word of the tree, abbreviated? */
bool grammar_abbreviates(const char *word, const char *full);
/* The table's token of that word: NULL, with *matches 0 or more than 1. */
const struct token *
grammar_find(const struct token *, const char *word, size_t *matches);

#endif
