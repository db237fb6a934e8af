/* SPDX-License-Identifier: ISC */

/*
 * Servers as nobody wants them: see check_server.h.
 */

#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/xmalloc.h"
#include "check_server.h"

struct connection {
	TAILQ_ENTRY(connection) entry;
	struct server *server;
	int fd;
	struct event *readable;
	struct event *turn; /* to send more */
	size_t position;    /* in the answer */
	bool finished;	    /* has sent its end of file */
};

struct server {
	struct event_base *base;
	struct server_script script;
	bool hasty; /* answers before the request is complete */
	struct server_seen seen;
	int fd;
	uint16_t port;
	struct event *acceptable;
	TAILQ_HEAD(connections, connection) connections;
};

struct addr
loopback(uint8_t family)
{
	struct addr address;

	addr_parse(family == AF_INET ? "127.0.0.1" : "::1", &address);
	return address;
}

int
loopback_socket(uint8_t family, int backlog, uint16_t *port)
{
	struct addr address = loopback(family);
	struct sockaddr_storage ss;
	socklen_t length = addr_to_sockaddr(&address, 0, &ss);
	int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd == -1)
		return -1;
	if (bind(fd, (struct sockaddr *)&ss, length) == -1 ||
	    (backlog >= 0 && listen(fd, backlog) == -1) ||
	    getsockname(fd, (struct sockaddr *)&ss, &length) == -1) {
		close(fd);
		return -1;
	}
	*port =
	    ntohs(family == AF_INET ? ((struct sockaddr_in *)&ss)->sin_port
				    : ((struct sockaddr_in6 *)&ss)->sin6_port);
	return fd;
}

static void
connection_free(struct connection *c)
{
	TAILQ_REMOVE(&c->server->connections, c, entry);
	event_free(c->readable);
	event_free(c->turn);
	close(c->fd);
	free(c);
}

static void
connection_end(struct connection *c)
{
	static const struct linger reset = {.l_onoff = 1, .l_linger = 0};

	switch (c->server->script.end) {
	case END_CLOSE:
		c->finished = true;
		shutdown(c->fd, SHUT_WR);
		break;
	case END_RESET:
		setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
		connection_free(c);
		break;
	default:
		break;
	}
}

/* Send what the script says, again and again as it says. */
static void
turn_ready(int fd, short events, void *arg)
{
	static const struct timeval at_once, pause = {.tv_usec = 20000};
	struct connection *c = arg;
	const struct server_script *script = &c->server->script;
	const char *rest = script->answer + c->position;
	bool dribble = script->end == END_DRIBBLE;
	ssize_t sent;

	(void)events;
	sent = send(fd, rest, dribble ? 1 : strlen(rest), MSG_NOSIGNAL);
	if (sent > 0) {
		c->position += sent;
		c->server->seen.sent += sent;
	}
	if (script->answer[c->position] != '\0')
		event_add(c->turn, dribble ? &pause : &at_once);
	else if (script->end == END_AGAIN) {
		c->position = 0;
		event_add(c->turn, &at_once);
	} else
		connection_end(c);
}

static void
read_ready(int fd, short events, void *arg)
{
	struct connection *c = arg;
	struct server_seen *seen = &c->server->seen;
	size_t length = strlen(seen->request);
	ssize_t got;

	(void)events;
	got = read(
	    fd, seen->request + length, sizeof(seen->request) - length - 1);
	if (got > 0) {
		seen->request[length + got] = '\0';
		if (c->server->hasty ||
		    strstr(seen->request, "\r\n\r\n") != NULL)
			turn_ready(fd, 0, c);
		return;
	}
	if (got == 0)
		seen->ended++;
	else
		seen->reset++;
	connection_free(c);
}

static void
accept_ready(int fd, short events, void *arg)
{
	struct server *server = arg;
	struct connection *c;
	int accepted;

	(void)events;
	accepted = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (accepted == -1)
		return;
	server->seen.accepted++;
	memset(server->seen.request, 0, sizeof(server->seen.request));
	c = xcalloc(1, sizeof(*c));
	c->server = server;
	c->fd = accepted;
	c->readable = event_new(
	    server->base, accepted, EV_READ | EV_PERSIST, read_ready, c);
	c->turn = event_new(server->base, accepted, 0, turn_ready, c);
	TAILQ_INSERT_TAIL(&server->connections, c, entry);
	event_add(c->readable, NULL);
}

struct server *
server_new(
    struct event_base *base, uint8_t family, const struct server_script *script)
{
	struct server *server = xcalloc(1, sizeof(*server));

	TAILQ_INIT(&server->connections);
	server->base = base;
	server->script = *script;
	server->fd = loopback_socket(family, 128, &server->port);
	if (server->fd == -1) {
		fprintf(stderr, "# listening: %s\n", strerror(errno));
		free(server);
		return NULL;
	}
	server->acceptable = event_new(
	    base, server->fd, EV_READ | EV_PERSIST, accept_ready, server);
	event_add(server->acceptable, NULL);
	return server;
}

void
server_be_hasty(struct server *server)
{
	server->hasty = true;
}

uint16_t
server_port(const struct server *server)
{
	return server->port;
}

const struct server_seen *
server_seen(const struct server *server)
{
	return &server->seen;
}

unsigned
server_drop_callers(struct server *server)
{
	unsigned count = 0;
	int fd;

	for (; (fd = accept(server->fd, NULL, NULL)) != -1; count++)
		close(fd);
	return count;
}

void
server_free(struct server *server)
{
	struct connection *c;

	if (server == NULL)
		return;
	while ((c = TAILQ_FIRST(&server->connections)) != NULL)
		connection_free(c);
	event_free(server->acceptable);
	close(server->fd);
	free(server);
}

unsigned
time_wait_count(uint16_t port)
{
	unsigned count = 0, remote, state;
	char line[512];
	FILE *file = fopen("/proc/net/tcp", "re");

	if (file == NULL)
		return 0;
	while (fgets(line, sizeof(line), file) != NULL)
		if (sscanf(line, " %*d: %*[0-9A-F]:%*x %*[0-9A-F]:%x %x",
			&remote, &state) == 2 &&
		    remote == port && state == 6)
			count++;
	fclose(file);
	return count;
}
