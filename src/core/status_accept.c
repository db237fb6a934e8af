/* SPDX-License-Identifier: ISC */

/*
 * An Accept header judged: see status_accept.h.
 */

#include <ctype.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "core/status_accept.h"

/* A part of the header, without the white space around it. */
struct part {
	const char *text;
	size_t length;
};

/* The next part up to a separator; *rest is moved behind that, or NULL. */
static struct part
next_part(const char **rest, char separator)
{
	struct part part = {*rest, 0};
	const char *end = strchr(*rest, separator);

	part.length = end == NULL ? strlen(*rest) : (size_t)(end - *rest);
	*rest = end == NULL ? NULL : end + 1;
	while (part.length > 0 && isspace((unsigned char)*part.text)) {
		part.text++;
		part.length--;
	}
	while (part.length > 0 &&
	    isspace((unsigned char)part.text[part.length - 1]))
		part.length--;
	return part;
}

static bool
part_is(const struct part *part, const char *word)
{
	return part->length == strlen(word) &&
	    strncasecmp(part->text, word, part->length) == 0;
}

/* "q=0.75", in thousandths; what is no weight is none. */
static int
weight_of(const struct part *part)
{
	int weight = 0, place = 1000;
	size_t i;

	for (i = 2; i < part->length; i++) {
		if (part->text[i] == '.')
			continue;
		if (!isdigit((unsigned char)part->text[i]) || place == 0)
			return 0;
		weight += (part->text[i] - '0') * place;
		place /= 10;
	}
	return weight > 1000 ? 1000 : weight;
}

struct preference {
	int openmetrics, plain; /* weights; 0 = not wanted */
};

/* One media range with its parameters. */
static void
judge_range(struct part range, struct preference *preference)
{
	char text[128];
	const char *rest = text;
	struct part type, parameter;
	int weight = 1000;
	bool version = true;

	if (range.length >= sizeof(text))
		return;
	memcpy(text, range.text, range.length);
	text[range.length] = '\0';
	type = next_part(&rest, ';');
	while (rest != NULL) {
		parameter = next_part(&rest, ';');
		if (strncasecmp(parameter.text, "q=", 2) == 0)
			weight = weight_of(&parameter);
		else if (strncasecmp(parameter.text, "version=", 8) == 0)
			version = part_is(&parameter, "version=1.0.0");
	}
	if (part_is(&type, "application/openmetrics-text")) {
		if (version && weight > preference->openmetrics)
			preference->openmetrics = weight;
	} else if (part_is(&type, "text/plain") || part_is(&type, "text/*") ||
	    part_is(&type, "*/*")) {
		if (weight > preference->plain)
			preference->plain = weight;
	}
}

bool
status_accepts_openmetrics(const char *accept)
{
	struct preference preference = {0, 0};

	while (accept != NULL)
		judge_range(next_part(&accept, ','), &preference);
	return preference.openmetrics > 0 &&
	    preference.openmetrics >= preference.plain;
}
