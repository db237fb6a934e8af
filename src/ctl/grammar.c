/* SPDX-License-Identifier: ISC */

/*
 * The words that a command can begin with, but for what "show" shows: see
 * grammar.h.
 */

#include <string.h>

#include "ctl/grammar.h"
#include "ctl/help.h"
#include "ctl/monitor.h"
#include "ctl/order.h"
#include "ctl/show.h"
#include "ctl/top.h"

static const char *const protocols[] = {"tcp", "udp", NULL};

static const struct argument explain_arguments[] = {
    [EXPLAIN_SOURCE] = {.name = "source:port",
	.kind = ARGUMENT_ENDPOINT,
	.required = true,
	.help = "the client's address and port"},
    [EXPLAIN_DESTINATION] = {.name = "destination:port",
	.kind = ARGUMENT_ENDPOINT,
	.required = true,
	.help = "the VIP and the service's port"},
    [EXPLAIN_PROTOCOL] = {.name = "tcp|udp",
	.kind = ARGUMENT_CHOICE,
	.choices = protocols,
	.help = "the protocol, tcp if nothing is said"},
    [EXPLAIN_WITHOUT] = {.name = "address",
	.word = "without",
	.kind = ARGUMENT_SERVER,
	.help = "say what would change without this server"},
    {.name = NULL},
};

/* Has to be written in full: it is no slip of the fingers. */
#define FORCE                                                               \
	{                                                                   \
		.name = "", .word = "force", .kind = ARGUMENT_FLAG,         \
		.in_full = true,                                            \
		.help =                                                     \
		    "even if too few servers are left, or it can't be kept" \
	}

static const struct argument order_arguments[] = {
    [ORDER_FORCE] = FORCE,
    {.name = NULL},
};
static const struct argument backend_order_arguments[] = {
    [ORDER_FORCE] = FORCE,
    [ORDER_SERVICE] = {.name = "service",
	.kind = ARGUMENT_SERVICE,
	.help = "in this service only"},
    {.name = NULL},
};

static const struct argument service_subject = {.name = "name",
    .kind = ARGUMENT_SERVICE,
    .required = true,
    .help = "a service's name, VIP, or VIP:port/protocol"};
static const struct argument backend_subject = {.name = "address",
    .kind = ARGUMENT_SERVER,
    .required = true,
    .help = "the server's address"};
static const struct argument vip_subject = {.name = "address",
    .kind = ARGUMENT_VIP,
    .required = true,
    .help = "the VIP"};

static const struct token service_tokens[] = {
    {.word = "down",
	.help = "withdraw the VIPs of services",
	.arguments = order_arguments,
	.run = give_order},
    {.word = "up",
	.help = "take that back",
	.arguments = order_arguments,
	.run = give_order},
    {.word = NULL},
};

static const struct token backend_tokens[] = {
    {.word = "drain",
	.help = "give a server no new connections",
	.arguments = backend_order_arguments,
	.run = give_order},
    {.word = "maint",
	.help = "give a server nothing any more, which breaks its connections",
	.arguments = backend_order_arguments,
	.run = give_order},
    {.word = "ready",
	.help = "take back what was ordered about a server",
	.arguments = backend_order_arguments,
	.run = give_order},
    {.word = NULL},
};

static const struct token vip_tokens[] = {
    {.word = "withdraw",
	.help = "announce a VIP no longer",
	.arguments = order_arguments,
	.run = give_order},
    {.word = "announce",
	.help = "take that back",
	.arguments = order_arguments,
	.run = give_order},
    {.word = NULL},
};

static const char *const log_levels[] = {"brief", "verbose", NULL};

static const struct argument log_arguments[] = {
    {.name = "brief|verbose",
	.kind = ARGUMENT_CHOICE,
	.choices = log_levels,
	.help = "what it is to be from now on"},
    {.name = NULL},
};

static const struct argument monitor_arguments[] = {
    [MONITOR_LOG] = {.name = "",
	.word = "log",
	.kind = ARGUMENT_FLAG,
	.help = "lines of the log, too"},
    [MONITOR_ONCE] = {.name = "",
	.word = "once",
	.kind = ARGUMENT_FLAG,
	.in_full = true,
	.help = "end with vc5d, rather than wait until it is there again"},
    [MONITOR_ABOUT] = {.name = "subject",
	.kind = ARGUMENT_TARGET,
	.help = "only events about this service, VIP or server"},
    {.name = NULL},
};

