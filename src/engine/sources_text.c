/* SPDX-License-Identifier: ISC */

/*
 * See sources_text.h.  The lists of prefixes are at the end of their objects,
 * and those at the end of the document, so that all else is one text before
 * each of them.
 */

#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>

#include "base/log.h"
#include "base/xmalloc.h"
#include "engine/sources_text.h"

#define PREFIX_TEXT 128 /* bytes of ["...", n, n, n], at most */

/* Of a version of IP. */
struct part {
	char *before; /* the list, with its bracket */
	char *list;   /* its elements, a comma before each but the first */
	size_t *ends; /* in list, of each element */
	size_t count;
};

struct sources_text {
	struct part parts[2]; /* IPv4, IPv6 */
};

/* The members of an object, but for some: free(3) them. */
static char *
members_but(const json_t *object, const char *one, const char *other)
{
	json_t *rest = json_copy((json_t *)object);
	char *text;

	json_object_del(rest, one);
	json_object_del(rest, other);
	text = json_dumps(rest, JSON_COMPACT);
	json_decref(rest);
	if (text == NULL)
		fatalx("a document of prefixes is no JSON");
	/* Without the brace that ends it. */
	text[strlen(text) - 1] = '\0';
	return text;
}

static void
take_list(struct part *part, const json_t *list)
{
	size_t i, size, len = 0;

	part->count = json_array_size(list);
	part->list = xcalloc(part->count + 1, PREFIX_TEXT);
	part->ends = xcalloc(part->count + 1, sizeof(*part->ends));
	for (i = 0; i < part->count; i++) {
		if (i > 0)
			part->list[len++] = ',';
		size = json_dumpb(json_array_get(list, i), part->list + len,
		    PREFIX_TEXT - 1, JSON_COMPACT);
		/* It says what it would have needed. */
		if (size == 0 || size >= PREFIX_TEXT)
			fatalx("a prefix has a text of %zu bytes", size);
		len += size;
		part->ends[i] = len;
	}
	part->list = xreallocarray(part->list, len + 1, 1);
}

static void
take_part(struct part *part, const char *begin, const json_t *family)
{
	char *members = members_but(family, "prefixes", "");

	part->before = xasprintf("%s%s,\"prefixes\":[", begin, members);
	free(members);
	take_list(part, json_object_get(family, "prefixes"));
}

struct sources_text *
sources_text_new(const json_t *document)
{
	struct sources_text *text = xcalloc(1, sizeof(*text));
	char *members = members_but(document, "ipv4", "ipv6"), *begin;

	begin = xasprintf("%s,\"ipv4\":", members);
	take_part(&text->parts[0], begin, json_object_get(document, "ipv4"));
	take_part(
	    &text->parts[1], "]},\"ipv6\":", json_object_get(document, "ipv6"));
	free(begin);
	free(members);
	return text;
}

void
sources_text_free(struct sources_text *text)
{
	size_t i;

	if (text == NULL)
		return;
	for (i = 0; i < 2; i++) {
		free(text->parts[i].before);
		free(text->parts[i].list);
		free(text->parts[i].ends);
	}
	free(text);
}

void
sources_text_append(
    const struct sources_text *text, size_t limit, struct evbuffer *out)
{
	size_t i;

	for (i = 0; i < 2; i++) {
		const struct part *part = &text->parts[i];
		size_t count = part->count < limit ? part->count : limit;

		evbuffer_add(out, part->before, strlen(part->before));
		if (count > 0)
			evbuffer_add(out, part->list, part->ends[count - 1]);
	}
	evbuffer_add(out, "]}}", 3);
}
