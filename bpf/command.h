/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */

/*
 * What the programs for commands of health checks and the daemon share.
 * Included by both sides; nothing but <linux/types.h> is needed.
 */

#ifndef BPF_COMMAND_H
#define BPF_COMMAND_H

#include <linux/types.h>

/* Commands that may run at once: as many as probes may (limits.probes). */
#define VC5_COMMANDS 65536

/*
 * What becomes of a command's sockets.  The map's key is the inode number of
 * its PID namespace.  Addresses are in network order, IPv4 mapped into IPv6.
 */
struct vc5_command {
	__u32 mark;	 /* of packets to the VIP; host order */
	__u32 bound;	 /* 1 = source is what they come from */
	__u32 vip[4];	 /* whom this is about: what else is not changed */
	__u32 source[4]; /* of the VIP's family */
};

#endif
