/* SPDX-License-Identifier: ISC */

/*
 * ICMP and ICMPv6: the errors that are made here, who is not told, and how
 * many answers there are in a second.
 */

#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <linux/bpf.h>

#include "cases.h"

#define PING4 .protocol = ICMP, .icmp_type = 8, .icmp_word = 0x12340001
#define PING6                                               \
	.ipv6 = true, .protocol = ICMPV6, .icmp_type = 128, \
	.icmp_word = 0x12340001

/* Who can't be told. */
static const struct packet_case plain[] = {
    {"TTL 1 from the unspecified address", {.ttl = 1}, DROPPED(VC5_DROP_TTL),
	PATCH(AT(12, 0), AT(13, 0), AT(14, 0), AT(15, 0))},
    {"TTL 1 from the loopback", {.ttl = 1, .client = 0x7f000001},
	DROPPED(VC5_DROP_TTL)},
    {"TTL 1 from a multicast address", {.ttl = 1, .client = 0xe0000001},
	DROPPED(VC5_DROP_TTL)},
    {"TTL 1 from the broadcast address", {.ttl = 1, .client = 0xffffffff},
	DROPPED(VC5_DROP_TTL)},
    {"hop limit 1 from a multicast address", {.ipv6 = true, .ttl = 1},
	DROPPED(VC5_DROP_TTL), PATCH(AT(8, 0xff), AT(9, 2))},
    {"too big from the loopback", {.payload = 500, .client = 0x7f000001},
	DROPPED(VC5_DROP_TOO_BIG), VIA(.mtu = 300)},
};

/* What is answered in every size and shape. */
static const struct {
	const char *name;
	struct frame_spec spec;
} answered[] = {
    {"TCP", {.flags = SYN}},
    {"TCP, 1 byte", {.payload = 1}},
    {"TCP, 2 bytes", {.payload = 2}},
    {"TCP, 3 bytes", {.payload = 3}},
    {"UDP", {.protocol = UDP, .port = 53, .payload = 20}},
    {"padding", {.padding = 6}},
    {"much padding", {.padding = 700}},
    {"507 bytes", {.payload = 507}},
    {"508 bytes", {.payload = 508}},
    {"509 bytes", {.payload = 509}},
    {"1171 bytes", {.payload = 1171}},
    {"1172 bytes", {.payload = 1172}},
    {"1173 bytes", {.payload = 1173}},
    {"1400 bytes", {.payload = 1400}},
    {"don't fragment", {.fragment = DONT_FRAGMENT, .payload = 100}},
    {"first fragment", {.fragment = MORE_FRAGMENTS, .payload = 100}},
    {"TOS 0xff", {.tos = 0xff}},
};

#define ANSWERED (COUNT(answered) * 2 * 2 * 2)

static struct packet_case *
make_answered(struct packet_case *row, size_t i)
{
	unsigned bits;

	for (bits = 0; bits < 8; bits++) {
		row->spec = answered[i].spec;
		row->spec.ipv6 = bits & 1;
		if (row->spec.ipv6 && row->spec.fragment != 0) {
			row->spec.fragment = MORE_FRAGMENTS6;
			row->spec.extensions = "f";
		}
		row->spec.tagged = bits & 2;
		row->spec.tci = 0x400a;
		if (bits & 4) {
			row->outcome = OUTCOME_TOO_LONG;
			row->delivery.mtu = 39;
			row->delivery.kind = VC5_GUE;
		} else {
			row->outcome = OUTCOME_EXPIRED;
			row->spec.ttl = 1;
		}
		row->name = case_name("%s, IPv%d, %s: %s",
		    bits & 4 ? "too big" : "time exceeded", bits & 1 ? 6 : 4,
		    bits & 2 ? "tagged" : "untagged", answered[i].name);
		row++;
	}
	return row;
}

static struct packet_case *
make_cases(size_t *count)
{
	struct packet_case *cases, *row;
	size_t i;

	cases = row = calloc(ANSWERED + COUNT(plain), sizeof(*cases));
	if (cases == NULL)
		abort();
	memcpy(row, plain, sizeof(plain));
	row += COUNT(plain);
	for (i = 0; i < COUNT(answered); i++)
		row = make_answered(row, i);
	*count = row - cases;
	return cases;
}

/* TTL 0 is as good as 1. */
static void
test_ttl_zero(void **state)
{
	static const struct packet_case rows[] = {
	    {"IPv4", {.payload = 0}, EXPIRED, PATCH(AT(8, 0))},
	    {"IPv6", {.ipv6 = true}, EXPIRED, PATCH(AT(7, 0))},
	};

	case_run(*state, &rows[0]);
	fixture_configure(*state);
	memset(((struct fixture *)*state)->others[3], 0,
	    sizeof(struct vc5_drop_counters) *
		((struct fixture *)*state)->cpus);
	case_run(*state, &rows[1]);
}

