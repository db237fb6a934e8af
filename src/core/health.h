/* SPDX-License-Identifier: ISC */

/*
 * The health state machine of one check: results in, transitions out.
 * No clock: the caller keeps time.
 */

#ifndef CORE_HEALTH_H
#define CORE_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

enum health_state {
	HEALTH_DOWN,
	HEALTH_UP
};

struct health {
	enum health_state state;
	unsigned streak;	 /* results in a row against state */
	bool decided;		 /* the first result is in */
	uint64_t passed, failed; /* results since the beginning */
};

/* Begin in a state that is not confirmed by any result yet. */
void health_init(struct health *, enum health_state);

/*
 * Take a result: true if state changed.  rise and fall, both at least 1, are
 * how many results in a row change it.  The first result decides at once,
 * whatever rise and fall are: a good server serves as soon as it is known to.
 */
bool health_result(struct health *, bool passed, unsigned rise, unsigned fall);

const char *health_state_name(enum health_state);

#endif
