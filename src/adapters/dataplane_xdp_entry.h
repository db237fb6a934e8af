/* SPDX-License-Identifier: ISC */

/*
 * Entries of the flow table as the daemon sees them, for the files of the XDP
 * data plane.  Millions of them are looked at in each second: what is done to
 * all is in line.
 */

#ifndef ADAPTERS_DATAPLANE_XDP_ENTRY_H
#define ADAPTERS_DATAPLANE_XDP_ENTRY_H

#include "adapters/dataplane_xdp_private.h"
#include "bpf/flow_rules.h"

/* What packets may write at any time. */
#define ENTRY_READ(field) __atomic_load_n(&(field), __ATOMIC_RELAXED)

static inline struct vc5_flow
xdp_entry_read(const struct xdp *xdp, uint32_t entry)
{
	const struct vc5_flow *flow =
	    &xdp->flows[entry / VC5_WAYS].ways[entry % VC5_WAYS];

	return (struct vc5_flow){
	    .key = ENTRY_READ(flow->key),
	    .destination = ENTRY_READ(flow->destination),
	    .stamp = ENTRY_READ(flow->stamp),
	};
}

/* Where an entry's word leads; NULL if nowhere any more, or it is down. */
static inline const struct vc5_destination *
xdp_entry_destination(const struct xdp *xdp, uint32_t word)
{
	const struct vc5_destination *destination;
	uint32_t index = word & 0xffff;

	if (index == 0 || index >= xdp->limits[XDP_DESTINATIONS])
		return NULL;
	destination = &xdp->destinations[index];
	return destination->generation == word >> 16 &&
		destination->state != VC5_DOWN &&
		destination->service < xdp->limits[XDP_SERVICES]
	    ? destination
	    : NULL;
}

/* How readily packets give it away. */
static inline enum vc5_rank
xdp_entry_rank(const struct xdp *xdp, const struct vc5_flow *flow, uint32_t now)
{
	const struct vc5_destination *destination;

	if (flow_state(flow->stamp) == VC5_FLOW_FREE)
		return VC5_RANK_FREE;
	destination = xdp_entry_destination(xdp, flow->destination);
	if (destination == NULL)
		return VC5_RANK_GONE;
	return flow_rank_of(
	    flow->stamp, now, xdp->services[destination->service].idle);
}

/*
 * The flow of an entry that was read: false if it is embryonic, has no
 * destination, or is being written to.
 */
bool xdp_entry_flow(const struct xdp *, uint32_t index, const struct vc5_flow *,
    struct flow *, struct dataplane_flow_note *);
/* The tuple of a client's packets, port in network order: is it of IPv6? */
bool xdp_tuple(const struct vc5_service_key *, const uint8_t client[16],
    uint16_t port, struct tuple *);
struct flow_hash
xdp_flow_hash(const struct xdp *, const struct tuple *, bool six);
/* A flow's buckets: its own, and the other one (or again its own). */
void xdp_flow_buckets(
    const struct xdp *, const struct flow_hash *, uint32_t buckets[2]);

#endif
