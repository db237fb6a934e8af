/* SPDX-License-Identifier: ISC */

/*
 * The dead-man's switch, and what the parent knows to be announced, without
 * any process or clock.
 */

#include <sys/socket.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/announced.h"
#include "core/conf.h"
#include "core/deadman.h"
#include "core/lifeline.h"

#define LIMIT 5000

static struct deadman d;
static uint64_t now;

/* All that is to be done at a time, by initials, "" if nothing. */
static const char *
at(uint64_t time)
{
	static const char letters[] = {[DEADMAN_KILL] = 'K',
	    [DEADMAN_WITHDRAW] = 'W',
	    [DEADMAN_FORK] = 'F',
	    [DEADMAN_DONE] = 'D'};
	static char text[8];
	enum deadman_action action;
	size_t len = 0;

	assert_true(time >= now);
	now = time;
	while ((action = deadman_next(&d, now)) != DEADMAN_NOTHING) {
		assert_true(len < sizeof(text) - 1);
		text[len++] = letters[action];
		if (action == DEADMAN_DONE)
			break;
		if (action == DEADMAN_FORK)
			deadman_started(&d, now);
	}
	text[len] = '\0';
	return text;
}

/* Nothing until then: nor is it asked for before, or later. */
static const char *
next(uint64_t *when)
{
	*when = deadman_due(&d);
	if (*when == DEADMAN_NEVER)
		return "never";
	if (*when > now)
		assert_string_equal(at(*when - 1), "");
	return at(*when);
}

static int
setup(void **state)
{
	(void)state;
	now = 1000;
	deadman_init(&d, LIMIT);
	assert_string_equal(at(1000), "F");
	assert_true(deadman_beat(&d, 1500));
	assert_false(deadman_beat(&d, 2000));
	now = 2000;
	return 0;
}

static void
a_start_may_take_long(void **state)
{
	uint64_t when;

	(void)state;
	deadman_init(&d, LIMIT);
	assert_string_equal(at(3000), "F");
	assert_string_equal(next(&when), "K");
	assert_int_equal(when, 3000 + DEADMAN_START);
	/* Nothing was announced: there is nothing to withdraw. */
	deadman_died(&d, now);
	assert_string_equal(at(now), "F");
}

static void
who_dies_is_replaced_at_once(void **state)
{
	uint64_t when;

	(void)state;
	deadman_died(&d, 2500);
	assert_string_equal(at(2500), "F");
	assert_true(deadman_beat(&d, 2500 + LIMIT - 1));
	now = 2500 + LIMIT - 1;
	assert_string_equal(next(&when), "K"); /* it falls silent itself */
	assert_int_equal(when, now);
	assert_int_equal(when, 2500 + 2 * LIMIT - 1);
}

static void
who_is_not_replaced_in_time_is_withdrawn_for(void **state)
{
	uint64_t when;

	(void)state;
	deadman_died(&d, 2500);
	assert_string_equal(at(2500), "F");
	assert_string_equal(next(&when), "W");
	assert_int_equal(when, 2500 + LIMIT);
	deadman_withdrawn(&d, true, now + 20);
	assert_string_equal(next(&when), "K"); /* it never got to work */
	assert_int_equal(when, 2500 + DEADMAN_START);
}

static void
who_dies_again_and_again_is_waited_for(void **state)
{
	unsigned delays[] = {
	    0, 500, 1000, 2000, 4000, 8000, 16000, 30000, 30000};
	uint64_t withdrawn = 0;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(delays) / sizeof(delays[0]); i++) {
		uint64_t died = now;
		const char *done = "";

		deadman_died(&d, now);
		while (strchr(done, 'F') == NULL) {
			if (now < deadman_due(&d))
				now = deadman_due(&d);
			done = at(now);
			if (strchr(done, 'W') == NULL)
				continue;
			assert_int_equal(withdrawn, 0);
			withdrawn = now;
			deadman_withdrawn(&d, true, now);
			/* Until then, deaths don't put it off. */
			assert_int_equal(withdrawn, 2000 + LIMIT);
			deadman_init(&d, 0);
			return;
		}
		assert_int_equal(now - died, delays[i]);
	}
	fail();
}

