/* SPDX-License-Identifier: ISC */

/*
 * See bgp_plan_bgpd.h.
 */

#include <sys/socket.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "bgp_plan_bgpd.h"

struct bgpd bgpd[BGPD_NETWORKS];
static char journal[256]; /* what was done to it */

const struct conf_bgp_attributes plain = {.med = -1, .local_pref = -1};
static const struct conf_bgp_attributes with_med = {.med = 5, .local_pref = -1};
static const struct conf_bgp_attributes with_prepend = {
    .med = -1, .local_pref = -1, .prepend = 1};

struct addr
address(unsigned i)
{
	return (struct addr){AF_INET, {192, 0, 2, (uint8_t)i}};
}

void
want(struct bgp_plan *plan, const char *text)
{
	struct bgp_network list[BGPD_NETWORKS];
	size_t count = 0;

	for (; *text != '\0'; text++) {
		if (*text == 'm')
			list[count - 1].attributes = &with_med;
		if (*text == 'p')
			list[count - 1].attributes = &with_prepend;
		if (*text < '0' || *text > '9')
			continue;
		list[count].vip = address((unsigned)(*text - '0'));
		list[count++].attributes = &plain;
	}
	bgp_plan_want(plan, list, count);
}

void
look_at(struct bgp_plan *plan)
{
	struct bgpctl_network networks[BGPD_NETWORKS];
	struct bgpctl_route routes[BGPD_NETWORKS] = {0};
	size_t i, n = 0;

	for (i = 0; i < BGPD_NETWORKS; i++) {
		if (!bgpd[i].announced)
			continue;
		networks[n] = (struct bgpctl_network){
		    address((unsigned)i), bgpd[i].configured};
		routes[n].address = networks[n].address;
		routes[n].attributes.med = bgpd[i].med;
		routes[n++].attributes.local_pref = 100;
	}
	bgp_plan_saw_networks(plan, networks, n);
	bgp_plan_saw_routes(plan, routes, n);
}

void
obey(const struct bgp_plan_step *step, bool ignored)
{
	char word[8] = "";
	unsigned i, n;

	strcat(journal, step->action == BGP_PLAN_ADD ? "+" : "-");
	for (i = 0; i < step->count; i++) {
		n = step->addresses[i].bytes[3];
		snprintf(word, sizeof(word), "%u", n);
		strcat(journal, word);
		if (ignored)
			continue;
		bgpd[n].announced = step->action == BGP_PLAN_ADD;
		if (step->attributes != NULL)
			bgpd[n].med = step->attributes->med > 0
			    ? step->attributes->med
			    : 0;
	}
}

enum bgp_plan_action
run(struct bgp_plan *plan, enum mood mood)
{
	struct bgp_plan_step step;
	unsigned rounds = 0;

	for (;;) {
		assert_true(rounds++ < 20);
		bgp_plan_next(plan, &step);
		switch (step.action) {
		case BGP_PLAN_NOTHING:
			strcat(journal, ".");
			return step.action;
		case BGP_PLAN_WAIT:
			strcat(journal, "w");
			return step.action;
		case BGP_PLAN_LOOK:
			strcat(journal, "?");
			look_at(plan);
			break;
		case BGP_PLAN_ADD:
		case BGP_PLAN_DELETE:
			obey(&step, mood != OBEYS);
			bgp_plan_done(plan, mood != FAILS);
			break;
		}
	}
}

void
assert_journal(const char *expect)
{
	assert_string_equal(journal, expect);
	journal[0] = '\0';
}

int
plan_setup(void **state)
{
	memset(bgpd, 0, sizeof(bgpd));
	journal[0] = '\0';
	*state = bgp_plan_new();
	return 0;
}

int
plan_teardown(void **state)
{
	bgp_plan_free(*state);
	return 0;
}
