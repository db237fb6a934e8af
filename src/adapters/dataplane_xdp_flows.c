/* SPDX-License-Identifier: ISC */

/*
 * What the flow table has, for others: not there yet.
 */

#include "adapters/dataplane_xdp_private.h"

void
xdp_flows_tell(struct dataplane *dataplane, dataplane_flow_fn *tell, void *arg)
{
	(void)dataplane;
	(void)tell;
	(void)arg;
}

void
xdp_flows_walk(struct dataplane *dataplane, uint64_t *cursor, uint32_t within,
    dataplane_flow_fn *tell, void *arg)
{
	(void)dataplane;
	(void)within;
	(void)tell;
	(void)arg;
	*cursor = DATAPLANE_WALK_END;
}
