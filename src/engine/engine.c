/* SPDX-License-Identifier: ISC */

/*
 * The engine's life: start, stop, and in between the one place where what
 * should be is compared with what is and the difference applied.
 */

#include <event2/event.h>

#include <sys/time.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "adapters/control.h"
#include "adapters/http.h"
#include "adapters/netlink.h"
#include "base/log.h"
#include "base/monotime.h"
#include "base/xmalloc.h"
#include "engine/alerts.h"
#include "engine/engine.h"
#include "engine/history.h"
#include "engine/private.h"
#include "engine/rates.h"
#include "engine/ship.h"
#include "engine/web.h"

#define RETRY_FIRST	1000 /* ms, of retry.interval */
#define RETRY_LONGEST	60000
#define WITHDRAW_LIMIT	5000  /* ms that a stop waits for bgpd */
#define STOP_POLL	20    /* ms */
#define PROBE_PATH_LOOK 10000 /* ms */
#define APPLY_LIMIT	50    /* ms of the loop's time for the data plane */

bool
retry_due(struct retry *r, uint64_t now)
{
	if (now < r->at)
		return false;
	r->at = now + r->interval;
	r->interval *= 2;
	if (r->interval > RETRY_LONGEST)
		r->interval = RETRY_LONGEST;
	return true;
}

void
retry_reset(struct retry *r)
{
	r->at = 0;
	r->interval = RETRY_FIRST;
}

/* A timer: an event made active would run before what else is waiting. */
void
engine_reconcile_soon(struct engine *e)
{
	struct timeval now = {0};

	evtimer_add(e->reconcile, &now);
}

/* False: the time is up. */
static bool
apply_some(struct engine *e, bool steps, uint64_t now)
{
	size_t i;

	for (i = 0; i < e->conf->service_count; i++) {
		struct service *s = &e->services[i];

		if (!(steps ? s->stepped : s->dirty) ||
		    !retry_due(&s->retry, now))
			continue;
		if (monotime_ms() > now + APPLY_LIMIT) {
			retry_reset(&s->retry);
			engine_reconcile_soon(e);
			return false;
		}
		service_apply(s);
	}
	return true;
}

/*
 * A table takes milliseconds to fill: when many services changed, the rest
 * waits for the next pass of the loop, so that checks go on meanwhile.  Slow
 * start waits for everything else, lest a server that is dead has to.
 */
static void
apply_services(struct engine *e)
{
	uint64_t now = monotime_ms();

	if (apply_some(e, false, now))
		apply_some(e, true, now);
}

void
engine_reconcile(struct engine *e)
{
	apply_services(e);
	vips_update(e);
}

/* One may be a VIP, or be the one to probe or to send from. */
static void
look_at_addresses(struct engine *e)
{
	if (!e->addresses_stale)
		return;
	e->addresses_stale = false;
	vips_look(e, false);
	services_look(e, false);
}

/* A VIP's state changes by itself about now. */
static void
look_event(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	engine_reconcile(arg);
}

static void
reconcile_event(evutil_socket_t fd, short what, void *arg)
{
	struct engine *e = arg;

	(void)fd;
	(void)what;
	look_at_addresses(e);
	engine_reconcile(e);
	if (e->view_partial)
		engine_sync_see(e);
}

/* What netlink reports. */

/* 0, or -1 if probes have no way out; which has been logged. */
static int
make_probe_path(struct engine *e)
{
	const struct conf *c = e->conf;
	int peer = -1;

	e->probe_ifindex = netlink_probe_path_add(
	    e->netlink, c->probe.device, c->probe.mark, c->probe.table, &peer);
	if (e->probe_ifindex != -1 &&
	    e->dataplane->ops->probe_attach(
		e->dataplane, e->probe_ifindex, peer) == -1)
		e->probe_ifindex = -1;
	return e->probe_ifindex == -1 ? -1 : 0;
}

/* Somebody may have taken away a part of it: put that back now and then. */
static void
mend_probe_path(struct engine *e, uint64_t now)
{
	if (!retry_due(&e->probe_retry, now))
		return;
	if (make_probe_path(e) == 0) {
		retry_reset(&e->probe_retry);
		e->probe_retry.at = now + PROBE_PATH_LOOK;
	}
}

static void
interface_changed(
    void *arg, const char *name, const struct netlink_interface *now)
{
	struct engine *e = arg;

	interfaces_update(e, name);
	if (strcmp(name, e->conf->probe.device) != 0 ||
	    now->ifindex == e->probe_ifindex)
		return;
	log_warnx("interface %s, which health checks leave by, was removed by "
		  "somebody; making it again",
	    name);
	retry_reset(&e->probe_retry);
	mend_probe_path(e, monotime_ms());
}

