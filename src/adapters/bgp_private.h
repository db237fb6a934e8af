/* SPDX-License-Identifier: ISC */

/*
 * The BGP adapter's state, shared by bgp.c and bgp_command.c.
 */

#ifndef ADAPTERS_BGP_PRIVATE_H
#define ADAPTERS_BGP_PRIVATE_H

#include "adapters/bgp.h"
#include "adapters/bgp_link.h"
#include "adapters/bgp_problems.h"
#include "adapters/child.h"

struct event;

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

/* bgp.c */

/* Do what is next, unless something is being done. */
void bgp_step(struct bgp *);

/* bgp_command.c */

/* Start a bgpctl; 0, or -1 having reported why. */
int bgp_command_start(
    struct bgp *, enum bgpctl_command, const struct bgp_plan_step *);
int bgp_look_start(struct bgp *, enum bgpctl_command);
/* Such a command did what it was asked to. */
void bgp_command_works(struct bgp *, enum bgpctl_command);
/* See bgp_problem_set. */
void bgp_complain(struct bgp *, enum bgp_problem, char *text);
/* The callbacks of bgp_set_callback(), soon, and bgp_set_guard(), now. */
void bgp_notify(struct bgp *);
void bgp_guard(struct bgp *);

#endif
