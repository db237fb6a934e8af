/* SPDX-License-Identifier: ISC */

/*
 * See dns_record.h.  How the data of a type is written is a row of letters,
 * one for each of its fields; a type that is not in the table is written as
 * RFC 3597 has it.
 */

#include <sys/socket.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/addr.h"
#include "core/bytes.h"
#include "core/dns_record.h"

#define POINTER	     0xc0
#define NAME_MAX_LEN 255
#define POINTERS_MAX 127 /* of a name: it has no more labels */
#define FIXED	     10	 /* bytes of a record between its name and its data */

enum {
	TYPE_A = 1,
	TYPE_NS = 2,
	TYPE_CNAME = 5,
	TYPE_SOA = 6,
	TYPE_PTR = 12,
	TYPE_MX = 15,
	TYPE_TXT = 16,
	TYPE_AAAA = 28,
	TYPE_SRV = 33,
	TYPE_DNAME = 39,
};

/* 4, 6: addresses; n: a name; h, w: numbers of 16 and 32 bits; t: strings. */
static const struct {
	uint16_t type;
	const char *fields;
} layouts[] = {
    {TYPE_A, "4"},
    {TYPE_NS, "n"},
    {TYPE_CNAME, "n"},
    {TYPE_SOA, "nnwwwww"},
    {TYPE_PTR, "n"},
    {TYPE_MX, "hn"},
    {TYPE_TXT, "t"},
    {TYPE_AAAA, "6"},
    {TYPE_SRV, "hhhn"},
    {TYPE_DNAME, "n"},
};

/* The text that is written, and what of the message is read. */
struct work {
	const struct dns_message *message;
	size_t at, end; /* of the data */
	char *text;
	size_t used; /* of DNS_RECORD_LEN, the NUL not counted */
};

static void __attribute__((format(printf, 2, 3)))
put(struct work *work, const char *format, ...)
{
	size_t room = DNS_RECORD_LEN - work->used;
	va_list ap;
	int length;

	va_start(ap, format);
	length = vsnprintf(work->text + work->used, room, format, ap);
	va_end(ap);
	if (length > 0)
		work->used += (size_t)length < room ? (size_t)length : room - 1;
}

/* Cheaper, as a large message of compressed names has a million of them. */
static void
put_character(struct work *work, char c)
{
	if (work->used + 1 >= DNS_RECORD_LEN)
		return;
	work->text[work->used++] = c;
	work->text[work->used] = '\0';
}

/* A byte of a label or string; dots and backslashes of labels are escaped. */
static void
put_byte(struct work *work, uint8_t c, const char *special)
{
	if (c < ' ' || c > '~') {
		put_character(work, '\\');
		put_character(work, (char)('0' + c / 100));
		put_character(work, (char)('0' + c / 10 % 10));
		put_character(work, (char)('0' + c % 10));
		return;
	}
	if (strchr(special, c) != NULL)
		put_character(work, '\\');
	put_character(work, (char)c);
}

/* A name that is read. */
struct walk {
	size_t at;	   /* the next label, or pointer to it */
	size_t limit;	   /* before which the next pointer has to lead */
	size_t behind;	   /* where the name ends in the record; 0 = unknown */
	unsigned pointers; /* that were followed */
};

/*
 * Follow the pointers, if any.  They have to lead back before where the last
 * one led (RFC 1035, section 4.1.4: "a prior occurrence"), and a message full
 * of records must not have one long chain followed for each.  0, or -1.
 */
static int
follow_pointers(const struct dns_message *m, struct walk *w)
{
	size_t target;

	while (w->at < m->length && (m->bytes[w->at] & POINTER) == POINTER) {
		if (m->length - w->at < 2 || w->pointers++ == POINTERS_MAX)
			return -1;
		target = (size_t)(m->bytes[w->at] & ~POINTER) << 8 |
		    m->bytes[w->at + 1];
		if (w->behind == 0)
			w->behind = w->at + 2;
		if (target >= w->limit)
			return -1;
		w->limit = w->at = target;
	}
	return 0;
}

/* The length of the next label, which is then at w->at; 0 at the end, or -1. */
static int
next_label(const struct dns_message *m, struct walk *w)
{
	unsigned length;

	if (follow_pointers(m, w) == -1 || w->at >= m->length)
		return -1;
	length = m->bytes[w->at++];
	if (length > 63 || length > m->length - w->at)
		return -1;
	if (length == 0 && w->behind == 0)
		w->behind = w->at;
	return (int)length;
}

