/* SPDX-License-Identifier: ISC */

/*
 * What bgpd should announce against what it announces: the next thing to do
 * about the difference.  Knows neither bgpctl's text nor any clock.
 *
 * The plan believes that a command which bgpctl carried out has changed bgpd,
 * and has it verified by a look.  What then turns out to be otherwise, and
 * what failed, is held back until bgp_plan_retry.
 */

#ifndef CORE_BGP_PLAN_H
#define CORE_BGP_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include "core/addr.h"
#include "core/bgpctl.h"
#include "core/conf.h"

struct bgp_plan;

struct bgp_network {
	struct addr vip;
	const struct conf_bgp_attributes *attributes;
};

enum bgp_plan_action {
	BGP_PLAN_NOTHING, /* all is well */
	BGP_PLAN_LOOK,	  /* read the networks, then the routes */
	BGP_PLAN_ADD,
	BGP_PLAN_DELETE,
	BGP_PLAN_WAIT, /* what is left is held back: retry after a while */
};

struct bgp_plan_step {
	enum bgp_plan_action action;
	const struct addr *addresses; /* valid until the next step */
	size_t count;
	const struct conf_bgp_attributes *attributes; /* of BGP_PLAN_ADD */
};

struct bgp_plan *bgp_plan_new(void);
void bgp_plan_free(struct bgp_plan *);

/* See bgp_own and bgp_want. */
void bgp_plan_own(struct bgp_plan *, const struct addr *);
void bgp_plan_want(struct bgp_plan *, const struct bgp_network *, size_t count);

/* Nothing is known of bgpd any more: it has gone. */
void bgp_plan_forget(struct bgp_plan *);
/* Look again, for what was changed behind our back. */
void bgp_plan_recheck(struct bgp_plan *);
/* Try again what is held back. */
void bgp_plan_retry(struct bgp_plan *);

/*
 * The next step.  Then say how it went: with saw_networks and saw_routes
 * after a successful look, with done after everything else.  What is wanted
 * may change in between.
 */
void bgp_plan_next(struct bgp_plan *, struct bgp_plan_step *);
void bgp_plan_done(struct bgp_plan *, bool ok);
/*
 * Something is to be withdrawn while a look is under way: true if that is to
 * be given up, without a word to bgp_plan_done, as the next step withdraws.
 */
bool bgp_plan_abandon_look(struct bgp_plan *);
void bgp_plan_saw_networks(
    struct bgp_plan *, const struct bgpctl_network *, size_t count);
/* A list of NULL: bgpd would not tell, so take the attributes as right. */
void bgp_plan_saw_routes(
    struct bgp_plan *, const struct bgpctl_route *, size_t count);

/* Does bgpd, when last looked at, announce just what is wanted? */
bool bgp_plan_settled(const struct bgp_plan *);

/* Networks of ours that bgpd announced when last looked at, by address. */
const struct addr *bgp_plan_announced(const struct bgp_plan *, size_t *count);
/*
 * Networks of ours that bgpd may be announcing, also for the command that is
 * running, or for one that failed since the last look: for whoever has to
 * withdraw them in our place.  Valid until the next call; false if this bgpd
 * has not been looked at yet.
 */
bool
bgp_plan_exposed(const struct bgp_plan *, const struct addr **, size_t *count);
/* One of ours that bgpd.conf has too, so that it isn't touched; or NULL. */
const struct addr *bgp_plan_conflict(const struct bgp_plan *);
/* One that shows other attributes than were asked for, twice; or NULL. */
const struct addr *bgp_plan_mismatch(const struct bgp_plan *);

#endif
