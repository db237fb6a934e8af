/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */

/*
 * Let every packet pass: one end of a veth pair takes notice of what XDP sends
 * out of the other only while it has a program of its own.
 */

int xdp_pass(void *packet);

__attribute__((section("xdp"), used)) int
xdp_pass(void *packet)
{
	(void)packet;
	return 2; /* XDP_PASS of <linux/bpf.h> */
}

__attribute__((section("license"), used)) char terms[] = "Dual BSD/GPL";
