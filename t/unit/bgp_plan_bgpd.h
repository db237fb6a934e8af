/* SPDX-License-Identifier: ISC */

/*
 * A bgpd that is a few variables, and a plan that is carried out on it.
 */

#ifndef BGP_PLAN_BGPD_H
#define BGP_PLAN_BGPD_H

#include <stdbool.h>
#include <stdint.h>

#include "core/bgp_plan.h"

#define BGPD_NETWORKS 8 /* 192.0.2.0 and so on; the last byte is the index */

/* What it announces. */
struct bgpd {
	bool announced, configured;
	int64_t med;
};

enum mood {
	OBEYS,
	IGNORES,
	FAILS
};

extern struct bgpd bgpd[BGPD_NETWORKS];
extern const struct conf_bgp_attributes plain;

/* cmocka's: *state is a new plan, and bgpd announces nothing. */
int plan_setup(void **state);
int plan_teardown(void **state);

struct addr address(unsigned network);
/* Want networks from a string like "1 2m 3p": with a MED, prepended. */
void want(struct bgp_plan *, const char *text);
/* Tell the plan what bgpd announces. */
void look_at(struct bgp_plan *);
/* Carry a command out, unless bgpd ignores it. */
void obey(const struct bgp_plan_step *, bool ignored);
/* Step until there is nothing to do or something to wait for. */
enum bgp_plan_action run(struct bgp_plan *, enum mood);
/*
 * What was done since the last call: "?" a look, "+12" and "-3" commands about
 * these networks, "w" and "." that there is to wait, or nothing to do.
 */
void assert_journal(const char *expected);

#endif
