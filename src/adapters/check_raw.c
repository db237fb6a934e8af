/* SPDX-License-Identifier: ISC */

/*
 * See check_raw.h.  A socket for each probe would be handed every packet of
 * the protocol that reaches this host: with thousands of probes, thousands of
 * times.  The mark is a message of its own with each packet (Linux 5.4), and
 * so is the source address.
 */

#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <linux/errqueue.h>

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "adapters/check_raw.h"
#include "adapters/check_type.h"
#include "base/log.h"
#include "base/xmalloc.h"

#define AT_ONCE	     64	       /* packets that are read for one event */
#define RECEIVE_SIZE (4 << 20) /* of what may wait, as the kernel counts */
#define SEND_TRIES   8

RB_HEAD(raw_tree, raw_probe);

struct raw_socket {
	LIST_ENTRY(raw_socket) entry;
	const struct raw_kind *kind;
	struct event_base *base;
	int family, fd;
	struct event ready;
	unsigned users;
	struct raw_tree probes; /* those that are registered, by number */
	void *data;		/* the kind's */
};

static LIST_HEAD(, raw_socket) sockets = LIST_HEAD_INITIALIZER(sockets);

static int
compare_numbers(const struct raw_probe *a, const struct raw_probe *b)
{
	return a->number < b->number ? -1 : a->number > b->number;
}

RB_PROTOTYPE(raw_tree, raw_probe, entry, compare_numbers)
RB_GENERATE(raw_tree, raw_probe, entry, compare_numbers)

static struct raw_probe *
find_probe(struct raw_socket *s, uint32_t number)
{
	struct raw_probe key = {.number = number};

	return RB_FIND(raw_tree, &s->probes, &key);
}

static void
address_of(const struct sockaddr_storage *from, struct addr *out)
{
	memset(out, 0, sizeof(*out));
	out->family = (uint8_t)from->ss_family;
	if (from->ss_family == AF_INET)
		memcpy(out->bytes,
		    &((const struct sockaddr_in *)from)->sin_addr, 4);
	else
		memcpy(out->bytes,
		    &((const struct sockaddr_in6 *)from)->sin6_addr, 16);
}

/* Whose address it is that was asked; others are not believed. */
static bool
is_from(const struct raw_probe *p, const struct sockaddr_storage *from)
{
	struct addr address;

	address_of(from, &address);
	return addr_compare(&address, check_address(p->check)) == 0;
}

static void
take_packet(struct raw_socket *s, const uint8_t *bytes, size_t length,
    const struct sockaddr_storage *from)
{
	struct raw_probe *p;
	uint32_t number;
	size_t header = 0;

	/* IPv4 sockets are given the header, IPv6 ones are not. */
	if (s->family == AF_INET)
		header = length > 0 ? (size_t)(bytes[0] & 15) * 4 : 1;
	if (header > length ||
	    !s->kind->number_of_answer(
		s->data, s->family, bytes + header, length - header, &number))
		return;
	p = find_probe(s, number);
	if (p != NULL && !check_is_decided(p->check) && is_from(p, from))
		s->kind->answered(p, bytes + header, length - header);
}

static const struct sock_extended_err *
find_error(struct msghdr *message)
{
	struct cmsghdr *c;

	for (c = CMSG_FIRSTHDR(message); c != NULL; c = CMSG_NXTHDR(message, c))
		if ((c->cmsg_level == IPPROTO_IP &&
			c->cmsg_type == IP_RECVERR) ||
		    (c->cmsg_level == IPPROTO_IPV6 &&
			c->cmsg_type == IPV6_RECVERR))
			return (const void *)CMSG_DATA(c);
	return NULL;
}

/* What ICMP says of a packet, of which it returns the beginning. */
static void
take_error(struct raw_socket *s, const uint8_t *bytes, size_t length,
    struct msghdr *message)
{
	const struct sock_extended_err *error = find_error(message);
	char doing[64];
	struct raw_probe *p;
	uint32_t number;

