/* SPDX-License-Identifier: ISC */

/*
 * The console's "override": an order is given or taken back.
 *
 *	kind		order, and what takes it back	name
 *	service		down		up		a service's, its VIP,
 *							or VIP:PORT/PROTOCOL
 *	backend		drain, maint	ready		address
 *	vip		withdraw	announce	address
 *
 * "service" may limit an order about a backend to services, named likewise.
 * What speaks against an order is said instead of following it, unless "force"
 * is true.
 */

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "adapters/control.h"
#include "base/log.h"
#include "base/xmalloc.h"
#include "core/overrides.h"
#include "engine/console_reply.h"
#include "engine/history.h"
#include "engine/private.h"

static const char *const release_words[OVERRIDE_KINDS] = {
    [OVERRIDE_SERVICE] = "up",
    [OVERRIDE_BACKEND] = "ready",
    [OVERRIDE_VIP] = "announce",
};

struct order {
	struct override what; /* order is ORDER_NONE: it is taken back */
	bool force;
};

/* NULL, or what is wrong: free(3) it.  So are those below. */
static char *
read_text(const json_t *request, const char *key, bool needed, const char **out)
{
	const json_t *json = json_object_get(request, key);

	*out = "";
	if (json == NULL || json_is_null(json))
		return needed ? xasprintf("\"%s\" is missing", key) : NULL;
	if (!json_is_string(json))
		return xasprintf("\"%s\" is not a string", key);
	*out = json_string_value(json);
	return NULL;
}

static char *
read_subject(const char *name, const char *service, struct override *o)
{
	if (o->kind == OVERRIDE_SERVICE) {
		if (*service != '\0')
			return xstrdup("\"service\" is for backends");
		if (override_read_service(name, o->service) == -1)
			return xasprintf("%s is no name of services", name);
		return NULL;
	}
	if (addr_parse(name, &o->address) == -1)
		return xasprintf("%s is not an address", name);
	if (*service == '\0')
		return NULL;
	if (o->kind == OVERRIDE_VIP)
		return xstrdup("\"service\" is for backends");
	if (override_read_service(service, o->service) == -1)
		return xasprintf("%s is no name of services", service);
	return NULL;
}

static char *
read_words(const char *kind, const char *order, struct override *o)
{
	int number = override_kind_read(kind);

	if (number == -1)
		return xasprintf("%s is not a kind of override: service, "
				 "backend or vip",
		    kind);
	o->kind = (enum override_kind)number;
	if (strcmp(order, release_words[o->kind]) == 0)
		return NULL;
	o->order = override_order_read(o->kind, order);
	if (o->order == ORDER_NONE)
		return xasprintf("%s is not an order about a %s", order, kind);
	return NULL;
}

static char *
read_order(const json_t *request, struct order *out)
{
	const json_t *force = json_object_get(request, "force");
	const char *kind, *name, *order, *service;
	char *wrong;

	if ((wrong = read_text(request, "kind", true, &kind)) != NULL ||
	    (wrong = read_text(request, "name", true, &name)) != NULL ||
	    (wrong = read_text(request, "order", true, &order)) != NULL ||
	    (wrong = read_text(request, "service", false, &service)) != NULL ||
	    (wrong = read_words(kind, order, &out->what)) != NULL ||
	    (wrong = read_subject(name, service, &out->what)) != NULL)
		return wrong;
	if (force != NULL && !json_is_boolean(force))
		return xstrdup("\"force\" is neither true nor false");
	out->force = json_is_true(force);
	return NULL;
}

static char *
subject_text(const struct override *o)
{
	char subject[OVERRIDE_SUBJECT_LEN];
	bool within = o->kind == OVERRIDE_BACKEND && o->service[0] != '\0';

	return xasprintf("%s %s%s%s", override_kind_name(o->kind),
	    override_subject(o, subject), within ? " in " : "",
	    within ? o->service : "");
}

/* Is an order taken back with that: all of a server's, if none is named? */
static bool
is_released(const struct override *o, const struct override *by)
{
	if (o->kind != by->kind || addr_compare(&o->address, &by->address) != 0)
		return false;
	return (by->kind == OVERRIDE_BACKEND && by->service[0] == '\0') ||
	    strcmp(o->service, by->service) == 0;
}

