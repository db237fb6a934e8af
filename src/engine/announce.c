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

static bool
is_configured(const struct bgpd *b, const struct conf *conf)
{
	return strcmp(b->socket, conf->bgp.socket) == 0 &&
	    strcmp(b->program, conf->bgp.program) == 0;
}

static void
bgpd_free(struct bgpd *b)
{
	if (b->bgp == NULL)
		return;
	bgp_free(b->bgp);
	free(b->socket);
	free(b->program);
	memset(b, 0, sizeof(*b));
}

void
announce_begin(struct engine *e)
{
	const struct conf *conf = e->conf;

	if (!conf->bgp.enabled)
		return;
	if (e->retired.bgp != NULL && is_configured(&e->retired, conf)) {
		e->bgpd = e->retired;
		memset(&e->retired, 0, sizeof(e->retired));
	} else {
		e->bgpd.bgp =
		    bgp_new(e->base, conf->bgp.socket, conf->bgp.program);
		e->bgpd.socket = xstrdup(conf->bgp.socket);
		e->bgpd.program = xstrdup(conf->bgp.program);
	}
	own_all(e);
}

void
announce_follow(struct engine *e)
{
	if (e->bgpd.bgp != NULL && e->conf->bgp.enabled &&
	    !is_configured(&e->bgpd, e->conf)) {
		bgpd_free(&e->retired);
		e->retired = e->bgpd;
		memset(&e->bgpd, 0, sizeof(e->bgpd));
		bgp_want(e->retired.bgp, NULL, 0);
	}
	if (e->bgpd.bgp == NULL)
		announce_begin(e);
	else
		own_all(e);
}

bool
announce_settled(struct engine *e)
{
	if (e->retired.bgp != NULL && bgp_settled(e->retired.bgp))
		bgpd_free(&e->retired);
	return e->retired.bgp == NULL &&
	    (e->bgpd.bgp == NULL || bgp_settled(e->bgpd.bgp));
}

void
announce_end(struct engine *e)
{
	bgpd_free(&e->retired);
	bgpd_free(&e->bgpd);
}
