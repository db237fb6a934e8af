/* SPDX-License-Identifier: ISC */

/*
 * What the status document says is wrong now, a line each, with its remedy.
 */

#include <stdio.h>
#include <stdlib.h>

#include "adapters/http.h"
#include "base/xmalloc.h"
#include "engine/private.h"
#include "engine/ship.h"

static void
member_problems(const struct interface *in, json_t *list)
{
	size_t i;

	for (i = 0; i < in->member_count; i++)
		if (!in->members[i].attached)
			json_array_append_new(list,
			    json_sprintf("interface %s, a member of %s, could "
					 "not be attached to: see the log",
				in->members[i].name, in->port.name));
}

static void
interface_problems(const struct engine *e, json_t *list)
{
	size_t i;

	for (i = 0; i < e->conf->interface_count; i++) {
		const struct interface *in = &e->interfaces[i];
		const char *what = NULL;

		if (in->by_member)
			member_problems(in, list);
		if (in->port.ifindex == 0)
			what = "does not exist";
		else if (in->bond && in->member_count == 0 &&
		    !in->port.attached)
			what = "is a bond without members";
		else if (!in->by_member && !in->port.attached)
			what = "could not be attached to: see the log";
		else if (!in->up)
			what = "is down or has no carrier";
		if (what != NULL)
			json_array_append_new(list,
			    json_sprintf(
				"interface %s %s", in->port.name, what));
	}
}

static void
vip_problems(const struct engine *e, json_t *list)
{
	char vip[ADDR_STRLEN];
	size_t i;

	for (i = 0; i < e->conf->vip_count; i++)
		if (e->vips[i].local)
			json_array_append_new(list,
			    json_sprintf("VIP %s is an address of this host, "
					 "so it can't be checked or "
					 "announced: remove it here",
				addr_format(&e->vips[i].conf->address, vip)));
}

/* Past so many there is no use in more. */
#define WAY_PROBLEMS 20

static void
way_problems(const struct engine *e, json_t *list)
{
	char key[SERVICE_KEY_STRLEN], server[ADDR_STRLEN];
	size_t i, j, count = 0;

	for (i = 0; i < e->conf->service_count; i++) {
		const struct service *s = &e->services[i];

		for (j = 0; j < s->conf->destination_count; j++) {
			const struct destination *d = &s->destinations[j];
			const char *problem =
			    d->problem[0] ? d->problem : d->probe_problem;

			if (problem[0] == '\0' || count++ >= WAY_PROBLEMS)
				continue;
			json_array_append_new(list,
			    json_sprintf("%s %s: destination %s: %s",
				s->conf->name,
				service_key_format(&s->conf->key, key),
				addr_format(&d->conf->address, server),
				problem));
		}
	}
	if (count > WAY_PROBLEMS)
		json_array_append_new(list,
		    json_sprintf("... and %zu destinations more like these",
			count - WAY_PROBLEMS));
}

static void
service_problems(const struct engine *e, json_t *list)
{
	char key[SERVICE_KEY_STRLEN];
	size_t i;

	for (i = 0; i < e->conf->service_count; i++) {
		const struct service *s = &e->services[i];

		service_key_format(&s->conf->key, key);
		if (s->dirty && s->retry.at != 0)
			json_array_append_new(list,
			    json_sprintf("%s %s could not be applied to the "
					 "data plane: see the log",
				s->conf->name, key));
		if (s->up < s->conf->need)
			json_array_append_new(list,
			    json_sprintf("%s %s needs %u servers, has %u",
				s->conf->name, key, s->conf->need, s->up));
	}
}

static void
webserver_problems(const struct engine *e, json_t *list)
{
	const char *stale = e->http != NULL ? http_stale(e->http) : NULL;
	char *line;

	if (e->conf->webserver.enabled && e->http == NULL)
		json_array_append_new(list,
		    json_string("the web server is not listening: see the "
				"log"));
	if (stale == NULL)
		return;
	line = xasprintf("the web server goes on with certificate, users and "
			 "tokens of before: %s; mend that, and reload",
	    stale);
	json_array_append_new(list, status_text(line));
	free(line);
}

json_t *
status_problems(const struct engine *e, const char *bgp_error)
{
	json_t *list = json_array();
	char *line;

	interface_problems(e, list);
	vip_problems(e, list);
	way_problems(e, list);
	service_problems(e, list);
	engine_sync_problems(e, list);
	orders_problems(e, list);
	blocks_problems(e, list);
	probers_problems(e, list);
	verdict_problems(e, list);
	ship_problems(e, list);
	parent_problems(e, list);
	webserver_problems(e, list);
	if (e->conf->control_readonly.path != NULL &&
	    e->control_readonly == NULL)
		json_array_append_new(list,
		    json_string("the control socket for looking only is not "
				"there: see the log"));
	if (e->probe_ifindex == -1)
		json_array_append_new(list,
		    json_string("health checks have no way out, servers stay "
				"what they are: see the log"));
	if (e->conf->bgp.enabled && bgp_error != NULL && bgp_error[0]) {
		line = xasprintf("BGP: %s", bgp_error);
		json_array_append_new(list, status_text(line));
		free(line);
	}
	return list;
}
