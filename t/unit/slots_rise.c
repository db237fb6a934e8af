/* SPDX-License-Identifier: ISC */

/*
 * Members that come step by step: what is withheld from them, whose it is
 * meanwhile, and that no slot moves more often than it has to.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <cmocka.h>

#include "core/slots.h"

#define COUNT 100
#define SIZE  65537
#define NONE  0xffff

static struct slots_member members[COUNT];
static uint16_t slots[SIZE], before[SIZE], without[SIZE], with[SIZE];

static void
make_members(void)
{
	size_t i;

	memset(members, 0, sizeof(members));
	for (i = 0; i < COUNT; i++) {
		members[i].address.family = AF_INET;
		members[i].address.bytes[0] = 10;
		members[i].address.bytes[3] = (uint8_t)(i + 1);
		members[i].weight = 1 + i % 3;
		members[i].value = (uint16_t)i;
	}
}

static void
fill(size_t scheduler, uint16_t *table)
{
	memset(table, 0xee, SIZE * sizeof(*table));
	slots_fill(
	    (enum scheduler)scheduler, members, COUNT, NONE, table, SIZE);
}

static unsigned
share(const uint16_t *table, uint16_t value)
{
	unsigned count = 0;
	size_t i;

	for (i = 0; i < SIZE; i++)
		count += table[i] == value;
	return count;
}

static unsigned
difference(const uint16_t *a, const uint16_t *b)
{
	unsigned count = 0;
	size_t i;

	for (i = 0; i < SIZE; i++)
		count += a[i] != b[i];
	return count;
}

/* The tables without it and with all of it. */
static void
fill_ends(size_t scheduler, size_t member)
{
	members[member].withheld = 100;
	fill(scheduler, without);
	assert_int_equal(share(without, (uint16_t)member), 0);
	members[member].withheld = 0;
	fill(scheduler, with);
}

/* Each slot is as it was, or as it will be, and moves but once. */
static void
each_slot_moves_once(void **state)
{
	unsigned moved, part, wanted;
	size_t scheduler, i;

	(void)state;
	for (scheduler = 0; scheduler < 2; scheduler++) {
		make_members();
		fill_ends(scheduler, 42);
		memcpy(before, without, sizeof(before));
		moved = 0;
		for (part = 5; part <= 100; part += 5) {
			members[42].withheld = 100 - part;
			fill(scheduler, slots);
			moved += difference(before, slots);
			for (i = 0; i < SIZE; i++)
				assert_true(slots[i] == with[i] ||
				    slots[i] == before[i]);
			wanted = share(with, 42) * part / 100;
			assert_in_range(share(slots, 42), wanted * 85 / 100,
			    wanted * 115 / 100 + 10);
			memcpy(before, slots, sizeof(before));
		}
		assert_memory_equal(slots, with, sizeof(slots));
		assert_int_equal(moved, difference(without, with));
		print_message("# %u of %u slots move, %u are its own\n", moved,
		    SIZE, share(with, 42));
	}
}

#define RISING 7 /* members, each a step later than the one before */

static void
withhold_by_turns(int part)
{
	int withheld;

	for (int i = 0; i < RISING; i++) {
		withheld = 100 + 5 * i - part;
		members[i].withheld = (unsigned)(withheld < 0 ? 0
			: withheld > 100		      ? 100
							      : withheld);
	}
}

/*
 * Slots only ever go to those that come: with Maglev, which moves some of
 * others' slots, too, none of them has fewer than before, but for those.
 */
static void
check_none_given_back(size_t scheduler)
{
	uint16_t i;

	for (i = 0; i < RISING; i++)
		assert_true(share(slots, i) >= share(before, i) * 95 / 100);
	if (scheduler != SCHEDULER_RENDEZVOUS)
		return;
	for (size_t slot = 0; slot < SIZE; slot++)
		assert_true(
		    slots[slot] == before[slot] || slots[slot] < RISING);
}

static void
none_is_given_back_by_many(void **state)
{
	bool coarse, was_coarse;
	size_t scheduler;
	int part;

	(void)state;
	for (scheduler = 0; scheduler < 2; scheduler++) {
		make_members();
		coarse = was_coarse = false;
		for (part = 0; part <= 100 + 5 * RISING; part += 5) {
			withhold_by_turns(part);
			slots_refill((enum scheduler)scheduler, members, COUNT,
			    NONE, slots, SIZE, &coarse);
			was_coarse |= coarse;
			if (part > 0)
				check_none_given_back(scheduler);
			memcpy(before, slots, sizeof(before));
		}
		assert_true(was_coarse);
		assert_false(coarse);
		fill(scheduler, with);
		assert_memory_equal(slots, with, sizeof(slots));
	}
}

static void
who_is_alone_has_all(void **state)
{
	size_t scheduler, i;

	(void)state;
	for (scheduler = 0; scheduler < 2; scheduler++) {
		make_members();
		for (i = 1; i < COUNT; i++)
			members[i].weight = 0;
		members[0].withheld = 95;
		fill(scheduler, slots);
		assert_int_equal(share(slots, 0), SIZE);
	}
}

static void
who_rise_together_are_as_if_they_did_not(void **state)
{
	size_t scheduler, i;

	(void)state;
	for (scheduler = 0; scheduler < 2; scheduler++) {
		make_members();
		fill(scheduler, with);
		for (i = 0; i < COUNT; i++)
			members[i].withheld = 60;
		fill(scheduler, slots);
		assert_memory_equal(slots, with, sizeof(slots));
		/* One of them is a step behind. */
		members[7].withheld = 65;
		fill(scheduler, slots);
		assert_in_range(share(slots, 7), share(with, 7) * 30 / 100,
		    share(with, 7) * 40 / 100);
	}
}

/* Some at once, each as far as it is; many values are rounded. */
static void
several_rise(void **state)
{
	size_t scheduler, i;
	unsigned whole, got;

	(void)state;
	for (scheduler = 0; scheduler < 2; scheduler++) {
		make_members();
		fill(scheduler, with);
		for (i = 0; i < 4; i++)
			members[i * 3].withheld = 90 - 20 * (unsigned)i;
		fill(scheduler, slots);
		for (i = 0; i < 4; i++) {
			whole = share(with, (uint16_t)(i * 3));
			got = share(slots, (uint16_t)(i * 3));
			assert_in_range(got, whole * (5 + 20 * i) / 100,
			    whole * (17 + 20 * i) / 100);
		}
		for (i = 0; i < 30; i++)
			members[i].withheld = 3 * (unsigned)i + 2;
		fill(scheduler, slots);
		assert_int_equal(share(slots, NONE), 0);
		assert_in_range(share(slots, 29), 1, share(with, 29) / 3);
		assert_in_range(share(slots, 15), share(with, 15) / 3,
		    share(with, 15) * 9 / 10);
		for (i = 0; i < SIZE; i++)
			assert_true(slots[i] < COUNT);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_slot_moves_once),
	    cmocka_unit_test(none_is_given_back_by_many),
	    cmocka_unit_test(who_is_alone_has_all),
	    cmocka_unit_test(who_rise_together_are_as_if_they_did_not),
	    cmocka_unit_test(several_rise),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
