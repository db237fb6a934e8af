/* SPDX-License-Identifier: ISC */

/*
 * See sources.h.  The top is a heap with the one of fewest packets at its root;
 * the baseline is kept as JSON, whose "ipv4" has a bit for each prefix, the
 * first one in the highest bit of the first hexadecimal digit.
 */

#include <sys/socket.h>

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/xmalloc.h"
#include "core/sources.h"

#define VERSION	   1
#define IPV4_BYTES ((1U << SOURCE4_LENGTH) / 8)
#define IPV6_MAX   65536

void
source_top_init(struct source_top *top, size_t limit)
{
	top->list = xcalloc(limit + 1, sizeof(*top->list));
	top->limit = limit;
	top->count = 0;
}

static void
swap(struct source *a, struct source *b)
{
	struct source kept = *a;

	*a = *b;
	*b = kept;
}

static void
sift_up(struct source *list, size_t at)
{
	size_t parent;

	for (; at > 0; at = parent) {
		parent = (at - 1) / 2;
		if (list[parent].packets <= list[at].packets)
			return;
		swap(&list[parent], &list[at]);
	}
}

static void
sift_down(struct source *list, size_t count)
{
	size_t at = 0, child;

	for (; (child = 2 * at + 1) < count; at = child) {
		if (child + 1 < count &&
		    list[child + 1].packets < list[child].packets)
			child++;
		if (list[at].packets <= list[child].packets)
			return;
		swap(&list[at], &list[child]);
	}
}

void
source_top_add(struct source_top *top, const struct source *source)
{
	if (top->count < top->limit) {
		top->list[top->count] = *source;
		sift_up(top->list, top->count++);
	} else if (top->limit > 0 && source->packets > top->list[0].packets) {
		top->list[0] = *source;
		sift_down(top->list, top->count);
	}
}

static int
compare_sources(const void *a, const void *b)
{
	const struct source *left = a, *right = b;

	if (left->packets != right->packets)
		return left->packets < right->packets ? 1 : -1;
	return prefix_compare(&left->prefix, &right->prefix);
}

void
source_top_sort(struct source_top *top)
{
	if (top->count > 0)
		qsort(
		    top->list, top->count, sizeof(*top->list), compare_sources);
}

void
source_top_clear(struct source_top *top)
{
	free(top->list);
	memset(top, 0, sizeof(*top));
}

/* The first bits of an address as a number. */
static uint64_t
bits_of(const struct prefix *prefix, unsigned count)
{
	uint64_t bits = 0;
	unsigned i;

	for (i = 0; i < 8; i++)
		bits = bits << 8 | prefix->address.bytes[i];
	return bits >> (64 - count);
}

void
baseline_init(struct baseline *b, int64_t saved)
{
	memset(b, 0, sizeof(*b));
	b->ipv4 = xcalloc(1, IPV4_BYTES);
	b->saved = saved;
}

void
baseline_add(struct baseline *b, const struct prefix *prefix)
{
	uint64_t bits;

	if (prefix->address.family == AF_INET) {
		bits = bits_of(prefix, SOURCE4_LENGTH);
		b->ipv4_count += !(b->ipv4[bits / 8] & 0x80U >> bits % 8);
		b->ipv4[bits / 8] |= (uint8_t)(0x80U >> bits % 8);
		return;
	}
	if ((b->ipv6_count & (b->ipv6_count - 1)) == 0)
		b->ipv6 = xreallocarray(b->ipv6,
		    b->ipv6_count == 0 ? 1 : 2 * b->ipv6_count,
		    sizeof(*b->ipv6));
	b->ipv6[b->ipv6_count++] = bits_of(prefix, SOURCE6_LENGTH);
}

static int
compare_numbers(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return (left > right) - (left < right);
}

void
baseline_finish(struct baseline *b)
{
	size_t i, kept = 0;

	if (b->ipv6_count == 0)
		return;
	qsort(b->ipv6, b->ipv6_count, sizeof(*b->ipv6), compare_numbers);
	for (i = 1; i < b->ipv6_count; i++)
		if (b->ipv6[i] != b->ipv6[kept])
			b->ipv6[++kept] = b->ipv6[i];
	b->ipv6_count = kept + 1;
}

bool
baseline_has(const struct baseline *b, const struct prefix *prefix)
{
	uint64_t bits;

	if (b->ipv4 == NULL)
		return false;
	if (prefix->address.family == AF_INET) {
		bits = bits_of(prefix, SOURCE4_LENGTH);
		return (b->ipv4[bits / 8] & 0x80U >> bits % 8) != 0;
	}
	bits = bits_of(prefix, SOURCE6_LENGTH);
	return b->ipv6_count > 0 &&
	    bsearch(&bits, b->ipv6, b->ipv6_count, sizeof(*b->ipv6),
		compare_numbers) != NULL;
}

