/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */

/*
 * The programs that the daemon loads.
 */

#include <stdbool.h>
#include <stddef.h>

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "probe.h"
#include "steer.h"

/* On the interfaces where clients' packets come in; jumbo frames too. */
SEC("xdp.frags")
int
vc5d_xdp(struct xdp_md *ctx)
{
	return steer(ctx);
}

/* On the way out of the device that health checks are routed to. */
SEC("tc")
int
vc5d_probe(struct __sk_buff *skb)
{
	return probe_mark_frame(skb);
}

/* At the other end of that device. */
SEC("xdp")
int
vc5d_probe_out(struct xdp_md *ctx)
{
	return probe_send(ctx);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
