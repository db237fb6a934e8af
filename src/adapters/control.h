/* SPDX-License-Identifier: ISC */

/*
 * The control socket, for vc5ctl(8): a request and a reply, a line of JSON
 * each, over a UNIX-domain stream socket.
 *
 *	{"command": "status"}	the status document (core/status.h)
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
 *	{"command": "override",	{"ok": true, "message": "...", "warnings":
 *	 "kind", "name",	["...", ...]}, or {"ok": false, "errors":
 *	 "order", "service",	["...", ...], "guard": true if "force" would
 *	 "force": bool}		make it}: engine/orders_console.c has the words
 *	anything else		{"error": "..."}
 *
 * A client may send any number of requests, one after the other or all at
 * once.  What it can take up is bounded: the length of a request, one reply
 * at a time, ten seconds for each of them, the number of clients.
 */

#ifndef ADAPTERS_CONTROL_H
#define ADAPTERS_CONTROL_H

#include <jansson.h>
#include <stdint.h>

struct control;
struct event_base;

/*
 * Listen at path, mode 0600.  A socket file that no process listens at is
 * replaced; one where another vc5d answers is not.  handler gets a request
 * (borrowed, an object) and gives a new reference to its reply.  NULL after
 * having logged why.  The process must ignore SIGPIPE.
 */
struct control *control_new(struct event_base *, const char *path,
    json_t *(*handler)(void *arg, const json_t *request), void *arg);
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

#endif
