/* SPDX-License-Identifier: ISC */

/*
 * Announcing VIPs through OpenBGPD: what core/bgp_plan finds to be done is
 * done, by one bgpctl(8) at a time.
 */

#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "adapters/bgp_private.h"
#include "base/log.h"
#include "base/monotime.h"
#include "base/xmalloc.h"

#define RETRY_MIN	  100	/* ms after something failed, doubling */
#define RETRY_MAX	  5000	/* ms */
#define RECHECK_MIN	  1000	/* ms from one look to the next, doubling */
#define RECHECK_MAX	  10000 /* ms */
#define NEIGHBOURS_PERIOD 2000	/* ms */
#define WAITS_MAX	  3	/* fruitless attempts before we complain */

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

/* A condition that holds for an address, if that is not NULL. */
static void
problem_check(struct bgp *bgp, enum bgp_problem problem,
    const struct addr *addr, const char *what, const char *over)
{
	char buf[ADDR_STRLEN];

	if (addr == NULL)
		bgp_problem_clear(&bgp->problems, problem, over);
	else
		bgp_complain(bgp, problem,
		    xasprintf("%s: %s", addr_format(addr, buf), what));
}

/* Nothing is left to do. */
static void
plan_fulfilled(struct bgp *bgp)
{
	bgp->retry_delay = RETRY_MIN;
	bgp->waits = 0;
	bgp_command_works(bgp, BGPCTL_ADD);
	bgp_command_works(bgp, BGPCTL_DELETE);
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
		bgp_complain(bgp, BGP_PROBLEM_IGNORED,
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
		r = bgp_look_start(bgp, BGPCTL_NETWORKS);
		break;
	case BGP_PLAN_ADD:
		r = bgp_command_start(bgp, BGPCTL_ADD, &step);
		break;
	case BGP_PLAN_DELETE:
		r = bgp_command_start(bgp, BGPCTL_DELETE, &step);
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
void
bgp_step(struct bgp *bgp)
{
	if (bgp->state != BGP_LINK_UP)
		return;
	while (bgp->child == NULL && plan_step(bgp) == -1)
		continue;
	if (bgp->child == NULL && bgp->neighbours_due) {
		bgp->neighbours_due = false;
		bgp_look_start(bgp, BGPCTL_NEIGHBOURS);
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
		bgp_complain(bgp, BGP_PROBLEM_LINK,
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

/* What failed may have been this one's fault: it is not held back any more. */
void
bgp_set_program(struct bgp *bgp, const char *program)
{
	if (strcmp(bgp->program, program) == 0)
		return;
	free(bgp->program);
	bgp->program = xstrdup(program);
	event_del(bgp->retry);
	bgp->retry_delay = RETRY_MIN;
	bgp->waits = 0;
	bgp->neighbours_due = true;
	bgp_plan_retry(bgp->plan);
	bgp_plan_recheck(bgp->plan);
	event_active(bgp->kick, EV_TIMEOUT, 0);
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

/*
 * What only looks doesn't keep a withdrawal waiting, which it could do for as
 * long as a bgpctl may take.
 */
static void
give_up_look(struct bgp *bgp)
{
	if (bgp->child == NULL)
		return;
	if (bgp->command == BGPCTL_NEIGHBOURS)
		bgp->neighbours_due = true;
	else if (!bgp_plan_abandon_look(bgp->plan))
		return;
	child_free(bgp->child);
	bgp->child = NULL;
}

void
bgp_want(struct bgp *bgp, const struct bgp_network *list, size_t count)
{
	bgp_plan_want(bgp->plan, list, count);
	give_up_look(bgp);
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
