/* SPDX-License-Identifier: ISC */

/*
 * Services and their destinations at run time: made from a configuration,
 * given what is known from before, and applied to the data plane.
 */

#include <stdlib.h>
#include <string.h>

#include "adapters/netlink.h"
#include "base/log.h"
#include "base/monotime.h"
#include "base/xmalloc.h"
#include "engine/private.h"

/* How long the kernel has to say how a server is reached, in ms. */
#define LOOK_LIMIT 500

static int
key_matches(const void *key, const void *service)
{
	return service_key_compare(
	    key, &((const struct service *)service)->conf->key);
}

struct service *
service_find(const struct engine *e, const struct service_key *key)
{
	if (e->services == NULL)
		return NULL;
	return bsearch(key, e->services, e->conf->service_count,
	    sizeof(*e->services), key_matches);
}

static int
address_matches(const void *address, const void *destination)
{
	return addr_compare(
	    address, &((const struct destination *)destination)->conf->address);
}

struct destination *
destination_find(const struct service *s, const struct addr *address)
{
	return bsearch(address, s->destinations, s->conf->destination_count,
	    sizeof(*s->destinations), address_matches);
}

/* Either the kernel has said something, or it has nothing to say. */
static bool
is_known(const struct destination *d)
{
	const struct netlink_nexthop *hop =
	    netlink_nexthop(d->service->engine->netlink, &d->conf->address);

	return d->looked || (hop != NULL && hop->ifindex != 0) ||
	    monotime_ms() - d->since >= LOOK_LIMIT;
}

void
services_look(struct engine *e, bool only_new)
{
	size_t i, j;

	for (i = 0; i < e->conf->service_count; i++) {
		struct service *s = &e->services[i];

		for (j = 0; j < s->conf->destination_count; j++) {
			struct destination *d = &s->destinations[j];

			if ((only_new && d->looked) || !is_known(d))
				continue;
			destination_look(d);
			if (s->conf->check_count == 0)
				destination_evaluate(d);
		}
	}
}

static void
destination_init(struct destination *d, struct service *s, size_t i)
{
	struct service *old = service_find(s->engine, &s->conf->key);
	struct destination *was = NULL;

	d->service = s;
	d->conf = &s->conf->destinations[i];
	d->since = monotime_ms();
	orders_of_destination(d);
	netlink_watch(s->engine->netlink, &d->conf->address);
	probers_init(d);
	if (old != NULL)
		was = destination_find(old, &d->conf->address);
	d->cold = old != NULL;
	if (was == NULL)
		return;
	d->cold = was->cold || was->state == DESTINATION_DRAINING;
	d->healthy = was->healthy;
	d->excused = was->excused;
	destination_excuse(d);
	d->looked = was->looked;
	memcpy(d->problem, was->problem, sizeof(d->problem));
	memcpy(d->probe_problem, was->probe_problem, sizeof(d->probe_problem));
	probers_carry(d, was);
	destination_settle(d);
	if (was->state == d->state) {
		d->since = was->since;
		d->rising = was->rising && s->conf->slow_start > 0;
		d->risen = was->risen;
		d->step = was->step;
	} else {
		destination_tell(d, was->state);
	}
}

static void
service_init(
    struct service *s, struct engine *e, const struct conf_service *conf)
{
	const struct service *old = service_find(e, &conf->key);
	size_t i;

	s->engine = e;
	s->conf = conf;
	orders_of_service(s);
	s->applied = old != NULL && old->applied;
	if (old != NULL)
		s->probes = old->probes;
	s->of_vip.met = old != NULL && old->of_vip.met;
	s->dirty = s->table_stale = true;
	retry_reset(&s->retry);
	s->destinations =
	    xcalloc(conf->destination_count, sizeof(*s->destinations));
	for (i = 0; i < conf->destination_count; i++)
		destination_init(&s->destinations[i], s, i);
}

void
services_evaluate(struct engine *e)
{
	size_t i, j;

	for (i = 0; i < e->conf->service_count; i++)
		for (j = 0; j < e->conf->services[i].destination_count; j++)
			destination_evaluate(&e->services[i].destinations[j]);
}

static int
vip_matches(const void *address, const void *vip)
{
	return addr_compare(address, &((const struct vip *)vip)->conf->address);
}

struct vip *
vip_find(const struct engine *e, const struct addr *address)
{
	if (e->vips == NULL)
		return NULL;
	return bsearch(address, e->vips, e->conf->vip_count, sizeof(*e->vips),
	    vip_matches);
}

static void
vip_init(struct vip *v, struct engine *e, const struct conf_vip *conf)
{
	const struct vip *old = vip_find(e, &conf->address);

	v->conf = conf;
	orders_of_vip(e, v);
	v->local = old != NULL && old->local;
	v->wanted = old != NULL && old->wanted;
	if (old != NULL)
		v->state = old->state;
}

