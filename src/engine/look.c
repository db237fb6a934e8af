/* SPDX-License-Identifier: ISC */

/*
 * What of a configuration can't work on this host as it is now: for vc5d -n,
 * which is no reason to refuse the file.  Nothing is changed but that the
 * kernel is asked how servers are reached.
 */

#include <event2/event.h>

#include <sys/time.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "adapters/netlink.h"
#include "adapters/sync_key.h"
#include "base/log.h"
#include "base/monotime.h"
#include "base/xmalloc.h"
#include "core/conf.h"
#include "engine/engine.h"
#include "engine/look_files.h"
#include "engine/private.h"
#include "engine/way.h"

#define LOOK_LIMIT 1000 /* ms that the kernel has for its answers */
#define LINES_MAX  20	/* past so many there is no use in more */

struct look {
	struct event_base *base;
	const struct conf *conf;
	struct netlink *netlink;
	size_t waiting; /* servers that the kernel has said nothing of */
	size_t lines;
	char *said[LINES_MAX];
};

/* Takes the line.  What many services have in common is said once. */
static void
say(struct look *look, char *line)
{
	char *whole;
	size_t i;

	for (i = 0; i < look->lines && i < LINES_MAX; i++)
		if (strcmp(look->said[i], line) == 0)
			break;
	if (i < look->lines && i < LINES_MAX)
		free(line);
	else if (look->lines++ >= LINES_MAX)
		free(line);
	else {
		look->said[i] = line;
		whole = xasprintf("%s: warning: %s", look->conf->file, line);
		log_bare(LOG_WARNING, whole);
		free(whole);
	}
}

static void __attribute__((format(printf, 2, 3)))
warn(struct look *look, const char *format, ...)
{
	va_list ap;
	char *line;
	int len;

	va_start(ap, format);
	len = vasprintf(&line, format, ap);
	va_end(ap);
	if (len != -1)
		say(look, line);
}

/* The first report of each server is about its route. */
static void
nexthop_known(
    void *arg, const struct addr *server, const struct netlink_nexthop *hop)
{
	struct look *look = arg;

	(void)server;
	(void)hop;
	if (look->waiting > 0 && --look->waiting == 0)
		event_base_loopbreak(look->base);
}

/* Ask about all servers, and wait for what is said. */
static void
ask(struct look *look)
{
	struct timeval limit = monotime_timeval(LOOK_LIMIT);
	const struct netlink_nexthop *hop;
	size_t i, j;

	for (i = 0; i < look->conf->service_count; i++) {
		const struct conf_service *s = &look->conf->services[i];

		for (j = 0; j < s->destination_count; j++) {
			const struct addr *server = &s->destinations[j].address;
			bool watched =
			    netlink_nexthop(look->netlink, server) != NULL;

			netlink_watch(look->netlink, server);
			hop = netlink_nexthop(look->netlink, server);
			if (!watched && (hop == NULL || hop->ifindex == 0))
				look->waiting++;
		}
	}
	if (look->waiting == 0)
		return;
	event_base_loopexit(look->base, &limit);
	event_base_dispatch(look->base);
}

static void
look_at_interfaces(struct look *look)
{
	struct netlink_interface interface;
	size_t i;

	for (i = 0; i < look->conf->interface_count; i++)
		if (netlink_interface(look->netlink, look->conf->interfaces[i],
			&interface) == -1)
			warn(look, "interface %s does not exist",
			    look->conf->interfaces[i]);
}

static void
look_at_vips(struct look *look)
{
	char vip[ADDR_STRLEN];
	size_t i;

	for (i = 0; i < look->conf->vip_count; i++)
		if (netlink_is_local(
			look->netlink, &look->conf->vips[i].address))
			warn(look, "VIP %s is an address of this host",
			    addr_format(&look->conf->vips[i].address, vip));
}

/* See way_is_listed(): in native mode it may be that nothing is sent. */
static void
look_at_wire(struct look *look, const struct netlink_nexthop *hop)
{
	if (look->conf->xdp == XDP_GENERIC ||
	    way_is_listed(look->netlink, look->conf, hop))
		return;
	warn(look,
	    "servers are reached by interface %s, which \"interfaces\" has "
	    "not: what comes in in native mode may not get there",
	    hop->interface);
}

static void
look_at_way(struct look *look, const struct conf_service *s,
    const struct conf_destination *d)
{
	const struct netlink_nexthop *hop =
	    netlink_nexthop(look->netlink, &d->address);
	char key[SERVICE_KEY_STRLEN], server[ADDR_STRLEN];
	char problem[WAY_PROBLEM_LEN];

	way_problem(&s->key.vip, d, hop, problem);
	if (problem[0] == '\0')
		look_at_wire(look, hop);
	if (problem[0] == '\0' && s->check_count > 0)
		way_probe_problem(look->netlink, &s->key.vip, hop, problem);
	if (problem[0] != '\0')
		warn(look, "%s %s: destination %s: %s", s->name,
		    service_key_format(&s->key, key),
		    addr_format(&d->address, server), problem);
}

static void
look_at_all(struct look *look)
{
	struct sync_keys *keys;
	size_t i, j;
	char *error;

	if (engine_sync_keys(look->conf, &keys, &error) == -1) {
		warn(look, "%s", error);
		free(error);
	}
	sync_keys_free(keys);
	ask(look);
	look_at_interfaces(look);
	look_at_vips(look);
	for (i = 0; i < look->conf->service_count; i++) {
		const struct conf_service *s = &look->conf->services[i];

		for (j = 0; j < s->destination_count; j++)
			look_at_way(look, s, &s->destinations[j]);
	}
	if (look->lines > LINES_MAX)
		fprintf(stderr, "... and %zu more\n", look->lines - LINES_MAX);
}

static void
look_at_blocked(struct look *look)
{
	struct prefix_list blocked;
	struct conf_errors errors = {0};
	size_t i;

	blocks_read_file(look->conf, &blocked, &errors);
	for (i = 0; i < errors.count; i++)
		warn(look, "%s", errors.lines[i]);
	prefix_list_clear(&blocked);
	conf_errors_clear(&errors);
}

static void
look_at_orders(struct look *look)
{
	struct overrides set = {0};
	char *wrong = orders_read(look->conf->state, &set);

	if (wrong != NULL)
		warn(look, "vc5d will not start: %s", wrong);
	free(wrong);
	overrides_clear(&set);
}

static void
wrong_file(void *look, const char *line)
{
	warn(look, "%s", line);
}

void
engine_look(const struct conf *conf, const char *dataplane)
{
	static const struct netlink_callbacks callbacks = {
	    .nexthop = nexthop_known};
	struct look look = {.conf = conf, .base = event_base_new()};
	size_t i;

	if (look.base == NULL)
		return;
	if (dataplane != NULL)
		warn(&look, "%s", dataplane);
	look_at_orders(&look);
	look_at_blocked(&look);
	look_at_files(conf, wrong_file, &look);
	look.netlink = netlink_new(look.base, &callbacks, &look);
	if (look.netlink != NULL) {
		look_at_all(&look);
		netlink_free(look.netlink);
	}
	for (i = 0; i < look.lines && i < LINES_MAX; i++)
		free(look.said[i]);
	event_base_free(look.base);
}
