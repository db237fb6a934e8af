/* SPDX-License-Identifier: ISC */

/*
 * A probe's turn, deadline, decision and result: what all types of check
 * share.
 */

#include <sys/socket.h>
#include <sys/time.h>

#include <errno.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "adapters/check_private.h"
#include "base/log.h"
#include "base/xmalloc.h"
#include "core/excerpt.h"

static const struct check_ops *const types[CHECK_NONE] = {
    [CHECK_TCP] = &check_tcp,
    [CHECK_SYN] = &check_syn,
    [CHECK_HTTP] = &check_http,
    [CHECK_HTTPS] = &check_http,
    [CHECK_DNS] = &check_dns,
    [CHECK_UDP] = &check_udp,
    [CHECK_ICMP] = &check_icmp,
    [CHECK_EXEC] = &check_exec,
    [CHECK_AGENT] = &check_agent,
};

/* Probes under way, at most so many, and those that wait for their turn. */
static unsigned limit;
static struct check_load load;
static TAILQ_HEAD(check_queue, check) waiting = TAILQ_HEAD_INITIALIZER(waiting);

/* What an error on a connection means; any other is this host's. */
static const struct {
	int error;
	enum check_outcome outcome;
} error_outcomes[] = {
    {EBADMSG, CHECK_BAD_TLS},
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

uint64_t
check_now(void)
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
	    [CHECK_BAD_TLS] = "bad TLS",
	    [CHECK_BAD_RESPONSE] = "bad response",
	    [CHECK_BAD_STATUS] = "bad status",
	    [CHECK_BAD_ANSWER] = "bad answer",
	    [CHECK_BAD_EXIT] = "command failed",
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

const struct addr *
check_address(const struct check *check)
{
	const struct check_target *target = &check->target;

	return target->direct ? &target->server : &target->vip;
}

struct event_base *
check_base(const struct check *check)
{
	return check->base;
}

int
check_fd(const struct check *check)
{
	return check->fd;
}

void
check_timer_set(struct check *check, uint64_t us)
{
	struct timeval tv = {
	    .tv_sec = (time_t)(us / 1000000),
	    .tv_usec = (suseconds_t)(us % 1000000),
	};

	if (event_add(&check->timer, &tv) == -1)
		fatalx("a check's timer: out of memory");
}

uint64_t
check_time_left(const struct check *check)
{
	uint64_t taken = check_now() - check->start;
	uint64_t timeout = (uint64_t)check->conf->timeout * 1000;

	return taken < timeout ? timeout - taken : 0;
}

static void write_text(char *, size_t, const char *, va_list)
    __attribute__((format(printf, 3, 0)));

static void
write_text(char *buf, size_t size, const char *format, va_list ap)
{
	char *c;

	vsnprintf(buf, size, format, ap);
	for (c = buf; *c != '\0'; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
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

	if (check->decided)
		return;
	check->decided = true;
	result->outcome = outcome;
	result->duration = check_now() - check->start;
	va_start(ap, format);
	write_text(result->detail, sizeof(result->detail), format, ap);
	va_end(ap);
	if (check->fd != -1)
		event_del(&check->io);
	check_timer_set(check, 0);
}

bool
check_is_decided(const struct check *check)
{
	return check->decided;
}

void
check_revoke(struct check *check)
{
	check->decided = false;
}

void
check_fail(struct check *check, int error, const char *doing)
{
	enum check_outcome outcome = CHECK_LOCAL_ERROR;
	size_t i;

	for (i = 0; i < sizeof(error_outcomes) / sizeof(error_outcomes[0]); i++)
		if (error_outcomes[i].error == error)
			outcome = error_outcomes[i].outcome;
	check_decide(check, outcome, "%s: %s", doing,
	    outcome == CHECK_BAD_TLS ? check->stream.tls_error
				     : strerror(error));
}

void
check_fail_local(struct check *check, const char *doing, const char *remedy)
{
	check_decide(check, CHECK_LOCAL_ERROR, "%s: %s%s", doing,
	    strerror(errno), errno == EPERM ? remedy : "");
}

void
check_warn(struct check *check, const char *format, ...)
{
	struct check_result *result = &check->result;
	va_list ap;

	va_start(ap, format);
	write_text(result->warning, sizeof(result->warning), format, ap);
	va_end(ap);
}

void
check_phase_ended(struct check *check, enum check_phase phase)
{
	uint64_t now = check_now(), taken = now - check->phase_start;

	/* 0 would mean that it did not happen */
	check->result.phase[phase] = taken == 0 ? 1 : (uint32_t)taken;
	check->phase_start = now;
}

void
check_sent(struct check *check, const void *bytes, size_t count)
{
	excerpt_append(
	    check->result.sent, sizeof(check->result.sent), bytes, count);
}

void
check_received(struct check *check, const void *bytes, size_t count)
{
	excerpt_append(check->result.received, sizeof(check->result.received),
	    bytes, count);
}

void
check_advise(struct check *check, enum check_advice state, int weight)
{
	check->result.agent.state = state;
	check->result.agent.weight = weight;
}

void
check_watch(struct check *check, short events, event_callback_fn callback)
{
	event_del(&check->io);
	event_assign(&check->io, check->base, check->fd, events | EV_PERSIST,
	    callback, check);
	if (event_add(&check->io, NULL) == -1)
		check_decide(check, CHECK_LOCAL_ERROR,
		    "can't watch the socket: %s", strerror(errno));
}

static void
io_ready(int fd, short events, void *arg)
{
	struct check *check = arg;

	(void)fd;
	(void)events;
	check_stream_wake(check);
	do
		check->ops->ready(check);
	while (!check->decided && check_stream_pending(check));
}

void
check_wait(struct check *check, short events)
{
	check_watch(check, events, io_ready);
}

static void
close_fd(struct check *check)
{
	if (check->fd == -1)
		return;
	event_del(&check->io);
	check_stream_release(check);
	close(check->fd);
	check->fd = -1;
}

void
check_set_fd(struct check *check, int fd)
{
	close_fd(check);
	check->fd = fd;
	event_assign(&check->io, check->base, fd, 0, io_ready, check);
}

static int
mark_socket(struct check *check, int fd)
{
	const int mark = (int)check->target.mark;

	if (mark == 0 || check->target.direct ||
	    setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)) == 0)
		return 0;
	check_fail_local(check, "SO_MARK", " (needs CAP_NET_ADMIN)");
	return -1;
}

