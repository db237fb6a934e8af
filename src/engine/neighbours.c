/* SPDX-License-Identifier: ISC */

/*
 * bgpd's neighbours: that a session which was established is lost is an alert,
 * until it is established again or the neighbour is taken out of bgpd.conf.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/bgp.h"
#include "base/xmalloc.h"
#include "engine/alerts.h"
#include "engine/history.h"
#include "engine/private.h"

#define ESTABLISHED "Established"
#define BGPD_ALERT  "bgpd"

struct neighbour {
	char *address;
	char *state;	 /* as bgpd names it */
	uint64_t uptime; /* s, in that state */
	uint64_t flaps;	 /* sessions that were lost */
	bool lost;	 /* and none was established since */
	bool listed;	 /* in the list that is being gone through */
};

static bool
is_established(const char *state)
{
	return strcmp(state, ESTABLISHED) == 0;
}

static struct neighbour *
neighbour_find(const struct engine *e, const char *address)
{
	size_t i;

	for (i = 0; i < e->neighbour_count; i++)
		if (strcmp(e->neighbours[i].address, address) == 0)
			return &e->neighbours[i];
	return NULL;
}

static struct neighbour *
neighbour_get(struct engine *e, const char *address)
{
	struct neighbour *n = neighbour_find(e, address);

	if (n != NULL)
		return n;
	e->neighbours = xreallocarray(
	    e->neighbours, e->neighbour_count + 1, sizeof(*e->neighbours));
	n = &e->neighbours[e->neighbour_count++];
	*n = (struct neighbour){
	    .address = xstrdup(address), .state = xstrdup("")};
	return n;
}

static void
neighbour_clear(struct neighbour *n)
{
	free(n->address);
	free(n->state);
}

/* The one function that changes a neighbour's state. */
static void
neighbour_change(
    struct engine *e, struct neighbour *n, const char *state, const char *why)
{
	bool was = is_established(n->state), is = is_established(state);
	char id[64];

	snprintf(id, sizeof(id), "bgp %s", n->address);
	if (was && !is) {
		n->flaps++;
		n->lost = true;
		alert_raise(e, id, ALERT_HIGH,
		    "the session is lost, and %s now%s%s", state,
		    *why != '\0' ? "; " : "", why);
	}
	if (is && n->lost) {
		n->lost = false;
		alert_clear(e, id, "the session is established again");
	}
	if (was || is)
		history_add(e, HISTORY_BGP, n->address, n->state, state, why);
	free(n->state);
	n->state = xstrdup(state);
}

static void
neighbour_update(struct engine *e, const struct bgp_neighbour *shown)
{
	struct neighbour *n = neighbour_get(e, shown->address);

	n->listed = true;
	/* Lost and established again since we looked last. */
	if (is_established(n->state) && is_established(shown->state) &&
	    shown->uptime < n->uptime)
		neighbour_change(e, n, "Idle", shown->error);
	if (strcmp(n->state, shown->state) != 0)
		neighbour_change(e, n, shown->state, shown->error);
	n->uptime = shown->uptime;
}

/* Those that bgpd no longer has. */
static void
forget_others(struct engine *e)
{
	size_t i, kept = 0;
	char id[64];

	for (i = 0; i < e->neighbour_count; i++) {
		struct neighbour *n = &e->neighbours[i];

		if (n->listed) {
			e->neighbours[kept++] = *n;
			continue;
		}
		snprintf(id, sizeof(id), "bgp %s", n->address);
		alert_clear(e, id, "bgpd no longer has this neighbour");
		neighbour_clear(n);
	}
	e->neighbour_count = kept;
}

/* Nor is there a session without it. */
static void
bgpd_lost(struct engine *e, const char *why)
{
	size_t i;

	alert_raise(
	    e, BGPD_ALERT, ALERT_HIGH, "nothing can be announced: %s", why);
	for (i = 0; i < e->neighbour_count; i++)
		if (is_established(e->neighbours[i].state))
			neighbour_change(
			    e, &e->neighbours[i], "Idle", "bgpd has gone");
}

static void
neighbours_changed(void *arg)
{
	struct engine *e = arg;
	struct bgp_status status = {0};
	size_t i;

	if (e->bgpd.bgp == NULL || !e->conf->bgp.enabled)
		return;
	bgp_status(e->bgpd.bgp, &status);
	if (!status.connected) {
		bgpd_lost(e, status.error);
		return;
	}
	alert_clear(e, BGPD_ALERT, "bgpd answers");
	if (!status.neighbours_known)
		return;
	for (i = 0; i < e->neighbour_count; i++)
		e->neighbours[i].listed = false;
	for (i = 0; i < status.neighbour_count; i++)
		neighbour_update(e, &status.neighbours[i]);
	forget_others(e);
}

void
neighbours_follow(struct engine *e)
{
	size_t i;

	if (e->bgpd.bgp != NULL && e->conf->bgp.enabled) {
		bgp_set_callback(e->bgpd.bgp, neighbours_changed, e);
		return;
	}
	for (i = 0; i < e->neighbour_count; i++)
		e->neighbours[i].listed = false;
	forget_others(e);
	alert_clear(e, BGPD_ALERT, "nothing is to be announced");
}

uint64_t
neighbour_flaps(const struct engine *e, const char *address)
{
	const struct neighbour *n = neighbour_find(e, address);

	return n == NULL ? 0 : n->flaps;
}

const char *
neighbour_address(const struct engine *e, size_t index)
{
	return index < e->neighbour_count ? e->neighbours[index].address : NULL;
}

void
neighbours_free(struct engine *e)
{
	size_t i;

	for (i = 0; i < e->neighbour_count; i++)
		neighbour_clear(&e->neighbours[i]);
	free(e->neighbours);
}
