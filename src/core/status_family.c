/* SPDX-License-Identifier: ISC */

/*
 * Samples in Prometheus's text format; see status_family.h.
 */

#include <inttypes.h>
#include <string.h>

#include "core/status_family.h"
#include "core/status_value.h"

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

const char *
family_prefix(const struct family *family)
{
	return strncmp(family->name, "process_", 8) == 0 ? "" : "vc5_";
}

void
put_name(FILE *out, const struct family *family)
{
	fputs(family_prefix(family), out);
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

void
put_service_labels(FILE *out, const json_t *service)
{
	fputc('{', out);
	put_label(out, "service", status_string(service, "name"));
	fputc(',', out);
	put_label(out, "vip", status_string(service, "vip"));
	fprintf(out, ",port=\"%" PRId64 "\",", status_number(service, "port"));
	put_label(out, "protocol", status_string(service, "protocol"));
}

void
put_destination_labels(
    FILE *out, const json_t *service, const json_t *destination)
{
	put_service_labels(out, service);
	fputc(',', out);
	put_label(out, "address", status_string(destination, "address"));
}

void
each_destination(FILE *out, const struct family *family, const json_t *service,
    destination_fn *function)
{
	const json_t *destination;
	size_t i;

	json_array_foreach(
	    json_object_get(service, "destinations"), i, destination) {
		function(out, family, service, destination);
	}
}

void
sample_service(FILE *out, const struct family *family, const json_t *service)
{
	put_name(out, family);
	put_service_labels(out, service);
	fputc('}', out);
	put_value(out, json_object_get(service, family->key));
}

static void
put_destination(FILE *out, const struct family *family, const json_t *service,
    const json_t *destination)
{
	put_name(out, family);
	put_destination_labels(out, service, destination);
	fputc('}', out);
	put_value(out, json_object_get(destination, family->key));
}

void
sample_destinations(
    FILE *out, const struct family *family, const json_t *service)
{
	each_destination(out, family, service, put_destination);
}
