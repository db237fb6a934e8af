/* SPDX-License-Identifier: ISC */

/*
 * One probe of one destination, from its start to its outcome.  The types of
 * check are a file each (check_tcp.c, check_http.c, ...).
 */

#ifndef ADAPTERS_CHECK_H
#define ADAPTERS_CHECK_H

#include <stdbool.h>
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
	CHECK_BAD_TLS,	    /* no TLS session, or a certificate not wanted */
	CHECK_BAD_RESPONSE, /* it answered what is not the protocol */
	CHECK_BAD_STATUS,   /* it answered, but not as expected */
	CHECK_BAD_ANSWER,   /* the same of what is no status */
	CHECK_BAD_EXIT,	    /* the command ended, but not by exit(0) */
	CHECK_LOCAL_ERROR,  /* this host could not send the probe */
};

/* "passed", "connection refused", ...: static storage. */
const char *check_outcome_name(enum check_outcome);

/* What a probe's time goes to. */
enum check_phase {
	CHECK_PHASE_CONNECT,
	CHECK_PHASE_TLS,
	CHECK_PHASE_FIRST_BYTE, /* of what the server answers */
	CHECK_PHASES
};

/* What an agent on the server asks for. */
enum check_advice {
	CHECK_ADVICE_NONE,
	CHECK_ADVICE_UP,
	CHECK_ADVICE_DRAIN,
	CHECK_ADVICE_DOWN
};

struct check_target {
	struct addr vip;    /* where the probe goes to */
	struct addr source; /* what it is bound to; family 0 = not bound */
	uint32_t mark;	    /* SO_MARK; 0 = not set */
	struct addr server; /* the destination's own address */
	uint8_t protocol;   /* of the service, for commands to know */
	bool direct;	    /* to server itself instead, without the mark */
};

struct check_result {
	enum check_outcome outcome;
	char detail[128];  /* for people, printable ASCII: "HTTP 503" */
	uint64_t duration; /* microseconds, all of it */
	uint32_t phase[CHECK_PHASES]; /* us that each took; 0 = it didn't */
	/* How they begin, escaped as in C; "" = nothing. */
	char sent[128], received[256];
	char warning[128]; /* of a probe that passed, as detail; or "" */
	struct {
		enum check_advice state;
		int weight; /* percent of the configured; -1 = not said */
	} agent;
};

typedef void check_cb(void *arg, const struct check_result *);

/*
 * Start a probe.  The callback comes once, from the event loop and never from
 * inside this call, within conf_check.timeout from when it is its turn (see
 * check_set_limit); the handle is then gone.  The configuration must live
 * until then, the target is copied.
 */
struct check *check_start(struct event_base *, const struct conf_check *,
    const struct check_target *, check_cb *, void *arg);

/* Go on for another configuration of the same content, and another owner. */
void check_move(struct check *, const struct conf_check *, void *arg);

/* End a probe without its callback.  NULL is accepted. */
void check_cancel(struct check *);

/*
 * How many probes of the process may be under way at once: others wait for
 * their turn.  0 = any number, as it is at first.
 */
void check_set_limit(unsigned);

/*
 * Why what commands send to the VIP does not take the way of probes on this
 * host; NULL = it does, or none was run yet.
 */
const char *check_exec_problem(void);

struct check_load {
	unsigned running, waiting; /* probes, now */
	uint64_t put_off;	   /* that had to wait, ever */
};
void check_load(struct check_load *);

#endif
