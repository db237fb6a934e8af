/* SPDX-License-Identifier: ISC */

/*
 * The fleet guard: which orders it refuses, and that without force no orders
 * in any order take out more than they may.
 */

#include "ordering.h"

#include <stdlib.h>
#include <string.h>

static const char web[] = SERVICE_OF("web", "80", FOUR);
static const char *const servers[] = {A, B, C, D};

static size_t
count_overrides(void)
{
	json_t *document = engine_document();
	size_t count = json_array_size(json_object_get(document, "overrides"));

	json_decref(document);
	return count;
}

/* Two of four is what the default, half, allows. */
static void
the_guard_refuses_more_than_max_out(void **state)
{
	(void)state;
	start_up(web);
	must("backend", A, "drain");
	must("backend", A, "maint");
	must("backend", B, "drain");
	wait_for(fake_state(WEB, B) == DESTINATION_DRAINING);
	must_not("backend", C, "drain",
	    "web " WEB ": of 4 servers max_out, 50 %, allows 2 to be out; "
	    "with " C " it would be 3; out now: " A " (maint), " B " (drain)");
	assert_int_equal(count_overrides(), 2);
	force("backend", C, "drain");
	wait_for(fake_state(WEB, C) == DESTINATION_DRAINING);
	force("backend", D, "maint");
	wait_for(!fake_wanted(VIP));
	/* What is out already can be taken out further. */
	must("backend", C, "maint");
}

static void
who_is_down_counts_as_out(void **state)
{
	(void)state;
	start_up(web);
	fake_server(A)->answers = fake_server(B)->answers = false;
	wait_for(fake_state(WEB, A) == DESTINATION_DOWN &&
	    fake_state(WEB, B) == DESTINATION_DOWN);
	must_not("backend", C, "drain", A " (down), " B " (down)");
	/* Who is down may be kept out, but not all of them one after another */
	must("backend", A, "maint");
	must("backend", B, "maint");
	fake_server(C)->answers = fake_server(D)->answers = false;
	wait_for(fake_state(WEB, C) == DESTINATION_DOWN &&
	    fake_state(WEB, D) == DESTINATION_DOWN);
	must_not("backend", C, "maint", "it would be 3");
}

static void
the_guard_keeps_what_is_needed(void **state)
{
	(void)state;
	more = "\"max_out\": 100, \"need\": 3,";
	start_up(web);
	must("backend", A, "drain");
	wait_for(fake_state(WEB, A) == DESTINATION_DRAINING);
	must_not("backend", B, "drain",
	    "without " B ", 2 servers would be up, and 3 are needed");
	force("backend", B, "drain");
	wait_for(!fake_wanted(VIP));
}

static void
a_reload_is_taken_at_its_word_with_a_warning(void **state)
{
	(void)state;
	start_up(web);
	must("backend", A, "drain");
	was_logged("");
	reload(SERVICE_OF(
	    "web", "80", "\"" A "\", \"" B "*\", \"" C "*\", \"" D "\""));
	wait_for(fake_state(WEB, C) == DESTINATION_DRAINING);
	assert_true(was_logged("web " WEB ": 3 of 4 servers are taken out"));
	must_not("backend", D, "drain", "it would be 4");
}

/* Of the four servers, how many are up. */
static unsigned
count_up(void)
{
	unsigned up = 0;
	size_t i;

	for (i = 0; i < 4; i++)
		up += fake_state(WEB, servers[i]) == DESTINATION_UP;
	return up;
}

/* True if it was followed. */
static bool
order_anything(void)
{
	static const char *const words[] = {"ready", "drain", "maint"};
	json_t *reply = order(
	    "backend", servers[random() % 4], words[random() % 3], "", false);
	bool followed = is_true(reply, "ok");

	json_decref(reply);
	return followed;
}

/* Health of one or two servers, as far as the engine knows it. */
static void
change_health(void)
{
	size_t i = (size_t)random() % 4, j;
	bool answers = random() % 3 != 0;

	fake_server(servers[i])->answers = answers;
	j = fake_server(servers[i])->probes;
	wait_for(fake_server(servers[i])->probes > j + 5);
}

/* max_out is half, so two have to be left, unless fewer were before. */
static void
without_force_enough_are_left(void **state)
{
	unsigned before, after, step, followed = 0, refused = 0;

	(void)state;
	srandom(11);
	start_up(web);
	for (step = 0; step < 400; step++) {
		if (step % 20 == 19)
			change_health();
		engine_reload(engine);
		before = count_up();
		if (order_anything())
			followed++;
		else
			refused++;
		engine_reload(engine);
		after = count_up();
		if (after < before && after < 2)
			fail_msg(
			    "step %u: of %u, %u are left", step, before, after);
		assert_true(count_overrides() <= 2);
	}
	/* Else nothing was tried. */
	assert_true(followed > 100 && refused > 20);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(the_guard_refuses_more_than_max_out),
	    TEST(who_is_down_counts_as_out),
	    TEST(the_guard_keeps_what_is_needed),
	    TEST(a_reload_is_taken_at_its_word_with_a_warning),
	    TEST(without_force_enough_are_left),
	};

	return run_engine_tests(tests);
}
