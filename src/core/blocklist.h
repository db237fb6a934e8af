/* SPDX-License-Identifier: ISC */

/*
 * The prefixes of sources from which packets for VIPs are dropped: those of the
 * operator's file and those that were ordered at run time, some of these until
 * a time.  One list by prefix, in which an entry also says what the data plane
 * has, so that it can be told the difference bit by bit.
 */

#ifndef CORE_BLOCKLIST_H
#define CORE_BLOCKLIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/addr.h"
#include "core/conf.h"

#define BLOCKLIST_MAX	     100000 /* of IPv4, and of IPv6 */
#define BLOCKLIST_ORDERS_MAX 10000

struct blocked {
	struct prefix prefix;
	bool in_file, ordered; /* neither: no longer wanted */
	bool forced;	       /* ordered in spite of what spoke against it */
	bool applied;	       /* the data plane has it */
	int64_t since;	       /* seconds since the epoch: ordered */
	int64_t until;	       /* likewise, when the order ends; 0 = never */
	int64_t uid;	       /* of who ordered it; -1 = not known */
	uint64_t packets, octets; /* dropped, when last asked */
};

/* All zero: empty. */
struct blocklist {
	struct blocked *list; /* by prefix, each once */
	size_t count;
};

/* Prefixes as a file has them, by prefix, each once. */
struct prefix_list {
	struct prefix *list;
	size_t count;
};

void blocklist_clear(struct blocklist *);

/* Where the first one behind a prefix is, or of all of them, NULL. */
size_t blocklist_behind(const struct blocklist *, const struct prefix *);
/* NULL if it isn't there. */
struct blocked *blocklist_find(const struct blocklist *, const struct prefix *);
/* The same, but it is added, wanted by nobody, if it isn't. */
struct blocked *blocklist_add(struct blocklist *, const struct prefix *);
/* From now on these, and no others, are in the file. */
void blocklist_set_file(struct blocklist *, const struct prefix_list *);
/* The same of what is applied; the list is in any order. */
void blocklist_set_applied(struct blocklist *, struct prefix_list *);
/* End the orders whose time is over: how many were. */
size_t blocklist_expire(struct blocklist *, int64_t now);
/* When the next order ends; 0 = none does. */
int64_t blocklist_next_end(const struct blocklist *);
/* Forget what is neither wanted nor applied. */
void blocklist_compact(struct blocklist *);

bool blocked_is_wanted(const struct blocked *);
/* Wanted, of a family (AF_INET or AF_INET6); 0 = of either. */
size_t blocklist_wanted(const struct blocklist *, int family);
size_t blocklist_ordered(const struct blocklist *);

/*
 * Read a file of prefixes, one a line, "#" to the end of a line being a
 * comment, an address standing for itself.  Whatever is wrong is added to
 * errors, a line each that begins with NAME:LINE; then, *out stays empty.
 */
void blocklist_read(const char *text, size_t len, const char *name,
    struct prefix_list *out, struct conf_errors *errors);
/*
 * What is IPv4 but written as IPv6, ::ffff:192.0.2.1, as logs of servers have
 * it, becomes IPv4: no packet comes from the other.
 */
void blocklist_unmap(struct prefix *);
void prefix_list_add(struct prefix_list *, const struct prefix *);
/* By prefix, each once. */
void prefix_list_sort(struct prefix_list *);
void prefix_list_clear(struct prefix_list *);

/*
 * The text in which orders are kept, of lines: the first one, and one that says
 * that the prefix is ordered, or not, from then on.  free(3) them.
 */
char *blocklist_orders_head(size_t *len);
char *blocklist_orders_line(const struct blocked *, size_t *len);
/*
 * Read such lines, or a text of before there were lines, *old: NULL, or what is
 * wrong, free(3) that; nothing is in *out then.  Orders whose time is over at
 * now are left out.
 */
char *blocklist_orders_read(const char *text, size_t len, int64_t now,
    struct blocklist *out, bool *old);

#endif
