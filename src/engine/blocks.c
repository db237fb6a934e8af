/* SPDX-License-Identifier: ISC */

/*
 * Blocked prefixes: the configured file's and those that were ordered at run
 * time, applied to the data plane some at a time, as there may be 100,000.
 *
 * A file that can't be read refuses a reload, but not a start: then what a
 * predecessor has blocked stays so, since not to serve would be worse.
 */

#include <sys/socket.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/log.h"
#include "base/monotime.h"
#include "base/slurp.h"
#include "base/xmalloc.h"
#include "engine/history.h"
#include "engine/prefixes.h"
#include "engine/private.h"

#define FILE_MAX    (16 << 20) /* bytes */
#define APPLY_LIMIT 10	       /* ms of the loop's time */
#define APPLY_STEP  256	       /* entries between looks at the clock */
#define COUNT_STEP  5000       /* entries whose counters are read, a second */
#define LISTED	    1000       /* of the document */

static void
complain(struct conf_errors *errors, const char *path, const char *why)
{
	errors->lines = xreallocarray(
	    errors->lines, errors->count + 1, sizeof(*errors->lines));
	errors->lines[errors->count++] = xasprintf("%s: %s", path, why);
}

void
blocks_read_file(const struct conf *conf, struct prefix_list *out,
    struct conf_errors *errors)
{
	const char *path = conf->block.file;
	char *text = NULL;
	struct stat st;
	size_t len;
	int fd;

