/* SPDX-License-Identifier: ISC */

/*
 * The status page's elements: see status_html.h.
 */

#include <inttypes.h>
#include <string.h>

#include "core/status_html.h"

static const char *const tone_classes[] = {"good", "warning", "bad", "neutral"};

void
html_text(FILE *out, const char *text)
{
	static const char *const entities[] = {['&'] = "&amp;",
	    ['<'] = "&lt;",
	    ['>'] = "&gt;",
	    ['"'] = "&quot;",
	    ['\''] = "&#39;"};
	unsigned char c;

	if (text == NULL)
		return;
	while ((c = *text++) != '\0') {
		if (c < sizeof(entities) / sizeof(entities[0]) &&
		    entities[c] != NULL)
			fputs(entities[c], out);
		else if ((c < ' ' && c != '\n' && c != '\t') || c == 0x7f)
			fputs("&#xFFFD;", out);
		else
			fputc(c, out);
	}
}

void
html_count(FILE *out, int64_t count)
{
	char digits[24];
	size_t i, len;

	len = snprintf(digits, sizeof(digits), "%" PRId64, count);
	for (i = 0; i < len; i++) {
		if (i > 0 && (len - i) % 3 == 0)
			fputs("&#8239;", out); /* narrow no-break space */
		fputc(digits[i], out);
	}
}

void
html_state(FILE *out, enum tone tone, const char *state)
{
	fprintf(out, "<span class=\"state %s\">", tone_classes[tone]);
	html_text(out, state);
	fputs("</span>", out);
}

void
html_table_begin(FILE *out, const char *caption, const char *const *headings)
{
	fputs("<table>\n<caption>", out);
	html_text(out, caption);
	fputs("</caption>\n<thead><tr>", out);
	for (; *headings != NULL; headings++) {
		if (**headings == '#')
			fprintf(out, "<th scope=\"col\" class=\"number\">%s",
			    *headings + 1);
		else
			fprintf(out, "<th scope=\"col\">%s", *headings);
		fputs("</th>", out);
	}
	fputs("</tr></thead>\n<tbody>\n", out);
}

void
html_table_end(FILE *out)
{
	fputs("</tbody>\n</table>\n", out);
}

void
html_row_begin(FILE *out, const char *heading)
{
	fputs("<tr><th scope=\"row\">", out);
	html_text(out, heading);
	fputs("</th>", out);
}

void
html_row_end(FILE *out)
{
	fputs("</tr>\n", out);
}

void
html_cell_begin(FILE *out, const char *label)
{
	fprintf(out, "<td data-label=\"%s\">", label);
}

void
html_cell_end(FILE *out)
{
	fputs("</td>", out);
}

void
html_cell_text(FILE *out, const char *label, const char *text)
{
	html_cell_begin(out, label);
	html_text(out, *text != '\0' ? text : "\xe2\x80\x93");
	html_cell_end(out);
}

void
html_cell_count(FILE *out, const char *label, int64_t count)
{
	fprintf(out, "<td data-label=\"%s\" class=\"number\">", label);
	html_count(out, count);
	html_cell_end(out);
}

void
html_cell_state(FILE *out, const char *label, enum tone tone, const char *state)
{
	html_cell_begin(out, label);
	html_state(out, tone, state);
	html_cell_end(out);
}

void
html_cell_yes(
    FILE *out, const char *label, bool yes, enum tone if_yes, enum tone if_no)
{
	html_cell_state(out, label, yes ? if_yes : if_no, yes ? "yes" : "no");
}
