/* SPDX-License-Identifier: ISC */

/*
 * The health state machine of one check: results in, transitions out.
 * No clock: the caller keeps time.
 *
 * A check begins down and undecided, and its first result decides at once,
 * whatever rise and fall are: a good server serves as soon as it is known to.
 * From then on, rise passes in a row bring it up and fall failures in a row
 * bring it down.  What another process or another check has found out is
 * believed until this check's own results say otherwise.
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
	bool decided;		 /* state is more than how it began */
	uint64_t passed, failed; /* results since the beginning */
};

/* Down, of which nothing is known. */
void health_init(struct health *);

/* Up, as somebody else says: it takes fall failures to bring it down. */
void health_believe(struct health *);

/*
 * At a reload: was is the health of the check that asked the same, NULL if
 * none did, of a server that was, or was not, healthy by all of its checks.
 */
void
health_carry(struct health *, const struct health *was, bool server_healthy);

/*
 * Take a result: true if state changed, or was decided for the first time.
 * rise and fall are at least 1.
 */
bool health_result(struct health *, bool passed, unsigned rise, unsigned fall);

/* Is it about to change, so that it should be looked at more often? */
bool health_is_changing(const struct health *);

/* "undecided", "down", "up". */
const char *health_name(const struct health *);
const char *health_state_name(enum health_state);

#endif
