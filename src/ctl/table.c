/* SPDX-License-Identifier: ISC */

/*
 * Text for the terminal: see table.h.
 */

#include <err.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* vis(3) is the same everywhere; the warning is about another function. */
#define LIBBSD_OPENBSD_VIS
#include <vis.h>

#include "base/xmalloc.h"
#include "ctl/table.h"

#define GAP 2 /* spaces between columns */

struct table {
	const char *const *headings;
	size_t columns;
	char **cells; /* in rows, safe */
	size_t count;
};

char *
safe_text(const char *text)
{
	const int flags = VIS_TAB | VIS_NL | VIS_CSTYLE;
	char *safe, *end;

	if (text == NULL)
		text = "";
	end = safe = xcalloc(strlen(text) + 1, 4);
	for (; *text != '\0'; text++)
		if (*text == '\\')
			*end++ = *text;
		else
			end = vis(end, (unsigned char)*text, flags,
			    (unsigned char)text[1]);
	return safe;
}

static char *__attribute__((format(printf, 1, 0)))
safe_vformat(const char *format, va_list ap)
{
	char *text, *safe;

	if (vasprintf(&text, format, ap) == -1)
		abort();
	safe = safe_text(text);
	free(text);
	return safe;
}

void
safe_printf(const char *format, ...)
{
	va_list ap;
	char *safe;

	va_start(ap, format);
	safe = safe_vformat(format, ap);
	va_end(ap);
	fputs(safe, stdout);
	free(safe);
}

void
safe_vwarnx(const char *format, va_list ap)
{
	char *safe = safe_vformat(format, ap);

	warnx("%s", safe);
	free(safe);
}

void
safe_warnx(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	safe_vwarnx(format, ap);
	va_end(ap);
}

struct table *
table_new(const char *const *headings)
{
	struct table *table = xcalloc(1, sizeof(*table));

	table->headings = headings;
	while (headings[table->columns] != NULL)
		table->columns++;
	return table;
}

void
table_free(struct table *table)
{
	size_t i;

	if (table == NULL)
		return;
	for (i = 0; i < table->count; i++)
		free(table->cells[i]);
	free(table->cells);
	free(table);
}

/* Takes the text. */
static void
table_take(struct table *table, char *safe)
{
	/* Grown by whole rows. */
	if (table->count % table->columns == 0)
		table->cells = xreallocarray(table->cells,
		    table->count + table->columns, sizeof(*table->cells));
	table->cells[table->count++] = safe;
}

void
table_add(struct table *table, const char *text)
{
	table_take(
	    table, safe_text(text == NULL || *text == '\0' ? "-" : text));
}

void
table_addf(struct table *table, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	table_take(table, safe_vformat(format, ap));
	va_end(ap);
}

static const char *
heading(const struct table *table, size_t column)
{
	const char *text = table->headings[column];

	return *text == '#' ? text + 1 : text;
}

static int
column_width(const struct table *table, size_t column)
{
	size_t i, len, width = strlen(heading(table, column));

	for (i = column; i < table->count; i += table->columns) {
		len = strlen(table->cells[i]);
		if (len > width)
			width = len;
	}
	return (int)width;
}

static void
print_cell(const struct table *table, size_t column, const int *widths,
    const char *text)
{
	int width = widths[column];

	if (*table->headings[column] != '#')
		width = column + 1 < table->columns ? -width : 0;
	printf("%*s%*s", column > 0 ? GAP : 0, "", width, text);
}

void
table_print(const struct table *table, unsigned indent)
{
	int *widths = xcalloc(table->columns, sizeof(*widths));
	size_t i;

	for (i = 0; i < table->columns; i++)
		widths[i] = column_width(table, i);
	printf("%*s", (int)indent, "");
	for (i = 0; i < table->columns; i++)
		print_cell(table, i, widths, heading(table, i));
	putchar('\n');
	for (i = 0; i < table->count; i++) {
		if (i % table->columns == 0)
			printf("%*s", (int)indent, "");
		print_cell(table, i % table->columns, widths, table->cells[i]);
		if ((i + 1) % table->columns == 0)
			putchar('\n');
	}
	free(widths);
}
