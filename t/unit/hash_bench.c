/* SPDX-License-Identifier: ISC */

/*
 * How well both schedulers spread flows, how many of them move when one server
 * changes, and how long a hash table takes: medians of rounds, each of servers
 * with other addresses.  A flow is as likely to be in any slot, so that shares
 * of slots are shares of flows.
 */

#include <err.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sys/socket.h>

#include "core/slots.h"

#define MEMBERS_MAX 1000
#define ROUNDS_MAX  1000
#define RISE_STEPS  20
#define NONE	    UINT16_MAX

enum change {
	CHANGE_REMOVE,
	CHANGE_ADD,
	CHANGE_RAISE, /* its weight is doubled */
	CHANGE_LOWER, /* ... halved */
	CHANGE_RISE,  /* it is added in steps, as by "slow_start" */
	CHANGES
};

static const char *const change_names[CHANGES] = {
    "remove", "add", "raise", "lower", "rise"};

static const enum scheduler schedulers[] = {
    SCHEDULER_MAGLEV, SCHEDULER_RENDEZVOUS};

static struct slots_member members[MEMBERS_MAX + 1];
static uint16_t slots[SLOTS_MAX], before[SLOTS_MAX];

/* What rounds have measured, of up to three things. */
struct figures {
	double values[3][ROUNDS_MAX];
};

static struct figures figures;

/* Servers of one or two networks, other ones in each round. */
static void
make_members(size_t count, unsigned round, bool weighted)
{
	size_t i;

	memset(members, 0, sizeof(members));
	for (i = 0; i <= count && i <= MEMBERS_MAX; i++) {
		members[i].address.family = AF_INET;
		members[i].address.bytes[0] = 10;
		members[i].address.bytes[1] = (uint8_t)round;
		members[i].address.bytes[2] =
		    (uint8_t)((round >> 8) * 16 + ((i + 1) >> 8));
		members[i].address.bytes[3] = (uint8_t)(i + 1);
		members[i].weight = weighted ? 1U + (unsigned)(i % 10) : 2;
		members[i].value = (uint16_t)i;
	}
}

static void
fill(enum scheduler scheduler, size_t count, uint32_t size)
{
	slots_fill(scheduler, members, count, NONE, slots, size);
}

static int
compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static double
quantile(double *values, int count, double q)
{
	qsort(values, (size_t)count, sizeof(*values), compare);
	return values[(int)(q * (count - 1) + 0.5)];
}

static double
median(int i, int rounds)
{
	return quantile(figures.values[i], rounds, 0.5);
}

static double
spread(int i, int rounds)
{
	return quantile(figures.values[i], rounds, 0.75) -
	    quantile(figures.values[i], rounds, 0.25);
}

/* All that moves until a server has what is its own. */
static long
rise(enum scheduler scheduler, size_t which, size_t count)
{
	long moved = 0;
	size_t i, step;

	for (step = 1; step <= RISE_STEPS; step++) {
		members[which].withheld = 100 - 100 * step / RISE_STEPS;
		fill(scheduler, count, SLOTS_COUNT);
		for (i = 0; i < SLOTS_COUNT; i++)
			moved += before[i] != slots[i];
		memcpy(before, slots, sizeof(before));
	}
	return moved;
}

/*
 * The share of slots that a change moves, and the least that it could: what
 * the server that changes has less, or more, of.
 */
static void
measure_change(
    enum scheduler scheduler, size_t count, enum change change, int round)
{
	size_t which = (size_t)round * 7 % count, after = count, i;
	long moved = 0, had = 0, has = 0;

	make_members(count, (unsigned)round, false);
	fill(scheduler, count, SLOTS_COUNT);
	memcpy(before, slots, sizeof(before));
	if (change == CHANGE_ADD || change == CHANGE_RISE)
		which = after++;
	else if (change == CHANGE_REMOVE)
		members[which].weight = 0;
	else
		members[which].weight = change == CHANGE_RAISE ? 4 : 1;
	if (change == CHANGE_RISE)
		moved = rise(scheduler, which, after);
	fill(scheduler, after, SLOTS_COUNT);
	for (i = 0; i < SLOTS_COUNT; i++) {
		moved += before[i] != slots[i];
		had += change != CHANGE_RISE && before[i] == which;
		has += slots[i] == which;
	}
	figures.values[0][round] = 100.0 * moved / SLOTS_COUNT;
	figures.values[1][round] = 100.0 * labs(has - had) / SLOTS_COUNT;
}

static void
report_changes(int rounds, bool json)
{
	static const size_t counts[] = {10, 30, 100, 250};
	size_t s, i, change;
	int round;

	if (!json)
		printf("%-10s %8s %-7s %9s %9s %9s\n", "scheduler", "backends",
		    "change", "moved %", "least %", "spread");
	for (s = 0; s < 2; s++) {
		for (i = 0; i < 4 * CHANGES; i++) {
			change = i % CHANGES;
			for (round = 0; round < rounds; round++)
				measure_change(schedulers[s],
				    counts[i / CHANGES], change, round);
			printf(json ? "{\"case\": \"change\", \"scheduler\": "
				      "\"%s\", \"backends\": %zu, \"change\": "
				      "\"%s\", \"moved\": %.3f, \"least\": "
				      "%.3f, \"spread\": %.3f}\n"
				    : "%-10s %8zu %-7s %9.3f %9.3f %9.3f\n",
			    conf_scheduler_name(schedulers[s]),
			    counts[i / CHANGES], change_names[change],
			    median(0, rounds), median(1, rounds),
			    spread(0, rounds));
		}
	}
}

