/* SPDX-License-Identifier: ISC */

/*
 * vc5ctl show peers: the other instances, and what is exchanged with them.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xmalloc.h"
#include "core/status_value.h"
#include "ctl/show.h"
#include "ctl/table.h"

static void
print_instance(const json_t *sync)
{
	char age[STATUS_AGE_STRLEN];

	safe_printf("%s of cluster %s, by %s to %s port %" PRId64 ", for %s",
	    status_string(sync, "instance"), status_string(sync, "cluster"),
	    status_string(sync, "interface"), status_string(sync, "group"),
	    status_number(sync, "port"),
	    status_age(status_number(sync, "seconds"), age));
	puts(status_true(sync, "learning")
		? "; learning flows, new VIPs wait for that"
		: "");
	if (*status_string(sync, "problem") != '\0') {
		safe_printf(
		    "nothing is sent: %s", status_string(sync, "problem"));
		putchar('\n');
	}
}

static void
print_traffic(const json_t *sync, const char *key)
{
	const json_t *traffic = json_object_get(sync, key);

	printf("%-9s%" PRId64 " flows, %" PRId64 " datagrams, %" PRId64
	       " bytes\n",
	    key, status_number(traffic, "flows"),
	    status_number(traffic, "datagrams"),
	    status_number(traffic, "bytes"));
}

/* "configuration, tables (192.0.2.1:80/tcp)" */
static void
add_differences(struct table *table, const json_t *peer)
{
	char *text = xstrdup(""), *longer;
	const json_t *differs, *service;
	size_t i, j;

	json_array_foreach(json_object_get(peer, "differs"), i, differs) {
		longer = xasprintf("%s%s%s", text, i > 0 ? ", " : "",
		    status_string(differs, "what"));
		free(text);
		text = longer;
		json_array_foreach(
		    json_object_get(differs, "services"), j, service) {
			longer = xasprintf("%s%s%s", text, j > 0 ? " " : " (",
			    json_string_value(service));
			free(text);
			text = longer;
		}
		if (j > 0) {
			longer = xasprintf("%s)", text);
			free(text);
			text = longer;
		}
	}
	table_add(table, text);
	free(text);
}

static void
print_peers(const json_t *peers)
{
	static const char *const headings[] = {"PEER", "ADDRESS", "STATE",
	    "#AGE", "#LOST", "#FLOWS", "ALARM", "DIFFERS", NULL};
	struct table *table = table_new(headings);
	const json_t *peer;
	char age[STATUS_AGE_STRLEN];
	size_t i;

	json_array_foreach(peers, i, peer) {
		table_add(table, status_string(peer, "name"));
		table_add(table, status_string(peer, "address"));
		table_addf(table, "%s%s", status_string(peer, "state"),
		    status_true(peer, "learning") ? ", learning" : "");
		table_add(table, status_age(status_number(peer, "age"), age));
		table_addf(table, "%" PRId64, status_number(peer, "lost"));
		table_addf(table, "%" PRId64, status_number(peer, "flows"));
		table_add(table, status_true(peer, "alarm") ? "yes" : "");
		add_differences(table, peer);
	}
	putchar('\n');
	table_print(table, 0);
	table_free(table);
}

/* What there was none of is left out. */
static void
print_counts(const json_t *counts, const char *heading, const char *name,
    const char *what, const char *count)
{
	const char *const headings[] = {heading, what, "MEANING", NULL};
	struct table *table = table_new(headings);
	const json_t *item;
	size_t i, rows = 0;

	json_array_foreach(counts, i, item) {
		if (status_number(item, count) == 0)
			continue;
		table_add(table, status_string(item, name));
		table_addf(table, "%" PRId64, status_number(item, count));
		table_add(table, status_string(item, "help"));
		rows++;
	}
	if (rows > 0) {
		putchar('\n');
		table_print(table, 0);
	}
	table_free(table);
}

static void
show_peers(const json_t *sync, const char *argument)
{
	(void)argument;
	if (!status_true(sync, "enabled")) {
		puts("flows are not shared: there is no \"sync\" in the "
		     "configuration");
		return;
	}
	print_instance(sync);
	print_traffic(sync, "sent");
	print_traffic(sync, "received");
	if (status_number(sync, "deferred") > 0)
		printf("%" PRId64 " times, flows had to wait for bandwidth\n",
		    status_number(sync, "deferred"));
	print_peers(json_object_get(sync, "peers"));
	print_counts(json_object_get(sync, "dropped"), "DROPPED", "reason",
	    "#PACKETS", "packets");
	print_counts(json_object_get(sync, "learnt"), "LEARNT", "result",
	    "#FLOWS", "flows");
}

const struct view view_peers = {"sync", NULL, show_peers};
