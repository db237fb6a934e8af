/* SPDX-License-Identifier: ISC */

/*
 * The words that follow "show": see grammar.h.
 */

#include "ctl/grammar.h"
#include "ctl/show.h"

static const char *const flow_states[] = {"confirmed", "closed", NULL};

static const struct argument service_argument[] = {
    {.name = "name",
	.kind = ARGUMENT_SERVICE,
	.help = "everything about services of this name, VIP, or "
		"VIP:port/protocol"},
    {.name = NULL},
};

static const struct argument backend_argument[] = {
    {.name = "address",
	.kind = ARGUMENT_SERVER,
	.help = "everything about this server"},
    {.name = NULL},
};

static const struct argument checks_arguments[] = {
    {.name = "service|address",
	.kind = ARGUMENT_TARGET,
	.help = "only those of this service or server, with what was said"},
    {.name = NULL},
};

static const struct argument flows_arguments[] = {
    [FLOWS_SERVICE] = {.name = "name",
	.word = "service",
	.kind = ARGUMENT_SERVICE,
	.help = "of services of this name, VIP, or VIP:port/protocol"},
    [FLOWS_CLIENT] = {.name = "prefix",
	.word = "client",
	.kind = ARGUMENT_PREFIX,
	.help = "from clients at this address or in this prefix"},
    [FLOWS_SERVER] = {.name = "address",
	.word = "server",
	.kind = ARGUMENT_SERVER,
	.help = "to this server"},
    [FLOWS_STATE] = {.name = "confirmed|closed",
	.word = "state",
	.kind = ARGUMENT_CHOICE,
	.choices = flow_states,
	.help = "in this state"},
    [FLOWS_LIMIT] = {.name = "number",
	.word = "limit",
	.kind = ARGUMENT_NUMBER,
	.low = 1,
	.high = 1000000,
	.help = "no more than so many; 1000 if nothing is said"},
    {.name = NULL},
};

static const struct argument history_arguments[] = {
    [HISTORY_ABOUT] = {.name = "subject",
	.kind = ARGUMENT_TARGET,
	.help = "only what is about this service, VIP or server"},
    [HISTORY_LIMIT] = {.name = "number",
	.word = "limit",
	.kind = ARGUMENT_NUMBER,
	.low = 1,
	.high = 10000,
	.help = "only so many, the last ones"},
    {.name = NULL},
};

const struct token grammar_show[] = {
    {.word = "summary",
	.help = "how everything is, in short",
	.run = show_status,
	.view = &view_summary},
    {.word = "services",
	.help = "services, or all about some",
	.arguments = service_argument,
	.run = show_status,
	.view = &view_services},
    {.word = "backends",
	.help = "servers, or all about one",
	.arguments = backend_argument,
	.run = show_status,
	.view = &view_backends},
    {.word = "checks",
	.help = "health checks and what came of them",
	.arguments = checks_arguments,
	.run = show_status,
	.view = &view_checks},
    {.word = "flows",
	.help = "what the flow table keeps",
	.arguments = flows_arguments,
	.run = show_flows},
    {.word = "history",
	.help = "what has happened",
	.arguments = history_arguments,
	.run = show_history},
    {.word = "overrides",
	.help = "what was ordered at run time",
	.run = show_status,
	.view = &view_overrides},
    {.word = "vips",
	.help = "VIPs, whether they are announced, and why not",
	.run = show_status,
	.view = &view_vips},
    {.word = "bgp",
	.help = "bgpd and its neighbours",
	.run = show_status,
	.view = &view_bgp},
    {.word = "peers",
	.help = "the other instances of the cluster",
	.run = show_status,
	.view = &view_peers},
    {.word = "interfaces",
	.help = "what packets are balanced at",
	.run = show_status,
	.view = &view_interfaces},
    {.word = "drops",
	.help = "packets that were dropped, by reason",
	.run = show_status,
	.view = &view_drops},
    {.word = "answers",
	.help = "ICMP packets that were made for VIPs",
	.run = show_status,
	.view = &view_answers},
    {.word = "alerts",
	.help = "what lasts and somebody should look at",
	.run = show_status,
	.view = &view_alerts},
    {.word = "errors",
	.help = "all that is wrong, and what was dropped",
	.run = show_status,
	.view = &view_errors},
    {.word = "config",
	.help = "the configuration file in force, without secrets",
	.run = show_status,
	.view = &view_config},
    {.word = "version",
	.help = "which vc5d runs",
	.run = show_status,
	.view = &view_version},
    {.word = NULL},
};
