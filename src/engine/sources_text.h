/* SPDX-License-Identifier: ISC */

/*
 * The text of a document of prefixes, made once for all that ask: to make the
 * text of thousands takes as long as some ms, so that one of fewer is had from
 * it without making it anew.
 */

#ifndef ENGINE_SOURCES_TEXT_H
#define ENGINE_SOURCES_TEXT_H

#include <stddef.h>

#include <jansson.h>

struct evbuffer;
struct sources_text;

/* Of a document as in /prefixes.json (vc5d-api(5)), which is borrowed. */
struct sources_text *sources_text_new(const json_t *document);
/* NULL is accepted. */
void sources_text_free(struct sources_text *);
/* With no more than so many prefixes of either version of IP, the first. */
void sources_text_append(
    const struct sources_text *, size_t limit, struct evbuffer *out);

#endif
