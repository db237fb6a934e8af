/* SPDX-License-Identifier: ISC */

/*
 * What bgpd should announce against what it announces; see bgp_plan.h.
 */

#include <stdlib.h>
#include <string.h>

#include "base/xmalloc.h"
#include "core/bgp_plan.h"

/* Commands whose attributes did not show before we give up on a network. */
#define MISMATCHES_MAX 2

/* A network of ours: once it is, it stays so. */
struct network {
	struct addr address;
	bool wanted;
	bool listed; /* in the list that a function is going through */
	struct conf_bgp_attributes attributes; /* if it is wanted */

	/* what is believed of bgpd */
	bool announced;
	bool configured; /* in bgpd.conf: leave it alone */
	bool right;	 /* announced with the wanted attributes */
	bool doubtful;	 /* it may be announced yet: a command failed */

	bool commanded;	     /* the command that is running is about it */
	bool overtaken;	     /* what is wanted has changed since it started */
	bool unverified;     /* a command was carried out since the last look */
	bool held;	     /* nothing more until the next retry */
	bool unsure;	     /* it was held: look before the next command */
	unsigned mismatches; /* other attributes shown than commanded */
};

struct bgp_plan {
	struct network **networks; /* by address */
	size_t network_count;
	bool told;  /* what is wanted */
	bool seen;  /* there was a look at this bgpd */
	bool known; /* there was a look at this bgpd, for all of them */
	bool grown; /* networks came since the last look began */
	bool fresh; /* nothing was commanded since the last look */
	bool held;  /* looking has failed: not before the next retry */
	enum bgp_plan_action running;
	struct addr *addresses; /* of the last step */
	struct addr *announced; /* as seen last */
	size_t announced_count;
	struct addr *exposed; /* see bgp_plan_exposed() */
};

struct bgp_plan *
bgp_plan_new(void)
{
	return xcalloc(1, sizeof(struct bgp_plan));
}

void
bgp_plan_free(struct bgp_plan *plan)
{
	size_t i;

	if (plan == NULL)
		return;
	for (i = 0; i < plan->network_count; i++) {
		bgpctl_attributes_clear(&plan->networks[i]->attributes);
		free(plan->networks[i]);
	}
	free(plan->networks);
	free(plan->addresses);
	free(plan->announced);
	free(plan->exposed);
	free(plan);
}

