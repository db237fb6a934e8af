/* SPDX-License-Identifier: ISC */

/*
 * See redact.h.
 */

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/xmalloc.h"
#include "core/conf.h"
#include "core/excerpt.h"
#include "core/redact.h"

#define KNOWN_MIN 6    /* characters: what is shorter is found everywhere */
#define CUT_MIN	  3    /* characters of one that was cut off */
#define KNOWN_MAX 1024 /* escaped, with the NUL */
#define RUN	  4    /* printable bytes in a row that look like text */

/* Names of secrets have one of these in them. */
static const char *const secret_words[] = {"auth", "cookie", "credential",
    "key", "passphrase", "passwd", "password", "secret", "session", "signature",
    "token", NULL};

bool
redact_is_secret(const char *name)
{
	size_t i;

	for (i = 0; secret_words[i] != NULL; i++)
		if (strcasestr(name, secret_words[i]) != NULL)
			return true;
	return false;
}

static FILE *
open_text(char **text, size_t *size)
{
	FILE *out = open_memstream(text, size);

	if (out == NULL)
		fatal("open_memstream");
	return out;
}

static void
close_text(FILE *out)
{
	if (fclose(out) != 0)
		fatal("out of memory");
}

char *
redact_query(const char *path)
{
	size_t length = strcspn(path, "?#"), size, name;
	FILE *out;
	char *text;

	if (path[length] != '?')
		return xstrdup(path);
	out = open_text(&text, &size);
	fprintf(out, "%.*s", (int)length, path);
	for (path += length; *path == '?' || *path == '&' || *path == ';';
	     path += length) {
		length = 1 + strcspn(path + 1, "&;# \t");
		name = strcspn(path, "=");
		if (name < length)
			fprintf(out, "%.*s=" REDACTED, (int)name, path);
		else if (length > 1)
			fprintf(out, "%c" REDACTED, *path);
		else
			fputc(*path, out);
	}
	/* A fragment, or in a description what follows. */
	fputs(path, out);
	close_text(out);
	return text;
}

char *
redact_argument(const char *before, const char *argument)
{
	size_t name = strcspn(argument, "=");
	char *option;
	bool secret;

	if (before != NULL && *before == '-' && strchr(before, '=') == NULL &&
	    *argument != '-' && redact_is_secret(before))
		return xstrdup(REDACTED);
	if (argument[name] == '\0')
		return xstrdup(argument);
	option = xasprintf("%.*s", (int)name, argument);
	secret = redact_is_secret(option);
	free(option);
	return secret ? xasprintf("%.*s=" REDACTED, (int)name, argument)
		      : xstrdup(argument);
}

static bool
is_text(const uint8_t *bytes, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (!isprint(bytes[i]) &&
		    (bytes[i] == '\0' || strchr("\r\n\t", bytes[i]) == NULL))
			return false;
	return true;
}

static size_t
run_of(const uint8_t *bytes, size_t count)
{
	size_t run = 0;

	while (run < count && isprint(bytes[run]))
		run++;
	return run;
}

static void
redact_binary(FILE *out, const uint8_t *bytes, size_t count)
{
	size_t run;

	for (; count > 0; bytes += run, count -= run) {
		run = run_of(bytes, count);
		if (run >= RUN) {
			fputs(REDACTED, out);
			continue;
		}
		run = run == 0 ? 1 : run;
		fwrite(bytes, 1, run, out);
	}
}

/* It has no NUL. */
static void
redact_lines(FILE *out, const char *text)
{
	size_t word, rest;

	while (*text != '\0') {
		word = strcspn(text, " \t\r\n");
		rest = strcspn(text + word, "\r\n");
		fprintf(out, "%.*s", (int)word, text);
		if (rest > strspn(text + word, " \t"))
			fputs(" " REDACTED, out);
		text += word + rest;
		rest = strspn(text, "\r\n");
		fprintf(out, "%.*s", (int)rest, text);
		text += rest;
	}
}

char *
redact_sent(const void *bytes, size_t count, size_t *length)
{
	char *text, *lines;
	FILE *out = open_text(&text, length);

	if (is_text(bytes, count)) {
		lines = xasprintf("%.*s", (int)count, (const char *)bytes);
		redact_lines(out, lines);
		free(lines);
	} else {
		redact_binary(out, bytes, count);
	}
	close_text(out);
	return text;
}

static void
replace(char *text, size_t size, size_t at, size_t count)
{
	size_t rest = strlen(text + at + count), mask = strlen(REDACTED);

	if (at + mask >= size)
		mask = size - 1 - at;
	if (at + mask + rest >= size)
		rest = size - 1 - at - mask;
	memmove(text + at + mask, text + at + count, rest);
	memcpy(text + at, REDACTED, mask);
	text[at + mask + rest] = '\0';
}

/* Where the text's end begins that is the secret's beginning; or its end. */
static size_t
cut_off(const char *text, const char *secret)
{
	size_t length = strlen(text), cut = strlen(secret) - 1;

	for (cut = cut < length ? cut : length; cut >= CUT_MIN; cut--)
		if (strncmp(text + length - cut, secret, cut) == 0)
			return length - cut;
	return length;
}

static void
redact_value(char *text, size_t size, const char *value, size_t count)
{
	char secret[KNOWN_MAX] = "", *found;
	size_t at = 0;

	if (count < KNOWN_MIN)
		return;
	excerpt_append(secret, sizeof(secret), value, count);
	while ((found = strstr(text + at, secret)) != NULL) {
		at = (size_t)(found - text);
		replace(text, size, at, strlen(secret));
		at += strnlen(text + at, strlen(REDACTED));
	}
	at = cut_off(text, secret);
	if (text[at] != '\0')
		replace(text, size, at, strlen(text + at));
}

static void
redact_path(const char *path, char *text, size_t size)
{
	const char *part = path + strcspn(path, "?"), *value;
	size_t length;

	for (; *part != '\0'; part += length) {
		length = 1 + strcspn(part + 1, "&;#");
		value = memchr(part, '=', length);
		value = value != NULL ? value + 1 : part + 1;
		redact_value(
		    text, size, value, (size_t)(part + length - value));
	}
}

/* What stands behind the scheme is the secret: "Bearer x". */
static void
redact_field(const struct conf_header *field, char *text, size_t size)
{
	const char *value = field->value, *space = strchr(value, ' ');

	if (!redact_is_secret(field->name))
		return;
	if (space != NULL)
		value = space + 1;
	redact_value(text, size, value, strlen(value));
}

/* What stands behind the first word of each line. */
static void
redact_rests(const struct conf_bytes *sent, char *text, size_t size)
{
	const char *at = (const char *)sent->data, *end = at + sent->length;
	const char *rest, *newline;

	for (; at < end; at = newline + 1) {
		newline = memchr(at, '\n', (size_t)(end - at));
		newline = newline != NULL ? newline : end;
		rest = memchr(at, ' ', (size_t)(newline - at));
		if (rest == NULL)
			continue;
		for (at = newline; at > rest && at[-1] == '\r'; at--)
			;
		rest++;
		redact_value(text, size, rest, (size_t)(at - rest));
	}
}

void
redact_known(const struct conf_check *check, char *text, size_t size)
{
	size_t i;

	if (check->path != NULL)
		redact_path(check->path, text, size);
	for (i = 0; i < check->header_count; i++)
		redact_field(&check->headers[i], text, size);
	if (check->send.length > 0)
		redact_rests(&check->send, text, size);
}
