/* SPDX-License-Identifier: ISC */

/*
 * What check.c and check_stream.c share; not for the types of check.
 */

#ifndef ADAPTERS_CHECK_PRIVATE_H
#define ADAPTERS_CHECK_PRIVATE_H

#include <sys/queue.h>

#include <event2/event.h>
#include <event2/event_struct.h>

#include "adapters/check_type.h"

struct ssl_st;

struct check {
	const struct check_ops *ops;
	const struct conf_check *conf; /* borrowed */
	struct check_target target;
	struct event_base *base;
	struct event io, timer;
	TAILQ_ENTRY(check) waiting; /* for its turn */
	bool begun;		    /* it had its turn */
	int fd;			    /* -1 = none */
	bool decided;		    /* result is what will be reported */
	void *state;		    /* the type's own */
	uint64_t start;		    /* microseconds, monotonic */
	uint64_t phase_start;	    /* the same */
	struct {
		bool used;	    /* check_connect was called */
		bool standing;	    /* the type was told that it is connected */
		bool answered;	    /* the first byte was read */
		bool ended;	    /* the server's end of file was read */
		size_t drained;	    /* bytes dropped after the decision */
		uint64_t heard;	    /* when the last of them came, as start */
		struct ssl_st *tls; /* NULL = none, or not yet */
		const char *tls_error; /* words for EBADMSG; static */
		int error; /* errno of the last call below TLS that failed */
		unsigned reads; /* below TLS, until the loop turns again */
	} stream;
	struct check_result result;
	check_cb *cb;
	void *arg;
};

/* Microseconds of the monotonic clock. */
uint64_t check_now(void);
/* Have the timer end the probe, or look again, in so many microseconds. */
void check_timer_set(struct check *, uint64_t us);
/* Watch the descriptor. */
void check_watch(struct check *, short events, event_callback_fn);
/* Take back a pass that is not reported yet. */
void check_revoke(struct check *);
/* Take out of a result what nobody is to be shown. */
void check_redact(const struct conf_check *, struct check_result *);

/* The event loop called: so much may be read below TLS until it does again. */
void check_stream_wake(struct check *);
/* Tell the type that the connection stands. */
void check_stream_stand(struct check *);
/* Is there more to be read that the socket doesn't show? */
bool check_stream_pending(const struct check *);
/* The deadline came before the connection stood: decide. */
void check_stream_expired(struct check *);
/*
 * The probe is about to be reported: did the server come to an end?  False if
 * more of the response has to be read first.
 */
bool check_stream_judge(struct check *);
/* Before the descriptor is closed. */
void check_stream_release(struct check *);

#endif
