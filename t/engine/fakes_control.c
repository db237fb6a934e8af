/* SPDX-License-Identifier: ISC */

/*
 * A fake control socket: see fakes_control.h.
 */

#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>

#include "adapters/control.h"
#include "fakes.h"
#include "fakes_control.h"

struct control_stream {
	void (*closed)(void *arg);
	void *arg;
	struct evbuffer *lines;
};

struct fake_control fake_control;

static char full_socket, readonly_socket;
static const struct control_parts *parts;
static void *parts_arg;
static struct control_stream *stream;
static char *reply_text, *stream_text;

struct control *
control_new(struct event_base *base, const struct control_options *options)
{
	(void)base;
	if (options->mode == 0600) {
		record.control = options->handler;
		record.control_arg = options->arg;
		return (struct control *)&full_socket;
	}
	if (fake_control.refuses)
		return NULL;
	record.control_readonly = options->handler;
	fake_control.listens++;
	fake_control.group = options->group;
	fake_control.mode = options->mode;
	return (struct control *)&readonly_socket;
}

void
control_free(struct control *control)
{
	if (control == (struct control *)&readonly_socket)
		fake_control.closes++;
	if (control == (struct control *)&full_socket)
		fake_stream_close();
}

void
control_reply_in_parts(
    struct control *control, const struct control_parts *ops, void *arg)
{
	(void)control;
	parts = ops;
	parts_arg = arg;
}

struct control_stream *
control_stream_new(
    struct control *control, void (*closed)(void *arg), void *arg)
{
	(void)control;
	if (fake_control.full)
		return NULL;
	stream = calloc(1, sizeof(*stream));
	stream->closed = closed;
	stream->arg = arg;
	stream->lines = evbuffer_new();
	return stream;
}

static void
add_line(struct evbuffer *out, const json_t *json)
{
	char *text = json_dumps(json, JSON_COMPACT);

	evbuffer_add_printf(out, "%s\n", text);
	free(text);
}

void
control_stream_send(struct control_stream *to, const json_t *line)
{
	add_line(to->lines, line);
}

static void
take_parts(struct evbuffer *out, void (*between)(void))
{
	enum control_more more = CONTROL_MORE;

	while (more == CONTROL_MORE) {
		more = parts->next(parts_arg, out);
		if (fake_control.parts++ == 0 && between != NULL)
			between();
	}
	fake_control.broken = more == CONTROL_BROKEN;
	parts->free(parts_arg);
	parts = NULL;
}

static const char *
keep(char **kept, struct evbuffer *text)
{
	size_t len = evbuffer_get_length(text);

	free(*kept);
	*kept = calloc(1, len + 1);
	evbuffer_remove(text, *kept, len);
	return *kept;
}

static const char *
ask(json_t *(*handler)(void *, const json_t *), const char *text,
    void (*between)(void))
{
	struct evbuffer *out = evbuffer_new();
	char *quoted = strdup(text), *c;
	json_t *request, *reply;
	const char *kept;

	for (c = quoted; (c = strchr(c, '\'')) != NULL;)
		*c = '"';
	request = json_loads(quoted, 0, NULL);
	fake_control.broken = false;
	fake_control.parts = 0;
	reply = handler(record.control_arg, request);
	if (reply != NULL)
		add_line(out, reply);
	else if (parts != NULL)
		take_parts(out, between);
	json_decref(reply);
	json_decref(request);
	free(quoted);
	kept = keep(&reply_text, out);
	evbuffer_free(out);
	return kept;
}

const char *
fake_ask(const char *request)
{
	return ask(record.control, request, NULL);
}

const char *
fake_ask_readonly(const char *request)
{
	return ask(record.control_readonly, request, NULL);
}

const char *
fake_ask_slowly(const char *request, void (*between)(void))
{
	return ask(record.control, request, between);
}

const char *
fake_stream(void)
{
	return keep(&stream_text, stream->lines);
}

void
fake_stream_close(void)
{
	struct control_stream *closing = stream;

	if (closing == NULL)
		return;
	stream = NULL;
	closing->closed(closing->arg);
	evbuffer_free(closing->lines);
	free(closing);
}

void
fake_control_reset(void)
{
	memset(&fake_control, 0, sizeof(fake_control));
	free(reply_text);
	free(stream_text);
	reply_text = stream_text = NULL;
}
