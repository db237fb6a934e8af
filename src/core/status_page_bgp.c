/* SPDX-License-Identifier: ISC */

/*
 * The status page's part about BGP.
 */

#include <inttypes.h>
#include <string.h>

#include "core/status_html.h"
#include "core/status_page.h"
#include "core/status_value.h"

/* Why a session ended last. */
static void
put_neighbour_error(FILE *out, const char *error)
{
	if (*error == '\0')
		return;
	fputs(" <small>", out);
	html_text(out, error);
	fputs("</small>", out);
}

static void
put_neighbours(FILE *out, const json_t *bgp)
{
	static const char *const headings[] = {"Neighbour", "State",
	    "Description", "#AS", "#Received", "#Announced", NULL};
	const json_t *neighbour;
	char age[STATUS_AGE_STRLEN];
	const char *state;
	size_t i;

	html_table_begin(out, "BGP neighbours", headings);
	json_array_foreach(json_object_get(bgp, "neighbours"), i, neighbour) {
		state = status_string(neighbour, "state");
		html_row_begin(out, status_string(neighbour, "address"));
		html_cell_begin(out, "State");
		html_state(out,
		    strcmp(state, "Established") == 0 ? TONE_GOOD : TONE_BAD,
		    state);
		fprintf(out, " <small>%s</small>",
		    status_age(status_number(neighbour, "uptime"), age));
		put_neighbour_error(out, status_string(neighbour, "error"));
		html_cell_end(out);
		html_cell_text(out, "Description",
		    status_string(neighbour, "description"));
		fprintf(out,
		    "<td data-label=\"AS\" class=\"number\">%" PRId64 "</td>",
		    status_number(neighbour, "as"));
		html_cell_count(
		    out, "Received", status_number(neighbour, "received"));
		html_cell_count(
		    out, "Announced", status_number(neighbour, "announced"));
		html_row_end(out);
	}
	html_table_end(out);
}

void
page_bgp(FILE *out, const json_t *status)
{
	const json_t *bgp = json_object_get(status, "bgp");
	bool connected = status_true(bgp, "connected");

	fputs("<h2>BGP</h2>\n<p>", out);
	if (!status_true(bgp, "enabled")) {
		html_state(out, TONE_NEUTRAL, "disabled");
		fputs("</p>\n", out);
		return;
	}
	html_state(out, connected ? TONE_GOOD : TONE_BAD,
	    connected ? "connected to bgpd" : "not connected to bgpd");
	fputc(' ', out);
	html_text(out, status_string(bgp, "error"));
	fputs("</p>\n", out);
	put_neighbours(out, bgp);
}
