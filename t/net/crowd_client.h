/* SPDX-License-Identifier: ISC */

/*
 * One client of a web server, which tells all that happens to it: it connects
 * once, asks for "/" time and again, or once if it is brief, and checks that
 * each answer is whole, is for this client, and comes from the same server as
 * the one before.  It never connects a second time.
 *
 * Times are milliseconds of the monotonic clock.
 */

#ifndef CROWD_CLIENT_H
#define CROWD_CLIENT_H

#include <sys/queue.h>

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/addr.h"

struct event;
struct event_base;

enum client_event {
	CLIENT_OPENED,
	CLIENT_ANSWERED,
	CLIENT_FINISHED, /* brief: has got what it wanted */
	CLIENT_STALLED,	 /* nothing came for CLIENT_PATIENCE, so far */
	CLIENT_RESUMED,	 /* and then it came; "gap" says when */
	CLIENT_CHANGED,	 /* another server answered */
	/* From here on: it is broken, and has been closed. */
	CLIENT_RESET,
	CLIENT_ENDED, /* closed by the server */
	CLIENT_REFUSED,
	CLIENT_TIMED_OUT, /* the kernel gave up */
	CLIENT_UNREACHABLE,
	CLIENT_MALFORMED, /* not the answer that was due */
	CLIENT_ERROR,	  /* anything else */
	CLIENT_EVENTS
};

#define CLIENT_PATIENCE 5000

enum client_state {
	CLIENT_CONNECTING,
	CLIENT_RESTING,
	CLIENT_WAITING,
	CLIENT_CLOSED
};

struct client {
	TAILQ_ENTRY(client) entry;
	struct crowd *crowd;
	struct event *event;
	int fd;
	bool brief;
	bool stalled;
	enum client_state state;
	struct addr address; /* its own */
	uint16_t port;
	uint64_t opened; /* 0: not yet */
	uint64_t asked;	 /* or began to connect */
	uint64_t served; /* when it asked for its last answer; 0: none yet */
	uint64_t gap;	 /* from asking to its last answer, or to its end */
	char backend[32];
	char answer[1024];
	size_t length;
};
TAILQ_HEAD(clients, client);

/*
 * What they have in common.  The callback must not free the client, but for
 * the events FINISHED and all that say that it is broken, after which it is
 * not used any more.
 */
struct crowd {
	struct event_base *base;
	struct addr vip;
	uint16_t port;
	unsigned interval; /* between requests, give or take a quarter */
	bool ending;	   /* nobody asks any more */
	void (*happened)(struct client *, enum client_event);
};

const char *client_event_name(enum client_event);

/* From this address, or any if its family is 0. */
struct client *client_new(struct crowd *, const struct addr *, bool brief);
void client_start(struct client *);
void client_free(struct client *);

/* Where the answer ends, 0: not yet, -1: it is not one; with who it is from. */
int client_answer(const struct client *, char *backend, size_t size);

#endif
