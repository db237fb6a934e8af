/* SPDX-License-Identifier: ISC */

/*
 * Lists of servers, shared and in place.
 */

#include <stdlib.h>
#include <string.h>

#include "base/xmalloc.h"
#include "core/conf_parts.h"

#define NEAREST_MAX 100 /* names that a wrong one is compared with */

static const struct conf_limits weight_limits = {0, 1000};

struct server_draft {
	struct conf_destination destination;
	struct conf_sourced_delivery delivery;
	bool ok; /* the address is there and good */
};

static void
read_server_address(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	struct server_draft *server = member;
	const char *text = conf_string(r, json);

	(void)key;
	if (text != NULL)
		server->ok =
		    conf_address(r, text, &server->destination.address);
}

static const struct conf_key server_keys[] = {
    {"address", read_server_address, 0, NULL},
    {"weight", conf_read_unsigned,
	offsetof(struct server_draft, destination.weight), &weight_limits},
    {"draining", conf_read_bool,
	offsetof(struct server_draft, destination.draining), NULL},
    {"delivery", conf_read_delivery, offsetof(struct server_draft, delivery),
	NULL},
    {NULL, NULL, 0, NULL},
};

/* "ADDR" or "ADDR*" */
static bool
parse_server(struct conf_reader *r, json_t *json, struct conf_destination *out)
{
	const char *text = json_string_value(json);
	size_t len = strlen(text);
	char *address = conf_alloc(r, len + 1, 1);

	memcpy(address, text, len);
	if (len > 0 && address[len - 1] == '*') {
		address[len - 1] = '\0';
		out->draining = true;
	}
	return conf_address(r, address, &out->address);
}

static bool
read_server(struct conf_reader *r, json_t *json, const struct conf_draft *draft,
    struct conf_server *out)
{
	struct server_draft server = {.destination.weight = 1};

	out->where = conf_where(r);
	if (json_is_string(json)) {
		server.ok = parse_server(r, json, &server.destination);
	} else if (json_is_object(json)) {
		(void)conf_read_object(r, json, server_keys, &server);
		if (json_object_get(json, "address") == NULL)
			conf_error_missing(r, "address");
	} else {
		conf_error_type(r, json, "an address or an object");
	}
	out->destination = server.destination;
	out->destination.vlan =
	    conf_vlan_find(draft, &server.destination.address);
	out->delivery = server.delivery;
	return server.ok;
}

static int
compare_servers(const void *a, const void *b)
{
	const struct conf_server *x = a, *y = b;

	return addr_compare(&x->destination.address, &y->destination.address);
}

/* Order the list by address, and report and drop what is twice in it. */
static void
order_servers(struct conf_reader *r, struct conf_server_list *list)
{
	struct conf_server *server, *last;
	char text[ADDR_STRLEN];
	size_t i, count = 0;

	/* merge sort: equal ones stay in the file's order */
	if (list->count > 1 &&
	    mergesort(list->servers, list->count, sizeof(*list->servers),
		compare_servers) == -1)
		abort();
	for (i = 0; i < list->count; i++) {
		server = &list->servers[i];
		last = count > 0 ? &list->servers[count - 1] : NULL;
		if (last == NULL || compare_servers(last, server) != 0) {
			list->servers[count++] = *server;
			continue;
		}
		conf_error_at(r, server->where, last->where,
		    "%s is already in the list, at %s",
		    addr_format(&server->destination.address, text),
		    last->where);
	}
	list->count = count;
}

static struct conf_server_list *
read_list(struct conf_reader *r, json_t *json, struct conf_draft *draft)
{
	struct conf_server_list *list;
	json_t *item;
	size_t i, mark;

	if (json_array_size(json) == 0) {
		conf_error(r, "must have at least one server");
		return NULL;
	}
	list = conf_alloc(r, 1, sizeof(*list));
	list->where = conf_where(r);
	list->listed = json_array_size(json);
	list->servers = conf_alloc(r, list->listed, sizeof(*list->servers));
	json_array_foreach(json, i, item) {
		mark = conf_enter_index(r, i);
		list->count +=
		    read_server(r, item, draft, &list->servers[list->count]);
		conf_leave(r, mark);
	}
	order_servers(r, list);
	list->next = draft->lists;
	draft->lists = list;
	return list;
}

static int
compare_names(const void *a, const void *b)
{
	const struct conf_server_list *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

static const struct conf_server_list *
find_shared(struct conf_reader *r, const char *name, struct conf_draft *draft)
{
	struct conf_server_list wanted = {.name = name};
	struct conf_server_list *key = &wanted, **found = NULL;
	const char *names[NEAREST_MAX + 1] = {NULL}, *nearest;
	size_t i;

	if (draft->shared_count > 0)
		found = bsearch(&key, draft->shared, draft->shared_count,
		    sizeof(*draft->shared), compare_names);
	if (found != NULL)
		return (*found)->servers == NULL ? NULL : *found;
	for (i = 0; i < draft->shared_count && i < NEAREST_MAX; i++)
		names[i] = draft->shared[i]->name;
	nearest = conf_nearest(name, names);
	if (nearest != NULL)
		conf_error(r, "there is no shared list %s, did you mean %s?",
		    conf_quote(r, name), conf_quote(r, nearest));
	else
		conf_error(r, "there is no list %s in the top level's servers",
		    conf_quote(r, name));
	return NULL;
}

const struct conf_server_list *
conf_read_servers(struct conf_reader *r, json_t *json, struct conf_draft *draft)
{
	if (json_is_array(json))
		return read_list(r, json, draft);
	if (json_is_string(json))
		return find_shared(r, json_string_value(json), draft);
	conf_error_type(r, json, "an array or the name of a shared list");
	return NULL;
}

/* A list that is bad is still a name that is known. */
static struct conf_server_list *
read_shared(struct conf_reader *r, const char *name, json_t *json,
    struct conf_draft *draft)
{
	struct conf_server_list *list = NULL;

	if (!conf_name_valid(name))
		conf_error_key(r,
		    "a name is 1 to 63 of the characters A-Z "
		    "a-z 0-9 _ . -");
	if (conf_expect(r, json, JSON_ARRAY, "an array"))
		list = read_list(r, json, draft);
	if (list == NULL)
		list = conf_alloc(r, 1, sizeof(*list));
	list->name = name;
	return list;
}

void
conf_read_shared_servers(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	struct conf_draft *draft = member;
	const char *name;
	json_t *value;
	size_t mark;

	(void)key;
	if (!conf_expect(r, json, JSON_OBJECT, "an object"))
		return;
	draft->shared =
	    conf_alloc(r, json_object_size(json), sizeof(*draft->shared));
	json_object_foreach(json, name, value) {
		mark = conf_enter(r, name);
		draft->shared[draft->shared_count++] =
		    read_shared(r, name, value, draft);
		conf_leave(r, mark);
	}
	qsort(draft->shared, draft->shared_count, sizeof(*draft->shared),
	    compare_names);
}
