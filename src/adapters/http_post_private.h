/* SPDX-License-Identifier: ISC */

/*
 * What http_post.c and http_post_link.c share: a poster's state.
 */

#ifndef ADAPTERS_HTTP_POST_PRIVATE_H
#define ADAPTERS_HTTP_POST_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>

#include "adapters/http_post.h"
#include "core/addr.h"

#define ERROR_LEN 256

struct evhttp_connection;
struct event;
struct lookup;
struct ssl_st;

struct http_post {
	struct event_base *base;
	http_post_cb *cb;
	void *arg;

	/* The connection that there is, or is being made. */
	struct evhttp_connection *link; /* NULL = none */
	struct ssl_st *ssl;		/* of it: a reference; NULL = none */
	struct lookup *lookup;		/* of its address */
	char *peer;    /* what it is a connection to, as text */
	bool used;     /* an answer came over it */
	bool broken;   /* it is not to be used again */
	unsigned turn; /* of a name's addresses, which is next */

	/* The request under way. */
	bool busy;
	bool again; /* it is sent a second time */
	struct url server;
	struct conf_trust trust;
	char *path, *type, *authorization, *body;
	size_t length;
	unsigned timeout; /* ms */
	struct event *deadline;
	struct event *finish; /* outside of evhttp's callbacks */

	/* What came of it. */
	int status;
	unsigned retry_after;
	char *answer;
	size_t answer_length;
	char error[ERROR_LEN];
	int cause; /* enum evhttp_request_error; -1 = it was not said */
};

/*
 * There is a connection to the request's server, or one is being made; then
 * http_post_linked() follows, from inside this call or later.
 */
void http_post_link(struct http_post *);
/* A connection can be used, or error says why there is none. */
void http_post_linked(struct http_post *);
void http_post_unlink(struct http_post *);
/* Why the TLS handshake failed: into error.  False if it did not. */
bool http_post_tls_error(struct http_post *);

#endif
