/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */

/*
 * Health checks' packets on their way out: the mark of the socket says which
 * destination they are for, whatever its state is.
 */

#ifndef BPF_PROBE_H
#define BPF_PROBE_H

#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

#include "maps.h"
#include "route.h"

static __always_inline int
probe(struct __sk_buff *skb)
{
	struct ethhdr *ethernet = (void *)(long)skb->data;
	const struct vc5_destination *destination;
	struct route route;
	__u32 mark = skb->mark, generation;

	if ((mark & 0xffff0000) != probe_mark ||
	    (void *)(ethernet + 1) > (void *)(long)skb->data_end)
		return TC_ACT_SHOT;
	destination = find(&destinations, mark & 0xffff);
	if (destination == NULL)
		return TC_ACT_SHOT;
	generation = READ_ONCE(destination->generation);
	route_read((mark & 0xffff) | generation << 16, &route);
	if (generation == 0 || route.mac == 0)
		return TC_ACT_SHOT;
	route_write_macs(ethernet, &route);
	return bpf_redirect(route.ifindex, 0);
}

#endif