/* The most and least loaded server, against its fair share. */
static void
measure_balance(
    enum scheduler scheduler, size_t count, bool weighted, int round)
{
	unsigned shares[MEMBERS_MAX] = {0}, total = 0;
	double most = 0, least = 1e9, load;
	size_t i;

	make_members(count, (unsigned)round, weighted);
	fill(scheduler, count, SLOTS_COUNT);
	for (i = 0; i < SLOTS_COUNT; i++)
		shares[slots[i]]++;
	for (i = 0; i < count; i++)
		total += members[i].weight;
	for (i = 0; i < count; i++) {
		load =
		    (double)shares[i] * total / members[i].weight / SLOTS_COUNT;
		most = load > most ? load : most;
		least = load < least ? load : least;
	}
	figures.values[0][round] = most;
	figures.values[1][round] = least;
}

static void
report_balance(int rounds, bool json)
{
	static const size_t counts[] = {10, 30, 100, 250, 1000};
	size_t s, i;
	int round;

	if (!json)
		printf("\n%-10s %8s %-8s %9s %9s %9s\n", "scheduler",
		    "backends", "weights", "max/mean", "min/mean", "spread");
	for (s = 0; s < 2; s++) {
		for (i = 0; i < 10; i++) {
			for (round = 0; round < rounds; round++)
				measure_balance(schedulers[s], counts[i / 2],
				    i % 2 != 0, round);
			printf(json ? "{\"case\": \"balance\", \"scheduler\": "
				      "\"%s\", \"backends\": %zu, "
				      "\"weights\": \"%s\", \"max\": %.3f, "
				      "\"min\": %.3f, \"spread\": %.3f}\n"
				    : "%-10s %8zu %-8s %9.3f %9.3f %9.3f\n",
			    conf_scheduler_name(schedulers[s]), counts[i / 2],
			    i % 2 == 0 ? "equal" : "1 to 10", median(0, rounds),
			    median(1, rounds), spread(0, rounds));
		}
	}
}

/* ms of the processor's time that a table takes. */
static void
measure_rebuild(enum scheduler scheduler, size_t count, bool weighted,
    uint32_t size, int round)
{
	struct timespec from, to;

	make_members(count, (unsigned)round, weighted);
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &from);
	fill(scheduler, count, size);
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &to);
	figures.values[0][round] = (double)(to.tv_sec - from.tv_sec) * 1e3 +
	    (double)(to.tv_nsec - from.tv_nsec) / 1e6;
}

static void
report_rebuild(int rounds, bool json)
{
	static const uint32_t sizes[] = {SLOTS_COUNT, SLOTS_MAX};
	static const size_t counts[] = {10, 100, 1000};
	size_t s, i, count;
	uint32_t size;
	int round;

	if (!json)
		printf("\n%-10s %8s %-8s %9s %9s %9s\n", "scheduler",
		    "backends", "weights", "slots", "ms", "spread");
	for (s = 0; s < 2; s++) {
		for (i = 0; i < 12; i++) {
			count = counts[i / 2 % 3];
			size = sizes[i / 6];
			for (round = 0; round < rounds; round++)
				measure_rebuild(schedulers[s], count,
				    i % 2 != 0, size, round);
			printf(json ? "{\"case\": \"rebuild\", \"scheduler\": "
				      "\"%s\", \"backends\": %zu, "
				      "\"weights\": \"%s\", \"slots\": %u, "
				      "\"ms\": %.2f, \"spread\": %.2f}\n"
				    : "%-10s %8zu %-8s %9u %9.2f %9.2f\n",
			    conf_scheduler_name(schedulers[s]), count,
			    i % 2 == 0 ? "equal" : "1 to 10", size,
			    median(0, rounds), spread(0, rounds));
		}
	}
}

static void __attribute__((noreturn)) usage(void)
{
	fprintf(stderr, "usage: bench hash [--json] [-r rounds]\n");
	exit(2);
}

int
main(int argc, char *argv[])
{
	static const struct option options[] = {
	    {"json", no_argument, NULL, 'j'}, {NULL, 0, NULL, 0}};
	int option, rounds = 51;
	bool json = false;

	while ((option = getopt_long(argc, argv, "jr:", options, NULL)) != -1) {
		if (option == 'j')
			json = true;
		else if (option == 'r')
			rounds = atoi(optarg);
		else
			usage();
	}
	if (optind != argc || rounds < 1 || rounds > ROUNDS_MAX)
		usage();
	report_changes(rounds, json);
	report_balance(rounds, json);
	report_rebuild(rounds, json);
	if (!json)
		printf("\nMedians of %d rounds; spread: between the quartiles. "
		       " Hash tables of %d slots\nunless it is said otherwise; "
		       "one of the backends changes: it is removed or added,\n"
		       "its weight doubled or halved, or it rises in %d steps. "
		       " A time is that of the "
		       "processor.\n",
		    rounds, SLOTS_COUNT, RISE_STEPS);
	return 0;
}