static void
delays_grow_and_are_forgotten(void **state)
{
	unsigned delays[] = {
	    0, 500, 1000, 2000, 4000, 8000, 16000, 30000, 30000};
	size_t i;

	(void)state;
	deadman_limit(&d, 0); /* only forks are of interest */
	for (i = 0; i < sizeof(delays) / sizeof(delays[0]); i++) {
		deadman_died(&d, now);
		if (delays[i] > 0)
			assert_string_equal(at(now + delays[i] - 1), "");
		assert_string_equal(at(now + (delays[i] > 0)), "F");
	}
	assert_true(deadman_beat(&d, now));
	now += DEADMAN_STABLE;
	deadman_died(&d, now);
	assert_string_equal(at(now), "F");
}

static void
who_is_silent_is_killed_and_withdrawn_for(void **state)
{
	uint64_t when;

	(void)state;
	assert_string_equal(next(&when), "K");
	assert_int_equal(when, 2000 + LIMIT);
	assert_false(deadman_beat(&d, now)); /* too late */
	now += 10;
	deadman_died(&d, now);
	assert_string_equal(at(now), "WF");
	/* It takes over while a withdrawal is under way. */
	assert_true(deadman_beat(&d, now + 100));
	deadman_withdrawn(&d, false, now + 100);
	assert_string_equal(at(now + LIMIT - 1), "");
}

static void
who_can_not_be_killed_is_withdrawn_for(void **state)
{
	uint64_t when;

	(void)state;
	assert_string_equal(next(&when), "K");
	assert_string_equal(next(&when), "W");
	assert_int_equal(when, 2000 + LIMIT + DEADMAN_DEATH);
	deadman_withdrawn(&d, false, now);
	assert_string_equal(next(&when), "W");
	assert_int_equal(when, now);
	deadman_withdrawn(&d, true, now);
	assert_string_equal(next(&when), "never");
	/* What it had running may have announced since. */
	now += 7000;
	deadman_died(&d, now);
	assert_string_equal(at(now), "WF");
	assert_true(deadman_beat(&d, now));
	deadman_withdrawn(&d, false, now);
	assert_string_equal(next(&when), "K");
	/* It dies while it is withdrawn for. */
	assert_string_equal(next(&when), "W");
	deadman_died(&d, now);
	assert_string_equal(at(now), "");
	deadman_withdrawn(&d, true, now);
	assert_string_equal(at(now), "W");
	deadman_withdrawn(&d, true, now);
	assert_string_equal(at(now), "");
}

static void
who_can_not_be_killed_is_withdrawn_for_at_a_stop(void **state)
{
	uint64_t when;

	(void)state;
	deadman_stop(&d, 2000);
	assert_string_equal(next(&when), "K");
	assert_string_equal(next(&when), "W");
	deadman_died(&d, now);
	assert_string_equal(at(now), "");
	deadman_withdrawn(&d, true, now);
	assert_string_equal(at(now), "W");
	deadman_withdrawn(&d, true, now);
	assert_string_equal(at(now), "D");
}

static void
who_says_that_it_is_busy_is_left_alone(void **state)
{
	uint64_t when;

	(void)state;
	deadman_busy(&d, 20000, 2000);
	assert_string_equal(next(&when), "K");
	assert_int_equal(when, 2000 + 20000 + LIMIT);
	setup(NULL);
	deadman_busy(&d, UINT32_MAX, 2000);
	assert_string_equal(next(&when), "K");
	assert_int_equal(when, 2000 + DEADMAN_BUSY + LIMIT);
	setup(NULL);
	deadman_busy(&d, 20000, 2000);
	assert_false(deadman_beat(&d, 3000)); /* it no longer is */
	now = 3000;
	assert_string_equal(next(&when), "K");
	assert_int_equal(when, 3000 + LIMIT);
}

static void
what_is_switched_off_does_nothing(void **state)
{
	uint64_t when;

	(void)state;
	deadman_limit(&d, 0);
	assert_false(deadman_beat(&d, 2000));
	assert_string_equal(next(&when), "never");
	deadman_busy(&d, 10, 2000);
	assert_string_equal(next(&when), "never");
	deadman_died(&d, 3000);
	assert_string_equal(at(3000), "F");
	assert_string_equal(next(&when), "never");
}

static void
a_pause_of_ones_own_is_nobodys_fault(void **state)
{
	uint64_t when;

	(void)state;
	deadman_paused(&d, 7000);
	assert_string_equal(next(&when), "K");
	assert_int_equal(when, 2000 + LIMIT + 7000);
}

