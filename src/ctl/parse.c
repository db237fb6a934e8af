/* SPDX-License-Identifier: ISC */

/*
 * A command line against the grammar: see parse.h.
 */

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/xmalloc.h"
#include "ctl/argument.h"
#include "ctl/help.h"
#include "ctl/parse.h"
#include "ctl/table.h"

static int __attribute__((format(printf, 4, 5))) fail(struct parser *parser,
    const struct token *valid, const char *prefix, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	if (vasprintf(&parser->error, format, ap) == -1)
		abort();
	va_end(ap);
	parser->valid = valid;
	parser->prefix = prefix;
	return -1;
}

void
parser_begin(struct parser *parser)
{
	memset(parser, 0, sizeof(*parser));
	parser->tokens = grammar;
	parser->value = -1;
}

void
parser_end(struct parser *parser)
{
	free(parser->error);
	parser->error = NULL;
}

static int
take_word(struct parser *parser, const char *word)
{
	const struct token *tokens = parser->tokens, *token;
	size_t matches;

	if ((token = grammar_find(tokens, word, &matches)) == NULL)
		return matches == 0
		    ? fail(parser, tokens, "", "unknown argument \"%s\"", word)
		    : fail(parser, tokens, word, "ambiguous argument \"%s\"",
			  word);
	parser->command.token = token;
	parser->command.words[parser->depth++] = token->word;
	parser->subject = token->subject != NULL;
	parser->tokens = token->next;
	return 0;
}

static int
check_value(
    struct parser *parser, const struct argument *argument, const char **value)
{
	char *wrong = argument_check(argument, value);

	if (wrong == NULL)
		return 0;
	(void)fail(parser, NULL, "", "%s", wrong);
	free(wrong);
	return -1;
}

static int
take_subject(struct parser *parser, const char *word)
{
	const struct argument *subject = parser->command.token->subject;

	if (check_value(parser, subject, &word) == -1)
		return -1;
	parser->command.subject = word;
	parser->subject = false;
	return 0;
}

/* May the word be what introduces an argument, or stands alone? */
static bool
introduces(const struct argument *argument, const char *word)
{
	if (argument->word == NULL)
		return false;
	if (!argument->in_full)
		return grammar_abbreviates(word, argument->word);
	return strcmp(argument->word,
		   strncmp(word, "--", 2) == 0 ? word + 2 : word) == 0;
}

/*
 * The argument that a word introduces, or is by its place: its index, or -1 if
 * it is neither; -2 if it can be several.
 */
static int
find_argument(
    const struct argument *all, const struct command *command, const char *word)
{
	int i, found = -1;

	for (i = 0; all[i].name != NULL; i++)
		if (all[i].required && command->values[i] == NULL &&
		    all[i].word == NULL)
			return i;
	for (i = 0; all[i].name != NULL; i++) {
		if (!introduces(&all[i], word))
			continue;
		if (strcmp(all[i].word, word) == 0)
			return i;
		found = found == -1 ? i : -2;
	}
	if (found != -1)
		return found;
	for (i = 0; all[i].name != NULL; i++)
		if (all[i].word == NULL && command->values[i] == NULL)
			return i;
	return -1;
}

bool
parser_admits(const struct parser *parser, int i)
{
	const struct argument *all = parser->command.token->arguments;
	int j;

	if (parser->command.values[i] != NULL)
		return false;
	for (j = 0; all[j].name != NULL; j++)
		if (j != i && all[j].required && all[j].word == NULL &&
		    parser->command.values[j] == NULL)
			return i < j && all[i].required;
	return true;
}

static int
take_value(struct parser *parser, int i, const char *word)
{
	const struct argument *argument = &parser->command.token->arguments[i];

	parser->value = -1;
	if (argument->kind == ARGUMENT_WORDS) {
		parser->rest = true;
		return 0;
	}
	if (argument->kind != ARGUMENT_FLAG &&
	    check_value(parser, argument, &word) == -1)
		return -1;
	parser->command.values[i] = word;
	return 0;
}

static int
take_argument(struct parser *parser, const char *word)
{
	const struct argument *all = parser->command.token->arguments;
	int i;

	if (all == NULL)
		return fail(parser, NULL, "", "extra argument \"%s\"", word);
	i = find_argument(all, &parser->command, word);
	if (i == -1)
		return fail(parser, NULL, "", "extra argument \"%s\"", word);
	if (i == -2)
		return fail(
		    parser, NULL, "", "ambiguous argument \"%s\"", word);
	if (parser->command.values[i] != NULL)
		return fail(
		    parser, NULL, "", "\"%s\" is given twice", all[i].word);
	if (all[i].word == NULL || all[i].kind == ARGUMENT_FLAG)
		return take_value(parser, i, word);
	parser->value = i;
	return 0;
}

/* Nothing else goes into a request, and an order must not lack a word of it. */
static bool
is_utf8(const char *word)
{
	json_t *string = json_string(word);

	json_decref(string);
	return string != NULL;
}

int
parser_take(struct parser *parser, const char *word)
{
	if (!is_utf8(word))
		return fail(parser, NULL, "", "\"%s\" is not UTF-8", word);
	if (parser->rest)
		return 0;
	if (parser->subject)
		return take_subject(parser, word);
	if (parser->tokens != NULL)
		return take_word(parser, word);
	if (parser->value != -1)
		return take_value(parser, parser->value, word);
	return take_argument(parser, word);
}

int
parser_finish(struct parser *parser)
{
	const struct command *command = &parser->command;
	const struct argument *all;
	size_t i;

	if (command->token == NULL)
		return fail(parser, grammar, "", "missing argument");
	if (parser->subject)
		return fail(parser, NULL, "", "missing argument %s",
		    command->token->subject->name);
	if (command->token->run == NULL)
		return fail(parser, parser->tokens, "", "missing argument");
	all = command->token->arguments;
	if (parser->value != -1)
		return fail(parser, NULL, "", "\"%s\" lacks its %s",
		    all[parser->value].word, all[parser->value].name);
	for (i = 0; all != NULL && all[i].name != NULL; i++)
		if (all[i].required && command->values[i] == NULL)
			return fail(parser, NULL, "", "missing argument %s%s%s",
			    all[i].word != NULL ? all[i].word : "",
			    all[i].word != NULL ? " " : "", all[i].name);
	return 0;
}

static void
print_error(const struct parser *parser)
{
	char *safe = safe_text(parser->error);

	fprintf(stderr, "%s: %s\n", getprogname(), safe);
	free(safe);
	fputs("valid commands/args are:\n", stderr);
	if (parser->valid != NULL)
		usage_list(stderr, parser->valid, parser->prefix);
	else
		usage_command(stderr, &parser->command);
}

int
parse(char *const argv[], struct command *command)
{
	struct parser parser;
	int result = 0;

	parser_begin(&parser);
	for (; result == 0 && *argv != NULL; argv++) {
		result = parser_take(&parser, *argv);
		if (parser.rest && parser.command.rest == NULL)
			parser.command.rest = argv;
	}
	if (result == 0)
		result = parser_finish(&parser);
	if (result == -1)
		print_error(&parser);
	*command = parser.command;
	parser_end(&parser);
	return result;
}
