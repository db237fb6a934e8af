/* SPDX-License-Identifier: ISC */

/*
 * Flows that another instance has told of, entered into the flow table beside
 * packets that do the same.  Where a flow goes is looked up among the servers
 * of its service here: nothing that was told can name another.
 *
 * An entry is written as packets write it: an entry whose key and destination
 * don't belong together is nobody's, so that a packet which meets a half
 * written one misses, and which of two writers comes last doesn't matter.  A
 * stamp is changed only if it still is what was decided by.
 */

#include <arpa/inet.h>

#include "adapters/dataplane_xdp_entry.h"

#define ENTRY_READ(field)   __atomic_load_n(&(field), __ATOMIC_RELAXED)
#define STORE(field, value) __atomic_store_n(&(field), value, __ATOMIC_RELEASE)

/* A flow as it is to be in the table. */
struct lesson {
	const struct flow *flow;
	uint64_t fingerprint;
	uint32_t buckets[2];
	uint32_t destination; /* index and generation */
	bool down;	      /* it is */
	uint32_t idle;	      /* its service's */
	uint32_t now;
	uint32_t stamp;
	struct vc5_tuple tuple;
};

static uint32_t
stamp_of(const struct flow *flow, uint32_t now)
{
	return flow_stamp(
	    flow->state == FLOW_CLOSED ? VC5_FLOW_CLOSED : VC5_FLOW_CONFIRMED,
	    now - flow->idle);
}

/*
 * The server as it is in the service here: LEARNT_NEW if it may be used.  One
 * that is down may be up in a moment, as it is already where the flow is: what
 * is told now is not told again.
 */
static enum dataplane_learnt
find_server(struct xdp *xdp, const struct flow *flow, struct lesson *lesson)
{
	const struct xdp_service *service =
	    xdp_service_find(xdp, &flow->service);
	const struct xdp_destination *server;

	if (service == NULL || flow->client.family != flow->service.vip.family)
		return LEARNT_NO_SERVICE;
	if (!service->track)
		return LEARNT_UNTRACKED;
	server = xdp_destination_find(service, &flow->server);
	if (server == NULL)
		return LEARNT_NO_SERVER;
	lesson->down = server->is.state == DESTINATION_DOWN;
	lesson->destination = server->index |
	    (uint32_t)xdp->destinations[server->index].generation << 16;
	lesson->idle = service->idle;
	lesson->tuple.service = service->index;
	return LEARNT_NEW;
}

/* Everything about the flow that doesn't depend on what is in the table. */
static enum dataplane_learnt
prepare(struct xdp *xdp, const struct flow *flow, struct lesson *lesson)
{
	enum dataplane_learnt result = find_server(xdp, flow, lesson);
	struct flow_hash hash;
	struct tuple words;
	bool six;

	if (result != LEARNT_NEW)
		return result;
	lesson->flow = flow;
	lesson->now = ENTRY_READ(xdp->control->clock);
	/* What any new flow could replace at once isn't worth a place. */
	if (flow->state == FLOW_EMBRYONIC ||
	    flow->idle >
		(flow->state == FLOW_CLOSED ? VC5_IDLE_CLOSED : lesson->idle))
		return LEARNT_OLDER;
	lesson->stamp = stamp_of(flow, lesson->now);
	addr_to_mapped(&flow->client, lesson->tuple.client);
	lesson->tuple.port = htons(flow->client_port);
	lesson->tuple.created = (lesson->now & VC5_STAMP_SECONDS) | VC5_LEARNT;
	six = xdp_tuple(&xdp->services[lesson->tuple.service].key,
	    lesson->tuple.client, lesson->tuple.port, &words);
	hash = xdp_flow_hash(xdp, &words, six);
	lesson->fingerprint = hash.fingerprint;
	xdp_flow_buckets(xdp, &hash, lesson->buckets);
	return LEARNT_NEW;
}

