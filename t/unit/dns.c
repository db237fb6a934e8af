/* SPDX-License-Identifier: ISC */

/*
 * DNS: queries byte for byte, answers as servers make them (those that say so
 * are dnsmasq's, from the wire), and all that may be wrong with an answer.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/dns.h"

#define ID   0x1234
#define A    1
#define NS   2
#define MX   15
#define TXT  16
#define AAAA 28
#define SRV  33
#define SPF  99

/* Pieces of messages. */
#define HEAD(flags, answers) "\x12\x34" flags "\0\1" answers "\0\0\0\0"
#define WWW		     "\3www\7example\3org\0"
#define ROOT		     "\0"
#define IN(type)	     "\0" type "\0\1"
#define TTL		     "\0\0\1\x2c"
#define NAME		     "\xc0\x0c" /* the question's */
#define ANSWER(x)  \
	NAME IN(x) \
	TTL

struct sample {
	const char *name;
	uint16_t type;
	const char *bytes;
	size_t length;
	int rcode;
	const char *answer;
	enum dns_verdict verdict;
	const char *detail;
};

#define BYTES(text) text, sizeof(text) - 1

static const struct sample samples[] = {
    {"www.example.org", A,
	BYTES(HEAD("\x81\x80", "\0\1") WWW IN("\1")
		ANSWER("\1") "\0\4\xc0\0\2\1"),
	0, NULL, DNS_PASSED, "NOERROR, 1 record: 192.0.2.1"},
    {"www.example.org", A,
	BYTES(HEAD("\x81\x80", "\0\1") WWW IN("\1")
		ANSWER("\1") "\0\4\xc0\0\2\1"),
	0, "192.0.2.1", DNS_PASSED, "NOERROR, 1 record: 192.0.2.1"},
    {"www.example.org", A,
	BYTES(HEAD("\x81\x80", "\0\1") WWW IN("\1")
		ANSWER("\1") "\0\4\xc0\0\2\1"),
	0, "192.0.2.9", DNS_UNEXPECTED, "NOERROR, 1 record: 192.0.2.1"},
    /* The question's case comes back as some servers like it. */
    {"www.example.org.", A,
	BYTES(HEAD("\x81\x80", "\0\2") "\3WwW\7eXample\3ORG\0" IN("\1")
		ANSWER("\1") "\0\4\xc0\0\2\1" ANSWER("\1") "\0\4\xc0\0\2\2"),
	0, "192.0.2.2", DNS_PASSED, "NOERROR, 2 records: 192.0.2.1, ..."},
    {"www.example.org", AAAA,
	BYTES(HEAD("\x85\x80", "\0\1") WWW IN("\x1c")
		ANSWER("\x1c") "\0\x10\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1"),
	0, "2001:DB8:0::1", DNS_PASSED, "NOERROR, 1 record: 2001:db8::1"},
    /* An alias, then what it stands for. */
    {"www.example.org", A,
	BYTES(HEAD("\x81\x80", "\0\2") WWW IN("\1")
		ANSWER("\5") "\0\7\4host\xc0\x10"
			     "\xc0\x2d" IN("\1") TTL "\0\4\xc0\0\2\7"),
	0, "192.0.2.7", DNS_PASSED, "NOERROR, 1 record: 192.0.2.7"},
    /* The root's, of whose 13 servers two remain here. */
    {".", NS,
	BYTES(HEAD("\x81\x80", "\0\2") ROOT IN("\2") ROOT IN("\2") TTL
	    "\0\x14\1a\x0croot-servers\3net\0" ROOT IN("\2") TTL
	    "\0\4\1b\xc0\x1e"),
	0, "B.ROOT-SERVERS.NET", DNS_PASSED,
	"NOERROR, 2 records: a.root-servers.net., ..."},
    {"www.example.org", MX,
	BYTES(HEAD("\x81\x80", "\0\1") WWW IN("\x0f")
		ANSWER("\x0f") "\0\x09\0\x0a\4mail\xc0\x10"),
	0, "10 mail.example.org", DNS_PASSED,
	"NOERROR, 1 record: 10 mail.example.org."},
    {"www.example.org", SRV,
	BYTES(HEAD("\x81\x80", "\0\1") WWW IN("\x21")
		ANSWER("\x21") "\0\7\0\1\0\2\0\x50" ROOT),
	0, "1 2 80 .", DNS_PASSED, "NOERROR, 1 record: 1 2 80 ."},
    {"www.example.org", TXT,
	BYTES(HEAD("\x81\x80", "\0\1") WWW IN("\x10")
		ANSWER("\x10") "\0\x0a\3I am\5 web1"),
	0, "I am", DNS_MALFORMED, "its records can't be read"},
    {"www.example.org", TXT,
	BYTES(HEAD("\x81\x80", "\0\1") WWW IN("\x10")
		ANSWER("\x10") "\0\x0b\4I am\5 w\"b\x01"),
	0, "I am w\"b\\001", DNS_PASSED, "NOERROR, 1 record: I am w\"b\\001"},
    {"www.example.org", SPF,
	BYTES(HEAD("\x81\x80", "\0\1") WWW IN("\x63")
		ANSWER("\x63") "\0\2\0\xff"),
	0, "\\# 2 00FF", DNS_PASSED, "NOERROR, 1 record: \\# 2 00ff"},
    /* dnsmasq: it does not compress names in data. */
    {"alias.lab.example", A,
	BYTES(HEAD("\x85\x80", "\0\2") "\5alias\3lab\7example\0" IN("\1")
		ANSWER("\5") "\0\x12\4www2\3lab\7example\0\xc0\x2f" IN(
		    "\1") "\0\0\0\0\0\4\xc0\0\2\7"),
	0, "192.0.2.7", DNS_PASSED, "NOERROR, 1 record: 192.0.2.7"},
    {"mail.lab.example", MX,
	BYTES(HEAD("\x85\x80", "\0\1") "\4mail\3lab\7example\0" IN("\x0f")
		ANSWER("\x0f") "\0\x12\0\x0a\2mx\3lab\7example\0"),
	0, "10 MX.lab.example.", DNS_PASSED,
	"NOERROR, 1 record: 10 mx.lab.example."},
    /* What is expected of resolvers that refuse, or of a name that is not. */
    {"www.example.org", A, BYTES(HEAD("\x81\x83", "\0\0") WWW IN("\1")), 3,
	NULL, DNS_PASSED, "NXDOMAIN, 0 records"},
    {"www.example.org", A, BYTES(HEAD("\x81\x83", "\0\0") WWW IN("\1")), 0,
	NULL, DNS_UNEXPECTED, "NXDOMAIN, 0 records"},
    {"www.example.org", A, BYTES(HEAD("\x81\x82", "\0\0") WWW IN("\1")), -1,
	NULL, DNS_PASSED, "SERVFAIL, 0 records"},
    {"www.example.org", A, BYTES(HEAD("\x81\x8f", "\0\0") WWW IN("\1")), 0,
	NULL, DNS_UNEXPECTED, "rcode 15, 0 records"},
    {"www.example.org", A, BYTES("\x12\x34\x81\x85\0\0\0\0\0\0\0\0"), 5, NULL,
	DNS_PASSED, "REFUSED, 0 records"},
    {"www.example.org", A, BYTES(HEAD("\x81\x80", "\0\0") WWW IN("\1")), 0,
	"192.0.2.1", DNS_UNEXPECTED, "NOERROR, 0 records"},
    /* More by TCP. */
    {"www.example.org", A, BYTES(HEAD("\x83\x80", "\0\0") WWW IN("\1")), 0,
	NULL, DNS_PASSED, "NOERROR, 0 records, truncated"},
    {"www.example.org", A,
	BYTES(HEAD("\x83\x80", "\0\2") WWW IN("\1")
		ANSWER("\1") "\0\4\xc0\0\2\1" NAME),
	0, "192.0.2.5", DNS_TRUNCATED,
	"NOERROR, 1 record, truncated: 192.0.2.1"},
    /* Not the answer. */
    {"www.example.org", A,
	BYTES("\x12\x35\x81\x80\0\1\0\0\0\0\0\0" WWW IN("\1")), 0, NULL,
	DNS_FOREIGN, "the id of another query"},
    {"www.example.org", A, BYTES(HEAD("\1\0", "\0\0") WWW IN("\1")), 0, NULL,
	DNS_FOREIGN, "a query, not an answer"},
    {"www.example.org", A, BYTES(HEAD("\xa1\x80", "\0\0") WWW IN("\1")), 0,
	NULL, DNS_FOREIGN, "another operation's answer"},
    {"www.example.org", A, BYTES(HEAD("\x81\x80", "\0\0") WWW IN("\2")), 0,
	NULL, DNS_FOREIGN, "another question's answer"},
    {"www.example.org", A,
	BYTES(HEAD("\x81\x80", "\0\0") "\3www\7example\3net\0" IN("\1")), 0,
	NULL, DNS_FOREIGN, "another question's answer"},
    {"www.example.org", A, BYTES("\x12\x34\x81\x80\0\0\0\0\0\0\0\0"), 0, NULL,
	DNS_FOREIGN, "not one question"},
    {"www.example.org", A,
	BYTES("\x12\x34\x81\x80\0\2\0\0\0\0\0\0" WWW IN("\1") WWW IN("\1")), 0,
	NULL, DNS_FOREIGN, "not one question"},
    /* Not to be understood. */
    {"www.example.org", A, BYTES(""), 0, NULL, DNS_MALFORMED,
	"shorter than a header"},
    {"www.example.org", A, BYTES("\x12\x34\x81\x80\0\1\0\0\0\0\0"), 0, NULL,
	DNS_MALFORMED, "shorter than a header"},
    {"www.example.org", A, BYTES(HEAD("\x81\x80", "\0\1") "\3www"), 0, NULL,
	DNS_MALFORMED, "the question is cut off"},
    {"www.example.org", A, BYTES(HEAD("\x81\x80", "\0\1") WWW IN("\1")), 0,
	NULL, DNS_MALFORMED, "its records can't be read"},
    {"www.example.org", A,
	BYTES(HEAD("\x81\x80", "\0\1") WWW IN("\1")
		ANSWER("\1") "\0\5\xc0\0\2\1"),
	0, NULL, DNS_MALFORMED, "its records can't be read"},
    {"www.example.org", A,
	BYTES(HEAD("\x81\x80", "\0\1") WWW IN("\1")
		ANSWER("\1") "\0\3\xc0\0\2\1"),
	0, NULL, DNS_MALFORMED, "its records can't be read"},
    /* A pointer to itself, one forwards, one that is cut off, two in turn. */
    {"www.example.org", A,
	BYTES(HEAD("\x81\x80", "\0\1") WWW IN("\1") "\xc0\x21" IN("\1") TTL
	    "\0\4\xc0\0\2\1"),
	0, NULL, DNS_MALFORMED, "its records can't be read"},
    {"www.example.org", A,
	BYTES(HEAD("\x81\x80", "\0\1") WWW IN("\1") "\xc0\x2d" IN("\1") TTL
	    "\0\4\xc0\0\2\1"),
	0, NULL, DNS_MALFORMED, "its records can't be read"},
    {"www.example.org", A, BYTES(HEAD("\x81\x80", "\0\1") WWW IN("\1") "\xc0"),
	0, NULL, DNS_MALFORMED, "its records can't be read"},
    {"www.example.org", NS,
	BYTES(HEAD("\x81\x80", "\0\1") WWW IN("\2")
		ANSWER("\2") "\0\4\1a\xc0\x2d"),
	0, NULL, DNS_MALFORMED, "its records can't be read"},
    /* A reserved kind of label. */
    {"www.example.org", A,
	BYTES(HEAD("\x81\x80", "\0\1") WWW IN("\1") "\x80\0" IN("\1") TTL
	    "\0\4\xc0\0\2\1"),
	0, NULL, DNS_MALFORMED, "its records can't be read"},
};
#define SAMPLES (sizeof(samples) / sizeof(samples[0]))

