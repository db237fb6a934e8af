/* SPDX-License-Identifier: ISC */

/*
 * Having bgpd announce just the VIPs that are wanted.
 */

#include <stdlib.h>
#include <string.h>

#include "adapters/bgp.h"
#include "base/xmalloc.h"
#include "engine/private.h"

static void
want(struct bgp_network *list, size_t *count, const struct addr *vip,
    const struct conf_bgp_attributes *attributes)
{
	list[*count].vip = *vip;
	list[(*count)++].attributes = attributes;
}

void
announce_want(struct engine *e)
{
	struct bgp_network *networks;
	size_t i, count = 0;

	if (e->bgpd.bgp == NULL)
		return;
	networks =
	    xcalloc(e->conf->vip_count + e->left_count + 1, sizeof(*networks));
	for (i = 0; e->conf->bgp.enabled && i < e->conf->vip_count; i++) {
		const struct vip *v = &e->vips[i];

		if (v->wanted)
			want(networks, &count, &v->conf->address,
			    &v->conf->bgp[vip_state_attributes(&v->state)]);
	}
	for (i = 0; e->conf->bgp.enabled && i < e->left_count; i++)
		want(networks, &count, &e->left[i].address,
		    &e->left[i].attributes);
	bgp_want(e->bgpd.bgp, networks, count);
	free(networks);
}

/* What a bgpd may still announce for us, from before. */

static void
own(const struct addr *vip, void *bgp)
{
	bgp_own(bgp, vip);
}

static void
own_service(const struct dataplane_service *left, void *bgp)
{
	bgp_own(bgp, &left->key.vip);
}

static void
own_all(struct engine *e)
{
	struct dataplane *dp = e->dataplane;
	size_t i;

	dp->ops->service_each(dp, own_service, e->bgpd.bgp);
	dp->ops->former_each(dp, own, e->bgpd.bgp);
	for (i = 0; i < e->conf->vip_count; i++)
		bgp_own(e->bgpd.bgp, &e->conf->vips[i].address);
}

/* It is the same bgpd by whichever bgpctl. */
static bool
is_configured(const struct bgpd *b, const struct conf *conf)
{
	return strcmp(b->socket, conf->bgp.socket) == 0;
}

static void
bgpd_free(struct bgpd *b)
{
	if (b->bgp == NULL)
		return;
	bgp_free(b->bgp);
	free(b->socket);
	memset(b, 0, sizeof(*b));
}

void
announce_retire(struct engine *e, const struct bgpd *b)
{
	e->retired = xreallocarray(
	    e->retired, e->retired_count + 1, sizeof(*e->retired));
	e->retired[e->retired_count++] = *b;
	bgp_want(b->bgp, NULL, 0);
}

/* One that is retired is the configuration's again: false if there is none. */
static bool
recall(struct engine *e)
{
	size_t i;

	for (i = 0; i < e->retired_count; i++) {
		if (!is_configured(&e->retired[i], e->conf))
			continue;
		e->bgpd = e->retired[i];
		e->retired[i] = e->retired[--e->retired_count];
		return true;
	}
	return false;
}

void
announce_begin(struct engine *e)
{
	const struct conf *conf = e->conf;

	if (!conf->bgp.enabled)
		return;
	if (!recall(e)) {
		e->bgpd.bgp =
		    bgp_new(e->base, conf->bgp.socket, conf->bgp.program);
		e->bgpd.socket = xstrdup(conf->bgp.socket);
	}
	bgp_set_program(e->bgpd.bgp, conf->bgp.program);
	own_all(e);
}

void
announce_follow(struct engine *e)
{
	if (e->bgpd.bgp != NULL && e->conf->bgp.enabled &&
	    !is_configured(&e->bgpd, e->conf)) {
		announce_retire(e, &e->bgpd);
		memset(&e->bgpd, 0, sizeof(e->bgpd));
	}
	if (e->bgpd.bgp == NULL) {
		announce_begin(e);
		return;
	}
	bgp_set_program(e->bgpd.bgp, e->conf->bgp.program);
	own_all(e);
}

bool
announce_settled(struct engine *e)
{
	size_t i = 0;

	while (i < e->retired_count) {
		if (!bgp_settled(e->retired[i].bgp)) {
			i++;
			continue;
		}
		bgpd_free(&e->retired[i]);
		e->retired[i] = e->retired[--e->retired_count];
	}
	return e->retired_count == 0 &&
	    (e->bgpd.bgp == NULL || bgp_settled(e->bgpd.bgp));
}

void
announce_end(struct engine *e)
{
	while (e->retired_count > 0)
		bgpd_free(&e->retired[--e->retired_count]);
	free(e->retired);
	e->retired = NULL;
	bgpd_free(&e->bgpd);
}
