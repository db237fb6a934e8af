/* SPDX-License-Identifier: ISC */

/*
 * Samples in Prometheus's text format; see status_family.h.
 */

#include <inttypes.h>
#include <string.h>

#include "core/status_family.h"

/* A label's value: backslash, quote and newline are escaped. */
void
put_label(FILE *out, const char *name, const char *value)
{
	size_t plain;

	fputs(name, out);
	fputs("=\"", out);
	for (;;) {
		plain = strcspn(value, "\\\"\n");
		fwrite(value, 1, plain, out);
		value += plain;
		if (*value == '\0')
			break;
		fputs(*value == '\n'	? "\\n"
			: *value == '"' ? "\\\""
					: "\\\\",
		    out);
		value++;
	}
	fputc('"', out);
}

void
put_name(FILE *out, const struct family *family)
{
	fputs("vc5d_", out);
	fputs(family->name, out);
}

void
put_value(FILE *out, const json_t *value)
{
	if (json_is_boolean(value))
		fprintf(out, " %d\n", json_is_true(value));
	else
		fprintf(
		    out, " %" PRId64 "\n", (int64_t)json_integer_value(value));
}

/* A sample with one label. */
void
put_labelled(FILE *out, const struct family *family, const char *label,
    const char *text, const json_t *value)
{
	put_name(out, family);
	fputc('{', out);
	put_label(out, label, text);
	fputc('}', out);
	put_value(out, value);
}
