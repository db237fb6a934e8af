/* SPDX-License-Identifier: ISC */

/*
 * The status document as one HTML page: what is wrong on top, then everything
 * else.  No script, nothing from elsewhere; states are words and shapes
 * before they are colours.
 */

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/xmalloc.h"
#include "core/status.h"
#include "core/status_html.h"
#include "core/status_page.h"
#include "core/status_style.h"
#include "core/status_value.h"

#define REFRESH 5 /* seconds */

/* What is wrong, including why the last reload was refused. */
static void
put_problems(FILE *out, const json_t *status)
{
	const json_t *config = json_object_get(status, "config");
	const json_t *problems = json_object_get(status, "problems");
	const json_t *errors = json_object_get(config, "errors"), *line;
	size_t i;

	if (json_array_size(problems) + json_array_size(errors) == 0) {
		fputs("<p class=\"banner\">", out);
		html_state(out, TONE_GOOD, "No problems");
		fputs("</p>\n", out);
		return;
	}
	fputs("<section class=\"banner problems\">\n<h2>", out);
	html_state(out, TONE_BAD, "Problems");
	fputs("</h2>\n<ul>\n", out);
	json_array_foreach(problems, i, line) {
		fputs("<li>", out);
		html_text(out, json_string_value(line));
		fputs("</li>\n", out);
	}
	json_array_foreach(errors, i, line) {
		fputs("<li>Reload refused: <code>", out);
		html_text(out, json_string_value(line));
		fputs("</code></li>\n", out);
	}
	fputs("</ul>\n</section>\n", out);
}

static void
put_severity(FILE *out, const char *severity)
{
	bool bad =
	    strcmp(severity, "critical") == 0 || strcmp(severity, "high") == 0;

	html_cell_begin(out, "Severity");
	html_state(out, bad ? TONE_BAD : TONE_WARNING, severity);
	html_cell_end(out);
}

static void
put_alerts(FILE *out, const json_t *status)
{
	static const char *const headings[] = {
	    "Alert", "Severity", "Since", "Text", NULL};
	const json_t *alerts = json_object_get(status, "alerts"), *alert;
	char age[STATUS_AGE_STRLEN];
	size_t i;

	if (json_array_size(alerts) == 0)
		return;
	html_table_begin(out, "Alerts", headings);
	json_array_foreach(alerts, i, alert) {
		html_row_begin(out, status_string(alert, "id"));
		put_severity(out, status_string(alert, "severity"));
		html_cell_text(out, "Since",
		    status_age(status_number(alert, "since"), age));
		html_cell_text(out, "Text", status_string(alert, "text"));
		html_row_end(out);
	}
	html_table_end(out);
}

static void __attribute__((format(printf, 3, 4)))
put_fact(FILE *out, const char *name, const char *format, ...)
{
	va_list ap;
	char *text;

	va_start(ap, format);
	if (vasprintf(&text, format, ap) == -1)
		fatal("vasprintf");
	va_end(ap);
	fprintf(out, "<div><dt>%s</dt><dd>", name);
	html_text(out, text);
	fputs("</dd></div>\n", out);
	free(text);
}

static void
put_summary(FILE *out, const json_t *status)
{
	const json_t *config = json_object_get(status, "config");
	const json_t *services = json_object_get(status, "services");
	const json_t *vips = json_object_get(status, "vips");
	const json_t *flows = json_object_get(status, "flows");
	const json_t *engine = json_object_get(status, "engine");
	char loaded[STATUS_TIME_STRLEN];

	fputs("<dl>\n", out);
	put_fact(out, "Services that have what they need", "%zu of %zu",
	    status_count_true(services, "ok"), json_array_size(services));
	put_fact(out, "VIPs announced", "%zu of %zu",
	    status_count_true(vips, "announced"), json_array_size(vips));
	fputs("<div><dt>Confirmed flows</dt><dd>", out);
	html_count(out, status_number(flows, "confirmed"));
	fputs(" of ", out);
	html_count(out, status_number(flows, "capacity"));
	fputs("</dd></div>\n", out);
	put_fact(out, "Configuration", "%s, loaded %s, reloads: %" PRId64,
	    status_string(config, "file"),
	    status_time(status_number(config, "loaded"), loaded),
	    status_number(config, "reloads"));
	if (status_number(engine, "restarts") > 0)
		put_fact(out, "Engine",
		    "restarted %" PRId64 " times, last %s: %s",
		    status_number(engine, "restarts"),
		    status_time(status_number(engine, "died"), loaded),
		    status_string(engine, "reason"));
	fputs("</dl>\n", out);
}

