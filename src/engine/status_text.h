/* SPDX-License-Identifier: ISC */

/*
 * The status document a piece at a time, as that of 50,000 servers takes a
 * second to make, in which nothing else would happen: what comes next, and its
 * text.  All who show it, or some of it, take it from here.
 */

#ifndef ENGINE_STATUS_TEXT_H
#define ENGINE_STATUS_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

struct destination;
struct engine;
struct evbuffer;
struct service;

/* How far it has got: zero at first. */
struct status_cursor {
	bool begun;
	size_t service, destination; /* the next ones */
	uint64_t reloads;	     /* that there were when it began */
};

enum status_step {
	STATUS_MORE,
	STATUS_END,    /* there was no piece any more */
	STATUS_CHANGED /* a reload came between: the rest is of another one */
};

/* What is said of services and of their destinations: new references. */
struct status_form {
	json_t *(*head)(const struct engine *);
	json_t *(*service)(const struct engine *, const struct service *);
	/* NULL = services have no "destinations". */
	json_t *(*destination)(
	    const struct engine *, const struct destination *);
};

/*
 * As core/status.h has it; with state, weight and counters of destinations
 * only; and without these.
 */
extern const struct status_form status_form_whole, status_form_brief,
    status_form_heads;

/* Some destinations of a service, those from one up to the one before end. */
struct status_piece {
	const struct service *service;
	size_t from, end;
	bool first, last; /* of that service */
};

/* The document begins. */
void status_begin(const struct engine *, struct status_cursor *);
/* STATUS_MORE: this is the next piece; a few servers, or one service's head. */
enum status_step status_next(const struct engine *, struct status_cursor *,
    const struct status_form *, struct status_piece *);
/* The text of a piece: all of a service are one object. */
void status_append_piece(const struct engine *, const struct status_form *,
    const struct status_piece *, struct evbuffer *out);

/* Append the next piece: one line of JSON altogether. */
enum status_step status_text_step(const struct engine *, struct status_cursor *,
    const struct status_form *, struct evbuffer *out);

/* Append a value as text; real numbers have nine digits. */
void status_append(struct evbuffer *, const json_t *);
/* The same, and take the reference. */
void status_append_new(struct evbuffer *, json_t *);
/* The same of an object, without its last brace. */
void status_append_open(struct evbuffer *, json_t *object);

#endif
