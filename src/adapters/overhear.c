/* SPDX-License-Identifier: ISC */

/* See overhear.h. */

#include <sys/socket.h>

#include <linux/icmp.h>

#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "adapters/overhear.h"
#include "base/log.h"
#include "base/xmalloc.h"

#define AT_ONCE	    32 /* messages for one event */
#define ICMP_LENGTH 8
#define HEADER4	    20
#define HEADER6	    40

struct overhear {
	int family, fd;
	struct event *event;
	overhear_cb *cb;
	void *arg;
};

static int
filter(int fd, int family)
{
	struct icmp_filter types4 = {
	    .data = ~(1U << ICMP_DEST_UNREACH | 1U << ICMP_REDIRECT |
		1U << ICMP_TIME_EXCEEDED),
	};
	struct icmp6_filter types6;

	if (family == AF_INET)
		return setsockopt(
		    fd, IPPROTO_RAW, ICMP_FILTER, &types4, sizeof(types4));
	ICMP6_FILTER_SETBLOCKALL(&types6);
	ICMP6_FILTER_SETPASS(ICMP6_DST_UNREACH, &types6);
	ICMP6_FILTER_SETPASS(ICMP6_TIME_EXCEEDED, &types6);
	return setsockopt(
	    fd, IPPROTO_ICMPV6, ICMP6_FILTER, &types6, sizeof(types6));
}

static void
put_address(struct addr *out, int family, const void *bytes)
{
	memset(out, 0, sizeof(*out));
	out->family = (uint8_t)family;
	memcpy(out->bytes, bytes, family == AF_INET ? 4 : 16);
}

/* bytes begin with ICMP's header; 0, or -1 if it is too short. */
static int
read_error(
    int family, const uint8_t *bytes, size_t length, struct overheard *out)
{
	size_t header = family == AF_INET ? HEADER4 : HEADER6;
	size_t destination = family == AF_INET ? 16 : 24;

	if (length < ICMP_LENGTH + header)
		return -1;
	out->type = bytes[0];
	out->code = bytes[1];
	put_address(
	    &out->destination, family, bytes + ICMP_LENGTH + destination);
	return 0;
}

static void
take(struct overhear *o, const uint8_t *bytes, size_t length,
    const struct sockaddr_storage *from)
{
	struct overheard heard;
	size_t header = 0;

	if (o->family == AF_INET) {
		header = length > 0 ? (size_t)(bytes[0] & 15) * 4 : 1;
		put_address(&heard.from, AF_INET,
		    &((const struct sockaddr_in *)from)->sin_addr);
	} else
		put_address(&heard.from, AF_INET6,
		    &((const struct sockaddr_in6 *)from)->sin6_addr);
	if (header <= length &&
	    read_error(o->family, bytes + header, length - header, &heard) == 0)
		o->cb(o->arg, &heard);
}

/* The callback may not stop it. */
static void
ready(int fd, short events, void *arg)
{
	struct overhear *o = arg;
	struct sockaddr_storage from;
	socklen_t size;
	uint8_t bytes[512];
	ssize_t length;
	unsigned i;

	(void)events;
	for (i = 0; i < AT_ONCE; i++) {
		size = sizeof(from);
		length = recvfrom(fd, bytes, sizeof(bytes), 0,
		    (struct sockaddr *)&from, &size);
		if (length == -1)
			return;
		take(o, bytes, (size_t)length, &from);
	}
}

struct overhear *
overhear_start(struct event_base *base, int family, overhear_cb *cb, void *arg)
{
	struct overhear *o;
	int error,
	    fd = socket(family, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
		family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6);

	if (fd == -1)
		return NULL;
	if (filter(fd, family) == -1) {
		error = errno;
		close(fd);
		errno = error;
		return NULL;
	}
	o = xcalloc(1, sizeof(*o));
	o->family = family;
	o->fd = fd;
	o->cb = cb;
	o->arg = arg;
	o->event = event_new(base, fd, EV_READ | EV_PERSIST, ready, o);
	if (o->event == NULL || event_add(o->event, NULL) == -1)
		fatalx("no memory for an event");
	return o;
}

void
overhear_stop(struct overhear *o)
{
	if (o == NULL)
		return;
	event_free(o->event);
	close(o->fd);
	free(o);
}