	memset(out, 0, sizeof(*out));
	if (path == NULL)
		return;
	/* Not to wait for a writer of a FIFO. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd == -1 || fstat(fd, &st) == -1)
		complain(errors, path, strerror(errno));
	else if (!S_ISREG(st.st_mode))
		complain(errors, path, "is not a regular file");
	else if ((text = slurp(fd, FILE_MAX, &len)) == NULL)
		complain(errors, path, strerror(errno));
	else
		blocklist_read(text, len, path, out, errors);
	if (fd != -1)
		close(fd);
	free(text);
}

static size_t
family_of(const struct blocked *entry)
{
	return entry->prefix.address.family == AF_INET6;
}

/* NULL, or why not. */
static const char *
block(struct engine *e, struct blocked *entry)
{
	struct blocks *b = &e->blocks;
	size_t f = family_of(entry);

	if (b->families[f].applied >= BLOCKLIST_MAX) {
		b->families[f].waits = true;
		return "it waits for room: there is none until others are "
		       "released";
	}
	if (b->families[f].refused ||
	    e->dataplane->ops->block(e->dataplane, &entry->prefix) == -1) {
		b->families[f].refused = b->failed = true;
		return "the data plane has refused it: it is tried again each "
		       "second, see the log";
	}
	b->families[f].applied++;
	entry->applied = true;
	return NULL;
}

static const char *
release(struct engine *e, struct blocked *entry)
{
	struct blocks *b = &e->blocks;
	size_t f = family_of(entry);

	if (e->dataplane->ops->unblock(e->dataplane, &entry->prefix) == -1) {
		b->failed = true;
		return "the data plane has not released it: it is tried again "
		       "each second, see the log";
	}
	b->families[f].applied--;
	b->stale = b->stale || b->families[f].waits;
	entry->applied = false;
	entry->packets = entry->octets = 0;
	return NULL;
}

/*
 * Have the data plane know what is wanted of an entry.  One that it has no room
 * for does not keep those behind it from being released, which makes room.
 */
static const char *
apply_one(struct engine *e, struct blocked *entry)
{
	bool wanted = blocked_is_wanted(entry);

	if (wanted == entry->applied)
		return NULL;
	return wanted ? block(e, entry) : release(e, entry);
}

/* Those between the cursor and the end, or till the time is up: true if all. */
static bool
apply_some(struct engine *e)
{
	struct blocks *b = &e->blocks;
	uint64_t end = monotime_ms() + APPLY_LIMIT;

	for (; b->cursor < b->set.count; b->cursor++) {
		if (b->cursor % APPLY_STEP == 0 && monotime_ms() > end)
			return false;
		apply_one(e, &b->set.list[b->cursor]);
	}
	blocklist_compact(&b->set);
	return true;
}

static void
apply(evutil_socket_t fd, short what, void *arg)
{
	struct timeval now = {0};
	struct engine *e = arg;

	(void)fd;
	(void)what;
	if (!apply_some(e))
		evtimer_add(e->blocks.timer, &now);
}

void
blocks_apply(struct engine *e)
{
	struct blocks *b = &e->blocks;
	size_t i;

	b->cursor = 0;
	b->changes++;
	b->failed = b->stale = false;
	memset(b->families, 0, sizeof(b->families));
	for (i = 0; i < b->set.count; i++)
		b->families[family_of(&b->set.list[i])].applied +=
		    b->set.list[i].applied;
	b->next_end = blocklist_next_end(&b->set);
	apply(-1, 0, e);
}

const char *
blocks_apply_one(struct engine *e, const struct prefix *prefix)
{
	struct blocks *b = &e->blocks;
	struct blocked *entry = blocklist_find(&b->set, prefix);
	const char *why;

	b->changes++;
	b->next_end = blocklist_next_end(&b->set);
	if (entry == NULL)
		return NULL;
	/* That it refused others does not mean that it refuses this one. */
	b->families[family_of(entry)].refused = false;
	why = apply_one(e, entry);
	b->stale = b->stale || !blocked_is_wanted(entry);
	return why;
}

/* What there is no room for, of a family: a line to free(3); NULL if nothing.
 */
static char *
excess(const struct engine *e, int family)
{
	size_t wanted = blocklist_wanted(&e->blocks.set, family);

	if (wanted <= BLOCKLIST_MAX)
		return NULL;
	return xasprintf("no room for %zu of the %zu prefixes of IPv%d that "
			 "the file and orders block: these are not blocked; "
			 "take some out of the file, or unblock some",
	    wanted - BLOCKLIST_MAX, wanted, family == AF_INET ? 4 : 6);
}

static void
log_excess(const struct engine *e)
{
	const int families[] = {AF_INET, AF_INET6};
	char *line;
	size_t i;

	for (i = 0; i < 2; i++) {
		line = excess(e, families[i]);
		if (line != NULL)
			log_warnx("%s", line);
		free(line);
	}
}

static void
take(const struct prefix *prefix, void *arg)
{
	prefix_list_add(arg, prefix);
}

/* What can't be known now is taken to be what it was. */
static void
assume_file(struct engine *e)
{
	size_t i;

	for (i = 0; i < e->blocks.set.count; i++) {
		struct blocked *entry = &e->blocks.set.list[i];

		entry->in_file =
		    entry->in_file || (entry->applied && !entry->ordered);
	}
}

static char *
first_line(const struct conf_errors *errors)
{
	size_t i;

	for (i = 0; i < errors->count; i++)
		log_warnx("%s", errors->lines[i]);
	return xasprintf("%s%s", errors->lines[0],
	    errors->count > 1 ? " (and more: see the log)" : "");
}

void
blocks_start(struct engine *e)
{
	struct blocks *b = &e->blocks;
	struct prefix_list were = {0}, file;
	struct conf_errors errors = {0};

	b->timer = evtimer_new(e->base, apply, e);
	if (b->timer == NULL)
		fatalx("no memory for a timer");
	blocks_keep_start(e);
	parent_excuse(e);
	e->dataplane->ops->blocked_each(e->dataplane, take, &were);
	blocklist_set_applied(&b->set, &were);
	prefix_list_clear(&were);
	blocks_read_file(e->conf, &file, &errors);
	if (errors.count > 0)
		b->file_problem = first_line(&errors);
	else
		blocklist_set_file(&b->set, &file);
	if (errors.count > 0 || b->unread)
		assume_file(e);
	prefix_list_clear(&file);
	conf_errors_clear(&errors);
	log_excess(e);
	blocks_apply(e);
}

void
blocks_follow(struct engine *e, struct prefix_list *file)
{
	free(e->blocks.file_problem);
	e->blocks.file_problem = NULL;
	blocklist_set_file(&e->blocks.set, file);
	if (e->blocks.unread)
		assume_file(e);
	prefix_list_clear(file);
	log_excess(e);
	blocks_apply(e);
}

/* Some at a time. */
static void
read_counters(struct engine *e)
{
	struct blocks *b = &e->blocks;
	size_t i;

	for (i = 0; i < COUNT_STEP && i < b->set.count; i++) {
		struct blocked *entry;

		if (b->counted >= b->set.count)
			b->counted = 0;
		entry = &b->set.list[b->counted++];
		if (entry->applied)
			(void)e->dataplane->ops->blocked_counters(e->dataplane,
			    &entry->prefix, &entry->packets, &entry->octets);
	}
}

static void
expire(struct engine *e)
{
	struct blocks *b = &e->blocks;
	int64_t now = time(NULL);
	size_t ended;

	if (b->next_end == 0 || now < b->next_end)
		return;
	ended = blocklist_expire(&b->set, now);
	log_notice("%zu prefix%s no longer blocked: the time is over", ended,
	    ended == 1 ? " is" : "es are");
	blocks_apply(e);
}

/* Try again to keep what could not be. */
static void
keep_again(struct engine *e)
{
	if (e->blocks.problem != NULL && !e->blocks.unread &&
	    retry_due(&e->blocks_retry, monotime_ms()))
		blocks_rewrite(e);
}

void
blocks_tick(struct engine *e)
{
	expire(e);
	keep_again(e);
	if (e->blocks.failed || e->blocks.stale)
		blocks_apply(e);
	read_counters(e);
}

static json_t *
blocked_json(const struct blocked *entry, int64_t now)
{
	char prefix[PREFIX_STRLEN];
	int64_t left = entry->until > now ? entry->until - now : 0;

	return json_pack("{s:s, s:I, s:I, s:o, s:s}", "prefix",
	    prefix_format(&entry->prefix, prefix), "packets",
	    (json_int_t)entry->packets, "octets", (json_int_t)entry->octets,
	    "left",
	    entry->in_file || entry->until == 0 ? json_null()
						: json_integer(left),
	    "source", entry->in_file ? "file" : "order");
}

json_t *
blocks_json(struct engine *e)
{
	struct source_top top;
	json_t *list = json_array();
	int64_t now = time(NULL);
	size_t i;

	source_top_init(&top, LISTED);
	for (i = 0; i < e->blocks.set.count; i++) {
		const struct blocked *entry = &e->blocks.set.list[i];
		struct source one = {
		    .prefix = entry->prefix, .packets = entry->packets};

		if (blocked_is_wanted(entry))
			source_top_add(&top, &one);
	}
	source_top_sort(&top);
	for (i = 0; i < top.count; i++)
		json_array_append_new(list,
		    blocked_json(
			blocklist_find(&e->blocks.set, &top.list[i].prefix),
			now));
	source_top_clear(&top);
	return list;
}

json_t *
blocks_count_json(const struct engine *e)
{
	const struct blocklist *set = &e->blocks.set;

	return json_pack("{s:I, s:I}", "ipv4",
	    (json_int_t)blocklist_wanted(set, AF_INET), "ipv6",
	    (json_int_t)blocklist_wanted(set, AF_INET6));
}

static void
add_problem(json_t *list, const char *what, const char *why)
{
	char *line;

	if (why == NULL)
		return;
	line = xasprintf("%s: %s", what, why);
	json_array_append_new(list, status_text(line));
	free(line);
}

static void
add_excess(const struct engine *e, json_t *list, int family)
{
	char *line = excess(e, family);

	if (line != NULL)
		json_array_append_new(list, status_text(line));
	free(line);
}

void
blocks_problems(const struct engine *e, json_t *list)
{
	add_problem(list,
	    "orders to block prefixes are not kept, or were not read",
	    e->blocks.problem);
	add_problem(list,
	    "the file of blocked prefixes is not in force, what was blocked "
	    "stays so",
	    e->blocks.file_problem);
	add_problem(list, "not all is blocked, or released, that should be",
	    e->blocks.failed ? "the data plane refused: see the log" : NULL);
	add_excess(e, list, AF_INET);
	add_excess(e, list, AF_INET6);
}

void
blocks_free(struct engine *e)
{
	if (e->blocks.timer != NULL)
		event_free(e->blocks.timer);
	blocks_keep_free(e);
	blocklist_clear(&e->blocks.set);
	free(e->blocks.file_problem);
}
