/* SPDX-License-Identifier: ISC */

/*
 * The flow table as the engine sees it: a part of dataplane.h.
 */

#ifndef ADAPTERS_DATAPLANE_FLOWS_H
#define ADAPTERS_DATAPLANE_FLOWS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/flow.h"

/* Why an entry was given to another flow. */
enum flow_evicted {
	EVICTED_EMBRYONIC,
	EVICTED_IDLE,
	EVICTED_CLOSED,
	EVICTED_GONE, /* its destination is down, or is no more */
	EVICTED_REASONS
};

/* How full the flow table is, as the last scan found it. */
struct dataplane_flows {
	uint64_t capacity;
	uint64_t embryonic, confirmed, closed, idle;
	/* Since the table was made: */
	uint64_t evicted[EVICTED_REASONS];
	uint64_t full;	 /* new flows that found only live ones in place */
	uint64_t memory; /* bytes, of the table and what goes with it */
};

/* What the table knows of a flow that others need not know. */
struct dataplane_flow_note {
	uint32_t created; /* seconds since it was confirmed or learnt */
	bool learnt;	  /* and no packet has come since */
};

/* Return false if there is no room for more now: that flow was not told. */
typedef bool dataplane_flow_fn(
    const struct flow *, const struct dataplane_flow_note *, void *arg);

/* The cursor of a walk that is over. */
#define DATAPLANE_WALK_END UINT64_MAX

/* What became of a flow that another instance told of. */
enum dataplane_learnt {
	LEARNT_NEW,
	LEARNT_REFRESHED, /* it was here, with the same server */
	LEARNT_MOVED,	  /* it was here, with another server */
	LEARNT_OLDER,	  /* than what is here, which stays; or idle */
	LEARNT_NO_SERVICE,
	LEARNT_UNTRACKED, /* the service keeps no flows */
	LEARNT_NO_SERVER, /* the service hasn't that one */
	LEARNT_DOWN,	  /* the server is; kept while there is room */
	LEARNT_FULL,	  /* all flows in its place are live */
	LEARNT_RESULTS
};

/* What would happen to a packet. */
struct dataplane_explanation {
	bool tracked; /* the service keeps flows */
	bool found;   /* there is an entry: flow and note say which */
	struct flow flow;
	struct dataplane_flow_note note;
	uint32_t bucket;      /* where its entry is or would be */
	uint32_t ways_used;   /* of the bucket's */
	uint32_t slot, slots; /* of the service's hash table */
	struct addr chosen;   /* by the hash table; family 0 = none */
};

#endif
