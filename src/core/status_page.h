/* SPDX-License-Identifier: ISC */

/*
 * The status page in pieces, since that of many servers takes long to make; and
 * its parts that are in files of their own, and what they share.
 */

#ifndef CORE_STATUS_PAGE_H
#define CORE_STATUS_PAGE_H

#include <stdio.h>

#include <jansson.h>

/*
 * In this order: the beginning; of each service its beginning, its destinations
 * and its end; and the end.  At the beginning, "services" is only looked at for
 * how many there are, and are "ok".
 */
void page_begin(FILE *, const json_t *status);
void page_service_begin(FILE *, const json_t *service);
void page_destination(FILE *, const json_t *destination);
void page_service_end(FILE *);
void page_end(FILE *, const json_t *status);

/*
 * A table of counters with their meaning: each an object of a name, of which
 * key is the key, "help", and a number, of which count is the key.  The
 * headings are as html_table_begin's.
 */
void page_counts(FILE *, const char *caption, const char *const *headings,
    const json_t *counts, const char *key, const char *count);

/* Other instances, and how sharing flows with them goes. */
void page_sync(FILE *, const json_t *status);

/* A health check of a destination, within a cell. */
void page_check(FILE *, const json_t *check);

/* bgpd and its neighbours. */
void page_bgp(FILE *, const json_t *status);

/* What happened last. */
void page_history(FILE *, const json_t *status);
/* What was ordered at run time; nothing if nothing was. */
void page_orders(FILE *, const json_t *status);
/* What was ordered of this object, if anything was. */
void page_order(FILE *, const json_t *object);

#endif
