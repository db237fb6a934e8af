/* SPDX-License-Identifier: ISC */

/*
 * Text for the terminal: aligned columns, and nothing that the terminal would
 * act upon.
 */

#ifndef CTL_TABLE_H
#define CTL_TABLE_H

#include <stdarg.h>
#include <stddef.h>

struct table;

/*
 * Of the headings, which end with NULL and must outlive the table, those that
 * begin with '#' are of columns of numbers, to be aligned at the right.
 */
struct table *table_new(const char *const *headings);
void table_free(struct table *);

/* The next cell; "" and NULL are shown as "-".  Copied. */
void table_add(struct table *, const char *);
void table_addf(struct table *, const char *, ...)
    __attribute__((format(printf, 2, 3)));

/* Write it to standard output, each line after an indentation. */
void table_print(const struct table *, unsigned indent);

/*
 * The text with everything that is not printable ASCII encoded as vis(3)
 * does: free(3) it.  NULL is "".  A backslash stays one, since messages of vc5d
 * have what is not printable as \xNN already.
 */
char *safe_text(const char *);

/* printf(3) of such a text, and warnx(3). */
void safe_printf(const char *, ...) __attribute__((format(printf, 1, 2)));
void safe_warnx(const char *, ...) __attribute__((format(printf, 1, 2)));
void safe_vwarnx(const char *, va_list) __attribute__((format(printf, 1, 0)));

#endif
