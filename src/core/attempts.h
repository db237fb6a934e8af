/* SPDX-License-Identifier: ISC */

/*
 * Attempts to get in by a password, by where they come from, so that who
 * guesses keeps nobody else out: a source has few passwords compared at a time,
 * and waits ever longer after wrong ones.
 *
 * A source is an IPv4 address, or the /64 of an IPv6 one, all of which whoever
 * has one address can have.  Of sources so many are known; the one that failed
 * longest ago makes room.  Those that got in lately are trusted: they have
 * places of their own, and others don't displace them.
 */

#ifndef CORE_ATTEMPTS_H
#define CORE_ATTEMPTS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/addr.h"

#define ATTEMPTS_SOURCES    512 /* that are known at a time */
#define ATTEMPTS_TRUSTED    64	/* of these, at most */
#define ATTEMPTS_PLACES	    16	/* passwords that are or wait to be compared */
#define ATTEMPTS_RESERVED   4	/* of these, for trusted sources alone */
#define ATTEMPTS_OF_SOURCE  2	/* places at a time */
#define ATTEMPTS_OF_NETWORK 4	/* those not trusted of an IPv4 /24, IPv6 /48 */

struct attempts;

enum attempt {
	ATTEMPT_BEGUN,	/* it has a place until attempts_end() */
	ATTEMPT_EARLY,	/* the source has to wait */
	ATTEMPT_CROWDED /* so has everybody who isn't trusted */
};

enum attempt_end {
	ATTEMPT_RIGHT,
	ATTEMPT_WRONG,
	ATTEMPT_GIVEN_UP /* nobody knows */
};

struct attempts *attempts_new(void);
void attempts_free(struct attempts *);

/* Unless it begins, *seconds is how long to wait, 1 or more; now is in ms. */
enum attempt attempts_begin(struct attempts *, const struct addr *from,
    uint64_t now, unsigned *seconds);
/* One that has begun is over. */
void attempts_end(
    struct attempts *, const struct addr *from, uint64_t now, enum attempt_end);

/* Did somebody get in from there lately? */
bool attempts_is_trusted(
    const struct attempts *, const struct addr *from, uint64_t now);
/* Wrong ones of the source, of which none was longer ago than a while. */
unsigned attempts_failures(
    const struct attempts *, const struct addr *from, uint64_t now);

#endif
