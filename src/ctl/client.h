/* SPDX-License-Identifier: ISC */

/*
 * Requests to vc5d, and its replies (adapters/control.h).
 */

#ifndef CTL_CLIENT_H
#define CTL_CLIENT_H

#include <jansson.h>

struct client;

/* Connect.  NULL after having said why it can't be. */
struct client *client_open(const char *socket_path);
void client_close(struct client *);

/*
 * Send a request, whose reference is taken.  The reply, an object:
 * json_decref it.  NULL after having said why there is none, or what vc5d has
 * against the request.
 */
json_t *client_ask(struct client *, json_t *request);

#endif
