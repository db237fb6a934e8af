/* SPDX-License-Identifier: ISC */

/*
 * Sharing flows with the other instances of a cluster: vc5d-sync(5) has the
 * protocol.  Flows come from, and go to, whoever gives the callbacks; keys are
 * those of sync_key.h, and other instances are as in core/sync_peers.h.
 */

#ifndef ADAPTERS_SYNC_H
#define ADAPTERS_SYNC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "adapters/dataplane_flows.h"
#include "core/sync_peers.h"

struct event_base;
struct sync;
struct sync_keys;

/* As conf.sync of core/conf.h. */
struct sync_settings {
	const char *interface;
	struct addr group;
	uint16_t port; /* host order */
	unsigned ttl;
	uint64_t bandwidth; /* bits a second */
	const char *cluster, *instance;
	unsigned learn; /* ms that learning takes at most */
};

/* Where flows are.  The functions are as those of dataplane.h. */
struct sync_callbacks {
	void (*tell)(void *arg, dataplane_flow_fn *, void *fn_arg);
	void (*walk)(void *arg, uint64_t *cursor, uint32_t within,
	    dataplane_flow_fn *, void *fn_arg);
	enum dataplane_learnt (*learn)(void *arg, const struct flow *);
	/* How many there are, about. */
	uint64_t (*count)(void *arg);
	/* Learning is over.  May call sync_status() and the like. */
	void (*learnt)(void *arg);
};

struct sync_traffic {
	uint64_t datagrams, bytes, flows; /* bytes with IP and UDP headers */
};

struct sync_count {
	const char *name; /* as in metrics: static storage */
	const char *help; /* one line: static storage */
	uint64_t count;
};

struct sync_status {
	const char *instance; /* its name */
	const char *problem;  /* why nothing is sent, "" if it is: for people */
	bool namesake;	      /* another instance has the same name */
	bool learning;
	uint64_t since; /* ms: when it began */
	struct sync_traffic sent, received;
	uint64_t deferred; /* times that flows had to wait for bandwidth */
	/* Datagrams not taken, by reason; what has no help is no reason. */
	const struct sync_count *drops;
	size_t drop_count;
	const struct sync_count *learnt; /* flows received, by what became */
	size_t learnt_count;
	const struct sync_peers *peers;
};

/*
 * Begins at once, and goes on whatever becomes of the interface.  The keys
 * become its own; settings are copied, callbacks borrowed.
 */
struct sync *sync_new(struct event_base *, const struct sync_settings *,
    struct sync_keys *, const struct sync_callbacks *, void *arg);
/* Go on with others.  The keys become its own. */
void
sync_configure(struct sync *, const struct sync_settings *, struct sync_keys *);
/* Say goodbye: others know that this instance stops. */
void sync_leave(struct sync *);
void sync_free(struct sync *);

/* What things look like here.  Services in sync_service_order; are copied. */
void sync_see(struct sync *, const struct sync_digests *,
    const struct sync_service *, size_t count);

/*
 * Are others' flows still being learnt?  Over when they are, when there is
 * nobody to learn from, or when it took too long.
 */
bool sync_learning(const struct sync *);

/* Valid until the event loop runs again. */
void sync_status(struct sync *, struct sync_status *);

/* "configuration", "health" or "tables": static storage. */
const char *sync_kind_name(enum sync_kind);
/* Is the service one in which that kind of thing differs? */
bool sync_differs_in(const struct sync_differing *, enum sync_kind);
/* What a peer has otherwise, and of which services: for people; free(3) it. */
char *sync_difference(const struct sync_peer *, enum sync_kind);

#endif