static enum dns_verdict
judge(const struct sample *sample, const uint8_t *bytes, size_t length,
    char detail[DNS_DETAIL_LEN])
{
	struct dns_expected expected = {sample->rcode, sample->answer};
	struct dns_query query;

	assert_int_equal(
	    dns_query_make(&query, ID, sample->name, sample->type), 0);
	return dns_judge(&query, bytes, length, &expected, detail);
}

static void
test_samples(void **state)
{
	char detail[DNS_DETAIL_LEN];
	enum dns_verdict verdict;
	size_t i;

	(void)state;
	for (i = 0; i < SAMPLES; i++) {
		const struct sample *s = &samples[i];

		verdict = judge(s, (const void *)s->bytes, s->length, detail);
		if (verdict != s->verdict || strcmp(detail, s->detail) != 0)
			print_error("# %zu: %d, %s\n", i, verdict, detail);
		assert_int_equal(verdict, s->verdict);
		assert_string_equal(detail, s->detail);
	}
}

static void
test_query(void **state)
{
	static const char www[] = "\x12\x34\1\0\0\1\0\0\0\0\0\0" WWW IN("\x1c");
	static const char root[] = "\x12\x34\1\0\0\1\0\0\0\0\0\0" ROOT IN("\2");
	struct dns_query query;

	(void)state;
	assert_int_equal(
	    dns_query_make(&query, ID, "www.example.org", AAAA), 0);
	assert_int_equal(query.length, sizeof(www) - 1);
	assert_memory_equal(query.bytes, www, query.length);
	assert_int_equal(dns_query_make(&query, ID, ".", NS), 0);
	assert_int_equal(query.length, sizeof(root) - 1);
	assert_memory_equal(query.bytes, root, query.length);
}