	if (error == NULL ||
	    !s->kind->number_of_packet(
		s->data, s->family, bytes, length, &number))
		return;
	p = find_probe(s, number);
	if (p == NULL || !is_from(p, message->msg_name))
		return;
	snprintf(doing, sizeof(doing), "ICMP type %u code %u", error->ee_type,
	    error->ee_code);
	check_fail(p->check, (int)error->ee_errno, doing);
}

/* One packet, or one error: false if there is none. */
static bool
receive(struct raw_socket *s, int flags)
{
	uint8_t bytes[512], control[512];
	struct sockaddr_storage name = {.ss_family = AF_UNSPEC};
	struct iovec iov = {bytes, sizeof(bytes)};
	struct msghdr message = {
	    .msg_name = &name,
	    .msg_namelen = sizeof(name),
	    .msg_iov = &iov,
	    .msg_iovlen = 1,
	    .msg_control = control,
	    .msg_controllen = sizeof(control),
	};
	ssize_t got = recvmsg(s->fd, &message, flags);

	/* An error that is pending is in its queue as well. */
	if (got == -1)
		return errno != EAGAIN;
	if (name.ss_family != s->family)
		return true;
	if (flags & MSG_ERRQUEUE)
		take_error(s, bytes, (size_t)got, &message);
	else
		take_packet(s, bytes, (size_t)got, &name);
	return true;
}

static void
socket_ready(int fd, short events, void *arg)
{
	struct raw_socket *s = arg;
	unsigned i;

	(void)fd;
	(void)events;
	for (i = 0; i < AT_ONCE && receive(s, MSG_ERRQUEUE); i++)
		continue;
	for (i = 0; i < AT_ONCE && receive(s, 0); i++)
		continue;
}