/* As flow_write() in bpf/flow.h, in its order. */
static void
write_entry(struct xdp *xdp, uint32_t index, const struct lesson *lesson)
{
	const struct vc5_flow as = {
	    .key = flow_key(lesson->fingerprint, lesson->destination),
	    .destination = lesson->destination,
	    .stamp = lesson->stamp,
	};
	struct vc5_flow *entry =
	    &xdp->flows[index / VC5_WAYS].ways[index % VC5_WAYS];

	STORE(entry->key, 0);
	STORE(entry->destination, as.destination);
	STORE(entry->stamp, as.stamp);
	STORE(entry->key, as.key);
	xdp->tuples[index] = lesson->tuple;
	xdp_shadow_set(xdp, index, &as);
}

/* Others know of it what they say: it need not be told as if it were new. */
static void
note_known(struct xdp *xdp, uint32_t index, struct vc5_flow is,
    const struct lesson *lesson)
{
	if (flow_state(is.stamp) != flow_state(lesson->stamp))
		return;
	is.stamp = lesson->stamp;
	xdp_shadow_set(xdp, index, &is);
}

/* What was told of a confirmed flow that is here, with the same server. */
static enum dataplane_learnt
refresh(struct xdp *xdp, uint32_t index, struct vc5_flow is,
    const struct lesson *lesson)
{
	struct vc5_flow *entry =
	    &xdp->flows[index / VC5_WAYS].ways[index % VC5_WAYS];
	uint32_t age = flow_age(is.stamp, lesson->now);
	bool closes = flow_state(is.stamp) == VC5_FLOW_CONFIRMED &&
	    lesson->flow->state == FLOW_CLOSED;

	/* In the second of its last data there may be its end. */
	if (lesson->flow->idle > age ||
	    (lesson->flow->idle == age && !closes)) {
		note_known(xdp, index, is, lesson);
		return LEARNT_OLDER;
	}
	/* It fails when a packet has come meanwhile, which is newer. */
	if (!__atomic_compare_exchange_n(&entry->stamp, &is.stamp,
		lesson->stamp, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED))
		return LEARNT_OLDER;
	is.stamp = lesson->stamp;
	xdp_shadow_set(xdp, index, &is);
	if (xdp->tuples[index].created & VC5_LEARNT)
		xdp->tuples[index].created = lesson->tuple.created;
	return LEARNT_REFRESHED;
}

/*
 * What was told of a flow that is embryonic here, of which less is known than
 * of one that was confirmed elsewhere.  After the end of another connection it
 * is the next one.
 */
static enum dataplane_learnt
confirm(struct xdp *xdp, uint32_t index, const struct vc5_flow *is,
    const struct lesson *lesson)
{
	uint32_t age = flow_age(is->stamp, lesson->now);
	bool same = is->destination == lesson->destination;
	struct lesson as = *lesson;

	if (lesson->flow->state == FLOW_CLOSED && lesson->flow->idle >= age)
		return LEARNT_OLDER;
	/* Long before: a client that uses its port again. */
	if (!same && (lesson->down || lesson->flow->idle > age + FLOW_REUSE))
		return LEARNT_OLDER;
	if (same && lesson->flow->idle > age)
		as.stamp = flow_stamp(VC5_FLOW_CONFIRMED, is->stamp);
	write_entry(xdp, index, &as);
	return same ? LEARNT_REFRESHED : LEARNT_MOVED;
}

/*
 * What was told of a flow that is here.  When it goes to another server, who
 * saw it last is right, and on a tie who saw it himself.
 */
static enum dataplane_learnt
merge(struct xdp *xdp, uint32_t index, const struct vc5_flow *is,
    const struct lesson *lesson)
{
	if (flow_state(is->stamp) == VC5_FLOW_EMBRYONIC)
		return confirm(xdp, index, is, lesson);
	if (is->destination == lesson->destination)
		return refresh(xdp, index, *is, lesson);
	if (xdp_entry_destination(xdp, is->destination) != NULL &&
	    (lesson->down ||
		lesson->flow->idle >= flow_age(is->stamp, lesson->now)))
		return LEARNT_OLDER;
	write_entry(xdp, index, lesson);
	return LEARNT_MOVED;
}

