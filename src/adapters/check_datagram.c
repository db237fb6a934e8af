/* SPDX-License-Identifier: ISC */

/*
 * See check_datagram.h.  The socket is connected, so that only what comes from
 * the address and port that were asked is an answer, and what ICMP says of the
 * datagram is an error of the socket (RFC 1122, section 4.1.3.3).
 */

#include <sys/socket.h>
#include <sys/time.h>

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "adapters/check_datagram.h"
#include "adapters/check_type.h"
#include "base/xmalloc.h"

static uint8_t received[65536];

/*
 * An error is what ICMP said of the datagram before; or else it is this host's
 * affair.
 */
static void
send_datagram(struct check_datagram *d)
{
	struct check *check = d->check;

	if (send(check_fd(check), d->bytes, d->length, 0) != -1)
		return;
	if (errno == ECONNREFUSED || errno == EHOSTUNREACH)
		check_fail(check, errno, "sending");
	else if (errno != EAGAIN && errno != ENOBUFS)
		check_fail_local(
		    check, "sending", " (a firewall of this host?)");
}

static void
resend_ready(int fd, short events, void *arg)
{
	(void)fd;
	(void)events;
	send_datagram(arg);
}

/* Also what is no hard error, such as a host that is unreachable. */
static void
ask_for_errors(int fd, int family)
{
	static const int on = 1;

	if (family == AF_INET)
		setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof(on));
	else
		setsockopt(fd, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof(on));
}

void
check_datagram_begin(struct check_datagram *d, struct check *check,
    const void *bytes, size_t length, bool operators)
{
	const uint64_t third = check_time_left(check) / 3;
	const struct timeval tv = {
	    .tv_sec = (time_t)(third / 1000000),
	    .tv_usec = (suseconds_t)(third % 1000000),
	};
	const struct addr *address = check_address(check);
	struct sockaddr_storage to;
	socklen_t to_length;
	int fd;

	if ((fd = check_socket(check, SOCK_DGRAM, IPPROTO_UDP)) == -1)
		return;
	d->check = check;
	d->bytes = xcalloc(1, length + 1);
	memcpy(d->bytes, bytes, length);
	d->length = length;
	evtimer_assign(&d->resend, check_base(check), resend_ready, d);
	ask_for_errors(fd, address->family);
	to_length = addr_to_sockaddr(address, check_conf(check)->port, &to);
	if (connect(fd, (struct sockaddr *)&to, to_length) == -1) {
		check_fail_local(check, "connecting", "");
		return;
	}
	if (operators)
		check_sent_text(check, bytes, length);
	else
		check_sent(check, bytes, length);
	send_datagram(d);
	if (check_is_decided(check))
		return;
	evtimer_add(&d->resend, &tv);
	check_wait(check, EV_READ);
}

ssize_t
check_datagram_read(struct check_datagram *d, const uint8_t **bytes)
{
	ssize_t got = recv(check_fd(d->check), received, sizeof(received), 0);

	if (got == -1) {
		if (errno != EAGAIN && errno != EINTR)
			check_fail(d->check, errno, "waiting for an answer");
		return -1;
	}
	check_phase_ended(d->check, CHECK_PHASE_FIRST_BYTE);
	check_received(d->check, received, (size_t)got);
	*bytes = received;
	return got;
}

void
check_datagram_release(struct check_datagram *d)
{
	if (d->check != NULL)
		evtimer_del(&d->resend);
	free(d->bytes);
}
