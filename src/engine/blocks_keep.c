/* SPDX-License-Identifier: ISC */

/*
 * What is ordered to be blocked is kept in a file that grows by a line for each
 * order (adapters/journal.h): on the disk before it is followed.  When most of
 * its lines are of the past, it is written anew, some at a time.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <event2/event.h>

#include "adapters/journal.h"
#include "base/log.h"
#include "base/xmalloc.h"
#include "engine/prefixes.h"
#include "engine/private.h"

#define SLICE	   200	 /* lines that are written at a time */
#define LOOKED	   10000 /* entries that are looked at for these */
#define AT_ONCE	   256	/* orders that are few enough to be written in one go */
#define SLACK	   1000 /* lines of the past that are no matter */
#define LINE_LEAST 80	/* bytes of an order, about */

static void
set_problem(struct engine *e, const char *wrong)
{
	free(e->blocks.problem);
	e->blocks.problem = wrong == NULL ? NULL : xstrdup(wrong);
}

/* NULL, or what is wrong; *done if that were all. */
static char *
put_some(struct engine *e, bool *done)
{
	struct blocks *b = &e->blocks;
	size_t len, size, lines = 0, at, end;
	char *text = NULL, *line, *wrong;
	FILE *out = open_memstream(&text, &size);

	if (out == NULL)
		fatal("open_memstream");
	at = blocklist_behind(&b->set, b->begun ? &b->written : NULL);
	end = at + LOOKED < b->set.count ? at + LOOKED : b->set.count;
	for (; at < end && lines < SLICE; at++) {
		if (!b->set.list[at].ordered)
			continue;
		line = blocklist_orders_line(&b->set.list[at], &len);
		fputs(line, out);
		free(line);
		lines++;
	}
	if (fclose(out) != 0)
		fatal("out of memory");
	if (at > 0)
		b->written = b->set.list[at - 1].prefix;
	b->begun = at > 0;
	*done = at >= b->set.count;
	wrong = journal_put(b->journal, text, size);
	free(text);
	return wrong;
}

static char *
begin(struct engine *e)
{
	size_t len;
	char *head, *wrong;

	e->blocks.begun = false;
	e->blocks.left_out = false;
	wrong = journal_begin(e->blocks.journal);
	if (wrong != NULL)
		return wrong;
	head = blocklist_orders_head(&len);
	wrong = journal_put(e->blocks.journal, head, len);
	free(head);
	return wrong;
}

/* It was written, or could not be: takes what is wrong. */
static void
conclude(struct engine *e, char *wrong)
{
	struct blocks *b = &e->blocks;

	if (wrong != NULL) {
		log_warnx("blocked prefixes can't be kept: %s", wrong);
		set_problem(e, wrong);
	} else if (!b->left_out) {
		if (b->problem != NULL)
			log_notice(
			    "blocked prefixes are kept again: %s", b->path);
		set_problem(e, NULL);
		retry_reset(&e->blocks_retry);
	}
	if (wrong == NULL)
		b->lines = blocklist_ordered(&b->set);
	free(wrong);
}

static void
on_turn(evutil_socket_t fd, short what, void *arg)
{
	struct timeval now = {0};
	struct engine *e = arg;
	bool done = false;
	char *wrong;

	(void)fd, (void)what;
	if (!journal_is_rewritten(e->blocks.journal))
		return;
	wrong = put_some(e, &done);
	if (wrong == NULL && !done) {
		evtimer_add(e->blocks.turn, &now);
		return;
	}
	if (wrong == NULL)
		wrong = journal_end(e->blocks.journal);
	conclude(e, wrong);
}

void
blocks_rewrite(struct engine *e)
{
	struct timeval now = {0};
	char *wrong;

	if (journal_is_rewritten(e->blocks.journal))
		return;
	if ((wrong = begin(e)) != NULL)
		conclude(e, wrong);
	else
		evtimer_add(e->blocks.turn, &now);
}

