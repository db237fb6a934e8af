/* SPDX-License-Identifier: ISC */

/*
 * The fleet guard: how many of a service's servers may be taken out at once.
 *
 * Out is who gets no new flows, for whatever reason: an order is judged by what
 * would be left.  Who is taken out by orders and by the file may not be more
 * than max_out either, whether or not they would be healthy: else a service
 * whose servers were taken out while they were down would have none when all
 * are well again.
 */

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/xmalloc.h"
#include "engine/private.h"

#define NAMES_MAX 8 /* of servers that are out, in a line */
#define LINES_MAX 20

struct tally {
	size_t total;	/* servers that have a weight */
	size_t out;	/* of these, how many get no new flows */
	size_t ordered; /* and of how many an order or the file says so */
	size_t limit;
};

static bool
is_ordered(const struct destination *d)
{
	return d->order != ORDER_NONE || d->conf->draining;
}

/* As it is, but for those of a server that is taken out; NULL = nobody. */
static struct tally
tally(const struct service *s, const struct destination *leaving)
{
	struct tally t = {0};
	size_t i;

	for (i = 0; i < s->conf->destination_count; i++) {
		const struct destination *d = &s->destinations[i];

		if (d->conf->weight == 0)
			continue;
		t.total++;
		t.out += d->state != DESTINATION_UP || d == leaving;
		t.ordered += is_ordered(d) || d == leaving;
	}
	t.limit = t.total * s->conf->max_out / 100;
	return t;
}

static const char *
why_out(const struct destination *d)
{
	if (d->order != ORDER_NONE)
		return override_order_name(d->order);
	return d->state == DESTINATION_DRAINING ? "draining" : "down";
}

/* "10.0.0.2 (down), 10.0.0.3 (maint)": free(3) it. */
static char *
names_of_out(const struct service *s)
{
	char *list = xstrdup(""), *longer, server[ADDR_STRLEN];
	size_t i, count = 0;

	for (i = 0; i < s->conf->destination_count; i++) {
		const struct destination *d = &s->destinations[i];

		if (d->conf->weight == 0 || d->state == DESTINATION_UP)
			continue;
		if (count++ == NAMES_MAX) {
			longer = xasprintf("%s and more", list);
			free(list);
			return longer;
		}
		longer = xasprintf("%s%s%s (%s)", list, count > 1 ? ", " : "",
		    addr_format(&d->conf->address, server), why_out(d));
		free(list);
		list = longer;
	}
	if (count > 0)
		return list;
	free(list);
	return xstrdup("none");
}

static void
add_line(const struct service *s, json_t *lines, const char *text)
{
	char key[SERVICE_KEY_STRLEN];

	if (json_array_size(lines) < LINES_MAX)
		json_array_append_new(lines,
		    json_sprintf("%s %s: %s", s->conf->name,
			service_key_format(&s->conf->key, key), text));
}

static void
judge(const struct destination *d, json_t *lines)
{
	const struct service *s = d->service;
	struct tally t = tally(s, d);
	bool up = d->state == DESTINATION_UP;
	char server[ADDR_STRLEN], *text, *names;

	if (d->conf->weight == 0)
		return;
	addr_format(&d->conf->address, server);
	if ((up && t.out > t.limit) ||
	    (!is_ordered(d) && t.ordered > t.limit)) {
		names = names_of_out(s);
		text = xasprintf("of %zu servers max_out, %u %%, allows %zu to "
				 "be out; with %s it would be %zu; out now: %s",
		    t.total, s->conf->max_out, t.limit, server,
		    up && t.out > t.limit ? t.out : t.ordered, names);
		add_line(s, lines, text);
		free(text);
		free(names);
	}
	if (up && s->up - 1 < s->conf->need) {
		text = xasprintf("without %s, %u servers would be up, and %u "
				 "are needed to announce the VIP",
		    server, s->up - 1, s->conf->need);
		add_line(s, lines, text);
		free(text);
	}
}

void
guard_judge(const struct engine *e, const struct override *o, json_t *lines)
{
	const struct destination *d;
	size_t i;

	for (i = 0; i < e->conf->service_count; i++) {
		const struct service *s = &e->services[i];

		if (!override_has_service(o, s->conf->name, &s->conf->key))
			continue;
		d = destination_find(s, &o->address);
		if (d != NULL)
			judge(d, lines);
	}
}

void
guard_warn(const struct engine *e)
{
	char key[SERVICE_KEY_STRLEN];
	size_t i;

	for (i = 0; i < e->conf->service_count; i++) {
		const struct service *s = &e->services[i];
		struct tally t = tally(s, NULL);

		if (t.ordered > t.limit)
			log_warnx(
			    "%s %s: %zu of %zu servers are taken out, by "
			    "the configuration or by orders, and max_out, "
			    "%u %%, allows %zu",
			    s->conf->name,
			    service_key_format(&s->conf->key, key), t.ordered,
			    t.total, s->conf->max_out, t.limit);
	}
}
