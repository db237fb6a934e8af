/* SPDX-License-Identifier: ISC */

/*
 * The socket that instances talk through; see sync_socket.h.
 *
 * It is bound to the interface, so that what comes in elsewhere is never
 * seen, and to no address, so that the interface may get another one.  A
 * group that was joined on an interface is left when that goes away, and an
 * interface of the same name is another one: so a look each second compares
 * the index.
 */

#include <sys/socket.h>
#include <sys/types.h>
#include <linux/sock_diag.h>
#include <net/if.h>
#include <netinet/in.h>

#include <errno.h>
#include <ifaddrs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "adapters/sync_socket.h"
#include "base/log.h"
#include "base/monotime.h"
#include "base/xmalloc.h"

#define LOOK	    1000 /* ms */
#define BUFFER	    (8 << 20)
#define PROBLEM_LEN 160

/* Since Linux 4.20; older headers of the C library lack it. */
#ifndef IPV6_MULTICAST_ALL
#define IPV6_MULTICAST_ALL 29
#endif

struct sync_socket {
	struct event_base *base;
	struct sync_socket_settings settings;
	void (*readable)(void *arg);
	void *arg;
	int fd; /* -1 = not open */
	unsigned ifindex;
	struct event *event, *look;
	uint64_t overruns;	   /* of sockets that are closed */
	char problem[PROBLEM_LEN]; /* "" = none */
	uint8_t bytes[SYNC_SOCKET_BATCH][SYNC_SOCKET_BYTES];
	struct sockaddr_storage from[SYNC_SOCKET_BATCH];
	struct sync_datagram received[SYNC_SOCKET_BATCH];
};

/* The one function that changes whether something is wrong, and says so. */
static void
set_problem(struct sync_socket *s, const char *what)
{
	char problem[PROBLEM_LEN] = "";

	if (what != NULL)
		snprintf(problem, sizeof(problem), "interface %s %s",
		    s->settings.interface, what);
	if (strcmp(problem, s->problem) == 0)
		return;
	memcpy(s->problem, problem, sizeof(problem));
	if (what != NULL)
		log_warnx("sync: %s", problem);
	else
		log_notice(
		    "sync: interface %s is in use", s->settings.interface);
}

/* Is there an address of the group's kind to send from?  NULL if so. */
static const char *
interface_error(const struct sync_socket *s)
{
	const char *what = "does not exist";
	struct ifaddrs *list, *i;

	if (getifaddrs(&list) == -1)
		return NULL;
	for (i = list; i != NULL; i = i->ifa_next) {
		if (strcmp(i->ifa_name, s->settings.interface) != 0)
			continue;
		if ((i->ifa_flags & IFF_UP) == 0 ||
		    (i->ifa_flags & IFF_RUNNING) == 0) {
			what = "is down or has no carrier";
			break;
		}
		what = s->settings.group.family == AF_INET
		    ? "has no IPv4 address"
		    : "has no IPv6 address";
		if (i->ifa_addr != NULL &&
		    i->ifa_addr->sa_family == s->settings.group.family) {
			what = NULL;
			break;
		}
	}
	freeifaddrs(list);
	return what;
}

static int
set_option(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value));
}

/* What can't be had in full is used as it can. */
static void
set_buffers(int fd)
{
	if (set_option(fd, SOL_SOCKET, SO_RCVBUFFORCE, BUFFER) == -1)
		set_option(fd, SOL_SOCKET, SO_RCVBUF, BUFFER);
	if (set_option(fd, SOL_SOCKET, SO_SNDBUFFORCE, BUFFER) == -1)
		set_option(fd, SOL_SOCKET, SO_SNDBUF, BUFFER);
}

static int
join_ipv4(const struct sync_socket *s, int fd)
{
	struct ip_mreqn group = {.imr_ifindex = (int)s->ifindex};

	memcpy(&group.imr_multiaddr, s->settings.group.bytes, 4);
	if (setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group,
		sizeof(group)) == -1 ||
	    setsockopt(
		fd, IPPROTO_IP, IP_MULTICAST_IF, &group, sizeof(group)) == -1 ||
	    set_option(fd, IPPROTO_IP, IP_MULTICAST_ALL, 0) == -1 ||
	    set_option(fd, IPPROTO_IP, IP_MULTICAST_LOOP, 0) == -1 ||
	    set_option(
		fd, IPPROTO_IP, IP_MULTICAST_TTL, (int)s->settings.ttl) == -1 ||
	    set_option(fd, IPPROTO_IP, IP_TTL, (int)s->settings.ttl) == -1)
		return -1;
	/* Fragments rather than nothing, should the MTU be small. */
	return set_option(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT);
}

