/* SPDX-License-Identifier: ISC */

/*
 * Announcing VIPs through OpenBGPD: what core/bgp_plan finds to be done is
 * done, by one bgpctl(8) at a time.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "adapters/bgp.h"
#include "adapters/child.h"
#include "adapters/bgp_link.h"
#include "adapters/bgp_problems.h"
#include "base/log.h"
#include "base/monotime.h"
#include "base/xmalloc.h"

#define RETRY_MIN	  100	/* ms after something failed, doubling */
#define RETRY_MAX	  5000	/* ms */
#define RECHECK_MIN	  1000	/* ms from one look to the next, doubling */
#define RECHECK_MAX	  10000 /* ms */
#define NEIGHBOURS_PERIOD 2000	/* ms */
#define WAITS_MAX	  3	/* fruitless attempts before we complain */

static const struct child_options bgpctl_options = {
    .time = 5000,
    .output = 16 << 20,
    .error = 64 << 10,
};

struct bgp {
	struct event_base *base;
	char *socket, *program;
	struct bgp_link *link;
	enum bgp_link_state state;
	struct bgp_plan *plan;
	struct child *child;		     /* the bgpctl that is running */
	enum bgpctl_command command;	     /* what it is doing */
	struct event *kick;		     /* step soon */
	struct event *retry;		     /* of what the plan holds back */
	struct event *recheck;		     /* behind our back */
	struct event *refresh;		     /* of the neighbours */
	struct event *notify;		     /* the callback is due */
	unsigned retry_delay, recheck_delay; /* ms, the next ones */
	unsigned waits; /* since all was well, without a known reason */
	bool neighbours_due, neighbours_known;
	struct bgp_neighbour *neighbours;
	size_t neighbour_count;
	struct bgp_problems problems;
	void (*cb)(void *arg);
	void *arg;
	void (*guard)(void *arg, const struct bgp *);
	void *guard_arg;
};

static void bgp_step(struct bgp *);

static void
timer_set(struct event *timer, unsigned ms)
{
	struct timeval tv = monotime_timeval(ms);

	evtimer_add(timer, &tv);
}

static unsigned
double_delay(unsigned delay, unsigned max)
{
	return delay * 2 < max ? delay * 2 : max;
}

static void
bgp_notify(struct bgp *bgp)
{
	event_active(bgp->notify, EV_TIMEOUT, 0);
}

static void
bgp_guard(struct bgp *bgp)
{
	if (bgp->guard != NULL)
		bgp->guard(bgp->guard_arg, bgp);
}

/* See bgp_problem_set. */
static void
problem_set(struct bgp *bgp, enum bgp_problem problem, char *text)
{
	if (bgp_problem_set(&bgp->problems, problem, text))
		bgp_notify(bgp);
}

/* A condition that holds for an address, if that is not NULL. */
static void
problem_check(struct bgp *bgp, enum bgp_problem problem,
    const struct addr *addr, const char *what, const char *over)
{
	char buf[ADDR_STRLEN];

	if (addr == NULL)
		bgp_problem_clear(&bgp->problems, problem, over);
	else
		problem_set(bgp, problem,
		    xasprintf("%s: %s", addr_format(addr, buf), what));
}

static void
command_clear(struct bgp *bgp, enum bgpctl_command command)
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
		problem_set(bgp, BGP_PROBLEM_NETWORKS + bgp->command,
		    xasprintf("%s -s %s: %s: %s", bgp->program, bgp->socket,
			bgpctl_command_name(bgp->command), why));
}

static void
program_failed(struct bgp *bgp, int error)
{
	static const char remedy[] =
	    "install OpenBGPD, or correct bgp.bgpctl in vc5d.conf";

	problem_set(bgp, BGP_PROBLEM_PROGRAM,
	    xasprintf(
		"can't run %s: %s: %s", bgp->program, strerror(error), remedy));
}

static void child_done(void *, const struct child_result *);

