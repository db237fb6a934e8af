/* SPDX-License-Identifier: ISC */

/*
 * The console's "block" and "unblock": "prefix" is one, or an address; "for"
 * the seconds that it is blocked for, for good if there is none.  What speaks
 * against it is said instead of following it, unless "force" is true.
 */

#include <sys/socket.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "adapters/control.h"
#include "base/log.h"
#include "base/xmalloc.h"
#include "engine/console_reply.h"
#include "engine/history.h"
#include "engine/prefixes.h"
#include "engine/private.h"

#define FOR_MAX	   (366 * 86400) /* seconds */
#define SHORTEST4  8		 /* bits: more is a part of the Internet */
#define SHORTEST6  16
#define OBJECTIONS 20 /* that are told */

struct request {
	struct prefix prefix;
	json_int_t seconds; /* 0 = for good */
	bool force;
};

/* NULL, or what is wrong: free(3) it. */
static char *
read_prefix(const char *text, struct prefix *out)
{
	struct prefix host;
	char buf[PREFIX_STRLEN];

	memset(out, 0, sizeof(*out));
	if (addr_parse(text, &out->address) == 0) {
		out->length = (uint8_t)addr_bits(&out->address);
		blocklist_unmap(out);
		return NULL;
	}
	if (prefix_parse(text, out) == 0) {
		blocklist_unmap(out);
		return NULL;
	}
	if (prefix_parse_host(text, &host) == -1)
		return xasprintf("%s is neither a prefix nor an address", text);
	return xasprintf("%s has bits set behind its length: is it %s?", text,
	    prefix_format(&host, buf));
}

static char *
read_request(const json_t *request, struct request *out)
{
	const json_t *force = json_object_get(request, "force");
	char *wrong = NULL;
	const char *prefix = console_text(request, "prefix", &wrong);

	out->seconds = console_number(request, "for", &wrong);
	if (wrong != NULL)
		return wrong;
	if (prefix == NULL)
		return xstrdup("\"prefix\" is missing");
	if (force != NULL && !json_is_boolean(force))
		return xstrdup("\"force\" is neither true nor false");
	if (out->seconds < 0 || out->seconds > FOR_MAX ||
	    (out->seconds == 0 && json_object_get(request, "for") != NULL))
		return xasprintf(
		    "\"for\" is not in the range 1 to %d seconds", FOR_MAX);
	out->force = json_is_true(force);
	return read_prefix(prefix, &out->prefix);
}

/* Takes the text. */
static json_t *
wrong_request(char *wrong)
{
	json_t *reply = json_pack("{s:o}", "error", status_text(wrong));

	free(wrong);
	return reply;
}

static void
object(json_t *lines, char *line)
{
	if (json_array_size(lines) < OBJECTIONS)
		json_array_append_new(lines, status_text(line));
	free(line);
}

static void
object_to_servers(
    const struct engine *e, const struct prefix *prefix, json_t *lines)
{
	char server[ADDR_STRLEN];
	size_t i;

	/* by_address has them in order: each once. */
	for (i = 0; i < e->by_address_count; i++) {
		const struct addr *address = &e->by_address[i]->conf->address;

		if (!prefix_contains(prefix, address) ||
		    (i > 0 &&
			addr_compare(address,
			    &e->by_address[i - 1]->conf->address) == 0))
			continue;
		object(lines,
		    xasprintf("the server %s is in it",
			addr_format(address, server)));
	}
}

static void
object_to_neighbours(
    const struct engine *e, const struct prefix *prefix, json_t *lines)
{
	struct addr address;
	const char *text;
	size_t i;

	for (i = 0; (text = neighbour_address(e, i)) != NULL; i++)
		if (addr_parse(text, &address) == 0 &&
		    prefix_contains(prefix, &address))
			object(lines,
			    xasprintf("bgpd's neighbour %s is in it", text));
}

