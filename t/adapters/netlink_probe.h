/* SPDX-License-Identifier: ISC */

/*
 * The probes' way out, as the tests of it make it.
 */

#ifndef NETLINK_PROBE_H
#define NETLINK_PROBE_H

#include "netlink_lab.h"

#define DEVICE "vc5probe"
#define MARK   0x5c000000
#define TABLE  22083
#define VIP    "192.0.2.1"

#define LENGTH(a) (sizeof(a) / sizeof((a)[0]))

/* The device's ifindex, or -1. */
static inline int
probe_path_up(struct lab *lab)
{
	int peer;

	return (
	    netlink_probe_path_add(lab->netlink, DEVICE, MARK, TABLE, &peer));
}

#endif