static bool
share_service(
    const struct engine *e, const struct override *a, const struct override *b)
{
	size_t i;

	for (i = 0; i < e->conf->service_count; i++) {
		const struct conf_service *s = &e->conf->services[i];

		if (override_has_service(a, s->name, &s->key) &&
		    override_has_service(b, s->name, &s->key))
			return true;
	}
	return false;
}

/* Does it keep the VIP from being announced? */
static bool
is_about_vip(
    const struct engine *e, const struct override *o, const struct addr *vip)
{
	size_t i;

	if (o->kind == OVERRIDE_VIP)
		return addr_compare(&o->address, vip) == 0;
	for (i = 0; o->kind == OVERRIDE_SERVICE && i < e->conf->service_count;
	     i++) {
		const struct conf_service *s = &e->conf->services[i];

		if (addr_compare(&s->key.vip, vip) == 0 &&
		    override_has_service(o, s->name, &s->key))
			return true;
	}
	return false;
}

/* Orders that are about the same in other words: a line each. */
static json_t *
related(const struct engine *e, const struct override *what)
{
	json_t *lines = json_array();
	char *text;
	size_t i;

	for (i = 0; i < e->orders.set.count; i++) {
		const struct override *o = &e->orders.set.list[i];

		if (o->kind != what->kind || is_released(o, what) ||
		    addr_compare(&o->address, &what->address) != 0 ||
		    !share_service(e, o, what))
			continue;
		text = orders_text(e, o);
		json_array_append_new(
		    lines, json_sprintf("still in force: %s", text));
		free(text);
	}
	return lines;
}

static json_t *
nothing_to_release(const struct engine *e, const struct override *what)
{
	json_t *lines = related(e, what), *reply;
	char *subject = subject_text(what);

	if (json_array_size(lines) > 0) {
		json_array_insert_new(lines, 0,
		    json_sprintf("there is no order about %s", subject));
		reply = console_refuse(lines, false);
		free(subject);
		return reply;
	}
	json_decref(lines);
	if (orders_reach(e, what) == 0)
		reply = console_refuse_line(
		    xasprintf("there is neither an order about %s nor such a "
			      "%s",
			subject, override_kind_name(what->kind)),
		    false);
	else
		reply = console_agree(
		    xasprintf("there was no order about %s", subject), NULL);
	free(subject);
	return reply;
}

/* Log that there is an order where was is NULL, and none where now is. */
static void
tell(struct engine *e, const struct override *was, const struct override *now,
    const struct override *by)
{
	const struct override *o = now != NULL ? now : was;
	char subject[OVERRIDE_SUBJECT_LEN], *words, *who;
	const char *to = now != NULL ? override_order_name(now->order)
				     : release_words[o->kind];
	bool within = o->kind == OVERRIDE_BACKEND && o->service[0] != '\0';

	override_subject(o, subject);
	words = xasprintf(
	    "%s%s%s", subject, within ? " " : "", within ? o->service : "");
	who = by->uid == -1
	    ? xasprintf("by somebody%s", by->forced ? ", forced" : "")
	    : xasprintf("by uid %lld%s", (long long)by->uid,
		  by->forced ? ", forced" : "");
	log_notice("override: %s %s: %s, %s", override_kind_name(o->kind),
	    words, to, who);
	history_add(e, HISTORY_OVERRIDE, words,
	    was != NULL ? override_order_name(was->order) : "", to, who);
	free(words);
	free(who);
}

/* What came of keeping orders: wrong is what orders_replace() said. */
static json_t *
conclude(char *line, char *wrong, bool force, json_t *warnings)
{
	if (wrong == NULL)
		return console_agree(line, warnings);
	if (!force) {
		free(line);
		return console_refuse_line(
		    xasprintf("it can't be kept, and would be lost when vc5d "
			      "ends: %s",
			wrong),
		    true);
	}
	json_array_append_new(warnings,
	    json_sprintf(
		"it will be lost when vc5d ends, if this lasts: %s", wrong));
	return console_agree(line, warnings);
}

