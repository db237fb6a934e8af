/* SPDX-License-Identifier: ISC */

/*
 * Can packets get to these servers by the delivery that they have?
 */

#include <sys/socket.h>

#include <stdlib.h>

#include "base/xmalloc.h"
#include "core/conf_parts.h"

const struct conf_sourced_delivery *
conf_delivery_of(
    const struct conf_server *server, const struct conf_policy *policy)
{
	return server->delivery.where != NULL ? &server->delivery
					      : &policy->scope.delivery;
}

static const char *
family_name(const struct addr *address)
{
	return address->family == AF_INET ? "IPv4" : "IPv6";
}

static void
check_vlan(struct conf_reader *r, const struct conf_server *server,
    const struct conf_sourced_delivery *delivery)
{
	char text[ADDR_STRLEN];

	if (!delivery_is_onlink(&delivery->value) ||
	    server->destination.vlan != 0)
		return;
	addr_format(&server->destination.address, text);
	if (delivery->where == NULL)
		conf_error_once(r, server->where, NULL,
		    "%s is in no subnet of vlans, but its delivery is layer2, "
		    "the default",
		    text);
	else
		conf_error_once(r, server->where, delivery->where,
		    "%s is in no subnet of vlans, but its delivery is layer2, "
		    "of %s",
		    text, delivery->where);
}

static void
check_source(struct conf_reader *r, const struct conf_server *server,
    const struct conf_sourced_delivery *delivery)
{
	const struct prefix *source = &delivery->value.source;
	const struct addr *address = &server->destination.address;
	char text[ADDR_STRLEN], block[PREFIX_STRLEN];

	addr_format(address, text);
	prefix_format(source, block);
	if (source->address.family != address->family)
		conf_error_once(r, server->where, delivery->where,
		    "%s is %s, but the source of its delivery, %s, is %s, "
		    "at %s",
		    text, family_name(address), block,
		    family_name(&source->address), delivery->where);
	else if (prefix_contains(source, address))
		conf_error_once(r, server->where, delivery->where,
		    "%s would get packets from its own address, which is in "
		    "%s, the source of %s",
		    text, block, delivery->where);
}

/* Its servers have the VIP, too. */
static void
check_source_vips(struct conf_reader *r, const struct conf_entry *entry,
    const struct conf_sourced_delivery *delivery)
{
	const struct prefix *source = &delivery->value.source;
	char text[ADDR_STRLEN], block[PREFIX_STRLEN];
	const struct conf_virtual *vip;
	size_t i;

	for (i = 0; i < entry->virtual_count; i++) {
		vip = &entry->virtuals[i];
		if (prefix_contains(source, &vip->address))
			conf_error_once(r, vip->where, delivery->where,
			    "servers would get packets from their own address "
			    "%s, which is in %s, the source of %s",
			    addr_format(&vip->address, text),
			    prefix_format(source, block), delivery->where);
	}
}

/* What a server has to tell by a code point. */
struct use {
	const struct addr *server;
	const struct conf_virtual *vip;
	uint8_t code_point;
	const char *where; /* of the delivery */
};

struct uses {
	struct use *list;
	size_t count, size;
};

static void
add_use(struct uses *uses, const struct use *use)
{
	if (uses->count == uses->size) {
		uses->size = 2 * uses->size + 64;
		uses->list =
		    xreallocarray(uses->list, uses->size, sizeof(*uses->list));
	}
	uses->list[uses->count++] = *use;
}

static void
check_dscp(struct conf_reader *r, const struct conf_entry *entry,
    const struct conf_server *server,
    const struct conf_sourced_delivery *delivery, struct uses *uses)
{
	struct use use = {.server = &server->destination.address,
	    .code_point = delivery->value.code_point,
	    .where = delivery->where};
	char text[ADDR_STRLEN], vip[ADDR_STRLEN];
	size_t i;

	for (i = 0; i < entry->virtual_count; i++) {
		use.vip = &entry->virtuals[i];
		if (use.vip->address.family == use.server->family)
			add_use(uses, &use);
		else
			conf_error_once(r, server->where, use.vip->where,
			    "%s can't serve an %s VIP by dscp, such as %s, "
			    "at %s",
			    addr_format(use.server, text),
			    family_name(&use.vip->address),
			    addr_format(&use.vip->address, vip),
			    use.vip->where);
	}
}

