/* SPDX-License-Identifier: ISC */

/*
 * The flow table, looked through: a part at a time, again and again, to count
 * what is in it and to tell others of what has changed.
 *
 * What was last told of an entry, or learnt, is kept beside the table, in the
 * daemon's own memory (the shadow).  Whatever differs from it is still to be
 * told: there is no queue that could overflow, and what there was no room for
 * comes up again with the next round.
 */

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "adapters/dataplane_xdp_entry.h"
#include "base/xmalloc.h"

/* Of the table, that a call of flows_tell() looks at: all of it in 700 ms. */
#define TELL_PARTS 7

/* All of it is counted this seldom: it takes longer than to find news. */
#define COUNT_ROUNDS 4

/* It also stops after so long, having looked at some buckets at least. */
#define SLICE_NS      4000000
#define SLICE_BUCKETS 1024

/* Buckets that are looked at once a second when nobody is told. */
#define TICK_BUCKETS 131072

/* And those of a call of flows_walk(). */
#define WALK_BUCKETS 16384

/*
 * A flow that goes on is told again when its last packet is so many seconds
 * later than that which was told; sooner if it were taken for idle otherwise.
 */
#define REFRESH_SECONDS 60
#define REFRESH_SHARE	4 /* of its service's idle time */

/* Buckets that memory is asked for before they are looked at. */
#define AHEAD 16

/* Refreshments that wait for the news of a call to be told. */
#define REFRESH_MAX 65536

struct xdp_shadow {
	uint32_t tag; /* of the flow and its destination; 0 = none */
	uint32_t due; /* a stamp: state, and the second that is told again */
};

enum telling {
	TELL_NOTHING,
	TELL_NEWS, /* a new flow, or another state */
	TELL_REFRESH,
};

struct telling_job {
	dataplane_flow_fn *tell; /* NULL: count only */
	void *arg;
	uint32_t now; /* seconds */
	size_t refresh_count;
};

static void
shadow_open(struct xdp *xdp)
{
	if (xdp->shadow != NULL)
		return;
	xdp->shadow = xcalloc(xdp->limits[XDP_FLOWS], sizeof(*xdp->shadow));
	xdp->refresh = xcalloc(REFRESH_MAX, sizeof(*xdp->refresh));
}

void
xdp_shadow_close(struct xdp *xdp)
{
	free(xdp->shadow);
	free(xdp->refresh);
}

size_t
xdp_shadow_bytes(const struct xdp *xdp)
{
	return xdp->shadow == NULL
	    ? 0
	    : xdp->limits[XDP_FLOWS] * sizeof(*xdp->shadow) +
		REFRESH_MAX * sizeof(*xdp->refresh);
}

/* The key of an entry says which flow it is, and where it goes. */
static uint32_t
tag_of(uint64_t key)
{
	return (uint32_t)(key * UINT64_C(0x9e3779b97f4a7c15) >> 32);
}

/* The service of an entry's destination, whatever that is now, or NULL. */
static inline const struct vc5_service *
service_of(const struct xdp *xdp, const struct vc5_flow *entry)
{
	uint32_t index = entry->destination & 0xffff, service;

	if (index >= xdp->limits[XDP_DESTINATIONS])
		return NULL;
	service = xdp->destinations[index].service;
	return service < xdp->limits[XDP_SERVICES] ? &xdp->services[service]
						   : NULL;
}

/* At least a second, as a stamp that stands still is never due. */
static uint32_t
refresh_interval(const struct vc5_service *service)
{
	uint32_t share = service == NULL ? 0 : service->idle / REFRESH_SHARE;

	if (share < 1)
		return 1;
	return share < REFRESH_SECONDS ? share : REFRESH_SECONDS;
}

void
xdp_shadow_set(struct xdp *xdp, uint32_t index, const struct vc5_flow *entry)
{
	uint32_t interval = refresh_interval(service_of(xdp, entry));

	shadow_open(xdp);
	xdp->shadow[index] = (struct xdp_shadow){
	    .tag = tag_of(entry->key),
	    .due = flow_stamp(flow_state(entry->stamp),
		(entry->stamp & VC5_STAMP_SECONDS) + interval),
	};
}

/* Not 0 if it is another flow than was told, or one in another state. */
static inline uint32_t
is_news(const struct xdp_shadow *shadow, const struct vc5_flow *entry)
{
	return (shadow->tag ^ tag_of(entry->key)) |
	    (shadow->due ^ entry->stamp) >> VC5_STAMP_SHIFT;
}

/* 1 if that second has come.  They wrap around: half of them are ahead. */
static inline uint32_t
is_due(const struct xdp_shadow *shadow, const struct vc5_flow *entry)
{
	return ~(entry->stamp - shadow->due) >> (VC5_STAMP_SHIFT - 1) & 1;
}

