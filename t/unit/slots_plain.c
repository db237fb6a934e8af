/* SPDX-License-Identifier: ISC */

/*
 * Consistent-hash tables against the plain definitions of them, which take
 * their time, and what may move when members come, go and change: over random
 * sequences of changes, in tables of several sizes.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <cmocka.h>

#include "base/xmalloc.h"
#include "core/slots_private.h"

#define NONE	    0xffff
#define MEMBERS_MAX 300
#define ADDRESSES   65536

static struct slots_member members[MEMBERS_MAX];
static size_t member_count;
static uint64_t seed;

/* xorshift64*, to be the same each time. */
static uint32_t
random_below(uint32_t limit)
{
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return (
	    uint32_t)(((seed * UINT64_C(0x2545f4914f6cdd1d)) >> 32) * limit >>
	    32);
}

static unsigned
random_weight(void)
{
	static const unsigned most[] = {1, 2, 10, 1000, 20000};

	return 1 + random_below(most[random_below(5)]);
}

/* A member whose address none has; its value is the number in that. */
static void
add_member(void)
{
	struct slots_member *m = &members[member_count++];
	size_t i;

	do {
		m->value = (uint16_t)random_below(ADDRESSES - 1);
		for (i = 0; members[i].value != m->value; i++)
			;
	} while (&members[i] != m);
	memset(&m->address, 0, sizeof(m->address));
	m->address.family = m->value % 2 ? AF_INET : AF_INET6;
	m->address.bytes[0] = 10;
	m->address.bytes[2] = (uint8_t)(m->value >> 8);
	m->address.bytes[3] = (uint8_t)m->value;
	m->weight = random_weight();
}

static void
make_members(uint64_t from, size_t count)
{
	seed = from * SLOTS_GOLDEN | 1;
	member_count = 0;
	while (member_count < count)
		add_member();
}

static int
compare_members(const void *a, const void *b)
{
	const struct slots_member *x = a, *y = b;

	return addr_compare(&x->address, &y->address);
}

/* Maglev as it is defined: one turn after another, whoever's is next. */
static void
plain_maglev(uint16_t *slots, uint32_t size)
{
	uint32_t next[MEMBERS_MAX], skip[MEMBERS_MAX], i, first, done;
	uint64_t turn[MEMBERS_MAX];
	bool *taken = xcalloc(size, sizeof(*taken));

	for (i = 0; i < member_count; i++) {
		next[i] =
		    slots_address_hash(&members[i].address, SEED_OFFSET) % size;
		skip[i] = slots_address_hash(&members[i].address, SEED_SKIP) %
			(size - 1) +
		    1;
		turn[i] = 1;
	}
	for (done = 0; done < size; done++) {
		for (first = 0, i = 1; i < member_count; i++)
			if (turn[i] * members[first].weight <
			    turn[first] * members[i].weight)
				first = i;
		while (taken[next[first]])
			next[first] = (next[first] + skip[first]) % size;
		taken[next[first]] = true;
		slots[next[first]] = members[first].value;
		turn[first] += 2;
	}
	free(taken);
}

/* One dart after another, whoever's is next, until each slot is hit. */
static void
plain_rendezvous(uint16_t *slots, uint32_t size)
{
	uint32_t blocks = 1, block, places, left, slot, i, first;
	uint32_t skip[MEMBERS_MAX];
	uint64_t dart[MEMBERS_MAX] = {0}, phase[MEMBERS_MAX], hash;
	bool *hit = xcalloc(size, sizeof(*hit));

	while (blocks * 64 < size)
		blocks *= 2;
	for (i = 0; i < member_count; i++) {
		phase[i] = slots_address_hash(&members[i].address, SEED_PHASE);
		skip[i] = (uint32_t)slots_address_hash(
			      &members[i].address, SEED_SKIP) |
		    1;
	}
	for (left = size; left > 0;) {
		for (first = 0, i = 1; i < member_count; i++)
			if ((dart[i] << 16 | phase[i] >> 48) *
				members[first].weight <
			    (dart[first] << 16 | phase[first] >> 48) *
				members[i].weight)
				first = i;
		block = (uint32_t)(phase[first] + dart[first] * skip[first]) %
		    blocks;
		places = size / blocks + (block < size % blocks);
		hash = slots_mix(
		    slots_address_hash(&members[first].address, SEED_MEMBER) +
		    dart[first] * SLOTS_GOLDEN);
		slot = (uint32_t)((hash >> 32) * places >> 32) * blocks + block;
		dart[first]++;
		if (hit[slot])
			continue;
		hit[slot] = true;
		slots[slot] = members[first].value;
		left--;
	}
	free(hit);
}

static void
check_plain(
    enum scheduler scheduler, uint64_t from, size_t count, uint32_t size)
{
	uint16_t *plain = xcalloc(size, sizeof(*plain));
	uint16_t *slots = xcalloc(size, sizeof(*slots));

