/* SPDX-License-Identifier: ISC */

/*
 * Servers as nobody wants them, for the tests of checks: on loopback, in the
 * event loop of the test itself.
 */

#ifndef T_CHECK_SERVER_H
#define T_CHECK_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/addr.h"

struct event_base;
struct server;

/* What a server does once it has answered. */
enum server_end {
	END_CLOSE,   /* no more to say; waits for the client's end */
	END_RESET,   /* a reset */
	END_SILENCE, /* nothing, for ever */
	END_AGAIN,   /* the answer again, for ever */
	END_DRIBBLE, /* sends the answer one byte each 20 ms */
};

struct server_script {
	const char *answer; /* to the request; may be "" */
	enum server_end end;
};

struct server_seen {
	unsigned accepted;
	char request[1024]; /* of the last connection */
	uint64_t sent;	    /* bytes, of all */
	unsigned ended;	    /* clients that closed in an orderly way */
	unsigned reset;	    /* clients that did not */
};

/* NULL, with a message, if the family is not there. */
struct server *
server_new(struct event_base *, uint8_t family, const struct server_script *);
/* Have it answer the first bytes that come, rather than a whole request. */
void server_be_hasty(struct server *);
uint16_t server_port(const struct server *);
const struct server_seen *server_seen(const struct server *);
/* Accept, and drop, the connections that are waiting for it now: how many? */
unsigned server_drop_callers(struct server *);
void server_free(struct server *);

/* The loopback address of a family. */
struct addr loopback(uint8_t family);
/* A listening socket (not accepting), or one that is not listening. */
int loopback_socket(uint8_t family, int backlog, uint16_t *port);
/* Client's sockets of this host to a port that are in TIME_WAIT. */
unsigned time_wait_count(uint16_t port);

#endif
