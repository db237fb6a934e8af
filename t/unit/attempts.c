/* SPDX-License-Identifier: ISC */

/*
 * Who may have a password compared, and when.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "core/attempts.h"

#define HOUR 3600000

static struct attempts *a;
static unsigned seconds;

static int
setup(void **state)
{
	(void)state;
	a = attempts_new();
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	attempts_free(a);
	return 0;
}

static struct addr
parsed(const char *text)
{
	struct addr address;

	assert_int_equal(addr_parse(text, &address), 0);
	return address;
}

static enum attempt
begin(const char *from, uint64_t now)
{
	struct addr address = parsed(from);

	return attempts_begin(a, &address, now, &seconds);
}

static void
end(const char *from, uint64_t now, enum attempt_end how)
{
	struct addr address = parsed(from);

	attempts_end(a, &address, now, how);
}

static enum attempt
attempt(const char *from, uint64_t now, enum attempt_end how)
{
	enum attempt result = begin(from, now);

	if (result == ATTEMPT_BEGUN)
		end(from, now, how);
	return result;
}

static bool
is_trusted(const char *from, uint64_t now)
{
	struct addr address = parsed(from);

	return attempts_is_trusted(a, &address, now);
}

static unsigned
failures(const char *from, uint64_t now)
{
	struct addr address = parsed(from);

	return attempts_failures(a, &address, now);
}

/* Addresses in networks of their own. */
static const char *
stranger(unsigned i)
{
	static char text[ADDR_STRLEN];

	snprintf(text, sizeof(text), "10.%u.%u.1", i / 256, i % 256);
	return text;
}

static void
waits_grow_and_end(void **state)
{
	static const unsigned waits[] = {1, 2, 4, 8, 16, 32, 60, 60, 60};
	uint64_t now = 1000;
	size_t i;

	(void)state;
	for (i = 0; i < 4; i++)
		assert_int_equal(
		    attempt("192.0.2.1", now, ATTEMPT_WRONG), ATTEMPT_BEGUN);
	for (i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
		assert_int_equal(
		    attempt("192.0.2.1", now, ATTEMPT_WRONG), ATTEMPT_BEGUN);
		assert_int_equal(begin("192.0.2.1", now), ATTEMPT_EARLY);
		assert_int_equal(seconds, waits[i]);
		now += 1000 * waits[i];
		assert_int_equal(begin("192.0.2.1", now - 1), ATTEMPT_EARLY);
		assert_int_equal(seconds, 1);
	}
	assert_int_equal(failures("192.0.2.1", now), 13);
	assert_int_equal(
	    attempt("192.0.2.2", now, ATTEMPT_WRONG), ATTEMPT_BEGUN);
	assert_int_equal(failures("192.0.2.1", now + HOUR), 0);
	assert_int_equal(
	    attempt("192.0.2.1", now + HOUR, ATTEMPT_WRONG), ATTEMPT_BEGUN);
	assert_int_equal(failures("192.0.2.1", now + HOUR), 1);
}

/* Else one could guess another's password between logins of one's own. */
static void
who_gets_in_is_not_forgiven(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < 5; i++) {
		attempt("192.0.2.1", 1000, ATTEMPT_RIGHT);
		attempt("192.0.2.1", 1000, ATTEMPT_WRONG);
	}
	assert_int_equal(begin("192.0.2.1", 1000), ATTEMPT_EARLY);
}

static void
a_source_has_few_places(void **state)
{
	(void)state;
	assert_int_equal(begin("192.0.2.1", 1), ATTEMPT_BEGUN);
	assert_int_equal(begin("192.0.2.1", 1), ATTEMPT_BEGUN);
	assert_int_equal(begin("192.0.2.1", 1), ATTEMPT_EARLY);
	assert_int_equal(seconds, 1);
	end("192.0.2.1", 1, ATTEMPT_GIVEN_UP);
	assert_int_equal(failures("192.0.2.1", 1), 0);
	assert_int_equal(begin("192.0.2.1", 1), ATTEMPT_BEGUN);
	assert_int_equal(begin("192.0.2.1", 1), ATTEMPT_EARLY);
}

static void
a_64_is_one_source_and_a_48_one_network(void **state)
{
	(void)state;
	assert_int_equal(begin("2001:db8:1:1::1", 1), ATTEMPT_BEGUN);
	assert_int_equal(begin("2001:db8:1:1:ffff::2", 1), ATTEMPT_BEGUN);
	assert_int_equal(begin("2001:db8:1:1::3", 1), ATTEMPT_EARLY);
	assert_int_equal(begin("2001:db8:1:2::1", 1), ATTEMPT_BEGUN);
	assert_int_equal(begin("2001:db8:1:ffff::1", 1), ATTEMPT_BEGUN);
	assert_int_equal(begin("2001:db8:1:3::1", 1), ATTEMPT_EARLY);
	assert_int_equal(begin("2001:db8:2::1", 1), ATTEMPT_BEGUN);
	/* Mapped, as a socket of both versions has it. */
	assert_int_equal(begin("::ffff:192.0.2.1", 1), ATTEMPT_BEGUN);
	assert_int_equal(begin("192.0.2.1", 1), ATTEMPT_BEGUN);
	assert_int_equal(begin("::ffff:192.0.2.1", 1), ATTEMPT_EARLY);
	assert_int_equal(begin("::ffff:198.51.100.1", 1), ATTEMPT_BEGUN);
}

