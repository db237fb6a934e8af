/* SPDX-License-Identifier: ISC */

/*
 * The machinery of reading a configuration: where in the file the reader is,
 * what it has complained about, and reading an object by a table of its keys.
 * Only for conf*.c.
 */

#ifndef CORE_CONF_READER_H
#define CORE_CONF_READER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/conf.h"
#include "core/json_locate.h"

struct conf_problem;

struct conf_reader {
	const char *file;      /* its name, for messages */
	struct json_path path; /* of the value being read */
	struct conf_problem *problems;
	size_t problem_count, problem_size;
	bool overflow; /* there were more problems than are kept */
	void **kept;   /* freed at the end */
	size_t kept_count, kept_size;
};

struct conf_key;

/* Read a value, already entered, into its member of the object's struct. */
typedef void conf_read_fn(
    struct conf_reader *, json_t *, void *member, const struct conf_key *);

/* One key that an object may have. */
struct conf_key {
	const char *name; /* NULL ends the table */
	conf_read_fn *read;
	size_t offset;	 /* of the member that read fills in */
	const void *arg; /* for read: limits, words */
};

struct conf_limits {
	int64_t low, high; /* inclusive */
};

/* The names of an enum's values, from 0; NULL ends them. */
typedef const char *const conf_words[];

/*
 * Read the keys of an object into target in the table's order, which is that
 * of their dependencies; the file's order does not matter.  Unknown keys are
 * reported.  False if it is no object.
 */
bool conf_read_object(
    struct conf_reader *, json_t *, const struct conf_key *, void *target);

/* Readers for tables. */
conf_read_fn conf_read_bool;	 /* bool */
conf_read_fn conf_read_unsigned; /* unsigned; arg: conf_limits */
conf_read_fn conf_read_int64;	 /* int64_t; arg: conf_limits */
conf_read_fn conf_read_seconds;	 /* unsigned ms; arg: conf_limits, ms */
conf_read_fn conf_read_word;	 /* unsigned or enum; arg: conf_words */
conf_read_fn conf_read_path;	 /* char * to free; arg: conf_limits */
conf_read_fn conf_read_nothing;	 /* for keys that were read before */

/* A string, borrowed; NULL after saying that the value is none. */
const char *conf_string(struct conf_reader *, json_t *);
/* An integer within limits; false after saying what is wrong. */
bool conf_integer(
    struct conf_reader *, json_t *, const struct conf_limits *, int64_t *out);
/* True, or false after saying that something else was expected. */
bool
conf_expect(struct conf_reader *, json_t *, json_type, const char *expected);
void conf_error_type(struct conf_reader *, json_t *, const char *expected);

/* Read a server's or virtual address; false after saying what is wrong. */
bool conf_address(struct conf_reader *, const char *, struct addr *out);

/* The same of a prefix. */
bool conf_prefix(struct conf_reader *, const char *, struct prefix *out);

/* Go to a member or element; conf_leave with what was returned goes back. */
size_t conf_enter(struct conf_reader *, const char *key);
size_t conf_enter_index(struct conf_reader *, size_t index);
void conf_leave(struct conf_reader *, size_t mark);

/* The path of the value being read, valid until the end. */
const char *conf_where(struct conf_reader *);

/* Keep an allocation until the end; returns it. */
void *conf_keep(struct conf_reader *, void *);
void *conf_alloc(struct conf_reader *, size_t count, size_t size);
/* Text from the file as it may be shown, shortened, in double quotes. */
const char *conf_quote(struct conf_reader *, const char *);
/* The word that was probably meant, or NULL; words ends with NULL. */
const char *conf_nearest(const char *, const char *const *words);

/* What is wrong with the value being read. */
void conf_error(struct conf_reader *, const char *, ...)
    __attribute__((format(printf, 2, 3)));
/* ... with its key. */
void conf_error_key(struct conf_reader *, const char *, ...)
    __attribute__((format(printf, 2, 3)));
/* ... with what is at a path; the line of path other ends the message. */
void conf_error_at(struct conf_reader *, const char *path, const char *other,
    const char *, ...) __attribute__((format(printf, 4, 5)));
/* ... unless something was said about the same two paths by this before. */
void conf_error_once(struct conf_reader *, const char *path, const char *other,
    const char *, ...) __attribute__((format(printf, 4, 5)));
/* The object being read lacks a key. */
void conf_error_missing(struct conf_reader *, const char *key);

/* A problem of the file as a whole, or of its syntax: its line as it is. */
void conf_error_line(struct conf_errors *, char *line);

/* Locate, order and hand over all problems; release everything. */
void conf_reader_finish(
    struct conf_reader *, const char *text, size_t len, struct conf_errors *);

#endif
