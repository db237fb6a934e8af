/* SPDX-License-Identifier: ISC */

/*
 * The status page's part about other instances.
 */

#include <inttypes.h>
#include <string.h>

#include "core/status_html.h"
#include "core/status_page.h"
#include "core/status_value.h"

static void
put_state(FILE *out, const json_t *peer)
{
	const char *state = status_string(peer, "state");
	char age[STATUS_AGE_STRLEN];

	html_cell_begin(out, "State");
	html_state(out,
	    strcmp(state, "up") == 0	       ? TONE_GOOD
		: strcmp(state, "left") == 0   ? TONE_NEUTRAL
		: strcmp(state, "silent") == 0 ? TONE_BAD
					       : TONE_WARNING,
	    state);
	fprintf(out, " <small>heard %s ago%s</small>",
	    status_age(status_number(peer, "age"), age),
	    status_true(peer, "learning") ? ", learning" : "");
	html_cell_end(out);
}

/* What is other there than here; for a while that is nothing unusual. */
static void
put_differs(FILE *out, const json_t *peer)
{
	const json_t *differs, *services, *service;
	bool alarm = status_true(peer, "alarm");
	size_t i, j;

	html_cell_begin(out, "Differs");
	json_array_foreach(json_object_get(peer, "differs"), i, differs) {
		fputs("<div>", out);
		html_state(out, alarm ? TONE_BAD : TONE_NEUTRAL,
		    status_string(differs, "what"));
		services = json_object_get(differs, "services");
		json_array_foreach(services, j, service) {
			fputs(j == 0 ? ": " : ", ", out);
			html_text(out, json_string_value(service));
		}
		fputs("</div>", out);
	}
	html_cell_end(out);
}

static void
put_peers(FILE *out, const json_t *sync)
{
	static const char *const headings[] = {
	    "Instance", "State", "Address", "Differs", "#Flows", "#Lost", NULL};
	const json_t *peer;
	size_t i;

	html_table_begin(out, "Other instances", headings);
	json_array_foreach(json_object_get(sync, "peers"), i, peer) {
		html_row_begin(out, status_string(peer, "name"));
		put_state(out, peer);
		html_cell_text(out, "Address", status_string(peer, "address"));
		put_differs(out, peer);
		html_cell_count(out, "Flows", status_number(peer, "flows"));
		html_cell_count(out, "Lost", status_number(peer, "lost"));
		html_row_end(out);
	}
	html_table_end(out);
}

static void
put_traffic(FILE *out, const json_t *sync)
{
	static const char *const headings[] = {
	    "Datagrams", "#Datagrams", "#Bytes", "#Flows", NULL};
	static const char *const ways[] = {"sent", "received"};
	const json_t *traffic;
	size_t i;

	html_table_begin(out, "Sync's datagrams", headings);
	for (i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		traffic = json_object_get(sync, ways[i]);
		html_row_begin(out, ways[i]);
		html_cell_count(
		    out, "Datagrams", status_number(traffic, "datagrams"));
		html_cell_count(out, "Bytes", status_number(traffic, "bytes"));
		html_cell_count(out, "Flows", status_number(traffic, "flows"));
		html_row_end(out);
	}
	html_table_end(out);
}

static void
put_state_of_own(FILE *out, const json_t *sync)
{
	const char *problem = status_string(sync, "problem");

	fputs("<p>", out);
	if (*problem != '\0')
		html_state(out, TONE_BAD, problem);
	else if (status_true(sync, "learning"))
		html_state(out, TONE_WARNING, "learning");
	else
		html_state(out, TONE_GOOD, "sharing flows");
	fputs(" as ", out);
	html_text(out, status_string(sync, "instance"));
	fputs(" of ", out);
	html_text(out, status_string(sync, "cluster"));
	fputs(" <small>interface ", out);
	html_text(out, status_string(sync, "interface"));
	fputs(", group ", out);
	html_text(out, status_string(sync, "group"));
	fprintf(out, ", port %" PRId64 "</small></p>\n",
	    status_number(sync, "port"));
}

void
page_sync(FILE *out, const json_t *status)
{
	static const char *const drops[] = {
	    "Reason", "#Datagrams", "Meaning", NULL};
	static const char *const results[] = {
	    "Result", "#Flows", "Meaning", NULL};
	const json_t *sync = json_object_get(status, "sync");

	if (!status_true(sync, "enabled"))
		return;
	fputs("<h2>Sync</h2>\n", out);
	put_state_of_own(out, sync);
	put_peers(out, sync);
	put_traffic(out, sync);
	page_counts(out, "Datagrams not taken", drops,
	    json_object_get(sync, "dropped"), "reason", "packets");
	page_counts(out, "Flows received", results,
	    json_object_get(sync, "learnt"), "result", "flows");
}
