/* SPDX-License-Identifier: ISC */

/*
 * "vlans": which networks there are, and which of them an address is in.
 */

#include <stdlib.h>

#include "base/xmalloc.h"
#include "core/conf_parts.h"

#define VLAN_MAX 4094 /* IEEE 802.1Q: 4095 is reserved, 0 is no VLAN */

static void
read_id(struct conf_reader *r, const char *key, struct conf_vlan *vlan)
{
	const char *wrong;

	vlan->id = (uint16_t)strtonum(key, 1, VLAN_MAX, &wrong);
	/* Each has one spelling, or it could be there twice. */
	if (wrong == NULL && *key >= '1' && *key <= '9')
		return;
	vlan->id = 0;
	conf_error_key(r, "%s is not a VLAN ID in the range 1 to %d",
	    conf_quote(r, key), VLAN_MAX);
}

static void
read_subnet(struct conf_reader *r, json_t *json, struct conf_vlan *vlan,
    struct conf_draft *draft)
{
	const char *text = conf_string(r, json);
	struct prefix *prefix = &vlan->subnets[vlan->subnet_count];

	if (text == NULL || !conf_prefix(r, text, prefix))
		return;
	vlan->subnet_count++;
	if (vlan->id == 0)
		return;
	draft->subnets[draft->subnet_count++] = (struct conf_subnet){
	    .prefix = *prefix, .id = vlan->id, .where = conf_where(r)};
}

static void
read_vlan(struct conf_reader *r, json_t *json, struct conf_vlan *vlan,
    struct conf_draft *draft)
{
	size_t i, mark;
	json_t *item;

	vlan->subnets =
	    xcalloc(json_array_size(json) + 1, sizeof(*vlan->subnets));
	if (json_is_string(json)) {
		read_subnet(r, json, vlan, draft);
	} else if (!json_is_array(json)) {
		conf_error_type(r, json, "a prefix or an array of them");
	} else if (json_array_size(json) == 0) {
		conf_error(r, "must have at least one prefix");
	} else {
		json_array_foreach(json, i, item) {
			mark = conf_enter_index(r, i);
			read_subnet(r, item, vlan, draft);
			conf_leave(r, mark);
		}
	}
}

static int
compare_subnets(const void *a, const void *b)
{
	const struct conf_subnet *x = a, *y = b;

	return prefix_compare(&x->prefix, &y->prefix);
}

/* The closest of one and what is around it that an address is in, or NULL. */
static const struct conf_subnet *
find_around(const struct conf_subnet *subnet, const struct addr *address)
{
	while (subnet != NULL && !prefix_contains(&subnet->prefix, address))
		subnet = subnet->around;
	return subnet;
}

/* In order, what is around one comes before it. */
static void
order_subnets(struct conf_draft *draft)
{
	struct conf_subnet *all = draft->subnets;
	size_t i;

	/* merge sort: equal ones stay in the file's order */
	if (draft->subnet_count > 1 &&
	    mergesort(
		all, draft->subnet_count, sizeof(*all), compare_subnets) == -1)
		abort();
	for (i = 1; i < draft->subnet_count; i++)
		all[i].around =
		    find_around(&all[i - 1], &all[i].prefix.address);
}

/* A longer prefix may be inside a shorter one, but nothing may be in two. */
static void
find_repeated(struct conf_reader *r, const struct conf_draft *draft)
{
	const struct conf_subnet *first = draft->subnets, *again;
	char text[PREFIX_STRLEN];
	size_t i;

	for (i = 1; i < draft->subnet_count; i++) {
		again = &draft->subnets[i];
		if (compare_subnets(first, again) == 0)
			conf_error_at(r, again->where, first->where,
			    "%s is already in VLAN %u, at %s",
			    prefix_format(&again->prefix, text), first->id,
			    first->where);
		else
			first = again;
	}
}

static int
compare_vlans(const void *a, const void *b)
{
	const struct conf_vlan *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

static void
read_vlans(struct conf_reader *r, json_t *json, struct conf_draft *draft)
{
	struct conf *conf = draft->conf;
	size_t mark, count = 0;
	const char *name;
	json_t *value;

	if (json_object_size(json) == 0)
		conf_error(r, "must have at least one VLAN");
	json_object_foreach(json, name, value)
		count += json_is_array(value) ? json_array_size(value) : 1;
	draft->subnets = conf_alloc(r, count, sizeof(*draft->subnets));
	conf->vlans = xcalloc(json_object_size(json) + 1, sizeof(*conf->vlans));
	json_object_foreach(json, name, value) {
		mark = conf_enter(r, name);
		read_id(r, name, &conf->vlans[conf->vlan_count]);
		read_vlan(r, value, &conf->vlans[conf->vlan_count++], draft);
		conf_leave(r, mark);
	}
	qsort(
	    conf->vlans, conf->vlan_count, sizeof(*conf->vlans), compare_vlans);
	order_subnets(draft);
	find_repeated(r, draft);
}

void
conf_read_vlans(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	struct conf_draft *draft = member;
	size_t before = r->problem_count;

	(void)key;
	if (conf_expect(r, json, JSON_OBJECT, "an object"))
		read_vlans(r, json, draft);
	draft->vlans_bad = r->problem_count > before;
}

/*
 * The last that begins at the address or before it, or something around that:
 * prefixes are within each other or apart, so that whatever has the address
 * and comes earlier has the last one, too.
 */
uint16_t
conf_vlan_find(const struct conf_draft *draft, const struct addr *address)
{
	const struct conf_subnet *all = draft->subnets, *found;
	size_t low = 0, high = draft->subnet_count, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (addr_compare(&all[middle].prefix.address, address) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	found = low == 0 ? NULL : find_around(&all[low - 1], address);
	return found == NULL ? 0 : found->id;
}
