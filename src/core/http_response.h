/* SPDX-License-Identifier: ISC */

/*
 * The status of an HTTP/1.0 or 1.1 response (RFC 9112, section 4), read byte
 * by byte as it comes.  Nothing is kept of what was read, so that no server
 * can make it grow.
 */

#ifndef CORE_HTTP_RESPONSE_H
#define CORE_HTTP_RESPONSE_H

#include <stddef.h>

/* Bytes in which the status must be complete, interim responses included. */
#define HTTP_RESPONSE_MAX 8192

enum http_response_progress {
	HTTP_RESPONSE_MORE,   /* more bytes are needed */
	HTTP_RESPONSE_STATUS, /* status is valid: the line is complete */
	HTTP_RESPONSE_BAD,    /* it is not HTTP, or too long */
};

/* All zero is the beginning. */
struct http_response {
	unsigned status; /* 100 to 999 */
	size_t length;	 /* bytes taken so far */
	unsigned state;	 /* private from here on */
	unsigned position;
};

/*
 * Take some bytes.  Interim responses (1xx, but 101 is a final one) are
 * skipped, as RFC 9110, section 15.2, asks of clients.  After another answer
 * than MORE it stays, and the rest is ignored.
 */
enum http_response_progress
http_response_feed(struct http_response *, const void *, size_t);

#endif
