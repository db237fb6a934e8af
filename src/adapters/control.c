/* SPDX-License-Identifier: ISC */

/*
 * The control socket: see control.h.
 */

#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>

#include "adapters/control_private.h"
#include "base/log.h"
#include "base/log_json.h"
#include "base/monotime.h"
#include "base/xmalloc.h"

#define REQUEST_MAX  65536 /* bytes of a line, with its newline */
#define TIMEOUT	     10000 /* ms for a request to come or a reply to go */
#define ACCEPT_PAUSE 1000  /* ms without accepting, after a failure */

static void
control_release(struct control *control)
{
	event_free(control->resume);
	free(control->path);
	free(control);
}

static void
client_remove(struct client *client)
{
	control_stream_end(client);
	control_parts_end(client);
	TAILQ_REMOVE(&client->control->clients, client, entry);
	client->control->client_count--;
	event_free(client->deadline);
	bufferevent_free(client->bev);
	free(client);
}

void
control_client_free(struct client *client)
{
	struct control *control = client->control;

	client_remove(client);
	if (control->freed)
		control_release(control);
	else if (!event_pending(control->resume, EV_TIMEOUT, NULL))
		evconnlistener_enable(control->listener);
}

void
control_restart_deadline(struct client *client)
{
	struct timeval tv = monotime_timeval(TIMEOUT);

	event_add(client->deadline, &tv);
}

/* Takes the reference. */
static void
client_reply(struct client *client, json_t *reply)
{
	control_append(bufferevent_get_output(client->bev), reply);
	json_decref(reply);
	client->replying = true;
	control_restart_deadline(client);
}

/* The text may be of what a client has sent, which need not be UTF-8. */
static json_t *
error_reply(const char *text)
{
	return json_pack("{s:o}", "error", log_json_string(text));
}

/* The reply, or NULL if parts or a stream take its place. */
static json_t *
handle(struct client *client, const char *line, size_t len)
{
	struct control *control = client->control;
	json_t *request, *reply;
	json_error_t error;
	char *text;

	request = json_loadb(line, len, JSON_REJECT_DUPLICATES, &error);
	if (!json_is_object(request)) {
		text = xasprintf("bad request: %s",
		    request == NULL ? error.text : "not an object");
		reply = error_reply(text);
		free(text);
		json_decref(request);
		return reply;
	}
	control->busy = client;
	reply = control->handler(control->arg, request);
	control->busy = NULL;
	json_decref(request);
	if (control->freed) {
		client->last = true;
		control_stream_end(client);
		control_parts_end(client);
	}
	if (client->parts != NULL || client->stream != NULL)
		return NULL;
	return reply != NULL ? reply : error_reply("no reply");
}

static void
client_handle(struct client *client, const char *line, size_t len)
{
	json_t *reply = handle(client, line, len);

	if (reply != NULL)
		client_reply(client, reply);
	else if (client->stream != NULL)
		event_del(client->deadline);
	else
		control_parts_continue(client);
}

int64_t
control_peer(const struct control *control)
{
	socklen_t len = sizeof(struct ucred);
	struct ucred peer;

	if (control->busy == NULL ||
	    getsockopt(bufferevent_getfd(control->busy->bev), SOL_SOCKET,
		SO_PEERCRED, &peer, &len) == -1 ||
	    peer.uid == (uid_t)-1)
		return -1;
	return peer.uid;
}

/* Is there a whole request, or are the remains to be taken for one? */
static char *
client_read_line(struct client *client, size_t *len)
{
	struct evbuffer *in = bufferevent_get_input(client->bev);
	char *line;

	line = evbuffer_readln(in, len, EVBUFFER_EOL_LF);
	if (line != NULL || !client->last || evbuffer_get_length(in) == 0)
		return line;
	*len = evbuffer_get_length(in);
	line = xcalloc(1, *len + 1);
	evbuffer_remove(in, line, *len);
	return line;
}

/* Take the next request if there is one and no reply is on its way. */
static void
client_advance(struct client *client)
{
	struct evbuffer *in = bufferevent_get_input(client->bev);
	char *line;
	size_t len;

	if (client->stream != NULL) {
		control_stream_ignore(client);
		return;
	}
	if (client->replying)
		return;
	if ((line = client_read_line(client, &len)) != NULL) {
		client_handle(client, line, len);
		free(line);
		return;
	}
	if (evbuffer_get_length(in) >= REQUEST_MAX) {
		evbuffer_drain(in, evbuffer_get_length(in));
		client->last = true;
		client_reply(
		    client, error_reply("bad request: longer than 64 KiB"));
		return;
	}
	if (client->last)
		control_client_free(client);
}

