/* SPDX-License-Identifier: ISC */

/*
 * An idle connection to bgpd's control socket; see bgp_link.h.
 *
 * bgpd says nothing on it unless it is asked, and keeps it open for as long
 * as it lives.  It leaves its socket file behind when it is killed, so that
 * the file's existence says nothing.
 */

#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "adapters/bgp_link.h"
#include "base/monotime.h"
#include "base/xmalloc.h"

#define DELAY_MIN 100  /* ms */
#define DELAY_MAX 5000 /* ms */
#define STABLE	  1000 /* ms of connection after which the delay is new */

static const struct {
	int error; /* of connect(2) */
	enum bgp_link_state state;
	const char *why;
} reasons[] = {
    {ENOENT, BGP_LINK_ABSENT,
	"no such socket: start bgpd(8), or tell vc5d the path that the "
	"\"socket\" statement of bgpd.conf has"},
    {ECONNREFUSED, BGP_LINK_ABSENT, "nobody listens there: start bgpd(8)"},
    {EACCES, BGP_LINK_DENIED,
	"permission denied: vc5d has to run as root, or in the socket's "
	"group"},
    {EAGAIN, BGP_LINK_FAILED, "bgpd does not take connections: does it hang?"},
    {EPERM, BGP_LINK_DENIED, "permission denied: vc5d has to run as root"},
};

struct bgp_link {
	struct event_base *base;
	char *path;
	enum bgp_link_state state;
	int fd; /* -1 if it is not connected */
	struct event *readable, *retry;
	unsigned delay; /* ms until the next attempt but one */
	uint64_t since; /* ms: when it was connected */
	void (*cb)(void *arg, enum bgp_link_state, const char *why);
	void *arg;
};

static void
link_set(struct bgp_link *link, enum bgp_link_state state, const char *why)
{
	if (link->state == state)
		return;
	link->state = state;
	link->cb(link->arg, state, why);
}

static void
link_retry(struct bgp_link *link)
{
	struct timeval tv = monotime_timeval(link->delay);

	evtimer_add(link->retry, &tv);
	link->delay *= 2;
	if (link->delay > DELAY_MAX)
		link->delay = DELAY_MAX;
}

static void
link_close(struct bgp_link *link)
{
	if (link->readable != NULL)
		event_free(link->readable);
	link->readable = NULL;
	if (link->fd != -1)
		close(link->fd);
	link->fd = -1;
}

static void
link_readable(int fd, short what, void *arg)
{
	struct bgp_link *link = arg;
	char buf[4096];
	ssize_t n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);

	(void)what;
	if (n > 0 || (n == -1 && (errno == EAGAIN || errno == EINTR)))
		return;
	link_close(link);
	if (monotime_ms() - link->since >= STABLE)
		link->delay = DELAY_MIN;
	link_retry(link);
	link_set(link, BGP_LINK_ABSENT,
	    "bgpd has gone, and nothing is announced until it is back");
}

static void
link_refused(struct bgp_link *link, int error)
{
	size_t i;

	link_close(link);
	link_retry(link);
	for (i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (reasons[i].error == error) {
			link_set(link, reasons[i].state, reasons[i].why);
			return;
		}
	link_set(link, BGP_LINK_FAILED, strerror(error));
}

static void
link_connect(int fd, short what, void *arg)
{
	struct bgp_link *link = arg;
	struct sockaddr_un sun = {.sun_family = AF_UNIX};

	(void)fd;
	(void)what;
	if (strlen(link->path) >= sizeof(sun.sun_path)) {
		link_refused(link, ENAMETOOLONG);
		return;
	}
	memcpy(sun.sun_path, link->path, strlen(link->path));
	link->fd =
	    socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* This never has to wait: it succeeds or fails at once. */
	if (link->fd == -1 ||
	    connect(link->fd, (struct sockaddr *)&sun, sizeof(sun)) == -1) {
		link_refused(link, errno);
		return;
	}
	link->since = monotime_ms();
	link->readable = event_new(
	    link->base, link->fd, EV_READ | EV_PERSIST, link_readable, link);
	event_add(link->readable, NULL);
	link_set(link, BGP_LINK_UP, "");
}

struct bgp_link *
bgp_link_new(struct event_base *base, const char *path,
    void (*cb)(void *arg, enum bgp_link_state, const char *why), void *arg)
{
	struct bgp_link *link = xcalloc(1, sizeof(*link));

	link->base = base;
	link->path = xstrdup(path);
	link->fd = -1;
	link->delay = DELAY_MIN;
	link->cb = cb;
	link->arg = arg;
	link->retry = evtimer_new(base, link_connect, link);
	event_active(link->retry, EV_TIMEOUT, 0);
	return link;
}

void
bgp_link_free(struct bgp_link *link)
{
	if (link == NULL)
		return;
	link_close(link);
	event_free(link->retry);
	free(link->path);
	free(link);
}

bool
bgp_link_alive(const struct bgp_link *link)
{
	char byte;
	ssize_t n;

	if (link->fd == -1)
		return false;
	n = recv(link->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
	return n > 0 || (n == -1 && (errno == EAGAIN || errno == EINTR));
}
