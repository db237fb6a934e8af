/* SPDX-License-Identifier: ISC */

/*
 * The functions of a type of check, and what check.c does for it.  Private to
 * the check*.c files.
 */

#ifndef ADAPTERS_CHECK_TYPE_H
#define ADAPTERS_CHECK_TYPE_H

#include <sys/types.h>

#include "adapters/check.h"

/*
 * Each function ends by check_wait, check_decide or check_fail, and is not
 * called again once there is a decision.  The socket is non-blocking.
 */
struct check_ops {
	size_t state_size; /* of *check_state(), zero at first */
	/* The connection stands. */
	void (*connected)(struct check *);
	/* What was waited for came; NULL if the type never waits. */
	void (*ready)(struct check *);
	/* The time is over, the connection stood; decide. */
	void (*expired)(struct check *);
	/* Release what the state owns; may be NULL. */
	void (*release)(void *state);
};

extern const struct check_ops check_tcp;
extern const struct check_ops check_http;

void *check_state(struct check *);
const struct conf_check *check_conf(const struct check *);
const struct check_target *check_target(const struct check *);

/* Call ready when the socket is: EV_READ or EV_WRITE of libevent. */
void check_wait(struct check *, short events);

/* As read(2) and write(2), without SIGPIPE. */
ssize_t check_read(struct check *, void *, size_t);
ssize_t check_write(struct check *, const void *, size_t);

/* The probe is over: the first decision counts. */
void check_decide(struct check *, enum check_outcome, const char *, ...)
    __attribute__((format(printf, 3, 4)));

/* The same, by errno of a call on a socket that was connected or connecting. */
void check_fail(struct check *, int error, const char *doing);

/*
 * After a decision: drop what the server still sends, until it closes the
 * connection or falls silent.  More than a MiB of it, or no end before the
 * deadline, turns a pass into a bad response.
 */
void check_drain(struct check *);

#endif
