/* SPDX-License-Identifier: ISC */

/*
 * The command line's grammar: see parse.h.  A tree of static tables.
 */

#include <err.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "ctl/parse.h"

struct token {
	const char *word;	  /* NULL ends the table */
	enum action action;	  /* if nothing need follow */
	const struct token *next; /* the words that follow, or NULL */
	const char *argument;	  /* optional, its name; NULL = takes none */
};

static const struct token show_tokens[] = {
    {"summary", SHOW_SUMMARY, NULL, NULL},
    {"services", SHOW_SERVICES, NULL, "name"},
    {"backends", SHOW_BACKENDS, NULL, "address"},
    {"vips", SHOW_VIPS, NULL, NULL},
    {"bgp", SHOW_BGP, NULL, NULL},
    {"interfaces", SHOW_INTERFACES, NULL, NULL},
    {"drops", SHOW_DROPS, NULL, NULL},
    {"answers", SHOW_ANSWERS, NULL, NULL},
    {NULL, ACTION_NONE, NULL, NULL},
};

static const struct token first_tokens[] = {
    {"show", ACTION_NONE, show_tokens, NULL},
    {"reload", RELOAD, NULL, NULL},
    {NULL, ACTION_NONE, NULL, NULL},
};

/* The words that begin with prefix. */
static void
list_words(const struct token *tokens, const char *prefix)
{
	for (; tokens->word != NULL; tokens++) {
		if (strncmp(tokens->word, prefix, strlen(prefix)) != 0)
			continue;
		fprintf(stderr, "  %s", tokens->word);
		if (tokens->argument != NULL)
			fprintf(stderr, " [%s]", tokens->argument);
		fputc('\n', stderr);
	}
}

/* NULL after having said why. */
static const struct token *
find_word(const struct token *tokens, const char *word)
{
	const struct token *token, *found = NULL;
	size_t matches = 0;

	for (token = tokens; token->word != NULL; token++) {
		if (strcmp(token->word, word) == 0)
			return token;
		if (strncmp(token->word, word, strlen(word)) == 0) {
			found = token;
			matches++;
		}
	}
	if (matches == 1)
		return found;
	if (matches == 0)
		warnx("unknown argument \"%s\", valid are:", word);
	else
		warnx("ambiguous argument \"%s\", it can be:", word);
	list_words(tokens, matches == 0 ? "" : word);
	return NULL;
}

int
parse(int argc, char *const argv[], struct command *command)
{
	const struct token *tokens = first_tokens, *token = NULL;

	while (argc > 0 && tokens != NULL) {
		if ((token = find_word(tokens, *argv)) == NULL)
			return -1;
		tokens = token->next;
		argc--, argv++;
	}
	if (token == NULL || token->action == ACTION_NONE) {
		warnx("missing argument, valid are:");
		list_words(tokens, "");
		return -1;
	}
	command->action = token->action;
	command->argument = NULL;
	if (argc > 0 && token->argument != NULL) {
		command->argument = *argv;
		argc--, argv++;
	}
	if (argc > 0) {
		warnx("extra argument \"%s\"", *argv);
		return -1;
	}
	return 0;
}
