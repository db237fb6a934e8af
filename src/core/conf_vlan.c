/* SPDX-License-Identifier: ISC */

/*
 * "vlans": which networks there are, and which of them an address is in.
 */

#include <stdlib.h>

#include "base/xmalloc.h"
#include "core/conf_parts.h"

#define VLAN_MAX 4094 /* IEEE 802.1Q: 4095 is reserved, 0 is no VLAN */

/* A subnet where it was read, to find what is there twice. */
struct subnet {
	struct prefix prefix;
	uint16_t id;
	const char *where;
};

struct subnets {
	struct subnet *list;
	size_t count;
};

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
    struct subnets *all)
{
	const char *text = conf_string(r, json);
	struct prefix *prefix = &vlan->subnets[vlan->subnet_count];

	if (text == NULL || !conf_prefix(r, text, prefix))
		return;
	vlan->subnet_count++;
	if (vlan->id == 0)
		return;
	all->list[all->count++] =
	    (struct subnet){*prefix, vlan->id, conf_where(r)};
}

static void
read_vlan(struct conf_reader *r, json_t *json, struct conf_vlan *vlan,
    struct subnets *all)
{
	size_t i, mark;
	json_t *item;

	vlan->subnets =
	    xcalloc(json_array_size(json) + 1, sizeof(*vlan->subnets));
	if (json_is_string(json)) {
		read_subnet(r, json, vlan, all);
	} else if (!json_is_array(json)) {
		conf_error_type(r, json, "a prefix or an array of them");
	} else if (json_array_size(json) == 0) {
		conf_error(r, "must have at least one prefix");
	} else {
		json_array_foreach(json, i, item) {
			mark = conf_enter_index(r, i);
			read_subnet(r, item, vlan, all);
			conf_leave(r, mark);
		}
	}
}

static int
compare_subnets(const void *a, const void *b)
{
	const struct subnet *x = a, *y = b;

	return prefix_compare(&x->prefix, &y->prefix);
}

/* A longer prefix may be inside a shorter one, but nothing may be in two. */
static void
find_repeated(struct conf_reader *r, struct subnets *all)
{
	const struct subnet *first = all->list, *again;
	char text[PREFIX_STRLEN];
	size_t i;

	/* merge sort: equal ones stay in the file's order */
	if (all->count > 1 &&
	    mergesort(all->list, all->count, sizeof(*all->list),
		compare_subnets) == -1)
		abort();
	for (i = 1; i < all->count; i++) {
		again = &all->list[i];
		if (prefix_compare(&first->prefix, &again->prefix) == 0)
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
read_vlans(struct conf_reader *r, json_t *json, struct conf *conf)
{
	struct subnets all = {NULL, 0};
	size_t mark, count = 0;
	const char *name;
	json_t *value;

	if (json_object_size(json) == 0)
		conf_error(r, "must have at least one VLAN");
	json_object_foreach(json, name, value)
		count += json_is_array(value) ? json_array_size(value) : 1;
	all.list = conf_alloc(r, count, sizeof(*all.list));
	conf->vlans = xcalloc(json_object_size(json) + 1, sizeof(*conf->vlans));
	json_object_foreach(json, name, value) {
		mark = conf_enter(r, name);
		read_id(r, name, &conf->vlans[conf->vlan_count]);
		read_vlan(r, value, &conf->vlans[conf->vlan_count++], &all);
		conf_leave(r, mark);
	}
	qsort(
	    conf->vlans, conf->vlan_count, sizeof(*conf->vlans), compare_vlans);
	find_repeated(r, &all);
}

void
conf_read_vlans(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	struct conf_draft *draft = member;
	size_t before = r->problem_count;

	(void)key;
	if (conf_expect(r, json, JSON_OBJECT, "an object"))
		read_vlans(r, json, draft->conf);
	draft->vlans_bad = r->problem_count > before;
}

uint16_t
conf_vlan_find(const struct conf *conf, const struct addr *address)
{
	const struct prefix *subnet;
	const struct conf_vlan *vlan;
	uint16_t id = 0;
	int longest = -1;
	size_t i, j;

	for (i = 0; i < conf->vlan_count; i++) {
		vlan = &conf->vlans[i];
		for (j = 0; j < vlan->subnet_count; j++) {
			subnet = &vlan->subnets[j];
			if (subnet->length > longest &&
			    prefix_contains(subnet, address)) {
				longest = subnet->length;
				id = vlan->id;
			}
		}
	}
	return id;
}
