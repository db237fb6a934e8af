/* SPDX-License-Identifier: ISC */

/*
 * A scanner that follows a JSON text only to know where its parts begin.
 */

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xmalloc.h"
#include "core/json_locate.h"

/* More than jansson accepts (2048): only not to trust it with our stack. */
#define DEPTH_MAX 2100

struct scanner {
	const char *next, *end;
	struct json_position position; /* of next */
	unsigned depth;
	struct json_path path;
	struct json_query **queries; /* by path */
	size_t count;
	json_duplicate_cb *duplicate;
	void *arg;
};

/* A key of an object, to find it again. */
struct member {
	char *key;
	struct json_position position;
	size_t order; /* in the object */
};

static bool scan_value(struct scanner *, struct json_position key);

static void
path_append(struct json_path *path, const char *text, size_t len)
{
	if (path->size - path->length <= len) {
		path->size = 2 * path->size + len + 64;
		path->text = xreallocarray(path->text, path->size, 1);
	}
	memcpy(path->text + path->length, text, len);
	path->length += len;
	path->text[path->length] = '\0';
}

static bool
is_identifier(const char *key)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ_";
	static const char others[] = "0123456789-";
	size_t first = strspn(key, letters);

	if (first == 0)
		return false;
	while (*(key += first) != '\0')
		if ((first = strspn(key, letters) + strspn(key, others)) == 0)
			return false;
	return true;
}

void
json_path_key(struct json_path *path, const char *key)
{
	char *escaped;

	if (is_identifier(key)) {
		if (path->length > 0)
			path_append(path, ".", 1);
		path_append(path, key, strlen(key));
		return;
	}
	escaped = json_escape(key, strlen(key));
	path_append(path, "[\"", 2);
	path_append(path, escaped, strlen(escaped));
	path_append(path, "\"]", 2);
	free(escaped);
}

void
json_path_index(struct json_path *path, size_t index)
{
	char text[32];
	int len = snprintf(text, sizeof(text), "[%zu]", index);

	path_append(path, text, (size_t)len);
}

void
json_path_cut(struct json_path *path, size_t length)
{
	if (length >= path->length)
		return;
	path->length = length;
	path->text[length] = '\0';
}

const char *
json_path_text(const struct json_path *path)
{
	return path->text == NULL ? "" : path->text;
}

void
json_path_clear(struct json_path *path)
{
	free(path->text);
	memset(path, 0, sizeof(*path));
}

char *
json_escape(const char *bytes, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	static const char special[] = "\n\t\r\"\\";
	static const char letter[] = "ntr\"\\";
	char *text = xreallocarray(NULL, len + 1, 4), *out = text;
	const char *found;
	unsigned char c;
	size_t i;

	for (i = 0; i < len; i++) {
		c = (unsigned char)bytes[i];
		if ((found = memchr(special, c, sizeof(letter) - 1)) != NULL) {
			*out++ = '\\';
			*out++ = letter[found - special];
		} else if (c < 0x20 || c > 0x7e) {
			*out++ = '\\';
			*out++ = 'x';
			*out++ = digits[c >> 4];
			*out++ = digits[c & 15];
		} else {
			*out++ = (char)c;
		}
	}
	*out = '\0';
	return text;
}

static void
advance(struct scanner *s)
{
	unsigned char c = (unsigned char)*s->next++;

	if (c == '\n') {
		s->position.line++;
		s->position.column = 1;
	} else if ((c & 0xc0) != 0x80) { /* not inside a UTF-8 character */
		s->position.column++;
	}
}

/* The next byte that is not white space; '\0' at the end. */
static char
peek(struct scanner *s)
{
	while (s->next < s->end && strchr(" \t\r\n", *s->next) != NULL &&
	    *s->next != '\0')
		advance(s);
	return s->next < s->end ? *s->next : '\0';
}

/* Go past a byte if it is the next one. */
static bool
take(struct scanner *s, char wanted)
{
	if (peek(s) != wanted || wanted == '\0')
		return false;
	advance(s);
	return true;
}

/* Go past a string; its raw text with the quotes is left in *raw. */
static bool
scan_string(struct scanner *s, const char **raw, size_t *len)
{
	*raw = s->next;
	advance(s);
	while (s->next < s->end && *s->next != '"') {
		if (*s->next == '\\')
			advance(s);
		if (s->next < s->end)
			advance(s);
	}
	if (s->next >= s->end)
		return false;
	advance(s);
	*len = (size_t)(s->next - *raw);
	return true;
}

