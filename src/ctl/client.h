/* SPDX-License-Identifier: ISC */

/*
 * Requests to vc5d, and its replies (adapters/control.h).
 */

#ifndef CTL_CLIENT_H
#define CTL_CLIENT_H

#include <jansson.h>
#include <stdbool.h>

/* Exit statuses, as vc5ctl(8) has them. */
enum {
	CTL_OK,
	CTL_ERROR,	/* refused, not found, or something went wrong */
	CTL_USAGE,	/* the command line is wrong */
	CTL_UNREACHABLE /* vc5d doesn't run, doesn't answer, or goes away */
};

struct client;

/* Not connected before something is asked. */
struct client *client_new(const char *socket_path);
void client_free(struct client *);

/*
 * Send a request, whose reference is taken.  The reply, an object:
 * json_decref it.  NULL after having said why there is none, or what vc5d has
 * against the request.
 */
json_t *client_ask(struct client *, json_t *request);
/* The same, without a word and without waiting for long. */
json_t *client_ask_quietly(struct client *, json_t *request);

/* From now on, say nothing of what is wrong, or do again; what it was. */
bool client_be_quiet(struct client *, bool);
/* How long vc5d may take, from the next connection on. */
void client_set_timeout(struct client *, unsigned seconds);

/*
 * The same of a request that is answered with several lines: the first; then
 * the next.  What a stream sends may be waited for without an end.
 */
json_t *client_next(struct client *);
void client_wait_forever(struct client *);
/* Of the connection, to poll(2) for what is not buffered; -1 = none. */
int client_descriptor(const struct client *);
/* Has the whole next line come, so that client_next() would not wait? */
bool client_buffered(const struct client *);

/* The exit status after that was NULL. */
int client_failure(const struct client *);

#endif
