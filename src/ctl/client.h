/* SPDX-License-Identifier: ISC */

/*
 * One request to vc5d, and its reply (adapters/control.h).
 */

#ifndef CTL_CLIENT_H
#define CTL_CLIENT_H

#include <jansson.h>

/* The reply, an object: json_decref it.  NULL after having said why. */
json_t *client_request(const char *socket_path, const char *command);

#endif
