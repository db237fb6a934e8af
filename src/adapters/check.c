/* SPDX-License-Identifier: ISC */

/*
 * A probe's socket, deadline and outcome: what all types of check share.
 *
 * How a connection ends matters to the servers and to this host.  An ordinary
 * close would leave it in TIME_WAIT here for a minute, and since all backends
 * of a service are probed at one address and port, a few hundred checks a
 * second would run out of ports.  So:
 *
 * - The ACK that completes the handshake is held back (TCP_QUICKACK off): it
 *   leaves with the request, or, when there is none, never, as a reset takes
 *   its place.  A TCP check then ends before the connection reaches the
 *   server's accept(2) (RFC 9293, section 3.10.7.4: a reset in SYN-RECEIVED
 *   returns to LISTEN, the user is not told): no line in its log at all.
 * - After a request the server is given a moment of silence to close first,
 *   as it was asked to; only one that does not is reset.  One that goes on
 *   sending for ever has not passed.
 */

#include <sys/socket.h>
#include <sys/time.h>

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <event2/event.h>
#include <event2/event_struct.h>

#include "adapters/check_type.h"
#include "base/log.h"
#include "base/xmalloc.h"

#define DRAIN_BYTES   (1 << 20)
#define DRAIN_SILENCE UINT64_C(100000) /* microseconds */

struct check {
	const struct check_ops *ops;
	const struct conf_check *conf; /* borrowed */
	struct check_target target;
	struct event_base *base;
	struct event io, timer;
	int fd;		/* -1 = none */
	bool connected; /* the handshake is done */
	bool ended;	/* the server's end of file was read */
	bool decided;	/* result is what will be reported */
	void *state;	/* the type's own */
	uint64_t start; /* microseconds, monotonic */
	size_t drained; /* bytes dropped after the decision */
	uint64_t heard; /* when the last of them came, as start */
	struct check_result result;
	check_cb *cb;
	void *arg;
};

static const struct check_ops *const types[] = {
    [CHECK_TCP] = &check_tcp,
    [CHECK_HTTP] = &check_http,
};

/* What an error on a connection means; any other is this host's. */
static const struct {
	int error;
	enum check_outcome outcome;
} error_outcomes[] = {
    {ECONNREFUSED, CHECK_REFUSED},
    {ECONNRESET, CHECK_CLOSED},
    {EPIPE, CHECK_CLOSED},
    {ETIMEDOUT, CHECK_TIMEOUT},
    {EHOSTUNREACH, CHECK_UNREACHABLE},
    {ENETUNREACH, CHECK_UNREACHABLE},
    {EHOSTDOWN, CHECK_UNREACHABLE},
    {ENONET, CHECK_UNREACHABLE},
    {ENOPROTOOPT, CHECK_UNREACHABLE},
    {EOPNOTSUPP, CHECK_UNREACHABLE},
    {EACCES, CHECK_UNREACHABLE},
    {EPROTO, CHECK_UNREACHABLE},
};

static uint64_t
monotonic_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

const char *
check_outcome_name(enum check_outcome outcome)
{
	static const char *const names[] = {
	    [CHECK_PASSED] = "passed",
	    [CHECK_REFUSED] = "connection refused",
	    [CHECK_UNREACHABLE] = "unreachable",
	    [CHECK_TIMEOUT] = "timeout",
	    [CHECK_CLOSED] = "connection closed",
	    [CHECK_BAD_RESPONSE] = "bad response",
	    [CHECK_BAD_STATUS] = "bad status",
	    [CHECK_LOCAL_ERROR] = "local error",
	};

	return names[outcome];
}

void *
check_state(struct check *check)
{
	return check->state;
}

const struct conf_check *
check_conf(const struct check *check)
{
	return check->conf;
}

const struct check_target *
check_target(const struct check *check)
{
	return &check->target;
}

static void
timer_set(struct check *check, uint64_t us)
{
	struct timeval tv = {
	    .tv_sec = (time_t)(us / 1000000),
	    .tv_usec = (suseconds_t)(us % 1000000),
	};

	if (event_add(&check->timer, &tv) == -1)
		fatalx("a check's timer: out of memory");
}

/* Microseconds until the deadline. */
static uint64_t
time_left(const struct check *check)
{
	uint64_t taken = monotonic_us() - check->start;
	uint64_t timeout = (uint64_t)check->conf->timeout * 1000;

	return taken < timeout ? timeout - taken : 0;
}