/* Which VIPs that an order was about are still not announced, and why. */
static void
add_withdrawn(struct engine *e, const struct override *gone, json_t *warnings)
{
	char vip[ADDR_STRLEN], reason[VIP_REASON_LEN];
	size_t i;

	engine_reconcile(e);
	for (i = 0; i < e->conf->vip_count; i++) {
		const struct vip *v = &e->vips[i];

		if (v->wanted || !is_about_vip(e, gone, &v->conf->address))
			continue;
		json_array_append_new(warnings,
		    json_sprintf("%s is not announced: %s",
			addr_format(&v->conf->address, vip),
			vip_explain(v, reason)));
	}
}

/* All orders but those that are taken back with that, and the latter. */
static void
take_out(const struct engine *e, const struct override *with,
    struct overrides *rest, struct overrides *gone)
{
	size_t i;

	overrides_copy(&e->orders.set, rest);
	for (i = 0; i < e->orders.set.count; i++) {
		const struct override *o = &e->orders.set.list[i];

		if (!is_released(o, with))
			continue;
		overrides_remove(rest, o);
		(void)overrides_set(gone, o);
	}
}

static json_t *
release(struct engine *e, const struct order *order)
{
	const struct override *what = &order->what;
	struct overrides next, gone = {0};
	json_t *warnings, *reply;
	char *subject, *wrong;
	size_t i;

	take_out(e, what, &next, &gone);
	if (gone.count == 0) {
		overrides_clear(&next);
		return nothing_to_release(e, what);
	}
	subject = subject_text(what);
	wrong = orders_replace(e, &next, order->force);
	for (i = 0; i < gone.count && (wrong == NULL || order->force); i++)
		tell(e, &gone.list[i], NULL, what);
	warnings = related(e, what);
	if (wrong == NULL || order->force)
		add_withdrawn(e, what, warnings);
	reply = conclude(xasprintf("%s: taken back %zu order%s", subject,
			     gone.count, gone.count == 1 ? "" : "s"),
	    wrong, order->force, warnings);
	overrides_clear(&gone);
	json_decref(warnings);
	free(subject);
	free(wrong);
	return reply;
}

/* What speaks against it: a line each. */
static json_t *
objections(const struct engine *e, const struct override *what)
{
	json_t *lines = json_array();
	char *subject = subject_text(what);

	if (orders_reach(e, what) == 0)
		json_array_append_new(lines,
		    json_sprintf(
			"there is no %s in the configuration", subject));
	if (what->kind == OVERRIDE_BACKEND)
		guard_judge(e, what, lines);
	free(subject);
	return lines;
}

static json_t *
commit(struct engine *e, const struct order *order, json_t *warnings)
{
	struct overrides next;
	const struct override *found =
	    overrides_find(&e->orders.set, &order->what);
	struct override was = {0};
	char *text, *wrong;
	json_t *reply;

	if (found != NULL)
		was = *found;
	overrides_copy(&e->orders.set, &next);
	if (!overrides_set(&next, &order->what)) {
		overrides_clear(&next);
		return console_refuse_line(
		    xasprintf("there are %d overrides already, and no more "
			      "can be: take some back",
			OVERRIDES_MAX),
		    false);
	}
	text = orders_text(e, &order->what);
	wrong = orders_replace(e, &next, order->force);
	if (wrong == NULL || order->force)
		tell(
		    e, found != NULL ? &was : NULL, &order->what, &order->what);
	reply = conclude(text, wrong, order->force, warnings);
	free(wrong);
	return reply;
}

static json_t *
give(struct engine *e, struct order *order)
{
	const struct override *was =
	    overrides_find(&e->orders.set, &order->what);
	json_t *lines, *reply;

	if (was != NULL && was->order == order->what.order &&
	    e->orders.problem == NULL)
		return console_agree(orders_text(e, was), NULL);
	lines = objections(e, &order->what);
	if (json_array_size(lines) > 0 && !order->force)
		return console_refuse(lines, true);
	order->what.forced = json_array_size(lines) > 0;
	reply = commit(e, order, lines);
	json_decref(lines);
	return reply;
}

json_t *
console_override(struct engine *e, const json_t *request)
{
	struct order order = {0};
	char *wrong = read_order(request, &order);
	json_t *reply;

	if (wrong != NULL) {
		reply = json_pack("{s:o}", "error", status_text(wrong));
		free(wrong);
		return reply;
	}
	order.what.since = time(NULL);
	order.what.uid = control_peer(e->control);
	if (order.what.order == ORDER_NONE)
		return release(e, &order);
	return give(e, &order);
}
