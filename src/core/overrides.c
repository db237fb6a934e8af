/* SPDX-License-Identifier: ISC */

/*
 * The set of run-time orders: see overrides.h.
 */

#include <netinet/in.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xmalloc.h"
#include "core/endpoint.h"
#include "core/overrides.h"

static const char *const kind_names[OVERRIDE_KINDS] = {
    [OVERRIDE_SERVICE] = "service",
    [OVERRIDE_BACKEND] = "backend",
    [OVERRIDE_VIP] = "vip",
};

static const struct {
	const char *name;
	enum override_kind kind;
} orders[] = {
    [ORDER_NONE] = {"none", OVERRIDE_KINDS},
    [ORDER_DOWN] = {"down", OVERRIDE_SERVICE},
    [ORDER_DRAIN] = {"drain", OVERRIDE_BACKEND},
    [ORDER_MAINT] = {"maint", OVERRIDE_BACKEND},
    [ORDER_WITHDRAW] = {"withdraw", OVERRIDE_VIP},
};

const char *
override_kind_name(enum override_kind kind)
{
	return kind_names[kind];
}

const char *
override_order_name(enum override_order order)
{
	return orders[order].name;
}

int
override_kind_read(const char *name)
{
	int i;

	for (i = 0; i < OVERRIDE_KINDS; i++)
		if (strcmp(kind_names[i], name) == 0)
			return i;
	return -1;
}

enum override_order
override_order_read(enum override_kind kind, const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(orders) / sizeof(orders[0]); i++)
		if (orders[i].kind == kind && strcmp(orders[i].name, name) == 0)
			return (enum override_order)i;
	return ORDER_NONE;
}

void
overrides_clear(struct overrides *all)
{
	free(all->list);
	memset(all, 0, sizeof(*all));
}

static bool
is_same(const struct override *a, const struct override *b)
{
	return a->kind == b->kind &&
	    addr_compare(&a->address, &b->address) == 0 &&
	    strcmp(a->service, b->service) == 0;
}

static struct override *
find(const struct overrides *all, const struct override *like)
{
	size_t i;

	for (i = 0; i < all->count; i++)
		if (is_same(&all->list[i], like))
			return &all->list[i];
	return NULL;
}

const struct override *
overrides_find(const struct overrides *all, const struct override *like)
{
	return find(all, like);
}

bool
overrides_set(struct overrides *all, const struct override *what)
{
	struct override *was = find(all, what);

	if (was != NULL) {
		*was = *what;
		return true;
	}
	if (all->count == OVERRIDES_MAX)
		return false;
	all->list =
	    xreallocarray(all->list, all->count + 1, sizeof(*all->list));
	all->list[all->count++] = *what;
	return true;
}

void
overrides_remove(struct overrides *all, const struct override *like)
{
	struct override *was = find(all, like);

	if (was == NULL)
		return;
	all->count--;
	memmove(was, was + 1,
	    (size_t)(all->list + all->count - was) * sizeof(*was));
}

void
overrides_copy(const struct overrides *all, struct overrides *out)
{
	out->list = xcalloc(all->count + 1, sizeof(*out->list));
	out->count = all->count;
	if (all->count > 0)
		memcpy(out->list, all->list, all->count * sizeof(*out->list));
}

bool
override_has_service(
    const struct override *o, const char *name, const struct service_key *key)
{
	char text[SERVICE_KEY_STRLEN], vip[ADDR_STRLEN];

	return o->service[0] == '\0' || strcmp(o->service, name) == 0 ||
	    strcmp(o->service, service_key_format(key, text)) == 0 ||
	    strcmp(o->service, addr_format(&key->vip, vip)) == 0;
}

enum override_order
overrides_of_service(const struct overrides *all, const char *name,
    const struct service_key *key)
{
	size_t i;

	for (i = 0; i < all->count; i++)
		if (all->list[i].kind == OVERRIDE_SERVICE &&
		    override_has_service(&all->list[i], name, key))
			return all->list[i].order;
	return ORDER_NONE;
}

enum override_order
overrides_of_backend(const struct overrides *all, const struct addr *address,
    const char *name, const struct service_key *key)
{
	enum override_order most = ORDER_NONE;
	size_t i;

	for (i = 0; i < all->count; i++) {
		const struct override *o = &all->list[i];

		if (o->kind == OVERRIDE_BACKEND && o->order > most &&
		    addr_compare(&o->address, address) == 0 &&
		    override_has_service(o, name, key))
			most = o->order;
	}
	return most;
}

enum override_order
overrides_of_vip(const struct overrides *all, const struct addr *address)
{
	size_t i;

	for (i = 0; i < all->count; i++)
		if (all->list[i].kind == OVERRIDE_VIP &&
		    addr_compare(&all->list[i].address, address) == 0)
			return all->list[i].order;
	return ORDER_NONE;
}

/* "192.0.2.1:80/tcp" */
static int
read_key(const char *text, struct service_key *key)
{
	const char *slash = strchr(text, '/');
	char endpoint[SERVICE_KEY_STRLEN];

	if (slash == NULL || (size_t)(slash - text) >= sizeof(endpoint))
		return -1;
	if (strcmp(slash, "/tcp") == 0)
		key->protocol = IPPROTO_TCP;
	else if (strcmp(slash, "/udp") == 0)
		key->protocol = IPPROTO_UDP;
	else
		return -1;
	memcpy(endpoint, text, (size_t)(slash - text));
	endpoint[slash - text] = '\0';
	return endpoint_parse(endpoint, &key->vip, &key->port);
}

/* As the file has them: ^[A-Za-z0-9_.-]{1,63}$ */
static bool
is_name(const char *text)
{
	static const char good[] = "abcdefghijklmnopqrstuvwxyz"
				   "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
	size_t len = strlen(text);

	return len > 0 && len < OVERRIDE_SUBJECT_LEN &&
	    strspn(text, good) == len;
}

int
override_read_service(const char *text, char buf[OVERRIDE_SUBJECT_LEN])
{
	char key_text[SERVICE_KEY_STRLEN], vip[ADDR_STRLEN];
	struct service_key key = {0};
	struct addr address;

	if (addr_parse(text, &address) == 0)
		text = addr_format(&address, vip);
	else if (read_key(text, &key) == 0)
		text = service_key_format(&key, key_text);
	else if (!is_name(text))
		return -1;
	snprintf(buf, OVERRIDE_SUBJECT_LEN, "%s", text);
	return 0;
}

const char *
override_subject(const struct override *o, char buf[OVERRIDE_SUBJECT_LEN])
{
	char address[ADDR_STRLEN];

	snprintf(buf, OVERRIDE_SUBJECT_LEN, "%s",
	    o->kind == OVERRIDE_SERVICE ? o->service
					: addr_format(&o->address, address));
	return buf;
}