static void
check_policy(struct conf_reader *r, const struct conf_entry *entry,
    const struct conf_policy *policy, struct uses *uses)
{
	const struct conf_draft *draft = entry->draft;
	bool vlans = draft->conf->vlan_count > 0 && !draft->vlans_bad;
	const struct conf_sourced_delivery *delivery;
	const struct conf_server *server;
	size_t i;

	for (i = 0; policy->servers != NULL && i < policy->servers->count;
	     i++) {
		server = &policy->servers->servers[i];
		delivery = conf_delivery_of(server, policy);
		if (delivery->bad)
			continue;
		if (vlans)
			check_vlan(r, server, delivery);
		if (delivery->value.source.address.family != 0) {
			check_source(r, server, delivery);
			check_source_vips(r, entry, delivery);
		}
		if (delivery->value.kind == DELIVERY_DSCP)
			check_dscp(r, entry, server, delivery, uses);
	}
}

static int
compare_by_code_point(const void *a, const void *b)
{
	const struct use *x = a, *y = b;
	int order = addr_compare(x->server, y->server);

	return order != 0 ? order : x->code_point - y->code_point;
}

static int
compare_by_vip(const void *a, const void *b)
{
	const struct use *x = a, *y = b;
	int order = addr_compare(x->server, y->server);

	return order != 0 ? order
			  : addr_compare(&x->vip->address, &y->vip->address);
}

/* A server would not know which VIP a packet is for. */
static void
check_same_code_point(
    struct conf_reader *r, const struct use *first, const struct use *again)
{
	char vip[ADDR_STRLEN], other[ADDR_STRLEN], server[ADDR_STRLEN];

	if (addr_compare(&first->vip->address, &again->vip->address) == 0)
		return;
	conf_error_once(r, again->vip->where, first->vip->where,
	    "%s has code point %u at the server %s, as %s has, at %s",
	    addr_format(&again->vip->address, vip), again->code_point,
	    addr_format(again->server, server),
	    addr_format(&first->vip->address, other), first->vip->where);
}

static void
check_same_vip(
    struct conf_reader *r, const struct use *first, const struct use *again)
{
	char vip[ADDR_STRLEN], server[ADDR_STRLEN];

	if (first->code_point == again->code_point)
		return;
	conf_error_once(r, again->where, first->where,
	    "%s has code point %u here at the server %s, and %u at %s",
	    addr_format(&again->vip->address, vip), again->code_point,
	    addr_format(again->server, server), first->code_point,
	    first->where);
}

/* Check each use against the first of those that compare as equal. */
static void
check_uses(struct conf_reader *r, struct uses *uses,
    int (*compare)(const void *, const void *),
    void (*check)(struct conf_reader *, const struct use *, const struct use *))
{
	const struct use *first = uses->list, *use;
	size_t i;

	/* merge sort: equal ones stay in the file's order */
	if (uses->count > 1 &&
	    mergesort(uses->list, uses->count, sizeof(*uses->list), compare) ==
		-1)
		abort();
	for (i = 1; i < uses->count; i++) {
		use = &uses->list[i];
		if (compare(first, use) == 0)
			check(r, first, use);
		else
			first = use;
	}
}

void
conf_check_deliveries(struct conf_reader *r, const struct conf_draft *draft)
{
	const struct conf_entry *entry;
	struct uses uses = {NULL, 0, 0};
	size_t i, j;

	for (i = 0; i < draft->entry_count; i++) {
		entry = &draft->entries[i];
		/* Without VIPs, what there may be of servers is not limited. */
		for (j = 0; entry->virtual_count > 0 && j < entry->policy_count;
		     j++)
			check_policy(r, entry, &entry->policies[j], &uses);
	}
	check_uses(r, &uses, compare_by_code_point, check_same_code_point);
	check_uses(r, &uses, compare_by_vip, check_same_vip);
	free(uses.list);
}
