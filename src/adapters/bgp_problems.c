/* SPDX-License-Identifier: ISC */

/*
 * What is wrong between vc5d and bgpd; see bgp_problems.h.
 */

#include <stdlib.h>

#include "adapters/bgp_problems.h"
#include "base/log.h"

bool
bgp_problem_set(
    struct bgp_problems *problems, enum bgp_problem problem, char *text)
{
	bool had = problems->text[problem] != NULL;

	if (!had)
		log_warnx("bgp: %s", text);
	free(problems->text[problem]);
	problems->text[problem] = text;
	return !had;
}

bool
bgp_problem_drop(struct bgp_problems *problems, enum bgp_problem problem)
{
	bool had = problems->text[problem] != NULL;

	free(problems->text[problem]);
	problems->text[problem] = NULL;
	return had;
}

void
bgp_problem_clear(
    struct bgp_problems *problems, enum bgp_problem problem, const char *works)
{
	if (bgp_problem_drop(problems, problem))
		log_notice("bgp: %s again", works);
}

bool
bgp_problem_with_program(const struct bgp_problems *problems)
{
	enum bgp_problem p;

	for (p = BGP_PROBLEM_PROGRAM; p <= BGP_PROBLEM_DELETE; p++)
		if (problems->text[p] != NULL)
			return true;
	return false;
}

const char *
bgp_problem_worst(const struct bgp_problems *problems)
{
	enum bgp_problem p;

	for (p = 0; p < BGP_PROBLEM_COUNT; p++)
		if (problems->text[p] != NULL)
			return problems->text[p];
	return "";
}