static void
address_changed(void *arg, const struct addr *address, bool present)
{
	struct engine *e = arg;

	(void)address;
	(void)present;
	e->addresses_stale = true;
	engine_reconcile_soon(e);
}

/* Packets for a VIP that was withdrawn have found another way by now. */
static void
remove_services(struct engine *e, uint64_t now)
{
	size_t i;

	if (e->removal == 0 || now < e->removal)
		return;
	e->removal = 0;
	services_remove_others(e);
	for (i = 0; i < e->conf->service_count; i++)
		retry_reset(&e->services[i].retry);
}

static void
tick(evutil_socket_t fd, short what, void *arg)
{
	struct engine *e = arg;
	uint64_t now = monotime_ms();

	(void)fd;
	(void)what;
	e->dataplane->ops->tick(e->dataplane, now / 1000);
	interfaces_retry(e, now);
	/*
	 * The kernel tells of an address that goes before it has taken away
	 * the route to it: it may have been local when we were told.
	 */
	vips_look(e, true);
	services_look(e, true);
	interfaces_watch(e);
	mend_probe_path(e, now);
	console_listen(e, now);
	orders_retry(e, now);
	blocks_tick(e);
	remove_services(e, now);
	announce_settled(e);
	ramp_advance(e, now);
	probers_watch(e, now);
	first_verdicts_tell(e);
	engine_reconcile(e);
	engine_sync_see(e);
	parent_tell_figures(e);
	rates_tick(e, monotime_ms());
	web_tick(e, monotime_ms());
}

/* Start. */

/* 0, or -1 after having logged why. */
static int
read_keys(struct engine *e)
{
	char *error;

	if (engine_sync_keys(e->conf, &e->sync_keys, &error) == 0)
		return 0;
	log_warnx("%s", error);
	free(error);
	return -1;
}

struct engine *
engine_new(
    struct event_base *base, struct dataplane *dataplane, struct conf *conf)
{
	static const struct netlink_callbacks callbacks = {
	    .nexthop = nexthop_changed,
	    .nexthops_told = nexthops_told,
	    .interface = interface_changed,
	    .address = address_changed,
	};
	struct engine *e = xcalloc(1, sizeof(*e));

	e->base = base;
	e->dataplane = dataplane;
	e->conf = conf;
	e->history = history_new(conf->limits.history);
	e->rates = rates_new();
	e->web = web_new(e);
	e->started = monotime_ms();
	e->born = e->loaded = time(NULL);
	e->alerts = alerts_new();
	e->ship = ship_new(e);
	retry_reset(&e->http_retry);
	retry_reset(&e->control_retry);
	retry_reset(&e->readonly_retry);
	retry_reset(&e->probe_retry);
	retry_reset(&e->orders.retry);
	retry_reset(&e->blocks_retry);
	e->reconcile = event_new(base, -1, 0, reconcile_event, e);
	e->tick = event_new(base, -1, EV_PERSIST, tick, e);
	e->look = evtimer_new(base, look_event, e);
	if (e->reconcile == NULL || e->tick == NULL || e->look == NULL)
		fatalx("no memory for timers");
	if (read_keys(e) == -1 || orders_load(e) == -1)
		goto fail;
	e->netlink = netlink_new(base, &callbacks, e);
	if (e->netlink == NULL)
		goto fail;
	if (make_probe_path(e) == -1)
		goto fail;
	return e;
fail:
	engine_free(e);
	return NULL;
}

void
engine_apply_settings(struct engine *e)
{
	struct dataplane_settings settings = {
	    .unserved_pass = e->conf->unserved_pass,
	    .icmp_limit = e->conf->icmp_limit,
	    .sampling = e->conf->sampling,
	};

	e->dataplane->ops->settings_set(e->dataplane, &settings);
	e->tagged = e->tagged || e->conf->vlan_count > 0;
	e->answers_stale = true;
}

void
engine_start(struct engine *e)
{
	struct timeval second = {.tv_sec = 1};
	struct service *services;
	struct vip *vips;
	char size[64];

	services_build(e, e->conf, &services, &vips);
	e->services = services;
	e->vips = vips;
	nexthops_index(e);
	rates_follow(e);
	engine_apply_settings(e);
	services_adopt(e);
	blocks_start(e);
	sources_start(e);
	announce_begin(e);
	parent_inherit(e);
	neighbours_follow(e);
	vips_look(e, false);
	services_look(e, false);
	services_remove_others(e);
	services_evaluate(e);
	engine_sync_follow(e);
	engine_reconcile(e);
	announce_want(e);
	interfaces_detach_others(e);
	interfaces_build(e, NULL, 0);
	guard_warn(e);
	orders_watch(e);
	check_set_limit(e->conf->limits.probes);
	probers_start(e);
	event_add(e->tick, &second);
	tick(-1, 0, e);
	snprintf(size, sizeof(size), "%zu services on %zu VIPs",
	    e->conf->service_count, e->conf->vip_count);
	history_add(e, HISTORY_RELOAD, e->conf->file, "", "started", size);
	parent_follow(e);
	log_notice("started: %s", size);
}

