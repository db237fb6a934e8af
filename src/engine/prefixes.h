/* SPDX-License-Identifier: ISC */

/*
 * Sources of packets, by prefix: those that are blocked (blocks*.c), and what
 * was counted of all, against the baseline (sources.c).
 *
 * What is ordered to be blocked, and the baseline, are kept in files beside the
 * one that "state" names: with ".blocked" and ".prefixes" added to its name.
 */

#ifndef ENGINE_PREFIXES_H
#define ENGINE_PREFIXES_H

#include <jansson.h>

#include "core/blocklist.h"
#include "core/conf.h"

struct engine;
struct evbuffer;
struct event;
struct journal;

/* blocks.c */

struct blocks {
	struct blocklist set;
	bool stale;	     /* some is to be forgotten, or finds room now */
	struct event *timer; /* the data plane is to be told of differences */
	size_t cursor;	     /* it was told of those before this one */
	size_t counted;	     /* counters were read of those before this one */
	int64_t next_end;   /* seconds since the epoch, of an order; 0 = none */
	char *path;	    /* of the file that keeps what was ordered */
	char *problem;	    /* why that has, or may have, others; or NULL */
	char *file_problem; /* why the configured file is not in force */
	bool unread;	    /* that of the orders could not be read */
	struct journal *journal; /* that file */
	size_t lines;		 /* of it, about */
	struct event *turn;	 /* it is written anew, some at a time */
	bool begun;		 /* ... up to this one */
	struct prefix written;
	bool left_out;	  /* what was changed since it began may not be in it */
	unsigned changes; /* counts changes of the set */
	bool failed;	  /* the data plane refused some of them */
	/* Of IPv4, and of IPv6, which have room of their own: */
	struct {
		size_t applied; /* entries that the data plane has */
		bool refused;	/* it would block no more */
		bool waits;	/* there was no room for some */
	} families[2];
};

/*
 * Read the configured file, if there is one: whatever is wrong is added to
 * errors.
 */
void blocks_read_file(
    const struct conf *, struct prefix_list *, struct conf_errors *errors);
/* At start: read what was ordered, see what a predecessor has blocked. */
void blocks_start(struct engine *);
/* After a reload: these are in the configured file.  Takes the list. */
void blocks_follow(struct engine *, struct prefix_list *);
/* Each second. */
void blocks_tick(struct engine *);
/* The set was changed: tell the data plane. */
void blocks_apply(struct engine *);
/* The same of one entry, which is cheaper: NULL, or why it is not so yet. */
const char *blocks_apply_one(struct engine *, const struct prefix *);
/* "blocked" of the status document: how many; a new reference. */
json_t *blocks_count_json(const struct engine *);
/* "blocked" of the document of prefixes: those that drop most. */
json_t *blocks_json(struct engine *);
void blocks_problems(const struct engine *, json_t *list);
void blocks_free(struct engine *);

/* blocks_keep.c */

/* At start: read what was ordered. */
void blocks_keep_start(struct engine *);
void blocks_keep_free(struct engine *);
/*
 * The prefix is ordered to be blocked, or, unless "ordered", no longer: NULL if
 * that is kept, or why it can't be; free(3) it.
 */
char *blocks_record(struct engine *, const struct blocked *);
/* It is followed all the same: try again to keep all that is ordered. */
void blocks_not_recorded(struct engine *, const char *why);
/* Write the file of orders anew: some at a time, or at once: NULL, or why not.
 */
void blocks_rewrite(struct engine *);
char *blocks_rewrite_at_once(struct engine *);

/* blocks_console.c: the control socket's "block" and "unblock". */

json_t *console_block(struct engine *, const json_t *request);
json_t *console_unblock(struct engine *, const json_t *request);

/* sources.c */

struct sources;

/* At start: read the baseline. */
void sources_start(struct engine *);
void sources_free(struct engine *);
/*
 * Append what /prefixes.json has (vc5d-api(5)): of either version of IP the
 * prefixes that send most, and the blocked ones that drop most.
 */
void engine_prefixes(struct engine *, struct evbuffer *out);
/* The control socket's "prefixes", and "baseline": save one. */
json_t *console_prefixes(struct engine *, const json_t *request);
json_t *console_baseline(struct engine *, const json_t *request);

#endif
