/* SPDX-License-Identifier: ISC */

/*
 * The status page's part about a health check.
 */

#include <inttypes.h>
#include <string.h>

#include "core/status_html.h"
#include "core/status_page.h"
#include "core/status_value.h"

static void
put_phases(FILE *out, const json_t *phases)
{
	static const struct {
		const char *key, *name;
	} all[] = {
	    {"connect", "connect"},
	    {"tls", "TLS"},
	    {"first_byte", "first byte"},
	};
	int64_t us;
	size_t i;

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		us = status_number(phases, all[i].key);
		if (us != 0)
			fprintf(out, "%s %" PRId64 ".%03" PRId64 " ms. ",
			    all[i].name, us / 1000, us % 1000);
	}
}

static void
put_text(FILE *out, const json_t *check, const char *key, const char *name)
{
	const char *text = status_string(check, key);

	if (*text == '\0')
		return;
	fprintf(out, "<div>%s <code>", name);
	html_text(out, text);
	fputs("</code></div>", out);
}

/* What the last probe was, for those who want to know. */
static void
put_transcript(FILE *out, const json_t *check)
{
	const json_t *phases = json_object_get(check, "phases");
	const char *warning = status_string(check, "warning");

	if (*warning != '\0') {
		fputs("<div>", out);
		html_state(out, TONE_WARNING, warning);
		fputs("</div>", out);
	}
	if (json_object_size(phases) == 0 &&
	    *status_string(check, "sent") == '\0')
		return;
	fputs("<details><summary>last probe</summary>", out);
	put_phases(out, phases);
	put_text(out, check, "sent", "Sent");
	put_text(out, check, "received", "Received");
	fputs("</details>", out);
}

void
page_check(FILE *out, const json_t *check)
{
	int64_t duration = status_number(check, "duration");
	bool up = strcmp(status_string(check, "state"), "up") == 0;
	char age[STATUS_AGE_STRLEN];

	fputs("<div class=\"check\">", out);
	if (!status_true(check, "decided")) {
		html_state(out, TONE_NEUTRAL, "not yet known");
	} else {
		html_state(out, up ? TONE_GOOD : TONE_BAD,
		    status_string(check, "state"));
	}
	fputs(" <b>", out);
	html_text(out, status_string(check, "type"));
	fprintf(out, " %" PRId64 "</b> ", status_number(check, "port"));
	html_text(out, status_string(check, "outcome"));
	if (*status_string(check, "detail") != '\0') {
		fputs(": ", out);
		html_text(out, status_string(check, "detail"));
	}
	if (*status_string(check, "diagnosis") != '\0') {
		fputs("; it looks like ", out);
		html_text(out, status_string(check, "diagnosis"));
	}
	fputs(" <small>", out);
	if (*status_string(check, "outcome") != '\0')
		fprintf(out, "in %" PRId64 ".%03" PRId64 " ms, %s ago; ",
		    duration / 1000, duration % 1000,
		    status_age(status_number(check, "age"), age));
	html_count(out, status_number(check, "passed"));
	fputs(" passed, ", out);
	html_count(out, status_number(check, "failed"));
	fputs(" failed</small>", out);
	put_transcript(out, check);
	fputs("</div>", out);
}
