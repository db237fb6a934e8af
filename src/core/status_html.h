/* SPDX-License-Identifier: ISC */

/*
 * Elements of the status page: everything that comes from the status document
 * is escaped here and nowhere else.
 */

#ifndef CORE_STATUS_HTML_H
#define CORE_STATUS_HTML_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* How a state looks: the class chooses colour and shape in the style. */
enum tone {
	TONE_GOOD,
	TONE_WARNING,
	TONE_BAD,
	TONE_NEUTRAL
};

/*
 * Text from outside.  Control characters, which HTML does not allow, become
 * U+FFFD.  NULL is nothing.
 */
void html_text(FILE *, const char *);
/* A count, its digits in groups of three. */
void html_count(FILE *, int64_t);
void html_state(FILE *, enum tone, const char *state);

/*
 * A table from its caption and column headings, which end with NULL and begin
 * with '#' where the column is of numbers, to its end.
 */
void html_table_begin(FILE *, const char *caption, const char *const *headings);
void html_table_end(FILE *);
void html_row_begin(FILE *, const char *heading);
void html_row_end(FILE *);

/*
 * A cell.  The label, static text, is its column's heading again: it stands
 * above the value where the window is too narrow for columns.
 */
void html_cell_begin(FILE *, const char *label);
void html_cell_end(FILE *);
void html_cell_text(FILE *, const char *label, const char *);
void html_cell_count(FILE *, const char *label, int64_t);
void html_cell_state(FILE *, const char *label, enum tone, const char *);
void html_cell_yes(
    FILE *, const char *label, bool yes, enum tone if_yes, enum tone if_no);

#endif
