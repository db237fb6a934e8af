/* SPDX-License-Identifier: ISC */

/*
 * What the parent process is told, so that it can act when this one is dead:
 * signs of life, and what is announced.  And what it knows of who was before.
 */

#include <string.h>

#include "adapters/bgp.h"
#include "adapters/lifeline.h"
#include "base/xmalloc.h"
#include "core/announced.h"
#include "core/deadman.h"
#include "core/lifeline.h"
#include "engine/alerts.h"
#include "engine/history.h"
#include "engine/private.h"

/* Heartbeats in the time after which their absence is noticed. */
#define BEATS	   8
#define BEAT_LEAST 50 /* ms */
#define BEAT_MOST  1000

#define FILE_ALERT "configuration"

void
engine_set_origin(struct engine *e, const struct engine_origin *origin)
{
	e->origin = *origin;
}

void
engine_look_at_bgpd(struct engine *e)
{
	size_t i;

	if (e->bgpd.bgp != NULL)
		bgp_look(e->bgpd.bgp);
	for (i = 0; i < e->retired_count; i++)
		bgp_look(e->retired[i].bgp);
}

static const struct bgpd *
bgpd_of(const struct engine *e, const struct bgp *bgp)
{
	size_t i;

	for (i = 0; i < e->retired_count; i++)
		if (e->retired[i].bgp == bgp)
			return &e->retired[i];
	return &e->bgpd;
}

static void
tell_exposed(void *arg, const struct bgp *bgp)
{
	struct engine *e = arg;
	const struct bgpd *b = bgpd_of(e, bgp);
	const struct addr *vips;
	size_t count;

	if (bgp_exposed(bgp, &vips, &count))
		lifeline_announced(e->origin.lifeline, b->socket, vips, count);
}

static unsigned
beat_period(const struct engine *e)
{
	unsigned period = e->conf->dead_man / BEATS;

	if (period == 0 || period > BEAT_MOST)
		return BEAT_MOST;
	return period < BEAT_LEAST ? BEAT_LEAST : period;
}

void
parent_follow(struct engine *e)
{
	size_t i;

	if (e->origin.lifeline == NULL)
		return;
	lifeline_configured(e->origin.lifeline, e->conf->digest);
	lifeline_beat(e->origin.lifeline, beat_period(e));
	if (e->bgpd.bgp != NULL)
		bgp_set_guard(e->bgpd.bgp, tell_exposed, e);
	for (i = 0; i < e->retired_count; i++)
		bgp_set_guard(e->retired[i].bgp, tell_exposed, e);
}

void
parent_reloaded(struct engine *e)
{
	e->origin.refused[0] = '\0';
	alert_clear(e, FILE_ALERT, "the file is in force");
}

void
parent_problems(const struct engine *e, json_t *list)
{
	char *line;

	if (e->origin.refused[0] == '\0')
		return;
	line = xasprintf("the file was not used when the engine died, but the "
			 "configuration of before, until a reload: %s",
	    e->origin.refused);
	json_array_append_new(list, status_text(line));
	free(line);
}

void
parent_excuse(struct engine *e)
{
	lifeline_busy(e->origin.lifeline, DEADMAN_BUSY);
}

/* A number of them tells people whether to look. */
void
parent_tell_figures(const struct engine *e)
{
	struct lifeline_figures figures = {
	    .vips = (uint32_t)e->conf->vip_count, .announced = LIFELINE_NO_BGP};
	struct bgp_status bgp = {0};
	json_t *problems;

	if (e->origin.lifeline == NULL)
		return;
	if (e->bgpd.bgp != NULL) {
		bgp_status(e->bgpd.bgp, &bgp);
		figures.announced = (uint32_t)bgp.announced_count;
	}
	problems = status_problems(e, bgp.error);
	figures.problems = (uint32_t)json_array_size(problems);
	json_decref(problems);
	lifeline_figures(e->origin.lifeline, &figures);
}

static bool
is_ours(const struct engine *e, const struct announced_place *place)
{
	return e->bgpd.bgp != NULL &&
	    strcmp(e->bgpd.socket, place->socket) == 0;
}

/* The configuration has another bgpd now, or none. */
static struct bgp *
retire(struct engine *e, const struct announced_place *place)
{
	const struct bgpd b = {
	    .bgp = bgp_new(e->base, place->socket, place->program),
	    .socket = xstrdup(place->socket),
	};

	announce_retire(e, &b);
	return b.bgp;
}

void
parent_inherit(struct engine *e)
{
	const struct announced *left = e->origin.announced;
	struct bgp *bgp;
	size_t i, j;

	for (i = 0; left != NULL && i < left->place_count; i++) {
		const struct announced_place *place = &left->places[i];

		if (place->count == 0)
			continue;
		bgp = is_ours(e, place) ? e->bgpd.bgp : retire(e, place);
		for (j = 0; bgp != NULL && j < place->count; j++)
			bgp_own(bgp, &place->vips[j]);
	}
	e->origin.announced = NULL;
	if (e->origin.refused[0] != '\0')
		alert_raise(e, FILE_ALERT, ALERT_MEDIUM,
		    "the file is not in force, but the one of before: %s",
		    e->origin.refused);
	if (e->origin.deaths > 0)
		history_add(e, HISTORY_RELOAD, "engine", "died", "restarted",
		    e->origin.reason);
}

json_t *
parent_json(const struct engine *e)
{
	const struct engine_origin *o = &e->origin;

	return json_pack("{s:b, s:I, s:I, s:o}", "watched", o->lifeline != NULL,
	    "restarts", (json_int_t)o->deaths, "died", (json_int_t)o->died,
	    "reason", status_text(o->reason));
}