void
baseline_clear(struct baseline *b)
{
	free(b->ipv4);
	free(b->ipv6);
	memset(b, 0, sizeof(*b));
}

static void
prefix6_of(uint64_t bits, struct prefix *out)
{
	unsigned i;

	memset(out, 0, sizeof(*out));
	out->address.family = AF_INET6;
	out->length = SOURCE6_LENGTH;
	for (i = 0; i < 6; i++)
		out->address.bytes[i] = (uint8_t)(bits >> (40 - 8 * i));
}

static const char digits[] = "0123456789abcdef";

static json_t *
ipv4_json(const struct baseline *b)
{
	char *text = xcalloc(2 * IPV4_BYTES + 1, 1);
	json_t *json;
	size_t i;

	for (i = 0; i < IPV4_BYTES; i++) {
		text[2 * i] = digits[b->ipv4[i] >> 4];
		text[2 * i + 1] = digits[b->ipv4[i] & 15];
	}
	json = json_string(text);
	free(text);
	return json;
}

char *
baseline_write(const struct baseline *b, size_t *len)
{
	json_t *six = json_array(), *whole;
	char prefix[PREFIX_STRLEN], *text, *line;
	struct prefix one;
	size_t i;

	for (i = 0; i < b->ipv6_count; i++) {
		prefix6_of(b->ipv6[i], &one);
		json_array_append_new(
		    six, json_string(prefix_format(&one, prefix)));
	}
	whole = json_pack("{s:i, s:I, s:o, s:o}", "version", VERSION, "saved",
	    (json_int_t)b->saved, "ipv4", ipv4_json(b), "ipv6", six);
	text = json_dumps(whole, JSON_COMPACT | JSON_PRESERVE_ORDER);
	json_decref(whole);
	line = xasprintf("%s\n", text);
	free(text);
	*len = strlen(line);
	return line;
}

/* False if there is anything but digits. */
static bool
read_ipv4(const char *text, struct baseline *out)
{
	const char *digit;
	size_t i, j;

	if (text == NULL || strlen(text) != 2 * IPV4_BYTES)
		return false;
	for (i = 0; i < 2 * IPV4_BYTES; i++) {
		digit = strchr(digits, text[i]);
		if (digit == NULL)
			return false;
		out->ipv4[i / 2] |=
		    (uint8_t)((digit - digits) << (i % 2 == 0 ? 4 : 0));
	}
	for (i = 0; i < IPV4_BYTES; i++)
		for (j = 0; j < 8; j++)
			out->ipv4_count += out->ipv4[i] >> j & 1;
	return true;
}

static bool
read_ipv6(const json_t *list, struct baseline *out)
{
	struct prefix prefix;
	const json_t *json;
	size_t i;

	if (!json_is_array(list) || json_array_size(list) > IPV6_MAX)
		return false;
	json_array_foreach(list, i, json) {
		if (!json_is_string(json) ||
		    prefix_parse(json_string_value(json), &prefix) == -1 ||
		    prefix.address.family != AF_INET6 ||
		    prefix.length != SOURCE6_LENGTH)
			return false;
		baseline_add(out, &prefix);
	}
	baseline_finish(out);
	return true;
}

/* What is wrong, or NULL. */
static const char *
read_whole(const json_t *whole, struct baseline *out)
{
	const json_t *version = json_object_get(whole, "version");
	const json_t *saved = json_object_get(whole, "saved");

	if (!json_is_integer(version) || json_integer_value(version) != VERSION)
		return "is of no \"version\" that is known here";
	if (!json_is_integer(saved) || json_integer_value(saved) < 0)
		return "has no \"saved\"";
	baseline_init(out, json_integer_value(saved));
	if (!read_ipv4(json_string_value(json_object_get(whole, "ipv4")), out))
		return "has no \"ipv4\" as it should be";
	if (!read_ipv6(json_object_get(whole, "ipv6"), out))
		return "has no \"ipv6\" as it should be";
	return NULL;
}

char *
baseline_read(const char *text, size_t len, struct baseline *out)
{
	json_error_t error;
	const char *wrong;
	json_t *whole;

	memset(out, 0, sizeof(*out));
	whole = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
	if (whole == NULL)
		return xasprintf("line %d: %s", error.line, error.text);
	wrong = read_whole(whole, out);
	json_decref(whole);
	if (wrong == NULL)
		return NULL;
	baseline_clear(out);
	return xstrdup(wrong);
}
