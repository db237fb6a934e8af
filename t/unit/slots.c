/* SPDX-License-Identifier: ISC */

/*
 * Consistent-hash tables: shares, disruption, and the very same table wherever
 * it is computed.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <cmocka.h>

#include "core/slots.h"

#define MEMBERS_MAX 1000
#define NONE	    0xffff

static const enum scheduler schedulers[] = {
    SCHEDULER_MAGLEV, SCHEDULER_RENDEZVOUS};

static struct slots_member members[MEMBERS_MAX];
static uint16_t slots[SLOTS_COUNT], before[SLOTS_COUNT];
static unsigned shares[MEMBERS_MAX];

/* 10.0.x.y or 2001:db8::x:y, weight 1, value its number. */
static void
make_members(size_t count, uint8_t family)
{
	size_t i, last = family == AF_INET ? 3 : 15;

	memset(members, 0, sizeof(members));
	for (i = 0; i < count; i++) {
		members[i].address.family = family;
		if (family == AF_INET)
			members[i].address.bytes[0] = 10;
		else
			memcpy(members[i].address.bytes, "\x20\x01\xd\xb8", 4);
		members[i].address.bytes[last - 1] = (i + 1) >> 8;
		members[i].address.bytes[last] = (i + 1) & 0xff;
		members[i].weight = 1;
		members[i].value = i;
	}
}

/* Fill slots and count everybody's; returns how many are nobody's. */
static unsigned
fill(enum scheduler scheduler, size_t count)
{
	unsigned none = 0;
	size_t i;

	memset(shares, 0, sizeof(shares));
	memset(slots, 0xee, sizeof(slots));
	slots_fill(scheduler, members, count, NONE, slots, SLOTS_COUNT);
	for (i = 0; i < SLOTS_COUNT; i++) {
		if (slots[i] == NONE) {
			none++;
			continue;
		}
		assert_true(slots[i] < MEMBERS_MAX);
		shares[slots[i]]++;
	}
	return none;
}

/* FNV-1a of the table, low byte first. */
static uint64_t
checksum(void)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	size_t i;

	for (i = 0; i < SLOTS_COUNT; i++) {
		hash = (hash ^ (slots[i] & 0xff)) * UINT64_C(0x100000001b3);
		hash = (hash ^ (slots[i] >> 8)) * UINT64_C(0x100000001b3);
	}
	return hash;
}

static void
test_none(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		assert_int_equal(fill(schedulers[i], 0), SLOTS_COUNT);
		make_members(3, AF_INET);
		members[0].weight = members[1].weight = members[2].weight = 0;
		assert_int_equal(fill(schedulers[i], 3), SLOTS_COUNT);
		slots_fill(schedulers[i], NULL, 0, 7, slots, SLOTS_COUNT);
		assert_int_equal(slots[0], 7);
		assert_int_equal(slots[SLOTS_COUNT - 1], 7);
	}
}

static void
test_one(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		make_members(3, AF_INET6);
		assert_int_equal(fill(schedulers[i], 1), 0);
		assert_int_equal(shares[0], SLOTS_COUNT);
		members[0].weight = members[2].weight = 0;
		assert_int_equal(fill(schedulers[i], 3), 0);
		assert_int_equal(shares[1], SLOTS_COUNT);
	}
}

/* Maglev shares slots out as evenly as whole slots allow. */
static void
test_maglev_balance(void **state)
{
	static const size_t counts[] = {2, 3, 10, 100, 1000};
	size_t i, j;

	(void)state;
	for (i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		make_members(counts[i], i % 2 ? AF_INET6 : AF_INET);
		assert_int_equal(fill(SCHEDULER_MAGLEV, counts[i]), 0);
		for (j = 0; j < counts[i]; j++)
			assert_in_range(shares[j], SLOTS_COUNT / counts[i],
			    SLOTS_COUNT / counts[i] + 1);
	}
}

/* Rendezvous is random: within 5 standard deviations of the mean. */
static void
test_rendezvous_balance(void **state)
{
	static const struct {
		size_t count;
		unsigned deviation;
	} cases[] = {{2, 640}, {3, 604}, {10, 384}, {100, 127}, {1000, 40}};
	unsigned mean;
	size_t i, j;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		make_members(cases[i].count, i % 2 ? AF_INET6 : AF_INET);
		assert_int_equal(fill(SCHEDULER_RENDEZVOUS, cases[i].count), 0);
		mean = SLOTS_COUNT / cases[i].count;
		for (j = 0; j < cases[i].count; j++)
			assert_in_range(shares[j], mean - cases[i].deviation,
			    mean + cases[i].deviation);
	}
}

