/* SPDX-License-Identifier: ISC */

/*
 * The command line's grammar: see parse.h.  A tree of static tables.
 */

#include <err.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "ctl/parse.h"

struct argument {
	const char *name; /* NULL ends the table; "" = word stands alone */
	const char *word; /* that it follows; NULL = it is told by its place */
	bool required;
};

struct token {
	const char *word;	  /* NULL ends the table */
	enum action action;	  /* if no other word need follow */
	const struct token *next; /* the words that follow, or NULL */
	/* ... or the arguments, or NULL.  With both, one comes between them. */
	const struct argument *arguments;
};

static const struct argument name_argument[] = {
    {"name", NULL, false}, {NULL, NULL, false}};
static const struct argument address_argument[] = {
    {"address", NULL, false}, {NULL, NULL, false}};

static const struct argument checks_arguments[] = {
    {"service|address", NULL, false}, {NULL, NULL, false}};

static const struct argument flows_arguments[] = {
    [FLOWS_SERVICE] = {"name", "service", false},
    [FLOWS_CLIENT] = {"prefix", "client", false},
    [FLOWS_SERVER] = {"address", "server", false},
    [FLOWS_STATE] = {"confirmed|closed", "state", false},
    [FLOWS_LIMIT] = {"number", "limit", false},
    {NULL, NULL, false},
};

static const struct argument history_arguments[] = {
    [HISTORY_ABOUT] = {"subject", NULL, false},
    [HISTORY_LIMIT] = {"number", "limit", false},
    {NULL, NULL, false},
};

static const struct argument explain_arguments[] = {
    [EXPLAIN_SOURCE] = {"source:port", NULL, true},
    [EXPLAIN_DESTINATION] = {"destination:port", NULL, true},
    [EXPLAIN_PROTOCOL] = {"tcp|udp", NULL, false},
    [EXPLAIN_WITHOUT] = {"address", "without", false},
    {NULL, NULL, false},
};

/* A word that stands alone, and has to be written in full. */
#define FORCE                      \
	{                          \
		"", "force", false \
	}

static const struct argument order_arguments[] = {
    [ORDER_FORCE] = FORCE, {NULL, NULL, false}};
static const struct argument backend_order_arguments[] = {
    [ORDER_FORCE] = FORCE,
    [ORDER_SERVICE] = {"service", NULL, false},
    {NULL, NULL, false},
};

static const struct argument subject_name[] = {
    {"name", NULL, true}, {NULL, NULL, false}};
static const struct argument subject_address[] = {
    {"address", NULL, true}, {NULL, NULL, false}};

static const struct token service_tokens[] = {
    {"down", ORDER_SERVICE_DOWN, NULL, order_arguments},
    {"up", ORDER_SERVICE_UP, NULL, order_arguments},
    {NULL, ACTION_NONE, NULL, NULL},
};
static const struct token backend_tokens[] = {
    {"drain", ORDER_BACKEND_DRAIN, NULL, backend_order_arguments},
    {"maint", ORDER_BACKEND_MAINT, NULL, backend_order_arguments},
    {"ready", ORDER_BACKEND_READY, NULL, backend_order_arguments},
    {NULL, ACTION_NONE, NULL, NULL},
};
static const struct token vip_tokens[] = {
    {"withdraw", ORDER_VIP_WITHDRAW, NULL, order_arguments},
    {"announce", ORDER_VIP_ANNOUNCE, NULL, order_arguments},
    {NULL, ACTION_NONE, NULL, NULL},
};

static const struct token show_tokens[] = {
    {"summary", SHOW_SUMMARY, NULL, NULL},
    {"services", SHOW_SERVICES, NULL, name_argument},
    {"backends", SHOW_BACKENDS, NULL, address_argument},
    {"checks", SHOW_CHECKS, NULL, checks_arguments},
    {"flows", SHOW_FLOWS, NULL, flows_arguments},
    {"history", SHOW_HISTORY, NULL, history_arguments},
    {"overrides", SHOW_OVERRIDES, NULL, NULL},
    {"vips", SHOW_VIPS, NULL, NULL},
    {"bgp", SHOW_BGP, NULL, NULL},
    {"peers", SHOW_PEERS, NULL, NULL},
    {"interfaces", SHOW_INTERFACES, NULL, NULL},
    {"drops", SHOW_DROPS, NULL, NULL},
    {"answers", SHOW_ANSWERS, NULL, NULL},
    {"alerts", SHOW_ALERTS, NULL, NULL},
    {NULL, ACTION_NONE, NULL, NULL},
};

static const struct token first_tokens[] = {
    {"show", ACTION_NONE, show_tokens, NULL},
    {"explain", EXPLAIN, NULL, explain_arguments},
    {"service", ACTION_NONE, service_tokens, subject_name},
    {"backend", ACTION_NONE, backend_tokens, subject_address},
    {"vip", ACTION_NONE, vip_tokens, subject_address},
    {"reload", RELOAD, NULL, NULL},
    {NULL, ACTION_NONE, NULL, NULL},
};

