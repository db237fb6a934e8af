/* SPDX-License-Identifier: ISC */

/*
 * From entries to services and VIPs: one service for each VIP, protocol and
 * port of an entry.  What is wrong between entries is found here.
 */

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/xmalloc.h"
#include "core/conf_parts.h"

/* A service to be, before it is known to be the only one of its key. */
struct candidate {
	struct service_key key;
	const struct conf_entry *entry;
	const struct conf_policy *policy;
	size_t order; /* in the file */
};

static int
compare_orders(size_t a, size_t b)
{
	return (a > b) - (a < b);
}

static int
compare_candidates(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;
	int order = service_key_compare(&x->key, &y->key);

	return order != 0 ? order : compare_orders(x->order, y->order);
}

static size_t
entry_services(const struct conf_entry *entry, size_t *destinations)
{
	const struct conf_policy *policy;
	size_t i, more, services = 0;

	*destinations = 0;
	for (i = 0; i < entry->policy_count; i++) {
		policy = &entry->policies[i];
		more = (size_t)policy->port.tcp + policy->port.udp;
		more *= entry->virtual_count;
		services += more;
		if (policy->servers != NULL)
			*destinations += more * policy->servers->count;
	}
	return services;
}

/*
 * How many services there will be; 0 if there are too many: a short file can
 * ask for more than there is memory, so that is known before any is made.
 */
static size_t
count_services(struct conf_reader *r, const struct conf_draft *draft)
{
	size_t i, more, services = 0, destinations = 0;

	for (i = 0; i < draft->entry_count; i++) {
		services += entry_services(&draft->entries[i], &more);
		destinations += more;
	}
	if (services > draft->conf->limits.services) {
		conf_error_at(r, "services", NULL,
		    "%zu services (VIPs x ports) are more than "
		    "limits.services, %u",
		    services, draft->conf->limits.services);
		return 0;
	}
	if (destinations > draft->conf->limits.destinations) {
		conf_error_at(r, "services", NULL,
		    "%zu destinations (services x servers) are more than "
		    "limits.destinations, %u",
		    destinations, draft->conf->limits.destinations);
		return 0;
	}
	return services;
}

static void
add_candidate(struct candidate *list, size_t *count,
    const struct conf_entry *entry, const struct conf_policy *policy,
    const struct addr *vip, uint8_t protocol)
{
	list[*count] = (struct candidate){
	    .entry = entry, .policy = policy, .order = *count};
	list[*count].key.vip = *vip;
	list[*count].key.port = policy->port.port;
	list[*count].key.protocol = protocol;
	(*count)++;
}

static void
add_candidates(
    struct candidate *list, size_t *count, const struct conf_entry *entry)
{
	const struct conf_policy *policy;
	const struct addr *vip;
	size_t i, j;

	for (i = 0; i < entry->policy_count; i++) {
		policy = &entry->policies[i];
		for (j = 0; j < entry->virtual_count; j++) {
			vip = &entry->virtuals[j].address;
			if (policy->port.tcp)
				add_candidate(list, count, entry, policy, vip,
				    IPPROTO_TCP);
			if (policy->port.udp)
				add_candidate(list, count, entry, policy, vip,
				    IPPROTO_UDP);
		}
	}
}

/*
 * A name server passes with any answer: one that has authority for some zones
 * only will refuse to say anything about the root.
 */
static void
make_usual_check(const struct candidate *from, struct conf_check *out)
{
	const struct conf_policy *policy = from->policy;
	struct conf_check_draft usual = conf_check_usual(
	    policy->port.check, &policy->scope.check, policy->port.port);

	usual.dns.rcode = -1;
	conf_check_make(&usual, from->key.protocol, out);
}

