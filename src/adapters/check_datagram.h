/* SPDX-License-Identifier: ISC */

/*
 * A probe by UDP: one datagram out, sent again once if nothing has come in a
 * third of the time (a datagram that is lost says nothing about the server),
 * and whatever the server sends.  For the types of check.
 */

#ifndef ADAPTERS_CHECK_DATAGRAM_H
#define ADAPTERS_CHECK_DATAGRAM_H

#include <sys/types.h>

#include <stdbool.h>
#include <stdint.h>

#include <event2/event_struct.h>

struct check;

/* A part of the type's state. */
struct check_datagram {
	struct check *check; /* NULL before it began */
	struct event resend;
	void *bytes; /* a copy, as a reload can change what they came from */
	size_t length;
};

/*
 * Send the bytes to the check's port, and wait.  Those that are the operator's
 * are shown in part (core/redact.h).
 */
void check_datagram_begin(struct check_datagram *, struct check *,
    const void *bytes, size_t, bool operators);

/*
 * Take the next datagram: its length and, until the next call, its bytes; or
 * -1 if there is none, or if an error came instead, by which the check is then
 * decided.
 */
ssize_t check_datagram_read(struct check_datagram *, const uint8_t **bytes);

void check_datagram_release(struct check_datagram *);

#endif
