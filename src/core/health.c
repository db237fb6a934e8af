/* SPDX-License-Identifier: ISC */

/*
 * The health state machine: how many results in a row change a state.
 */

#include <string.h>

#include "core/health.h"

void
health_init(struct health *health, enum health_state state)
{
	memset(health, 0, sizeof(*health));
	health->state = state;
}

bool
health_result(struct health *health, bool passed, unsigned rise, unsigned fall)
{
	enum health_state seen = passed ? HEALTH_UP : HEALTH_DOWN;
	unsigned needed = passed ? rise : fall;

	if (passed)
		health->passed++;
	else
		health->failed++;
	if (!health->decided)
		needed = 1;
	health->decided = true;
	if (seen == health->state) {
		health->streak = 0;
		return false;
	}
	if (++health->streak < needed)
		return false;
	health->state = seen;
	health->streak = 0;
	return true;
}

const char *
health_state_name(enum health_state state)
{
	static const char *const names[] = {
	    [HEALTH_DOWN] = "down",
	    [HEALTH_UP] = "up",
	};

	return names[state];
}