static void
test_names(void **state)
{
	static const char *const bad[] = {"", "..", ".a", "a..b", "a.."};
	char name[DNS_NAME_MAX + 2];
	struct dns_query query;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(dns_query_make(&query, 0, bad[i], A), -1);
	memset(name, 'a', sizeof(name));
	name[63] = '\0';
	assert_int_equal(dns_query_make(&query, 0, name, A), 0);
	name[63] = 'a';
	name[64] = '\0';
	assert_int_equal(dns_query_make(&query, 0, name, A), -1);
	/* 253 characters are 255 bytes. */
	name[64] = 'a';
	name[63] = name[127] = name[191] = '.';
	name[253] = '\0';
	assert_int_equal(dns_query_make(&query, 0, name, A), 0);
	assert_int_equal(query.length, DNS_QUERY_MAX);
	name[253] = 'a';
	name[254] = '\0';
	assert_int_equal(dns_query_make(&query, 0, name, A), -1);
}

/* Judged in memory of just its size, for sanitizers to watch over. */
static enum dns_verdict
judge_copy(const struct sample *sample, const uint8_t *bytes, size_t length)
{
	uint8_t *copy = malloc(length + 1);
	char detail[DNS_DETAIL_LEN];
	enum dns_verdict verdict;
	const char *c;

	assert_non_null(copy);
	memcpy(copy + 1, bytes, length);
	verdict = judge(sample, copy + 1, length, detail);
	free(copy);
	for (c = detail; *c != '\0'; c++)
		assert_in_range(*c, ' ', '~');
	return verdict;
}

