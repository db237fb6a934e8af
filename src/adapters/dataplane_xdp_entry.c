/* SPDX-License-Identifier: ISC */

/*
 * Entries of the flow table as the daemon sees them.  Packets write to them
 * at any time.  An entry and its tuple are believed when the tuple's hash is
 * what the entry is found by: then both are one flow's, and whole.
 */

#include <arpa/inet.h>

#include <string.h>

#include "adapters/dataplane_xdp_entry.h"

static const enum flow_state states[] = {
    [VC5_FLOW_FREE] = FLOW_EMBRYONIC,
    [VC5_FLOW_EMBRYONIC] = FLOW_EMBRYONIC,
    [VC5_FLOW_CONFIRMED] = FLOW_CONFIRMED,
    [VC5_FLOW_CLOSED] = FLOW_CLOSED,
};

bool
xdp_tuple(const struct vc5_service_key *service, const uint8_t client[16],
    uint16_t port, struct tuple *tuple)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	const bool six = memcmp(service->vip, mapped, sizeof(mapped)) != 0;
	const size_t skip = six ? 0 : sizeof(mapped);
	const uint16_t ports[2] = {port, service->port};

	memset(tuple, 0, sizeof(*tuple));
	memcpy(tuple->client, client + skip, sizeof(tuple->client) - skip);
	memcpy(tuple->vip, service->vip + skip, sizeof(tuple->vip) - skip);
	memcpy(&tuple->ports, ports, sizeof(tuple->ports));
	tuple->protocol = service->protocol;
	return six;
}

struct flow_hash
xdp_flow_hash(const struct xdp *xdp, const struct tuple *tuple, bool six)
{
	const __u64 *key = xdp->control->key;

	return six ? flow_hash(key, tuple, true) : flow_hash(key, tuple, false);
}

void
xdp_flow_buckets(
    const struct xdp *xdp, const struct flow_hash *hash, uint32_t buckets[2])
{
	uint32_t count = xdp->limits[XDP_FLOWS] / VC5_WAYS;

	buckets[0] = flow_bucket(hash, xdp->limits[XDP_FLOWS]);
	buckets[1] = vc5_other_bucket(buckets[0]);
	if (buckets[1] >= count)
		buckets[1] = buckets[0];
}

/* What people may see of the service of a destination. */
static bool
name_service(const struct xdp *xdp, uint16_t index, struct service_key *name)
{
	const struct vc5_service_key *key;

	if (index >= xdp->limits[XDP_SERVICES])
		return false;
	key = &xdp->services[index].key;
	*name = (struct service_key){
	    .port = ntohs(key->port),
	    .protocol = key->protocol,
	};
	addr_from_mapped(key->vip, &name->vip);
	return key->protocol != 0;
}

static void
describe(const struct vc5_flow *entry, const struct vc5_destination *whose,
    uint32_t now, struct flow *flow)
{
	addr_from_mapped(whose->address, &flow->server);
	flow->state = states[flow_state(entry->stamp)];
	flow->idle = flow_age(entry->stamp, now);
}

static struct dataplane_flow_note
note_of(const struct vc5_flow *entry, uint32_t created, uint32_t now)
{
	return (struct dataplane_flow_note){
	    .created = flow_age(created & VC5_STAMP_SECONDS, now),
	    .learnt = (created & VC5_LEARNT) != 0 &&
		flow_age(entry->stamp, now) >=
		    flow_age(created & VC5_STAMP_SECONDS, now),
	};
}

/* Is the tuple that of the entry, which is as it was read? */
static bool
is_whole(const struct xdp *xdp, uint32_t index, const struct vc5_flow *entry,
    const struct vc5_tuple *tuple)
{
	struct tuple words;
	bool six = xdp_tuple(&xdp->services[tuple->service].key, tuple->client,
	    tuple->port, &words);
	struct flow_hash hash = xdp_flow_hash(xdp, &words, six);
	struct vc5_flow again;
	uint32_t buckets[2];

	xdp_flow_buckets(xdp, &hash, buckets);
	if (entry->key != flow_key(hash.fingerprint, entry->destination) ||
	    (index / VC5_WAYS != buckets[0] && index / VC5_WAYS != buckets[1]))
		return false;
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	again = xdp_entry_read(xdp, index);
	return again.key == entry->key &&
	    again.destination == entry->destination;
}

bool
xdp_entry_flow(const struct xdp *xdp, uint32_t index,
    const struct vc5_flow *entry, struct flow *flow,
    struct dataplane_flow_note *note)
{
	const struct vc5_destination *whose =
	    xdp_entry_destination(xdp, entry->destination);
	struct vc5_tuple tuple = xdp->tuples[index];
	uint32_t now = ENTRY_READ(xdp->control->clock);

	if (whose == NULL || flow_state(entry->stamp) < VC5_FLOW_CONFIRMED ||
	    !name_service(xdp, tuple.service, &flow->service) ||
	    !is_whole(xdp, index, entry, &tuple))
		return false;
	addr_from_mapped(tuple.client, &flow->client);
	flow->client_port = ntohs(tuple.port);
	describe(entry, whose, now, flow);
	*note = note_of(entry, tuple.created, now);
	/* No client has an IPv4 address in an IPv6 packet. */
	return flow->client.family == flow->service.vip.family;
}
