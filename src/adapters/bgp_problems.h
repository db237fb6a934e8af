/* SPDX-License-Identifier: ISC */

/*
 * What is wrong between vc5d and bgpd: the beginning and the end of each
 * problem is logged, once.
 */

#ifndef ADAPTERS_BGP_PROBLEMS_H
#define ADAPTERS_BGP_PROBLEMS_H

#include <stdbool.h>

/* The most important first. */
enum bgp_problem {
	BGP_PROBLEM_LINK,
	BGP_PROBLEM_PROGRAM,
	BGP_PROBLEM_NETWORKS, /* from here as enum bgpctl_command */
	BGP_PROBLEM_ROUTES,
	BGP_PROBLEM_NEIGHBOURS,
	BGP_PROBLEM_ADD,
	BGP_PROBLEM_DELETE,
	BGP_PROBLEM_IGNORED,
	BGP_PROBLEM_CONFLICT,
	BGP_PROBLEM_MISMATCH,
	BGP_PROBLEM_COUNT
};

struct bgp_problems {
	char *text[BGP_PROBLEM_COUNT]; /* NULL = no such problem */
};

/*
 * Takes text over, which replaces that of the same problem silently: true if
 * it is a new one.
 */
bool bgp_problem_set(struct bgp_problems *, enum bgp_problem, char *text);

/* What works "again", if it did not. */
void
bgp_problem_clear(struct bgp_problems *, enum bgp_problem, const char *works);

/* Forget it without a word; true if there was one. */
bool bgp_problem_drop(struct bgp_problems *, enum bgp_problem);

/* Is there a problem with bgpctl itself? */
bool bgp_problem_with_program(const struct bgp_problems *);

/* The text of the most important one, or "". */
const char *bgp_problem_worst(const struct bgp_problems *);

#endif
