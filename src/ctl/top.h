/* SPDX-License-Identifier: ISC */

/*
 * vc5ctl top: a live view of who gets what.
 */

#ifndef CTL_TOP_H
#define CTL_TOP_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ctl/grammar.h"

enum top_rate {
	TOP_PACKETS,
	TOP_BITS,
	TOP_FLOWS /* new ones */
};

#define TOP_RATES 3

enum top_sort {
	TOP_BY_PACKETS,
	TOP_BY_BITS,
	TOP_BY_FLOWS,
	TOP_BY_NAME,
	TOP_BY_STATE
};

/* A service, or a destination.  Texts are safe for a terminal. */
struct top_row {
	char *key;  /* which no other row has */
	char *what; /* VIP, port and protocol; or a server's address */
	char *of;   /* a service's name; or the service that the server is of */
	char *state; /* "ok", "up", ... */
	bool good;
	char *share;		   /* "2/3" up, or a weight */
	int64_t counts[TOP_RATES]; /* since it came to be */
	double rates[TOP_RATES];   /* a second; negative = not known yet */
};

struct top_table {
	struct top_row *rows;
	size_t count;
	uint64_t at; /* monotonic ms */
};

/* top_table.c */

/* Of services, as in the status document, or their destinations. */
struct top_table *
top_table_new(const json_t *services, bool destinations, uint64_t now);
void top_table_free(struct top_table *);
/* Work out rates since the table of before, which may be NULL. */
void top_table_rate(struct top_table *, struct top_table *before);
/* The most first, or names from A to Z; reversed the other way round. */
void top_table_sort(struct top_table *, enum top_sort, bool reversed);
/* The sum of a rate of all rows; negative = not known. */
double top_table_sum(const struct top_table *, enum top_rate);

#define TOP_RATE_STRLEN 16
/* "0", "12", "1.23k", "45.6M", "-" in buf, which is returned. */
const char *top_rate_format(double rate, char buf[TOP_RATE_STRLEN]);

/* top_screen.c */

/* What is shown, and how. */
struct top_view {
	const json_t *head;	 /* of the status document */
	struct top_table *table; /* sorted */
	bool destinations, reversed, help;
	bool lost; /* vc5d did not answer the last time */
	enum top_sort sort;
	unsigned interval; /* s */
	size_t first;	   /* row that is shown at the top */
	double drops;	   /* a second; negative = not known */
};

/* Take the terminal over: 0, or -1 after having said why it can't be. */
int top_screen_open(void);
/* Give it back as it was. */
void top_screen_close(void);
void top_screen_draw(const struct top_view *);
/* How many rows fit. */
size_t top_screen_rows(void);

/* top.c */

command_fn show_top;

#endif
