/* SPDX-License-Identifier: ISC */

/*
 * What the parent knows to be announced, without any process.
 */

#include <sys/socket.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/announced.h"
#include "core/conf.h"
#include "core/lifeline.h"

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
setup(void **state)
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
teardown(void **state)
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_list_counts_when_it_is_complete),
	    TEST(what_is_not_configured_is_not_believed),
	    TEST(another_bgpctl_is_no_other_place),
	    TEST(what_a_reload_takes_away_stays_until_it_is_gone),
	    TEST(a_death_half_way_leaves_both_lists),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("announced", tests, NULL, NULL);
}
