/* SPDX-License-Identifier: ISC */

/*
 * One probe of one destination, from its start to its outcome.  The types of
 * check are a file each (check_tcp.c, check_http.c).
 */

#ifndef ADAPTERS_CHECK_H
#define ADAPTERS_CHECK_H

#include <stdint.h>

#include "core/addr.h"
#include "core/conf.h"

struct check;
struct event_base;

enum check_outcome {
	CHECK_PASSED,
	CHECK_REFUSED,	    /* the connection was */
	CHECK_UNREACHABLE,  /* so said the network */
	CHECK_TIMEOUT,	    /* no decision in time */
	CHECK_CLOSED,	    /* the server closed before it had answered */
	CHECK_BAD_RESPONSE, /* it answered what is not the protocol */
	CHECK_BAD_STATUS,   /* it answered, but not as expected */
	CHECK_LOCAL_ERROR,  /* this host could not send the probe */
};

/* "passed", "connection refused", ...: static storage. */
const char *check_outcome_name(enum check_outcome);

struct check_target {
	struct addr vip;    /* where the socket connects to */
	struct addr source; /* what it is bound to; family 0 = not bound */
	uint32_t mark;	    /* SO_MARK; 0 = not set */
};

struct check_result {
	enum check_outcome outcome;
	char detail[128];  /* for people, printable ASCII: "HTTP 503" */
	uint64_t duration; /* microseconds */
};

typedef void check_cb(void *arg, const struct check_result *);

/*
 * Start a probe.  The callback comes once, from the event loop and never from
 * inside this call, within conf_check.timeout; the handle is then gone.  The
 * configuration must live until then, the target is copied.
 */
struct check *check_start(struct event_base *, const struct conf_check *,
    const struct check_target *, check_cb *, void *arg);

/* Go on for another configuration of the same content, and another owner. */
void check_move(struct check *, const struct conf_check *, void *arg);

/* End a probe without its callback.  NULL is accepted. */
void check_cancel(struct check *);

#endif
