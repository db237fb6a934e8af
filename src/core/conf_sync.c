/* SPDX-License-Identifier: ISC */

/*
 * How instances tell each other of flows: "sync".
 */

#include <net/if.h>
#include <stdlib.h>

#include "base/xmalloc.h"
#include "core/conf_parts.h"

static const struct conf_limits path_limits = {1, 1023};
static const struct conf_limits port_limits = {1, 65535};
static const struct conf_limits ttl_limits = {0, 255};
/* Less would not carry the greetings of 64 instances. */
static const struct conf_limits bandwidth_limits = {
    1000 * 1000, INT64_C(100) * 1000 * 1000 * 1000};
static const struct conf_limits learn_limits = {0, 3600 * 1000};

static void
read_interface(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	const char *name = conf_device(r, json, IFNAMSIZ - 1);
	char **out = member;

	(void)key;
	if (name == NULL)
		return;
	free(*out);
	*out = xstrdup(name);
}

/* RFC 1112, section 4; RFC 4291, section 2.7 */
static bool
is_multicast(const struct addr *group)
{
	struct prefix block;

	(void)prefix_parse("224.0.0.0/4", &block);
	if (prefix_contains(&block, group))
		return true;
	(void)prefix_parse("ff00::/8", &block);
	return prefix_contains(&block, group);
}

/* A scope that ends at the host, or none: RFC 4291, section 2.7 */
static bool
never_leaves(const struct addr *group)
{
	return group->bytes[0] == 0xff && (group->bytes[1] & 0xf) <= 1;
}

static void
read_group(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	const char *text = conf_string(r, json);
	struct addr group;

	(void)key;
	if (text == NULL)
		return;
	if (addr_parse(text, &group) == -1)
		conf_error(r, "%s is not an IP address", conf_quote(r, text));
	else if (!is_multicast(&group))
		conf_error(r,
		    "%s is not a multicast address, such as "
		    "\"239.192.86.53\" or \"ff05::5643\"",
		    text);
	else if (never_leaves(&group))
		conf_error(r, "packets for %s never leave the host", text);
	else
		*(struct addr *)member = group;
}

static void
read_port(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	int64_t port;

	(void)key;
	if (conf_integer(r, json, &port_limits, &port))
		*(uint16_t *)member = (uint16_t)port;
}

static void
read_bandwidth(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	int64_t bandwidth;

	(void)key;
	if (conf_integer(r, json, &bandwidth_limits, &bandwidth))
		*(uint64_t *)member = (uint64_t)bandwidth;
}

void
conf_read_sync(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	static const struct conf_key keys[] = {
	    {"interface", read_interface, offsetof(struct conf, sync.interface),
		NULL},
	    {"key", conf_read_path, offsetof(struct conf, sync.key_file),
		&path_limits},
	    {"group", read_group, offsetof(struct conf, sync.group), NULL},
	    {"port", read_port, offsetof(struct conf, sync.port), NULL},
	    {"ttl", conf_read_unsigned, offsetof(struct conf, sync.ttl),
		&ttl_limits},
	    {"bandwidth", read_bandwidth, offsetof(struct conf, sync.bandwidth),
		NULL},
	    {"cluster", conf_read_name, offsetof(struct conf, sync.cluster),
		NULL},
	    {"instance", conf_read_name, offsetof(struct conf, sync.instance),
		NULL},
	    {"learn", conf_read_seconds, offsetof(struct conf, sync.learn),
		&learn_limits},
	    {NULL, NULL, 0, NULL},
	};
	struct conf *conf = ((struct conf_draft *)member)->conf;

	(void)key;
	if (!conf_read_object(r, json, keys, conf))
		return;
	conf->sync.enabled = true;
	if (json_object_get(json, "interface") == NULL)
		conf_error_missing(r, "interface");
	if (json_object_get(json, "key") == NULL)
		conf_error_missing(r, "key");
}