/*
 * Is the entry confirmed or closed, and is there anything about it to tell?
 * Of most there is not: what is done for all of them, more than once a second,
 * calls no function, and takes no branch that varies.
 */
static inline bool
is_notable(const struct xdp_shadow *shadow, const struct vc5_flow *entry)
{
	_Static_assert(VC5_FLOW_CONFIRMED == 2 && VC5_FLOW_CLOSED == 3,
	    "the first bit says so");
	uint32_t differs = is_news(shadow, entry) | is_due(shadow, entry);

	return (differs != 0) & (entry->stamp >> 31);
}

/* Is the entry to be told if it is live? */
static inline enum telling
what_to_tell(
    const struct xdp *xdp, uint32_t index, const struct vc5_flow *entry)
{
	const struct xdp_shadow *shadow = &xdp->shadow[index];
	const struct vc5_service *service;

	if (!is_notable(shadow, entry))
		return TELL_NOTHING;
	service = service_of(xdp, entry);
	if (service == NULL || service->flags & VC5_UNTRACKED)
		return TELL_NOTHING;
	return is_news(shadow, entry) != 0 ? TELL_NEWS : TELL_REFRESH;
}

/* False: there is no room for it. */
static bool
tell_entry(struct xdp *xdp, uint32_t index, const struct vc5_flow *entry,
    const struct telling_job *job)
{
	struct dataplane_flow_note note;
	struct flow flow;

	/* What was caught half written comes up again. */
	if (!xdp_entry_flow(xdp, index, entry, &flow, &note))
		return true;
	if (!job->tell(&flow, &note, job->arg))
		return false;
	xdp_shadow_set(xdp, index, entry);
	return true;
}

/* Ways are taken from the first on. */
static inline bool
is_empty(const struct xdp *xdp, uint32_t bucket)
{
	return ENTRY_READ(xdp->flows[bucket].ways[0].stamp) == 0;
}

/* What is looked at soon is on its way; what is not there does no harm. */
static inline void
fetch_ahead(const struct xdp *xdp, uint32_t bucket)
{
	__builtin_prefetch(&xdp->flows[bucket]);
	if (xdp->shadow != NULL)
		__builtin_prefetch(&xdp->shadow[bucket * VC5_WAYS]);
}

/* False: there is no room for what is new in it. */
static inline bool
tell_bucket(struct xdp *xdp, uint32_t bucket, struct telling_job *job)
{
	uint32_t index = bucket * VC5_WAYS;
	enum telling telling;
	struct vc5_flow entry;

	for (unsigned way = 0; way < VC5_WAYS; way++, index++) {
		entry = xdp_entry_read(xdp, index);
		if (!is_notable(&xdp->shadow[index], &entry))
			continue;
		telling = what_to_tell(xdp, index, &entry);
		if (telling == TELL_NOTHING ||
		    xdp_entry_rank(xdp, &entry, job->now) != VC5_RANK_LIVE)
			continue;
		if (telling == TELL_NEWS) {
			if (!tell_entry(xdp, index, &entry, job))
				return false;
		} else if (job->refresh_count < REFRESH_MAX)
			xdp->refresh[job->refresh_count++] = index;
	}
	return true;
}

/* A live one, of a destination that there is. */
static uint64_t *
tally_live(struct xdp *xdp, const struct vc5_flow *entry)
{
	if (flow_state(entry->stamp) == VC5_FLOW_CLOSED)
		return &xdp->scanning.closed;
	xdp->counting[entry->destination & 0xffff]++;
	return &xdp->scanning.confirmed;
}

/* Where a flow counts; what any new flow could replace counts as idle. */
static uint64_t *
tally(struct xdp *xdp, const struct vc5_flow *entry, enum vc5_rank rank,
    uint32_t now)
{
	const struct vc5_destination *destination;

	switch (rank) {
	case VC5_RANK_LIVE:
		return tally_live(xdp, entry);
	case VC5_RANK_EMBRYONIC:
		destination = xdp_entry_destination(xdp, entry->destination);
		return destination != NULL &&
			flow_age(entry->stamp, now) <=
			    xdp->services[destination->service].idle
		    ? &xdp->scanning.embryonic
		    : &xdp->scanning.idle;
	default:
		return &xdp->scanning.idle;
	}
}

static void
count_bucket(struct xdp *xdp, uint32_t bucket, uint32_t now)
{
	struct vc5_flow entry;
	enum vc5_rank rank;

	for (unsigned way = 0; way < VC5_WAYS; way++) {
		entry = xdp_entry_read(xdp, bucket * VC5_WAYS + way);
		rank = xdp_entry_rank(xdp, &entry, now);
		if (rank != VC5_RANK_FREE)
			++*tally(xdp, &entry, rank, now);
	}
}

static uint32_t
bucket_count(const struct xdp *xdp)
{
	return xdp->limits[XDP_FLOWS] / VC5_WAYS;
}