static void
a_stop_ends(void **state)
{
	uint64_t when;

	(void)state;
	deadman_stop(&d, 2100);
	deadman_beat(&d, 2200);
	now = 2200;
	assert_string_equal(next(&when), "K"); /* it hangs */
	assert_int_equal(when, 2200 + LIMIT);
	deadman_died(&d, now);
	assert_string_equal(at(now), "W");
	deadman_withdrawn(&d, false, now); /* nor does that work */
	assert_string_equal(at(now), "D");
	/* While there is no engine. */
	setup(NULL);
	deadman_died(&d, now);
	deadman_stop(&d, now);
	assert_string_equal(at(now), "W");
	deadman_withdrawn(&d, true, now);
	assert_string_equal(at(now), "D");
	/* With the switch off. */
	setup(NULL);
	deadman_limit(&d, 0);
	deadman_beat(&d, now);
	deadman_stop(&d, now);
	assert_string_equal(next(&when), "K");
	assert_int_equal(when, 2000 + DEADMAN_STOP);
}

static void
a_stop_ends_soon(void **state)
{
	uint64_t when;

	(void)state;
	/* However long it may be silent otherwise. */
	deadman_limit(&d, 3600000);
	deadman_beat(&d, 2000);
	deadman_stop(&d, 2100);
	assert_int_equal(deadman_due(&d), 2100 + DEADMAN_STOP);
	deadman_limit(&d, 7200000);
	deadman_beat(&d, 2200);
	assert_string_equal(next(&when), "K");
	assert_int_equal(when, 2200 + DEADMAN_STOP);
	/* It is busy, and does not come back. */
	setup(NULL);
	deadman_busy(&d, DEADMAN_BUSY, 2000);
	deadman_stop(&d, 2100);
	assert_int_equal(deadman_due(&d), 2100 + DEADMAN_STOP);
	deadman_stop(&d, 2200);
	assert_int_equal(deadman_due(&d), 2200 + DEADMAN_STOP_AGAIN);
	/* An order to stop is no sign of life. */
	deadman_stop(&d, 2300);
	assert_string_equal(next(&when), "K");
	assert_int_equal(when, 2200 + DEADMAN_STOP_AGAIN);
	/* One that stops, and says that this takes a while. */
	setup(NULL);
	deadman_stop(&d, 2100);
	deadman_stop(&d, 2200);
	deadman_busy(&d, 20000, 2300);
	assert_int_equal(deadman_due(&d), 2300 + 20000 + LIMIT);
}

/* What is announced. */

static struct conf_vip vips[3];
static struct conf conf;
static struct announced a;
static char one[] = "/one", two[] = "/two", program[] = "/bgpctl";

static struct addr
vip(unsigned i)
{
	return (struct addr){AF_INET, {192, 0, 2, (uint8_t)i}};
}

static int
announced_setup(void **state)
{
	size_t i;

	(void)state;
	memset(&conf, 0, sizeof(conf));
	for (i = 0; i < 3; i++)
		vips[i].address = vip((unsigned)i + 1);
	conf.vips = vips;
	conf.vip_count = 3;
	conf.bgp.enabled = true;
	conf.bgp.socket = one;
	conf.bgp.program = program;
	announced_configure(&a, &conf);
	return 0;
}

static int
announced_teardown(void **state)
{
	(void)state;
	announced_clear(&a);
	return 0;
}

/* A part of a list, from a text such as "<1 2>". */
static bool
hear(const char *socket, const char *text)
{
	struct lifeline_message m = {.type = LIFELINE_ANNOUNCED};

	snprintf(m.socket, sizeof(m.socket), "%s", socket);
	m.first = strchr(text, '<') != NULL;
	m.last = strchr(text, '>') != NULL;
	for (; *text != '\0'; text++)
		if (*text >= '0' && *text <= '9')
			m.vips[m.count++] = vip((unsigned)(*text - '0'));
	return announced_hear(&a, &m);
}

/* What a place has, as text. */
static const char *
has(const char *socket)
{
	static char text[32];
	size_t i, j, len = 0;

	announced_tidy(&a);
	for (i = 0; i < a.place_count; i++) {
		if (strcmp(a.places[i].socket, socket) != 0)
			continue;
		for (j = 0; j < a.places[i].count; j++)
			text[len++] =
			    (char)('0' + a.places[i].vips[j].bytes[3]);
		text[len] = '\0';
		return text;
	}
	return "no place";
}

