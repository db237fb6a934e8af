/* SPDX-License-Identifier: ISC */

/*
 * What happens to a packet, and why: not there yet.
 */

#include <string.h>

#include "adapters/dataplane_xdp_private.h"

int
xdp_explain(struct dataplane *dataplane, const struct service_key *key,
    const struct addr *client, uint16_t port,
    struct dataplane_explanation *explanation)
{
	(void)dataplane;
	(void)key;
	(void)client;
	(void)port;
	memset(explanation, 0, sizeof(*explanation));
	return -1;
}

int
xdp_explain_without(struct dataplane *dataplane, const struct service_key *key,
    uint32_t slot, const struct addr *gone, struct addr *chosen)
{
	(void)dataplane;
	(void)key;
	(void)slot;
	(void)gone;
	memset(chosen, 0, sizeof(*chosen));
	return -1;
}

uint64_t
xdp_table_digest(struct dataplane *dataplane, const struct service_key *key)
{
	(void)dataplane;
	(void)key;
	return 0;
}
