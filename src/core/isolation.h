/* SPDX-License-Identifier: ISC */

/*
 * Is it the servers that fail, or this host's own link to them?  When
 * everything fails that worked a moment ago, it is the link.
 *
 * There need be no clock.  If the link was cut at some moment, then no check
 * has passed after that, and those that worked began to fail after it: within
 * one interval of theirs, as a check is made once in each.  So the checks that
 * are struck are those which began to fail after anything passed for the last
 * time.  What failed before that is out of order in its own right.
 *
 * All of that needs at least two servers: that the only one fails says nothing
 * about the link.
 */

#ifndef CORE_ISOLATION_H
#define CORE_ISOLATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/addr.h"

/* What is known of all checks together. */
struct isolation {
	uint64_t results;   /* so many came */
	uint64_t last_pass; /* the last one of them that passed; 0 = none */
	size_t passing;	    /* checks that passed, or were taken to, last */
	bool suspected;	    /* it is the link, until anything passes */
};

/* And of one. */
struct isolation_check {
	bool passed;	 /* ever */
	uint64_t failed; /* the result since which it fails; 0 = it doesn't */
};

/* A predecessor took the check to pass, and it was not tried yet. */
void isolation_adopt(struct isolation *, struct isolation_check *);
/* The check passed: true if it was the link until now. */
bool isolation_pass(struct isolation *, struct isolation_check *);
/*
 * The check failed: true if nothing passes since then, so that whoever has all
 * of the checks is to take the census.
 */
bool isolation_fail(struct isolation *, struct isolation_check *);
/* It says nothing any more, until it passes. */
void isolation_forget(struct isolation *, struct isolation_check *);
/* After a reload: begin to count anew, and add all checks that there are. */
void isolation_recount(struct isolation *);
void isolation_add(struct isolation *, const struct isolation_check *);

/* Has it been failing since nothing passes? */
bool
isolation_is_struck(const struct isolation *, const struct isolation_check *);

/* Checks that are struck, and whether they are of more than one server. */
struct isolation_census {
	size_t checks;
	struct addr first; /* of the servers; family 0 = none */
	bool several;
};

void isolation_count(const struct isolation *, struct isolation_census *,
    const struct isolation_check *, const struct addr *server);
/* The census is complete: true if it is the link. */
bool isolation_conclude(struct isolation *, const struct isolation_census *);

#endif
