/* SPDX-License-Identifier: ISC */

/*
 * One client of a web server: see crowd_client.h.
 */

#include <sys/socket.h>
#include <sys/time.h>

#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/monotime.h"
#include "base/xmalloc.h"
#include "crowd_client.h"

static const char *const event_names[CLIENT_EVENTS] = {
    [CLIENT_OPENED] = "opened",
    [CLIENT_ANSWERED] = "answered",
    [CLIENT_FINISHED] = "finished",
    [CLIENT_STALLED] = "stalled",
    [CLIENT_RESUMED] = "resumed",
    [CLIENT_CHANGED] = "changed",
    [CLIENT_RESET] = "reset",
    [CLIENT_ENDED] = "ended",
    [CLIENT_REFUSED] = "refused",
    [CLIENT_TIMED_OUT] = "timed_out",
    [CLIENT_UNREACHABLE] = "unreachable",
    [CLIENT_MALFORMED] = "malformed",
    [CLIENT_ERROR] = "error",
};

const char *
client_event_name(enum client_event event)
{
	return event_names[event];
}

static void
client_close(struct client *client, enum client_event event)
{
	if (client->state == CLIENT_WAITING && event != CLIENT_FINISHED)
		client->gap = monotime_ms() - client->asked;
	event_free(client->event);
	client->event = NULL;
	close(client->fd);
	client->fd = -1;
	client->state = CLIENT_CLOSED;
	client->crowd->happened(client, event);
}

static void
client_fail(struct client *client, int error)
{
	enum client_event event = CLIENT_ERROR;

	switch (error) {
	case ECONNRESET:
	case EPIPE:
		event = CLIENT_RESET;
		break;
	case ECONNREFUSED:
		event = CLIENT_REFUSED;
		break;
	case ETIMEDOUT:
		event = CLIENT_TIMED_OUT;
		break;
	case EHOSTUNREACH:
	case ENETUNREACH:
		event = CLIENT_UNREACHABLE;
		break;
	}
	client_close(client, event);
}

static void
client_expect(struct client *client, uint64_t ms)
{
	struct timeval timeout = monotime_timeval(ms);

	event_add(client->event, &timeout);
}

static void
client_rest(struct client *client)
{
	unsigned interval = client->crowd->interval;

	client->state = CLIENT_RESTING;
	client_expect(
	    client, interval * 3 / 4 + (unsigned)random() % (interval / 2 + 1));
}

static void
client_ask(struct client *client)
{
	const char *request = client->brief
	    ? "GET / HTTP/1.1\r\nHost: vip\r\nConnection: close\r\n\r\n"
	    : "GET / HTTP/1.1\r\nHost: vip\r\n\r\n";
	ssize_t n;

	if (client->crowd->ending && !client->brief) {
		event_add(client->event, NULL);
		return;
	}
	client->asked = monotime_ms();
	client->length = 0;
	client->state = CLIENT_WAITING;
	n = send(client->fd, request, strlen(request), MSG_NOSIGNAL);
	if (n == (ssize_t)strlen(request))
		client_expect(client, CLIENT_PATIENCE);
	else
		client_fail(client, n == -1 ? errno : EIO);
}

/* The value of a header, which begins with its name and a colon. */
static const char *
header(const char *answer, const char *name)
{
	const char *found = strstr(answer, name);

	return found != NULL ? found + strlen(name) : NULL;
}

int
client_answer(const struct client *client, char *backend, size_t size)
{
	char address[ADDR_STRLEN], body[128];
	const char *end = strstr(client->answer, "\r\n\r\n"), *from, *length;
	size_t whole;

	if (end == NULL)
		return client->length == sizeof(client->answer) - 1 ? -1 : 0;
	from = header(client->answer, "\r\nX-Backend: ");
	length = header(client->answer, "\r\nContent-Length: ");
	if (strncmp(client->answer, "HTTP/1.1 200 ", 13) != 0 || from == NULL ||
	    length == NULL || from > end || length > end)
		return -1;
	snprintf(backend, size, "%.*s", (int)strcspn(from, "\r\n"), from);
	snprintf(body, sizeof(body), "%s answers %s\n", backend,
	    addr_format(&client->address, address));
	whole = (size_t)(end + 4 - client->answer) + strlen(body);
	if ((size_t)atoi(length) != strlen(body) || client->length > whole)
		return -1;
	if (client->length < whole)
		return 0;
	return strcmp(end + 4, body) == 0 ? (int)whole : -1;
}