/* Start a bgpctl; 0, or -1 having reported why. */
static int
command_start(struct bgp *bgp, enum bgpctl_command command,
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

static int
look_start(struct bgp *bgp, enum bgpctl_command command)
{
	static const struct bgp_plan_step none = {.action = BGP_PLAN_LOOK};

	return command_start(bgp, command, &none);
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
		command_clear(bgp, BGPCTL_NETWORKS);
		bgp_plan_saw_networks(bgp->plan, list, count);
		if (look_start(bgp, BGPCTL_ROUTES) == -1)
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
		command_clear(bgp, BGPCTL_ROUTES);
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
	command_clear(bgp, BGPCTL_NEIGHBOURS);
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

/* Nothing is left to do. */
static void
plan_fulfilled(struct bgp *bgp)
{
	bgp->retry_delay = RETRY_MIN;
	bgp->waits = 0;
	command_clear(bgp, BGPCTL_ADD);
	command_clear(bgp, BGPCTL_DELETE);
	bgp_problem_clear(&bgp->problems, BGP_PROBLEM_IGNORED,
	    "bgpd does what it is asked to");
	problem_check(bgp, BGP_PROBLEM_CONFLICT, bgp_plan_conflict(bgp->plan),
	    "bgpd.conf itself announces it, so that vc5d never will "
	    "withdraw it: remove it from there",
	    "bgpd.conf leaves the VIPs to vc5d");
	problem_check(bgp, BGP_PROBLEM_MISMATCH, bgp_plan_mismatch(bgp->plan),
	    "bgpd shows other attributes than it was asked for",
	    "bgpd shows the attributes that it was asked for");
}

static void
plan_waits(struct bgp *bgp)
{
	if (evtimer_pending(bgp->retry, NULL))
		return;
	timer_set(bgp->retry, bgp->retry_delay);
	bgp->retry_delay = double_delay(bgp->retry_delay, RETRY_MAX);
	if (bgp_problem_with_program(&bgp->problems))
		return;
	if (++bgp->waits >= WAITS_MAX)
		problem_set(bgp, BGP_PROBLEM_IGNORED,
		    xasprintf("bgpd does not do what it is asked to: is %s a "
			      "restricted socket? vc5d needs the other one "
			      "(\"socket\" in bgpd.conf)",
			bgp->socket));
}

/* Do the plan's next step; 0, -1 if it failed at once. */
static int
plan_step(struct bgp *bgp)
{
	struct bgp_plan_step step;
	int r = 0;

	bgp_plan_next(bgp->plan, &step);
	switch (step.action) {
	case BGP_PLAN_NOTHING:
		plan_fulfilled(bgp);
		return 0;
	case BGP_PLAN_WAIT:
		plan_waits(bgp);
		return 0;
	case BGP_PLAN_LOOK:
		r = look_start(bgp, BGPCTL_NETWORKS);
		break;
	case BGP_PLAN_ADD:
		r = command_start(bgp, BGPCTL_ADD, &step);
		break;
	case BGP_PLAN_DELETE:
		r = command_start(bgp, BGPCTL_DELETE, &step);
		break;
	}
	if (r == -1)
		bgp_plan_done(bgp->plan, false);
	return r;
}

/*
 * Do what is next, unless something is being done.  The loop ends: what fails
 * at once is held back by the plan.
 */
static void
bgp_step(struct bgp *bgp)
{
	if (bgp->state != BGP_LINK_UP)
		return;
	while (bgp->child == NULL && plan_step(bgp) == -1)
		continue;
	if (bgp->child == NULL && bgp->neighbours_due) {
		bgp->neighbours_due = false;
		look_start(bgp, BGPCTL_NEIGHBOURS);
	}
}

static void
bgp_kicked(int fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	bgp_step(arg);
}

static void
bgp_retry(int fd, short what, void *arg)
{
	struct bgp *bgp = arg;

	(void)fd;
	(void)what;
	bgp_plan_retry(bgp->plan);
	bgp_step(bgp);
}

static void
bgp_recheck(int fd, short what, void *arg)
{
	struct bgp *bgp = arg;

	(void)fd;
	(void)what;
	timer_set(bgp->recheck, bgp->recheck_delay);
	bgp->recheck_delay = double_delay(bgp->recheck_delay, RECHECK_MAX);
	bgp_plan_recheck(bgp->plan);
	bgp_step(bgp);
}

static void
bgp_refresh(int fd, short what, void *arg)
{
	struct bgp *bgp = arg;

	(void)fd;
	(void)what;
	timer_set(bgp->refresh, NEIGHBOURS_PERIOD);
	bgp->neighbours_due = true;
	bgp_step(bgp);
}

static void
bgp_notified(int fd, short what, void *arg)
{
	struct bgp *bgp = arg;

	(void)fd;
	(void)what;
	if (bgp->cb != NULL)
		bgp->cb(bgp->arg);
}

/* Forget all that was known of a bgpd. */
static void
bgp_down(struct bgp *bgp)
{
	enum bgp_problem p;

	child_free(bgp->child);
	bgp->child = NULL;
	bgp_plan_forget(bgp->plan);
	bgpctl_neighbours_free(bgp->neighbours, bgp->neighbour_count);
	bgp->neighbours = NULL;
	bgp->neighbour_count = 0;
	bgp->neighbours_known = false;
	event_del(bgp->retry);
	event_del(bgp->recheck);
	event_del(bgp->refresh);
	bgp->retry_delay = RETRY_MIN;
	bgp->recheck_delay = RECHECK_MIN;
	bgp->waits = 0;
	/* A problem with bgpctl itself stays; the others were this bgpd's. */
	for (p = BGP_PROBLEM_NETWORKS; p < BGP_PROBLEM_COUNT; p++)
		bgp_problem_drop(&bgp->problems, p);
}

static void
link_changed(void *arg, enum bgp_link_state state, const char *why)
{
	struct bgp *bgp = arg;

	bgp->state = state;
	bgp_notify(bgp);
	if (state != BGP_LINK_UP) {
		bgp_down(bgp);
		bgp_problem_drop(&bgp->problems, BGP_PROBLEM_LINK);
		problem_set(bgp, BGP_PROBLEM_LINK,
		    xasprintf("%s: %s", bgp->socket, why));
		return;
	}
	if (bgp_problem_drop(&bgp->problems, BGP_PROBLEM_LINK))
		log_notice("bgp: bgpd is back at %s", bgp->socket);
	else
		log_info("bgp: connected to bgpd at %s", bgp->socket);
	timer_set(bgp->recheck, bgp->recheck_delay);
	timer_set(bgp->refresh, NEIGHBOURS_PERIOD);
	bgp->neighbours_due = true;
	bgp_step(bgp);
}

struct bgp *
bgp_new(struct event_base *base, const char *socket, const char *program)
{
	struct bgp *bgp = xcalloc(1, sizeof(*bgp));

	bgp->base = base;
	bgp->socket = xstrdup(socket);
	bgp->program = xstrdup(program);
	bgp->plan = bgp_plan_new();
	bgp->kick = evtimer_new(base, bgp_kicked, bgp);
	bgp->retry = evtimer_new(base, bgp_retry, bgp);
	bgp->recheck = evtimer_new(base, bgp_recheck, bgp);
	bgp->refresh = evtimer_new(base, bgp_refresh, bgp);
	bgp->notify = evtimer_new(base, bgp_notified, bgp);
	bgp->retry_delay = RETRY_MIN;
	bgp->recheck_delay = RECHECK_MIN;
	bgp->link = bgp_link_new(base, socket, link_changed, bgp);
	return bgp;
}

void
bgp_free(struct bgp *bgp)
{
	enum bgp_problem p;

	if (bgp == NULL)
		return;
	bgp_link_free(bgp->link);
	child_free(bgp->child);
	bgp_plan_free(bgp->plan);
	bgpctl_neighbours_free(bgp->neighbours, bgp->neighbour_count);
	for (p = 0; p < BGP_PROBLEM_COUNT; p++)
		bgp_problem_drop(&bgp->problems, p);
	event_free(bgp->kick);
	event_free(bgp->retry);
	event_free(bgp->recheck);
	event_free(bgp->refresh);
	event_free(bgp->notify);
	free(bgp->socket);
	free(bgp->program);
	free(bgp);
}

void
bgp_own(struct bgp *bgp, const struct addr *vip)
{
	bgp_plan_own(bgp->plan, vip);
	event_active(bgp->kick, EV_TIMEOUT, 0);
}

void
bgp_want(struct bgp *bgp, const struct bgp_network *list, size_t count)
{
	bgp_plan_want(bgp->plan, list, count);
	/* What is only for show doesn't keep a withdrawal waiting. */
	if (bgp->child != NULL && bgp->command == BGPCTL_NEIGHBOURS) {
		child_free(bgp->child);
		bgp->child = NULL;
		bgp->neighbours_due = true;
	}
	event_active(bgp->kick, EV_TIMEOUT, 0);
}

bool
bgp_settled(const struct bgp *bgp)
{
	if (bgp->state == BGP_LINK_ABSENT || bgp->state == BGP_LINK_DENIED)
		return true;
	return bgp->state == BGP_LINK_UP && bgp_plan_settled(bgp->plan);
}

void
bgp_status(const struct bgp *bgp, struct bgp_status *status)
{
	status->connected = bgp->state == BGP_LINK_UP;
	status->error = bgp_problem_worst(&bgp->problems);
	status->announced =
	    bgp_plan_announced(bgp->plan, &status->announced_count);
	status->neighbours = bgp->neighbours;
	status->neighbour_count = bgp->neighbour_count;
	status->neighbours_known = bgp->neighbours_known;
}

bool
bgp_exposed(const struct bgp *bgp, const struct addr **list, size_t *count)
{
	return bgp_plan_exposed(bgp->plan, list, count);
}

void
bgp_set_guard(
    struct bgp *bgp, void (*guard)(void *arg, const struct bgp *), void *arg)
{
	bgp->guard = guard;
	bgp->guard_arg = arg;
	bgp_guard(bgp);
}

void
bgp_look(struct bgp *bgp)
{
	bgp_plan_recheck(bgp->plan);
	event_active(bgp->kick, EV_TIMEOUT, 0);
}

void
bgp_set_callback(struct bgp *bgp, void (*cb)(void *arg), void *arg)
{
	bgp->cb = cb;
	bgp->arg = arg;
}
