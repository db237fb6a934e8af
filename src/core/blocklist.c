/* SPDX-License-Identifier: ISC */

/*
 * See blocklist.h; files of prefixes are in blocklist_text.c.
 */

#include <stdlib.h>
#include <string.h>

#include "base/xmalloc.h"
#include "core/blocklist.h"

void
blocklist_clear(struct blocklist *b)
{
	free(b->list);
	memset(b, 0, sizeof(*b));
}

/* The first that is not before a prefix. */
static size_t
position(const struct blocklist *b, const struct prefix *prefix)
{
	size_t low = 0, high = b->count, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (prefix_compare(&b->list[middle].prefix, prefix) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

size_t
blocklist_behind(const struct blocklist *b, const struct prefix *prefix)
{
	size_t at = prefix == NULL ? 0 : position(b, prefix);

	return at +
	    (prefix != NULL && at < b->count &&
		prefix_compare(&b->list[at].prefix, prefix) == 0);
}

struct blocked *
blocklist_find(const struct blocklist *b, const struct prefix *prefix)
{
	size_t at = position(b, prefix);

	return at < b->count && prefix_compare(&b->list[at].prefix, prefix) == 0
	    ? &b->list[at]
	    : NULL;
}

struct blocked *
blocklist_add(struct blocklist *b, const struct prefix *prefix)
{
	struct blocked *found = blocklist_find(b, prefix);
	size_t at;

	if (found != NULL)
		return found;
	at = position(b, prefix);
	b->list = xreallocarray(b->list, b->count + 1, sizeof(*b->list));
	memmove(
	    &b->list[at + 1], &b->list[at], (b->count - at) * sizeof(*b->list));
	b->count++;
	b->list[at] = (struct blocked){.prefix = *prefix};
	return &b->list[at];
}

/* In order, with those of a list that aren't there yet: the new count. */
static size_t
merge(const struct blocklist *b, const struct prefix_list *with,
    struct blocked *out)
{
	size_t i = 0, j = 0, count = 0;
	int order;

	while (i < b->count || j < with->count) {
		if (i == b->count)
			order = 1;
		else if (j == with->count)
			order = -1;
		else
			order =
			    prefix_compare(&b->list[i].prefix, &with->list[j]);
		if (order <= 0)
			out[count++] = b->list[i++];
		else
			out[count++].prefix = with->list[j];
		j += order >= 0;
	}
	return count;
}

static void
add_all(struct blocklist *b, const struct prefix_list *with)
{
	struct blocked *merged =
	    xcalloc(b->count + with->count + 1, sizeof(*merged));
	size_t count = merge(b, with, merged);

	free(b->list);
	b->list = merged;
	b->count = count;
}

/* Both are by prefix, and all of the list are there. */
void
blocklist_set_file(struct blocklist *b, const struct prefix_list *file)
{
	size_t i, j = 0;

	add_all(b, file);
	for (i = 0; i < b->count; i++) {
		b->list[i].in_file = j < file->count &&
		    prefix_compare(&b->list[i].prefix, &file->list[j]) == 0;
		j += b->list[i].in_file;
	}
}

void
blocklist_set_applied(struct blocklist *b, struct prefix_list *applied)
{
	size_t i, j = 0;

	prefix_list_sort(applied);
	add_all(b, applied);
	for (i = 0; i < b->count; i++) {
		b->list[i].applied = j < applied->count &&
		    prefix_compare(&b->list[i].prefix, &applied->list[j]) == 0;
		j += b->list[i].applied;
	}
}

static void
end_order(struct blocked *entry)
{
	entry->ordered = entry->forced = false;
	entry->since = entry->until = 0;
}

size_t
blocklist_expire(struct blocklist *b, int64_t now)
{
	size_t i, ended = 0;

	for (i = 0; i < b->count; i++) {
		struct blocked *entry = &b->list[i];

		if (!entry->ordered || entry->until == 0 || entry->until > now)
			continue;
		end_order(entry);
		ended++;
	}
	return ended;
}

int64_t
blocklist_next_end(const struct blocklist *b)
{
	int64_t next = 0;
	size_t i;

	for (i = 0; i < b->count; i++) {
		const struct blocked *entry = &b->list[i];

		if (entry->ordered && entry->until != 0 &&
		    (next == 0 || entry->until < next))
			next = entry->until;
	}
	return next;
}

bool
blocked_is_wanted(const struct blocked *entry)
{
	return entry->in_file || entry->ordered;
}

void
blocklist_compact(struct blocklist *b)
{
	size_t i, count = 0;

	for (i = 0; i < b->count; i++)
		if (blocked_is_wanted(&b->list[i]) || b->list[i].applied)
			b->list[count++] = b->list[i];
	b->count = count;
}

size_t
blocklist_wanted(const struct blocklist *b, int family)
{
	size_t i, count = 0;

	for (i = 0; i < b->count; i++)
		count += blocked_is_wanted(&b->list[i]) &&
		    (family == 0 || b->list[i].prefix.address.family == family);
	return count;
}

size_t
blocklist_ordered(const struct blocklist *b)
{
	size_t i, count = 0;

	for (i = 0; i < b->count; i++)
		count += b->list[i].ordered;
	return count;
}

void
prefix_list_add(struct prefix_list *list, const struct prefix *prefix)
{
	/* Doubled now and then, as there may be many. */
	if ((list->count & (list->count - 1)) == 0)
		list->list = xreallocarray(list->list,
		    list->count == 0 ? 1 : 2 * list->count,
		    sizeof(*list->list));
	list->list[list->count++] = *prefix;
}

static int
compare(const void *a, const void *b)
{
	return prefix_compare(a, b);
}

void
prefix_list_sort(struct prefix_list *list)
{
	size_t i, kept = 0;

	if (list->count == 0)
		return;
	qsort(list->list, list->count, sizeof(*list->list), compare);
	for (i = 1; i < list->count; i++)
		if (compare(&list->list[kept], &list->list[i]) != 0)
			list->list[++kept] = list->list[i];
	list->count = kept + 1;
}

void
prefix_list_clear(struct prefix_list *list)
{
	free(list->list);
	memset(list, 0, sizeof(*list));
}
