/* SPDX-License-Identifier: ISC */

/*
 * vc5ctl complete: what a shell can complete a word to.  Names and addresses
 * come from vc5d, if it answers.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/status_value.h"
#include "ctl/client.h"
#include "ctl/help.h"
#include "ctl/parse.h"
#include "ctl/table.h"

/* The word that is completed, and who knows names. */
struct completion {
	struct client *client;
	const char *prefix;
	json_t *status; /* NULL = not asked for, or not to be had */
	bool asked;
};

/* Nothing that a shell or terminal would take for more than a word. */
static bool
is_plain(const char *word)
{
	for (; *word != '\0'; word++)
		if (*word <= ' ' || *word > '~' ||
		    strchr("\\'\"`$&;|<>(){}*?!#~", *word) != NULL)
			return false;
	return true;
}

static void
offer(const struct completion *c, const char *word, const char *help)
{
	if (*word == '\0' || !is_plain(word) ||
	    strncmp(word, c->prefix, strlen(c->prefix)) != 0)
		return;
	printf("%s\t", word);
	safe_printf("%s", help != NULL ? help : "");
	putchar('\n');
}

static void
offer_words(const struct completion *c, const struct token *tokens)
{
	for (; tokens->word != NULL; tokens++)
		if (!tokens->hidden)
			offer(c, tokens->word, tokens->help);
}

static const json_t *
list_of(struct completion *c, const char *key)
{
	if (!c->asked)
		c->status = client_ask_quietly(
		    c->client, json_pack("{s:s}", "command", "status"));
	c->asked = true;
	return json_object_get(c->status, key);
}

/* Names, VIPs, and VIPs with port and protocol. */
static void
offer_services(struct completion *c)
{
	const json_t *service;
	const char *name;
	size_t i;
	char *key;

	json_array_foreach(list_of(c, "services"), i, service) {
		name = status_string(service, "name");
		key = status_service_key(service);
		offer(c, name, key);
		offer(c, key, name);
		free(key);
	}
}

static void
offer_servers(struct completion *c)
{
	const json_t *service, *destination;
	size_t i, j;

	json_array_foreach(list_of(c, "services"), i, service) {
		json_array_foreach(
		    json_object_get(service, "destinations"), j, destination) {
			offer(c, status_string(destination, "address"),
			    status_string(service, "name"));
		}
	}
}

static void
offer_vips(struct completion *c)
{
	const json_t *vip;
	size_t i;

	json_array_foreach(list_of(c, "vips"), i, vip) {
		offer(c, status_string(vip, "address"),
		    status_string(vip, "state"));
	}
}

/* Values that an argument can have; what it is, if they can't be known. */
static void
offer_values(struct completion *c, const struct argument *argument)
{
	size_t i;

	switch (argument->kind) {
	case ARGUMENT_SERVICE:
		offer_services(c);
		break;
	case ARGUMENT_SERVER:
		offer_servers(c);
		break;
	case ARGUMENT_VIP:
		offer_vips(c);
		break;
	case ARGUMENT_TARGET:
		offer_services(c);
		offer_servers(c);
		break;
	case ARGUMENT_CHOICE:
		for (i = 0; argument->choices[i] != NULL; i++)
			offer(c, argument->choices[i], argument->help);
		break;
	default:
		printf("\t%s: %s\n", argument->name, argument->help);
		break;
	}
}

/* The words of arguments, and values of the first that has none. */
static void
offer_arguments(struct completion *c, const struct parser *parser)
{
	const struct argument *all = parser->command.token->arguments;
	bool placed = false;
	int i;

	for (i = 0; all != NULL && all[i].name != NULL; i++) {
		if (!parser_admits(parser, i))
			continue;
		if (all[i].word != NULL) {
			offer(c, all[i].word, all[i].help);
		} else if (!placed) {
			offer_values(c, &all[i]);
			placed = true;
		}
	}
}

static void
offer_all(struct completion *c, const struct parser *parser)
{
	const struct token *token = parser->command.token;

	if (parser->subject)
		offer_values(c, token->subject);
	else if (parser->tokens != NULL)
		offer_words(c, parser->tokens);
	else if (parser->value != -1)
		offer_values(c, &token->arguments[parser->value]);
	else
		offer_arguments(c, parser);
}

/* Help is about words alone: no subjects, and nothing else behind them. */
static void
complete_help(struct completion *c, char *const words[], size_t count)
{
	const struct token *tokens = grammar, *token;
	size_t i, matches;

	for (i = 0; i + 1 < count && tokens != NULL; i++) {
		token = grammar_find(tokens, words[i], &matches);
		tokens = token != NULL ? token->next : NULL;
	}
	if (tokens != NULL)
		offer_words(c, tokens);
}

/* Behind the options. */
static void
complete(struct completion *c, char *const words[], size_t count)
{
	struct parser parser;
	size_t i;

	parser_begin(&parser);
	for (i = 0; i + 1 < count; i++) {
		if (parser_take(&parser, words[i]) == -1)
			goto cleanup;
		if (parser.command.token->run == show_help) {
			complete_help(c, words + i + 1, count - i - 1);
			goto cleanup;
		}
	}
	offer_all(c, &parser);
cleanup:
	parser_end(&parser);
}

int
show_completions(
    struct client *client, const struct command *command, bool as_json)
{
	struct completion c = {.client = client, .prefix = ""};
	char *const *words = command->rest;
	size_t count = 0;

	(void)as_json;
	while (words != NULL && words[count] != NULL)
		count++;
	if (count > 0)
		c.prefix = words[count - 1];
	complete(&c, words, count);
	json_decref(c.status);
	return 0;
}