static int
bind_socket(struct check *check, int fd)
{
	static const int late = 1; /* so that ports are not used up */
	struct sockaddr_storage source;
	socklen_t length;

	if (check->target.source.family == 0)
		return 0;
	length = addr_to_sockaddr(&check->target.source, 0, &source);
	setsockopt(
	    fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &late, sizeof(late));
	if (bind(fd, (struct sockaddr *)&source, length) == 0)
		return 0;
	check_fail_local(check, "binding the source address", "");
	return -1;
}

int
check_socket(struct check *check, int type, int protocol)
{
	int family = check_address(check)->family;
	int fd = socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);

	if (fd == -1) {
		check_fail_local(check, "making a socket",
		    type == SOCK_RAW ? " (needs CAP_NET_RAW)" : "");
		return -1;
	}
	check_set_fd(check, fd);
	if (mark_socket(check, fd) == -1 || bind_socket(check, fd) == -1)
		return -1;
	return fd;
}

static void
begin(struct check *check)
{
	load.running++;
	check->begun = true;
	check->start = check->phase_start = check_now();
	check_timer_set(check, (uint64_t)check->conf->timeout * 1000);
	if (check->ops->begin != NULL)
		check->ops->begin(check);
	else
		check_connect(check);
}

static void
begin_waiting(void)
{
	struct check *check;

	while ((limit == 0 || load.running < limit) &&
	    (check = TAILQ_FIRST(&waiting)) != NULL) {
		load.waiting--;
		TAILQ_REMOVE(&waiting, check, waiting);
		begin(check);
	}
}

static void
check_free(struct check *check)
{
	if (check->begun) {
		load.running--;
	} else {
		load.waiting--;
		TAILQ_REMOVE(&waiting, check, waiting);
	}
	event_del(&check->timer);
	if (check->ops->release != NULL)
		check->ops->release(check->state);
	close_fd(check);
	free(check->state);
	free(check);
}

static void
expire(struct check *check)
{
	if (check->stream.used && !check->stream.standing)
		check_stream_expired(check);
	else
		check->ops->expired(check);
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

	(void)fd, (void)events;
	if (!check->begun) {
		begin_waiting();
		return;
	}
	if (!check->decided) {
		left = check_time_left(check);
		if (left > 0) {
			check_timer_set(check, left);
			return;
		}
		expire(check);
	}
	if (!check_stream_judge(check))
		return;
	result = check->result;
	check_redact(check->conf, &result);
	check_free(check);
	begin_waiting();
	cb(cb_arg, &result);
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
	check->result.agent.weight = -1;
	check->cb = cb;
	check->arg = arg;
	evtimer_assign(&check->timer, base, timer_ready, check);
	TAILQ_INSERT_TAIL(&waiting, check, waiting);
	load.waiting++;
	begin_waiting();
	load.put_off += !check->begun;
	return check;
}

void
check_move(struct check *check, const struct conf_check *conf, void *arg)
{
	check->conf = conf;
	check->arg = arg;
}

/*
 * Those that wait have their turn when the loop turns, as they may be cancelled
 * next.
 */
void
check_cancel(struct check *check)
{
	if (check == NULL)
		return;
	check_free(check);
	if (!TAILQ_EMPTY(&waiting))
		check_timer_set(TAILQ_FIRST(&waiting), 0);
}

void
check_set_limit(unsigned count)
{
	limit = count;
	begin_waiting();
}

void
check_load(struct check_load *now)
{
	*now = load;
}
