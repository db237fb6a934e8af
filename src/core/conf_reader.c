/* SPDX-License-Identifier: ISC */

/*
 * Problems of a configuration, from being noticed to being lines in the
 * file's order, and what is kept in memory until then.
 */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xmalloc.h"
#include "core/conf_reader.h"

#define PROBLEMS_MAX 1000 /* nobody reads more */
#define QUOTE_MAX    60	  /* characters of the file's in a message */
#define PATH_SHOWN   200  /* characters of a path in a message */
#define WORD_MAX     32	  /* longer words are not compared */

struct conf_problem {
	char *where;   /* path of what the position is of */
	bool key;      /* its key's position, not its value's */
	char *path;    /* path that is shown */
	char *message; /* without file, position and path */
	char *other;   /* path whose line is added, or NULL */
	bool once;     /* the only one of its two paths */
	unsigned other_line;
	struct json_position position;
	size_t order; /* of being noticed */
};

size_t
conf_enter(struct conf_reader *r, const char *key)
{
	size_t mark = r->path.length;

	json_path_key(&r->path, key);
	return mark;
}

size_t
conf_enter_index(struct conf_reader *r, size_t index)
{
	size_t mark = r->path.length;

	json_path_index(&r->path, index);
	return mark;
}

void
conf_leave(struct conf_reader *r, size_t mark)
{
	json_path_cut(&r->path, mark);
}

void *
conf_keep(struct conf_reader *r, void *memory)
{
	if (r->kept_count == r->kept_size) {
		r->kept_size = 2 * r->kept_size + 64;
		r->kept =
		    xreallocarray(r->kept, r->kept_size, sizeof(*r->kept));
	}
	r->kept[r->kept_count++] = memory;
	return memory;
}

void *
conf_alloc(struct conf_reader *r, size_t count, size_t size)
{
	return conf_keep(r, xcalloc(count > 0 ? count : 1, size));
}

const char *
conf_where(struct conf_reader *r)
{
	return conf_keep(r, xstrdup(json_path_text(&r->path)));
}

const char *
conf_quote(struct conf_reader *r, const char *text)
{
	size_t len = strnlen(text, QUOTE_MAX + 1);
	bool cut = len > QUOTE_MAX;
	char *escaped = json_escape(text, cut ? QUOTE_MAX : len);
	char *quoted = xasprintf("\"%s%s\"", escaped, cut ? "..." : "");

	free(escaped);
	return conf_keep(r, quoted);
}

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Edits (one letter more, less, other, two swapped) from one to the other. */
static size_t
edit_distance(const char *a, size_t alen, const char *b, size_t blen)
{
	size_t d[WORD_MAX + 1][WORD_MAX + 1] = {0};
	size_t i, j;

	for (i = 0; i <= alen; i++)
		d[i][0] = i;
	for (j = 0; j <= blen; j++)
		d[0][j] = j;
	for (i = 1; i <= alen; i++) {
		for (j = 1; j <= blen; j++) {
			d[i][j] = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
			d[i][j] = least(d[i][j], d[i - 1][j] + 1);
			d[i][j] = least(d[i][j], d[i][j - 1] + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1])
				d[i][j] = least(d[i][j], d[i - 2][j - 2] + 1);
		}
	}
	return d[alen][blen];
}

const char *
conf_nearest(const char *word, const char *const *words)
{
	size_t len = strnlen(word, WORD_MAX + 1), other, distance;
	size_t best = 3; /* two typing errors are the most */
	const char *nearest = NULL;

	if (len > WORD_MAX)
		return NULL;
	for (; *words != NULL; words++) {
		other = strlen(*words);
		if (other > WORD_MAX)
			continue;
		distance = edit_distance(word, len, *words, other);
		if (distance < best && 3 * distance <= other) {
			best = distance;
			nearest = *words;
		}
	}
	return nearest;
}

/* Take note of a problem; message is taken over. */
static void
note_problem(struct conf_reader *r, const char *where, bool key,
    const char *path, const char *other, char *message)
{
	struct conf_problem *problem;

	if (r->problem_count == PROBLEMS_MAX) {
		r->overflow = true;
		free(message);
		return;
	}
	if (r->problem_count == r->problem_size) {
		r->problem_size = 2 * r->problem_size + 16;
		r->problems = xreallocarray(
		    r->problems, r->problem_size, sizeof(*r->problems));
	}
	problem = &r->problems[r->problem_count];
	*problem = (struct conf_problem){.where = xstrdup(where),
	    .key = key,
	    .path = xstrdup(path),
	    .message = message,
	    .other = other != NULL ? xstrdup(other) : NULL,
	    .order = r->problem_count};
	r->problem_count++;
}

static char *
format_message(const char *, va_list) __attribute__((format(printf, 1, 0)));

static char *
format_message(const char *format, va_list ap)
{
	char *message;

	if (vasprintf(&message, format, ap) == -1)
		abort(); /* as xmalloc.h: there is no way on */
	return message;
}

void
conf_error(struct conf_reader *r, const char *format, ...)
{
	const char *path = json_path_text(&r->path);
	va_list ap;

	va_start(ap, format);
	note_problem(r, path, false, path, NULL, format_message(format, ap));
	va_end(ap);
}