/* What speaks against blocking it: a line each. */
static json_t *
objections(const struct engine *e, const struct prefix *prefix)
{
	bool six = prefix->address.family == AF_INET6;
	json_t *lines = json_array();

	if (prefix->length == 0)
		object(lines,
		    xasprintf("it is all of IPv%d: nobody would be served",
			six ? 6 : 4));
	else if (prefix->length < (six ? SHORTEST6 : SHORTEST4))
		object(lines,
		    xasprintf("a prefix of fewer than %d bits is a large part "
			      "of the Internet",
			six ? SHORTEST6 : SHORTEST4));
	object_to_servers(e, prefix, lines);
	object_to_neighbours(e, prefix, lines);
	return lines;
}

/* Log it, and have it in the history. */
static void
tell(struct engine *e, const struct prefix *prefix, const char *from,
    const char *to, json_int_t seconds, bool forced)
{
	int64_t uid = control_peer(e->control);
	char text[PREFIX_STRLEN], *who, *time_limit;

	prefix_format(prefix, text);
	time_limit = seconds == 0
	    ? xstrdup("")
	    : xasprintf(" for %lld s", (long long)seconds);
	who = uid == -1
	    ? xasprintf("by somebody%s%s", time_limit, forced ? ", forced" : "")
	    : xasprintf("by uid %lld%s%s", (long long)uid, time_limit,
		  forced ? ", forced" : "");
	log_notice("source %s: %s, %s", text, to, who);
	history_add(e, HISTORY_BLOCK, text, from, to, who);
	free(time_limit);
	free(who);
}

/* It was followed although it could not be kept: takes what is wrong. */
static void
warn_of_loss(struct engine *e, char *wrong, json_t *warnings)
{
	if (wrong == NULL)
		return;
	blocks_not_recorded(e, wrong);
	json_array_append_new(warnings,
	    json_sprintf("it will be forgotten when vc5d ends: %s", wrong));
	free(wrong);
}

/* What can't be kept is not followed without force: takes what is wrong. */
static json_t *
refuse_loss(char *wrong)
{
	json_t *reply = console_refuse_line(
	    xasprintf("it can't be kept, and would be forgotten when vc5d "
		      "ends: %s",
		wrong),
	    true);

	free(wrong);
	return reply;
}

/* No more fit, or NULL.  What the file blocks can be ordered, too. */
static char *
no_room(const struct engine *e, const struct prefix *prefix)
{
	const struct blocklist *set = &e->blocks.set;
	const struct blocked *entry = blocklist_find(set, prefix);

	if ((entry == NULL || !entry->ordered) &&
	    blocklist_ordered(set) >= BLOCKLIST_ORDERS_MAX)
		return xasprintf("%d prefixes were ordered to be blocked "
				 "already, and no more can be: put them into "
				 "the file (block.file)",
		    BLOCKLIST_ORDERS_MAX);
	if ((entry == NULL || !blocked_is_wanted(entry)) &&
	    blocklist_wanted(set, prefix->address.family) >= BLOCKLIST_MAX)
		return xasprintf(
		    "%d prefixes are blocked already, and no more can be",
		    BLOCKLIST_MAX);
	return NULL;
}

/* The order as it is to be kept. */
static struct blocked
order_of(struct engine *e, const struct request *request, bool forced)
{
	struct blocked order = {.prefix = request->prefix,
	    .ordered = true,
	    .forced = forced,
	    .since = time(NULL),
	    .uid = control_peer(e->control)};

	order.until =
	    request->seconds == 0 ? 0 : order.since + request->seconds;
	return order;
}

/* NULL, or why the data plane does not have it yet; was it blocked before? */
static const char *
follow(struct engine *e, const struct blocked *order, bool *was)
{
	struct blocked *entry = blocklist_add(&e->blocks.set, &order->prefix);

	*was = blocked_is_wanted(entry);
	entry->ordered = order->ordered;
	entry->forced = order->forced;
	entry->since = order->since;
	entry->until = order->until;
	entry->uid = order->uid;
	return blocks_apply_one(e, &order->prefix);
}