static void
client_served(struct client *client, const char *backend)
{
	struct crowd *crowd = client->crowd;

	client->gap = monotime_ms() - client->asked;
	client->served = client->asked;
	if (client->stalled)
		crowd->happened(client, CLIENT_RESUMED);
	client->stalled = false;
	if (client->backend[0] != '\0' && strcmp(client->backend, backend) != 0)
		crowd->happened(client, CLIENT_CHANGED);
	snprintf(client->backend, sizeof(client->backend), "%s", backend);
	crowd->happened(client, CLIENT_ANSWERED);
	if (client->brief)
		client_close(client, CLIENT_FINISHED);
	else
		client_rest(client);
}

static void
client_read(struct client *client)
{
	char backend[sizeof(client->backend)];
	ssize_t n = recv(client->fd, client->answer + client->length,
	    sizeof(client->answer) - 1 - client->length, 0);
	int whole;

	if (n == -1 && (errno == EAGAIN || errno == EINTR)) {
		if (client->state == CLIENT_RESTING)
			client_rest(client);
		else
			event_add(client->event, NULL);
		return;
	}
	if (n <= 0) {
		if (n == 0)
			client_close(client, CLIENT_ENDED);
		else
			client_fail(client, errno);
		return;
	}
	client->length += (size_t)n;
	client->answer[client->length] = '\0';
	whole = client->state == CLIENT_WAITING
	    ? client_answer(client, backend, sizeof(backend))
	    : -1;
	if (whole == -1)
		client_close(client, CLIENT_MALFORMED);
	else if (whole > 0)
		client_served(client, backend);
	else
		client_expect(client, CLIENT_PATIENCE);
}

static void client_happens(evutil_socket_t, short, void *);

/* Its own address and port, as the kernel chose them. */
static void
client_learn_name(struct client *client)
{
	struct sockaddr_storage ss;
	const struct sockaddr_in *in = (struct sockaddr_in *)&ss;
	const struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&ss;

	if (getsockname(client->fd, (struct sockaddr *)&ss,
		&(socklen_t){sizeof(ss)}) == -1)
		return;
	client->address.family = (uint8_t)ss.ss_family;
	client->port = ntohs(in->sin_port); /* at the same place in both */
	if (ss.ss_family == AF_INET)
		memcpy(client->address.bytes, &in->sin_addr, 4);
	else
		memcpy(client->address.bytes, &in6->sin6_addr, 16);
}

static void
client_opened(struct client *client)
{
	int error = 0;

	getsockopt(client->fd, SOL_SOCKET, SO_ERROR, &error,
	    &(socklen_t){sizeof(error)});
	if (error != 0) {
		client_fail(client, error);
		return;
	}
	client->opened = monotime_ms();
	client->stalled = false;
	client->crowd->happened(client, CLIENT_OPENED);
	event_free(client->event);
	client->event = event_new(
	    client->crowd->base, client->fd, EV_READ, client_happens, client);
	client_ask(client);
}

static void
client_happens(evutil_socket_t fd, short what, void *arg)
{
	struct client *client = arg;

	(void)fd;
	if (!(what & EV_TIMEOUT)) {
		if (client->state == CLIENT_CONNECTING)
			client_opened(client);
		else
			client_read(client);
	} else if (client->state == CLIENT_RESTING) {
		client_ask(client);
	} else {
		/* TCP tries on, and so it is waited for. */
		client->stalled = true;
		event_add(client->event, NULL);
		client->crowd->happened(client, CLIENT_STALLED);
	}
}

/* 0, or an error. */
static int
client_connect(struct client *client)
{
	struct sockaddr_storage ss;
	socklen_t length;
	int on = 1;

	/* The port is chosen when the other end is known: one for each. */
	if (client->address.family != 0) {
		setsockopt(client->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on,
		    sizeof(on));
		length = addr_to_sockaddr(&client->address, 0, &ss);
		if (bind(client->fd, (struct sockaddr *)&ss, length) == -1)
			return errno;
	}
	setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	length =
	    addr_to_sockaddr(&client->crowd->vip, client->crowd->port, &ss);
	if (connect(client->fd, (struct sockaddr *)&ss, length) == -1 &&
	    errno != EINPROGRESS)
		return errno;
	client_learn_name(client);
	return 0;
}

struct client *
client_new(struct crowd *crowd, const struct addr *from, bool brief)
{
	struct client *client = xcalloc(1, sizeof(*client));

	client->crowd = crowd;
	client->brief = brief;
	client->address = *from;
	client->asked = monotime_ms();
	client->fd = socket(
	    crowd->vip.family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	client->event = event_new(
	    crowd->base, client->fd, EV_WRITE, client_happens, client);
	return client;
}

void
client_start(struct client *client)
{
	int error = client->fd == -1 ? EMFILE : client_connect(client);

	if (error == 0)
		client_expect(client, CLIENT_PATIENCE);
	else
		client_fail(client, error);
}

void
client_free(struct client *client)
{
	if (client == NULL)
		return;
	if (client->event != NULL)
		event_free(client->event);
	if (client->fd != -1)
		close(client->fd);
	free(client);
}