static time_t
coarse_second(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return now.tv_sec;
}

/* Stay on one CPU: limits are by CPU. */
static void
pin(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(sched_getcpu(), &set);
	assert_int_equal(sched_setaffinity(0, sizeof(set), &set), 0);
}

/* How many of 10 packets of a kind are answered within one second. */
static int
answered_of_ten(struct fixture *fixture, const struct frame_spec *spec)
{
	struct frame frame;
	int answers, i, tries = 0;
	time_t second;

	do {
		assert_true(tries++ < 10);
		memset(fixture->others[3], 0,
		    sizeof(struct vc5_drop_counters) * fixture->cpus);
		answers = 0;
		second = coarse_second();
		for (i = 0; i < 10; i++) {
			frame_make(&frame, spec);
			answers += fixture_run(fixture, &frame) == XDP_TX;
		}
	} while (coarse_second() != second);
	return answers;
}

/* Pings and errors don't take each other's share. */
static void
test_limits_apart(void **state)
{
	static const struct frame_spec ping = {PING4}, expired = {.ttl = 1};
	struct fixture *fixture = *state;
	struct frame frame;
	time_t second;
	int i, verdict = -1;

	pin();
	fixture->control->icmp_limit = 5;
	do {
		second = coarse_second();
		for (i = 0; i < 10; i++) {
			frame_make(&frame, &ping);
			verdict = fixture_run(fixture, &frame);
		}
		frame_make(&frame, &expired);
		if (coarse_second() == second) {
			assert_int_equal(verdict, XDP_DROP);
			assert_int_equal(fixture_run(fixture, &frame), XDP_TX);
		}
	} while (coarse_second() != second);
}

static void
test_limit(void **state)
{
	static const struct frame_spec specs[] = {
	    {PING4}, {PING6}, {.ttl = 1}, {.ipv6 = true, .ttl = 1}};
	static const uint16_t limits[] = {0, 1, 7, 10, 1000};
	struct fixture *fixture = *state;
	size_t i, j;
	int answers;

	pin();
	for (i = 0; i < COUNT(limits); i++)
		for (j = 0; j < COUNT(specs); j++) {
			fixture->control->icmp_limit = limits[i];
			answers = answered_of_ten(fixture, &specs[j]);
			assert_int_equal(
			    answers, limits[i] < 10 ? limits[i] : 10);
			/* A ping is dropped by the limit, others anyway. */
			assert_int_equal(fixture_drops(fixture, VC5_DROP_LIMIT),
			    j < 2 ? 10 - answers : 0);
			assert_int_equal(fixture_drops(fixture, VC5_DROP_TTL),
			    j < 2 ? 0 : 10);
		}
}

/* Beyond the limit they are dropped as they came. */
static void
test_limit_leaves_alone(void **state)
{
	static const struct packet_case rows[] = {
	    {"ping", {PING4}, DROPPED(VC5_DROP_LIMIT)},
	    {"TTL", {.ttl = 1}, DROPPED(VC5_DROP_TTL)},
	    {"too big", {.payload = 500}, DROPPED(VC5_DROP_TOO_BIG),
		VIA(.mtu = 300)},
	};
	struct fixture *fixture = *state;
	size_t i;

	for (i = 0; i < COUNT(rows); i++) {
		memset(fixture->others[3], 0,
		    sizeof(struct vc5_drop_counters) * fixture->cpus);
		fixture->control->icmp_limit = 0;
		case_run(fixture, &rows[i]);
	}
}

/* The second that the limit is for passes. */
static void
test_limit_renews(void **state)
{
	struct fixture *fixture = *state;
	const struct frame_spec spec = {PING4};
	struct vc5_drop_counters *counters = fixture->others[3];
	struct frame frame;
	int cpu;

	fixture->control->icmp_limit = 1;
	for (cpu = 0; cpu < fixture->cpus; cpu++) {
		counters[cpu].second = coarse_second() - 1;
		counters[cpu].made[1] = 1000000;
	}
	frame_make(&frame, &spec);
	assert_int_equal(fixture_run(fixture, &frame), XDP_TX);
}

static const struct CMUnitTest others[] = {
    cmocka_unit_test(test_ttl_zero),
    cmocka_unit_test(test_limits_apart),
    cmocka_unit_test(test_limit),
    cmocka_unit_test(test_limit_leaves_alone),
    cmocka_unit_test(test_limit_renews),
};

int
main(void)
{
	size_t count;
	struct packet_case *cases = make_cases(&count);

	return cases_main("icmp_answers", cases, count, others, COUNT(others));
}
