/* SPDX-License-Identifier: ISC */

/*
 * Isolation against a plain reference model: one that remembers every result,
 * and looks through all of them after each.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/isolation.h"

#define CHECKS	16
#define SEEDS	40
#define RESULTS 5000 /* for each seed */

struct model {
	struct {
		struct addr server;
		bool results[RESULTS];
		uint64_t at[RESULTS]; /* their numbers */
		size_t count;
		bool adopted;
	} checks[CHECKS];
	size_t check_count;
	uint64_t now, last_pass;
};

static struct isolation all;
static struct isolation_check checks[CHECKS];
static struct model model;

static struct addr
server(unsigned number)
{
	struct addr a = {.family = 2, .bytes = {10, 0, 0, (uint8_t)number}};

	return a;
}

static void
begin(size_t count, unsigned servers)
{
	size_t i;

	memset(&all, 0, sizeof(all));
	memset(checks, 0, sizeof(checks));
	memset(&model, 0, sizeof(model));
	model.check_count = count;
	for (i = 0; i < count; i++)
		model.checks[i].server = server((unsigned)i % servers);
}

/* As the engine does it. */
static void
result(size_t i, bool passed)
{
	struct isolation_census census = {0};
	size_t j;

	if (passed) {
		isolation_pass(&all, &checks[i]);
		return;
	}
	if (!isolation_fail(&all, &checks[i]))
		return;
	for (j = 0; j < model.check_count; j++)
		isolation_count(
		    &all, &census, &checks[j], &model.checks[j].server);
	isolation_conclude(&all, &census);
}

static void
model_result(size_t i, bool passed)
{
	size_t last = model.checks[i].count;

	model.now++;
	if (passed)
		model.last_pass = model.now;
	model.checks[i].results[last] = passed;
	model.checks[i].at[last] = model.now;
	model.checks[i].count = last + 1;
}

/*
 * Since when it fails, having worked before: 0 if it never worked, or works.
 */
static uint64_t
model_struck(size_t i)
{
	size_t j = model.checks[i].count;

	while (j > 0 && !model.checks[i].results[j - 1])
		j--;
	if (j == model.checks[i].count)
		return 0;
	if (j == 0 && !model.checks[i].adopted)
		return 0;
	return model.checks[i].at[j];
}

static bool
model_passes(size_t i)
{
	size_t count = model.checks[i].count;

	return count == 0 ? model.checks[i].adopted
			  : model.checks[i].results[count - 1];
}

static bool
model_isolated(void)
{
	const struct addr *first = NULL;
	bool several = false;
	size_t i;

	for (i = 0; i < model.check_count; i++)
		if (model_passes(i))
			return false;
	for (i = 0; i < model.check_count; i++) {
		if (model_struck(i) <= model.last_pass)
			continue;
		if (first == NULL)
			first = &model.checks[i].server;
		else if (addr_compare(first, &model.checks[i].server) != 0)
			several = true;
	}
	return several;
}

static void
both(size_t i, bool passed)
{
	result(i, passed);
	model_result(i, passed);
	if (all.suspected != model_isolated())
		fail_msg("result %llu, check %zu: %d, and the model says %d",
		    (unsigned long long)model.now, i, all.suspected,
		    model_isolated());
}

/* What a link does that comes and goes, and servers that do so by themselves */
static void
it_agrees_with_a_model_that_remembers_everything(void **state)
{
	unsigned seed, servers;
	size_t i, step, isolations = 0, adopted;
	bool link, good[CHECKS], was = false;

	(void)state;
	for (seed = 1; seed <= SEEDS; seed++) {
		srandom(seed);
		servers = 1 + (unsigned)random() % 6;
		begin(1 + (size_t)random() % CHECKS, servers);
		adopted = (size_t)random() % (model.check_count + 1);
		for (i = 0; i < adopted; i++) {
			isolation_adopt(&all, &checks[i]);
			model.checks[i].adopted = true;
		}
		memset(good, 1, sizeof(good));
		link = true;
		for (step = 0; step < RESULTS; step++) {
			if (random() % 40 == 0)
				link = !link;
			i = (size_t)random() % model.check_count;
			if (random() % 30 == 0)
				good[i] = !good[i];
			both(i, link && good[i]);
			isolations += all.suspected && !was;
			was = all.suspected;
		}
	}
	/* Else nothing was compared. */
	assert_true(isolations > 100);
}

static void
all_at_once_is_the_link(void **state)
{
	(void)state;
	begin(3, 3);
	both(0, true);
	both(1, true);
	both(2, true);
	both(1, false);
	both(0, false);
	assert_false(all.suspected);
	both(2, false);
	assert_true(all.suspected);
	both(0, false);
	assert_true(all.suspected);
	both(1, true);
	assert_false(all.suspected);
}

static void
who_failed_before_is_no_witness(void **state)
{
	(void)state;
	begin(3, 3);
	both(0, true);
	both(1, true);
	both(2, false);
	both(1, false);
	both(0, true);
	both(0, false);
	/* Only one began to fail after the last pass. */
	assert_false(all.suspected);
	both(0, true);
	both(1, true);
	both(0, false);
	both(1, false);
	assert_true(all.suspected);
	assert_false(isolation_is_struck(&all, &checks[2]));
	assert_true(isolation_is_struck(&all, &checks[0]));
}

static void
one_server_is_not_enough(void **state)
{
	(void)state;
	begin(2, 1);
	both(0, true);
	both(1, true);
	both(0, false);
	both(1, false);
	assert_false(all.suspected);
}

static void
what_never_worked_says_nothing(void **state)
{
	(void)state;
	begin(3, 3);
	both(0, false);
	both(1, false);
	both(2, false);
	assert_false(all.suspected);
	both(0, true);
	both(0, false);
	assert_false(all.suspected);
}

static void
a_predecessors_word_counts(void **state)
{
	size_t i;

	(void)state;
	begin(2, 2);
	for (i = 0; i < 2; i++) {
		isolation_adopt(&all, &checks[i]);
		model.checks[i].adopted = true;
	}
	both(0, false);
	assert_false(all.suspected);
	both(1, false);
	assert_true(all.suspected);
}

static void
what_says_nothing_any_more_is_forgotten(void **state)
{
	(void)state;
	begin(3, 3);
	result(0, true);
	result(1, true);
	result(2, true);
	isolation_forget(&all, &checks[2]);
	isolation_forget(&all, &checks[2]);
	result(0, false);
	assert_false(all.suspected);
	result(1, false);
	assert_true(all.suspected);
}

static void
a_reload_counts_anew(void **state)
{
	(void)state;
	begin(3, 3);
	result(0, true);
	result(1, true);
	result(2, true);
	/* The last one is gone. */
	model.check_count = 2;
	isolation_recount(&all);
	isolation_add(&all, &checks[0]);
	isolation_add(&all, &checks[1]);
	result(0, false);
	assert_false(all.suspected);
	result(1, false);
	assert_true(all.suspected);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(all_at_once_is_the_link),
	    cmocka_unit_test(who_failed_before_is_no_witness),
	    cmocka_unit_test(one_server_is_not_enough),
	    cmocka_unit_test(what_never_worked_says_nothing),
	    cmocka_unit_test(a_predecessors_word_counts),
	    cmocka_unit_test(what_says_nothing_any_more_is_forgotten),
	    cmocka_unit_test(a_reload_counts_anew),
	    cmocka_unit_test(it_agrees_with_a_model_that_remembers_everything),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
