/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */

/*
 * The maps, and how their elements are found.  Look-ups in arrays are inlined
 * by the kernel (a bounds check and a multiplication).  Sizes are set by the
 * daemon before the programs are loaded.
 */

#ifndef BPF_MAPS_H
#define BPF_MAPS_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "abi.h"
#include "compiler.h"

/* The smallest sizes, so that an object loads as it is. */
#define MAP_ARRAY(name_, type_)                    \
	struct {                                   \
		__uint(type, BPF_MAP_TYPE_ARRAY);  \
		__uint(map_flags, BPF_F_MMAPABLE); \
		__uint(max_entries, 1);            \
		__type(key, __u32);                \
		__type(value, type_);              \
	} name_ SEC(".maps")

/* Key, clock and filter: one element. */
MAP_ARRAY(control, struct vc5_control);

/* The flow table, its owners' tuples beside it. */
MAP_ARRAY(flows, struct vc5_bucket);
MAP_ARRAY(tuples, struct vc5_tuple);

/* Who can be chosen, and how. */
MAP_ARRAY(destinations, struct vc5_destination);
MAP_ARRAY(services, struct vc5_service);
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, VC5_SLOTS * sizeof(__u16));
} tables SEC(".maps");

MAP_ARRAY(destination_counters, struct vc5_destination_counters);
MAP_ARRAY(service_counters, struct vc5_service_counters);
MAP_ARRAY(drop_counters, struct vc5_drop_counters);

/* VIP, port and protocol to the index of a service. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, struct vc5_service_key);
	__type(value, __u32);
} service_index SEC(".maps");

/* Where the first fragments of packets went. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, VC5_FRAGMENTS);
	__type(key, struct vc5_fragment_key);
	__type(value, struct vc5_fragment);
} fragments SEC(".maps");

/* The addresses that are a VIP, and VC5_VIP_ANSWERS or not. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__uint(key_size, 16);
	__uint(value_size, sizeof(__u32));
} vips SEC(".maps");

/* Sources: what was counted of them, and those that are blocked. */
MAP_ARRAY(sources4, struct vc5_source4);
MAP_ARRAY(sources6, struct vc5_sources6);
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, VC5_BLOCKED);
	__type(key, struct vc5_prefix4);
	__type(value, struct vc5_octets);
} blocked4 SEC(".maps");
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, VC5_BLOCKED);
	__type(key, struct vc5_prefix6);
	__type(value, struct vc5_octets);
} blocked6 SEC(".maps");

/*
 * Where service_index was seen to lead, by a few bits of the key: a guess, to
 * be checked against services.
 */
#define GUESSES 256
__u32 service_guess[GUESSES];

/* Of the flow table (a power of two), and lines per counter. */
const volatile __u32 entries = VC5_WAYS;
/* Of a hash table; the size of the elements of tables goes with it. */
const volatile __u32 slots = VC5_SLOTS;
const volatile __u32 cpus = 1;

/* What the upper half of a probe's mark must be. */
const volatile __u32 probe_mark;

static __always_inline void *
find(void *map, __u32 index)
{
	return bpf_map_lookup_elem(map, &index);
}

/* A packet is lost, whose frame had so many bytes: its verdict. */
static __always_inline int
count_lost(enum vc5_drop reason, __u64 length)
{
	struct vc5_drop_counters *counters;

	counters = find(&drop_counters, bpf_get_smp_processor_id());
	if (counters != NULL) {
		counters->packets[reason]++;
		counters->bytes[reason] += length;
	}
	return XDP_DROP;
}

static __always_inline int
count_drop(struct xdp_md *ctx, enum vc5_drop reason)
{
	return count_lost(reason, bpf_xdp_get_buff_len(ctx));
}

static __always_inline void
count_answer(enum vc5_answer kind)
{
	struct vc5_drop_counters *counters;

	counters = find(&drop_counters, bpf_get_smp_processor_id());
	if (counters != NULL)
		counters->answers[kind]++;
}

/* A ping is answered, whose frame has so many bytes. */
static __always_inline void
count_echo(__u64 length)
{
	struct vc5_drop_counters *counters;

	counters = find(&drop_counters, bpf_get_smp_processor_id());
	if (counters != NULL) {
		counters->answers[VC5_ANSWER_ECHO]++;
		counters->echo_bytes += length;
	}
}

/* An entry was given to a new flow; VC5_RANK_LIVE: none was. */
static __always_inline void
count_taken(enum vc5_rank rank)
{
	struct vc5_drop_counters *counters;

	counters = find(&drop_counters, bpf_get_smp_processor_id());
	if (counters != NULL && rank < VC5_RANK_FREE)
		counters->taken[rank]++;
}

static __always_inline struct vc5_destination_counters *
destination_counters_of(__u32 destination)
{
	return find(&destination_counters,
	    destination * cpus + bpf_get_smp_processor_id());
}

static __always_inline int
count_no_destination(struct xdp_md *ctx, __u32 service)
{
	__u64 length = bpf_xdp_get_buff_len(ctx);
	struct vc5_service_counters *counters;

	counters = find(
	    &service_counters, service * cpus + bpf_get_smp_processor_id());
	if (counters != NULL) {
		counters->no_destination++;
		counters->no_destination_bytes += length;
	}
	return count_lost(VC5_DROP_NO_DESTINATION, length);
}

#endif
