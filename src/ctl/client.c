/* SPDX-License-Identifier: ISC */

/*
 * Requests to vc5d, and its replies: see client.h.
 */

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/xmalloc.h"
#include "ctl/client.h"
#include "ctl/table.h"

#define TIMEOUT	  30		      /* seconds without an answer */
#define REPLY_MAX (256 * 1024 * 1024) /* bytes */

#define HURRY 1 /* the same, of who asks quietly */

struct client {
	char *path;	  /* of the socket */
	int fd;		  /* -1 = not connected */
	bool quiet;	  /* nobody is told what is wrong */
	unsigned timeout; /* s without an answer */
	bool unreachable; /* the last request was not answered */
	/* What was received, and not yet taken. */
	char *buffer;
	size_t start, end, size;
	size_t searched; /* from start on there is no newline before */
};

static const char *
connect_remedy(int error)
{
	switch (error) {
	case ENOENT:
		return ": is vc5d running, with this as its \"control\"?";
	case ECONNREFUSED:
		return ": vc5d is not running";
	case EACCES:
		return ": only root may; for others there can be a "
		       "\"control_readonly\"";
	case EAGAIN:
		return ": vc5d has too many clients, or does not respond";
	default:
		return "";
	}
}

static void __attribute__((format(printf, 2, 3)))
complain(const struct client *client, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	if (!client->quiet)
		safe_vwarnx(format, ap);
	va_end(ap);
}

static int
open_socket(const struct client *client)
{
	struct timeval timeout = {.tv_sec = client->timeout};
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	int fd;

	if (strlcpy(sun.sun_path, client->path, sizeof(sun.sun_path)) >=
	    sizeof(sun.sun_path)) {
		complain(client,
		    "%s: a socket's path is at most %zu bytes long",
		    client->path, sizeof(sun.sun_path) - 1);
		return -1;
	}
	if ((fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) == -1) {
		complain(client, "socket: %s", strerror(errno));
		return -1;
	}
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
	if (connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == -1) {
		complain(client, "cannot connect to %s: %s%s", client->path,
		    strerror(errno), connect_remedy(errno));
		close(fd);
		return -1;
	}
	return fd;
}

struct client *
client_new(const char *socket_path)
{
	struct client *client = xcalloc(1, sizeof(*client));

	client->path = xstrdup(socket_path);
	client->fd = -1;
	client->timeout = TIMEOUT;
	return client;
}

void
client_free(struct client *client)
{
	if (client == NULL)
		return;
	if (client->fd != -1)
		close(client->fd);
	free(client->buffer);
	free(client->path);
	free(client);
}

int
client_failure(const struct client *client)
{
	return client->unreachable ? CTL_UNREACHABLE : CTL_ERROR;
}

static int
send_line(int fd, const json_t *request)
{
	char *text = json_dumps(request, JSON_COMPACT), *line;
	size_t len, sent = 0;
	ssize_t n = 0;

	line = xasprintf("%s\n", text == NULL ? "" : text);
	free(text);
	len = strlen(line);
	while (sent < len &&
	    (n = send(fd, line + sent, len - sent, MSG_NOSIGNAL)) != -1)
		sent += (size_t)n;
	free(line);
	return n == -1 ? -1 : 0;
}

/* The end of the next line in what was received; NULL = it is not there. */
static char *
find_newline(const struct client *client)
{
	size_t from = client->start + client->searched;

	if (client->buffer == NULL)
		return NULL;
	return memchr(client->buffer + from, '\n', client->end - from);
}

static void
make_room(struct client *client)
{
	if (client->start > 0) {
		memmove(client->buffer, client->buffer + client->start,
		    client->end - client->start);
		client->end -= client->start;
		client->start = 0;
	}
	if (client->end < client->size)
		return;
	client->size = client->size == 0 ? 65536 : 2 * client->size;
	client->buffer = xreallocarray(client->buffer, client->size, 1);
}

/*
 * All up to a newline or the end, which is in the buffer until the next call;
 * *len is without the newline.  NULL with errno set.
 */
