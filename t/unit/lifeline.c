/* SPDX-License-Identifier: ISC */

/*
 * What the engine and its parent tell each other: what was written is read
 * again, and nothing else is.
 */

#include <sys/mman.h>
#include <sys/socket.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/lifeline.h"

#define ROUNDS 200000

static uint64_t random_state = 42;

/* xorshift64*: the same everywhere. */
static uint32_t
some(uint32_t below)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return (uint32_t)((random_state * 0x2545f4914f6cdd1d) >> 32) % below;
}

static struct lifeline_message
announced(size_t count)
{
	struct lifeline_message m = {
	    .type = LIFELINE_ANNOUNCED,
	    .first = true,
	    .socket = "/run/bgpd.sock",
	    .count = count,
	};
	size_t i;

	for (i = 0; i < count; i++) {
		m.vips[i].family = i % 2 == 0 ? AF_INET : AF_INET6;
		m.vips[i].bytes[i % 2 == 0 ? 3 : 15] = (uint8_t)i;
	}
	return m;
}

static void
assert_same(const struct lifeline_message *a, const struct lifeline_message *b)
{
	size_t i;

	assert_int_equal(a->type, b->type);
	assert_int_equal(a->busy, b->busy);
	assert_true(a->digest == b->digest);
	assert_int_equal(a->first, b->first);
	assert_int_equal(a->last, b->last);
	assert_string_equal(a->socket, b->socket);
	assert_memory_equal(&a->figures, &b->figures, sizeof(a->figures));
	assert_int_equal(a->refused, b->refused);
	assert_int_equal(a->count, b->count);
	for (i = 0; i < a->count; i++)
		assert_memory_equal(
		    &a->vips[i], &b->vips[i], sizeof(a->vips[i]));
}

static void
round_trip(const struct lifeline_message *m)
{
	struct lifeline_message out;
	uint8_t buf[LIFELINE_LEN];
	size_t len = lifeline_encode(m, buf);

	assert_in_range(len, 1, LIFELINE_LEN);
	assert_int_equal(lifeline_decode(buf, len, &out), 0);
	assert_same(m, &out);
}

static void
every_message_is_read_as_it_was_written(void **state)
{
	struct lifeline_message m = {0};
	size_t i;

	(void)state;
	for (i = 0; i < LIFELINE_TYPES; i++) {
		m.type = (enum lifeline_type)i;
		if (m.type != LIFELINE_ANNOUNCED)
			round_trip(&m);
	}
	m.type = LIFELINE_BUSY;
	m.busy = 0xfedcba98;
	round_trip(&m);
	m = (struct lifeline_message){.type = LIFELINE_CONFIGURED,
	    .digest = UINT64_C(0xfedcba9876543210)};
	round_trip(&m);
	m = (struct lifeline_message){.type = LIFELINE_FIGURES};
	m.figures.vips = 0xfedcba98;
	m.figures.announced = LIFELINE_NO_BGP;
	m.figures.problems = 3;
	round_trip(&m);
	m = (struct lifeline_message){
	    .type = LIFELINE_RELOADED, .refused = true};
	round_trip(&m);
	for (i = 0; i <= LIFELINE_VIPS; i++) {
		m = announced(i);
		m.last = i % 3 == 0;
		round_trip(&m);
	}
}

static void
the_longest_fits(void **state)
{
	struct lifeline_message m = announced(LIFELINE_VIPS);

	(void)state;
	memset(m.socket, '/', sizeof(m.socket) - 1);
	round_trip(&m);
}

static void
parts_and_more_are_refused(void **state)
{
	const struct lifeline_message m = announced(3);
	uint8_t buf[LIFELINE_LEN + 1] = {0};
	struct lifeline_message out;
	size_t i, len = lifeline_encode(&m, buf);

	(void)state;
	for (i = 0; i < len; i++)
		assert_int_equal(lifeline_decode(buf, i, &out), -1);
	assert_int_equal(lifeline_decode(buf, len + 1, &out), -1);
	assert_int_equal(lifeline_decode(buf, sizeof(buf), &out), -1);
}

/* What a byte at a place, changed, makes of a sound message. */
static int
changed(size_t at, uint8_t byte)
{
	const struct lifeline_message m = announced(1);
	uint8_t buf[LIFELINE_LEN];
	struct lifeline_message out;
	size_t len = lifeline_encode(&m, buf);

	assert_true(at < len);
	buf[at] = byte;
	return lifeline_decode(buf, len, &out);
}

static void
what_is_not_right_is_refused(void **state)
{
	(void)state;
	assert_int_equal(changed(0, LIFELINE_ANNOUNCED), 0);
	assert_int_equal(changed(0, LIFELINE_TYPES), -1);
	assert_int_equal(changed(0, LIFELINE_BEAT), -1); /* too long for it */
	assert_int_equal(changed(1, 3), 0);
	assert_int_equal(changed(1, 4), -1);	/* no such flag */
	assert_int_equal(changed(2, 0xff), -1); /* the path's length */
	assert_int_equal(changed(4, 'x'), -1);	/* not absolute */
	assert_int_equal(changed(5, '\0'), -1);
	assert_int_equal(changed(18, 0), -1); /* the count */
	assert_int_equal(changed(18, 2), -1);
	assert_int_equal(changed(19, 5), -1); /* the family */
	assert_int_equal(changed(20, 0xff), 0);
}

static void
a_result_is_yes_or_no(void **state)
{
	const uint8_t maybe[] = {LIFELINE_RELOADED, 2};
	struct lifeline_message out;

	(void)state;
	assert_int_equal(lifeline_decode(maybe, sizeof(maybe), &out), -1);
	assert_int_equal(lifeline_decode(maybe, 1, &out), -1);
}

/* Nothing outside of the message is looked at: there is no such memory. */
static void
garbage_is_harmless(void **state)
{
	uint8_t *page, *at, sound[LIFELINE_LEN], again[LIFELINE_LEN];
	unsigned round, i, good = 0;
	struct lifeline_message m, out;
	size_t len;

	(void)state;
	page = mmap(NULL, 2 * LIFELINE_LEN, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(page, MAP_FAILED);
	assert_int_equal(
	    mprotect(page + LIFELINE_LEN, LIFELINE_LEN, PROT_NONE), 0);
	for (round = 0; round < ROUNDS; round++) {
		m = announced(some(4));
		len = lifeline_encode(&m, sound);
		if (some(4) == 0)
			len = some((uint32_t)len + 1);
		at = page + LIFELINE_LEN - len;
		memcpy(at, sound, len);
		for (i = some(4); len > 0 && i > 0; i--)
			at[some((uint32_t)len)] = (uint8_t)some(256);
		if (lifeline_decode(at, len, &out) == -1)
			continue;
		good++;
		assert_in_range(out.count, 0, LIFELINE_VIPS);
		/* What was believed is what would be said. */
		assert_int_equal(lifeline_encode(&out, again), len);
		assert_memory_equal(again, at, len);
	}
	assert_in_range(good, ROUNDS / 10, ROUNDS);
	munmap(page, 2 * LIFELINE_LEN);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_message_is_read_as_it_was_written),
	    cmocka_unit_test(the_longest_fits),
	    cmocka_unit_test(parts_and_more_are_refused),
	    cmocka_unit_test(what_is_not_right_is_refused),
	    cmocka_unit_test(a_result_is_yes_or_no),
	    cmocka_unit_test(garbage_is_harmless),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("lifeline", tests, NULL, NULL);
}
