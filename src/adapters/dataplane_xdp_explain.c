/* SPDX-License-Identifier: ISC */

/*
 * What happens to a packet, and why, for people; and what the hash tables
 * are, for other instances to compare with theirs.
 */

#include <arpa/inet.h>

#include <stdlib.h>
#include <string.h>

#include "adapters/dataplane_xdp_entry.h"
#include "base/xmalloc.h"

/* FNV-1a, of 64 bits. */
#define DIGEST_BASIS UINT64_C(0xcbf29ce484222325)
#define DIGEST_PRIME UINT64_C(0x100000001b3)

/* What the entry says, if packets would go by it. */
static void
explain_entry(struct xdp *xdp, uint32_t index, const struct vc5_flow *entry,
    struct dataplane_explanation *out)
{
	const struct vc5_destination *whose =
	    xdp_entry_destination(xdp, entry->destination);
	uint32_t now = xdp->control->clock;
	struct flow flow;

	if (whose == NULL)
		return;
	out->found = true;
	addr_from_mapped(whose->address, &out->flow.server);
	out->flow.state = FLOW_EMBRYONIC;
	out->flow.idle = flow_age(entry->stamp, now);
	/* Of an embryonic flow no more is known. */
	if (xdp_entry_flow(xdp, index, entry, &flow, &out->note))
		out->flow.state = flow.state;
}

/* Is the flow in the bucket?  out is about the bucket in any case. */
static bool
explain_bucket(struct xdp *xdp, uint32_t bucket, uint64_t fingerprint,
    struct dataplane_explanation *out)
{
	uint32_t index = bucket * VC5_WAYS;
	struct vc5_flow entry;

	out->bucket = bucket;
	out->ways_used = 0;
	for (unsigned way = 0; way < VC5_WAYS; way++, index++) {
		entry = xdp_entry_read(xdp, index);
		if (flow_state(entry.stamp) == VC5_FLOW_FREE)
			continue;
		out->ways_used++;
		if (!out->found &&
		    entry.key == flow_key(fingerprint, entry.destination))
			explain_entry(xdp, index, &entry, out);
	}
	return out->found;
}

/* The server of an index in a hash table; family 0 if there is none. */
static void
server_of(const struct xdp_service *service, uint16_t index, struct addr *out)
{
	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < service->destination_count; i++)
		if (service->destinations[i].index == index)
			*out = service->destinations[i].is.address;
}

int
xdp_explain(struct dataplane *dataplane, const struct service_key *key,
    const struct addr *client, uint16_t port, struct dataplane_explanation *out)
{
	struct xdp *xdp = xdp_of(dataplane);
	const struct xdp_service *service = xdp_service_find(xdp, key);
	const struct vc5_service *in_map;
	struct flow_hash hash;
	struct tuple words;
	uint32_t buckets[2];
	uint8_t mapped[16];
	bool six;

	memset(out, 0, sizeof(*out));
	if (service == NULL || client->family != key->vip.family)
		return -1;
	in_map = &xdp->services[service->index];
	addr_to_mapped(client, mapped);
	six = xdp_tuple(&in_map->key, mapped, htons(port), &words);
	hash = xdp_flow_hash(xdp, &words, six);
	out->flow.service = *key;
	out->flow.client = *client;
	out->flow.client_port = port;
	xdp_flow_buckets(xdp, &hash, buckets);
	/* As packets look for it; one that is not there would be in the first.
	 */
	if (!explain_bucket(xdp, buckets[0], hash.fingerprint, out) &&
	    !explain_bucket(xdp, buckets[1], hash.fingerprint, out))
		explain_bucket(xdp, buckets[0], hash.fingerprint, out);
	out->tracked = service->track;
	out->slots = xdp->slots;
	out->slot = six ? slot_of(&words, service->sticky, xdp->slots, true)
			: slot_of(&words, service->sticky, xdp->slots, false);
	server_of(
	    service, xdp_table(xdp, in_map->table)[out->slot], &out->chosen);
	return 0;
}

int
xdp_explain_without(struct dataplane *dataplane, const struct service_key *key,
    uint32_t slot, const struct addr *gone, struct addr *chosen)
{
	struct xdp *xdp = xdp_of(dataplane);
	const struct xdp_service *service = xdp_service_find(xdp, key);
	struct xdp_destination *next;
	size_t count;
	bool coarse;

	memset(chosen, 0, sizeof(*chosen));
	if (service == NULL || slot >= xdp->slots)
		return -1;
	count = service->destination_count;
	coarse = service->coarse;
	next = xcalloc(count + 1, sizeof(*next));
	for (size_t i = 0; i < count; i++) {
		next[i] = service->destinations[i];
		if (addr_compare(&next[i].is.address, gone) == 0)
			next[i].is.state = DESTINATION_DRAINING;
	}
	xdp_table_fill(xdp, next, count, service->scheduler, &coarse);
	server_of(service, xdp->table[slot], chosen);
	free(next);
	return 0;
}

static uint64_t
digest_bytes(uint64_t digest, const void *bytes, size_t length)
{
	const uint8_t *at = bytes;

	for (size_t i = 0; i < length; i++)
		digest = (digest ^ at[i]) * DIGEST_PRIME;
	return digest;
}

/* By index of a destination: what stands for its server's address. */
static uint64_t *
digests_of(const struct xdp *xdp, const struct xdp_service *service)
{
	uint64_t *digests =
	    xcalloc(xdp->limits[XDP_DESTINATIONS], sizeof(*digests));
	uint8_t mapped[16];

	for (size_t i = 0; i < service->destination_count; i++) {
		addr_to_mapped(&service->destinations[i].is.address, mapped);
		digests[service->destinations[i].index] =
		    digest_bytes(DIGEST_BASIS, mapped, sizeof(mapped));
	}
	return digests;
}

static uint64_t
digest_table(const struct xdp *xdp, const struct xdp_service *service)
{
	const uint16_t *table =
	    xdp_table(xdp, xdp->services[service->index].table);
	uint64_t digest = DIGEST_BASIS, *digests = digests_of(xdp, service);

	for (uint32_t i = 0; i < xdp->slots; i++)
		digest = (digest ^ digests[table[i]]) * DIGEST_PRIME;
	free(digests);
	return digest == 0 ? 1 : digest;
}

uint64_t
xdp_table_digest(struct dataplane *dataplane, const struct service_key *key)
{
	struct xdp *xdp = xdp_of(dataplane);
	struct xdp_service *service = xdp_service_find(xdp, key);

	if (service == NULL)
		return 0;
	if (service->digest == 0)
		service->digest = digest_table(xdp, service);
	return service->digest;
}
