/* SPDX-License-Identifier: ISC */

/*
 * Sync datagrams that nobody can have meant: cut off anywhere, with any field
 * wrong.  Each lies before a page that can't be read, so that a look behind
 * its end is the end of the test.
 */

#include <sys/mman.h>
#include <sys/socket.h>

#include <netinet/in.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/sync_bytes.h"
#include "sync_samples.h"

#define PAGE 4096

enum sample {
	HELLO, /* with 3 peers */
	FLOWS4,
	FLOWS6,
	VIEW, /* of 3 services, in the middle */
	VIEW_NONE,
	REQUEST,
	BULK,
	REFUSAL,
	SAMPLES
};

static uint8_t *page_end;

static int
map(void **state)
{
	uint8_t *pages = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)state;
	assert_true(pages != MAP_FAILED);
	page_end = pages + PAGE;
	return mprotect(page_end, PAGE, PROT_NONE);
}

static enum sync_fault
read_at_end(const uint8_t *datagram, size_t len)
{
	struct sync_message message;
	enum sync_fault fault;
	struct sync_header header;

	memcpy(page_end - len, datagram, len);
	fault = sync_peek(page_end - len, len, &header);
	if (fault != SYNC_SOUND) {
		assert_int_equal(
		    sync_read(page_end - len, len, &message), fault);
		return fault;
	}
	return sync_read(page_end - len, len, &message);
}

static size_t
middle_of_view(uint8_t *buffer)
{
	struct sync_service services[5];
	struct sync_writer writer;
	size_t next = 1;

	/* As if room had ended behind the fourth: its key is the limit. */
	sample_services(services, 5);
	sync_write_view(&writer, buffer, services, 4, &next);
	memcpy(buffer + SYNC_HEADER_LEN + KEY_LEN,
	    buffer + SYNC_HEADER_LEN + VIEW_LEN + 2 * SERVICE_LEN, KEY_LEN);
	return sample_end(&writer, NULL);
}

static size_t
make(enum sample sample, uint8_t *buffer)
{
	struct flow flows[SAMPLE_FLOWS];
	size_t count = 5, next = 0;

	sample_flows(flows, sample == FLOWS6 ? SAMPLE_SIX : SAMPLE_FOUR);
	switch (sample) {
	case HELLO:
		return sample_hello(buffer, 3, NULL);
	case FLOWS4:
	case FLOWS6:
		return sample_flows_datagram(buffer, flows, &count);
	case VIEW:
		return middle_of_view(buffer);
	case VIEW_NONE:
		return sample_view(buffer, NULL, 0, &next);
	case REQUEST:
		return sample_request(buffer);
	case BULK:
		return sample_bulk(buffer, flows, 5);
	default:
		return sample_refusal(buffer);
	}
}

static void
samples_are_sound(void **state)
{
	uint8_t buffer[SYNC_DATAGRAM_MAX];
	enum sample i;

	(void)state;
	for (i = 0; i < SAMPLES; i++)
		assert_int_equal(
		    read_at_end(buffer, make(i, buffer)), SYNC_SOUND);
}

/* BULK without its one group is sound in itself: the tag tells. */
static void
none_can_be_cut_off(void **state)
{
	uint8_t buffer[SYNC_DATAGRAM_MAX];
	enum sync_fault fault;
	enum sample i;
	size_t len, cut;

	(void)state;
	for (i = 0; i < SAMPLES; i++) {
		len = make(i, buffer);
		for (cut = 0; cut < len; cut++) {
			fault = read_at_end(buffer, cut);
			if (i == BULK && cut == 40 + BULK_LEN + 16)
				assert_int_equal(fault, SYNC_SOUND);
			else
				assert_int_equal(fault,
				    cut < 56 ? SYNC_TRUNCATED : SYNC_MALFORMED);
		}
	}
}

static void
none_can_be_longer(void **state)
{
	uint8_t buffer[SYNC_DATAGRAM_MAX + 100] = {0};
	enum sample i;
	size_t len, more;

	(void)state;
	for (i = 0; i < SAMPLES; i++) {
		len = make(i, buffer);
		memset(buffer + len, 0, sizeof(buffer) - len);
		for (more = len + 1; more <= sizeof(buffer); more++)
			assert_int_equal(read_at_end(buffer, more),
			    more > SYNC_DATAGRAM_MAX ? SYNC_TOO_LONG
						     : SYNC_MALFORMED);
	}
}

