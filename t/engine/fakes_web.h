/* SPDX-License-Identifier: ISC */

/*
 * A stand-in for the web console's server, as those of fakes.h: it asks for
 * what a browser would, and hears events.
 */

#ifndef T_ENGINE_FAKES_WEB_H
#define T_ENGINE_FAKES_WEB_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "adapters/http.h"

#define FAKE_EVENTS 64

struct fake_event {
	char name[16];
	uint64_t id;
	json_t *data;
};

struct fake_web {
	/* What the world does. */
	bool listens;	     /* somebody does, at /events */
	const char *accepts; /* header field Accept; NULL = none */
	const char *service; /* of which he wants to hear; NULL = none */
	const char *stale;   /* what http_stale() says */
	/* What the engine did. */
	unsigned renewals, ends;
	struct fake_event events[FAKE_EVENTS];
	size_t event_count;
};

extern struct fake_web fake_web;

/* Forget everything; setup() does it. */
void fake_web_reset(void);

/*
 * The body of a resource, "/series.json?service=a:1/tcp", all at once: a new
 * reference; NULL if it is no JSON.  *step is what ended it, *pieces how many
 * there were; both may be NULL.
 */
json_t *fake_web_get(const char *url, enum http_step *step, unsigned *pieces);
/*
 * The same as text, free(3) it, whether it is JSON or not; between is called
 * after each piece, or is NULL.
 */
char *fake_web_text(
    const char *url, enum http_step *step, void (*between)(unsigned pieces));
/* The first piece only; the others with the same cursor. */
enum http_step fake_web_step(const char *url, struct http_cursor *);
/* It is not wanted any more. */
void fake_web_end(struct http_cursor *);
/* Begin to listen, having seen events up to that one. */
void fake_web_listen(uint64_t seen);
/* How many events there were of a name. */
unsigned fake_web_count(const char *name);
/* The last one of a name, borrowed; NULL if there was none. */
const struct fake_event *fake_web_last(const char *name);

#endif