/*
 * Shares of the groups of members of one weight, within 2 % of what they
 * should be: that bounds the error of the logarithm as well.
 */
static void
check_weights(enum scheduler scheduler)
{
	static const unsigned weights[] = {1, 2, 3, 10, 84};
	uint64_t got[5] = {0}, wanted;
	size_t i;

	make_members(100, AF_INET);
	for (i = 0; i < 100; i++)
		members[i].weight = weights[i % 5];
	assert_int_equal(fill(scheduler, 100), 0);
	for (i = 0; i < 100; i++)
		got[i % 5] += shares[i];
	for (i = 2; i < 5; i++) {
		wanted = (uint64_t)SLOTS_COUNT * weights[i] / 100;
		assert_in_range(got[i], wanted * (i == 2 ? 93 : 98) / 100,
		    wanted * (i == 2 ? 107 : 102) / 100);
	}
	assert_in_range(got[0], 500, 830);
	assert_in_range(got[1], 1100, 1500);
}

static void
test_weights(void **state)
{
	(void)state;
	check_weights(SCHEDULER_MAGLEV);
	check_weights(SCHEDULER_RENDEZVOUS);
}

/* Shares follow weights exactly; only ratios matter. */
static void
test_maglev_weights(void **state)
{
	static const unsigned weights[] = {1, 999, 1000, 500};
	unsigned wanted;
	size_t i;

	(void)state;
	make_members(4, AF_INET);
	for (i = 0; i < 4; i++)
		members[i].weight = weights[i];
	fill(SCHEDULER_MAGLEV, 4);
	for (i = 0; i < 4; i++) {
		wanted = SLOTS_COUNT * weights[i] / 2500;
		assert_in_range(shares[i], wanted - 1, wanted + 1);
	}
	memcpy(before, slots, sizeof(slots));
	for (i = 0; i < 4; i++)
		members[i].weight *= 100;
	fill(SCHEDULER_MAGLEV, 4);
	assert_memory_equal(before, slots, sizeof(slots));
}

/* Weights beyond any sense must not overflow into nonsense. */
static void
test_huge_weights(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		make_members(3, AF_INET);
		members[0].weight = members[1].weight = 4000000000;
		assert_int_equal(fill(schedulers[i], 3), 0);
		assert_in_range(shares[0], 32000, 33500);
		assert_in_range(shares[1], 32000, 33500);
		assert_in_range(shares[2], 0, 1);
		members[0].weight = members[1].weight = 1;
		members[2].weight = 0;
		fill(schedulers[i], 3);
		members[0].weight = members[1].weight = 4000000000;
		memcpy(before, slots, sizeof(slots));
		fill(schedulers[i], 3);
		assert_memory_equal(before, slots, sizeof(slots));
	}
}

/* Slots that change beside those of the member that goes. */
static unsigned
disruption(enum scheduler scheduler, size_t count, size_t gone)
{
	unsigned changed = 0;
	size_t i;

	fill(scheduler, count);
	memcpy(before, slots, sizeof(slots));
	members[gone].weight = 0;
	fill(scheduler, count);
	for (i = 0; i < SLOTS_COUNT; i++)
		if (before[i] != gone && before[i] != slots[i])
			changed++;
	return changed;
}

/* On average below 0.6 % of all slots, and never far from it. */
static void
test_maglev_disruption(void **state)
{
	unsigned sum = 0, changed, worst = 0;
	size_t gone;

	(void)state;
	for (gone = 0; gone < 100; gone += 5) {
		make_members(100, AF_INET);
		changed = disruption(SCHEDULER_MAGLEV, 100, gone);
		sum += changed;
		if (changed > worst)
			worst = changed;
	}
	print_message("# 1 of 100 goes: mean %.3f %%, worst %.3f %%\n",
	    sum * 100.0 / 20 / SLOTS_COUNT, worst * 100.0 / SLOTS_COUNT);
	assert_true(sum > 0);
	assert_in_range(sum / 20, 1, SLOTS_COUNT * 6 / 1000);
	assert_in_range(worst, 1, SLOTS_COUNT * 9 / 1000);
}

