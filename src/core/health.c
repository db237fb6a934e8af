/* SPDX-License-Identifier: ISC */

/*
 * The health state machine: how many results in a row change a state.
 */

#include <string.h>

#include "core/health.h"

void
health_init(struct health *health)
{
	memset(health, 0, sizeof(*health));
}

void
health_believe(struct health *health)
{
	health_init(health);
	health->state = HEALTH_UP;
	health->decided = true;
}

/*
 * A check that asks something new of a healthy server doesn't take it out by
 * one lost packet.  Of a server that is out it is as of a new server: who has
 * mended the check need not wait for rise.
 */
void
health_carry(
    struct health *health, const struct health *was, bool server_healthy)
{
	if (was != NULL)
		*health = *was;
	else if (server_healthy)
		health_believe(health);
	else
		health_init(health);
}

bool
health_result(struct health *health, bool passed, unsigned rise, unsigned fall)
{
	enum health_state seen = passed ? HEALTH_UP : HEALTH_DOWN;
	unsigned needed = passed ? rise : fall;
	bool first = !health->decided;

	if (passed)
		health->passed++;
	else
		health->failed++;
	health->decided = true;
	if (first) {
		health->state = seen;
		return true;
	}
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

bool
health_is_changing(const struct health *health)
{
	return !health->decided || health->streak > 0;
}

const char *
health_name(const struct health *health)
{
	return health->decided ? health_state_name(health->state) : "undecided";
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
