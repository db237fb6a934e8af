/* SPDX-License-Identifier: ISC */

/*
 * The health state machine against a plain model of what it should do, over
 * servers that flap at random while reloads change their checks.
 *
 * The model keeps every result that a check ever had, and reads the state off
 * that list: up if the last run of passes that was long enough ended later
 * than the last such run of failures.  VC5_SEED chooses another sequence.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/xmalloc.h"
#include "core/health.h"

#define FLAPS	10000 /* transitions of servers to see */
#define SERVERS 20
#define CHECKS	3
#define RESULTS 512 /* of one check; then it is replaced */

/* A check as the model has it. */
struct model {
	bool passed[RESULTS];
	unsigned limit[RESULTS]; /* rise or fall, as it then was */
	size_t count;
	bool believed; /* up before there was a result */
};

struct check {
	struct health health;
	struct model *model;
	unsigned rise, fall;
	int last; /* state by the model, at the last look; -1 = none */
};

struct server {
	struct check checks[CHECKS];
	size_t count;
	unsigned good; /* of 10 probes that pass, at present */
	bool healthy;
};

static uint64_t seed = 20261128;

/* xorshift64*. */
static unsigned
below(unsigned bound)
{
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return (unsigned)((seed * UINT64_C(2685821657736338717)) >> 33) % bound;
}

/* 1 up, 0 down, -1 nothing known. */
static int
model_state(const struct model *m)
{
	size_t i, run = 0;
	int state = m->believed ? 1 : -1;

	for (i = 0; i < m->count; i++) {
		run = i > 0 && m->passed[i] == m->passed[i - 1] ? run + 1 : 1;
		if (run >= m->limit[i] || (i == 0 && !m->believed))
			state = m->passed[i];
	}
	return state;
}

static bool
model_healthy(const struct server *s)
{
	size_t i;

	for (i = 0; i < s->count; i++)
		if (model_state(s->checks[i].model) != 1)
			return false;
	return true;
}

/* What the engine works out of it. */
static bool
machine_healthy(const struct server *s)
{
	size_t i;

	for (i = 0; i < s->count; i++)
		if (s->checks[i].health.state != HEALTH_UP)
			return false;
	return true;
}

static void
compare(const struct server *s)
{
	static const char *const names[] = {"undecided", "down", "up"};
	size_t i;

	for (i = 0; i < s->count; i++)
		assert_string_equal(health_name(&s->checks[i].health),
		    names[model_state(s->checks[i].model) + 1]);
	assert_int_equal(machine_healthy(s), model_healthy(s));
}

/* The check asks something new: of the old one only what it said stays. */
static void
check_replace(struct check *c, bool healthy)
{
	if (c->model == NULL)
		c->model = xcalloc(1, sizeof(*c->model));
	c->model->count = 0;
	c->model->believed = healthy;
	health_carry(&c->health, NULL, healthy);
	c->rise = 1 + below(5);
	c->fall = 1 + below(5);
	c->last = model_state(c->model);
}

static void
probe(struct server *s, struct check *c)
{
	bool passed = below(10) < s->good, told;
	int now;

	if (c->model->count == RESULTS)
		check_replace(c, s->healthy);
	c->model->passed[c->model->count] = passed;
	c->model->limit[c->model->count++] = passed ? c->rise : c->fall;
	told = health_result(&c->health, passed, c->rise, c->fall);
	now = model_state(c->model);
	/* Each transition is told just once. */
	assert_int_equal(told, now != c->last);
	c->last = now;
}

/* Some checks ask something new, some only count otherwise, some are gone. */
static void
reload(struct server *s)
{
	bool healthy = s->healthy;
	struct health was;
	size_t i;

	for (i = 0; i < s->count; i++) {
		struct check *c = &s->checks[i];

		was = c->health;
		memset(&c->health, 0xee, sizeof(c->health));
		health_carry(&c->health, &was, healthy);
		if (below(3) == 0)
			c->rise = 1 + below(5);
		if (below(3) == 0)
			c->fall = 1 + below(5);
		if (below(4) == 0)
			check_replace(c, healthy);
	}
	if (s->count > 1 && below(4) == 0)
		s->count--;
	else if (s->count < CHECKS && below(4) == 0)
		check_replace(&s->checks[s->count++], healthy);
	compare(s);
	s->healthy = model_healthy(s);
	/* A reload alone makes no healthy server unhealthy. */
	assert_true(!healthy || s->healthy);
}

static unsigned
step(struct server *s)
{
	bool was = s->healthy;

	if (below(200) == 0)
		s->good = below(11);
	probe(s, &s->checks[below((unsigned)s->count)]);
	compare(s);
	s->healthy = machine_healthy(s);
	return s->healthy != was;
}

static void
ten_thousand_flaps_are_as_in_the_model(void **state)
{
	struct server servers[SERVERS] = {0};
	unsigned flaps = 0, steps = 0;
	size_t i, j;

	(void)state;
	for (i = 0; i < SERVERS; i++) {
		servers[i].good = 5;
		servers[i].count = 1 + i % CHECKS;
		for (j = 0; j < servers[i].count; j++)
			check_replace(&servers[i].checks[j], false);
	}
	for (; flaps < FLAPS; steps++) {
		flaps += step(&servers[below(SERVERS)]);
		if (below(500) == 0)
			for (i = 0; i < SERVERS; i++)
				reload(&servers[i]);
		if (steps > FLAPS * 1000)
			fail_msg("only %u flaps", flaps);
	}
	print_message("# %u flaps in %u probes\n", flaps, steps);
	for (i = 0; i < SERVERS; i++)
		for (j = 0; j < CHECKS; j++)
			free(servers[i].checks[j].model);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(ten_thousand_flaps_are_as_in_the_model),
	};
	const char *chosen = getenv("VC5_SEED");

	if (chosen != NULL && strtoull(chosen, NULL, 0) != 0)
		seed = strtoull(chosen, NULL, 0);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	print_message("# VC5_SEED=%llu\n", (unsigned long long)seed);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