static void
on_read(struct bufferevent *bev, void *arg)
{
	(void)bev;
	client_advance(arg);
}

/* All of a reply has been sent. */
static void
on_write(struct bufferevent *bev, void *arg)
{
	struct client *client = arg;

	(void)bev;
	if (client->stream != NULL) {
		control_stream_drained(client);
		return;
	}
	if (client->parts != NULL) {
		control_parts_continue(client);
		return;
	}
	if (!client->replying)
		return;
	client->replying = false;
	control_restart_deadline(client);
	if (client->control->freed) {
		control_client_free(client);
		return;
	}
	client_advance(client);
}

/* The peer may have closed only its sending half: it gets its replies. */
static void
on_event(struct bufferevent *bev, short events, void *arg)
{
	struct client *client = arg;

	(void)bev;
	if ((events & BEV_EVENT_EOF) != 0 &&
	    (events & BEV_EVENT_READING) != 0 && client->stream == NULL) {
		client->last = true;
		client_advance(client);
	} else if ((events & (BEV_EVENT_EOF | BEV_EVENT_ERROR)) != 0) {
		control_client_free(client);
	}
}

static void
on_deadline(evutil_socket_t fd, short events, void *arg)
{
	(void)fd, (void)events;
	control_client_free(arg);
}

static void
on_accept(struct evconnlistener *listener, evutil_socket_t fd,
    struct sockaddr *sa, int len, void *arg)
{
	struct control *control = arg;
	struct client *client;

	(void)sa, (void)len;
	control->accept_failed = false;
	client = xcalloc(1, sizeof(*client));
	client->control = control;
	client->bev =
	    bufferevent_socket_new(control->base, fd, BEV_OPT_CLOSE_ON_FREE);
	client->deadline = evtimer_new(control->base, on_deadline, client);
	if (client->bev == NULL || client->deadline == NULL)
		fatalx("control socket: out of memory");
	TAILQ_INSERT_TAIL(&control->clients, client, entry);
	if (++control->client_count == CONTROL_CLIENTS)
		evconnlistener_disable(listener);
	bufferevent_setcb(client->bev, on_read, on_write, on_event, client);
	bufferevent_setwatermark(client->bev, EV_READ, 0, REQUEST_MAX);
	bufferevent_enable(client->bev, EV_READ | EV_WRITE);
	control_restart_deadline(client);
}

/* Out of descriptors, most likely: wait, as the listener stays readable. */
static void
on_accept_error(struct evconnlistener *listener, void *arg)
{
	struct timeval tv = monotime_timeval(ACCEPT_PAUSE);
	struct control *control = arg;

	if (!control->accept_failed)
		log_warn("control socket %s: accept", control->path);
	control->accept_failed = true;
	evconnlistener_disable(listener);
	event_add(control->resume, &tv);
}

static void
on_resume(evutil_socket_t fd, short events, void *arg)
{
	struct control *control = arg;

	(void)fd, (void)events;
	if (control->client_count < CONTROL_CLIENTS)
		evconnlistener_enable(control->listener);
}

struct control *
control_new(struct event_base *base, const struct control_options *options)
{
	struct control *control;
	struct stat st;
	int fd;

	if ((fd = control_listen(options)) == -1)
		return NULL;
	control = xcalloc(1, sizeof(*control));
	control->base = base;
	control->path = xstrdup(options->path);
	control->handler = options->handler;
	control->arg = options->arg;
	if (lstat(control->path, &st) == 0) {
		control->device = st.st_dev;
		control->inode = st.st_ino;
	}
	TAILQ_INIT(&control->clients);
	control->resume = evtimer_new(base, on_resume, control);
	control->listener = evconnlistener_new(base, on_accept, control,
	    LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
	if (control->resume == NULL || control->listener == NULL)
		fatalx("control socket: out of memory");
	evconnlistener_set_error_cb(control->listener, on_accept_error);
	return control;
}

/* Unless somebody put another one in its place. */
static void
remove_socket(const struct control *control)
{
	struct stat st;

	if (lstat(control->path, &st) == 0 && st.st_dev == control->device &&
	    st.st_ino == control->inode)
		unlink(control->path);
}

void
control_free(struct control *control)
{
	struct client *busy, *client;

	if (control == NULL)
		return;
	remove_socket(control);
	evconnlistener_free(control->listener);
	control->listener = NULL;
	event_del(control->resume);
	if ((busy = control->busy) != NULL)
		TAILQ_REMOVE(&control->clients, busy, entry);
	while ((client = TAILQ_FIRST(&control->clients)) != NULL)
		client_remove(client);
	if (busy != NULL)
		TAILQ_INSERT_HEAD(&control->clients, busy, entry);
	control->freed = true;
	if (busy == NULL)
		control_release(control);
}
