/* SPDX-License-Identifier: ISC */

/*
 * VIPs: which of them are wanted, and having bgpd announce just those.
 */

#include <stdlib.h>
#include <string.h>

#include "adapters/bgp.h"
#include "adapters/netlink.h"
#include "base/log.h"
#include "base/monotime.h"
#include "base/xmalloc.h"
#include "engine/history.h"
#include "engine/private.h"

/* How long a server without checks has to be found, in ms. */
#define NEXTHOP_LIMIT 1000

static bool
destination_decided(const struct destination *d)
{
	const struct service *s = d->service;
	size_t i;

	for (i = 0; i < s->conf->check_count; i++)
		if (!d->probers[i].health.decided)
			return false;
	return s->conf->check_count > 0 || d->healthy ||
	    monotime_ms() - d->since >= NEXTHOP_LIMIT;
}

static bool
service_decided(const struct service *s)
{
	size_t i;

	for (i = 0; i < s->conf->destination_count; i++)
		if (!destination_decided(&s->destinations[i]))
			return false;
	return true;
}

/*
 * A service whose servers have not all been tried yet doesn't bring its VIP
 * in, as the first one to answer would get everybody; nor does it take away a
 * VIP that other services have.  A probe's timeout bounds how long that is.
 */
static bool
service_carries(const struct service *s, bool announced)
{
	bool tried = s->applied || s->retry.at != 0;

	if (s->ordered_down)
		return false;
	if (!tried || !service_decided(s))
		return announced;
	return s->applied && s->up >= s->conf->need;
}

static bool
is_wanted(const struct engine *e, const struct vip *v)
{
	size_t i;

	if (v->local || v->ordered_out || e->phase != ENGINE_RUNNING)
		return false;
	/* Clients of others would come, whose servers are not known yet. */
	if (!v->wanted && engine_sync_learning(e))
		return false;
	for (i = 0; i < e->conf->service_count; i++) {
		const struct service *s = &e->services[i];

		if (addr_compare(&s->conf->key.vip, &v->conf->address) == 0 &&
		    !service_carries(s, v->wanted))
			return false;
	}
	return true;
}

/* The one function that changes whether a VIP is wanted. */
static bool
vip_update(struct engine *e, struct vip *v)
{
	bool wanted = is_wanted(e, v);
	char vip[ADDR_STRLEN];

	if (wanted == v->wanted)
		return false;
	v->wanted = wanted;
	log_notice("VIP %s: %s", addr_format(&v->conf->address, vip),
	    wanted ? "its services have what they need, announcing"
		   : "withdrawing");
	history_add(e, HISTORY_VIP, vip, wanted ? "withdrawn" : "wanted",
	    wanted ? "wanted" : "withdrawn", "");
	return true;
}

/* A VIP answers pings while it is wanted, also when nothing announces it. */
static void
tell_answers(struct engine *e, const struct vip *v)
{
	e->dataplane->ops->vip_answers(
	    e->dataplane, &v->conf->address, v->wanted);
}

void
announce_update(struct engine *e)
{
	bool changed = false, stale = e->answers_stale, differs;
	size_t i;

	e->answers_stale = false;
	for (i = 0; i < e->conf->vip_count; i++) {
		differs = vip_update(e, &e->vips[i]);
		if (differs || stale)
			tell_answers(e, &e->vips[i]);
		changed = changed || differs;
	}
	if (changed)
		announce_want(e);
}

void
announce_want(struct engine *e)
{
	struct bgp_network *networks;
	size_t i, count = 0;

	if (e->bgpd.bgp == NULL)
		return;
	networks = xcalloc(e->conf->vip_count, sizeof(*networks));
	for (i = 0; e->conf->bgp.enabled && i < e->conf->vip_count; i++) {
		if (!e->vips[i].wanted)
			continue;
		networks[count].vip = e->conf->vips[i].address;
		networks[count++].attributes =
		    &e->conf->vips[i].bgp[ATTRIBUTES_NORMAL];
	}
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

/* VIPs that this host has for itself. */

static void
vip_set_local(struct engine *e, struct vip *v, bool local)
{
	char vip[ADDR_STRLEN];
	size_t i, j;

	addr_format(&v->conf->address, vip);
	v->local = local;
	if (local)
		log_warnx("VIP %s is an address of this host, so it can't be "
			  "checked or announced; remove it from the "
			  "interface that has it (ip address show to %s)",
		    vip, vip);
	else
		log_notice("VIP %s is no longer an address of this host", vip);
	for (i = 0; i < e->conf->service_count; i++) {
		struct service *s = &e->services[i];

		if (addr_compare(&s->conf->key.vip, &v->conf->address) != 0)
			continue;
		for (j = 0; j < s->conf->destination_count; j++)
			probers_kick(&s->destinations[j]);
	}
	engine_reconcile_soon(e);
}

void
vips_look(struct engine *e, bool only_local)
{
	bool local;
	size_t i;

	for (i = 0; i < e->conf->vip_count; i++) {
		struct vip *v = &e->vips[i];

		if (only_local && !v->local)
			continue;
		local = netlink_is_local(e->netlink, &v->conf->address);
		if (local != v->local)
			vip_set_local(e, v, local);
	}
}
