/* SPDX-License-Identifier: ISC */

/*
 * Probes by a TCP connection: connecting, reading and writing, and its end.
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

#include <sys/ioctl.h>
#include <sys/socket.h>

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "adapters/check_private.h"
#include "adapters/check_tls.h"

#define DRAIN_BYTES   (1 << 20)
#define DRAIN_SILENCE UINT64_C(100000) /* microseconds */
#define TLS_READS     16

static ssize_t
plain_read(struct check *check, void *bytes, size_t size)
{
	ssize_t got = recv(check->fd, bytes, size, 0);

	if (got == 0 && size > 0)
		check->stream.ended = true;
	return got;
}

ssize_t
check_read(struct check *check, void *bytes, size_t size)
{
	ssize_t got = check->stream.tls == NULL
	    ? plain_read(check, bytes, size)
	    : check_tls_read(check, bytes, size);

	if (got <= 0 || check->decided)
		return got;
	if (!check->stream.answered)
		check_phase_ended(check, CHECK_PHASE_FIRST_BYTE);
	check->stream.answered = true;
	check_received(check, bytes, got);
	return got;
}

ssize_t
check_write(struct check *check, const void *bytes, size_t size)
{
	if (check->stream.tls != NULL)
		return check_tls_write(check, bytes, size);
	return send(check->fd, bytes, size, MSG_NOSIGNAL);
}

int
check_send(struct check *check, const void *bytes, size_t length, size_t *sent)
{
	ssize_t count;

	while (*sent < length) {
		count = check_write(
		    check, (const char *)bytes + *sent, length - *sent);
		if (count >= 0) {
			*sent += (size_t)count;
		} else if (errno == EAGAIN) {
			check_wait(check, EV_WRITE);
			return 0;
		} else if (errno != EINTR) {
			return -1;
		}
	}
	return 1;
}

/*
 * TLS has records that are no data, such as tickets and updates of keys, which
 * libssl goes on reading without an end as long as there are any.
 */
void
check_stream_wake(struct check *check)
{
	check->stream.reads = TLS_READS;
}

bool
check_stream_pending(const struct check *check)
{
	return check->stream.tls != NULL &&
	    (event_get_events(&check->io) & EV_READ) &&
	    check_tls_pending(check);
}

/* There was a decision, but the server can't come to an end. */
static void
drain_overrun(struct check *check)
{
	if (check->result.outcome != CHECK_PASSED)
		return;
	check_revoke(check);
	check_decide(check, CHECK_BAD_RESPONSE,
	    "the response goes on after %zu bytes", check->stream.drained);
}

/* Until it is silent, but not past the deadline. */
static void
drain_wait(struct check *check)
{
	uint64_t left = check_time_left(check);

	check->stream.heard = check_now();
	check_timer_set(check, left < DRAIN_SILENCE ? left : DRAIN_SILENCE);
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
	check_stream_wake(check);
	got = check_read(check, dropped, sizeof(dropped));
	if (got == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got == 0 && !check->stream.ended)
		return; /* that was TLS's end, and not yet TCP's */
	if (got > 0 && (check->stream.drained += got) < DRAIN_BYTES) {
		drain_wait(check);
		if (check->ops->drained != NULL)
			check->ops->drained(check, dropped, (size_t)got);
		return;
	}
	if (got > 0)
		drain_overrun(check);
	check_end(check);
}

void
check_end(struct check *check)
{
	event_del(&check->io);
	check_timer_set(check, 0);
}

void
check_drain(struct check *check)
{
	check_watch(check, EV_READ, drain_ready);
	drain_wait(check);
}

void
check_finish(struct check *check)
{
	if (check->stream.tls != NULL)
		check_tls_close(check);
	check_drain(check);
}

/* It is no silence if it was us who did not listen, having to wait. */
static bool
is_unread(const struct check *check)
{
	int count = 0;

	return event_get_callback(&check->io) == drain_ready &&
	    event_pending(&check->io, EV_READ, NULL) &&
	    ioctl(check->fd, FIONREAD, &count) == 0 && count > 0;
}

bool
check_stream_judge(struct check *check)
{
	bool unread;

	if (!check->stream.standing || check->stream.ended)
		return true;
	unread = is_unread(check);
	if (check_time_left(check) > 0) {
		if (unread)
			drain_wait(check);
		return !unread;
	}
	if (check->stream.drained > 0 &&
	    (unread || check_now() - check->stream.heard < DRAIN_SILENCE))
		drain_overrun(check);
	return true;
}

void
check_stream_expired(struct check *check)
{
	check_decide(check, CHECK_TIMEOUT, "no %s in %u ms",
	    check->stream.tls != NULL ? "TLS handshake" : "connection",
	    check->conf->timeout);
}

void
check_stream_stand(struct check *check)
{
	check->stream.standing = true;
	check->ops->connected(check);
}

static void
connect_ready(int fd, short events, void *arg)
{
	struct check *check = arg;
	socklen_t length = sizeof(int);
	int error = 0;

	/* An error wakes up readers as well: mostly there is no need to ask. */
	if ((events & EV_READ) != 0 &&
	    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) == -1)
		error = errno;
	event_del(&check->io);
	if (error != 0) {
		check_fail(check, error, "connecting");
		return;
	}
	check_phase_ended(check, CHECK_PHASE_CONNECT);
	if (check->conf->tls)
		check_tls_begin(check);
	else
		check_stream_stand(check);
}

void
check_stream_release(struct check *check)
{
	static const struct linger reset = {.l_onoff = 1, .l_linger = 0};

	if (check->stream.used && !check->stream.ended)
		setsockopt(
		    check->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	if (check->stream.tls != NULL)
		check_tls_release(check);
}

/*
 * An error that connect(2) itself returns is this host's (no route, no free
 * port, its own firewall), but for a refusal, which can be so fast on
 * loopback.
 */
void
check_connect(struct check *check)
{
	static const int off = 0;
	struct sockaddr_storage to;
	socklen_t length;
	int fd;

	check->stream.used = true;
	length = addr_to_sockaddr(check_address(check), check->conf->port, &to);
	fd = check_socket(check, SOCK_STREAM, IPPROTO_TCP);
	if (fd == -1)
		return;
	if (setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &off, sizeof(off)) == -1)
		check_fail_local(check, "TCP_QUICKACK", "");
	else if (connect(fd, (struct sockaddr *)&to, length) == 0 ||
	    errno == EINPROGRESS)
		check_watch(check, EV_READ | EV_WRITE, connect_ready);
	else if (errno == ECONNREFUSED)
		check_fail(check, errno, "connecting");
	else
		check_fail_local(
		    check, "connecting", " (a firewall of this host?)");
}
