/* SPDX-License-Identifier: ISC */

/*
 * Replies to a client of the control socket that are more than a line: in
 * parts, or without an end.
 */

#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>

#include "adapters/control_private.h"
#include "base/log.h"
#include "base/xmalloc.h"

/* Others are to get their replies, too. */
#define STREAMS	   (CONTROL_CLIENTS / 2)
#define STREAM_MAX (256 * 1024) /* bytes that are queued for one */

struct control_stream {
	struct client *client;
	void (*closed)(void *arg);
	void *arg;
	uint64_t dropped; /* lines, since it was told last */
};

static int
append(const char *text, size_t length, void *out)
{
	return evbuffer_add(out, text, length);
}

/*
 * Of a large document the text is many megabytes: it is made where it is sent
 * from.
 */
void
control_append_text(struct evbuffer *out, const json_t *json)
{
	static const char none[] = "{\"error\":\"the reply is not JSON\"}";
	struct evbuffer *text = evbuffer_new();

	if (text == NULL)
		fatalx("control socket: out of memory");
	if (json_dump_callback(json, append, text, JSON_COMPACT) == -1) {
		evbuffer_drain(text, evbuffer_get_length(text));
		evbuffer_add(text, none, strlen(none));
	}
	evbuffer_add_buffer(out, text);
	evbuffer_free(text);
}

void
control_append(struct evbuffer *out, const json_t *json)
{
	control_append_text(out, json);
	evbuffer_add(out, "\n", 1);
}

/* Parts. */

void
control_reply_in_parts(
    struct control *control, const struct control_parts *parts, void *arg)
{
	control->busy->parts = parts;
	control->busy->parts_arg = arg;
}

void
control_parts_end(struct client *client)
{
	const struct control_parts *parts = client->parts;

	client->parts = NULL;
	if (parts != NULL)
		parts->free(client->parts_arg);
}

void
control_parts_continue(struct client *client)
{
	struct evbuffer *out = bufferevent_get_output(client->bev);

	client->replying = true;
	control_restart_deadline(client);
	switch (client->parts->next(client->parts_arg, out)) {
	case CONTROL_MORE:
		break;
	case CONTROL_LAST:
		control_parts_end(client);
		break;
	case CONTROL_BROKEN:
		control_client_free(client);
		break;
	}
}

/* Streams. */

struct control_stream *
control_stream_new(
    struct control *control, void (*closed)(void *arg), void *arg)
{
	struct control_stream *stream;

	if (control->stream_count == STREAMS)
		return NULL;
	control->stream_count++;
	stream = xcalloc(1, sizeof(*stream));
	stream->client = control->busy;
	stream->closed = closed;
	stream->arg = arg;
	control->busy->stream = stream;
	return stream;
}

/* What is still queued goes now, as far as there is room: vc5d may be ending.
 */
static void
flush(struct client *client)
{
	struct evbuffer *out = bufferevent_get_output(client->bev);

	if (evbuffer_get_length(out) == 0)
		return;
	evbuffer_unfreeze(out, 1);
	(void)evbuffer_write(out, bufferevent_getfd(client->bev));
	evbuffer_freeze(out, 1);
}

void
control_stream_end(struct client *client)
{
	struct control_stream *stream = client->stream;

	if (stream == NULL)
		return;
	flush(client);
	client->stream = NULL;
	client->control->stream_count--;
	stream->closed(stream->arg);
	free(stream);
}

static void
tell_dropped(struct control_stream *stream, struct evbuffer *out)
{
	json_t *line;

	if (stream->dropped == 0)
		return;
	line = json_pack("{s:I}", "dropped", (json_int_t)stream->dropped);
	stream->dropped = 0;
	control_append(out, line);
	json_decref(line);
}

void
control_stream_send(struct control_stream *stream, const json_t *line)
{
	struct evbuffer *out = bufferevent_get_output(stream->client->bev);

	if (evbuffer_get_length(out) >= STREAM_MAX) {
		stream->dropped++;
		return;
	}
	tell_dropped(stream, out);
	control_append(out, line);
}

void
control_stream_drained(struct client *client)
{
	tell_dropped(client->stream, bufferevent_get_output(client->bev));
}

void
control_stream_ignore(struct client *client)
{
	struct evbuffer *in = bufferevent_get_input(client->bev);

	evbuffer_drain(in, evbuffer_get_length(in));
}
