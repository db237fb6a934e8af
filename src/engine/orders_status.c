/* SPDX-License-Identifier: ISC */

/*
 * What is shown of run-time orders, and of what each is about.
 */

#include <stdlib.h>
#include <string.h>

#include "base/xmalloc.h"
#include "core/status_value.h"
#include "engine/alerts.h"
#include "engine/private.h"

static size_t
reach_of_services(const struct engine *e, const struct override *o)
{
	size_t i, count = 0;

	for (i = 0; i < e->conf->service_count; i++) {
		const struct conf_service *s = &e->conf->services[i];

		count += override_has_service(o, s->name, &s->key);
	}
	return count;
}

static size_t
reach_of_backend(const struct engine *e, const struct override *o)
{
	size_t i = nexthops_first(e, &o->address), count = 0;

	for (; i < e->by_address_count; i++) {
		const struct destination *d = e->by_address[i];
		const struct conf_service *s = d->service->conf;

		if (addr_compare(&d->conf->address, &o->address) != 0)
			break;
		count += override_has_service(o, s->name, &s->key);
	}
	return count;
}

size_t
orders_reach(const struct engine *e, const struct override *o)
{
	size_t i;

	if (o->kind == OVERRIDE_SERVICE)
		return reach_of_services(e, o);
	if (o->kind == OVERRIDE_BACKEND)
		return reach_of_backend(e, o);
	for (i = 0; i < e->conf->vip_count; i++)
		if (addr_compare(&e->conf->vips[i].address, &o->address) == 0)
			return 1;
	return 0;
}

const char *
orders_name(enum override_order order)
{
	return order == ORDER_NONE ? "" : override_order_name(order);
}

/* " by uid 0" */
static char *
whose(const struct override *o)
{
	return o->uid == -1 ? xstrdup("")
			    : xasprintf(" by uid %lld", (long long)o->uid);
}

/* In words, knowing whether it reaches anything. */
static char *
text_of(const struct override *o, bool reaches)
{
	char subject[OVERRIDE_SUBJECT_LEN], since[STATUS_TIME_STRLEN];
	bool within = o->kind == OVERRIDE_BACKEND && o->service[0] != '\0';
	char *who = whose(o), *text;

	text = xasprintf("%s %s %s%s%s, ordered %s%s%s%s%s",
	    override_kind_name(o->kind), override_subject(o, subject),
	    override_order_name(o->order), within ? " in " : "",
	    within ? o->service : "", status_time(o->since, since), who,
	    o->forced ? ", forced" : "", reaches ? "" : ": there is no such ",
	    reaches ? "" : override_kind_name(o->kind));
	free(who);
	return text;
}

char *
orders_text(const struct engine *e, const struct override *o)
{
	return text_of(o, orders_reach(e, o) > 0);
}

static json_t *
override_json(const struct engine *e, const struct override *o)
{
	char subject[OVERRIDE_SUBJECT_LEN];
	size_t reach = orders_reach(e, o);
	char *text = text_of(o, reach > 0);
	json_t *json;

	json = json_pack("{s:s, s:s, s:s, s:s, s:I, s:o, s:b, s:i, s:s}",
	    "kind", override_kind_name(o->kind), "name",
	    override_subject(o, subject), "service",
	    o->kind == OVERRIDE_BACKEND ? o->service : "", "order",
	    override_order_name(o->order), "since", (json_int_t)o->since, "uid",
	    o->uid == -1 ? json_null() : json_integer((json_int_t)o->uid),
	    "forced", o->forced, "reach", (int)reach, "text", text);
	free(text);
	return json;
}

json_t *
orders_json(const struct engine *e)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < e->orders.set.count; i++)
		json_array_append_new(
		    list, override_json(e, &e->orders.set.list[i]));
	return list;
}

/* What an alert about it is called, whenever it was ordered: free(3) it. */
static char *
alert_id(const struct override *o)
{
	char subject[OVERRIDE_SUBJECT_LEN];
	bool within = o->kind == OVERRIDE_BACKEND && o->service[0] != '\0';

	return xasprintf("override %s %s%s%s", override_kind_name(o->kind),
	    override_subject(o, subject), within ? " in " : "",
	    within ? o->service : "");
}

static bool
has_id(char *const *ids, size_t count, const char *id)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (strcmp(ids[i], id) == 0)
			return true;
	return false;
}

/* Alerts of those that do nothing; their names are the engine's. */
static void
raise_idle(struct engine *e)
{
	struct orders *orders = &e->orders;
	size_t i;

	orders->idle = xcalloc(orders->set.count + 1, sizeof(char *));
	orders->idle_count = 0;
	for (i = 0; i < orders->set.count; i++) {
		const struct override *o = &orders->set.list[i];
		char *id, *text;

		if (orders_reach(e, o) > 0)
			continue;
		id = alert_id(o);
		text = text_of(o, false);
		alert_raise(e, id, ALERT_MEDIUM, "does nothing: %s", text);
		free(text);
		orders->idle[orders->idle_count++] = id;
	}
}

void
orders_watch(struct engine *e)
{
	char **were = e->orders.idle;
	size_t i, count = e->orders.idle_count;

	raise_idle(e);
	for (i = 0; i < count; i++) {
		if (!has_id(e->orders.idle, e->orders.idle_count, were[i]))
			alert_clear(e, were[i],
			    "it is about something again, or was taken back");
		free(were[i]);
	}
	free(were);
}

void
orders_problems(const struct engine *e, json_t *list)
{
	char *line;

	if (e->orders.problem == NULL)
		return;
	line = xasprintf("overrides can't be kept, so that others could be in "
			 "force after a restart: %s",
	    e->orders.problem);
	json_array_append_new(list, status_text(line));
	free(line);
}