static void
an_ipv4_24_is_one_network(void **state)
{
	(void)state;
	assert_int_equal(begin("192.0.2.1", 1), ATTEMPT_BEGUN);
	assert_int_equal(begin("192.0.2.2", 1), ATTEMPT_BEGUN);
	assert_int_equal(begin("192.0.2.3", 1), ATTEMPT_BEGUN);
	assert_int_equal(begin("192.0.2.4", 1), ATTEMPT_BEGUN);
	assert_int_equal(begin("192.0.2.255", 1), ATTEMPT_EARLY);
	assert_int_equal(begin("192.0.3.1", 1), ATTEMPT_BEGUN);
}

static void
those_who_got_in_have_places_of_their_own(void **state)
{
	unsigned i, begun = 0;

	(void)state;
	attempt("192.0.2.1", 1, ATTEMPT_RIGHT);
	attempt("192.0.2.2", 1, ATTEMPT_RIGHT);
	assert_true(is_trusted("192.0.2.1", 1));
	assert_false(is_trusted("192.0.2.3", 1));
	for (i = 0; i < 1000; i++)
		begun += begin(stranger(i), 1) == ATTEMPT_BEGUN;
	assert_int_equal(begun, ATTEMPTS_PLACES - ATTEMPTS_RESERVED);
	assert_int_equal(begin("192.0.2.3", 1), ATTEMPT_CROWDED);
	assert_int_equal(seconds, 5);
	assert_int_equal(begin("192.0.2.1", 1), ATTEMPT_BEGUN);
	assert_int_equal(begin("192.0.2.1", 1), ATTEMPT_BEGUN);
	assert_int_equal(begin("192.0.2.1", 1), ATTEMPT_EARLY);
	assert_int_equal(begin("192.0.2.2", 1), ATTEMPT_BEGUN);
	assert_int_equal(begin("192.0.2.2", 1), ATTEMPT_BEGUN);
	attempts_free(a);
	a = attempts_new();
	attempt("192.0.2.1", 1, ATTEMPT_RIGHT);
	assert_false(is_trusted("192.0.2.1", 25 * HOUR));
}

/* Neither what is known of who guesses, nor of who got in, is lost at once. */
static void
many_addresses_displace_the_oldest(void **state)
{
	unsigned i;

	(void)state;
	attempt("192.0.2.1", 1, ATTEMPT_RIGHT);
	assert_int_equal(begin("192.0.2.2", 1), ATTEMPT_BEGUN);
	for (i = 0; i < 5; i++)
		attempt("192.0.2.3", 1, ATTEMPT_WRONG);
	for (i = 0; i < ATTEMPTS_SOURCES - 3; i++)
		assert_int_equal(
		    attempt(stranger(i), 2, ATTEMPT_WRONG), ATTEMPT_BEGUN);
	assert_int_equal(failures("192.0.2.3", 2), 5);
	assert_int_equal(failures(stranger(0), 2), 1);
	for (; i < 10000; i++)
		assert_int_equal(
		    attempt(stranger(i), 3, ATTEMPT_WRONG), ATTEMPT_BEGUN);
	assert_int_equal(failures("192.0.2.3", 3), 0);
	assert_true(is_trusted("192.0.2.1", 3));
	/* It has its place still, and gives it back. */
	end("192.0.2.2", 3, ATTEMPT_WRONG);
	assert_int_equal(failures("192.0.2.2", 3), 1);
}

static void
trust_is_bounded(void **state)
{
	unsigned i;

	(void)state;
	for (i = 0; i < 1000; i++)
		attempt(stranger(i), i + 1, ATTEMPT_RIGHT);
	assert_true(is_trusted(stranger(1000 - ATTEMPTS_TRUSTED), 1001));
	assert_false(is_trusted(stranger(999 - ATTEMPTS_TRUSTED), 1001));
	for (i = 0; i < 1000; i++)
		attempt(stranger(2000 + i), 2000, ATTEMPT_WRONG);
	assert_true(is_trusted(stranger(1000 - ATTEMPTS_TRUSTED), 2001));
}

static void
what_was_not_begun_is_not_ended(void **state)
{
	unsigned i, begun = 0;

	(void)state;
	for (i = 0; i < 100; i++)
		end("192.0.2.1", 1, ATTEMPT_WRONG);
	assert_int_equal(begin("192.0.2.1", 1), ATTEMPT_BEGUN);
	for (i = 0; i < 100; i++)
		begun += begin(stranger(i), 1) == ATTEMPT_BEGUN;
	assert_int_equal(begun, ATTEMPTS_PLACES - ATTEMPTS_RESERVED - 1);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		waits_grow_and_end, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		who_gets_in_is_not_forgiven, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		a_source_has_few_places, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		a_64_is_one_source_and_a_48_one_network, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		an_ipv4_24_is_one_network, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		those_who_got_in_have_places_of_their_own, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		many_addresses_displace_the_oldest, setup, teardown),
	    cmocka_unit_test_setup_teardown(trust_is_bounded, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		what_was_not_begun_is_not_ended, setup, teardown),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("attempts", tests, NULL, NULL);
}
