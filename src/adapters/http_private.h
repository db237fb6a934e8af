/* SPDX-License-Identifier: ISC */

/*
 * The parts of the web console's server, for each other: http.c answers
 * requests, http_connections.c counts and bounds who is connected, http_auth.c
 * knows who may see it, with http_verify.c for passwords, http_tls.c has the
 * certificate, http_reply.c writes whole answers, http_stream.c those that are
 * made piece by piece, and http_events.c tells listeners.
 */

#ifndef ADAPTERS_HTTP_PRIVATE_H
#define ADAPTERS_HTTP_PRIVATE_H

#include <sys/queue.h>

#include <event2/http.h>
#include <event2/keyvalq_struct.h>

#include "adapters/http.h"

struct bufferevent;
struct evconnlistener;
struct http_auth;
struct http_connections;
struct http_listeners;
struct http_stream;
struct http_tls;

struct http_query {
	struct evkeyvalq parameters;
	const struct evkeyvalq *headers; /* the request's */
};

struct http {
	struct event_base *base;
	struct evhttp *server;
	struct http_connections *connections;
	struct http_auth *auth;
	struct http_tls *tls; /* NULL = in clear */
	struct http_listeners *listeners;
	LIST_HEAD(, http_stream) streams;
	LIST_HEAD(, pending) pending; /* whose passwords are being compared */
	bool guarded; /* only requests for localhost or an address */
	const struct http_content *content;
	void *arg;
};

/* http_connections.c */

struct http_connections *http_connections_new(struct http *);
/* 0, or -1 with errno set if it can't listen at the address. */
int http_connections_listen(
    struct http_connections *, const struct conf_webserver *);
/* Before evhttp closes them all; and after that. */
void http_connections_forget(struct http_connections *);
void http_connections_free(struct http_connections *);
/* It was let in, and may stay so much longer, in ms. */
void http_connection_stays(struct http *, struct evhttp_request *, uint64_t ms);
/* Close those: whom they belong to may not be let in any more. */
void http_connections_revoke(struct http_connections *);

/* http_reply.c */

enum http_kind {
	HTTP_DATA, /* never kept by anybody */
	HTTP_PAGE, /* ... and with a style of its own */
	HTTP_FILE  /* of src/web: kept, but asked for whether it is fresh */
};

/* The header fields that all answers have. */
void http_headers(struct evhttp_request *, enum http_kind, const char *type);
/* A whole answer; body is emptied. */
void http_reply(struct evhttp_request *, enum http_kind, int code,
    const char *type, struct evbuffer *body);
void http_reply_text(struct evhttp_request *, int code, const char *text);
void http_reply_error(struct evhttp_request *, int code);
/* One of src/web; false if there is none of the path. */
bool http_reply_file(struct evhttp_request *, const char *path);
bool http_is_head(struct evhttp_request *);

/* http_stream.c */

void http_stream_start(struct http *, struct evhttp_request *,
    const struct http_resource *, struct http_query *);
void http_streams_free(struct http *);

/* http_events.c */

struct http_listeners *http_listeners_new(struct http *);
void http_listeners_free(struct http_listeners *);
void http_listen(struct http *, struct evhttp_request *, struct http_query *);

/* http_auth.c */

enum http_verdict {
	HTTP_LET_IN,
	HTTP_KEPT_OUT,
	HTTP_UNDECIDED, /* the callback says it later */
	HTTP_BUSY	/* it can't be said: too many others wait, for one */
};

/* Read what lets people in: NULL and a line in *error, which is to free. */
struct http_auth *
http_auth_new(struct event_base *, const struct conf_webserver *, char **error);
void http_auth_free(struct http_auth *);
/* Do they let in the same people? */
bool http_auth_equal(const struct http_auth *, const struct http_auth *);
/* header: the field Authorization, or NULL. */
enum http_verdict http_auth_judge(struct http_auth *, const char *header,
    void (*decided)(void *arg, enum http_verdict), void *arg);
/* Don't call back any more. */
void http_auth_forget(struct http_auth *, void *arg);
/* The fields WWW-Authenticate that say how one gets in. */
void http_auth_challenge(const struct http_auth *, struct evkeyvalq *out);

/* http_verify.c */

struct http_verify;

struct http_verify *http_verify_new(struct event_base *);
void http_verify_free(struct http_verify *);
/*
 * Is it this password's hash?  HTTP_LET_IN or HTTP_KEPT_OUT; or HTTP_BUSY if
 * they could not be compared.  -1 if too many others wait.
 */
int
http_verify_ask(struct http_verify *, const char *hash, const char *password,
    void (*answer)(void *arg, enum http_verdict), void *arg);
/* What is asked with that argument is not to be answered any more. */
void http_verify_forget(struct http_verify *, void *arg);

/* http_tls.c */

/* NULL and a line in *error, which is to free. */
struct http_tls *http_tls_new(const struct conf_webserver *, char **error);
void http_tls_free(struct http_tls *);
/* What a connection is to be owned by; NULL if there is no memory. */
struct bufferevent *http_tls_accept(struct http_tls *, struct event_base *);

#endif