void
services_build(struct engine *e, struct conf *conf, struct service **services,
    struct vip **vips)
{
	size_t i;

	*services = xcalloc(conf->service_count, sizeof(**services));
	*vips = xcalloc(conf->vip_count, sizeof(**vips));
	for (i = 0; i < conf->service_count; i++)
		service_init(&(*services)[i], e, &conf->services[i]);
	for (i = 0; i < conf->vip_count; i++)
		vip_init(&(*vips)[i], e, &conf->vips[i]);
}

/*
 * At start: believe what a predecessor left in the data plane until checks
 * have failed often enough to say otherwise.
 */
static void
adopt_destination(const struct dataplane_destination *left, struct service *s)
{
	struct destination *d = destination_find(s, &left->address);
	size_t i;

	if (d == NULL || left->state == DESTINATION_DOWN)
		return;
	d->healthy = true;
	destination_settle(d);
	for (i = 0; i < s->conf->check_count; i++) {
		health_believe(&d->probers[i].health);
		isolation_adopt(
		    &s->engine->isolation.all, &d->probers[i].isolation);
	}
}

static void
adopt_service(const struct dataplane_service *left, void *arg)
{
	struct engine *e = arg;
	struct service *s = service_find(e, &left->key);
	size_t i;

	if (s == NULL)
		return;
	s->applied = true;
	for (i = 0; i < left->destination_count; i++)
		adopt_destination(&left->destinations[i], s);
	/* It need not have been: its predecessor may still have learnt. */
	for (i = 0; left->answers && i < e->conf->vip_count; i++)
		if (addr_compare(&left->key.vip, &e->vips[i].conf->address) ==
		    0) {
			e->vips[i].wanted = true;
			vip_state_adopt(&e->vips[i].state, monotime_ms());
		}
}

void
services_adopt(struct engine *e)
{
	e->dataplane->ops->service_each(e->dataplane, adopt_service, e);
}

void
services_free(struct engine *e, const struct conf *conf,
    struct service *services, struct vip *vips)
{
	size_t i, j;

	for (i = 0; i < conf->service_count; i++) {
		struct service *s = &services[i];

		for (j = 0; j < s->conf->destination_count; j++) {
			probers_clear(&s->destinations[j]);
			netlink_unwatch(
			    e->netlink, &s->destinations[j].conf->address);
		}
		free(s->destinations);
	}
	free(services);
	free(vips);
}

static void
describe(const struct destination *d, struct dataplane_destination *out)
{
	const struct netlink_nexthop *hop =
	    netlink_nexthop(d->service->engine->netlink, &d->conf->address);

	out->address = d->conf->address;
	out->state = d->state;
	out->weight = d->conf->weight;
	out->withheld = 100 - ramp_percent(d);
	out->delivery = d->conf->delivery;
	if (destination_usable(d, hop))
		way_describe(d->conf, hop, out);
}

int
service_apply(struct service *s)
{
	struct dataplane *dp = s->engine->dataplane;
	struct dataplane_service out = {
	    .key = s->conf->key,
	    .scheduler = s->conf->scheduler,
	    .sticky = s->conf->sticky,
	    .track = s->conf->track,
	    .idle = s->conf->idle,
	    .destination_count = s->conf->destination_count,
	};
	int result;
	size_t i;

	out.destinations =
	    xcalloc(out.destination_count, sizeof(*out.destinations));
	for (i = 0; i < out.destination_count; i++)
		describe(&s->destinations[i], &out.destinations[i]);
	result = dp->ops->service_set(dp, &out);
	if (result == 0) {
		if (!s->applied)
			s->engine->answers_stale = true;
		s->applied = true;
		s->dirty = s->stepped = false;
		s->table_stale = s->engine->view_stale = true;
		retry_reset(&s->retry);
	}
	free(out.destinations);
	return result;
}

struct leftovers {
	struct engine *engine;
	struct service_key *keys;
	size_t count;
};

static void
collect_leftover(const struct dataplane_service *s, void *arg)
{
	struct leftovers *l = arg;

	if (service_find(l->engine, &s->key) != NULL)
		return;
	l->keys = xreallocarray(l->keys, l->count + 1, sizeof(*l->keys));
	l->keys[l->count++] = s->key;
}

void
services_remove_others(struct engine *e)
{
	struct leftovers l = {.engine = e};
	char key[SERVICE_KEY_STRLEN];
	size_t i;

	e->dataplane->ops->service_each(e->dataplane, collect_leftover, &l);
	for (i = 0; i < l.count; i++) {
		log_info("%s: no longer served",
		    service_key_format(&l.keys[i], key));
		e->dataplane->ops->service_remove(e->dataplane, &l.keys[i]);
	}
	free(l.keys);
}