/*
 * Reported by the timer, and so never from inside check_start nor from a
 * function of the type that is still at work.
 */
void
check_decide(
    struct check *check, enum check_outcome outcome, const char *format, ...)
{
	struct check_result *result = &check->result;
	va_list ap;
	char *c;

	if (check->decided)
		return;
	check->decided = true;
	result->outcome = outcome;
	result->duration = monotonic_us() - check->start;
	va_start(ap, format);
	vsnprintf(result->detail, sizeof(result->detail), format, ap);
	va_end(ap);
	for (c = result->detail; *c != '\0'; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
	if (check->fd != -1)
		event_del(&check->io);
	timer_set(check, 0);
}

void
check_fail(struct check *check, int error, const char *doing)
{
	enum check_outcome outcome = CHECK_LOCAL_ERROR;
	size_t i;

	for (i = 0; i < sizeof(error_outcomes) / sizeof(error_outcomes[0]); i++)
		if (error_outcomes[i].error == error)
			outcome = error_outcomes[i].outcome;
	check_decide(check, outcome, "%s: %s", doing, strerror(error));
}

/* A call failed before any packet was sent. */
static void
fail_local(struct check *check, const char *doing, const char *remedy)
{
	check_decide(check, CHECK_LOCAL_ERROR, "%s: %s%s", doing,
	    strerror(errno), errno == EPERM ? remedy : "");
}

static void
wait_for(struct check *check, short events, event_callback_fn callback)
{
	event_del(&check->io);
	event_assign(&check->io, check->base, check->fd, events | EV_PERSIST,
	    callback, check);
	if (event_add(&check->io, NULL) == -1)
		check_decide(check, CHECK_LOCAL_ERROR,
		    "can't watch the socket: %s", strerror(errno));
}

ssize_t
check_read(struct check *check, void *bytes, size_t size)
{
	ssize_t got = recv(check->fd, bytes, size, 0);

	if (got == 0 && size > 0)
		check->ended = true;
	return got;
}

ssize_t
check_write(struct check *check, const void *bytes, size_t size)
{
	return send(check->fd, bytes, size, MSG_NOSIGNAL);
}

static void
socket_ready(int fd, short events, void *arg)
{
	struct check *check = arg;

	(void)fd;
	(void)events;
	check->ops->ready(check);
}

void
check_wait(struct check *check, short events)
{
	wait_for(check, events, socket_ready);
}

/* There was a decision, but the server can't come to an end. */
static void
drain_overrun(struct check *check)
{
	if (check->result.outcome != CHECK_PASSED)
		return;
	check->decided = false;
	check_decide(check, CHECK_BAD_RESPONSE,
	    "the response goes on after %zu bytes", check->drained);
}

/* Until it is silent, but not past the deadline. */
static void
drain_wait(struct check *check)
{
	uint64_t left = time_left(check);

	check->heard = monotonic_us();
	timer_set(check, left < DRAIN_SILENCE ? left : DRAIN_SILENCE);
}

/* Once a wake-up, so that a fast sender can't hold up the event loop. */
static void
drain_ready(int fd, short events, void *arg)
{
	struct check *check = arg;
	char dropped[16384];
	ssize_t got;

	(void)fd;
	(void)events;
	got = check_read(check, dropped, sizeof(dropped));
	if (got == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got > 0 && (check->drained += got) < DRAIN_BYTES) {
		drain_wait(check);
		return;
	}
	if (got > 0)
		drain_overrun(check);
	event_del(&check->io);
	timer_set(check, 0);
}

void
check_drain(struct check *check)
{
	wait_for(check, EV_READ, drain_ready);
	drain_wait(check);
}

/* At the deadline: is what is left of the response still coming in? */
static bool
drain_interrupted(const struct check *check)
{
	return check->drained > 0 && !check->ended && time_left(check) == 0 &&
	    monotonic_us() - check->heard < DRAIN_SILENCE;
}

static void
connect_ready(int fd, short events, void *arg)
{
	struct check *check = arg;
	socklen_t length = sizeof(int);
	int error = 0;

	(void)events;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) == -1)
		error = errno;
	event_del(&check->io);
	if (error != 0) {
		check_fail(check, error, "connecting");
		return;
	}
	check->connected = true;
	check->ops->connected(check);
}

