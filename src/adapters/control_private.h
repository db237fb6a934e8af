/* SPDX-License-Identifier: ISC */

/*
 * The control socket's clients, for control*.c only.
 */

#ifndef ADAPTERS_CONTROL_PRIVATE_H
#define ADAPTERS_CONTROL_PRIVATE_H

#include <sys/queue.h>
#include <sys/types.h>

#include <stdbool.h>

#include "adapters/control.h"

#define CONTROL_CLIENTS 32 /* at a time */

struct bufferevent;
struct evconnlistener;
struct event;

struct client {
	TAILQ_ENTRY(client) entry;
	struct control *control;
	struct bufferevent *bev;
	struct event *deadline; /* of the request or reply */
	bool replying; /* a reply is on its way: the next request waits */
	bool last;     /* close after what is being sent */
	const struct control_parts *parts; /* that the reply has; or NULL */
	void *parts_arg;
	struct control_stream *stream; /* in place of a reply; or NULL */
};

struct control {
	struct event_base *base;
	char *path;
	dev_t device; /* of the socket file that we made */
	ino_t inode;
	struct evconnlistener *listener;
	struct event *resume; /* accepting, after a failure */
	TAILQ_HEAD(client_list, client) clients;
	size_t client_count, stream_count;
	bool accept_failed;  /* logged */
	struct client *busy; /* the handler runs for it */
	bool freed;	     /* control_free was called meanwhile */
	json_t *(*handler)(void *arg, const json_t *request);
	void *arg;
};

/* control.c */

void control_client_free(struct client *);
void control_restart_deadline(struct client *);

/* control_socket.c */

/* A bound and listening socket, or -1 after having logged why. */
int control_listen(const struct control_options *);

/* control_stream.c: a client's parts or stream, if it has any. */

/* Send the next part; the client may be gone then. */
void control_parts_continue(struct client *);
void control_parts_end(struct client *);
/* All that was queued has been sent. */
void control_stream_drained(struct client *);
/* Whatever the client says now. */
void control_stream_ignore(struct client *);
void control_stream_end(struct client *);

#endif
