/* SPDX-License-Identifier: ISC */

/*
 * Interfaces: attach the data plane to those of the configuration, now and
 * whenever one comes (back).
 */

#include <string.h>

#include "adapters/netlink.h"
#include "base/log.h"
#include "base/monotime.h"
#include "base/xmalloc.h"
#include "engine/private.h"

static void
attach(struct engine *e, struct interface *i, uint64_t now)
{
	struct dataplane *dp = e->dataplane;
	bool native = false;

	if (i->ifindex == 0 || i->attached || !retry_due(&i->retry, now))
		return;
	if (dp->ops->interface_attach(
		dp, i->name, i->ifindex, e->conf->xdp, &native) == -1)
		return;
	i->attached = true;
	i->native = native;
	log_info("interface %s: attached, %s mode", i->name,
	    native ? "native" : "generic");
}

static void
refresh(struct engine *e, struct interface *i)
{
	struct netlink_interface now = {0};

	netlink_interface(e->netlink, i->name, &now);
	i->up = now.up;
	if (now.ifindex == i->ifindex)
		return;
	if (now.ifindex == 0)
		log_warnx("interface %s is gone; waiting for it", i->name);
	i->ifindex = now.ifindex;
	i->attached = false;
	retry_reset(&i->retry);
}

static const struct interface *
find(const struct interface *list, size_t count, const char *name)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (strcmp(list[i].name, name) == 0)
			return &list[i];
	return NULL;
}

void
interfaces_build(
    struct engine *e, const struct interface *old, size_t old_count)
{
	size_t i, count = e->conf->interface_count;
	const struct interface *was;

	e->interfaces = xcalloc(count, sizeof(*e->interfaces));
	for (i = 0; i < count; i++) {
		struct interface *in = &e->interfaces[i];

		was = find(old, old_count, e->conf->interfaces[i]);
		if (was != NULL)
			*in = *was;
		in->name = e->conf->interfaces[i];
		retry_reset(&in->retry);
		refresh(e, in);
		if (in->ifindex == 0)
			log_warnx("interface %s does not exist; waiting for "
				  "it (\"interfaces\" in %s)",
			    in->name, e->conf->file);
		attach(e, in, monotime_ms());
	}
}

void
interfaces_update(struct engine *e, const char *name)
{
	size_t i;

	for (i = 0; i < e->conf->interface_count; i++)
		if (strcmp(e->interfaces[i].name, name) == 0) {
			refresh(e, &e->interfaces[i]);
			attach(e, &e->interfaces[i], monotime_ms());
		}
}

void
interfaces_retry(struct engine *e, uint64_t now)
{
	size_t i;

	for (i = 0; i < e->conf->interface_count; i++)
		attach(e, &e->interfaces[i], now);
}