static void
check_free(struct check *check)
{
	static const struct linger reset = {.l_onoff = 1, .l_linger = 0};

	event_del(&check->timer);
	if (check->fd != -1) {
		event_del(&check->io);
		if (!check->ended)
			setsockopt(check->fd, SOL_SOCKET, SO_LINGER, &reset,
			    sizeof(reset));
		close(check->fd);
	}
	if (check->ops->release != NULL)
		check->ops->release(check->state);
	free(check->state);
	free(check);
}

/*
 * The time is over, or there is a decision to report.  libevent counts from
 * when it began its round of callbacks and with a coarse clock, so that it can
 * be early.
 */
static void
timer_ready(int fd, short events, void *arg)
{
	struct check *check = arg;
	struct check_result result;
	check_cb *cb = check->cb;
	void *cb_arg = check->arg;
	uint64_t left;

	(void)fd;
	(void)events;
	if (!check->decided) {
		left = time_left(check);
		if (left > 0) {
			timer_set(check, left);
			return;
		}
		if (check->connected)
			check->ops->expired(check);
		check_decide(check, CHECK_TIMEOUT, "no connection in %u ms",
		    check->conf->timeout);
	}
	if (drain_interrupted(check))
		drain_overrun(check);
	result = check->result;
	check_free(check);
	cb(cb_arg, &result);
}

static int
set_options(struct check *check)
{
	const int mark = (int)check->target.mark;
	const struct {
		int level, name, value;
		bool wanted;
		const char *text;
	} options[] = {
	    {SOL_SOCKET, SO_MARK, mark, mark != 0, "SO_MARK"},
	    {IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1, true,
		"IP_BIND_ADDRESS_NO_PORT"},
	    {IPPROTO_TCP, TCP_QUICKACK, 0, true, "TCP_QUICKACK"},
	};
	size_t i;

	for (i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		if (!options[i].wanted ||
		    setsockopt(check->fd, options[i].level, options[i].name,
			&options[i].value, sizeof(int)) == 0)
			continue;
		fail_local(check, options[i].text, " (needs CAP_NET_ADMIN)");
		return -1;
	}
	return 0;
}

static int
bind_source(struct check *check)
{
	struct sockaddr_storage source;
	socklen_t length;

	if (check->target.source.family == 0)
		return 0;
	length = addr_to_sockaddr(&check->target.source, 0, &source);
	if (bind(check->fd, (struct sockaddr *)&source, length) == 0)
		return 0;
	fail_local(check, "binding the source address", "");
	return -1;
}

/*
 * An error that connect(2) itself returns is this host's (no route, no free
 * port, its own firewall), but for a refusal, which can be so fast on
 * loopback.
 */
static void
check_connect(struct check *check)
{
	struct sockaddr_storage vip = {.ss_family = AF_UNSPEC};
	socklen_t length;

	length = addr_to_sockaddr(&check->target.vip, check->conf->port, &vip);
	check->fd = socket(vip.ss_family,
	    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP);
	if (check->fd == -1) {
		fail_local(check, "making a socket", "");
		return;
	}
	event_assign(
	    &check->io, check->base, check->fd, EV_WRITE, connect_ready, check);
	if (set_options(check) == -1 || bind_source(check) == -1)
		return;
	if (connect(check->fd, (struct sockaddr *)&vip, length) == 0 ||
	    errno == EINPROGRESS)
		wait_for(check, EV_WRITE, connect_ready);
	else if (errno == ECONNREFUSED)
		check_fail(check, errno, "connecting");
	else
		fail_local(check, "connecting", " (a firewall of this host?)");
}

struct check *
check_start(struct event_base *base, const struct conf_check *conf,
    const struct check_target *target, check_cb *cb, void *arg)
{
	struct check *check = xcalloc(1, sizeof(*check));

	check->ops = types[conf->type];
	check->conf = conf;
	check->target = *target;
	check->base = base;
	check->fd = -1;
	check->state = xcalloc(1, check->ops->state_size);
	check->start = monotonic_us();
	check->cb = cb;
	check->arg = arg;
	evtimer_assign(&check->timer, base, timer_ready, check);
	timer_set(check, (uint64_t)conf->timeout * 1000);
	check_connect(check);
	return check;
}

void
check_move(struct check *check, const struct conf_check *conf, void *arg)
{
	check->conf = conf;
	check->arg = arg;
}

void
check_cancel(struct check *check)
{
	if (check != NULL)
		check_free(check);
}
