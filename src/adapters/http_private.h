/* SPDX-License-Identifier: ISC */

/*
 * The parts of the web console's server, for each other: http.c answers
 * requests, http_connections.c counts and bounds who is connected, http_auth.c
 * knows who may see it, with http_logins.c and http_verify.c for passwords,
 * http_tls.c has the certificate, http_reply.c writes whole answers,
 * http_stream.c those that are made piece by piece, and http_events.c tells
 * listeners.
 */

#ifndef ADAPTERS_HTTP_PRIVATE_H
#define ADAPTERS_HTTP_PRIVATE_H

#include <sys/queue.h>

#include <event2/http.h>
#include <event2/keyvalq_struct.h>

#include "adapters/http.h"
#include "core/addr.h"

struct bufferevent;
struct evconnlistener;
struct http_auth;
struct http_connections;
struct http_listeners;
struct http_streams;
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
	struct http_streams *streams;
	LIST_HEAD(, pending) pending; /* whose passwords are being compared */
	bool guarded; /* only requests for localhost or an address */
	char *stale;  /* see http_stale(); NULL = nothing is */
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
/* Close all: they are in clear, and are to be by TLS, or the other way. */
void http_connections_end(struct http_connections *);
/* So many may one source have at a time, of those that come from now on. */
void http_connections_limit(struct http_connections *, unsigned per_source);
/* A request is refused for that. */
void http_connections_refused(struct http_connections *);
void http_connections_counters(
    const struct http_connections *, struct http_counters *);

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
/* The same, and when to ask again. */
void http_reply_later(struct evhttp_request *, int code, unsigned seconds);
/* One of src/web; false if there is none of the path. */
bool http_reply_file(struct evhttp_request *, const char *path);
bool http_is_head(struct evhttp_request *);

/* http_stream.c */

struct http_streams *http_streams_new(struct http *);
void http_streams_free(struct http_streams *);
/* The query's parameters are moved. */
void http_stream_start(struct http *, struct evhttp_request *,
    const struct http_resource *, struct http_query *);

/* http_events.c */

struct http_listeners *http_listeners_new(struct http *);
void http_listeners_free(struct http_listeners *);
void http_listen(struct http *, struct evhttp_request *, struct http_query *);
void http_listeners_limit(struct http_listeners *, unsigned per_source);
size_t http_listeners_count(const struct http_listeners *);

/* http_auth.c */

enum http_verdict {
	HTTP_LET_IN,
	HTTP_KEPT_OUT,
	HTTP_UNDECIDED, /* the callback says it later */
	HTTP_EARLY,	/* who asks has to wait, as others don't */
	HTTP_BUSY	/* it can't be said: too many others wait, for one */
};

struct http_asker {
	struct addr from;
	const char *header; /* the field Authorization, or NULL */
	void (*decided)(void *arg, enum http_verdict);
	void *arg;
};

struct http_auth *http_auth_new(struct event_base *);
void http_auth_free(struct http_auth *);
/*
 * Read what lets people in: 1 if others are let in now, so that who was
 * undecided is decided to be HTTP_BUSY, 0 if they are the same, or -1 and a
 * line in *error, which is to free, and nothing has changed.
 */
int
http_auth_read(struct http_auth *, const struct conf_webserver *, char **error);
/* *seconds is when to ask again, of HTTP_EARLY and HTTP_BUSY. */
enum http_verdict http_auth_judge(
    struct http_auth *, const struct http_asker *, unsigned *seconds);
/* Don't call back any more. */
void http_auth_forget(struct http_auth *, void *arg);
/* The fields WWW-Authenticate that say how one gets in. */
void http_auth_challenge(const struct http_auth *, struct evkeyvalq *out);
void http_auth_counters(const struct http_auth *, struct http_counters *);

/* http_logins.c */

struct http_logins;

/* Somebody asks to be let in by a password. */
struct http_login {
	const char *name, *password;
	const char *hash; /* of the user, or of another if there is none */
	bool known;	  /* there is such a user */
	const struct http_asker *asker;
};

struct http_logins *http_logins_new(struct event_base *);
void http_logins_free(struct http_logins *);
/* Who was undecided is decided to be HTTP_BUSY. */
void http_logins_put_off(struct http_logins *);
/* See http_auth_judge(). */
enum http_verdict http_logins_judge(
    struct http_logins *, const struct http_login *, unsigned *seconds);
void http_logins_forget(struct http_logins *, void *arg);
/* What was no password was wrong: a token, say. */
void http_logins_refused(struct http_logins *, const struct addr *from);
void http_logins_counters(const struct http_logins *, struct http_counters *);

/* http_verify.c */

struct http_verify;

struct http_verify *http_verify_new(struct event_base *);
void http_verify_free(struct http_verify *);
/*
 * Is it this password's hash?  HTTP_LET_IN or HTTP_KEPT_OUT; or HTTP_BUSY if
 * they could not be compared.  Those that are trusted come before the others;
 * of these, each its turn.  How many wait is for the caller to bound.
 */
void http_verify_ask(struct http_verify *, bool trusted, const char *hash,
    const char *password, void (*answer)(void *arg, enum http_verdict),
    void *arg);
/*
 * What is asked with that argument is not to be answered any more: true if it
 * will not even be compared.  Not if it is, and will be answered all the same,
 * unless told to drop it.
 */
bool http_verify_cancel(struct http_verify *, void *arg, bool drop);

/* http_peer.c */

/* Whom a socket is connected to, for counting (addr_source()); or family 0. */
void http_peer(int fd, struct addr *out);
void http_peer_of_request(struct evhttp_request *, struct addr *out);

/* http_tls.c */

/* NULL and a line in *error, which is to free. */
struct http_tls *http_tls_new(const struct conf_webserver *, char **error);
void http_tls_free(struct http_tls *);
/* What a connection is to be owned by; NULL if there is no memory. */
struct bufferevent *http_tls_accept(struct http_tls *, struct event_base *);
/*
 * Is it by TLS, or at a loopback address: what browsers call a potentially
 * trustworthy origin (W3C Secure Contexts, 3.1)?
 */
bool http_tls_trustworthy(struct evhttp_connection *);

#endif