/* Where a network is, or where it would have to be inserted. */
static size_t
network_position(const struct bgp_plan *plan, const struct addr *address)
{
	size_t low = 0, high = plan->network_count, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (addr_compare(&plan->networks[middle]->address, address) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct network *
network_at(const struct bgp_plan *plan, size_t i, const struct addr *address)
{
	if (i == plan->network_count ||
	    addr_compare(&plan->networks[i]->address, address) != 0)
		return NULL;
	return plan->networks[i];
}

static struct network *
network_find(const struct bgp_plan *plan, const struct addr *address)
{
	return network_at(plan, network_position(plan, address), address);
}

static struct network *
network_get(struct bgp_plan *plan, const struct addr *address)
{
	size_t i = network_position(plan, address);
	size_t after = plan->network_count - i;
	struct network *n = network_at(plan, i, address);

	if (n != NULL)
		return n;
	n = xcalloc(1, sizeof(*n));
	n->address = *address;
	bgpctl_attributes_clear(&n->attributes);
	plan->network_count++;
	plan->networks = xreallocarray(
	    plan->networks, plan->network_count, sizeof(struct network *));
	memmove(&plan->networks[i + 1], &plan->networks[i],
	    after * sizeof(struct network *));
	plan->networks[i] = n;
	plan->addresses = xreallocarray(
	    plan->addresses, plan->network_count, sizeof(*plan->addresses));
	plan->announced = xreallocarray(
	    plan->announced, plan->network_count, sizeof(*plan->announced));
	plan->exposed = xreallocarray(
	    plan->exposed, plan->network_count, sizeof(*plan->exposed));
	/* It may be there already, or in bgpd.conf. */
	plan->known = false;
	plan->grown = true;
	return n;
}

void
bgp_plan_own(struct bgp_plan *plan, const struct addr *address)
{
	network_get(plan, address);
}

/* What is wanted of a network has changed. */
static void
network_changed(struct network *n)
{
	n->right = false;
	n->overtaken = n->commanded;
	n->unverified = false; /* what will be seen was not asked for now */
	n->held = n->unsure = false;
	n->mismatches = 0;
}

static void
network_want(
    struct network *n, bool wanted, const struct conf_bgp_attributes *bgp)
{
	if (wanted == n->wanted &&
	    (!wanted || conf_bgp_attributes_equal(bgp, &n->attributes)))
		return;
	n->wanted = wanted;
	network_changed(n);
	if (!wanted)
		return;
	bgpctl_attributes_clear(&n->attributes);
	bgpctl_attributes_copy(&n->attributes, bgp);
}

void
bgp_plan_want(
    struct bgp_plan *plan, const struct bgp_network *list, size_t count)
{
	struct network *n;
	size_t i;

	plan->told = true;
	for (i = 0; i < plan->network_count; i++) {
		n = plan->networks[i];
		n->listed = false;
	}
	for (i = 0; i < count; i++) {
		n = network_get(plan, &list[i].vip);
		n->listed = true;
		network_want(n, true, list[i].attributes);
	}
	for (i = 0; i < plan->network_count; i++) {
		n = plan->networks[i];
		if (!n->listed)
			network_want(n, false, NULL);
	}
}

void
bgp_plan_forget(struct bgp_plan *plan)
{
	struct network *n;
	size_t i;

	for (i = 0; i < plan->network_count; i++) {
		n = plan->networks[i];
		n->announced = n->configured = n->right = false;
		n->doubtful = false;
		n->commanded = n->overtaken = n->unverified = false;
		n->held = n->unsure = false;
		n->mismatches = 0;
	}
	plan->known = plan->seen = plan->fresh = plan->held = false;
	plan->running = BGP_PLAN_NOTHING;
	plan->announced_count = 0;
}

void
bgp_plan_recheck(struct bgp_plan *plan)
{
	plan->fresh = false;
}

void
bgp_plan_retry(struct bgp_plan *plan)
{
	struct network *n;
	size_t i;

	for (i = 0; i < plan->network_count; i++) {
		n = plan->networks[i];
		/* It may have been done late. */
		n->unsure = n->unsure || n->held;
		n->held = false;
	}
	plan->held = false;
	plan->known = false; /* look before anything is announced */
}

static bool
needs_delete(const struct network *n)
{
	return !n->wanted && n->announced && !n->configured;
}

static bool
needs_add(const struct network *n)
{
	return n->wanted && !n->configured && !(n->announced && n->right);
}

static bool
needs_nothing(const struct network *n)
{
	return !needs_add(n) && !needs_delete(n);
}

/* It can be withdrawn now, whatever else is not known. */
static bool
deletable(const struct network *n)
{
	return needs_delete(n) && !n->held && !n->unsure;
}

/* Withdraw all that is to be withdrawn in one command. */
static void
collect_deletes(struct bgp_plan *plan, struct bgp_plan_step *step)
{
	struct network *n;
	size_t i;

	for (i = 0; i < plan->network_count; i++) {
		n = plan->networks[i];
		if (!deletable(n))
			continue;
		n->commanded = true;
		plan->addresses[step->count++] = n->address;
	}
	if (step->count > 0)
		step->action = BGP_PLAN_DELETE;
}

/* One command has one set of attributes: that of the first network left. */
static void
collect_adds(struct bgp_plan *plan, struct bgp_plan_step *step)
{
	struct network *n;
	size_t i;

	for (i = 0; i < plan->network_count; i++) {
		n = plan->networks[i];
		if (n->held || !needs_add(n))
			continue;
		if (step->attributes == NULL)
			step->attributes = &n->attributes;
		else if (!conf_bgp_attributes_equal(
			     step->attributes, &n->attributes))
			continue;
		n->commanded = true;
		plan->addresses[step->count++] = n->address;
	}
	if (step->count > 0)
		step->action = BGP_PLAN_ADD;
}

static enum bgp_plan_action
look(const struct bgp_plan *plan)
{
	return plan->held ? BGP_PLAN_WAIT : BGP_PLAN_LOOK;
}

void
bgp_plan_next(struct bgp_plan *plan, struct bgp_plan_step *step)
{
	const struct network *n;
	size_t i;

	*step = (struct bgp_plan_step){.action = BGP_PLAN_NOTHING};
	step->addresses = plan->addresses;
	/* A look that doesn't come to an end keeps no withdrawal waiting. */
	if (plan->told)
		collect_deletes(plan, step);
	if (step->action == BGP_PLAN_NOTHING && !plan->known)
		step->action = look(plan);
	if (step->action == BGP_PLAN_NOTHING)
		collect_adds(plan, step);
	if (step->action == BGP_PLAN_NOTHING && !plan->fresh)
		step->action = look(plan);
	if (step->action == BGP_PLAN_NOTHING)
		for (i = 0; i < plan->network_count; i++) {
			n = plan->networks[i];
			if (n->held && !needs_nothing(n))
				step->action = BGP_PLAN_WAIT;
		}
	if (step->action == BGP_PLAN_LOOK)
		plan->grown = false;
	plan->running = step->action;
}

bool
bgp_plan_abandon_look(struct bgp_plan *plan)
{
	size_t i;

	if (plan->running != BGP_PLAN_LOOK || !plan->told)
		return false;
	for (i = 0; i < plan->network_count; i++) {
		if (!deletable(plan->networks[i]))
			continue;
		plan->running = BGP_PLAN_NOTHING;
		plan->fresh = false;
		return true;
	}
	return false;
}

void
bgp_plan_done(struct bgp_plan *plan, bool ok)
{
	bool add = plan->running == BGP_PLAN_ADD;
	struct network *n;
	size_t i;

	plan->fresh = false; /* what failed may have been done in part */
	if (plan->running == BGP_PLAN_LOOK)
		plan->held = !ok;
	plan->running = BGP_PLAN_NOTHING;
	for (i = 0; i < plan->network_count; i++) {
		n = plan->networks[i];
		if (!n->commanded)
			continue;
		if (ok) {
			n->announced = add;
			n->right = add && !n->overtaken;
			n->unverified = true;
		} else {
			n->held = !n->overtaken;
			/* What bgpctl has sent, bgpd may still read. */
			n->doubtful = n->doubtful || add;
		}
		n->commanded = n->overtaken = false;
	}
}

void
bgp_plan_saw_networks(
    struct bgp_plan *plan, const struct bgpctl_network *list, size_t count)
{
	struct network *n;
	bool believed;
	size_t i;

	for (i = 0; i < plan->network_count; i++) {
		n = plan->networks[i];
		n->listed = false;
		n->configured = n->doubtful = n->unsure = false;
	}
	for (i = 0; i < count; i++) {
		n = network_find(plan, &list[i].address);
		if (n == NULL)
			continue;
		n->listed = true;
		n->configured = n->configured || list[i].configured;
	}
	plan->announced_count = 0;
	plan->seen = true;
	for (i = 0; i < plan->network_count; i++) {
		n = plan->networks[i];
		believed = n->announced;
		n->announced = n->listed;
		if (n->unverified && believed != n->announced)
			n->held = true;
		if (n->announced)
			plan->announced[plan->announced_count++] = n->address;
		else
			n->right = n->unverified = false;
	}
}

/* Compare what a network shows with what is wanted of it. */
static void
network_shown(struct network *n, bool match)
{
	if (match)
		n->mismatches = 0;
	else if (n->unverified && n->mismatches < MISMATCHES_MAX) {
		n->mismatches++;
		n->held = true;
	}
	/* Announced with the wrong attributes beats announced for ever. */
	n->right = match || n->mismatches == MISMATCHES_MAX;
}

void
bgp_plan_saw_routes(
    struct bgp_plan *plan, const struct bgpctl_route *list, size_t count)
{
	struct network *n;
	size_t i;

	for (i = 0; i < plan->network_count; i++) {
		n = plan->networks[i];
		n->listed = list == NULL;
	}
	for (i = 0; i < count; i++) {
		n = network_find(plan, &list[i].address);
		if (n != NULL)
			n->listed = n->wanted &&
			    bgpctl_attributes_match(
				&n->attributes, &list[i].attributes);
	}
	for (i = 0; i < plan->network_count; i++) {
		n = plan->networks[i];
		if (n->wanted && n->announced && !n->configured)
			network_shown(n, n->listed);
		n->unverified = false;
		n->held = n->held && !needs_nothing(n);
	}
	plan->known = !plan->grown;
	plan->fresh = true;
	plan->held = false;
	plan->running = BGP_PLAN_NOTHING;
}

bool
bgp_plan_settled(const struct bgp_plan *plan)
{
	const struct network *n;
	size_t i;

	if (plan->network_count == 0)
		return true;
	if (!plan->known || !plan->fresh)
		return false;
	for (i = 0; i < plan->network_count; i++) {
		n = plan->networks[i];
		if (!needs_nothing(n))
			return false;
	}
	return true;
}

const struct addr *
bgp_plan_announced(const struct bgp_plan *plan, size_t *count)
{
	*count = plan->announced_count;
	return plan->announced;
}

bool
bgp_plan_exposed(
    const struct bgp_plan *plan, const struct addr **list, size_t *count)
{
	bool add = plan->running == BGP_PLAN_ADD;
	const struct network *n;
	size_t i;

	*list = plan->exposed;
	*count = 0;
	for (i = 0; i < plan->network_count; i++) {
		n = plan->networks[i];
		if (!n->configured &&
		    (n->announced || n->doubtful || (add && n->commanded)))
			plan->exposed[(*count)++] = n->address;
	}
	return plan->seen;
}

const struct addr *
bgp_plan_conflict(const struct bgp_plan *plan)
{
	const struct network *n;
	size_t i;

	for (i = 0; i < plan->network_count; i++) {
		n = plan->networks[i];
		if (n->configured)
			return &n->address;
	}
	return NULL;
}

const struct addr *
bgp_plan_mismatch(const struct bgp_plan *plan)
{
	const struct network *n;
	size_t i;

	for (i = 0; i < plan->network_count; i++) {
		n = plan->networks[i];
		if (n->mismatches == MISMATCHES_MAX)
			return &n->address;
	}
	return NULL;
}
