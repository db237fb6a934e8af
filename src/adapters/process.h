/* SPDX-License-Identifier: ISC */

/*
 * What this process takes of its machine, as the kernel has it in /proc.
 */

#ifndef ADAPTERS_PROCESS_H
#define ADAPTERS_PROCESS_H

#include <stdint.h>

struct process_usage {
	uint64_t cpu;		    /* microseconds, user's and system's */
	uint64_t resident, virtual; /* bytes */
	uint64_t descriptors;	    /* that are open */
	uint64_t descriptors_limit; /* that may be */
};

/* What can't be read is 0. */
void process_usage(struct process_usage *);

#endif