/* Cut off anywhere, nothing passes that was an answer with a record. */
static void
test_cut(void **state)
{
	size_t i, length;

	(void)state;
	for (i = 0; i < SAMPLES; i++) {
		const struct sample *s = &samples[i];

		for (length = 0; length < s->length; length++) {
			enum dns_verdict verdict =
			    judge_copy(s, (const uint8_t *)s->bytes, length);

			if (s->verdict == DNS_PASSED && length > 12)
				assert_int_not_equal(verdict, DNS_PASSED);
		}
	}
}

static uint32_t
next_random(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

/* Bytes changed at random: nothing is read or written out of bounds. */
static void
test_mutated(void **state)
{
	uint32_t seed = 2463534242;
	uint8_t bytes[512];
	unsigned round, i, changes;

	(void)state;
	for (round = 0; round < 200000; round++) {
		const struct sample *s = &samples[round % SAMPLES];

		memcpy(bytes, s->bytes, s->length);
		changes = 1 + next_random(&seed) % 6;
		for (i = 0; i < changes && s->length > 0; i++)
			bytes[next_random(&seed) % s->length] =
			    (uint8_t)(next_random(&seed) >> 8);
		judge_copy(s, bytes, s->length);
	}
}

/*
 * As many compressed names, of the greatest length, as the largest message
 * has room for.
 */
static void
test_large(void **state)
{
	static const struct sample ask = {
	    .name = "www.example.org", .type = NS, .answer = "nobody"};
	static const char head[] = HEAD("\x81\x80", "\xff\xff") WWW IN("\2");
	static const char record[] = ANSWER("\2") "\0\2\xc0";
	static uint8_t bytes[65535];
	size_t at = sizeof(head) - 1, name;
	unsigned i;

	(void)state;
	memcpy(bytes, head, at);
	memcpy(bytes + at, NAME IN("\x63") TTL "\0\xff", 12);
	name = at += 12;
	for (i = 0; i < 4; i++) {
		bytes[at] = i < 3 ? 63 : 61;
		memset(bytes + at + 1, 1, bytes[at]);
		at += bytes[at] + 1;
	}
	bytes[at++] = 0;
	for (; at + sizeof(record) <= sizeof(bytes); at += sizeof(record)) {
		memcpy(bytes + at, record, sizeof(record) - 1);
		bytes[at + sizeof(record) - 1] = (uint8_t)name;
	}
	assert_int_equal(judge_copy(&ask, bytes, at), DNS_MALFORMED);
	bytes[6] = 0;
	bytes[7] = 200;
	assert_int_equal(judge_copy(&ask, bytes, at), DNS_UNEXPECTED);
}

/*
 * A name of pointers alone, one to the other, may have as many as it could have
 * labels: a message with thousands of records could have it followed for each.
 */
static void
test_pointers(void **state)
{
	static const struct sample ask = {
	    .name = "www.example.org", .type = NS, .answer = "."};
	static const char head[] = HEAD("\x81\x80", "\0\2") WWW IN("\2");
	static const char last[] = ANSWER("\2") "\0\2\xc0";
	uint8_t bytes[512];
	size_t at, target;
	unsigned count, i;

	(void)state;
	for (count = 126; count <= 127; count++) {
		at = sizeof(head) - 1;
		memcpy(bytes, head, at);
		memcpy(bytes + at, NAME IN("\x63") TTL "\0", 11);
		at += 11;
		bytes[at++] = (uint8_t)(1 + 2 * count);
		bytes[target = at++] = 0;
		for (i = 0; i < count; i++) {
			bytes[at] = (uint8_t)(0xc0 | target >> 8);
			bytes[at + 1] = (uint8_t)target;
			target = at;
			at += 2;
		}
		memcpy(bytes + at, last, sizeof(last) - 1);
		at += sizeof(last) - 1;
		bytes[at - 1] |= (uint8_t)(target >> 8);
		bytes[at++] = (uint8_t)target;
		assert_int_equal(judge_copy(&ask, bytes, at),
		    count == 126 ? DNS_PASSED : DNS_MALFORMED);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_query),
	    cmocka_unit_test(test_names),
	    cmocka_unit_test(test_samples),
	    cmocka_unit_test(test_cut),
	    cmocka_unit_test(test_mutated),
	    cmocka_unit_test(test_large),
	    cmocka_unit_test(test_pointers),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
