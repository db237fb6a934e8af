/* SPDX-License-Identifier: ISC */

/*
 * Run-time orders (core/overrides.h) and the tree: what is ordered is so at
 * start, after a reload and as soon as it is ordered; and it is kept in a file,
 * before it is so.
 */

#include <stdlib.h>
#include <string.h>

#include "adapters/state_file.h"
#include "base/log.h"
#include "base/xmalloc.h"
#include "engine/private.h"

char *
orders_read(const char *path, struct overrides *out)
{
	char *text, *wrong, *why = NULL;
	size_t len;

	wrong = state_file_read(path, &text, &len);
	if (wrong == NULL && text != NULL &&
	    (why = overrides_read(text, len, out)) != NULL)
		wrong = xasprintf("%s: %s", path, why);
	free(why);
	free(text);
	return wrong;
}

int
orders_load(struct engine *e)
{
	const char *path = e->conf->state;
	char *wrong = orders_read(path, &e->orders.set);

	if (wrong == NULL) {
		if (e->orders.set.count > 0)
			log_notice("%zu overrides of before are in force: %s",
			    e->orders.set.count, path);
		return 0;
	}
	log_warnx("%s", wrong);
	log_warnx("not started: what was ordered to be out can't be known; "
		  "mend the file, or move it away to start without overrides");
	free(wrong);
	return -1;
}

void
orders_of_destination(struct destination *d)
{
	const struct conf_service *s = d->service->conf;

	d->order = overrides_of_backend(&d->service->engine->orders.set,
	    &d->conf->address, s->name, &s->key);
}

void
orders_of_service(struct service *s)
{
	s->ordered_down = overrides_of_service(&s->engine->orders.set,
			      s->conf->name, &s->conf->key) != ORDER_NONE;
}

void
orders_of_vip(const struct engine *e, struct vip *v)
{
	v->ordered_out =
	    overrides_of_vip(&e->orders.set, &v->conf->address) != ORDER_NONE;
}

static void
follow_destination(struct destination *d)
{
	enum override_order was = d->order;

	orders_of_destination(d);
	if (d->order == was)
		return;
	/* Whoever was out comes back as one that was down does. */
	d->cold = true;
	destination_evaluate(d);
}

static void
follow(struct engine *e)
{
	size_t i, j;

	for (i = 0; i < e->conf->service_count; i++) {
		struct service *s = &e->services[i];

		orders_of_service(s);
		for (j = 0; j < s->conf->destination_count; j++)
			follow_destination(&s->destinations[j]);
	}
	for (i = 0; i < e->conf->vip_count; i++)
		orders_of_vip(e, &e->vips[i]);
	engine_reconcile_soon(e);
}

/* NULL, or why not: free(3) it.  A disk may take seconds for that. */
static char *
keep(struct engine *e, const struct overrides *set)
{
	size_t len;
	char *text = overrides_write(set, &len), *wrong;

	parent_excuse(e);
	wrong = state_file_write(e->conf->state, text, len);
	free(text);
	return wrong;
}

char *
orders_replace(struct engine *e, struct overrides *set, bool force)
{
	char *wrong = keep(e, set);

	/* What is in the file now can't be known, even if it is refused. */
	free(e->orders.problem);
	e->orders.problem = wrong == NULL ? NULL : xstrdup(wrong);
	if (wrong != NULL)
		log_warnx("overrides can't be kept: %s", wrong);
	if (wrong != NULL && !force) {
		overrides_clear(set);
		return wrong;
	}
	overrides_clear(&e->orders.set);
	e->orders.set = *set;
	memset(set, 0, sizeof(*set));
	follow(e);
	orders_watch(e);
	return wrong;
}

void
orders_retry(struct engine *e, uint64_t now)
{
	char *wrong;

	if (e->orders.problem == NULL || !retry_due(&e->orders.retry, now))
		return;
	wrong = keep(e, &e->orders.set);
	free(e->orders.problem);
	e->orders.problem = wrong;
	if (wrong != NULL)
		return;
	retry_reset(&e->orders.retry);
	log_notice("overrides are kept again: %s", e->conf->state);
}

void
orders_free(struct engine *e)
{
	while (e->orders.idle_count > 0)
		free(e->orders.idle[--e->orders.idle_count]);
	free(e->orders.idle);
	overrides_clear(&e->orders.set);
	free(e->orders.problem);
	e->orders.problem = NULL;
}
