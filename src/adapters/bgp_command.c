/* SPDX-License-Identifier: ISC */

/*
 * One bgpctl(8) at a time: started, and what it says when it is done.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "adapters/bgp_private.h"
#include "base/log.h"
#include "base/xmalloc.h"

static const struct child_options bgpctl_options = {
    .time = 5000,
    .output = 16 << 20,
    .error = 64 << 10,
};

void
bgp_notify(struct bgp *bgp)
{
	event_active(bgp->notify, EV_TIMEOUT, 0);
}

void
bgp_guard(struct bgp *bgp)
{
	if (bgp->guard != NULL)
		bgp->guard(bgp->guard_arg, bgp);
}

void
bgp_complain(struct bgp *bgp, enum bgp_problem problem, char *text)
{
	if (bgp_problem_set(&bgp->problems, problem, text))
		bgp_notify(bgp);
}

void
bgp_command_works(struct bgp *bgp, enum bgpctl_command command)
{
	char works[64];

	snprintf(works, sizeof(works), "bgpctl %s works",
	    bgpctl_command_name(command));
	bgp_problem_clear(
	    &bgp->problems, BGP_PROBLEM_NETWORKS + command, works);
}

/* A command has failed.  If bgpd has gone meanwhile, that is the reason. */
static void
command_failed(struct bgp *bgp, const char *why)
{
	if (bgp_link_alive(bgp->link))
		bgp_complain(bgp, BGP_PROBLEM_NETWORKS + bgp->command,
		    xasprintf("%s -s %s: %s: %s", bgp->program, bgp->socket,
			bgpctl_command_name(bgp->command), why));
}

static void
program_failed(struct bgp *bgp, int error)
{
	static const char remedy[] =
	    "install OpenBGPD, or correct bgp.bgpctl in vc5d.conf";

	bgp_complain(bgp, BGP_PROBLEM_PROGRAM,
	    xasprintf(
		"can't run %s: %s: %s", bgp->program, strerror(error), remedy));
}

static void child_done(void *, const struct child_result *);

int
bgp_command_start(struct bgp *bgp, enum bgpctl_command command,
    const struct bgp_plan_step *step)
{
	char **argv =
	    bgpctl_argv(bgp->program, bgp->socket, command, step->attributes);
	char *input = bgpctl_input(step->addresses, step->count);
	struct child_options options = bgpctl_options;

	if (command == BGPCTL_ADD)
		bgp_guard(bgp);
	options.input = input;
	log_debug("bgp: bgpctl %s, %zu networks", bgpctl_command_name(command),
	    step->count);
	bgp->command = command;
	bgp->child = child_start(bgp->base, argv, &options, child_done, bgp);
	if (bgp->child == NULL)
		program_failed(bgp, errno);
	else
		bgp_problem_clear(
		    &bgp->problems, BGP_PROBLEM_PROGRAM, "bgpctl runs");
	free(input);
	bgpctl_argv_free(argv);
	return bgp->child == NULL ? -1 : 0;
}

int
bgp_look_start(struct bgp *bgp, enum bgpctl_command command)
{
	static const struct bgp_plan_step none = {.action = BGP_PLAN_LOOK};

	return bgp_command_start(bgp, command, &none);
}

static void
networks_done(struct bgp *bgp, const struct child_result *result)
{
	struct bgpctl_network *list = NULL;
	char error[BGPCTL_ERROR_LEN];
	size_t count = 0;

	if (!result->ok) {
		command_failed(bgp, result->error);
		bgp_plan_done(bgp->plan, false);
	} else if (bgpctl_parse_networks(result->output, result->output_len,
		       &list, &count, error) == -1) {
		command_failed(bgp, error);
		bgp_plan_done(bgp->plan, false);
	} else {
		bgp_command_works(bgp, BGPCTL_NETWORKS);
		bgp_plan_saw_networks(bgp->plan, list, count);
		if (bgp_look_start(bgp, BGPCTL_ROUTES) == -1)
			bgp_plan_done(bgp->plan, false);
	}
	free(list);
}

/*
 * Being unable to read attributes must not keep VIPs from being announced:
 * that bgpctl may be of another version, or the output too large.
 */
static void
routes_done(struct bgp *bgp, const struct child_result *result)
{
	struct bgpctl_route *list = NULL;
	char error[BGPCTL_ERROR_LEN];
	size_t count = 0;

	if (!result->ok)
		command_failed(bgp, result->error);
	else if (bgpctl_parse_routes(result->output, result->output_len, &list,
		     &count, error) == -1) {
		command_failed(bgp, error);
		bgpctl_routes_free(list, count);
		list = NULL;
		count = 0;
	} else
		bgp_command_works(bgp, BGPCTL_ROUTES);
	bgp_plan_saw_routes(bgp->plan, list, count);
	bgpctl_routes_free(list, count);
	bgp_notify(bgp);
}

static void
neighbours_done(struct bgp *bgp, const struct child_result *result)
{
	struct bgp_neighbour *list = NULL;
	char error[BGPCTL_ERROR_LEN];
	size_t count = 0;

	if (!result->ok) {
		command_failed(bgp, result->error);
		return;
	}
	if (bgpctl_parse_neighbours(result->output, result->output_len, &list,
		&count, error) == -1) {
		command_failed(bgp, error);
		bgpctl_neighbours_free(list, count);
		return;
	}
	bgp_command_works(bgp, BGPCTL_NEIGHBOURS);
	bgpctl_neighbours_free(bgp->neighbours, bgp->neighbour_count);
	bgp->neighbours = list;
	bgp->neighbour_count = count;
	bgp->neighbours_known = true;
	bgp_notify(bgp);
}

static void
change_done(struct bgp *bgp, const struct child_result *result)
{
	if (!result->ok)
		command_failed(bgp, result->error);
	bgp_plan_done(bgp->plan, result->ok);
	bgp->neighbours_due = true;
}

static void
child_done(void *arg, const struct child_result *result)
{
	static void (*const done[])(
	    struct bgp *, const struct child_result *) = {
	    [BGPCTL_NETWORKS] = networks_done,
	    [BGPCTL_ROUTES] = routes_done,
	    [BGPCTL_NEIGHBOURS] = neighbours_done,
	    [BGPCTL_ADD] = change_done,
	    [BGPCTL_DELETE] = change_done,
	};
	struct bgp *bgp = arg;

	bgp->child = NULL;
	done[bgp->command](bgp, result);
	bgp_guard(bgp);
	bgp_step(bgp);
}