/* Stop. */

static void
finish(struct engine *e)
{
	parent_excuse(e);
	engine_sync_end(e);
	e->dataplane->ops->stop(e->dataplane);
	e->dataplane = NULL;
	netlink_probe_path_remove(e->netlink, e->conf->probe.device,
	    e->conf->probe.mark, e->conf->probe.table);
	log_notice("stopped");
	event_base_loopbreak(e->base);
}

static void
withdraw(struct engine *e, uint64_t now)
{
	log_notice("stopping: withdrawing");
	e->phase = ENGINE_WITHDRAWING;
	e->deadline = now + WITHDRAW_LIMIT;
}

/* Unless VIPs are still to be seen leaving. */
static void
begin_to_withdraw(struct engine *e, uint64_t now)
{
	if (e->phase == ENGINE_LEAVING && vips_all_withdrawn(e))
		withdraw(e, now);
}

/* Nobody is to see VIPs leave any more: they go at once. */
static void
leave_no_longer(struct engine *e)
{
	uint64_t now = monotime_ms();
	size_t i;

	for (i = 0; i < e->left_count; i++)
		e->left[i].until = now;
	withdraw(e, now);
	engine_reconcile(e);
	announce_want(e);
}

static void
stop_step(evutil_socket_t fd, short what, void *arg)
{
	struct engine *e = arg;
	uint64_t now = monotime_ms();
	bool settled = announce_settled(e);

	(void)fd;
	(void)what;
	begin_to_withdraw(e, now);
	if (e->phase == ENGINE_WITHDRAWING && (settled || now >= e->deadline)) {
		if (!settled)
			log_warnx("bgpd did not confirm the withdrawal in "
				  "%d s",
			    WITHDRAW_LIMIT / 1000);
		log_info("withdrawn; forwarding for another %u.%u s",
		    e->conf->stop_delay / 1000,
		    e->conf->stop_delay % 1000 / 100);
		e->phase = ENGINE_FORWARDING;
		e->deadline = now + e->conf->stop_delay;
	}
	if (e->phase == ENGINE_FORWARDING && now >= e->deadline)
		finish(e);
}

void
engine_stop(struct engine *e)
{
	struct timeval poll = monotime_timeval(STOP_POLL);

	if (e->phase == ENGINE_LEAVING) {
		leave_no_longer(e);
		return;
	}
	if (e->phase != ENGINE_RUNNING) {
		finish(e);
		return;
	}
	e->phase = ENGINE_LEAVING;
	ship_hurry(e->ship);
	engine_reconcile(e);
	announce_want(e);
	if (!vips_all_withdrawn(e))
		log_notice("stopping: telling routers that VIPs leave");
	begin_to_withdraw(e, monotime_ms());
	e->stop = event_new(e->base, -1, EV_PERSIST, stop_step, e);
	if (e->stop == NULL)
		fatalx("no memory for a timer");
	event_add(e->stop, &poll);
}

void
engine_free(struct engine *e)
{
	if (e == NULL)
		return;
	control_free(e->control_readonly);
	ship_free(e->ship);
	control_free(e->control);
	http_free(e->http);
	web_free(e->web);
	rates_free(e->rates);
	if (e->services != NULL)
		services_free(e, e->conf, e->services, e->vips);
	announce_end(e);
	neighbours_free(e);
	engine_sync_free(e);
	netlink_free(e->netlink);
	if (e->dataplane != NULL)
		e->dataplane->ops->close(e->dataplane);
	if (e->stop != NULL)
		event_free(e->stop);
	event_free(e->tick);
	event_free(e->look);
	event_free(e->reconcile);
	vips_left_free(e);
	free(e->vip_services);
	free(e->by_address);
	interfaces_free(e->interfaces, e->interface_count);
	free(e->strays);
	alerts_free(e->alerts);
	orders_free(e);
	blocks_free(e);
	sources_free(e);
	conf_errors_clear(&e->errors);
	history_free(e->history);
	conf_free(e->conf);
	free(e);
}
