/* SPDX-License-Identifier: ISC */

/*
 * The web console's server: files of src/web, bodies that whoever has the data
 * makes piece by piece, and events as they happen; by HTTP or HTTPS, to those
 * who may see them (libevent's evhttp).
 *
 * What peers can take up is bounded: connections, their lifetime, the size of
 * a request, what is queued for one that does not read.  When all connections
 * are taken, or all that an address may have, the oldest ones that have not
 * been let in are closed first.
 */

#ifndef ADAPTERS_HTTP_H
#define ADAPTERS_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

struct conf_webserver;
struct evbuffer;
struct event_base;
struct http;
struct http_listener;
struct http_query;

/* A parameter behind the path's "?", decoded and borrowed; NULL if not there.
 */
const char *http_query(const struct http_query *, const char *name);
/* A header field of the request, likewise. */
const char *http_header(const struct http_query *, const char *name);

/* What became of a step of making a body. */
enum http_step {
	HTTP_STEP_END,	  /* the body is complete */
	HTTP_STEP_MORE,	  /* there is more to come */
	HTTP_STEP_BROKEN, /* there can't be: it must not look complete */
	/* Unless something was appended before. */
	HTTP_STEP_BAD_QUERY,
	HTTP_STEP_NOT_FOUND,
};

/* Where a body has got to: for the steps, and zero at first. */
struct http_cursor {
	size_t next, part, count;
	uint64_t version;
	bool begun;
	const char *type; /* Content-Type, if not the resource's; static */
	/* Bytes of the whole body, if a step knows that before any is there. */
	size_t length;
	/* What the steps keep, and who gets it at the end; or NULL. */
	void *kept;
	void (*release)(void *kept);
};

/*
 * A path, and how its body is made: each step appends a piece, and not before
 * the peer has taken most of those before it.  All steps of all bodies have a
 * few milliseconds of a turn of the event loop.  As long as none has appended
 * anything, nothing is sent: so a body that is to be of one piece, or of none,
 * can be put together first.
 */
struct http_resource {
	const char *path;
	const char *type; /* Content-Type */
	enum http_step (*step)(void *arg, const struct http_query *,
	    struct http_cursor *, struct evbuffer *out);
};

/* What is served beside the files of src/web. */
struct http_content {
	const struct http_resource *resources;
	size_t count;
	/* Is there such a service, for somebody who wants to hear of it? */
	bool (*knows)(void *arg, const char *service);
	/*
	 * Somebody listens at /events from now on, who may have seen events
	 * with ids up to seen, 0 for none: tell him what he has missed.
	 */
	void (*listens)(void *arg, struct http_listener *, uint64_t seen);
};

/*
 * Serve as the configuration says, of which nothing is kept.  NULL after having
 * logged why not: EADDRINUSE, say, which is worth another try later.  The
 * process must ignore SIGPIPE, and do what http_verifier() says.
 */
struct http *http_new(struct event_base *, const struct conf_webserver *,
    const struct http_content *, void *arg);
/*
 * Read certificate, users and tokens anew, and close what lasts, events for
 * one, if these are others now.  0, or -1 after having logged why not: those of
 * before stay in force.  Between clear and TLS, everything is closed.
 */
int http_renew(struct http *, const struct conf_webserver *);
/*
 * Why those of before are still in force: a line, until http_renew() is called
 * again; NULL if they aren't.
 */
const char *http_stale(const struct http *);
/* Closes every connection.  Not from inside a step.  NULL is accepted. */
void http_free(struct http *);
/*
 * What it can't serve for: a certificate, key, users or tokens that can't be
 * read.  A line to free; NULL = nothing.
 */
char *http_problem(const struct conf_webserver *);

/* Since http_new(), but for what is now. */
struct http_counters {
	/* Requests with credentials that were not let in before. */
	uint64_t right, wrong;
	uint64_t early; /* of somebody who had to wait after wrong ones */
	/* Too many others had theirs compared, or these could not be. */
	uint64_t busy;
	/* Connections and listeners at a time; and those that were refused. */
	uint64_t connections, listeners, refused;
};

void http_counters(const struct http *, struct http_counters *);

/*
 * Events for those who listen at /events: data is one line, JSON.  An id of 0
 * is none.  Who does not read misses events, and is closed in the end.
 */
bool http_has_listeners(const struct http *);
void http_tell(struct http *, const char *event, uint64_t id, const char *data);
void http_tell_one(
    struct http_listener *, const char *event, uint64_t id, const char *data);
/* The service that a listener wants to hear of; NULL = none. */
const char *http_listener_service(const struct http_listener *);
/*
 * The services that somebody wants to hear of, one after the other: from
 * untell on, none was told; untold is one that was not, NULL if all were, until
 * the next call of these; and telling it is to all who want that, data NULL
 * being nothing to tell.
 */
void http_untell_services(struct http *);
const char *http_untold_service(const struct http *);
void http_tell_service(
    struct http *, const char *service, const char *event, const char *data);

/*
 * Passwords are compared by a process of their own, as it takes its time: this
 * program, with HTTP_VERIFIER for its only argument, is that process, and is to
 * return what this does.
 */
#define HTTP_VERIFIER "--verify-password"
int http_verifier(void);

#endif
