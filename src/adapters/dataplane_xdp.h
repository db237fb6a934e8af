/* SPDX-License-Identifier: ISC */

/*
 * The XDP data plane (bpf/), the only user of libbpf.  Its maps and links are
 * pinned, so that forwarding outlives the daemon and the next one takes over.
 */

#ifndef ADAPTERS_DATAPLANE_XDP_H
#define ADAPTERS_DATAPLANE_XDP_H

#include <stdint.h>

struct dataplane;

struct dataplane_xdp_options {
	const char
	    *pin_directory; /* under bpffs; made and mounted if need be */
	uint32_t mark;	    /* base of the probes' marks */
	uint32_t flows;	    /* entries: a power of two, at least 4 */
	uint32_t slots;	    /* of a hash table: a prime; 0 = 65,537 */
	uint32_t services, destinations; /* capacity */
};

/*
 * Load the programs, taking over the maps that a predecessor left if they are
 * of the same layout and size (else they are discarded, which is logged, when
 * all else has gone well).  NULL after having logged what is wrong and what to
 * do about it.  The options are not kept.
 */
struct dataplane *dataplane_xdp_open(const struct dataplane_xdp_options *);

/* Why nothing can be pinned in a directory, to be freed; NULL = it can be. */
char *dataplane_xdp_directory_problem(const char *path);

#endif
