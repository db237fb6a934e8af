/* SPDX-License-Identifier: ISC */

/*
 * See dns.h.  Records of the wanted type count whatever they are of: the
 * server that follows aliases for its clients may put them in any order.
 */

#include <stdio.h>
#include <string.h>

#include "core/bytes.h"
#include "core/dns.h"
#include "core/dns_record.h"

#define FLAG_QR	   0x8000 /* it is an answer */
#define OPCODE	   0x7800
#define FLAG_TC	   0x0200 /* there is more, by TCP */
#define FLAG_RD	   0x0100
#define RCODE	   0x000f
#define CLASS_IN   1
#define LABEL_MAX  63
#define RCODE_FORM 1
#define RCODE_IMPL 4
#define RCODE_REF  5

/* Where the words of the header are. */
enum {
	AT_ID = 0,
	AT_FLAGS = 2,
	AT_QUESTIONS = 4,
	AT_ANSWERS = 6,
};

const char *
dns_rcode_name(unsigned rcode)
{
	static const char *const names[] = {"NOERROR", "FORMERR", "SERVFAIL",
	    "NXDOMAIN", "NOTIMP", "REFUSED", "YXDOMAIN", "YXRRSET", "NXRRSET",
	    "NOTAUTH", "NOTZONE"};

	return rcode < sizeof(names) / sizeof(names[0]) ? names[rcode] : NULL;
}

/* The name in a message's form: its length there, or 0 if it is none. */
static size_t
put_name(uint8_t *out, const char *name)
{
	size_t length, at = 0;

	if (strcmp(name, ".") == 0)
		name++;
	while (*name != '\0') {
		length = strcspn(name, ".");
		if (length == 0 || length > LABEL_MAX ||
		    at + 1 + length + 1 > DNS_NAME_MAX)
			return 0;
		out[at++] = (uint8_t)length;
		memcpy(out + at, name, length);
		at += length;
		name += length;
		name += *name == '.';
	}
	out[at++] = 0;
	return at;
}

int
dns_query_make(
    struct dns_query *query, uint16_t id, const char *name, uint16_t type)
{
	uint8_t *bytes = query->bytes;
	size_t length;

	memset(query, 0, sizeof(*query));
	length = *name == '\0' ? 0 : put_name(bytes + DNS_HEADER, name);
	if (length == 0)
		return -1;
	put16(bytes + AT_ID, id);
	put16(bytes + AT_FLAGS, FLAG_RD);
	put16(bytes + AT_QUESTIONS, 1);
	put16(bytes + DNS_HEADER + length, type);
	put16(bytes + DNS_HEADER + length + 2, CLASS_IN);
	query->length = DNS_HEADER + length + 4;
	return 0;
}

static uint8_t
lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
}

/* Lengths of labels are no letters, so a name is compared as it stands. */
static bool
same_question(const struct dns_query *query, const uint8_t *bytes)
{
	size_t i;

	for (i = DNS_HEADER; i < query->length - 4; i++)
		if (lower(query->bytes[i]) != lower(bytes[i]))
			return false;
	return memcmp(query->bytes + i, bytes + i, 4) == 0;
}

/*
 * A server that could not or would not read the question need not repeat it.
 */
static bool
may_omit_question(unsigned rcode)
{
	return rcode == RCODE_FORM || rcode == RCODE_IMPL || rcode == RCODE_REF;
}

static enum dns_verdict
say(char *detail, enum dns_verdict verdict, const char *text)
{
	snprintf(detail, DNS_DETAIL_LEN, "%s", text);
	return verdict;
}

/* The header and the question: is this the answer at all? */
static enum dns_verdict
judge_head(const struct dns_query *query, const uint8_t *bytes, size_t length,
    char *detail)
{
	unsigned flags, questions;

	if (length < DNS_HEADER)
		return say(detail, DNS_MALFORMED, "shorter than a header");
	flags = get16(bytes + AT_FLAGS);
	questions = get16(bytes + AT_QUESTIONS);
	if (get16(bytes + AT_ID) != get16(query->bytes + AT_ID))
		return say(detail, DNS_FOREIGN, "the id of another query");
	if ((flags & FLAG_QR) == 0)
		return say(detail, DNS_FOREIGN, "a query, not an answer");
	if ((flags & OPCODE) != 0)
		return say(detail, DNS_FOREIGN, "another operation's answer");
	if (questions == 0 && may_omit_question(flags & RCODE))
		return DNS_PASSED;
	if (questions != 1)
		return say(detail, DNS_FOREIGN, "not one question");
	if (length < query->length)
		return say(detail, DNS_MALFORMED, "the question is cut off");
	if (!same_question(query, bytes))
		return say(detail, DNS_FOREIGN, "another question's answer");
	return DNS_PASSED;
}

/* What the records of an answer are. */
struct answers {
	unsigned count;		    /* of the wanted type */
	bool found;		    /* one is what is expected */
	char first[DNS_RECORD_LEN]; /* the data of the first */
};

/* 0, or -1 if it is malformed. */
static int
read_answers(const struct dns_message *message, size_t at, uint16_t type,
    const char *expected, struct answers *out)
{
	unsigned i, total = get16(message->bytes + AT_ANSWERS);
	char text[DNS_RECORD_LEN];
	struct dns_record record;

	for (i = 0; i < total; i++) {
		if (dns_record_read(message, &at, &record) == -1)
			return -1;
		if (record.type != type || record.class != CLASS_IN)
			continue;
		if (dns_record_text(message, &record, text) == -1)
			return -1;
		if (out->count++ == 0)
			memcpy(out->first, text, sizeof(text));
		out->found = out->found || expected == NULL ||
		    dns_record_equal(type, text, expected);
	}
	return 0;
}

static void
describe(unsigned flags, const struct answers *answers, char *detail)
{
	const char *name = dns_rcode_name(flags & RCODE);
	char number[16];
	int used;

	if (name == NULL) {
		snprintf(number, sizeof(number), "rcode %u", flags & RCODE);
		name = number;
	}
	used = snprintf(detail, DNS_DETAIL_LEN, "%s, %u record%s%s", name,
	    answers->count, answers->count == 1 ? "" : "s",
	    flags & FLAG_TC ? ", truncated" : "");
	if (answers->count > 0)
		snprintf(detail + used, DNS_DETAIL_LEN - (size_t)used,
		    ": %.64s%s", answers->first,
		    answers->count > 1 ? ", ..." : "");
}

enum dns_verdict
dns_judge(const struct dns_query *query, const uint8_t *bytes, size_t length,
    const struct dns_expected *expected, char detail[DNS_DETAIL_LEN])
{
	const struct dns_message message = {bytes, length};
	struct answers answers = {0};
	enum dns_verdict verdict;
	unsigned flags;
	bool cut;

	verdict = judge_head(query, bytes, length, detail);
	if (verdict != DNS_PASSED)
		return verdict;
	flags = get16(bytes + AT_FLAGS);
	cut = (flags & FLAG_TC) != 0;
	/* What is cut off may be cut off anywhere. */
	if (get16(bytes + AT_QUESTIONS) == 1 &&
	    read_answers(&message, query->length,
		(uint16_t)get16(query->bytes + query->length - 4),
		expected->answer, &answers) == -1 &&
	    !cut)
		return say(detail, DNS_MALFORMED, "its records can't be read");
	describe(flags, &answers, detail);
	if (expected->rcode != -1 && (int)(flags & RCODE) != expected->rcode)
		return DNS_UNEXPECTED;
	if (expected->answer == NULL || answers.found)
		return DNS_PASSED;
	return cut ? DNS_TRUNCATED : DNS_UNEXPECTED;
}
