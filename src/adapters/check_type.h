/* SPDX-License-Identifier: ISC */

/*
 * The functions of a type of check, and what check.c and check_stream.c do for
 * it.  Private to the check*.c files.
 */

#ifndef ADAPTERS_CHECK_TYPE_H
#define ADAPTERS_CHECK_TYPE_H

#include <sys/types.h>

#include "adapters/check.h"

/*
 * Each function ends by check_wait, check_decide or check_fail, and is not
 * called again once there is a decision.  Sockets are non-blocking.
 */
struct check_ops {
	size_t state_size; /* of *check_state(), zero at first */
	/* The probe begins; NULL = by check_connect. */
	void (*begin)(struct check *);
	/* After check_connect: the connection stands, with TLS if wanted. */
	void (*connected)(struct check *);
	/* What was waited for came; NULL if the type never waits. */
	void (*ready)(struct check *);
	/* The time is over (a connection stood, if there was one); decide. */
	void (*expired)(struct check *);
	/* After check_drain: what came; it may check_end.  May be NULL. */
	void (*drained)(struct check *, const void *, size_t);
	/* Release what the state owns; may be NULL. */
	void (*release)(void *state);
};

extern const struct check_ops check_agent;
extern const struct check_ops check_dns;
extern const struct check_ops check_exec;
extern const struct check_ops check_icmp;
extern const struct check_ops check_syn;
extern const struct check_ops check_tcp;
extern const struct check_ops check_udp;
extern const struct check_ops check_http;

void *check_state(struct check *);
const struct conf_check *check_conf(const struct check *);
const struct check_target *check_target(const struct check *);
/* Where the probe goes to: the VIP, or the server itself. */
const struct addr *check_address(const struct check *);
struct event_base *check_base(const struct check *);
/* Microseconds until the deadline. */
uint64_t check_time_left(const struct check *);

/*
 * A socket of the address's family, marked and bound as the target wants, to
 * be closed by check.c: the descriptor, or -1 after a decision.
 */
int check_socket(struct check *, int type, int protocol);
/* Give check.c another descriptor to watch and to close; it closes the last. */
void check_set_fd(struct check *, int fd);
int check_fd(const struct check *);

/* Call ready when the descriptor is: EV_READ or EV_WRITE of libevent. */
void check_wait(struct check *, short events);

/* The probe is over: the first decision counts. */
void check_decide(struct check *, enum check_outcome, const char *, ...)
    __attribute__((format(printf, 3, 4)));

bool check_is_decided(const struct check *);

/* The same, by errno of a call on a socket that was connected or connecting. */
void check_fail(struct check *, int error, const char *doing);

/* The same, by errno of a call that failed before any packet was sent. */
void check_fail_local(struct check *, const char *doing, const char *remedy);

/* Something that the operator should know, though the probe may pass. */
void check_warn(struct check *, const char *, ...)
    __attribute__((format(printf, 2, 3)));

/* The phase ended now; it began when the last one did, or the probe. */
void check_phase_ended(struct check *, enum check_phase);

/* For the transcript, which keeps as much as it has room for. */
void check_sent(struct check *, const void *, size_t);
void check_received(struct check *, const void *, size_t);
/* The same of what the configuration has, which is shown in part. */
void check_sent_text(struct check *, const void *, size_t);

/* What an agent said; weight as in struct check_result. */
void check_advise(struct check *, enum check_advice, int weight);

/*
 * Connections: check_stream.c.
 */

/* Connect by TCP, and TLS if the configuration says so. */
void check_connect(struct check *);

/*
 * As recv(2) and send(2), through TLS if there is any, without SIGPIPE.
 * Reading notes the first byte's time and the transcript; writing doesn't.
 */
ssize_t check_read(struct check *, void *, size_t);
ssize_t check_write(struct check *, const void *, size_t);
/*
 * Write what is left, *sent is counted up: 1 if that was all, 0 if ready will
 * be called for more, -1 with errno.
 */
int check_send(struct check *, const void *, size_t length, size_t *sent);

/*
 * After a decision: drop what the server still sends, until it closes the
 * connection or falls silent.  More than a MiB of it, or no end before the
 * deadline, turns a pass into a bad response.
 */
void check_drain(struct check *);
/* The same, when nothing more is expected: TLS tells the server. */
void check_finish(struct check *);
/* After a decision: don't wait for the server any longer. */
void check_end(struct check *);

#endif