static void
make_checks(const struct candidate *from, struct conf_service *out)
{
	const struct conf_policy *policy = from->policy;
	size_t i;

	out->checks = xcalloc(policy->check_count + 1, sizeof(*out->checks));
	if (policy->own_checks) {
		for (i = 0; i < policy->check_count; i++)
			conf_check_make(&policy->checks[i], from->key.protocol,
			    &out->checks[i]);
		out->check_count = policy->check_count;
	} else if (from->key.protocol == IPPROTO_TCP ||
	    policy->port.check == CHECK_DNS) {
		make_usual_check(from, &out->checks[0]);
		out->check_count = 1;
	}
}

static void
make_destination(const struct conf_server *server,
    const struct conf_policy *policy, struct conf_destination *out)
{
	*out = server->destination;
	out->delivery = conf_delivery_of(server, policy)->value;
	if (!delivery_is_onlink(&out->delivery))
		out->vlan = 0;
}

static void
make_service(const struct candidate *from, struct conf_service *out)
{
	const struct conf_server_list *servers = from->policy->servers;
	const struct conf_scope *scope = &from->policy->scope;
	size_t i, count = servers == NULL ? 0 : servers->count;

	out->key = from->key;
	out->name = xstrdup(from->entry->name == NULL ? "" : from->entry->name);
	out->description = xstrdup(from->entry->description);
	out->scheduler = scope->scheduler;
	out->sticky = scope->sticky;
	conf_flows_make(from->policy, out);
	conf_need_make(scope, count, out);
	out->priority = scope->priority;
	out->max_out = scope->max_out;
	make_checks(from, out);
	out->destinations = xcalloc(count + 1, sizeof(*out->destinations));
	out->destination_count = count;
	for (i = 0; i < count; i++)
		make_destination(
		    &servers->servers[i], from->policy, &out->destinations[i]);
}

void
conf_service_clear(struct conf_service *service)
{
	while (service->check_count > 0)
		conf_check_clear(&service->checks[--service->check_count]);
	free(service->checks);
	free(service->name);
	free(service->description);
	free(service->destinations);
}

static void
expand_services(struct conf_reader *r, struct conf_draft *draft)
{
	size_t i, count = 0, first = 0, size = count_services(r, draft);
	struct conf *conf = draft->conf;
	struct candidate *list;
	char text[SERVICE_KEY_STRLEN];

	if (size == 0)
		return;
	conf_check_deliveries(r, draft);
	conf_check_tracks(r, draft);
	conf_check_slots(r, draft);
	list = conf_alloc(r, size, sizeof(*list));
	for (i = 0; i < draft->entry_count; i++)
		add_candidates(list, &count, &draft->entries[i]);
	qsort(list, count, sizeof(*list), compare_candidates);
	conf->services = xcalloc(count, sizeof(*conf->services));
	for (i = 0; i < count; i++) {
		if (i == 0 ||
		    service_key_compare(&list[i].key, &list[first].key) != 0) {
			first = i;
			make_service(
			    &list[i], &conf->services[conf->service_count++]);
		} else if (list[i].policy != list[first].policy) {
			/* else: a VIP twice in a list, said elsewhere */
			conf_error_at(r, list[i].policy->where,
			    list[first].policy->where, "%s is already in %s",
			    service_key_format(&list[i].key, text),
			    list[first].policy->where);
		}
	}
}

static int
compare_virtuals(const void *a, const void *b)
{
	const struct conf_virtual *x = a, *y = b;
	int order = addr_compare(&x->address, &y->address);

	return order != 0 ? order : compare_orders(x->order, y->order);
}

static struct conf_virtual *
all_virtuals(
    struct conf_reader *r, const struct conf_draft *draft, size_t *count)
{
	struct conf_virtual *all;
	const struct conf_entry *entry;
	size_t i, j;

