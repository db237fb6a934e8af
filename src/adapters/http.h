/* SPDX-License-Identifier: ISC */

/*
 * The status page, /status.json and /metrics over HTTP (libevent's evhttp).
 * What peers can take up is bounded: connections, their lifetime, the size of
 * a request; when all connections are taken the oldest ones are closed.
 */

#ifndef ADAPTERS_HTTP_H
#define ADAPTERS_HTTP_H

#include <stdint.h>

#include <jansson.h>

struct addr;
struct event_base;
struct http;

/*
 * Serve at address and port (host order).  status gives a new reference to
 * the status document (core/status.h) for each request.  NULL after having
 * logged why: EADDRINUSE, say, which is worth another try later.  The process
 * must ignore SIGPIPE.
 */
struct http *http_new(struct event_base *, const struct addr *, uint16_t port,
    json_t *(*status)(void *arg), void *arg);
/* Closes every connection.  Not from inside status.  NULL is accepted. */
void http_free(struct http *);

#endif
