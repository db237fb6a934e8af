/* SPDX-License-Identifier: ISC */

/*
 * vc5ctl show flows: page by page, as there can be millions of them.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/addr.h"
#include "core/status_value.h"
#include "ctl/show.h"
#include "ctl/table.h"

#define LIMIT 1000 /* flows that are shown, if nothing else is said */

/* What is shown, and how far it got. */
struct listing {
	struct table *table; /* NULL = JSON */
	size_t limit;	     /* 0 = none */
	size_t count;	     /* so far */
	int64_t next;	     /* cursor; -1 = there are no more */
};

static size_t
read_limit(const struct command *command, bool as_json)
{
	const char *text = command->values[FLOWS_LIMIT];

	if (text != NULL)
		return (size_t)strtoull(text, NULL, 10);
	return as_json ? 0 : LIMIT;
}

static json_t *
request_page(const struct command *command, const struct listing *l)
{
	static const struct {
		const char *key;
		int argument;
	} filters[] = {
	    {"service", FLOWS_SERVICE},
	    {"client", FLOWS_CLIENT},
	    {"server", FLOWS_SERVER},
	    {"state", FLOWS_STATE},
	};
	json_t *request = json_pack(
	    "{s:s, s:I}", "command", "flows", "cursor", (json_int_t)l->next);
	const char *value;
	size_t i;

	if (l->limit > 0)
		json_object_set_new(request, "limit",
		    json_integer((json_int_t)(l->limit - l->count)));
	for (i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
		value = command->values[filters[i].argument];
		if (value != NULL)
			json_object_set_new(
			    request, filters[i].key, json_string(value));
	}
	return request;
}

static void
add_row(struct table *table, const json_t *flow)
{
	const char *client = status_string(flow, "client");
	char age[STATUS_AGE_STRLEN];

	table_add(table, status_string(flow, "service"));
	table_addf(table,
	    strchr(client, ':') == NULL ? "%s:%" PRId64 : "[%s]:%" PRId64,
	    client, status_number(flow, "port"));
	table_add(table, status_string(flow, "server"));
	table_add(table, status_string(flow, "state"));
	table_add(table, status_age(status_number(flow, "age"), age));
	table_add(table, status_age(status_number(flow, "idle"), age));
	table_add(table, status_true(flow, "learnt") ? "learnt" : "here");
}

static void
show_page(struct listing *l, const json_t *reply)
{
	const json_t *flow, *next = json_object_get(reply, "next");
	size_t i;

	json_array_foreach(json_object_get(reply, "flows"), i, flow) {
		if (l->table != NULL) {
			add_row(l->table, flow);
		} else {
			fputs(l->count + i > 0 ? "," : "[", stdout);
			json_dumpf(
			    flow, stdout, JSON_ENSURE_ASCII | JSON_COMPACT);
		}
	}
	l->count += i;
	l->next = json_is_integer(next) ? json_integer_value(next) : -1;
}

/* 0, or -1 after having said why not. */
static int
show_pages(
    struct client *client, const struct command *command, struct listing *l)
{
	json_t *reply;

	do {
		reply = client_ask(client, request_page(command, l));
		if (reply == NULL)
			return -1;
		show_page(l, reply);
		json_decref(reply);
	} while (l->next != -1 && (l->limit == 0 || l->count < l->limit));
	return 0;
}

int
show_flows(struct client *client, const struct command *command, bool as_json)
{
	static const char *const headings[] = {"SERVICE", "CLIENT", "SERVER",
	    "STATE", "#AGE", "#IDLE", "FROM", NULL};
	struct listing l = {
	    .table = as_json ? NULL : table_new(headings),
	    .limit = read_limit(command, as_json),
	};

	if (show_pages(client, command, &l) == -1) {
		table_free(l.table);
		return client_failure(client);
	}
	if (as_json)
		puts(l.count > 0 ? "]" : "[]");
	else
		table_print(l.table, 0);
	if (!as_json && l.next != -1)
		printf("\nThese are the first %zu; there may be more: "
		       "see \"limit\".\n",
		    l.count);
	table_free(l.table);
	return CTL_OK;
}
