/* SPDX-License-Identifier: ISC */

/*
 * Posting something to a server by HTTP, or HTTPS with the server's certificate
 * verified: a request at a time, over a connection that is kept for the next
 * one.  Nothing waits: not for name servers, nor for a server.
 */

#ifndef ADAPTERS_HTTP_POST_H
#define ADAPTERS_HTTP_POST_H

#include <stdbool.h>
#include <stddef.h>

#include "core/conf_logging.h"
#include "core/url.h"

#define HTTP_POST_ANSWER_MAX  (4 << 20) /* bytes of an answer's body */
#define HTTP_POST_HEADERS_MAX (16 << 10)

struct event_base;
struct http_post;

struct http_request {
	const struct url *server;
	const struct conf_trust *trust;
	const char *path;	   /* of it all: begins with '/' */
	const char *type;	   /* of the body */
	const char *authorization; /* header's value; NULL = none */
	const char *body;
	size_t length;
	unsigned timeout; /* ms for it all */
};

struct http_answer {
	int status;	      /* 100 to 599; 0 = there was no answer */
	unsigned retry_after; /* seconds, as the server asks for; or 0 */
	const char *body;     /* ends with a NUL that is not counted */
	size_t length;
	const char *error; /* why there was no answer, else NULL */
};

typedef void http_post_cb(void *arg, const struct http_answer *);

struct http_post *http_post_new(struct event_base *, http_post_cb *, void *arg);
/* A request under way ends without its callback.  NULL is accepted. */
void http_post_free(struct http_post *);

/*
 * Post; all of it is copied.  The callback comes once, from the event loop and
 * never from inside this call, and what it is given is gone behind it.  No
 * other may be under way.
 */
void http_post_send(struct http_post *, const struct http_request *);
bool http_post_is_busy(const struct http_post *);
/* Close the connection that is kept, if nothing is under way. */
void http_post_forget(struct http_post *);

#endif
