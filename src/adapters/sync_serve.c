/* SPDX-License-Identifier: ISC */

/*
 * Sending flows to who asks for them.  They are collected a chunk at a time,
 * so that those of one service and server come together, and sent in parts.
 * A cursor is a chunk's place in the data plane, and a part of it; a chunk
 * that is collected again is another one, so all of it is then sent again.
 */

#include <sys/time.h>

#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "adapters/sync_private.h"
#include "base/log.h"
#include "base/monotime.h"

#define WINDOW_MAX  1024
#define FORGET	    10000 /* ms after which who doesn't ask again has gone */
#define PAUSE	    20	  /* ms until there may be bandwidth again */
#define PART_BITS   16
#define PART_NUMBER ((1 << PART_BITS) - 1)
#define DATAGRAM    (SYNC_DATAGRAM_MAX + 48)

static uint64_t
cursor_of(const struct sync_served *v)
{
	return v->position << PART_BITS | v->part;
}

static void
seek(struct sync_served *v, uint64_t cursor)
{
	v->position = cursor >> PART_BITS;
	v->part = cursor & PART_NUMBER;
	v->loaded = false;
	v->over = false;
}

/* Who asks already has a place; else a free one, or of who has gone. */
static struct sync_served *
find_place(struct sync *s, uint64_t id, uint64_t now)
{
	struct sync_served *v, *found = NULL;

	for (v = s->served; v < s->served + SYNC_SERVED; v++) {
		if (v->active && now >= v->seen + FORGET)
			v->active = false;
		if (v->active && v->peer.id == id)
			return v;
		if (!v->active)
			found = v;
	}
	return found;
}

static void
refuse(struct sync *s, const struct sync_message *m, const struct addr *to,
    enum sync_reason reason)
{
	const struct sync_refusal refusal = {
	    .to = {m->header.sender, m->header.epoch},
	    .transfer = m->request.transfer,
	    .reason = (uint16_t)reason,
	};
	struct sync_writer w;

	sync_write_refusal(&w, sync_out_begin(s, to), &refusal);
	sync_out_end(s, &w, 0);
}

static void
serve(struct sync_served *v, const struct sync_message *m,
    const struct addr *to, uint64_t now)
{
	const struct sync_request *r = &m->request;
	bool goes_on = v->active && v->transfer == r->transfer &&
	    v->peer.epoch == m->header.epoch && v->since == r->since &&
	    !v->over && cursor_of(v) == r->cursor;

	v->active = true;
	v->peer.id = m->header.sender;
	v->peer.epoch = m->header.epoch;
	v->address = *to;
	v->transfer = r->transfer;
	v->since = r->since;
	v->window = r->window < WINDOW_MAX ? r->window : WINDOW_MAX;
	v->seen = now;
	if (v->chunk == NULL)
		v->chunk = sync_batch_new(SYNC_CHUNK);
	if (!goes_on)
		seek(v, r->cursor);
}

/* Answers go where its HELLOs come from. */
void
sync_serve_request(struct sync *s, const struct sync_message *m, uint64_t now)
{
	struct sync_identity who = {m->header.sender, m->header.epoch};
	const struct sync_peer *peer = sync_find_peer(s, &who);
	struct sync_served *v = find_place(s, who.id, now);

	if (peer == NULL)
		return;
	if (s->leaving)
		refuse(s, m, &peer->from, SYNC_REASON_LEAVING);
	else if (!s->join.done)
		refuse(s, m, &peer->from, SYNC_REASON_LEARNING);
	else if (v == NULL)
		refuse(s, m, &peer->from, SYNC_REASON_BUSY);
	else {
		serve(v, m, &peer->from, now);
		sync_serve_more(s, now);
	}
}

static bool
collect(const struct flow *f, const struct dataplane_flow_note *note, void *arg)
{
	struct sync_served *v = arg;

	(void)note;
	if (!sync_flow_tellable(f))
		return true;
	if (!sync_batch_has_room(v->chunk))
		return false;
	sync_batch_add(v->chunk, f);
	return true;
}

static void
load_chunk(struct sync *s, struct sync_served *v)
{
	sync_batch_clear(v->chunk);
	v->next = v->position;
	s->callbacks->walk(s->arg, &v->next, v->since, collect, v);
	v->loaded = true;
}

/* A chunk without flows is a part too: it says that all goes on. */
static void
send_part(struct sync *s, struct sync_served *v)
{
	const struct sync_bulk bulk = {
	    .to = v->peer, .transfer = v->transfer, .from = cursor_of(v)};
	struct sync_writer w;
	const struct flow *f;

	sync_write_bulk(&w, sync_out_begin(s, &v->address), &bulk);
	for (f = sync_batch_peek(v->chunk); f != NULL && sync_write_flow(&w, f);
	     f = sync_batch_peek(v->chunk)) {
		sync_batch_advance(v->chunk);
		s->sent.flows++;
	}
	v->window--;
	v->part++;
	if (f == NULL) {
		v->over = v->next == DATAPLANE_WALK_END;
		v->position = v->next;
		v->part = 0;
		v->loaded = false;
	}
	sync_write_bulk_upto(&w, cursor_of(v));
	sync_out_end(s, &w, v->over ? SYNC_BULK_LAST : 0);
}

static bool
is_waiting(const struct sync_served *v)
{
	return v->active && v->window > 0 && !v->over;
}

bool
sync_serve_busy(const struct sync *s)
{
	size_t i;

	for (i = 0; i < SYNC_SERVED; i++)
		if (is_waiting(&s->served[i]))
			return true;
	return false;
}

static void
go_on_later(struct sync *s, uint64_t ms)
{
	struct timeval tv = monotime_timeval(ms);

	evtimer_add(s->serve, &tv);
}

/* Part by part, so that all who wait get as much. */
void
sync_serve_more(struct sync *s, uint64_t now)
{
	uint64_t end = now + SYNC_PASS;
	struct sync_served *v;

	while (sync_serve_busy(s)) {
		for (v = s->served; v < s->served + SYNC_SERVED; v++) {
			if (!is_waiting(v))
				continue;
			if (!sync_rate_allows(&s->rate, DATAGRAM, now)) {
				go_on_later(s, PAUSE);
				return;
			}
			if (!v->loaded)
				load_chunk(s, v);
			send_part(s, v);
		}
		now = monotime_ms();
		if (now >= end) {
			go_on_later(s, 0);
			return;
		}
	}
}

void
sync_serve_reset(struct sync *s)
{
	size_t i;

	for (i = 0; i < SYNC_SERVED; i++) {
		sync_batch_free(s->served[i].chunk);
		memset(&s->served[i], 0, sizeof(s->served[i]));
	}
}
