/* SPDX-License-Identifier: ISC */

/*
 * An HTTP/1.0 or 1.1 response (RFC 9112), read as it comes: its status, where
 * it ends, and the beginning of its body.  Nothing else is kept, so that no
 * server can make it grow.
 */

#ifndef CORE_HTTP_RESPONSE_H
#define CORE_HTTP_RESPONSE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/http_body.h"

/* Bytes in which the status must be complete, interim responses included. */
#define HTTP_RESPONSE_MAX 8192
/* The same for all of the head. */
#define HTTP_HEAD_MAX 65536

enum http_response_progress {
	HTTP_RESPONSE_MORE,   /* more bytes are needed for the status */
	HTTP_RESPONSE_STATUS, /* status is valid: the line is complete */
	HTTP_RESPONSE_DONE,   /* that was all of it */
	HTTP_RESPONSE_BAD,    /* not HTTP, too long, or badly framed */
};

/* All zero, but for bodiless and body.keep, is the beginning. */
struct http_response {
	bool bodiless;	 /* it answers HEAD */
	bool known;	 /* status is valid, whatever came later */
	unsigned status; /* 100 to 999 */
	size_t length;	 /* bytes of the head taken so far */
	struct http_body body;
	unsigned state; /* private from here on */
	unsigned position;
	char field[20]; /* name of the one that is being read, or a token */
	unsigned kind;	/* of that field */
	bool has_length, bad_length, has_coding, chunked;
	uint64_t content_length, number;
};

/*
 * Take some bytes.  Interim responses (1xx, but 101 is a final one) are
 * skipped, as RFC 9110, section 15.2, asks of clients.  After DONE or BAD it
 * stays, and the rest is ignored.
 */
enum http_response_progress
http_response_feed(struct http_response *, const void *, size_t);

/* The end of file: the same, or DONE if that is how the body ends. */
enum http_response_progress http_response_end(const struct http_response *);

/* Release what was kept of the body. */
void http_response_clear(struct http_response *);

#endif