void
conf_error_key(struct conf_reader *r, const char *format, ...)
{
	const char *path = json_path_text(&r->path);
	va_list ap;

	va_start(ap, format);
	note_problem(r, path, true, path, NULL, format_message(format, ap));
	va_end(ap);
}

void
conf_error_at(struct conf_reader *r, const char *path, const char *other,
    const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	note_problem(r, path, false, path, other, format_message(format, ap));
	va_end(ap);
}

static bool
is_said(const struct conf_reader *r, const char *path, const char *other)
{
	const struct conf_problem *p;
	size_t i;

	for (i = 0; i < r->problem_count; i++) {
		p = &r->problems[i];
		if (p->once && strcmp(p->where, path) == 0 &&
		    (p->other == NULL) == (other == NULL) &&
		    (other == NULL || strcmp(p->other, other) == 0))
			return true;
	}
	return false;
}

void
conf_error_once(struct conf_reader *r, const char *path, const char *other,
    const char *format, ...)
{
	size_t count = r->problem_count;
	va_list ap;

	if (r->overflow || is_said(r, path, other))
		return;
	va_start(ap, format);
	note_problem(r, path, false, path, other, format_message(format, ap));
	va_end(ap);
	if (r->problem_count > count)
		r->problems[count].once = true;
}

void
conf_error_missing(struct conf_reader *r, const char *key)
{
	char *where = xstrdup(json_path_text(&r->path));
	size_t mark = conf_enter(r, key);

	note_problem(r, where, false, json_path_text(&r->path), NULL,
	    xstrdup("is required, and missing"));
	conf_leave(r, mark);
	free(where);
}

void
conf_error_line(struct conf_errors *errors, char *line)
{
	errors->lines = xreallocarray(
	    errors->lines, errors->count + 1, sizeof(*errors->lines));
	errors->lines[errors->count++] = line;
}

static void
note_duplicate(void *arg, const char *path, struct json_position position,
    struct json_position first)
{
	struct conf_reader *r = arg;
	size_t count = r->problem_count;

	note_problem(r, path, true, path, NULL,
	    xasprintf("is given twice, first on line %u", first.line));
	if (r->problem_count > count)
		r->problems[count].position = position;
}

static struct json_position
choose_position(const struct json_query *query, bool key)
{
	struct json_position position =
	    key && query->key.line > 0 ? query->key : query->value;

	/* A path that is not in the text is a mistake in the reader. */
	return position.line > 0 ? position : (struct json_position){1, 1};
}

static void
locate_problems(struct conf_reader *r, const char *text, size_t len)
{
	size_t i, count = r->problem_count;
	struct json_query *queries = xcalloc(2 * count + 1, sizeof(*queries));
	struct conf_problem *p;

	for (i = 0; i < count; i++) {
		p = &r->problems[i];
		queries[2 * i].path = p->where;
		queries[2 * i + 1].path = p->other == NULL ? "" : p->other;
	}
	json_locate(text, len, queries, 2 * count, note_duplicate, r);
	for (i = 0; i < count; i++) {
		p = &r->problems[i];
		p->position = choose_position(&queries[2 * i], p->key);
		p->other_line = queries[2 * i + 1].value.line;
	}
	free(queries);
}

static int
compare_problems(const void *a, const void *b)
{
	const struct conf_problem *x = a, *y = b;

	if (x->position.line != y->position.line)
		return x->position.line < y->position.line ? -1 : 1;
	if (x->position.column != y->position.column)
		return x->position.column < y->position.column ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

static char *
problem_line(const struct conf_reader *r, const struct conf_problem *p)
{
	char *file = json_escape(r->file, strlen(r->file)), *line;
	bool cut = strlen(p->path) > PATH_SHOWN;
	char other[32] = "";

	if (p->other != NULL)
		snprintf(other, sizeof(other), ", line %u", p->other_line);
	line = xasprintf("%s:%u:%u: %.*s%s: %s%s", file, p->position.line,
	    p->position.column, PATH_SHOWN,
	    *p->path == '\0' ? "top level" : p->path, cut ? "..." : "",
	    p->message, other);
	free(file);
	return line;
}

/* What several services inherit is said once. */
static void
add_line(struct conf_errors *errors, size_t before, char *line)
{
	if (errors->count > before &&
	    strcmp(errors->lines[errors->count - 1], line) == 0)
		free(line);
	else
		conf_error_line(errors, line);
}

void
conf_reader_finish(struct conf_reader *r, const char *text, size_t len,
    struct conf_errors *errors)
{
	size_t i, before = errors->count;
	struct conf_problem *p;

	locate_problems(r, text, len);
	if (r->problem_count > 1)
		qsort(r->problems, r->problem_count, sizeof(*r->problems),
		    compare_problems);
	for (i = 0; i < r->problem_count; i++) {
		p = &r->problems[i];
		add_line(errors, before, problem_line(r, p));
		free(p->where);
		free(p->path);
		free(p->message);
		free(p->other);
	}
	if (r->overflow)
		conf_error_line(errors,
		    xasprintf("%s: there are more errors than these %d",
			r->file, PROBLEMS_MAX));
	free(r->problems);
	while (r->kept_count > 0)
		free(r->kept[--r->kept_count]);
	free(r->kept);
	json_path_clear(&r->path);
	memset(r, 0, sizeof(*r));
}
