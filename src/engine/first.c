/* SPDX-License-Identifier: ISC */

/*
 * What checks find out for the first time: a line each, unless there are so
 * many in a second that nobody could read them, as at a start; then their
 * number.
 */

#include "base/log.h"
#include "engine/private.h"

#define LINES 50 /* a second */

bool
first_verdict(struct engine *e, enum first_verdict verdict)
{
	if (e->first.lines < LINES) {
		e->first.lines++;
		return true;
	}
	e->first.more[verdict]++;
	return false;
}

void
first_verdicts_tell(struct engine *e)
{
	const unsigned *more = e->first.more;

	if (more[FIRST_PASSES] + more[FIRST_FAILS] + more[FIRST_UP] > 0)
		log_notice("first results: %u more checks pass, %u more fail, "
			   "%u more destinations are up",
		    more[FIRST_PASSES], more[FIRST_FAILS], more[FIRST_UP]);
	e->first = (struct first_verdicts){0};
}
