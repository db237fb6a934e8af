/* SPDX-License-Identifier: ISC */

/*
 * What is shown of run-time orders, and of what each is about.
 */

#include <stdlib.h>
#include <string.h>

#include "base/xmalloc.h"
#include "core/status_value.h"
#include "engine/private.h"

static size_t
reach_of_services(const struct engine *e, const struct override *o)
{
	size_t i, j, count = 0;

	for (i = 0; i < e->conf->service_count; i++) {
		const struct conf_service *s = &e->conf->services[i];

		if (!override_has_service(o, s->name, &s->key))
			continue;
		if (o->kind == OVERRIDE_SERVICE) {
			count++;
			continue;
		}
		for (j = 0; j < s->destination_count; j++)
			count += addr_compare(&s->destinations[j].address,
				     &o->address) == 0;
	}
	return count;
}

size_t
orders_reach(const struct engine *e, const struct override *o)
{
	size_t i;

	if (o->kind != OVERRIDE_VIP)
		return reach_of_services(e, o);
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