/* Bytes put into a sample, and what is then wrong with it. */
static const struct wrong {
	const char *what;
	enum sample sample;
	size_t at;
	const char *bytes;
	size_t len;
	enum sync_fault fault;
} wrongs[] = {
#define BYTES(text) text, sizeof(text) - 1
#define P	    SYNC_HEADER_LEN
    {"magic", HELLO, 0, BYTES("v"), SYNC_FOREIGN},
    {"magic's end", HELLO, 3, BYTES("s"), SYNC_FOREIGN},
    {"version 0", HELLO, 4, BYTES("\0"), SYNC_OTHER_VERSION},
    {"version 2", HELLO, 4, BYTES("\2"), SYNC_OTHER_VERSION},
    {"version 255", HELLO, 4, BYTES("\377"), SYNC_OTHER_VERSION},
    {"type 0", HELLO, 5, BYTES("\0"), SYNC_UNKNOWN_TYPE},
    {"type 7", HELLO, 5, BYTES("\7"), SYNC_UNKNOWN_TYPE},
    {"type 255", HELLO, 5, BYTES("\377"), SYNC_UNKNOWN_TYPE},
    {"flag 4 of HELLO", HELLO, 6, BYTES("\0\4"), SYNC_MALFORMED},
    {"flag 0x8000 of HELLO", HELLO, 6, BYTES("\200\0"), SYNC_MALFORMED},
    {"a flag of FLOWS", FLOWS4, 6, BYTES("\0\1"), SYNC_MALFORMED},
    {"a flag of VIEW", VIEW, 6, BYTES("\0\1"), SYNC_MALFORMED},
    {"a flag of REQUEST", REQUEST, 6, BYTES("\0\1"), SYNC_MALFORMED},
    {"flag 2 of BULK", BULK, 6, BYTES("\0\2"), SYNC_MALFORMED},
    {"a flag of REFUSAL", REFUSAL, 6, BYTES("\0\1"), SYNC_MALFORMED},
    {"sender 0", HELLO, 16, BYTES("\0\0\0\0\0\0\0\0"), SYNC_MALFORMED},
    {"epoch 0", HELLO, 24, BYTES("\0\0\0\0\0\0\0\0"), SYNC_MALFORMED},
    {"epoch 2^63", HELLO, 24, BYTES("\200\0\0\0\0\0\0\0"), SYNC_MALFORMED},
    {"sequence 0", HELLO, 32, BYTES("\0\0\0\0\0\0\0\0"), SYNC_MALFORMED},

    {"beat 0", HELLO, P, BYTES("\0\0\0\0"), SYNC_MALFORMED},
    {"no name", HELLO, P + 32, BYTES("\0"), SYNC_MALFORMED},
    {"name too short", HELLO, P + 32, BYTES("\16"), SYNC_MALFORMED},
    {"name too long", HELLO, P + 32, BYTES("\100"), SYNC_MALFORMED},
    {"name of 255", HELLO, P + 32, BYTES("\377"), SYNC_MALFORMED},
    {"a peer too few", HELLO, P + 33, BYTES("\2"), SYNC_MALFORMED},
    {"a peer too many", HELLO, P + 33, BYTES("\4"), SYNC_MALFORMED},
    {"255 peers", HELLO, P + 33, BYTES("\377"), SYNC_MALFORMED},
    {"reserved", HELLO, P + 34, BYTES("\1"), SYNC_MALFORMED},
    {"reserved", HELLO, P + 35, BYTES("\1"), SYNC_MALFORMED},
    {"a space in a name", HELLO, P + 36, BYTES(" "), SYNC_MALFORMED},
    {"a zero in a name", HELLO, P + 37, BYTES("\0"), SYNC_MALFORMED},
    {"DEL in a name", HELLO, P + 50, BYTES("\177"), SYNC_MALFORMED},
    {"UTF-8 in a name", HELLO, P + 40, BYTES("\303\244"), SYNC_MALFORMED},
    {"peer 0", HELLO, P + 51, BYTES("\0\0\0\0\0\0\0\0"), SYNC_MALFORMED},
    {"peer's epoch 0", HELLO, P + 51 + 20 + 8, BYTES("\0\0\0\0\0\0\0\0"),
	SYNC_MALFORMED},
    {"peer's epoch 2^63", HELLO, P + 51 + 40 + 8, BYTES("\200"),
	SYNC_MALFORMED},

    {"VIP of multicast", FLOWS4, P + 12, BYTES("\340"), SYNC_MALFORMED},
    {"VIP 0.0.2.10", FLOWS4, P + 12, BYTES("\0\0"), SYNC_MALFORMED},
    {"VIP of another family", FLOWS4, P, BYTES("\40\1"), SYNC_MALFORMED},
    {"VIP ff01::10", FLOWS6, P, BYTES("\377"), SYNC_MALFORMED},
    {"VIP fe80::10", FLOWS6, P, BYTES("\376\200\0\0"), SYNC_MALFORMED},
    {"port 0", FLOWS4, P + 16, BYTES("\0\0"), SYNC_MALFORMED},
    {"protocol 0", FLOWS4, P + 18, BYTES("\0"), SYNC_MALFORMED},
    {"protocol ICMP", FLOWS4, P + 18, BYTES("\1"), SYNC_MALFORMED},
    {"family 0", FLOWS4, P + 19, BYTES("\0"), SYNC_MALFORMED},
    {"family 6 of 4", FLOWS4, P + 19, BYTES("\6"), SYNC_MALFORMED},
    {"family 4 of 6", FLOWS6, P + 19, BYTES("\4"), SYNC_MALFORMED},
    {"server 127.1.0.1", FLOWS4, P + 32, BYTES("\177"), SYNC_MALFORMED},
    {"server ::1", FLOWS6, P + 20, BYTES("\0"), SYNC_MALFORMED},
    {"no flow", FLOWS4, P + 36, BYTES("\0\0"), SYNC_MALFORMED},
    {"a flow too few", FLOWS4, P + 36, BYTES("\0\4"), SYNC_MALFORMED},
    {"a flow too many", FLOWS4, P + 36, BYTES("\0\6"), SYNC_MALFORMED},
    {"65535 flows", FLOWS6, P + 36, BYTES("\377\377"), SYNC_MALFORMED},
    {"state 0", FLOWS4, P + 38 + 6, BYTES("\0"), SYNC_MALFORMED},
    {"state 3", FLOWS4, P + 38 + 6, BYTES("\300"), SYNC_MALFORMED},
    {"the last flow's state", FLOWS4, P + 38 + 4 * 8 + 6, BYTES("\377"),
	SYNC_MALFORMED},
    {"the last flow's state", FLOWS6, P + 38 + 4 * 20 + 18, BYTES("\0"),
	SYNC_MALFORMED},

    {"upto before after", VIEW, P + 30, BYTES("\0\0"), SYNC_MALFORMED},
    {"after is no key", VIEW, P, BYTES("\1"), SYNC_MALFORMED},
    {"after has no port", VIEW, P + 18, BYTES("\0\0"), SYNC_MALFORMED},
    {"after the first", VIEW, P + 18, BYTES("\7"), SYNC_MALFORMED},
    {"after's reserved", VIEW, P + 17, BYTES("\1"), SYNC_MALFORMED},
    {"upto's reserved", VIEW, P + 37, BYTES("\1"), SYNC_MALFORMED},
    {"upto before the last", VIEW, P + 36, BYTES("\6"), SYNC_MALFORMED},
    {"a service too few", VIEW, P + 40, BYTES("\0\2"), SYNC_MALFORMED},
    {"a service too many", VIEW, P + 40, BYTES("\0\4"), SYNC_MALFORMED},
    {"65535 services", VIEW, P + 40, BYTES("\377\377"), SYNC_MALFORMED},
    {"view's reserved", VIEW, P + 42, BYTES("\1"), SYNC_MALFORMED},
    {"view's reserved", VIEW, P + 43, BYTES("\1"), SYNC_MALFORMED},
    {"a service's reserved", VIEW, P + 44 + 17, BYTES("\1"), SYNC_MALFORMED},
    {"a service's protocol", VIEW, P + 44 + 16, BYTES("\2"), SYNC_MALFORMED},
    {"services out of order", VIEW, P + 44 + 32 + 15, BYTES("\0"),
	SYNC_MALFORMED},
    {"an empty view of nothing", VIEW_NONE, P + 20,
	BYTES("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"), SYNC_MALFORMED},

    {"to 0", REQUEST, P, BYTES("\0\0\0\0\0\0\0\0"), SYNC_MALFORMED},
    {"to epoch 0", REQUEST, P + 8, BYTES("\0\0\0\0\0\0\0\0"), SYNC_MALFORMED},
    {"to epoch 2^63", REQUEST, P + 8, BYTES("\200"), SYNC_MALFORMED},
    {"window 0", REQUEST, P + 20, BYTES("\0\0"), SYNC_MALFORMED},
    {"reserved", REQUEST, P + 23, BYTES("\1"), SYNC_MALFORMED},
    {"to 0", BULK, P, BYTES("\0\0\0\0\0\0\0\0"), SYNC_MALFORMED},
    {"to epoch 2^63", BULK, P + 8, BYTES("\200"), SYNC_MALFORMED},
    {"no flow", BULK, P + 36 + 36, BYTES("\0\0"), SYNC_MALFORMED},
    {"a flow's state", BULK, P + 36 + 38 + 6, BYTES("\0"), SYNC_MALFORMED},
    {"to 0", REFUSAL, P, BYTES("\0\0\0\0\0\0\0\0"), SYNC_MALFORMED},
    {"to epoch 0", REFUSAL, P + 8, BYTES("\0\0\0\0\0\0\0\0"), SYNC_MALFORMED},
    {"reason 0", REFUSAL, P + 20, BYTES("\0\0"), SYNC_MALFORMED},
    {"reserved", REFUSAL, P + 22, BYTES("\1"), SYNC_MALFORMED},

    /* And what may be so. */
    {"a later reason", REFUSAL, P + 20, BYTES("\377\377"), SYNC_SOUND},
    {"any transfer", REQUEST, P + 16, BYTES("\0\0\0\0"), SYNC_SOUND},
    {"any window", REQUEST, P + 20, BYTES("\377\377"), SYNC_SOUND},
    {"any client", FLOWS4, P + 38, BYTES("\0\0\0\0\0\0"), SYNC_SOUND},
    {"sequence 2^64-1", HELLO, 32, BYTES("\377\377\377\377\377\377\377\377"),
	SYNC_SOUND},
    {"the tag", HELLO, P + 51 + 60, BYTES("\377\377\377\377"), SYNC_SOUND},
};