/* The entry of a bucket that is given away first, and what it is. */
static enum vc5_rank
find_victim(
    const struct xdp *xdp, uint32_t bucket, uint32_t now, uint32_t *victim)
{
	enum vc5_rank rank, taken = VC5_RANK_LIVE;
	uint32_t index = bucket * VC5_WAYS;
	uint64_t score, best = 0;
	struct vc5_flow is;

	for (unsigned way = 0; way < VC5_WAYS; way++, index++) {
		is = xdp_entry_read(xdp, index);
		rank = xdp_entry_rank(xdp, &is, now);
		score = flow_score(rank, flow_age(is.stamp, now));
		if (score > best) {
			best = score;
			taken = rank;
			*victim = index;
		}
	}
	return taken;
}

/* By the rules that packets of new flows have: flow_victim() in bpf/flow.h. */
static enum dataplane_learnt
enter(struct xdp *xdp, const struct lesson *lesson)
{
	enum vc5_rank taken = VC5_RANK_LIVE;
	uint32_t victim = 0;

	for (unsigned i = 0; i < 2 && taken == VC5_RANK_LIVE; i++)
		taken =
		    find_victim(xdp, lesson->buckets[i], lesson->now, &victim);
	/* No packet goes there yet: nothing that can be used gives way. */
	if (lesson->down && taken < VC5_RANK_GONE)
		return LEARNT_FULL;
	if (taken != VC5_RANK_FREE)
		xdp->control->taken[taken]++;
	if (taken == VC5_RANK_LIVE)
		return LEARNT_FULL;
	write_entry(xdp, victim, lesson);
	return LEARNT_NEW;
}

/* Is there an entry of the flow in a bucket?  Then *result says what came. */
static bool
merge_in(struct xdp *xdp, uint32_t bucket, const struct lesson *lesson,
    enum dataplane_learnt *result)
{
	uint32_t index = bucket * VC5_WAYS;
	bool found = false;
	struct vc5_flow is;

	/* Two CPUs can have entered it twice: both must agree. */
	for (unsigned way = 0; way < VC5_WAYS; way++, index++) {
		is = xdp_entry_read(xdp, index);
		if (flow_state(is.stamp) == VC5_FLOW_FREE ||
		    is.key != flow_key(lesson->fingerprint, is.destination))
			continue;
		*result = merge(xdp, index, &is, lesson);
		found = true;
	}
	return found;
}

/*
 * Packets may have entered the flow meanwhile, by the hash table: with another
 * server.  That entry becomes nobody's; it is not free, as entries are taken
 * from the first on.
 */
static void
forget_others(struct xdp *xdp, uint32_t bucket, const struct lesson *lesson)
{
	uint32_t index = bucket * VC5_WAYS;
	struct vc5_flow is, *entry;

	for (unsigned way = 0; way < VC5_WAYS; way++, index++) {
		is = xdp_entry_read(xdp, index);
		if (is.destination == lesson->destination ||
		    flow_state(is.stamp) == VC5_FLOW_FREE ||
		    is.key != flow_key(lesson->fingerprint, is.destination))
			continue;
		entry = &xdp->flows[bucket].ways[way];
		STORE(entry->key, 0);
		STORE(
		    entry->stamp, flow_stamp(VC5_FLOW_EMBRYONIC, lesson->now));
	}
}

/* In both buckets of the flow. */
static enum dataplane_learnt
take(struct xdp *xdp, const struct lesson *lesson)
{
	enum dataplane_learnt result = LEARNT_OLDER;
	bool found = merge_in(xdp, lesson->buckets[0], lesson, &result);

	if (lesson->buckets[1] != lesson->buckets[0] &&
	    merge_in(xdp, lesson->buckets[1], lesson, &result))
		found = true;
	if (found)
		return result;
	result = enter(xdp, lesson);
	if (result == LEARNT_NEW) {
		forget_others(xdp, lesson->buckets[0], lesson);
		forget_others(xdp, lesson->buckets[1], lesson);
	}
	return result;
}

enum dataplane_learnt
xdp_flow_learn(struct dataplane *dataplane, const struct flow *flow)
{
	struct xdp *xdp = xdp_of(dataplane);
	struct lesson lesson = {0};
	enum dataplane_learnt result = prepare(xdp, flow, &lesson);

	if (result == LEARNT_NEW)
		result = take(xdp, &lesson);
	return lesson.down && result != LEARNT_OLDER ? LEARNT_DOWN : result;
}
