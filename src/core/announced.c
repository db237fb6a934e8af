/* SPDX-License-Identifier: ISC */

/*
 * What the parent process knows to be announced; see announced.h.
 */

#include <stdlib.h>
#include <string.h>

#include "base/xmalloc.h"
#include "core/announced.h"
#include "core/conf.h"
#include "core/lifeline.h"

static int
compare(const void *a, const void *b)
{
	return addr_compare(a, b);
}

/* The list is in order. */
static bool
has(const struct addr *list, size_t count, const struct addr *vip)
{
	return count > 0 &&
	    bsearch(vip, list, count, sizeof(*list), compare) != NULL;
}

static struct announced_place *
place_find(const struct announced *a, const char *socket)
{
	size_t i;

	for (i = 0; i < a->place_count; i++)
		if (strcmp(a->places[i].socket, socket) == 0)
			return &a->places[i];
	return NULL;
}

static void
place_clear(struct announced_place *place)
{
	free(place->socket);
	free(place->program);
	free(place->vips);
	free(place->coming);
}

void
announced_tidy(struct announced *a)
{
	size_t i, kept = 0;

	for (i = 0; i < a->place_count; i++) {
		struct announced_place *p = &a->places[i];

		if (p->configured || p->count > 0 || p->coming_count > 0)
			a->places[kept++] = *p;
		else
			place_clear(p);
	}
	a->place_count = kept;
}

static void
place_configure(struct announced *a, const char *socket, const char *program)
{
	struct announced_place *place = place_find(a, socket);

	if (place != NULL) {
		free(place->program);
		place->program = xstrdup(program);
		place->configured = true;
		return;
	}
	a->places =
	    xreallocarray(a->places, a->place_count + 1, sizeof(*a->places));
	a->places[a->place_count++] = (struct announced_place){
	    .socket = xstrdup(socket),
	    .program = xstrdup(program),
	    .configured = true,
	};
}

static void
allow(struct announced *a, const struct conf *conf)
{
	size_t i;

	free(a->allowed);
	a->allowed = xcalloc(conf->vip_count + 1, sizeof(*a->allowed));
	a->allowed_count = conf->vip_count;
	for (i = 0; i < conf->vip_count; i++)
		a->allowed[i] = conf->vips[i].address;
	qsort(a->allowed, a->allowed_count, sizeof(*a->allowed), compare);
}

void
announced_configure(struct announced *a, const struct conf *conf)
{
	size_t i;

	allow(a, conf);
	for (i = 0; i < a->place_count; i++)
		a->places[i].configured = false;
	if (conf->bgp.enabled)
		place_configure(a, conf->bgp.socket, conf->bgp.program);
}

static bool
is_believed(const struct announced *a, const struct announced_place *place,
    const struct addr *vip)
{
	return has(a->allowed, a->allowed_count, vip) ||
	    has(place->vips, place->count, vip);
}

/* However often parts come, there are no more than could be right. */
static void
place_hear(struct announced *a, struct announced_place *place,
    const struct lifeline_message *m)
{
	size_t i, most = a->allowed_count + place->count;

	place->coming =
	    xreallocarray(place->coming, most + 1, sizeof(*place->coming));
	for (i = 0; i < m->count; i++)
		if (place->coming_count < most &&
		    is_believed(a, place, &m->vips[i]))
			place->coming[place->coming_count++] = m->vips[i];
}

static void
place_change(struct announced_place *place)
{
	free(place->vips);
	if (place->coming_count > 0)
		qsort(place->coming, place->coming_count,
		    sizeof(*place->coming), compare);
	place->vips = place->coming;
	place->count = place->coming_count;
	place->coming = NULL;
	place->coming_count = 0;
	place->version++;
}

bool
announced_hear(struct announced *a, const struct lifeline_message *m)
{
	struct announced_place *place = place_find(a, m->socket);

	if (place == NULL)
		return false;
	if (m->first)
		place->coming_count = 0;
	place_hear(a, place, m);
	if (m->last)
		place_change(place);
	return true;
}

void
announced_orphan(struct announced *a)
{
	size_t i;

	for (i = 0; i < a->place_count; i++) {
		struct announced_place *p = &a->places[i];

		if (p->coming_count == 0)
			continue;
		p->coming = xreallocarray(p->coming,
		    p->coming_count + p->count + 1, sizeof(*p->coming));
		if (p->count > 0)
			memcpy(&p->coming[p->coming_count], p->vips,
			    p->count * sizeof(*p->vips));
		p->coming_count += p->count; /* twice does no harm */
		place_change(p);
	}
}

size_t
announced_count(const struct announced *a)
{
	size_t i, count = 0;

	for (i = 0; i < a->place_count; i++)
		count += a->places[i].count;
	return count;
}

void
announced_forget(struct announced_place *place)
{
	place->count = place->coming_count = 0;
}

void
announced_clear(struct announced *a)
{
	size_t i;

	for (i = 0; i < a->place_count; i++)
		place_clear(&a->places[i]);
	free(a->places);
	free(a->allowed);
	memset(a, 0, sizeof(*a));
}