static void
a_list_counts_when_it_is_complete(void **state)
{
	(void)state;
	assert_true(hear("/one", "<2 1"));
	assert_string_equal(has("/one"), "");
	assert_true(hear("/one", "3>"));
	assert_string_equal(has("/one"), "123");
	hear("/one", "<1");
	hear("/one", "<2>");
	assert_string_equal(has("/one"), "2");
	assert_int_equal(announced_count(&a), 1);
	hear("/one", "<>");
	assert_string_equal(has("/one"), "");
}

static void
what_is_not_configured_is_not_believed(void **state)
{
	(void)state;
	assert_false(hear("/two", "<1>"));
	assert_true(hear("/one", "<7 1 8>"));
	assert_string_equal(has("/one"), "1");
	/* Never more than there can be. */
	hear("/one", "<1 1 1 2 2 2 3 3 3");
	hear("/one", "1 1 1 1 1 1");
	hear("/one", "1 1 1 1 1>");
	assert_in_range(announced_count(&a), 1, 4);
}

/* The place is known by bgpd's socket. */
static void
another_bgpctl_is_no_other_place(void **state)
{
	static char other[] = "/other";

	(void)state;
	hear("/one", "<1 2>");
	conf.bgp.program = other;
	announced_configure(&a, &conf);
	assert_int_equal(a.place_count, 1);
	assert_string_equal(a.places[0].program, "/other");
	assert_true(a.places[0].configured);
	assert_string_equal(has("/one"), "12");
}

static void
what_a_reload_takes_away_stays_until_it_is_gone(void **state)
{
	(void)state;
	hear("/one", "<1 2>");
	conf.bgp.socket = two;
	conf.vip_count = 1;
	announced_configure(&a, &conf);
	assert_string_equal(has("/one"), "12");
	assert_string_equal(has("/two"), "");
	assert_true(hear("/one", "<2 3>"));
	assert_string_equal(has("/one"), "2");
	assert_true(hear("/two", "<1 2>"));
	assert_string_equal(has("/two"), "1");
	assert_true(hear("/one", "<>"));
	assert_string_equal(has("/one"), "no place");
	conf.bgp.enabled = false;
	announced_configure(&a, &conf);
	assert_string_equal(has("/two"), "1");
	announced_forget(&a.places[0]);
	assert_string_equal(has("/two"), "no place");
}

static void
a_death_half_way_leaves_both_lists(void **state)
{
	(void)state;
	hear("/one", "<1>");
	hear("/one", "<2");
	announced_orphan(&a);
	assert_string_equal(has("/one"), "12");
	announced_orphan(&a);
	assert_string_equal(has("/one"), "12");
}

#define SWITCH(name) cmocka_unit_test_setup(name, setup)
#define LIST(name)                       \
	cmocka_unit_test_setup_teardown( \
	    name, announced_setup, announced_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    SWITCH(a_start_may_take_long),
	    SWITCH(who_dies_is_replaced_at_once),
	    SWITCH(who_is_not_replaced_in_time_is_withdrawn_for),
	    SWITCH(who_dies_again_and_again_is_waited_for),
	    SWITCH(delays_grow_and_are_forgotten),
	    SWITCH(who_is_silent_is_killed_and_withdrawn_for),
	    SWITCH(who_can_not_be_killed_is_withdrawn_for),
	    SWITCH(who_can_not_be_killed_is_withdrawn_for_at_a_stop),
	    SWITCH(who_says_that_it_is_busy_is_left_alone),
	    SWITCH(what_is_switched_off_does_nothing),
	    SWITCH(a_pause_of_ones_own_is_nobodys_fault),
	    SWITCH(a_stop_ends),
	    SWITCH(a_stop_ends_soon),
	    LIST(a_list_counts_when_it_is_complete),
	    LIST(what_is_not_configured_is_not_believed),
	    LIST(another_bgpctl_is_no_other_place),
	    LIST(what_a_reload_takes_away_stays_until_it_is_gone),
	    LIST(a_death_half_way_leaves_both_lists),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("deadman", tests, NULL, NULL);
}