	*count = 0;
	for (i = 0; i < draft->entry_count; i++)
		*count += draft->entries[i].virtual_count;
	all = conf_alloc(r, *count, sizeof(*all));
	*count = 0;
	for (i = 0; i < draft->entry_count; i++) {
		entry = &draft->entries[i];
		for (j = 0; j < entry->virtual_count; j++) {
			all[*count] = entry->virtuals[j];
			all[*count].entry = entry;
			all[*count].order = *count;
			(*count)++;
		}
	}
	if (*count > 1)
		qsort(all, *count, sizeof(*all), compare_virtuals);
	return all;
}

/* The VIP once more: it has to agree with where it was first. */
static void
compare_uses(struct conf_reader *r, const struct conf_virtual *first,
    const struct conf_virtual *previous, const struct conf_virtual *again)
{
	char text[ADDR_STRLEN];

	addr_format(&again->address, text);
	if (again->entry == previous->entry)
		conf_error_at(r, again->where, previous->where,
		    "%s is already in the list, at %s", text, previous->where);
	else if (!conf_bgp_equal(&first->entry->bgp, &again->entry->bgp))
		conf_error_at(r, again->where, first->where,
		    "%s has other bgp attributes here than at %s", text,
		    first->where);
}

static int
compare_servers(const void *a, const void *b)
{
	const struct conf_server *x = a, *y = b;

	return addr_compare(&x->destination.address, &y->destination.address);
}

/* The servers of all lists, by address. */
static struct conf_server *
all_servers(
    struct conf_reader *r, const struct conf_draft *draft, size_t *count)
{
	const struct conf_server_list *list;
	struct conf_server *all;

	*count = 0;
	for (list = draft->lists; list != NULL; list = list->next)
		*count += list->count;
	all = conf_alloc(r, *count, sizeof(*all));
	*count = 0;
	for (list = draft->lists; list != NULL; list = list->next) {
		memcpy(&all[*count], list->servers, list->count * sizeof(*all));
		*count += list->count;
	}
	if (*count > 1)
		qsort(all, *count, sizeof(*all), compare_servers);
	return all;
}

static void
check_not_server(struct conf_reader *r, const struct conf_virtual *vip,
    const struct conf_server *servers, size_t count)
{
	const struct conf_server wanted = {.destination.address = vip->address};
	const struct conf_server *found =
	    bsearch(&wanted, servers, count, sizeof(*servers), compare_servers);
	char text[ADDR_STRLEN];

	if (found != NULL)
		conf_error_at(r, vip->where, found->where,
		    "%s is also the address of a server, at %s",
		    addr_format(&vip->address, text), found->where);
}

static void
expand_vips(struct conf_reader *r, struct conf_draft *draft)
{
	struct conf *conf = draft->conf;
	struct conf_server *servers;
	struct conf_virtual *all, *first = NULL;
	struct conf_vip *vip;
	size_t i, count, server_count;

	all = all_virtuals(r, draft, &count);
	servers = all_servers(r, draft, &server_count);
	conf->vips = xcalloc(count + 1, sizeof(*conf->vips));
	for (i = 0; i < count; i++) {
		if (first != NULL &&
		    addr_compare(&first->address, &all[i].address) == 0) {
			compare_uses(r, first, &all[i - 1], &all[i]);
			continue;
		}
		first = &all[i];
		check_not_server(r, first, servers, server_count);
		vip = &conf->vips[conf->vip_count++];
		vip->address = first->address;
		vip->priority = ALERT_LOW;
		conf_bgp_make(&first->entry->bgp, vip);
	}
}

/* VIPs and services have the same order. */
static void
set_priorities(struct conf *conf)
{
	struct conf_vip *vip = conf->vips;
	size_t i;

	for (i = 0; i < conf->service_count; i++) {
		const struct conf_service *s = &conf->services[i];

		while (addr_compare(&vip->address, &s->key.vip) != 0)
			vip++;
		if (s->priority < vip->priority)
			vip->priority = s->priority;
	}
}

void
conf_expand(struct conf_reader *r, struct conf_draft *draft)
{
	expand_services(r, draft);
	expand_vips(r, draft);
	set_priorities(draft->conf);
}