static char *
decode_key(const char *raw, size_t len)
{
	json_t *string;
	char *key;

	if (memchr(raw, '\\', len) == NULL) {
		key = xcalloc(len - 1, 1);
		memcpy(key, raw + 1, len - 2);
		return key;
	}
	string = json_loadb(raw, len, JSON_DECODE_ANY, NULL);
	key = xstrdup(json_is_string(string) ? json_string_value(string) : "");
	json_decref(string);
	return key;
}

static int
compare_members(const void *a, const void *b)
{
	const struct member *x = a, *y = b;
	int order = strcmp(x->key, y->key);

	return order != 0 ? order
			  : (x->order > y->order) - (x->order < y->order);
}

static void
report_duplicates(struct scanner *s, struct member *members, size_t count)
{
	size_t i, first = 0, length = s->path.length;

	if (count > 1)
		qsort(members, count, sizeof(*members), compare_members);
	for (i = 1; i < count; i++) {
		if (strcmp(members[i].key, members[first].key) != 0) {
			first = i;
			continue;
		}
		json_path_key(&s->path, members[i].key);
		s->duplicate(s->arg, s->path.text, members[i].position,
		    members[first].position);
		json_path_cut(&s->path, length);
	}
}

static bool
scan_member(struct scanner *s, struct member *member)
{
	size_t len, length = s->path.length;
	const char *raw;
	bool ok;

	if (peek(s) != '"')
		return false;
	member->position = s->position;
	if (!scan_string(s, &raw, &len))
		return false;
	member->key = decode_key(raw, len);
	json_path_key(&s->path, member->key);
	ok = take(s, ':') && scan_value(s, member->position);
	json_path_cut(&s->path, length);
	return ok;
}

static bool
scan_object(struct scanner *s)
{
	struct member *members = NULL;
	size_t count = 0, size = 0;
	bool ok = false;

	advance(s);
	if (take(s, '}'))
		return true;
	do {
		if (count == size) {
			size = 2 * size + 8;
			members =
			    xreallocarray(members, size, sizeof(*members));
		}
		members[count] = (struct member){.order = count};
		ok = scan_member(s, &members[count++]);
	} while (ok && take(s, ','));
	ok = ok && take(s, '}');
	if (ok && s->duplicate != NULL)
		report_duplicates(s, members, count);
	while (count > 0)
		free(members[--count].key);
	free(members);
	return ok;
}

static bool
scan_array(struct scanner *s)
{
	static const struct json_position none;
	size_t i = 0, length = s->path.length;
	bool ok;

	advance(s);
	if (take(s, ']'))
		return true;
	do {
		json_path_index(&s->path, i++);
		ok = scan_value(s, none);
		json_path_cut(&s->path, length);
	} while (ok && take(s, ','));
	return ok && take(s, ']');
}

static int
compare_queries(const void *a, const void *b)
{
	const struct json_query *const *x = a, *const *y = b;

	return strcmp((*x)->path, (*y)->path);
}

/* Everybody who asked for the path that the scanner is at gets an answer. */
static void
answer(struct scanner *s, struct json_position key)
{
	const char *path = json_path_text(&s->path);
	size_t low = 0, high = s->count, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (strcmp(s->queries[middle]->path, path) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < s->count && strcmp(s->queries[low]->path, path) == 0;
	     low++) {
		s->queries[low]->key = key;
		s->queries[low]->value = s->position;
	}
}

static bool
scan_value(struct scanner *s, struct json_position key)
{
	const char *raw;
	size_t len;
	bool ok;

	switch (peek(s)) {
	case '\0':
		return false;
	case '{':
	case '[':
		answer(s, key);
		if (s->depth == DEPTH_MAX)
			return false;
		s->depth++;
		ok = *s->next == '{' ? scan_object(s) : scan_array(s);
		s->depth--;
		return ok;
	case '"':
		answer(s, key);
		return scan_string(s, &raw, &len);
	default:
		answer(s, key);
		while (s->next < s->end && *s->next != '\0' &&
		    strchr(",]} \t\r\n", *s->next) == NULL)
			advance(s);
		return true;
	}
}

void
json_locate(const char *text, size_t len, struct json_query *queries,
    size_t count, json_duplicate_cb *duplicate, void *arg)
{
	static const struct json_position none;
	struct scanner s = {.next = text,
	    .end = text + len,
	    .position = {1, 1},
	    .count = count,
	    .duplicate = duplicate,
	    .arg = arg};
	size_t i;

	s.queries = xcalloc(count + 1, sizeof(struct json_query *));
	for (i = 0; i < count; i++) {
		queries[i].key = queries[i].value = none;
		s.queries[i] = &queries[i];
	}
	if (count > 1)
		qsort(s.queries, count, sizeof(struct json_query *),
		    compare_queries);
	(void)scan_value(&s, none);
	json_path_clear(&s.path);
	free(s.queries);
}
