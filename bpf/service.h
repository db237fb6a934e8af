/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */

/*
 * Virtual IPs and their services: is a packet for one, and which destination
 * does the service's hash table have for it?
 */

#ifndef BPF_SERVICE_H
#define BPF_SERVICE_H

#include "flow.h"
#include "maps.h"
#include "parse.h"

/* As it is in the maps: IPv4 mapped into IPv6. */
static __always_inline void
map_address(__u8 mapped[16], const __be32 address[4], const bool six)
{
	__u32 *words = (__u32 *)mapped;

	if (six) {
		__builtin_memcpy(mapped, address, 16);
		return;
	}
	words[0] = words[1] = 0;
	words[2] = VC5_MAPPED;
	words[3] = address[0];
}

/* The flags of a VIP; NULL if it is none. */
static __always_inline const __u32 *
vip_flags(const __be32 address[4], const bool six)
{
	__u8 key[16] __attribute__((aligned(8)));

	map_address(key, address, six);
	return bpf_map_lookup_elem(&vips, key);
}

static __always_inline int
drop_ip(struct xdp_md *ctx, struct packet *packet, enum vc5_drop reason,
    const bool six)
{
	return parse_addresses(ctx, packet, six) &&
		vip_flags(packet->tuple.vip, six) != NULL
	    ? count_drop(ctx, reason)
	    : XDP_PASS;
}

/* What is for another address, with the VIP's bit in the filter, passes. */
__noinline int
drop_for_vip(struct xdp_md *ctx, __u32 reason)
{
	struct packet packet;

	if (reason >= VC5_DROPS || !parse_ethernet(ctx, &packet))
		return XDP_PASS;
	return is_ipv6(&packet) ? drop_ip(ctx, &packet, reason, true)
				: drop_ip(ctx, &packet, reason, false);
}

/* A packet about nothing that is served: as its port would be, RFC 1122. */
static __always_inline int
unserved(struct xdp_md *ctx, enum vc5_drop reason)
{
	const struct vc5_control *state = find(&control, 0);

	return state != NULL && READ_ONCE(state->flags) & VC5_UNSERVED_PASS
	    ? XDP_PASS
	    : drop_for_vip(ctx, reason);
}

static __always_inline bool
filter_has(
    const struct vc5_control *control, const __be32 address[4], const bool six)
{
	__u32 bit = six ? vc5_filter_bit6((const __u32 *)address)
			: vc5_filter_bit4(address[0]);

	return READ_ONCE(control->filter[bit / 64]) >> (bit % 64) & 1;
}

static __always_inline __be16
tuple_port(const struct tuple *tuple)
{
	return bpf_htons(bpf_ntohl(tuple->ports) & 0xffff);
}

/* The service at an index, if it is the packet's. */
static __always_inline const struct vc5_service *
service_at(__u32 index, const struct tuple *tuple, const bool six)
{
	const struct vc5_service *service = find(&services, index);
	const __be32 *vip;

	if (service == NULL || service->key.protocol != tuple->protocol ||
	    service->key.port != tuple_port(tuple))
		return NULL;
	vip = (const __be32 *)service->key.vip;
	if (six)
		return vip[0] == tuple->vip[0] && vip[1] == tuple->vip[1] &&
			vip[2] == tuple->vip[2] && vip[3] == tuple->vip[3]
		    ? service
		    : NULL;
	return vip[3] == tuple->vip[0] && vip[2] == VC5_MAPPED && vip[1] == 0 &&
		vip[0] == 0
	    ? service
	    : NULL;
}

/* What the guess is found by: any mixture will do. */
static __always_inline __u32
service_mix(const struct tuple *tuple, const bool six)
{
	__u32 mixed =
	    tuple->vip[0] ^ (__u32)tuple_port(tuple) << 16 ^ tuple->protocol;

	if (six)
		mixed ^= tuple->vip[1] ^ tuple->vip[2] ^ tuple->vip[3];
	return mixed * 0x9e3779b1U;
}

/*
 * The service of a packet, and its index; NULL if there is none.  The same as
 * last time, most often, which spares the look-up in a hash map.  Either may
 * name an index that was given to another service just now.
 */
static __always_inline const struct vc5_service *
service_find(const struct tuple *tuple, __u32 *index, const bool six)
{
	struct vc5_service_key key = {
	    .port = tuple_port(tuple),
	    .protocol = tuple->protocol,
	};
	__u32 *guess =
	    &service_guess[service_mix(tuple, six) / (1U << 24) % GUESSES];
	const struct vc5_service *service;
	const __u32 *found;

	*index = READ_ONCE(*guess);
	service = service_at(*index, tuple, six);
	if (service != NULL)
		return service;
	map_address(key.vip, tuple->vip, six);
	found = bpf_map_lookup_elem(&service_index, &key);
	if (found == NULL)
		return NULL;
	*index = *found;
	WRITE_ONCE(*guess, *index);
	return service_at(*index, tuple, six);
}

/* The destination of a new flow by the hash table: its word, 0 if none. */
static __always_inline __u32
choose(const struct vc5_service *service, __u32 index,
    const struct tuple *tuple, const bool six)
{
	const struct vc5_destination *destination;
	__u32 slot, chosen, generation;
	const __u16 *table;

	table = find(&tables, READ_ONCE(service->table));
	slot = slot_of(tuple, service->flags & VC5_STICKY, slots, six);
	OPAQUE(slot); /* the verifier loses its bound when it is doubled */
	if (table == NULL || slot >= slots)
		return 0;
	chosen = READ_ONCE(table[slot]);
	destination = find(&destinations, chosen);
	if (chosen == 0 || destination == NULL)
		return 0;
	generation = READ_ONCE(destination->generation);
	/* The index may be another's by now: whose it is was written first. */
	if (READ_ONCE(destination->state) != VC5_UP ||
	    READ_ONCE(destination->service) != index)
		return 0;
	return chosen | generation << 16;
}

#endif
