/* SPDX-License-Identifier: ISC */

/*
 * See cases.h.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/bpf.h>

#include "cases.h"
#include "oracle.h"

static void
print_frame(const char *name, const struct frame *frame)
{
	size_t i, length = frame->length < 200 ? frame->length : 200;

	printf("# %s, %zu bytes:", name, frame->length);
	for (i = 0; i < length; i++)
		printf("%s%02x",
		    i % 32 == 0 ? "\n#   "
			: i % 2 ? ""
				: " ",
		    frame->bytes[i]);
	printf("%s\n", length < frame->length ? " ..." : "");
}

void
assert_frames(const struct frame *seen, const struct frame *expected)
{
	size_t i;

	if (seen->length == expected->length &&
	    memcmp(seen->bytes, expected->bytes, seen->length) == 0)
		return;
	for (i = 0; i < seen->length && i < expected->length; i++)
		if (seen->bytes[i] != expected->bytes[i])
			break;
	print_frame("expected", expected);
	print_frame("seen", seen);
	fail_msg("the frames differ at byte %zu", i);
}

static void
expect(struct frame *expected, const struct packet_case *row,
    const struct frame *in, const struct vc5_destination *destination,
    const struct frame *seen)
{
	switch (row->outcome) {
	case OUTCOME_SENT:
		oracle_send(expected, in, destination, seen);
		break;
	case OUTCOME_ECHOED:
		oracle_echo(expected, in);
		break;
	case OUTCOME_EXPIRED:
		oracle_time_exceeded(expected, in);
		break;
	case OUTCOME_TOO_LONG:
		oracle_too_big(expected, in, destination->mtu);
		break;
	default:
		*expected = *in;
	}
}

static int
expected_verdict(const struct packet_case *row)
{
	switch (row->outcome) {
	case OUTCOME_SENT:
		return row->delivery.elsewhere ? XDP_REDIRECT : XDP_TX;
	case OUTCOME_PASSED:
		return XDP_PASS;
	case OUTCOME_DROPPED:
		return XDP_DROP;
	default:
		return XDP_TX;
	}
}

static enum vc5_drop
expected_reason(const struct packet_case *row)
{
	switch (row->outcome) {
	case OUTCOME_DROPPED:
		return row->reason;
	case OUTCOME_EXPIRED:
		return VC5_DROP_TTL;
	case OUTCOME_TOO_LONG:
		return VC5_DROP_TOO_BIG;
	default:
		return VC5_DROPS;
	}
}

static void
assert_counters(struct fixture *fixture, const struct packet_case *row,
    uint32_t destination, size_t length)
{
	struct vc5_destination_counters counters =
	    fixture_counters(fixture, destination);
	enum vc5_drop reason = expected_reason(row);

	assert_int_equal(counters.packets, row->outcome == OUTCOME_SENT);
	assert_int_equal(
	    counters.bytes, row->outcome == OUTCOME_SENT ? length : 0);
	if (reason != VC5_DROPS) {
		assert_int_equal(fixture_drops(fixture, reason), 1);
		assert_int_equal(fixture_drop_bytes(fixture, reason), length);
	}
	assert_int_equal(fixture_dropped(fixture), reason != VC5_DROPS);
	assert_int_equal(fixture_answers(fixture, VC5_ANSWER_ECHO),
	    row->outcome == OUTCOME_ECHOED);
	assert_int_equal(fixture_echo_bytes(fixture),
	    row->outcome == OUTCOME_ECHOED ? length : 0);
	assert_int_equal(fixture_answers(fixture, VC5_ANSWER_TTL),
	    row->outcome == OUTCOME_EXPIRED);
	assert_int_equal(fixture_answers(fixture, VC5_ANSWER_TOO_BIG),
	    row->outcome == OUTCOME_TOO_LONG);
}

uint32_t
case_destination(const struct packet_case *row)
{
	return row->destination != 0 ? row->destination
				     : fixture_destination(&row->spec);
}

void
case_make(struct frame *in, const struct packet_case *row)
{
	size_t i;

	frame_make(in, &row->spec);
	for (i = 0; i < COUNT(row->patches); i++)
		if (row->patches[i].set)
			in->bytes[frame_ip(in) + row->patches[i].offset] =
			    row->patches[i].value;
}

void
case_check(struct fixture *fixture, const struct packet_case *row,
    const struct frame *in)
{
	const struct vc5_destination *destination =
	    &fixture->destinations[case_destination(row)];
	static struct frame seen, expected;
	int verdict;

	memcpy(seen.bytes, in->bytes, in->length);
	seen.length = in->length;
	verdict = fixture_run(fixture, &seen);
	if (verdict != expected_verdict(row))
		print_frame("in", in);
	assert_int_equal(verdict, expected_verdict(row));
	expect(&expected, row, in, destination, &seen);
	assert_frames(&seen, &expected);
}

void
case_run(struct fixture *fixture, const struct packet_case *row)
{
	uint32_t destination = case_destination(row);
	static struct frame in;

	fixture_deliver(fixture, destination, &row->delivery);
	case_make(&in, row);
	case_check(fixture, row, &in);
	assert_counters(fixture, row, destination, in.length);
}

const struct frame *
case_send(struct fixture *fixture, const struct frame *in, uint32_t destination)
{
	const struct vc5_destination *target =
	    &fixture->destinations[destination];
	static struct frame seen, expected;
	int verdict;

	memcpy(seen.bytes, in->bytes, in->length);
	seen.length = in->length;
	verdict = fixture_run(fixture, &seen);
	if (verdict != XDP_TX && verdict != XDP_REDIRECT)
		print_frame("not sent", in);
	assert_int_equal(
	    verdict, target->ifindex == LOOPBACK ? XDP_TX : XDP_REDIRECT);
	oracle_send(&expected, in, target, &seen);
	assert_frames(&seen, &expected);
	return &seen;
}

void
case_test(void **state)
{
	struct fixture *fixture = *state;

	case_run(fixture, fixture->row);
}

const char *
case_name(const char *format, ...)
{
	va_list arguments;
	char *name;

	va_start(arguments, format);
	if (vasprintf(&name, format, arguments) < 0)
		abort();
	va_end(arguments);
	return name;
}

int
cases_main(const char *group, const struct packet_case *cases, size_t count,
    const struct CMUnitTest *others, size_t other_count)
{
	struct CMUnitTest *tests = calloc(count + other_count, sizeof(*tests));
	size_t i;

	if (tests == NULL)
		abort();
	fixture_require();
	cmocka_set_message_output(CM_OUTPUT_TAP);
	for (i = 0; i < count; i++) {
		tests[i].name = cases[i].name;
		tests[i].test_func = case_test;
		tests[i].initial_state = (void *)(uintptr_t)&cases[i];
	}
	for (; i < count + other_count; i++)
		tests[i] = others[i - count];
	for (i = 0; i < count + other_count; i++) {
		tests[i].setup_func = fixture_setup;
		tests[i].teardown_func = fixture_teardown;
	}
	printf(
	    "# %s: %zu cases and %zu other tests\n", group, count, other_count);
	/* cmocka_run_group_tests() is a macro that wants an array. */
	return _cmocka_run_group_tests(
	    group, tests, count + other_count, NULL, NULL);
}