static int
join_ipv6(const struct sync_socket *s, int fd)
{
	struct ipv6_mreq group = {.ipv6mr_interface = s->ifindex};

	memcpy(&group.ipv6mr_multiaddr, s->settings.group.bytes, 16);
	if (setsockopt(fd, IPPROTO_IPV6, IPV6_JOIN_GROUP, &group,
		sizeof(group)) == -1 ||
	    set_option(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, (int)s->ifindex) ==
		-1 ||
	    set_option(fd, IPPROTO_IPV6, IPV6_MULTICAST_ALL, 0) == -1 ||
	    set_option(fd, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 0) == -1 ||
	    set_option(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS,
		(int)s->settings.ttl) == -1 ||
	    set_option(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS,
		(int)s->settings.ttl) == -1)
		return -1;
	return set_option(
	    fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DONT);
}

static int
bind_any(const struct sync_socket *s, int fd)
{
	struct addr any = {.family = s->settings.group.family};
	struct sockaddr_storage address;
	unsigned len = addr_to_sockaddr(&any, s->settings.port, &address);

	if (set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1) == -1 ||
	    setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, s->settings.interface,
		(socklen_t)strlen(s->settings.interface)) == -1)
		return -1;
	if (any.family == AF_INET6 &&
	    set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1) == -1)
		return -1;
	return bind(fd, (struct sockaddr *)&address, len);
}