static const struct argument block_arguments[] = {
    [BLOCK_PREFIX] = {.name = "prefix",
	.kind = ARGUMENT_PREFIX,
	.required = true,
	.help = "address, or ADDRESS/LENGTH, of the sources"},
    [BLOCK_FOR] = {.name = "time",
	.word = "for",
	.kind = ARGUMENT_DURATION,
	.help = "not longer than this, as in 10m; for good if nothing is said"},
    [BLOCK_FORCE] = {.name = "",
	.word = "force",
	.kind = ARGUMENT_FLAG,
	.in_full = true,
	.help = "even if servers, neighbours or very many are in it, or it "
		"can't be "
		"kept"},
    {.name = NULL},
};

static const struct argument unblock_arguments[] = {
    [BLOCK_PREFIX] = {.name = "prefix",
	.kind = ARGUMENT_PREFIX,
	.required = true,
	.help = "as it was blocked"},
    [UNBLOCK_FORCE] = {.name = "",
	.word = "force",
	.kind = ARGUMENT_FLAG,
	.in_full = true,
	.help = "even if that can't be kept"},
    {.name = NULL},
};

static const struct token prefixes_tokens[] = {
    {.word = "save",
	.help = "save the sources there are, as those that are not new",
	.run = order_baseline},
    {.word = NULL},
};

static const struct argument top_arguments[] = {
    {.name = "name",
	.kind = ARGUMENT_SERVICE,
	.help = "the servers of services of this name, VIP, or "
		"VIP:port/protocol"},
    {.name = NULL},
};

static const struct argument help_arguments[] = {
    {.name = "word ...",
	.kind = ARGUMENT_WORDS,
	.help = "the command that help is wanted for"},
    {.name = NULL},
};

const struct token grammar[] = {
    {.word = "show", .help = "show how things are", .next = grammar_show},
    {.word = "explain",
	.help = "say what happens to a packet, and why",
	.arguments = explain_arguments,
	.run = show_explanation},
    {.word = "service",
	.help = "take services down and up",
	.subject = &service_subject,
	.next = service_tokens},
    {.word = "backend",
	.help = "take a server out of use and back",
	.subject = &backend_subject,
	.next = backend_tokens},
    {.word = "vip",
	.help = "withdraw and announce a VIP",
	.subject = &vip_subject,
	.next = vip_tokens},
    {.word = "monitor",
	.help = "show what happens, as it happens",
	.arguments = monitor_arguments,
	.run = show_monitor},
    {.word = "top",
	.help = "show who gets what, live",
	.arguments = top_arguments,
	.run = show_top},
    {.word = "log",
	.help = "say how much the log has, or change that",
	.arguments = log_arguments,
	.run = order_log},
    {.word = "block",
	.help = "drop what comes from a prefix and is for a VIP",
	.arguments = block_arguments,
	.run = order_block},
    {.word = "unblock",
	.help = "take that back",
	.arguments = unblock_arguments,
	.run = order_unblock},
    {.word = "prefixes",
	.help = "save the baseline of where packets come from",
	.next = prefixes_tokens},
    {.word = "reload",
	.help = "read the configuration file again",
	.run = order_reload},
    {.word = "help",
	.help = "show commands, and what they are for",
	.arguments = help_arguments,
	.run = show_help},
    {.word = "complete",
	.arguments = help_arguments,
	.run = show_completions,
	.hidden = true},
    {.word = NULL},
};

bool
grammar_abbreviates(const char *word, const char *full)
{
	return *word != '\0' && strncmp(full, word, strlen(word)) == 0;
}

const struct token *
grammar_find(const struct token *tokens, const char *word, size_t *matches)
{
	const struct token *token, *found = NULL;

	*matches = 0;
	for (token = tokens; token->word != NULL; token++) {
		if (strcmp(token->word, word) == 0) {
			*matches = 1;
			return token;
		}
		if (!token->hidden && grammar_abbreviates(word, token->word)) {
			found = token;
			++*matches;
		}
	}
	return *matches == 1 ? found : NULL;
}