static void
put_vip_state(FILE *out, const json_t *vip)
{
	const char *state = status_string(vip, "state");
	enum tone tone = TONE_WARNING;

	if (strcmp(state, "announced") == 0)
		tone = TONE_GOOD;
	else if (strcmp(state, "withdrawn") == 0 &&
	    *status_string(vip, "order") == '\0')
		tone = TONE_BAD;
	html_cell_begin(out, "State");
	html_state(out, tone, state);
	fputs(" <small>", out);
	html_text(out, status_string(vip, "reason"));
	fputs("</small>", out);
	html_cell_end(out);
}

static void
put_vips(FILE *out, const json_t *status)
{
	static const char *const headings[] = {
	    "VIP", "Wanted", "Announced", "State", NULL};
	const json_t *vips = json_object_get(status, "vips"), *vip;
	bool wanted, announced;
	size_t i;

	html_table_begin(out, "VIPs", headings);
	json_array_foreach(vips, i, vip) {
		wanted = status_true(vip, "wanted");
		announced = status_true(vip, "announced");
		html_row_begin(out, status_string(vip, "address"));
		if (status_true(vip, "local"))
			html_cell_state(
			    out, "Wanted", TONE_BAD, "no, local address");
		else if (*status_string(vip, "order") != '\0')
			html_cell_state(
			    out, "Wanted", TONE_WARNING, "no, as ordered");
		else
			html_cell_yes(
			    out, "Wanted", wanted, TONE_GOOD, TONE_BAD);
		html_cell_yes(out, "Announced", announced,
		    wanted ? TONE_GOOD : TONE_WARNING,
		    wanted ? TONE_BAD : TONE_NEUTRAL);
		put_vip_state(out, vip);
		html_row_end(out);
	}
	html_table_end(out);
}

static void
put_service(FILE *out, const json_t *service)
{
	const json_t *destination;
	size_t i;

	page_service_begin(out, service);
	json_array_foreach(
	    json_object_get(service, "destinations"), i, destination) {
		page_destination(out, destination);
	}
	page_service_end(out);
}

/* Of a bond that its members stand in for. */
static void
put_members(FILE *out, const json_t *interface)
{
	const json_t *member;
	size_t i;

	html_cell_begin(out, "Members");
	json_array_foreach(json_object_get(interface, "members"), i, member) {
		if (i > 0)
			fputs(", ", out);
		html_text(out, status_string(member, "name"));
		if (status_true(member, "attached"))
			fputs(" <small>attached</small>", out);
	}
	html_cell_end(out);
}

static void
put_interfaces(FILE *out, const json_t *status)
{
	static const char *const headings[] = {
	    "Interface", "Link", "Attached", "Mode", "Members", NULL};
	const json_t *interface;
	bool attached, up;
	size_t i;

	html_table_begin(out, "Interfaces", headings);
	json_array_foreach(
	    json_object_get(status, "interfaces"), i, interface) {
		attached = status_true(interface, "attached");
		up = status_true(interface, "up");
		html_row_begin(out, status_string(interface, "name"));
		html_cell_state(
		    out, "Link", up ? TONE_GOOD : TONE_BAD, up ? "up" : "down");
		html_cell_yes(out, "Attached", attached, TONE_GOOD, TONE_BAD);
		html_cell_text(out, "Mode",
		    !attached				   ? ""
			: status_true(interface, "native") ? "native"
							   : "generic");
		put_members(out, interface);
		html_row_end(out);
	}
	html_table_end(out);
}

