/* SPDX-License-Identifier: ISC */

/*
 * The status page's services, and their destinations.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xmalloc.h"
#include "core/status_html.h"
#include "core/status_page.h"
#include "core/status_value.h"

static void
put_destination_state(FILE *out, const json_t *destination)
{
	static const struct {
		const char *state;
		enum tone tone;
	} tones[] = {
	    {"up", TONE_GOOD},
	    {"draining", TONE_WARNING},
	    {"down", TONE_BAD},
	};
	const char *state = status_string(destination, "state");
	char age[STATUS_AGE_STRLEN];
	enum tone tone = TONE_NEUTRAL;
	size_t i;

	for (i = 0; i < sizeof(tones) / sizeof(tones[0]); i++) {
		if (strcmp(state, tones[i].state) == 0)
			tone = tones[i].tone;
	}
	html_cell_begin(out, "State");
	html_state(out, tone, state);
	page_order(out, destination);
	fprintf(out, " <small>%s</small>",
	    status_age(status_number(destination, "since"), age));
	html_cell_end(out);
}

/* The way to it: by what delivery, interface, VLAN, gateway and address. */
static void
put_way(FILE *out, const json_t *destination)
{
	const char *gateway = status_string(destination, "gateway");
	const char *problem = status_string(destination, "problem");
	int64_t vlan = status_number(destination, "vlan");

	html_cell_begin(out, "Next hop");
	html_text(out, status_string(destination, "delivery"));
	fputc(' ', out);
	html_text(out, status_string(destination, "interface"));
	if (vlan != 0)
		fprintf(out, " VLAN %" PRId64, vlan);
	fputs(" <small>", out);
	if (*gateway != '\0') {
		fputs("by ", out);
		html_text(out, gateway);
		fputc(' ', out);
	}
	html_text(out,
	    json_is_string(json_object_get(destination, "mac"))
		? status_string(destination, "mac")
		: "not resolved");
	fputs("</small>", out);
	if (*problem != '\0') {
		fputs("<div>", out);
		html_state(out, TONE_BAD, problem);
		fputs("</div>", out);
	}
	html_cell_end(out);
}

void
page_destination(FILE *out, const json_t *destination)
{
	const json_t *checks = json_object_get(destination, "checks"), *check;
	char weight[STATUS_WEIGHT_STRLEN];
	size_t i;

	html_row_begin(out, status_string(destination, "address"));
	put_destination_state(out, destination);
	fputs("<td data-label=\"Checks\" class=\"checks\">", out);
	if (json_array_size(checks) == 0)
		fputs("none", out);
	json_array_foreach(checks, i, check) {
		page_check(out, check);
	}
	html_cell_end(out);
	put_way(out, destination);
	fputs("<td data-label=\"Weight\" class=\"number\">", out);
	fputs(status_weight(destination, weight), out);
	html_cell_end(out);
	html_cell_count(out, "Flows", status_number(destination, "flows"));
	html_cell_count(
	    out, "Stateless", status_number(destination, "stateless"));
	html_cell_count(out, "Packets", status_number(destination, "packets"));
	html_cell_count(out, "Bytes", status_number(destination, "bytes"));
	html_row_end(out);
}

/* What a service is and has done, in a line or two. */
static void
put_service_facts(FILE *out, const json_t *service)
{
	bool ok = status_true(service, "ok");

	fputs("<p>", out);
	html_state(out, ok ? TONE_GOOD : TONE_BAD, ok ? "ok" : "not ok");
	page_order(out, service);
	fprintf(out, " %" PRId64 " of %" PRId64 " up, %" PRId64 " needed. ",
	    status_number(service, "up"),
	    status_number(service, "destinations_total"),
	    status_number(service, "need"));
	html_text(out, status_string(service, "description"));
	fputs(" <small>", out);
	html_text(out, status_string(service, "scheduler"));
	fputs(status_true(service, "sticky") ? ", sticky. " : ". ", out);
	html_count(out, status_number(service, "flows"));
	fputs(" flows, ", out);
	html_count(out, status_number(service, "packets"));
	fputs(" packets, ", out);
	html_count(out, status_number(service, "bytes"));
	fputs(" bytes; ", out);
	html_count(out, status_number(service, "no_destination"));
	fputs(" packets had no destination.</small></p>\n", out);
}

void
page_service_begin(FILE *out, const json_t *service)
{
	static const char *const headings[] = {"Destination", "State", "Checks",
	    "Next hop", "#Weight", "#Flows", "#Stateless", "#Packets", "#Bytes",
	    NULL};
	char *key, *caption;

	key = status_service_key(service);
	caption = xasprintf("Destinations of %s", key);
	fputs("<section>\n<h3>", out);
	html_text(out, key);
	fputs(" <span class=\"name\">", out);
	html_text(out, status_string(service, "name"));
	fputs("</span></h3>\n", out);
	put_service_facts(out, service);
	html_table_begin(out, caption, headings);
	free(caption);
	free(key);
}

void
page_service_end(FILE *out)
{
	html_table_end(out);
	fputs("</section>\n", out);
}
