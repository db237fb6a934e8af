/* SPDX-License-Identifier: ISC */

/*
 * The status page's part about what happened last.
 */

#include "core/status_html.h"
#include "core/status_page.h"
#include "core/status_value.h"

static void
put_event(FILE *out, const json_t *event)
{
	char at[STATUS_TIME_STRLEN];

	html_row_begin(out, status_time(status_number(event, "at") / 1000, at));
	html_cell_text(out, "Kind", status_string(event, "kind"));
	html_cell_text(out, "Subject", status_string(event, "subject"));
	html_cell_text(out, "From", status_string(event, "from"));
	html_cell_text(out, "To", status_string(event, "to"));
	html_cell_text(out, "Reason", status_string(event, "reason"));
	html_row_end(out);
}

/* The newest first: it is what people come for. */
void
page_history(FILE *out, const json_t *status)
{
	static const char *const headings[] = {
	    "Time", "Kind", "Subject", "From", "To", "Reason", NULL};
	const json_t *history = json_object_get(status, "history");
	size_t i;

	html_table_begin(out, "What happened last", headings);
	for (i = json_array_size(history); i > 0; i--)
		put_event(out, json_array_get(history, i - 1));
	html_table_end(out);
}