	make_members(from, count);
	qsort(members, count, sizeof(*members), compare_members);
	if (scheduler == SCHEDULER_MAGLEV)
		plain_maglev(plain, size);
	else
		plain_rendezvous(plain, size);
	slots_fill(scheduler, members, count, NONE, slots, size);
	assert_memory_equal(plain, slots, size * sizeof(*slots));
	free(slots);
	free(plain);
}

static void
tables_are_those_of_the_definition(void **state)
{
	uint64_t from;

	(void)state;
	for (from = 1; from <= 400; from++) {
		check_plain(SCHEDULER_MAGLEV, from, 2 + from % 40, 251);
		check_plain(SCHEDULER_RENDEZVOUS, from, 2 + from % 40, 251);
	}
	for (from = 1; from <= 20; from++) {
		check_plain(SCHEDULER_MAGLEV, from, 2 + from, 8191);
		check_plain(SCHEDULER_RENDEZVOUS, from, 2 + from, 8191);
	}
	check_plain(SCHEDULER_MAGLEV, 77, MEMBERS_MAX, 65537);
	check_plain(SCHEDULER_RENDEZVOUS, 77, MEMBERS_MAX, 65537);
	check_plain(SCHEDULER_MAGLEV, 78, 30, SLOTS_MAX);
	check_plain(SCHEDULER_RENDEZVOUS, 78, 5, SLOTS_MAX);
}

/* Weights of 20, 40, 100 and 20000, 40000, 100000 are the same. */
static void
only_ratios_of_weights_count(void **state)
{
	static uint16_t slots[65537], before[65537];
	size_t scheduler, i;

	(void)state;
	for (scheduler = 0; scheduler < 2; scheduler++) {
		make_members(5 + scheduler, 60);
		for (i = 0; i < member_count; i++)
			members[i].weight = 1 + members[i].weight % 1000;
		slots_fill((enum scheduler)scheduler, members, member_count,
		    NONE, before, 65537);
		for (i = 0; i < member_count; i++)
			members[i].weight *= 100;
		slots_fill((enum scheduler)scheduler, members, member_count,
		    NONE, slots, 65537);
		assert_memory_equal(before, slots, sizeof(slots));
	}
}

/* Change something; which member it was by value, and whether it got more. */
static uint16_t
change_something(bool *more)
{
	uint32_t which = random_below((uint32_t)member_count);
	struct slots_member *m = &members[which];
	unsigned was = m->weight;
	uint16_t value = m->value;

	switch (random_below(4)) {
	case 0:
		*more = true;
		if (member_count < MEMBERS_MAX)
			add_member();
		return members[member_count - 1].value;
	case 1:
		*more = false;
		if (member_count > 2)
			*m = members[--member_count];
		return value;
	default:
		m->weight = random_weight();
		*more = m->weight > was;
		return value;
	}
}

/*
 * By rendezvous no slot moves that doesn't have to: from one that gets less,
 * or to one that gets more.
 */
static void
rendezvous_moves_what_must(void **state)
{
	static uint16_t slots[65537], before[65537];
	static const uint32_t sizes[] = {251, 8191, 65537};
	uint32_t i, slot;
	uint16_t who;
	bool more;

	(void)state;
	make_members(9, 100);
	for (i = 0; i < 300; i++) {
		slots_fill(SCHEDULER_RENDEZVOUS, members, member_count, NONE,
		    before, sizes[i % 3]);
		who = change_something(&more);
		slots_fill(SCHEDULER_RENDEZVOUS, members, member_count, NONE,
		    slots, sizes[i % 3]);
		for (slot = 0; slot < sizes[i % 3]; slot++)
			if (slots[slot] != before[slot])
				assert_int_equal(
				    more ? slots[slot] : before[slot], who);
	}
}

/* What a member leaves doesn't all go to a few of the others. */
static void
rendezvous_spreads_what_is_left(void **state)
{
	static uint16_t slots[65537], before[65537];
	unsigned got[MEMBERS_MAX] = {0}, i, heirs = 0, most = 0, left = 0;

	(void)state;
	make_members(3, MEMBERS_MAX);
	for (i = 0; i < member_count; i++) {
		members[i].weight = 1;
		members[i].value = (uint16_t)i;
	}
	slots_fill(
	    SCHEDULER_RENDEZVOUS, members, member_count, NONE, before, 65537);
	members[7].weight = 0;
	slots_fill(
	    SCHEDULER_RENDEZVOUS, members, member_count, NONE, slots, 65537);
	for (i = 0; i < 65537; i++) {
		if (before[i] != 7)
			continue;
		left++;
		got[slots[i]]++;
	}
	for (i = 0; i < member_count; i++) {
		heirs += got[i] > 0;
		most = got[i] > most ? got[i] : most;
	}
	print_message(
	    "# %u slots to %u others, %u at most\n", left, heirs, most);
	assert_in_range(left, 180, 260);
	assert_in_range(heirs, 100, 299);
	assert_in_range(most, 1, 8);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(tables_are_those_of_the_definition),
	    cmocka_unit_test(only_ratios_of_weights_count),
	    cmocka_unit_test(rendezvous_moves_what_must),
	    cmocka_unit_test(rendezvous_spreads_what_is_left),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
