/* SPDX-License-Identifier: ISC */

/*
 * What listeners hear again and again: the overview, and the services that
 * somebody wants to hear of.  Each is made over as many turns of the event loop
 * as it takes, and then told to all who want it: one after the other, and begun
 * anew after a reload.
 */

#include <event2/buffer.h>
#include <event2/event.h>

#include <stdlib.h>

#include "adapters/http.h"
#include "base/log.h"
#include "base/monotime.h"
#include "base/xmalloc.h"
#include "engine/private.h"
#include "engine/status_text.h"
#include "engine/web.h"

#define TURN_MS	      3	   /* of the event loop's time, of a turn */
#define SERVICE_MS    1900 /* between two looks at a service */
#define SERVICE_LARGE 1000 /* destinations, which are no event any more */
#define SHARE	      20   /* what takes t is not done again for SHARE * t */

/* Something to tell, again and again. */
struct part {
	uint64_t interval; /* ms, at least */
	uint64_t at;	   /* monotonic ms, of the next time */
	uint64_t begun;	   /* this time; 0 = it is not being told */
	uint64_t took;	   /* microseconds of the processor, of all turns */
};

struct web_round {
	struct engine *engine;
	struct event *work;
	struct part overview, services;
	/* What is being made: */
	struct part *making; /* NULL = nothing */
	char *id;	     /* of a service; NULL = the overview */
	struct status_cursor cursor;
	struct evbuffer *text;
};

static void
work_soon(struct web_round *r)
{
	struct timeval now = {0};

	evtimer_add(r->work, &now);
}

/* What costs much is done less often. */
static void
part_end(struct part *p)
{
	uint64_t pause = p->took * SHARE / 1000;

	p->at = p->begun + (pause > p->interval ? pause : p->interval);
	p->begun = 0;
}

static void
part_begin(struct part *p, uint64_t now)
{
	p->begun = now;
	p->took = 0;
}

static void
drop(struct web_round *r)
{
	evbuffer_drain(r->text, evbuffer_get_length(r->text));
	r->cursor = (struct status_cursor){0};
}

static void
made(struct web_round *r)
{
	drop(r);
	free(r->id);
	r->id = NULL;
	r->making = NULL;
}

/* Find something to make: false if everything was told. */
static bool
choose(struct web_round *r)
{
	const char *id;

	if (r->making != NULL)
		return true;
	if (r->overview.begun != 0) {
		r->making = &r->overview;
		return true;
	}
	if (r->services.begun == 0)
		return false;
	if ((id = http_untold_service(r->engine->http)) == NULL) {
		part_end(&r->services);
		return false;
	}
	r->making = &r->services;
	r->id = xstrdup(id);
	return true;
}

static enum status_step
service_step(struct web_round *r)
{
	const struct engine *e = r->engine;
	const struct service *s;

	if (!r->cursor.begun) {
		s = web_find(e, r->id);
		if (s == NULL || s->conf->destination_count > SERVICE_LARGE)
			return STATUS_END;
		web_service_begin(e, s, &r->cursor);
	}
	return web_service_step(e, &r->cursor, r->text);
}

/* NULL if there is nothing to tell; valid until the text is changed. */
static const char *
text_of(struct web_round *r)
{
	if (evbuffer_get_length(r->text) == 0)
		return NULL;
	if (evbuffer_add(r->text, "", 1) == -1)
		fatalx("out of memory");
	return (const char *)evbuffer_pullup(r->text, -1);
}

static void
tell(struct web_round *r)
{
	struct http *http = r->engine->http;
	const char *text = text_of(r);

	if (r->id != NULL)
		http_tell_service(http, r->id, "service", text);
	else
		http_tell(http, "overview", 0, text);
	if (r->making == &r->overview)
		part_end(&r->overview);
	made(r);
}

static void
step(struct web_round *r)
{
	switch (r->id != NULL
		? service_step(r)
		: web_overview_step(r->engine, &r->cursor, r->text)) {
	case STATUS_MORE:
		break;
	case STATUS_END:
		tell(r);
		break;
	case STATUS_CHANGED:
		drop(r);
		break;
	}
}

static void
stop(struct web_round *r)
{
	made(r);
	r->overview.begun = r->services.begun = 0;
	evtimer_del(r->work);
}

static void
on_work(evutil_socket_t fd, short what, void *arg)
{
	struct web_round *r = arg;
	uint64_t begun = monotime_ms(), used = monotime_cpu_us(), now;
	struct part *part;

	(void)fd, (void)what;
	if (!web_is_heard(r->engine)) {
		stop(r);
		return;
	}
	while (monotime_ms() < begun + TURN_MS && choose(r)) {
		part = r->making;
		step(r);
		now = monotime_cpu_us();
		part->took += now - used;
		used = now;
	}
	if (r->overview.begun != 0 || r->services.begun != 0)
		work_soon(r);
}

void
web_round_tick(struct web_round *r, uint64_t now)
{
	if (!web_is_heard(r->engine))
		return;
	if (r->overview.begun == 0 && now >= r->overview.at)
		part_begin(&r->overview, now);
	if (r->services.begun == 0 && now >= r->services.at) {
		part_begin(&r->services, now);
		http_untell_services(r->engine->http);
	}
	work_soon(r);
}

struct web_round *
web_round_new(struct engine *e)
{
	struct web_round *r = xcalloc(1, sizeof(*r));

	r->engine = e;
	r->services.interval = SERVICE_MS;
	r->work = evtimer_new(e->base, on_work, r);
	r->text = evbuffer_new();
	if (r->work == NULL || r->text == NULL)
		fatalx("out of memory");
	return r;
}

void
web_round_free(struct web_round *r)
{
	if (r == NULL)
		return;
	made(r);
	evbuffer_free(r->text);
	event_free(r->work);
	free(r);
}
