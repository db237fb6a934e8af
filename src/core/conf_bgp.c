/* SPDX-License-Identifier: ISC */

/*
 * The path attributes with which VIPs are announced.
 */

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/xmalloc.h"
#include "core/conf_parts.h"

const struct conf_limits conf_uint32_limits = {0, UINT32_MAX};
/* bgpctl(8) takes no more */
const struct conf_limits conf_prepend_limits = {0, 128};

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

static char *
read_community(struct conf_reader *r, json_t *json)
{
	const char *text = conf_string(r, json), *nearest;
	char *community;

	if (text == NULL)
		return NULL;
	if ((community = parse_community(text)) != NULL)
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

struct community {
	char *text;
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
			out->communities[out->community_count++] = list[i].text;
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
	struct community *list;
	size_t i, mark, count = 0;
	json_t *item;

	(void)key;
	if (!conf_expect(r, json, JSON_ARRAY, "an array"))
		return;
	list = conf_alloc(r, json_array_size(json), sizeof(*list));
	json_array_foreach(json, i, item) {
		mark = conf_enter_index(r, i);
		list[count].index = i;
		list[count].text = read_community(r, item);
		count += list[count].text != NULL;
		conf_leave(r, mark);
	}
	order_communities(r, list, count, member);
}

void
conf_bgp_attributes_copy(
    const struct conf_bgp_attributes *from, struct conf_bgp_attributes *out)
{
	size_t i;

	*out = *from;
	out->communities = xcalloc(from->community_count + 1, sizeof(char *));
	for (i = 0; i < from->community_count; i++)
		out->communities[i] = xstrdup(from->communities[i]);
}

void
conf_bgp_attributes_clear(struct conf_bgp_attributes *attributes)
{
	while (attributes->community_count > 0)
		free(attributes->communities[--attributes->community_count]);
	free(attributes->communities);
}

bool
conf_bgp_attributes_equal(
    const struct conf_bgp_attributes *a, const struct conf_bgp_attributes *b)
{
	size_t i;

	if (a->med != b->med || a->local_pref != b->local_pref ||
	    a->prepend != b->prepend ||
	    a->community_count != b->community_count)
		return false;
	for (i = 0; i < a->community_count; i++)
		if (strcmp(a->communities[i], b->communities[i]) != 0)
			return false;
	return true;
}