/* What was counted is what there is; begin anew. */
static void
end_counting(struct xdp *xdp)
{
	uint32_t *last = xdp->connections;

	xdp->scan = xdp->scanning;
	xdp->scanning = (struct dataplane_flows){0};
	xdp->connections = xdp->counting;
	xdp->counting = last;
	memset(last, 0, xdp->limits[XDP_DESTINATIONS] * sizeof(*last));
}

static void
end_round(struct xdp *xdp, bool telling)
{
	if (xdp->round % COUNT_ROUNDS == 0)
		end_counting(xdp);
	xdp->scanned = 0;
	xdp->round = telling ? xdp->round + 1 : 0;
}

/* A part of the table up to a bucket: false if there was no room for news. */
static bool
scan_to(struct xdp *xdp, uint32_t end, struct telling_job *job)
{
	bool counting = xdp->round % COUNT_ROUNDS == 0;

	for (; xdp->scanned < end; xdp->scanned++) {
		fetch_ahead(xdp, xdp->scanned + AHEAD);
		if (is_empty(xdp, xdp->scanned))
			continue;
		if (job->tell != NULL && !tell_bucket(xdp, xdp->scanned, job))
			return false;
		if (counting)
			count_bucket(xdp, xdp->scanned, job->now);
	}
	if (end == bucket_count(xdp))
		end_round(xdp, job->tell != NULL);
	return true;
}

void
xdp_scan(struct xdp *xdp)
{
	struct telling_job job = {.now = ENTRY_READ(xdp->control->clock)};
	uint32_t rest;

	if (xdp->told) {
		xdp->told = false;
		return;
	}
	/* Nothing is told any more, and each round counts. */
	if (xdp->round % COUNT_ROUNDS != 0)
		xdp->round = xdp->scanned = 0;
	rest = bucket_count(xdp) - xdp->scanned;
	scan_to(xdp, xdp->scanned + (rest < TICK_BUCKETS ? rest : TICK_BUCKETS),
	    &job);
}

/* Of our own: the time of others, who have the processor, is not lost here. */
static int64_t
nanoseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* The news of a part of the table. */
static bool
tell_part(struct xdp *xdp, struct telling_job *job)
{
	uint32_t left = (bucket_count(xdp) + TELL_PARTS - 1) / TELL_PARTS, step;
	int64_t end = nanoseconds() + SLICE_NS;

	while (left > 0) {
		step = bucket_count(xdp) - xdp->scanned;
		if (step > left)
			step = left;
		if (step > SLICE_BUCKETS)
			step = SLICE_BUCKETS;
		if (!scan_to(xdp, xdp->scanned + step, job))
			return false;
		left -= step;
		if (nanoseconds() >= end)
			break;
	}
	return true;
}

void
xdp_flows_tell(struct dataplane *dataplane, dataplane_flow_fn *tell, void *arg)
{
	struct xdp *xdp = xdp_of(dataplane);
	struct telling_job job = {
	    .tell = tell, .arg = arg, .now = ENTRY_READ(xdp->control->clock)};
	struct vc5_flow entry;

	shadow_open(xdp);
	xdp->told = true;
	if (!tell_part(xdp, &job))
		job.refresh_count = 0;
	for (size_t i = 0; i < job.refresh_count; i++) {
		entry = xdp_entry_read(xdp, xdp->refresh[i]);
		if (what_to_tell(xdp, xdp->refresh[i], &entry) !=
			TELL_NOTHING &&
		    !tell_entry(xdp, xdp->refresh[i], &entry, &job))
			break;
	}
}

void
xdp_flows_walk(struct dataplane *dataplane, uint64_t *cursor, uint32_t within,
    dataplane_flow_fn *tell, void *arg)
{
	const struct xdp *xdp = xdp_of(dataplane);
	uint32_t now = ENTRY_READ(xdp->control->clock);
	uint64_t end = *cursor + WALK_BUCKETS * VC5_WAYS;
	struct dataplane_flow_note note;
	struct vc5_flow entry;
	struct flow flow;

	for (; *cursor < end && *cursor < xdp->limits[XDP_FLOWS]; ++*cursor) {
		entry = xdp_entry_read(xdp, (uint32_t)*cursor);
		if (flow_state(entry.stamp) < VC5_FLOW_CONFIRMED ||
		    (within != 0 &&
			(flow_age(entry.stamp, now) > within ||
			    xdp_entry_rank(xdp, &entry, now) !=
				VC5_RANK_LIVE)) ||
		    !xdp_entry_flow(
			xdp, (uint32_t)*cursor, &entry, &flow, &note))
			continue;
		if (!tell(&flow, &note, arg))
			return;
	}
	if (*cursor >= xdp->limits[XDP_FLOWS])
		*cursor = DATAPLANE_WALK_END;
}