static const char *
receive_line(struct client *client, size_t *len)
{
	const char *line, *newline;
	ssize_t n = 1;

	while ((newline = find_newline(client)) == NULL && n > 0) {
		client->searched = client->end - client->start;
		if (client->searched >= REPLY_MAX) {
			errno = EMSGSIZE;
			return NULL;
		}
		make_room(client);
		n = recv(client->fd, client->buffer + client->end,
		    client->size - client->end, 0);
		if (n == -1 && errno == EINTR) {
			n = 1;
			continue;
		}
		if (n == -1)
			return NULL;
		client->end += (size_t)n;
	}
	line = client->buffer + client->start;
	*len = newline != NULL ? (size_t)(newline - line)
			       : client->end - client->start;
	client->start += *len + (newline != NULL);
	client->searched = 0;
	return line;
}

/* NULL after having said why. */
static json_t *
decode(const struct client *client, const char *text, size_t len)
{
	json_error_t error;
	json_t *reply;

	if (len == 0) {
		complain(client, "%s: closed without a reply", client->path);
		return NULL;
	}
	reply = json_loadb(text, len, 0, &error);
	if (!json_is_object(reply)) {
		complain(
		    client, "%s: the reply is not a JSON object", client->path);
		json_decref(reply);
		return NULL;
	}
	return reply;
}

/* Did vc5d refuse the request?  Then say so. */
static bool
is_error(const struct client *client, const json_t *reply)
{
	const char *error = json_string_value(json_object_get(reply, "error"));
	char *safe;

	if (error == NULL)
		return false;
	safe = safe_text(error);
	complain(client, "vc5d: %s", safe);
	free(safe);
	return true;
}

/* What there might still be belongs to nothing any more. */
static void
disconnect(struct client *client)
{
	close(client->fd);
	client->fd = -1;
	client->start = client->end = client->searched = 0;
}

/* NULL after having said why there is none. */
static json_t *
receive(struct client *client)
{
	json_t *reply = NULL;
	const char *line;
	size_t len;

	if ((line = receive_line(client, &len)) == NULL)
		complain(client, "%s: %s", client->path,
		    errno == EAGAIN ? "vc5d does not respond"
				    : strerror(errno));
	else
		reply = decode(client, line, len);
	client->unreachable = reply == NULL;
	if (reply == NULL)
		disconnect(client);
	return reply;
}

json_t *
client_next(struct client *client)
{
	json_t *reply = receive(client);

	if (reply != NULL && is_error(client, reply)) {
		json_decref(reply);
		return NULL;
	}
	return reply;
}

/* 0, or -1 after having said why not. */
static int
send_request(struct client *client, const json_t *request)
{
	if (client->fd == -1 && (client->fd = open_socket(client)) == -1)
		return -1;
	if (send_line(client->fd, request) == 0)
		return 0;
	complain(client, "%s: %s", client->path,
	    errno == EAGAIN ? "vc5d does not respond" : strerror(errno));
	disconnect(client);
	return -1;
}

json_t *
client_ask(struct client *client, json_t *request)
{
	int result;

	client->unreachable = true;
	result = send_request(client, request);
	json_decref(request);
	return result == 0 ? client_next(client) : NULL;
}

void
client_wait_forever(struct client *client)
{
	struct timeval never = {0};

	setsockopt(client->fd, SOL_SOCKET, SO_RCVTIMEO, &never, sizeof(never));
}

int
client_descriptor(const struct client *client)
{
	return client->fd;
}

bool
client_buffered(const struct client *client)
{
	return find_newline(client) != NULL;
}

json_t *
client_ask_quietly(struct client *client, json_t *request)
{
	json_t *reply;

	client->quiet = true;
	client->timeout = HURRY;
	reply = client_ask(client, request);
	client->quiet = false;
	client->timeout = TIMEOUT;
	return reply;
}

bool
client_be_quiet(struct client *client, bool quiet)
{
	bool was = client->quiet;

	client->quiet = quiet;
	return was;
}

void
client_set_timeout(struct client *client, unsigned seconds)
{
	client->timeout = seconds;
}