char *
blocks_rewrite_at_once(struct engine *e)
{
	bool done = false;
	char *wrong = begin(e);

	while (wrong == NULL && !done)
		wrong = put_some(e, &done);
	if (wrong == NULL)
		wrong = journal_end(e->blocks.journal);
	conclude(e, wrong != NULL ? xstrdup(wrong) : NULL);
	return wrong;
}

/* There is a file to add lines to; or why not. */
static char *
make_ready(struct engine *e)
{
	if (!journal_is_broken(e->blocks.journal))
		return NULL;
	if (blocklist_ordered(&e->blocks.set) <= AT_ONCE)
		return blocks_rewrite_at_once(e);
	blocks_rewrite(e);
	if (!journal_is_rewritten(e->blocks.journal))
		return xstrdup(e->blocks.problem);
	return xasprintf(
	    "%s: is being written anew, try again in a moment", e->blocks.path);
}

static char *
append(struct engine *e, const struct blocked *order)
{
	char *wrong = make_ready(e), *line;
	size_t len;

	if (wrong != NULL)
		return wrong;
	line = blocklist_orders_line(order, &len);
	wrong = journal_append(e->blocks.journal, line, len);
	free(line);
	return wrong;
}

char *
blocks_record(struct engine *e, const struct blocked *order)
{
	struct blocks *b = &e->blocks;
	char *wrong;

	parent_excuse(e);
	wrong = append(e, order);
	/* It was not the file that it was: so it is written anew. */
	if (wrong != NULL && journal_is_broken(b->journal)) {
		free(wrong);
		wrong = append(e, order);
	}
	if (wrong != NULL) {
		log_warnx("blocked prefixes can't be kept: %s", wrong);
		if (journal_is_broken(b->journal))
			set_problem(e, wrong);
		return wrong;
	}
	if (++b->lines > 2 * blocklist_ordered(&b->set) + SLACK)
		blocks_rewrite(e);
	return NULL;
}

void
blocks_not_recorded(struct engine *e, const char *wrong)
{
	set_problem(e, wrong);
	e->blocks.left_out = true;
}

/* NULL, or what is wrong with what was read. */
static char *
understand(struct engine *e, const char *text, size_t len, bool torn)
{
	struct blocks *b = &e->blocks;
	char *why, *wrong;
	bool old;

	why = blocklist_orders_read(text, len, time(NULL), &b->set, &old);
	if (why != NULL) {
		wrong = xasprintf("%s: %s", b->path, why);
		free(why);
		return wrong;
	}
	if (torn)
		log_warnx("%s: the last line was torn off: that order had not "
			  "been confirmed, and is not followed",
		    b->path);
	/* As many as there can be about: of how many is no matter. */
	b->lines = len / LINE_LEAST;
	if (old)
		free(blocks_rewrite_at_once(e));
	return NULL;
}

static void
read_orders(struct engine *e)
{
	struct blocks *b = &e->blocks;
	char *text, *wrong;
	size_t len;
	bool torn;

	wrong = journal_read(b->journal, &text, &len, &torn);
	if (wrong == NULL && text != NULL)
		wrong = understand(e, text, len, torn);
	free(text);
	if (wrong == NULL) {
		if (b->set.count > 0)
			log_notice("%zu orders of before block prefixes: %s",
			    b->set.count, b->path);
		return;
	}
	b->unread = true;
	log_warnx("what was ordered to be blocked can't be known, what is "
		  "blocked stays so: %s",
	    wrong);
	set_problem(e, wrong);
	free(wrong);
}

void
blocks_keep_start(struct engine *e)
{
	struct blocks *b = &e->blocks;

	b->path = xasprintf("%s.blocked", e->conf->state);
	b->journal = journal_new(b->path);
	b->turn = evtimer_new(e->base, on_turn, e);
	if (b->turn == NULL)
		fatalx("no memory for a timer");
	read_orders(e);
}

void
blocks_keep_free(struct engine *e)
{
	if (e->blocks.turn != NULL)
		event_free(e->blocks.turn);
	journal_free(e->blocks.journal);
	free(e->blocks.path);
	free(e->blocks.problem);
}
