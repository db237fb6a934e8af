/* SPDX-License-Identifier: ISC */

/*
 * What comes in: each datagram is looked at as cheaply as can be until there
 * is reason to believe it, and none for long enough to hold up the event loop.
 */

#include "adapters/sync_private.h"
#include "base/monotime.h"

/* Fault or verdict or enum sync_drop, as an index of drops[]. */
#define FAULT(fault)	 ((unsigned)(fault))
#define VERDICT(verdict) (SYNC_FAULTS + (unsigned)(verdict))

void
sync_learn(struct sync *s, struct sync_flows *flows)
{
	struct flow f;

	while (sync_flow_next(flows, &f)) {
		s->learnt[s->callbacks->learn(s->arg, &f)].count++;
		s->received.flows++;
	}
}

/* 0, or why its tag is not even worth checking. */
static unsigned
look_at_header(
    const struct sync *s, const struct sync_datagram *d, struct sync_header *h)
{
	enum sync_fault fault = sync_peek(d->bytes, d->len, h);
	enum sync_verdict verdict;

	if (fault != SYNC_SOUND)
		return FAULT(fault);
	if (h->cluster != s->cluster)
		return DROP_CLUSTER;
	verdict = sync_peers_foresee(s->peers, h);
	return verdict != SYNC_ACCEPTED ? VERDICT(verdict) : 0;
}

static unsigned
check_tag(struct sync *s, const struct sync_datagram *d, uint32_t key)
{
	size_t covered = d->len - SYNC_TAG_LEN;

	switch (sync_keys_verify(
	    s->keys, key, d->bytes, covered, d->bytes + covered)) {
	case SYNC_KEY_GOOD:
		return 0;
	case SYNC_KEY_UNKNOWN:
		return DROP_KEY;
	default:
		return DROP_FORGED;
	}
}

static void
obey(struct sync *s, struct sync_message *m, uint64_t now)
{
	switch (m->header.type) {
	case SYNC_FLOWS:
		sync_learn(s, &m->flows);
		break;
	case SYNC_REQUEST:
		sync_serve_request(s, m, now);
		break;
	case SYNC_BULK:
		sync_join_bulk(s, m, now);
		break;
	case SYNC_REFUSAL:
		sync_join_refused(s, m, now);
		break;
	default: /* the peers have looked at it */
		break;
	}
}

/* 0, or why it is not taken. */
static unsigned
take(struct sync *s, const struct sync_datagram *d, uint64_t now)
{
	struct sync_message m;
	enum sync_verdict verdict;
	enum sync_fault fault;
	unsigned drop;

	if ((drop = look_at_header(s, d, &m.header)) != 0 ||
	    (drop = check_tag(s, d, m.header.key)) != 0)
		return drop;
	fault = sync_read(d->bytes, d->len, &m);
	if (fault != SYNC_SOUND)
		return FAULT(fault);
	verdict = sync_peers_accept(s->peers, &m, &d->from, now);
	if (verdict != SYNC_ACCEPTED)
		return VERDICT(verdict);
	s->received.datagrams++;
	s->received.bytes += d->len + sync_out_headers(s);
	obey(s, &m, now);
	return 0;
}

void
sync_receive(void *arg)
{
	struct sync *s = arg;
	const struct sync_datagram *datagrams;
	uint64_t now = monotime_ms(), end = now + SYNC_PASS;
	size_t i, count;
	unsigned drop;

	do {
		count = sync_socket_receive(s->socket, &datagrams);
		for (i = 0; i < count; i++) {
			drop = take(s, &datagrams[i], now);
			if (drop != 0)
				s->drops[drop].count++;
		}
		now = monotime_ms();
	} while (count == SYNC_SOCKET_BATCH && now < end);
	sync_out_flush(s);
}