/* A socket that has joined the group, or -1 and errno. */
static int
open_socket(const struct sync_socket *s)
{
	int error,
	    fd = socket(s->settings.group.family,
		SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd == -1)
		return -1;
	set_buffers(fd);
	if (bind_any(s, fd) == 0 &&
	    (s->settings.group.family == AF_INET ? join_ipv4(s, fd)
						 : join_ipv6(s, fd)) == 0)
		return fd;
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

static uint64_t
fd_overruns(int fd)
{
	uint32_t meminfo[SK_MEMINFO_VARS] = {0};
	socklen_t len = sizeof(meminfo);

	if (fd == -1 ||
	    getsockopt(fd, SOL_SOCKET, SO_MEMINFO, meminfo, &len) == -1)
		return 0;
	return meminfo[SK_MEMINFO_DROPS];
}

static void
close_socket(struct sync_socket *s)
{
	s->overruns += fd_overruns(s->fd);
	if (s->event != NULL)
		event_free(s->event);
	s->event = NULL;
	if (s->fd != -1)
		close(s->fd);
	s->fd = -1;
}

static void
socket_readable(evutil_socket_t fd, short what, void *arg)
{
	struct sync_socket *s = arg;

	(void)fd;
	(void)what;
	s->readable(s->arg);
}

static bool
try_open(struct sync_socket *s)
{
	char what[PROBLEM_LEN];

	s->fd = open_socket(s);
	if (s->fd == -1) {
		snprintf(
		    what, sizeof(what), "can't be used: %s", strerror(errno));
		set_problem(s, what);
		return false;
	}
	s->event =
	    event_new(s->base, s->fd, EV_READ | EV_PERSIST, socket_readable, s);
	if (s->event == NULL || event_add(s->event, NULL) == -1)
		fatalx("sync: no memory for an event");
	return true;
}

static void
look(evutil_socket_t fd, short what, void *arg)
{
	struct sync_socket *s = arg;
	unsigned ifindex = if_nametoindex(s->settings.interface);

	(void)fd;
	(void)what;
	if (ifindex != s->ifindex)
		close_socket(s);
	s->ifindex = ifindex;
	if (ifindex != 0 && s->fd == -1 && !try_open(s))
		return;
	set_problem(s, interface_error(s));
}

struct sync_socket *
sync_socket_new(struct event_base *base,
    const struct sync_socket_settings *settings, void (*readable)(void *),
    void *arg)
{
	struct sync_socket *s = xcalloc(1, sizeof(*s));
	struct timeval interval = monotime_timeval(LOOK);

	s->base = base;
	s->settings = *settings;
	s->readable = readable;
	s->arg = arg;
	s->fd = -1;
	s->look = event_new(base, -1, EV_PERSIST, look, s);
	if (s->look == NULL || evtimer_add(s->look, &interval) == -1)
		fatalx("sync: no memory for an event");
	look(-1, 0, s);
	return s;
}

void
sync_socket_free(struct sync_socket *s)
{
	if (s == NULL)
		return;
	close_socket(s);
	event_free(s->look);
	free(s);
}

const char *
sync_socket_problem(const struct sync_socket *s)
{
	return s->problem;
}

uint64_t
sync_socket_overruns(struct sync_socket *s)
{
	return s->overruns + fd_overruns(s->fd);
}

static void
set_from(struct addr *out, const struct sockaddr_storage *from)
{
	const struct sockaddr_in *ipv4 = (const struct sockaddr_in *)from;
	const struct sockaddr_in6 *ipv6 = (const struct sockaddr_in6 *)from;

	memset(out, 0, sizeof(*out));
	out->family = (uint8_t)from->ss_family;
	if (from->ss_family == AF_INET)
		memcpy(out->bytes, &ipv4->sin_addr, 4);
	else
		memcpy(out->bytes, &ipv6->sin6_addr, 16);
}

size_t
sync_socket_receive(
    struct sync_socket *s, const struct sync_datagram **datagrams)
{
	struct mmsghdr messages[SYNC_SOCKET_BATCH] = {0};
	struct iovec parts[SYNC_SOCKET_BATCH];
	int i, count;

	*datagrams = s->received;
	if (s->fd == -1)
		return 0;
	for (i = 0; i < SYNC_SOCKET_BATCH; i++) {
		parts[i].iov_base = s->bytes[i];
		parts[i].iov_len = SYNC_SOCKET_BYTES;
		messages[i].msg_hdr.msg_iov = &parts[i];
		messages[i].msg_hdr.msg_iovlen = 1;
		messages[i].msg_hdr.msg_name = &s->from[i];
		messages[i].msg_hdr.msg_namelen = sizeof(s->from[i]);
	}
	count = recvmmsg(s->fd, messages, SYNC_SOCKET_BATCH, 0, NULL);
	for (i = 0; i < count; i++) {
		s->received[i].bytes = s->bytes[i];
		s->received[i].len = messages[i].msg_len;
		set_from(&s->received[i].from, &s->from[i]);
	}
	return count == -1 ? 0 : (size_t)count;
}

/* An address of the link is one of this interface's link. */
static socklen_t
destination(const struct sync_socket *s, const struct addr *to,
    struct sockaddr_storage *out)
{
	socklen_t len = addr_to_sockaddr(
	    to != NULL ? to : &s->settings.group, s->settings.port, out);

	if (out->ss_family == AF_INET6)
		((struct sockaddr_in6 *)out)->sin6_scope_id = s->ifindex;
	return len;
}

size_t
sync_socket_send(struct sync_socket *s, const struct addr *to,
    const struct sync_datagram *datagrams, size_t count)
{
	struct mmsghdr messages[SYNC_SOCKET_BATCH] = {0};
	struct iovec parts[SYNC_SOCKET_BATCH];
	struct sockaddr_storage address;
	socklen_t len = destination(s, to, &address);
	size_t i;
	int sent;

	if (s->fd == -1)
		return 0;
	if (count > SYNC_SOCKET_BATCH)
		count = SYNC_SOCKET_BATCH;
	for (i = 0; i < count; i++) {
		parts[i].iov_base = (void *)(uintptr_t)datagrams[i].bytes;
		parts[i].iov_len = datagrams[i].len;
		messages[i].msg_hdr.msg_iov = &parts[i];
		messages[i].msg_hdr.msg_iovlen = 1;
		messages[i].msg_hdr.msg_name = &address;
		messages[i].msg_hdr.msg_namelen = len;
	}
	sent = sendmmsg(s->fd, messages, (unsigned)count, 0);
	return sent == -1 ? 0 : (size_t)sent;
}
