/* SPDX-License-Identifier: ISC */

/*
 * BGP communities: numbers, well-known names, and names of the file's own.
 */

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/xmalloc.h"
#include "core/conf_parts.h"

/* Those that bgpctl(8) knows */
static const char *const well_known[] = {"BLACKHOLE", "GRACEFUL_SHUTDOWN",
    "NO_ADVERTISE", "NO_EXPORT", "NO_EXPORT_SUBCONFED", "NO_PEER", NULL};

/* Decimal numbers between colons: how many, or 0 if it is anything else. */
static size_t
parse_numbers(const char *text, unsigned long long numbers[3])
{
	size_t count = 0, len;

	while (count < 3) {
		len = strspn(text, "0123456789");
		if (len == 0 || len > 10)
			return 0;
		numbers[count++] = strtoull(text, NULL, 10);
		text += len;
		if (*text == '\0')
			return count;
		if (*text++ != ':')
			return 0;
	}
	return 0;
}

/* A community in the one way that it is written here, or NULL. */
static char *
parse_community(const char *text)
{
	unsigned long long n[3], most;
	size_t i, count;

	for (i = 0; well_known[i] != NULL; i++)
		if (strcasecmp(well_known[i], text) == 0)
			return xstrdup(well_known[i]);
	count = parse_numbers(text, n);
	most = count == 2 ? UINT16_MAX : UINT32_MAX; /* RFC 1997, RFC 8092 */
	if (count < 2)
		return NULL;
	for (i = 0; i < count; i++)
		if (n[i] > most)
			return NULL;
	return count == 2 ? xasprintf("%llu:%llu", n[0], n[1])
			  : xasprintf("%llu:%llu:%llu", n[0], n[1], n[2]);
}

/* A well-known name that is meant by something like no-export. */
static const char *
nearest_name(const char *text)
{
	char name[32];
	size_t i;

	if (strlcpy(name, text, sizeof(name)) >= sizeof(name))
		return NULL;
	for (i = 0; name[i] != '\0'; i++) {
		if (name[i] == '-' || name[i] == ' ')
			name[i] = '_';
		else if (name[i] >= 'a' && name[i] <= 'z')
			name[i] = (char)(name[i] - 'a' + 'A');
	}
	return conf_nearest(name, well_known);
}

static const char *
find_named(const struct conf_draft *draft, const char *name)
{
	size_t i;

	for (i = 0; draft != NULL && i < draft->community_count; i++)
		if (strcmp(draft->communities[i].name, name) == 0)
			return draft->communities[i].value;
	return NULL;
}

/* Any but a name of the file's: kept by the reader. */
static const char *
read_literal(struct conf_reader *r, const char *text)
{
	char *community = parse_community(text);
	const char *nearest;

	if (community != NULL)
		return conf_keep(r, community);
	nearest = nearest_name(text);
	if (nearest != NULL)
		conf_error(r, "%s is not a community, did you mean \"%s\"?",
		    conf_quote(r, text), nearest);
	else
		conf_error(r,
		    "%s is not a community: AS:NUMBER (each to "
		    "65535), AS:NUMBER:NUMBER or a well-known name",
		    conf_quote(r, text));
	return NULL;
}

/* NULL after having said what is wrong. */
static const char *
read_community(
    struct conf_reader *r, json_t *json, const struct conf_draft *draft)
{
	const char *text = conf_string(r, json), *value;

	if (text == NULL)
		return NULL;
	value = find_named(draft, text);
	return value != NULL ? value : read_literal(r, text);
}

struct community {
	const char *text;
	size_t index; /* in the file's list */
};

static int
compare_communities(const void *a, const void *b)
{
	const struct community *x = a, *y = b;
	int order = strcmp(x->text, y->text);

	return order != 0 ? order
			  : (x->index > y->index) - (x->index < y->index);
}

/* Order is of no meaning in the attribute: sorted, equal lists are equal. */
static void
order_communities(struct conf_reader *r, struct community *list, size_t count,
    struct conf_bgp_attributes *out)
{
	size_t i, mark;

	if (count > 1)
		qsort(list, count, sizeof(*list), compare_communities);
	out->communities = conf_alloc(r, count, sizeof(char *));
	out->community_count = 0;
	for (i = 0; i < count; i++) {
		if (i == 0 || strcmp(list[i - 1].text, list[i].text) != 0) {
			out->communities[out->community_count++] =
			    (char *)list[i].text;
			continue;
		}
		mark = conf_enter_index(r, list[i].index);
		conf_error(r, "%s is already in the list", list[i].text);
		conf_leave(r, mark);
	}
}

void
conf_read_communities(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	struct conf_attributes_draft *out = member;
	struct community *list;
	size_t i, mark, count = 0;
	json_t *item;

	(void)key;
	if (!conf_expect(r, json, JSON_ARRAY, "an array"))
		return;
	out->own_communities = true;
	list = conf_alloc(r, json_array_size(json), sizeof(*list));
	json_array_foreach(json, i, item) {
		mark = conf_enter_index(r, i);
		list[count].index = i;
		list[count].text = read_community(r, item, out->draft);
		count += list[count].text != NULL;
		conf_leave(r, mark);
	}
	order_communities(r, list, count, &out->values);
}

static bool
is_new_name(struct conf_reader *r, const char *name)
{
	char *community = NULL;

	if (!conf_name_valid(name))
		conf_error_key(r,
		    "is not a name: 1 to 63 of the characters "
		    "A-Z a-z 0-9 _ . -");
	else if ((community = parse_community(name)) != NULL)
		conf_error_key(r, "is the name of a well-known community");
	else
		return true;
	free(community);
	return false;
}

void
conf_read_named_communities(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	struct conf_draft *draft = member;
	struct conf_named_community *out;
	const char *name;
	json_t *value;
	size_t mark;

	(void)key;
	if (!conf_expect(r, json, JSON_OBJECT, "an object"))
		return;
	draft->communities =
	    conf_alloc(r, json_object_size(json), sizeof(*draft->communities));
	json_object_foreach(json, name, value) {
		mark = conf_enter(r, name);
		out = &draft->communities[draft->community_count];
		out->name = name;
		out->value = read_community(r, value, NULL);
		if (is_new_name(r, name) && out->value != NULL)
			draft->community_count++;
		conf_leave(r, mark);
	}
}
