/* SPDX-License-Identifier: ISC */

/*
 * Usage and help: see help.h.
 */

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/xmalloc.h"
#include "ctl/help.h"
#include "ctl/parse.h"
#include "ctl/show.h"
#include "ctl/table.h"

#define WIDTH  80 /* of lines */
#define COLUMN 32 /* where help begins */
#define HANG   6  /* where a usage line goes on */

void
usage_argument(FILE *out, const struct argument *argument)
{
	if (!argument->required)
		fputc('[', out);
	if (argument->word != NULL)
		fprintf(out, "%s%s", argument->word,
		    argument->name[0] != '\0' ? " " : "");
	fputs(argument->name, out);
	if (!argument->required)
		fputc(']', out);
}

/* What follows a word. */
static void
usage_rest(FILE *out, const struct token *token)
{
	const struct argument *argument = token->arguments;

	for (; argument != NULL && argument->name != NULL; argument++) {
		fputc(' ', out);
		usage_argument(out, argument);
	}
}

void
usage_list(FILE *out, const struct token *tokens, const char *prefix)
{
	const struct token *next;
	size_t count;

	for (; tokens->word != NULL; tokens++) {
		if (tokens->hidden ||
		    strncmp(tokens->word, prefix, strlen(prefix)) != 0)
			continue;
		fprintf(out, "  %s", tokens->word);
		if (tokens->subject != NULL)
			fprintf(out, " %s", tokens->subject->name);
		next = tokens->subject != NULL ? tokens->next : NULL;
		for (count = 0; next != NULL && next->word != NULL; next++)
			fprintf(
			    out, "%s%s", count++ == 0 ? " " : "|", next->word);
		usage_rest(out, tokens);
		fputc('\n', out);
	}
}

/* The words of a command, and where its subject goes. */
static void
usage_words(FILE *out, const struct command *command)
{
	const struct token *tokens = grammar, *token;
	size_t i, matches;

	for (i = 0; i < DEPTH_MAX && command->words[i] != NULL; i++) {
		token = grammar_find(tokens, command->words[i], &matches);
		fprintf(out, "%s%s", i > 0 ? " " : "", token->word);
		if (token->subject != NULL)
			fprintf(out, " %s", token->subject->name);
		tokens = token->next;
	}
}

void
usage_command(FILE *out, const struct command *command)
{
	const struct token *next = command->token->next;
	size_t count;

	fputs("  ", out);
	usage_words(out, command);
	for (count = 0; next != NULL && next->word != NULL; next++)
		fprintf(out, "%s%s", count++ == 0 ? " " : "|", next->word);
	usage_rest(out, command->token);
	fputc('\n', out);
}

/* A usage line, to be freed. */
static char *
usage_text(const struct command *command)
{
	size_t len;
	char *text;
	FILE *out;

	if ((out = open_memstream(&text, &len)) == NULL)
		err(1, "open_memstream");
	usage_words(out, command);
	usage_rest(out, command->token);
	fclose(out);
	return text;
}

/* Called for each command. */
typedef void visit_fn(const struct command *, void *arg);

/* All commands that begin as this one does. */
static void
walk(struct command *command, size_t depth, visit_fn *visit, void *arg)
{
	const struct token *token = command->token, *next;

	if (token != NULL && token->run != NULL)
		visit(command, arg);
	next = token != NULL ? token->next : grammar;
	for (; next != NULL && next->word != NULL; next++) {
		if (next->hidden)
			continue;
		command->token = next;
		command->words[depth] = next->word;
		walk(command, depth + 1, visit, arg);
	}
	command->token = token;
	command->words[depth] = NULL;
}

/* Of the text before the gap, or of all if there is none. */
static int
length_of(const char *text, const char *gap)
{
	const char *end = strstr(text, gap);

	return (int)(end != NULL ? (size_t)(end - text) : strlen(text));
}

/*
 * Text from a column on, in lines that are not too wide as far as it can be
 * broken: at the space that a gap, such as " [", begins with.  All lines but
 * the first are indented.
 */
static void
print_filled(const char *text, const char *gap, int column, int indent)
{
	int len = length_of(text, gap);

	for (; len > 0; text += len + 1, len = length_of(text, gap)) {
		printf("%.*s", len, text);
		column += len;
		if (text[len] == '\0')
			break;
		if (column + 1 + length_of(text + len + 1, gap) > WIDTH) {
			printf("\n%*s", indent, "");
			column = indent;
		} else {
			putchar(' ');
			column++;
		}
	}
	putchar('\n');
}

static void
print_command(const struct command *command, void *arg)
{
	char *usage = usage_text(command);

	(void)arg;
	if (strlen(usage) + 4 > COLUMN) {
		printf("  ");
		print_filled(usage, " [", 2, HANG);
		printf("%*s", COLUMN, "");
	} else {
		printf("  %-*s", COLUMN - 2, usage);
	}
	print_filled(command->token->help, " ", COLUMN, COLUMN);
	free(usage);
}

static void
add_command(const struct command *command, void *list)
{
	char *usage = usage_text(command);

	json_array_append_new(list,
	    json_pack(
		"{s:s, s:s}", "usage", usage, "help", command->token->help));
	free(usage);
}

static void
print_argument(const struct argument *argument)
{
	char *text;
	size_t len;
	FILE *out;

	if (argument == NULL || argument->name == NULL)
		return;
	if ((out = open_memstream(&text, &len)) == NULL)
		err(1, "open_memstream");
	usage_argument(out, argument);
	fclose(out);
	printf("    %-*s", COLUMN - 4, text);
	print_filled(argument->help, " ", COLUMN, COLUMN);
	free(text);
}

/* What the subjects in a command's midst, and its arguments, are. */
static void
print_arguments(const struct command *command)
{
	const struct token *tokens = grammar, *token;
	const struct argument *argument;
	size_t i, matches;

	for (i = 0; i < DEPTH_MAX && command->words[i] != NULL; i++) {
		token = grammar_find(tokens, command->words[i], &matches);
		print_argument(token->subject);
		tokens = token->next;
	}
	argument = command->token->arguments;
	for (; argument != NULL && argument->name != NULL; argument++)
		print_argument(argument);
}

/* The words that help is wanted for: subjects are left out.  0 or -1. */
static int
find_command(char *const words[], struct command *command, size_t *depth)
{
	const struct token *tokens = grammar;
	size_t matches;

	memset(command, 0, sizeof(*command));
	*depth = 0;
	for (; words != NULL && *words != NULL; words++) {
		if (tokens == NULL)
			break;
		command->token = grammar_find(tokens, *words, &matches);
		if (command->token == NULL) {
			safe_warnx("no such command: %s", *words);
			fputs("valid commands/args are:\n", stderr);
			usage_list(stderr, tokens, "");
			return -1;
		}
		command->words[(*depth)++] = command->token->word;
		tokens = command->token->next;
	}
	return 0;
}

int
show_help(struct client *client, const struct command *command, bool as_json)
{
	struct command asked;
	json_t *list;
	size_t depth;

	(void)client;
	if (find_command(command->rest, &asked, &depth) == -1)
		return CTL_USAGE;
	if (as_json) {
		list = json_array();
		walk(&asked, depth, add_command, list);
		show_json(list);
		json_decref(list);
		return CTL_OK;
	}
	if (asked.token == NULL)
		printf("usage: %s [-j] [-s socket] command [argument ...]\n\n",
		    getprogname());
	walk(&asked, depth, print_command, NULL);
	if (asked.token != NULL && asked.token->next == NULL)
		print_arguments(&asked);
	return CTL_OK;
}
