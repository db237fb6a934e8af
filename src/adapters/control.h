/* SPDX-License-Identifier: ISC */

/*
 * The control socket, for vc5ctl(8): a request and a reply, a line of JSON
 * each, over a UNIX-domain stream socket.
 *
 *	{"command": "status"}	the status document (core/status.h)
 *	{"command": "status",	the same, without the services' "destinations"
 *	 "part": "head"}
 *	{"command": "status",	a line {"service": an element of "services"}
 *	 "part": "services",	for each of those that have this name, VIP, or
 *	 "service": name,	VIP, port and protocol; and of their
 *	 "server": address,	destinations only those of this server, if any,
 *	 "brief": bool}		and of these state and counters only, if that is
 *				wanted; and then a line {"end": how many}
 *	{"command": "reload"}	{"ok": true, "message": "..."}, or
 *				{"ok": false, "errors": ["...", ...]}
 *	{"command": "flows",	{"flows": [{"service", "client", "port",
 *	 "cursor": integer,	"server", "state", "age", "idle" (seconds),
 *	 "limit": integer,	"learnt"}, ...], "next": the cursor of the
 *	 "service", "client",	next page, or null}: all but the command may be
 *	 "server", "state"}	left out; a page can be empty and not the last
 *	{"command": "explain",	{"action": "send", "drop" or "pass", "server",
 *	 "source", "destination", "service", "by": "flow" or "slot", "flow",
 *	 "protocol",		"slot", "slots", "slot_server", "destination",
 *	 "without"}		"without": [{"server", "holds_flow",
 *				"slot_server", "text"}], "facts": [{"about",
 *				"text"}]}, as far as they are known
 *	{"command": "history",	{"history": [the last events, as in
 *	 "subject": a word,	core/status.h], "capacity": how many are kept,
 *	 "limit": integer}	"total": how many there were}
 *	{"command": "log",	{"ok": true, "message": "...", "level": how
 *	 "level": "brief" or	much is logged now}, or {"ok": false, "errors":
 *	 "verbose"}		["...", ...]}: the level may be left out
 *	{"command": "override",	{"ok": true, "message": "...", "warnings":
 *	 "kind", "name",	["...", ...]}, or {"ok": false, "errors":
 *	 "order", "service",	["...", ...], "guard": true if "force" would
 *	 "force": bool}		make it}: engine/orders_console.c has the words
 *	{"command": "monitor",	{"monitoring": true, "began": when events were
 *	 "log": bool,		numbered from 1 on, in milliseconds since the
 *	 "subject": a word,	epoch, "total": how many there were, "alerts":
 *	 "began": integer,	[those that are raised, as below]}, and if
 *	 "after": integer}	"after" was given "history": [all events behind
 *				that number, or all there are if "began" is not
 *				the same], "missed": how many of them are not
 *				kept any more; and then, until either closes, a
 *				line for all that happens: {"history":
 *				an event}, {"alert": {"at" (as below),
 *				"severity", "id", "text", "over" (bool)}},
 *				{"log": {"at" (milliseconds since the epoch),
 *				"priority", "text"}}, {"dropped": how many were,
 *				as the client did not read}
 *	{"command": "config"}	{"config": the configuration file, with what is
 *				secret masked}
 *	{"command": "version"}	{"version", "hostname", "started" (seconds since
 *				the epoch)}
 *	anything else		{"error": "..."}: so is a member that is not
 *				told of here, or a value of another type
 *
 * A client may send any number of requests, one after the other or all at
 * once.  What it can take up is bounded: the length of a request, one reply
 * at a time, ten seconds for each of them or part of one, what is queued for
 * who monitors, the number of clients.
 */

#ifndef ADAPTERS_CONTROL_H
#define ADAPTERS_CONTROL_H

#include <sys/types.h>

#include <jansson.h>
#include <stdint.h>

struct control;
struct control_stream;
struct evbuffer;
struct event_base;

struct control_options {
	const char *path;  /* of the socket */
	const char *group; /* that it belongs to; NULL = the process's */
	mode_t mode;
	/* Gets a request (borrowed, an object); a new reference to the reply */
	json_t *(*handler)(void *arg, const json_t *request);
	void *arg;
};

/*
 * Listen.  A socket file that no process listens at is replaced; one where
 * another vc5d answers is not.  NULL after having logged why.  The process must
 * ignore SIGPIPE.
 */
struct control *
control_new(struct event_base *, const struct control_options *);
/*
 * While handler runs: the user at the other end, as the kernel says; -1 if it
 * can't tell.
 */
int64_t control_peer(const struct control *);
/*
 * Closes and removes the socket.  From inside handler, too: the reply that it
 * is making is sent nevertheless.  NULL is accepted.
 */
void control_free(struct control *);

enum control_more {
	CONTROL_MORE,  /* something was appended, and next is to be called */
	CONTROL_LAST,  /* that was all */
	CONTROL_BROKEN /* it can't be continued: the client is closed */
};

/* A reply that is made piece by piece, each when the one before was sent. */
struct control_parts {
	enum control_more (*next)(void *arg, struct evbuffer *out);
	void (*free)(void *arg);
};

/* While handler runs, and instead of its reply, which is then NULL. */
void control_reply_in_parts(
    struct control *, const struct control_parts *, void *arg);
/* For next: JSON as text; and as a line. */
void control_append_text(struct evbuffer *, const json_t *);
void control_append(struct evbuffer *, const json_t *);

/*
 * While handler runs, and instead of its reply: lines that are sent as they
 * come, until closed is called.  NULL if there are too many.
 */
struct control_stream *
control_stream_new(struct control *, void (*closed)(void *arg), void *arg);
/* Send a line (borrowed), unless too much is queued: then say so later. */
void control_stream_send(struct control_stream *, const json_t *line);

#endif