static json_t *
give(struct engine *e, const struct request *request, json_t *warnings)
{
	struct blocked order =
	    order_of(e, request, json_array_size(warnings) > 0);
	char text[PREFIX_STRLEN], *wrong = blocks_record(e, &order);
	const char *why;
	bool was;

	if (wrong != NULL && !request->force)
		return refuse_loss(wrong);
	why = follow(e, &order, &was);
	tell(e, &order.prefix, was ? "blocked" : "", "blocked",
	    request->seconds, order.forced);
	if (why != NULL)
		json_array_append_new(warnings, json_string(why));
	warn_of_loss(e, wrong, warnings);
	prefix_format(&order.prefix, text);
	return console_agree(request->seconds == 0
		? xasprintf("blocked %s", text)
		: xasprintf("blocked %s for %lld seconds", text,
		      (long long)request->seconds),
	    warnings);
}

json_t *
console_block(struct engine *e, const json_t *request)
{
	struct request order = {0};
	char *wrong = read_request(request, &order), *full;
	json_t *lines, *reply;

	if (wrong != NULL)
		return wrong_request(wrong);
	if (e->blocks.unread && !order.force)
		return console_refuse_line(
		    xasprintf("what was ordered before would be lost: %s",
			e->blocks.problem),
		    true);
	if ((full = no_room(e, &order.prefix)) != NULL)
		return console_refuse_line(full, false);
	lines = objections(e, &order.prefix);
	if (json_array_size(lines) > 0 && !order.force)
		return console_refuse(lines, true);
	e->blocks.unread = false;
	reply = give(e, &order, lines);
	json_decref(lines);
	return reply;
}

/* Those that still block a part of it, or all: a line each. */
static json_t *
still_blocked(const struct engine *e, const struct prefix *prefix)
{
	json_t *lines = json_array();
	char text[PREFIX_STRLEN];
	size_t i;

	for (i = 0; i < e->blocks.set.count; i++) {
		const struct blocked *entry = &e->blocks.set.list[i];

		if (!blocked_is_wanted(entry) ||
		    !(prefix_contains(prefix, &entry->prefix.address) ||
			prefix_contains(&entry->prefix, &prefix->address)))
			continue;
		object(lines,
		    xasprintf("%s is still blocked, by %s",
			prefix_format(&entry->prefix, text),
			entry->in_file ? e->conf->block.file == NULL
				? "a file of before"
				: e->conf->block.file
				       : "an order"));
	}
	return lines;
}

static json_t *
nothing_to_release(
    struct engine *e, const struct blocked *entry, const struct prefix *prefix)
{
	char text[PREFIX_STRLEN];
	json_t *lines = still_blocked(e, prefix), *reply;

	prefix_format(prefix, text);
	if (entry != NULL && entry->in_file) {
		json_decref(lines);
		return console_refuse_line(
		    xasprintf("%s is in the file of blocked prefixes: take it "
			      "out there, and reload",
			text),
		    false);
	}
	if (json_array_size(lines) == 0) {
		json_decref(lines);
		return console_agree(
		    xasprintf("%s was not blocked", text), NULL);
	}
	json_array_insert_new(
	    lines, 0, json_sprintf("there is no order about %s", text));
	reply = console_refuse(lines, false);
	return reply;
}

json_t *
console_unblock(struct engine *e, const json_t *request)
{
	struct request order = {0};
	char *wrong = read_request(request, &order), text[PREFIX_STRLEN];
	struct blocked released, *entry;
	json_t *lines, *reply;
	const char *why;
	bool was;

	if (wrong != NULL)
		return wrong_request(wrong);
	released = (struct blocked){.prefix = order.prefix};
	entry = blocklist_find(&e->blocks.set, &order.prefix);
	if (entry == NULL || !entry->ordered)
		return nothing_to_release(e, entry, &order.prefix);
	wrong = blocks_record(e, &released);
	if (wrong != NULL && !order.force)
		return refuse_loss(wrong);
	why = follow(e, &released, &was);
	tell(e, &order.prefix, "blocked", "unblocked", 0, false);
	lines = still_blocked(e, &order.prefix);
	if (why != NULL && !entry->in_file)
		json_array_append_new(lines, json_string(why));
	warn_of_loss(e, wrong, lines);
	reply = console_agree(
	    xasprintf("unblocked %s", prefix_format(&order.prefix, text)),
	    lines);
	json_decref(lines);
	return reply;
}
