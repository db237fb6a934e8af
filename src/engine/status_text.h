/* SPDX-License-Identifier: ISC */

/*
 * The status document as text, a piece at a time: that of 50,000 servers takes
 * a second to make, in which nothing else would happen.
 */

#ifndef ENGINE_STATUS_TEXT_H
#define ENGINE_STATUS_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

struct engine;
struct evbuffer;

/* How far it has got: zero at first. */
struct status_cursor {
	bool begun;
	size_t service, destination; /* the next ones */
	uint64_t reloads;	     /* that there were when it began */
};

enum status_step {
	STATUS_MORE,
	STATUS_END,    /* that was the last piece */
	STATUS_CHANGED /* a reload came between: the rest is of another one */
};

/* Append the next piece, of a few servers: one line of JSON altogether. */
enum status_step status_text_step(
    const struct engine *, struct status_cursor *, struct evbuffer *out);

/*
 * The same as a document: the first step makes *document, which is then the
 * caller's, the others put servers into it.
 */
enum status_step status_document_step(
    const struct engine *, struct status_cursor *, json_t **document);

/* Append a value as text; real numbers have nine digits. */
void status_append(struct evbuffer *, const json_t *);
/* The same of an object, without its last brace; takes the reference. */
void status_append_open(struct evbuffer *, json_t *object);

#endif
