/* SPDX-License-Identifier: ISC */

/*
 * What is told to all: that this instance is here, flows that are new or have
 * changed, and how services look from here.
 */

#include "adapters/sync_private.h"

#define VIEW_EVERY 5000 /* ms */

/*
 * While somebody waits for all flows, new ones leave it so much of what may
 * be sent: 1 part of this many.
 */
#define SERVED_SHARE 4

/* A telling in progress. */
struct telling {
	struct sync *sync;
	uint64_t now;
	size_t cost, reserve; /* bytes */
	bool deferred;
};

void
sync_hello(struct sync *s, uint64_t now)
{
	uint64_t flows = s->callbacks->count(s->arg);
	struct sync_writer w;
	unsigned flags = 0;

	if (!s->join.done)
		flags |= SYNC_HELLO_LEARNING;
	if (s->leaving)
		flags |= SYNC_HELLO_LEAVING;
	sync_peers_hello(s->peers, &w, sync_out_begin(s, NULL),
	    flows < UINT32_MAX ? (uint32_t)flows : UINT32_MAX, now);
	sync_out_end(s, &w, flags);
}

/*
 * Of many services a part goes out each time, as bandwidth allows.  At least
 * one datagram does, which may say that there are none.
 */
void
sync_tell_view(struct sync *s, uint64_t now)
{
	struct sync_writer w;

	if (s->view_next >= s->service_count && now < s->view_at)
		return;
	if (now >= s->view_at) {
		s->view_at = now + VIEW_EVERY;
		s->view_next = 0;
	}
	do {
		sync_write_view(&w, sync_out_begin(s, NULL), s->services,
		    s->service_count, &s->view_next);
		sync_out_end(s, &w, 0);
	} while (s->view_next < s->service_count &&
	    sync_rate_allows(&s->rate, SYNC_DATAGRAM_MAX, now));
}

static bool
collect(const struct flow *f, const struct dataplane_flow_note *note, void *arg)
{
	struct telling *t = arg;
	struct sync *s = t->sync;

	(void)note;
	if (!sync_flow_tellable(f))
		return true;
	if (!sync_batch_has_room(s->batch) ||
	    !sync_rate_allows(&s->rate, t->cost + t->reserve, t->now)) {
		t->deferred = true;
		return false;
	}
	t->cost += sync_batch_add(s->batch, f);
	return true;
}

/* Flows of the batch as datagrams to all. */
static void
send_batch(struct sync *s)
{
	const struct flow *f = sync_batch_peek(s->batch);
	struct sync_writer w;

	while (f != NULL) {
		sync_write_flows(&w, sync_out_begin(s, NULL));
		while (f != NULL && sync_write_flow(&w, f)) {
			sync_batch_advance(s->batch);
			f = sync_batch_peek(s->batch);
			s->sent.flows++;
		}
		sync_out_end(s, &w, 0);
	}
}

/*
 * Flows that are told are not told again soon: so only while others can hear
 * it, and believe it.
 */
void
sync_tell(struct sync *s, uint64_t now)
{
	struct telling t = {.sync = s, .now = now};

	if (*sync_socket_problem(s->socket) != '\0' ||
	    !sync_peers_may_tell(s->peers, now))
		return;
	if (sync_serve_busy(s))
		t.reserve = s->rate.rate * SYNC_TICK / 1000 / SERVED_SHARE;
	sync_batch_clear(s->batch);
	s->callbacks->tell(s->arg, collect, &t);
	s->deferred += t.deferred;
	send_batch(s);
}