static void
list_argument(const struct argument *argument)
{
	fprintf(stderr, argument->required ? " " : " [");
	if (argument->word != NULL)
		fprintf(stderr, "%s%s", argument->word,
		    argument->name[0] != '\0' ? " " : "");
	fprintf(stderr, argument->required ? "%s" : "%s]", argument->name);
}

/* The words that begin with prefix. */
static void
list_words(const struct token *tokens, const char *prefix)
{
	const struct argument *argument;
	const struct token *next;

	for (; tokens->word != NULL; tokens++) {
		if (strncmp(tokens->word, prefix, strlen(prefix)) != 0)
			continue;
		fprintf(stderr, "  %s", tokens->word);
		argument = tokens->arguments;
		for (; argument != NULL && argument->name != NULL; argument++)
			list_argument(argument);
		next = tokens->arguments != NULL ? tokens->next : NULL;
		for (; next != NULL && next->word != NULL; next++)
			fprintf(stderr, "%s%s",
			    next == tokens->next ? " " : "|", next->word);
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

/* May the word be what introduces an argument, or stands alone? */
static bool
introduces(const struct argument *argument, const char *word)
{
	if (argument->word == NULL)
		return false;
	if (argument->name[0] != '\0')
		return *word != '\0' &&
		    strncmp(argument->word, word, strlen(word)) == 0;
	return strcmp(argument->word,
		   strncmp(word, "--", 2) == 0 ? word + 2 : word) == 0;
}

/*
 * The argument that a word introduces, or is by its place; *follows says
 * which.  Its index, or -1 if it is neither; -2 if it can be several.
 */
static int
find_argument(const struct argument *all, const struct command *command,
    const char *word, bool *follows)
{
	int i, found = -1;

	*follows = false;
	for (i = 0; all[i].name != NULL; i++)
		if (all[i].required && command->values[i] == NULL)
			return i;
	for (i = 0; all[i].name != NULL; i++) {
		if (!introduces(&all[i], word))
			continue;
		if (found != -1)
			return -2;
		found = i;
		*follows = all[i].name[0] != '\0';
	}
	if (found != -1)
		return found;
	for (i = 0; all[i].name != NULL; i++)
		if (all[i].word == NULL && command->values[i] == NULL)
			return i;
	return -1;
}

static int
usage(const struct token *token)
{
	warnx("the command is:");
	list_words(token, token->word);
	return -1;
}

static int
parse_arguments(int argc, char *const argv[], const struct token *token,
    struct command *command)
{
	const struct argument *all = token->arguments;
	bool follows;
	int i;

	for (; argc > 0 && all != NULL; argc--, argv++) {
		i = find_argument(all, command, *argv, &follows);
		if (i == -1)
			break;
		if (i == -2) {
			warnx("ambiguous argument \"%s\"", *argv);
			return usage(token);
		}
		if (follows && --argc == 0) {
			warnx("\"%s\" lacks its %s", all[i].word, all[i].name);
			return usage(token);
		}
		argv += follows;
		if (command->values[i] != NULL) {
			warnx("\"%s\" is given twice", all[i].word);
			return usage(token);
		}
		command->values[i] = *argv;
	}
	if (argc > 0) {
		warnx("extra argument \"%s\"", *argv);
		return -1;
	}
	for (i = 0; all != NULL && all[i].name != NULL; i++)
		if (all[i].required && command->values[i] == NULL) {
			warnx("missing argument %s", all[i].name);
			return usage(token);
		}
	return 0;
}

/* The argument between a word and the next one: how many, or -1. */
static int
parse_subject(int argc, char *const argv[], const struct token *token,
    struct command *command)
{
	if (token->next == NULL || token->arguments == NULL)
		return 0;
	if (argc == 0) {
		warnx("missing argument %s", token->arguments->name);
		return usage(token);
	}
	command->subject = *argv;
	return 1;
}

int
parse(int argc, char *const argv[], struct command *command)
{
	const struct token *tokens = first_tokens, *token = NULL;
	int taken;

	memset(command, 0, sizeof(*command));
	while (argc > 0 && tokens != NULL) {
		if ((token = find_word(tokens, *argv)) == NULL)
			return -1;
		tokens = token->next;
		argc--, argv++;
		if ((taken = parse_subject(argc, argv, token, command)) == -1)
			return -1;
		argc -= taken, argv += taken;
	}
	if (token == NULL || token->action == ACTION_NONE) {
		warnx("missing argument, valid are:");
		list_words(tokens, "");
		return -1;
	}
	command->action = token->action;
	return parse_arguments(argc, argv, token, command);
}
