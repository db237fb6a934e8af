/* SPDX-License-Identifier: ISC */

/*
 * The web console of status_server: views of a document, and what tests need
 * beside them.
 *
 * /slow has a hundred pieces of 64 KiB, with nothing to send between them;
 * "?pieces=N" makes more or fewer, 0 is not found, and with "?breaks=N" it
 * breaks before that one.  /late has nothing to send for "?steps=N" steps of
 * two milliseconds, and then a body of "?pieces=N" pieces whose length is said
 * beforehand, unless it breaks as /slow does; /kept is how many of these are
 * kept.  Events are "tick", with a number, ten times a
 * second, and as often "service" of 200 KB for who wants to hear of "large";
 * there is nothing to hear of the service "none".  Who has seen events before
 * gets a "seen" with the last one's number.  SIGHUP has the configuration,
 * certificate, users and tokens read anew, and "renewed" or "refused" printed;
 * /stale is why.
 */

#ifndef STATUS_WEB_H
#define STATUS_WEB_H

#include <jansson.h>

struct event_base;
struct status_web;

/*
 * Serve the document, which is borrowed; webserver is JSON, as in
 * vc5d.conf(5), or "@" and the path of a file of that, and borrowed as well.
 * NULL after having logged why not.
 */
struct status_web *status_web_new(
    struct event_base *, const json_t *status, const char *webserver);
void status_web_free(struct status_web *);

#endif
