/* SPDX-License-Identifier: ISC */

/*
 * Reload: parse to a new configuration, return on failure, build the new
 * run-time tree beside the old one, then change over and apply the
 * difference.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "adapters/lifeline.h"
#include "base/log.h"
#include "base/monotime.h"
#include "base/xmalloc.h"
#include "engine/engine.h"
#include "engine/history.h"
#include "engine/private.h"
#include "engine/rates.h"
#include "engine/ship.h"

static bool
text_differs(const char *a, const char *b)
{
	return strcmp(a, b) != 0;
}

/* Say what of the new configuration has to wait for a restart. */
static void
warn_of_restart(const struct conf *was, const struct conf *now)
{
	const struct {
		const char *key;
		bool differs;
	} fixed[] = {
	    {"control", text_differs(was->control, now->control)},
	    {"state", text_differs(was->state, now->state)},
	    {"pin_directory",
		text_differs(was->pin_directory, now->pin_directory)},
	    {"probe",
		text_differs(was->probe.device, now->probe.device) ||
		    was->probe.mark != now->probe.mark ||
		    was->probe.table != now->probe.table},
	    {"limits", memcmp(&was->limits, &now->limits, sizeof(now->limits))},
	};
	size_t i;

	for (i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		if (fixed[i].differs)
			log_warnx("%s: the new \"%s\" takes effect when vc5d "
				  "is restarted",
			    now->file, fixed[i].key);
}

/* What must not change while running stays what it was. */
static void
keep_fixed(struct conf *was, struct conf *now)
{
	char *text;

	warn_of_restart(was, now);
	text = now->control;
	now->control = was->control;
	was->control = text;
	text = now->state;
	now->state = was->state;
	was->state = text;
	text = now->pin_directory;
	now->pin_directory = was->pin_directory;
	was->pin_directory = text;
	text = now->probe.device;
	now->probe = was->probe;
	was->probe.device = text;
	now->limits = was->limits;
}

static void
follow_interfaces(struct engine *e, const struct conf *was)
{
	struct interface *old = e->interfaces;

	if (was->xdp != e->conf->xdp)
		interfaces_detach(e, old, was->interface_count);
	interfaces_detach_others(e);
	interfaces_build(e, old, was->interface_count);
	interfaces_free(old, was->interface_count);
}

static uint64_t
later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/*
 * What is gone makes room, but not before routers have learnt of it: as at a
 * stop, packets are forwarded for a while.
 */
static void
remove_gone(struct engine *e, uint64_t withdrawn)
{
	if (withdrawn != 0 && e->bgpd.bgp != NULL)
		e->removal = later(e->removal, withdrawn + e->conf->stop_delay);
	else if (e->removal == 0)
		services_remove_others(e);
}

static void
replace_conf(struct engine *e, struct conf *now, struct prefix_list *blocked)
{
	struct service *services, *old_services = e->services;
	struct vip *vips, *old_vips = e->vips;
	struct conf *was = e->conf;
	uint64_t withdrawn;

	keep_fixed(was, now);
	services_build(e, now, &services, &vips);
	e->services = services;
	e->vips = vips;
	e->conf = now;
	nexthops_index(e);
	rates_follow(e);
	withdrawn = vips_forget(e, was, old_vips);
	services_free(e, was, old_services, old_vips);
	isolation_follow(e);
	engine_apply_settings(e);
	blocks_follow(e, blocked);
	services_look(e, false);
	vips_look(e, false);
	announce_follow(e);
	parent_follow(e);
	neighbours_follow(e);
	remove_gone(e, withdrawn);
	services_evaluate(e);
	engine_sync_follow(e);
	engine_reconcile(e);
	announce_want(e);
	console_follow(e, was);
	ship_follow(e->ship, was);
	follow_interfaces(e, was);
	guard_warn(e);
	orders_watch(e);
	probers_start(e);
	conf_free(was);
}

static void
refuse(struct conf_errors *errors, char *line)
{
	errors->lines = xreallocarray(
	    errors->lines, errors->count + 1, sizeof(*errors->lines));
	errors->lines[errors->count++] = line;
}

/* As conf_check_slots(), by the slots that there are. */
static void
check_slots(const struct engine *e, const struct conf *now,
    const struct conf_service *s, struct conf_errors *errors)
{
	char key[SERVICE_KEY_STRLEN];

	if (s->destination_count > e->conf->limits.slots)
		refuse(errors,
		    xasprintf("%s: limits.slots: %s has %zu servers, more than "
			      "the %u slots that vc5d was started for: "
			      "restart it",
			now->file, service_key_format(&s->key, key),
			s->destination_count, e->conf->limits.slots));
}

/* Good by its own limits, but those of the start are in force. */
static void
check_limits(
    const struct engine *e, const struct conf *now, struct conf_errors *errors)
{
	size_t i, destinations = 0;

	for (i = 0; i < now->service_count; i++) {
		destinations += now->services[i].destination_count;
		check_slots(e, now, &now->services[i], errors);
	}
	if (now->service_count > e->conf->limits.services)
		refuse(errors,
		    xasprintf("%s: limits.services: %zu services are more than "
			      "the %u that vc5d was started for: restart it",
			now->file, now->service_count,
			e->conf->limits.services));
	if (destinations > e->conf->limits.destinations)
		refuse(errors,
		    xasprintf("%s: limits.destinations: %zu destinations are "
			      "more than the %u that vc5d was started for: "
			      "restart it",
			now->file, destinations, e->conf->limits.destinations));
}

/* As many files as it takes can't be opened? */
static void
check_descriptors(
    const struct engine *e, struct conf *now, struct conf_errors *errors)
{
	uint32_t probes = now->limits.probes;
	char *error;

	now->limits.probes = e->conf->limits.probes; /* stays in force */
	if (engine_raise_descriptors(now, &error) == -1)
		refuse(errors, error);
	now->limits.probes = probes;
}

/* Good keys are left in the engine, for the configuration to use. */
static void
read_keys(struct engine *e, const struct conf *now, struct conf_errors *errors)
{
	struct sync_keys *keys;
	char *error;

	if (errors->count > 0)
		return;
	if (engine_sync_keys(now, &keys, &error) == -1)
		refuse(errors, error);
	else
		e->sync_keys = keys;
}

/*
 * The new configuration, and the prefixes that it names a file of; NULL, and
 * lines in e->errors, if it can't be.
 */
static struct conf *
load(struct engine *e, struct prefix_list *blocked)
{
	struct conf_errors errors = {0};
	struct conf *now;
	size_t i;

	now = conf_load(e->conf->file, &errors);
	if (now != NULL)
		blocks_read_file(now, blocked, &errors);
	if (now != NULL)
		check_limits(e, now, &errors);
	if (now != NULL)
		check_descriptors(e, now, &errors);
	if (now != NULL)
		read_keys(e, now, &errors);
	conf_errors_clear(&e->errors);
	e->errors = errors;
	if (errors.count == 0)
		return now;
	for (i = 0; i < errors.count; i++)
		log_warnx("%s", errors.lines[i]);
	log_warnx("not reloaded: %s has %zu error%s, the configuration of "
		  "before stays in force",
	    e->conf->file, errors.count, errors.count == 1 ? "" : "s");
	history_add(
	    e, HISTORY_RELOAD, e->conf->file, "", "refused", errors.lines[0]);
	conf_free(now);
	prefix_list_clear(blocked);
	return NULL;
}

static int
reload(struct engine *e)
{
	struct prefix_list blocked = {0};
	struct conf *now;
	char size[64];

	if (e->phase != ENGINE_RUNNING) {
		log_warnx("not reloaded: vc5d is stopping");
		conf_errors_clear(&e->errors);
		refuse(&e->errors, xstrdup("vc5d is stopping"));
		return -1;
	}
	parent_excuse(e);
	if ((now = load(e, &blocked)) == NULL)
		return -1;
	replace_conf(e, now, &blocked);
	e->loaded = time(NULL);
	e->reloads++;
	parent_reloaded(e);
	snprintf(size, sizeof(size), "%zu services on %zu VIPs",
	    e->conf->service_count, e->conf->vip_count);
	history_add(e, HISTORY_RELOAD, e->conf->file, "", "reloaded", size);
	log_notice("reloaded: %s", size);
	return 0;
}

int
engine_reload(struct engine *e)
{
	int result;

	lifeline_reloading(e->origin.lifeline);
	result = reload(e);
	lifeline_reloaded(e->origin.lifeline, result == -1);
	return result;
}
