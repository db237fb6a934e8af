/* SPDX-License-Identifier: ISC */

/*
 * Blocked prefixes as text: the operator's file.
 */

#include <sys/socket.h>

#include <stdlib.h>
#include <string.h>

#include "base/xmalloc.h"
#include "core/blocklist.h"
#include "core/json_locate.h"

#define MAPPED_BITS 96	/* of ::ffff:0:0/96 */
#define ERRORS_MAX  20	/* of a file that are told */
#define LINE_LEN    200 /* of a prefix, and what is around it */

/* A file as it is read. */
struct reading {
	const char *name;
	unsigned line;
	struct prefix_list *out;
	struct conf_errors *errors;
	size_t wrong; /* lines */
};

static void
add_error(struct conf_errors *errors, char *text)
{
	errors->lines = xreallocarray(
	    errors->lines, errors->count + 1, sizeof(*errors->lines));
	errors->lines[errors->count++] = text;
}

static void
complain(struct reading *r, const char *word, const char *why)
{
	char *shown;

	if (r->wrong++ >= ERRORS_MAX)
		return;
	shown = json_escape(word, strnlen(word, PREFIX_STRLEN));
	add_error(r->errors,
	    xasprintf("%s:%u: \"%s\" %s", r->name, r->line, shown, why));
	free(shown);
}

void
blocklist_unmap(struct prefix *p)
{
	struct addr address;

	if (p->address.family != AF_INET6 || p->length < MAPPED_BITS)
		return;
	addr_from_mapped(p->address.bytes, &address);
	if (address.family != AF_INET)
		return;
	p->address = address;
	p->length = (uint8_t)(p->length - MAPPED_BITS);
}

/* What is wrong with it, or NULL. */
static const char *
read_prefix(const char *word, struct prefix *out)
{
	struct addr address;

	if (addr_parse(word, &address) == 0) {
		out->address = address;
		out->length = (uint8_t)addr_bits(&address);
		blocklist_unmap(out);
		return NULL;
	}
	if (prefix_parse(word, out) == -1)
		return prefix_parse_host(word, out) == -1
		    ? "is neither a prefix nor an address"
		    : "has bits set behind its length";
	blocklist_unmap(out);
	return out->length == 0 ? "would block everybody" : NULL;
}

static void
read_line(struct reading *r, const char *text, size_t len)
{
	char line[LINE_LEN], *word, *next = line;
	const char *comment = memchr(text, '#', len), *wrong;
	struct prefix prefix;

	if (comment != NULL)
		len = (size_t)(comment - text);
	while (len > 0 && strchr(" \t\r", *text) != NULL && *text != '\0')
		text++, len--;
	while (len > 0 && memchr(" \t\r", text[len - 1], 3) != NULL)
		len--;
	if (len == 0)
		return;
	if (len >= sizeof(line)) {
		complain(r, "", "is a line too long to be a prefix");
		return;
	}
	memcpy(line, text, len);
	line[len] = '\0';
	word = strsep(&next, " \t");
	if (strlen(line) != len || next != NULL)
		wrong = "is followed by something: one prefix a line";
	else
		wrong = read_prefix(word, &prefix);
	if (wrong != NULL)
		complain(r, word, wrong);
	else
		prefix_list_add(r->out, &prefix);
}

static void
check_count(struct reading *r)
{
	size_t i, four = 0, six;

	for (i = 0; i < r->out->count; i++)
		four += r->out->list[i].address.family == AF_INET;
	six = r->out->count - four;
	if (four <= BLOCKLIST_MAX && six <= BLOCKLIST_MAX)
		return;
	r->wrong++;
	add_error(r->errors,
	    xasprintf("%s: %zu prefixes of IPv4 and %zu of IPv6: there is "
		      "room for %d of each",
		r->name, four, six, BLOCKLIST_MAX));
}

void
blocklist_read(const char *text, size_t len, const char *name,
    struct prefix_list *out, struct conf_errors *errors)
{
	struct reading r = {.name = name, .out = out, .errors = errors};
	const char *end = text + len, *newline;

	for (; text < end; text = newline + 1) {
		r.line++;
		newline = memchr(text, '\n', (size_t)(end - text));
		if (newline == NULL)
			newline = end;
		read_line(&r, text, (size_t)(newline - text));
	}
	prefix_list_sort(out);
	check_count(&r);
	if (r.wrong > ERRORS_MAX)
		add_error(errors,
		    xasprintf("%s: and %zu more lines are wrong", name,
			r.wrong - ERRORS_MAX));
	if (r.wrong > 0)
		prefix_list_clear(out);
}
