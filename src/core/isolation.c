/* SPDX-License-Identifier: ISC */

/*
 * Servers that fail, or the link to all of them: see isolation.h.
 */

#include <string.h>

#include "core/isolation.h"

static bool
is_passing(const struct isolation_check *c)
{
	return c->passed && c->failed == 0;
}

void
isolation_adopt(struct isolation *all, struct isolation_check *c)
{
	if (!is_passing(c))
		all->passing++;
	c->passed = true;
	c->failed = 0;
}

bool
isolation_pass(struct isolation *all, struct isolation_check *c)
{
	bool was = all->suspected;

	if (!is_passing(c))
		all->passing++;
	c->passed = true;
	c->failed = 0;
	all->last_pass = ++all->results;
	all->suspected = false;
	return was;
}

bool
isolation_fail(struct isolation *all, struct isolation_check *c)
{
	bool passed = is_passing(c);

	all->results++;
	if (c->failed == 0)
		c->failed = all->results;
	if (!passed)
		return false;
	return --all->passing == 0;
}

void
isolation_forget(struct isolation *all, struct isolation_check *c)
{
	if (is_passing(c))
		all->passing--;
	memset(c, 0, sizeof(*c));
}

void
isolation_recount(struct isolation *all)
{
	all->passing = 0;
}

void
isolation_add(struct isolation *all, const struct isolation_check *c)
{
	all->passing += is_passing(c);
}

bool
isolation_is_struck(
    const struct isolation *all, const struct isolation_check *c)
{
	return all->passing == 0 && c->passed && c->failed > all->last_pass;
}

void
isolation_count(const struct isolation *all, struct isolation_census *census,
    const struct isolation_check *c, const struct addr *server)
{
	if (!isolation_is_struck(all, c))
		return;
	census->checks++;
	if (census->first.family == 0)
		census->first = *server;
	else if (addr_compare(&census->first, server) != 0)
		census->several = true;
}

bool
isolation_conclude(struct isolation *all, const struct isolation_census *census)
{
	all->suspected = census->several;
	return all->suspected;
}