static void
every_wrong_field_is_refused(void **state)
{
	uint8_t buffer[SYNC_DATAGRAM_MAX];
	enum sync_fault fault;
	size_t i, len;

	(void)state;
	for (i = 0; i < sizeof(wrongs) / sizeof(wrongs[0]); i++) {
		len = make(wrongs[i].sample, buffer);
		assert_true(wrongs[i].at + wrongs[i].len <= len);
		memcpy(buffer + wrongs[i].at, wrongs[i].bytes, wrongs[i].len);
		fault = read_at_end(buffer, len);
		if (fault != wrongs[i].fault)
			fail_msg("%s: %s, not %s", wrongs[i].what,
			    sync_fault_name(fault),
			    sync_fault_name(wrongs[i].fault));
	}
}

/*
 * Payloads of one type under the name of another.  A REQUEST would be a BULK
 * without flows: the tag covers the type.
 */
static void
types_are_not_mistaken(void **state)
{
	uint8_t buffer[SYNC_DATAGRAM_MAX];
	enum sample i;
	unsigned type;
	size_t len;

	(void)state;
	for (i = 0; i < SAMPLES; i++)
		for (type = SYNC_HELLO; type <= SYNC_REFUSAL; type++) {
			len = make(i, buffer);
			if (buffer[AT_TYPE] == type ||
			    (i == REQUEST && type == SYNC_BULK))
				continue;
			buffer[AT_TYPE] = (uint8_t)type;
			put16(buffer + AT_FLAGS, 0);
			assert_int_equal(
			    read_at_end(buffer, len), SYNC_MALFORMED);
		}
}

static void
all_have_names(void **state)
{
	unsigned i;

	(void)state;
	for (i = 0; i < SYNC_FAULTS; i++)
		assert_string_not_equal(sync_fault_name(i), "unknown");
	assert_string_equal(sync_fault_name(SYNC_FAULTS), "unknown");
	for (i = SYNC_HELLO; i <= SYNC_REFUSAL; i++)
		assert_string_not_equal(sync_type_name(i), "unknown");
	assert_string_equal(sync_type_name(0), "unknown");
	assert_string_equal(sync_type_name(SYNC_REFUSAL + 1), "unknown");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(samples_are_sound),
	    cmocka_unit_test(none_can_be_cut_off),
	    cmocka_unit_test(none_can_be_longer),
	    cmocka_unit_test(every_wrong_field_is_refused),
	    cmocka_unit_test(types_are_not_mistaken),
	    cmocka_unit_test(all_have_names),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, map, NULL);
}
