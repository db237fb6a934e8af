/* SPDX-License-Identifier: ISC */

/*
 * Where things are in a JSON text.  Jansson checks a text and makes a tree of
 * it, but keeps no positions; this finds the line and column of a path, such
 * as services[2].policy["53/udp"].checks[0], and the keys that are given
 * twice, which jansson's tree no longer has.
 */

#ifndef CORE_JSON_LOCATE_H
#define CORE_JSON_LOCATE_H

#include <stdbool.h>
#include <stddef.h>

/* A path under construction; all zero is the top level, whose text is "". */
struct json_path {
	char *text; /* NULL before anything was added; ASCII, printable */
	size_t length, size;
};

/* Add a step: a key that is no plain identifier is quoted and escaped. */
void json_path_key(struct json_path *, const char *key);
void json_path_index(struct json_path *, size_t index);
/* Back to what the path was when it had this length. */
void json_path_cut(struct json_path *, size_t length);
const char *json_path_text(const struct json_path *);
void json_path_clear(struct json_path *);

/*
 * Escape len bytes for a message, as they would be in a C string: free(3) it.
 */
char *json_escape(const char *, size_t len);

/* Lines and columns begin with 1; a column is a character, not a byte. */
struct json_position {
	unsigned line, column;
};

/* A question, and its answer. */
struct json_query {
	const char *path;	    /* as json_path makes it; borrowed */
	struct json_position key;   /* of an object's member; else 0 */
	struct json_position value; /* 0 if there is no such path */
};

typedef void json_duplicate_cb(void *arg, const char *path,
    struct json_position, struct json_position first);

/*
 * Answer all queries and report all duplicate keys in one pass over a text
 * that jansson has accepted (another text gives wrong answers, no more).  Of
 * duplicates the last one is found, as in jansson's tree.
 */
void json_locate(const char *text, size_t len, struct json_query *,
    size_t count, json_duplicate_cb *, void *arg);

#endif
