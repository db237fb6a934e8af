/* SPDX-License-Identifier: ISC */

/*
 * A stand-in for the files that keep what was ordered, and for who orders.
 */

#ifndef T_ENGINE_FAKES_STATE_H
#define T_ENGINE_FAKES_STATE_H

#include <stdbool.h>
#include <stdint.h>

struct fake_state {
	char *text;	  /* what is in the file; NULL = there is none */
	bool read_fails;  /* it can't be read */
	bool write_fails; /* the disk is full */
	unsigned writes;
	/* Of blocked prefixes: */
	bool gone;		   /* somebody removes it */
	unsigned rewrites, slices; /* it is written anew, in so many parts */
	int64_t peer;		   /* user at the control socket */
};

extern struct fake_state fake_state_file;
/* Those of blocked prefixes, and of the baseline. */
extern struct fake_state fake_blocked_file, fake_baseline_file;

void fakes_state_reset(void);

#endif