/* Past a name, which is written if work is not NULL.  0, or -1. */
static int
read_name(const struct dns_message *m, size_t *at, struct work *work)
{
	struct walk walk = {.at = *at, .limit = *at};
	size_t total = 1;
	int i, length;

	while ((length = next_label(m, &walk)) > 0) {
		total += (size_t)length + 1;
		if (total > NAME_MAX_LEN)
			return -1;
		for (i = 0; i < length && work != NULL; i++)
			put_byte(work, m->bytes[walk.at + (size_t)i], ".\\");
		if (work != NULL)
			put_character(work, '.');
		walk.at += (size_t)length;
	}
	if (work != NULL && total == 1 && length == 0)
		put(work, ".");
	*at = walk.behind;
	return length;
}

int
dns_record_read(const struct dns_message *m, size_t *at, struct dns_record *out)
{
	const uint8_t *fixed;

	if (read_name(m, at, NULL) == -1 || m->length - *at < FIXED)
		return -1;
	fixed = m->bytes + *at;
	out->type = (uint16_t)get16(fixed);
	out->class = (uint16_t)get16(fixed + 2);
	out->length = get16(fixed + 8);
	out->at = *at + FIXED;
	if (out->length > m->length - out->at)
		return -1;
	*at = out->at + out->length;
	return 0;
}

static int
put_address(struct work *work, uint8_t family, size_t length)
{
	struct addr addr = {.family = family};
	char text[ADDR_STRLEN];

	if (work->end - work->at < length)
		return -1;
	memcpy(addr.bytes, work->message->bytes + work->at, length);
	put(work, "%s", addr_format(&addr, text));
	work->at += length;
	return 0;
}

static int
put_number(struct work *work, size_t length)
{
	unsigned long value = 0;
	size_t i;

	if (work->end - work->at < length)
		return -1;
	for (i = 0; i < length; i++)
		value = value << 8 | work->message->bytes[work->at++];
	put(work, "%lu", value);
	return 0;
}

/* All strings, one after the other, as whoever asks for a text reads them. */
static int
put_strings(struct work *work)
{
	const uint8_t *bytes = work->message->bytes;
	size_t left;

	while (work->at < work->end) {
		left = bytes[work->at++];
		if (left > work->end - work->at)
			return -1;
		for (; left > 0; left--)
			put_byte(work, bytes[work->at++], "\\");
	}
	return 0;
}

static int
put_field(struct work *work, char field)
{
	switch (field) {
	case '4':
		return put_address(work, AF_INET, 4);
	case '6':
		return put_address(work, AF_INET6, 16);
	case 'n':
		return read_name(work->message, &work->at, work);
	case 'h':
		return put_number(work, 2);
	case 'w':
		return put_number(work, 4);
	default:
		return put_strings(work);
	}
}

static void
put_unknown(struct work *work)
{
	static const char digits[] = "0123456789abcdef";
	uint8_t byte;

	put(work, "\\# %zu%s", work->end - work->at,
	    work->at < work->end ? " " : "");
	while (work->at < work->end) {
		byte = work->message->bytes[work->at++];
		put_character(work, digits[byte >> 4]);
		put_character(work, digits[byte & 0xf]);
	}
}

static const char *
fields_of(uint16_t type)
{
	size_t i;

	for (i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++)
		if (layouts[i].type == type)
			return layouts[i].fields;
	return NULL;
}

int
dns_record_text(const struct dns_message *message,
    const struct dns_record *record, char text[DNS_RECORD_LEN])
{
	struct work work = {
	    .message = message,
	    .at = record->at,
	    .end = record->at + record->length,
	    .text = text,
	};
	const char *field = fields_of(record->type);

	text[0] = '\0';
	if (field == NULL)
		put_unknown(&work);
	for (; field != NULL && *field != '\0'; field++) {
		if (work.at != record->at)
			put(&work, " ");
		if (put_field(&work, *field) == -1 || work.at > work.end)
			return -1;
	}
	return work.at == work.end ? 0 : -1;
}

/* Two addresses can be the same and not look it. */
static bool
same_address(const char *text, const char *expected)
{
	struct addr a, b;

	return addr_parse(text, &a) == 0 && addr_parse(expected, &b) == 0 &&
	    addr_compare(&a, &b) == 0;
}

static size_t
without_last_dot(const char *text)
{
	size_t length = strlen(text);

	return length > 1 && text[length - 1] == '.' ? length - 1 : length;
}

bool
dns_record_equal(uint16_t type, const char *text, const char *expected)
{
	size_t length = without_last_dot(text);

	if (type == TYPE_TXT)
		return strcmp(text, expected) == 0;
	if (type == TYPE_A || type == TYPE_AAAA)
		return same_address(text, expected);
	return length == without_last_dot(expected) &&
	    strncasecmp(text, expected, length) == 0;
}
