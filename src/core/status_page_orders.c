/* SPDX-License-Identifier: ISC */

/*
 * What was ordered at run time, on the status page: near its top, as it is
 * against the configuration.
 */

#include "core/status_html.h"
#include "core/status_page.h"
#include "core/status_value.h"

void
page_orders(FILE *out, const json_t *status)
{
	const json_t *list = json_object_get(status, "overrides"), *override;
	size_t i;

	if (json_array_size(list) == 0)
		return;
	fputs("<section class=\"banner\">\n<h2>", out);
	html_state(out, TONE_WARNING, "Overrides");
	fputs("</h2>\n<ul>\n", out);
	json_array_foreach(list, i, override) {
		fputs("<li>", out);
		html_text(out, status_string(override, "text"));
		fputs("</li>\n", out);
	}
	fputs("</ul>\n</section>\n", out);
}

void
page_order(FILE *out, const json_t *object)
{
	const char *order = status_string(object, "order");

	if (*order == '\0')
		return;
	fputc(' ', out);
	html_state(out, TONE_WARNING, order);
}