static void
put_flows(FILE *out, const json_t *status)
{
	static const char *const headings[] = {"State", "#Flows", NULL};
	static const char *const keys[] = {
	    "confirmed", "embryonic", "idle", "closed", "capacity"};
	const json_t *flows = json_object_get(status, "flows");
	size_t i;

	html_table_begin(out, "Flow table", headings);
	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		html_row_begin(out, keys[i]);
		html_cell_count(out, "Flows", status_number(flows, keys[i]));
		html_row_end(out);
	}
	html_table_end(out);
}

void
page_counts(FILE *out, const char *caption, const char *const *headings,
    const json_t *counts, const char *key, const char *count)
{
	const json_t *item;
	size_t i;

	html_table_begin(out, caption, headings);
	json_array_foreach(counts, i, item) {
		html_row_begin(out, status_string(item, key));
		html_cell_count(
		    out, headings[1] + 1, status_number(item, count));
		html_cell_text(out, "Meaning", status_string(item, "help"));
		html_row_end(out);
	}
	html_table_end(out);
}

static void
put_drops(FILE *out, const json_t *status)
{
	static const char *const drops[] = {
	    "Reason", "#Packets", "Meaning", NULL};
	static const char *const answers[] = {
	    "Kind", "#Packets", "Meaning", NULL};

	page_counts(out, "Packets dropped", drops,
	    json_object_get(status, "drops"), "reason", "packets");
	page_counts(out, "ICMP made for VIPs", answers,
	    json_object_get(status, "answers"), "kind", "packets");
}

static void
put_head(FILE *out, const json_t *status)
{
	const json_t *config = json_object_get(status, "config");
	size_t problems = json_array_size(json_object_get(status, "problems")) +
	    json_array_size(json_object_get(config, "errors"));
	char age[STATUS_AGE_STRLEN], now[STATUS_TIME_STRLEN];

	fprintf(out,
	    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
	    "<meta charset=\"utf-8\">\n"
	    "<meta http-equiv=\"refresh\" content=\"%d\">\n"
	    "<meta name=\"viewport\" content=\"width=device-width, "
	    "initial-scale=1\">\n"
	    "<meta name=\"color-scheme\" content=\"light dark\">\n<title>",
	    REFRESH);
	if (problems > 0)
		fprintf(out, "(%zu) ", problems);
	html_text(out, status_string(status, "hostname"));
	fprintf(out, " - vc5d</title>\n<style>\n%s</style>\n</head>\n<body>\n",
	    status_style);
	fputs("<header>\n<h1>", out);
	html_text(out, status_string(status, "hostname"));
	fputs("</h1>\n<p>vc5d ", out);
	html_text(out, status_string(status, "version"));
	fputs(", ", out);
	html_text(out, status_string(status, "dataplane"));
	fprintf(out,
	    " data plane, up %s. As of %s; reloads every %d s. "
	    "<a href=\"/status.json\">JSON</a> "
	    "<a href=\"/metrics\">metrics</a></p>\n</header>\n",
	    status_age(status_number(status, "uptime"), age),
	    status_time(status_number(status, "time"), now), REFRESH);
}

void
page_begin(FILE *out, const json_t *status)
{
	put_head(out, status);
	fputs("<main>\n", out);
	put_problems(out, status);
	put_alerts(out, status);
	page_orders(out, status);
	put_summary(out, status);
	put_vips(out, status);
	fputs("<h2>Services</h2>\n", out);
}

void
page_end(FILE *out, const json_t *status)
{
	page_bgp(out, status);
	page_sync(out, status);
	page_history(out, status);
	fputs("<h2>Data plane</h2>\n<div class=\"columns\">\n", out);
	put_interfaces(out, status);
	put_flows(out, status);
	fputs("</div>\n", out);
	put_drops(out, status);
	fputs("</main>\n</body>\n</html>\n", out);
}

char *
status_page(const json_t *status)
{
	const json_t *service;
	char *text = NULL;
	size_t i, size;
	FILE *out;

	if ((out = open_memstream(&text, &size)) == NULL)
		fatal("open_memstream");
	page_begin(out, status);
	json_array_foreach(json_object_get(status, "services"), i, service) {
		put_service(out, service);
	}
	page_end(out, status);
	if (fclose(out) != 0)
		fatal("out of memory");
	return text;
}