/* The heaviest that goes must not change the turns of the others. */
static void
test_maglev_weighted_disruption(void **state)
{
	unsigned changed;
	size_t i;

	(void)state;
	make_members(100, AF_INET);
	for (i = 0; i < 100; i++)
		members[i].weight = i == 50 ? 17 : 3 + i % 9;
	changed = disruption(SCHEDULER_MAGLEV, 100, 50);
	print_message("# the heaviest of 100 goes: %.3f %%\n",
	    changed * 100.0 / SLOTS_COUNT);
	assert_in_range(changed, 1, SLOTS_COUNT * 25 / 1000);
}

static void
test_rendezvous_disruption(void **state)
{
	size_t gone, i;

	(void)state;
	for (gone = 0; gone < 100; gone += 20) {
		make_members(100, AF_INET);
		assert_int_equal(
		    disruption(SCHEDULER_RENDEZVOUS, 100, gone), 0);
		for (i = 0; i < 100; i++)
			members[i].weight = 1 + i * 7 % 10;
		assert_int_equal(
		    disruption(SCHEDULER_RENDEZVOUS, 100, gone), 0);
	}
}

static void
test_order(void **state)
{
	struct slots_member swap;
	size_t i, j, k;

	(void)state;
	for (i = 0; i < 2; i++) {
		make_members(50, AF_INET);
		for (j = 0; j < 50; j++)
			members[j].weight = 1 + j % 4;
		fill(schedulers[i], 50);
		memcpy(before, slots, sizeof(slots));
		for (j = 49; j > 0; j--) {
			k = j * 7919 % (j + 1) * 31 % (j + 1);
			swap = members[j];
			members[j] = members[k];
			members[k] = swap;
		}
		fill(schedulers[i], 50);
		assert_memory_equal(before, slots, sizeof(slots));
	}
}

/*
 * An IPv4 address and the IPv6 address that it is mapped to have one hash:
 * their order decides, not the one in which they are given.
 */
static void
test_tie(void **state)
{
	static const struct addr mapped = {
	    .family = AF_INET6,
	    .bytes = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 1},
	};
	struct slots_member swap;
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		make_members(2, AF_INET);
		members[1].address = mapped;
		fill(schedulers[i], 2);
		memcpy(before, slots, sizeof(slots));
		swap = members[0];
		members[0] = members[1];
		members[1] = swap;
		fill(schedulers[i], 2);
		assert_memory_equal(before, slots, sizeof(slots));
	}
	assert_int_equal(shares[0], SLOTS_COUNT);
}

/*
 * Tables of other machines, and of releases: a change here means that
 * balancers of two versions can't serve together.
 */
static void
test_golden(void **state)
{
	static const struct {
		enum scheduler scheduler;
		uint8_t family;
		bool weighted;
		uint64_t checksum;
	} cases[] = {
	    {SCHEDULER_MAGLEV, AF_INET, false, UINT64_C(0x202d6016b11bac01)},
	    {SCHEDULER_MAGLEV, AF_INET6, true, UINT64_C(0x43d5849f0c0cb578)},
	    {SCHEDULER_RENDEZVOUS, AF_INET, false,
		UINT64_C(0xde0db6be66704ed0)},
	    {SCHEDULER_RENDEZVOUS, AF_INET6, true,
		UINT64_C(0x2eb02211885a962b)},
	};
	size_t i, j, wrong = 0;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		make_members(100, cases[i].family);
		for (j = 0; j < 100 && cases[i].weighted; j++)
			members[j].weight = 1 + j * j % 1000;
		fill(cases[i].scheduler, 100);
		if (checksum() != cases[i].checksum) {
			print_error(
			    "# case %zu: 0x%016jx\n", i, (uintmax_t)checksum());
			wrong++;
		}
	}
	assert_int_equal(wrong, 0);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_none),
	    cmocka_unit_test(test_one),
	    cmocka_unit_test(test_maglev_balance),
	    cmocka_unit_test(test_rendezvous_balance),
	    cmocka_unit_test(test_weights),
	    cmocka_unit_test(test_maglev_weights),
	    cmocka_unit_test(test_huge_weights),
	    cmocka_unit_test(test_maglev_disruption),
	    cmocka_unit_test(test_maglev_weighted_disruption),
	    cmocka_unit_test(test_rendezvous_disruption),
	    cmocka_unit_test(test_order),
	    cmocka_unit_test(test_tie),
	    cmocka_unit_test(test_golden),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
