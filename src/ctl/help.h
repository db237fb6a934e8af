/* SPDX-License-Identifier: ISC */

/*
 * What the tree of words says of itself: usage after a mistake, help, and what
 * a shell completes.
 */

#ifndef CTL_HELP_H
#define CTL_HELP_H

#include <stdio.h>

#include "ctl/grammar.h"

/* The words of a table that begin with prefix, a line each. */
void usage_list(FILE *, const struct token *, const char *prefix);
/* How a command that was begun is written, a line. */
void usage_command(FILE *, const struct command *);

/* "[service name]", "source:port", "[force]"; of more is behind a space. */
void usage_argument(FILE *, const struct argument *);

/* vc5ctl help */
command_fn show_help;

/*
 * vc5ctl complete WORD ...: what the last word, which may be empty or half of
 * one, can become after those before it.  Each line is a word, a tab, and help;
 * a value that can't be known is a line that begins with a tab.
 */
command_fn show_completions;

#endif
