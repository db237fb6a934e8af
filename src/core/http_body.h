/* SPDX-License-Identifier: ISC */

/*
 * The body of an HTTP/1 response, as it is framed (RFC 9112, sections 6 and
 * 7), read as it comes.  Its beginning is kept.
 */

#ifndef CORE_HTTP_BODY_H
#define CORE_HTTP_BODY_H

#include <stddef.h>
#include <stdint.h>

enum http_framing {
	HTTP_UNTIL_CLOSE,
	HTTP_LENGTH,
	HTTP_CHUNKED
};

enum http_body_progress {
	HTTP_BODY_MORE, /* more bytes are needed, or the end of file */
	HTTP_BODY_DONE,
	HTTP_BODY_BAD /* it is not framed as it should be */
};

/* All zero but framing, keep and, for a length, left is the beginning. */
struct http_body {
	enum http_framing framing;
	uint64_t left; /* bytes of the length or chunk that are to come */
	size_t keep;   /* how many bytes are kept at most */
	char *kept;    /* them and a NUL, to be freed by the owner; or NULL */
	size_t kept_length;
	uint64_t total; /* bytes of the body so far */
	unsigned state; /* private from here on */
	unsigned position;
	size_t kept_size;
};

/* Take bytes; after another answer than MORE it stays. */
enum http_body_progress
http_body_feed(struct http_body *, const void *, size_t);

#endif
