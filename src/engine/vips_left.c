/* SPDX-License-Identifier: ISC */

/*
 * VIPs that the configuration no longer has, and that are announced as leaving
 * for a while.
 */

#include <stdlib.h>

#include "base/log.h"
#include "base/monotime.h"
#include "base/xmalloc.h"
#include "core/bgpctl.h"
#include "engine/alerts.h"
#include "engine/history.h"
#include "engine/private.h"

static void
drop_left(struct engine *e, size_t i)
{
	bgpctl_attributes_clear(&e->left[i].attributes);
	e->left[i] = e->left[--e->left_count];
}

static int
is_address_of(const void *address, const void *vip)
{
	return addr_compare(address, &((const struct conf_vip *)vip)->address);
}

static bool
is_configured(const struct engine *e, const struct addr *vip)
{
	return bsearch(vip, e->conf->vips, e->conf->vip_count,
		   sizeof(*e->conf->vips), is_address_of) != NULL;
}

bool
vips_left_update(struct engine *e, uint64_t now)
{
	char vip[ADDR_STRLEN];
	bool changed = false;
	size_t i = 0;

	while (i < e->left_count) {
		struct left_vip *l = &e->left[i];

		if (now < l->until && !is_configured(e, &l->address)) {
			i++;
			continue;
		}
		if (now >= l->until)
			log_notice("VIP %s: withdrawing: it is no longer "
				   "configured",
			    addr_format(&l->address, vip));
		drop_left(e, i);
		changed = true;
	}
	return changed;
}

static void
left_add(struct engine *e, const struct vip *v, uint64_t until)
{
	enum conf_attributes set = v->state.degraded
	    ? ATTRIBUTES_DEGRADED_LEAVING
	    : ATTRIBUTES_LEAVING;
	struct left_vip *l;

	e->left = xreallocarray(e->left, e->left_count + 1, sizeof(*l));
	l = &e->left[e->left_count++];
	l->address = v->conf->address;
	l->until = until;
	bgpctl_attributes_copy(&l->attributes, &v->conf->bgp[set]);
}

uint64_t
vips_forget(struct engine *e, const struct conf *was, const struct vip *vips)
{
	char id[ADDR_STRLEN + 4] = "vip ";
	uint64_t now = monotime_ms(), until, last = 0;
	size_t i;

	for (i = 0; i < was->vip_count; i++) {
		const struct vip *v = &vips[i];

		if (is_configured(e, &v->conf->address))
			continue;
		addr_format(&v->conf->address, id + 4);
		alert_clear(e, id, "it is no longer configured");
		if (!v->wanted)
			continue;
		history_add(e, HISTORY_VIP, id + 4,
		    vip_phase_name(v->state.phase), "removed",
		    "it is no longer configured");
		until = now;
		if (e->conf->bgp.enabled && vips_are_seen(e))
			until += v->conf->announcing.graceful_shutdown;
		if (until > now)
			left_add(e, v, until);
		if (until > last)
			last = until;
	}
	return last;
}

void
vips_left_free(struct engine *e)
{
	while (e->left_count > 0)
		drop_left(e, 0);
	free(e->left);
	e->left = NULL;
}