static int
set_up(struct raw_socket *s)
{
	static const int on = 1, size = RECEIVE_SIZE;
	int r;

	/* Beyond net.core.rmem_max if it may be. */
	if (setsockopt(
		s->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) == -1)
		setsockopt(s->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (s->family == AF_INET)
		r = setsockopt(s->fd, IPPROTO_IP, IP_RECVERR, &on, sizeof(on));
	else
		r = setsockopt(
		    s->fd, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof(on));
	return r == -1 ? -1 : s->kind->open(s->fd, s->family, s->data);
}

static void
socket_free(struct raw_socket *s)
{
	if (s->kind->close != NULL)
		s->kind->close(s->data);
	if (s->fd != -1)
		close(s->fd);
	free(s->data);
	free(s);
}

static struct raw_socket *
socket_new(struct event_base *base, const struct raw_kind *kind, int family)
{
	struct raw_socket *s = xcalloc(1, sizeof(*s));

	s->kind = kind;
	s->base = base;
	s->family = family;
	s->data = xcalloc(1, kind->data_size);
	s->fd = socket(family, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    family == AF_INET ? kind->protocol4 : kind->protocol6);
	if (s->fd == -1 || set_up(s) == -1) {
		int error = errno;

		socket_free(s);
		errno = error;
		return NULL;
	}
	RB_INIT(&s->probes);
	event_assign(
	    &s->ready, base, s->fd, EV_READ | EV_PERSIST, socket_ready, s);
	if (event_add(&s->ready, NULL) == -1)
		fatalx("a raw socket's event: out of memory");
	LIST_INSERT_HEAD(&sockets, s, entry);
	return s;
}

static struct raw_socket *
socket_get(struct event_base *base, const struct raw_kind *kind, int family)
{
	struct raw_socket *s;

	LIST_FOREACH(s, &sockets, entry)
		if (s->kind == kind && s->family == family && s->base == base)
			return s;
	return socket_new(base, kind, family);
}

static void
resend_ready(int fd, short events, void *arg)
{
	struct raw_probe *p = arg;

	(void)fd;
	(void)events;
	raw_send_bytes(p, p->packet, p->length);
}

int
raw_begin(struct raw_probe *p, struct check *check, const struct raw_kind *kind)
{
	p->check = check;
	p->socket =
	    socket_get(check_base(check), kind, check_address(check)->family);
	if (p->socket == NULL) {
		check_fail_local(
		    check, "making a raw socket", " (needs CAP_NET_RAW)");
		return -1;
	}
	p->socket->users++;
	evtimer_assign(&p->resend, check_base(check), resend_ready, p);
	return 0;
}

bool
raw_register(struct raw_probe *p, uint32_t number)
{
	p->number = number;
	p->registered = RB_INSERT(raw_tree, &p->socket->probes, p) == NULL;
	return p->registered;
}

/* Append a control message of the given content. */
static void
add_control(struct msghdr *message, int level, int type, const void *content,
    size_t length)
{
	struct cmsghdr *c =
	    (void *)((char *)message->msg_control + message->msg_controllen);

	c->cmsg_level = level;
	c->cmsg_type = type;
	c->cmsg_len = CMSG_LEN(length);
	memcpy(CMSG_DATA(c), content, length);
	message->msg_controllen += CMSG_SPACE(length);
}

static void
add_source(struct msghdr *message, const struct addr *source)
{
	struct in_pktinfo info4 = {0};
	struct in6_pktinfo info6 = {0};

	if (source->family == AF_INET) {
		memcpy(&info4.ipi_spec_dst, source->bytes, 4);
		add_control(
		    message, IPPROTO_IP, IP_PKTINFO, &info4, sizeof(info4));
	} else if (source->family == AF_INET6) {
		memcpy(&info6.ipi6_addr, source->bytes, 16);
		add_control(
		    message, IPPROTO_IPV6, IPV6_PKTINFO, &info6, sizeof(info6));
	}
}

/*
 * An error that another probe's packet came to may be pending at the socket,
 * and takes the place of this one's sending.
 */
static int
send_message(const struct raw_socket *s, const struct msghdr *message)
{
	unsigned i;

	for (i = 0; i < SEND_TRIES; i++)
		if (sendmsg(s->fd, message, 0) != -1)
			return 0;
	return errno == EAGAIN || errno == ENOBUFS ? 0 : -1;
}

void
raw_send_bytes(struct raw_probe *p, const void *bytes, size_t length)
{
	const struct check_target *target = check_target(p->check);
	_Alignas(struct cmsghdr) char control[128] = {0};
	struct sockaddr_storage to;
	struct iovec iov = {(void *)(uintptr_t)bytes, length};
	struct msghdr message = {
	    .msg_name = &to,
	    .msg_iov = &iov,
	    .msg_iovlen = 1,
	    .msg_control = control,
	};

	message.msg_namelen = addr_to_sockaddr(check_address(p->check), 0, &to);
	if (target->mark != 0 && !target->direct)
		add_control(&message, SOL_SOCKET, SO_MARK, &target->mark,
		    sizeof(target->mark));
	add_source(&message, &target->source);
	if (send_message(p->socket, &message) == -1)
		check_fail_local(p->check, "sending",
		    " (a firewall of this host, or no CAP_NET_ADMIN?)");
}

void
raw_send(struct raw_probe *p)
{
	const uint64_t third = check_time_left(p->check) / 3;
	const struct timeval tv = {
	    .tv_sec = (time_t)(third / 1000000),
	    .tv_usec = (suseconds_t)(third % 1000000),
	};

	evtimer_add(&p->resend, &tv);
	raw_send_bytes(p, p->packet, p->length);
}

void
raw_release(struct raw_probe *p)
{
	struct raw_socket *s = p->socket;

	if (s == NULL)
		return;
	evtimer_del(&p->resend);
	if (p->registered)
		RB_REMOVE(raw_tree, &s->probes, p);
	p->socket = NULL;
	if (--s->users > 0)
		return;
	event_del(&s->ready);
	LIST_REMOVE(s, entry);
	socket_free(s);
}

void *
raw_data(struct raw_probe *p)
{
	return p->socket->data;
}

uint16_t
raw_checksum(uint32_t sum, const uint8_t *bytes, size_t length)
{
	size_t i;

	for (i = 0; i + 1 < length; i += 2)
		sum += (uint32_t)(bytes[i] << 8 | bytes[i + 1]);
	if (length % 2 != 0)
		sum += (uint32_t)bytes[length - 1] << 8;
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}
