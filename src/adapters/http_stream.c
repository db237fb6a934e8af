/* SPDX-License-Identifier: ISC */

/*
 * Answers that are made piece by piece: what is all there after the first step
 * goes out as a whole, other answers in chunks, of which the next is made when
 * the one before has gone.
 *
 * A request is evhttp's while it has its connection, which may close at any
 * time; then it is ours, to be freed.
 */

#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>

#include "adapters/http_private.h"
#include "base/log.h"
#include "base/monotime.h"
#include "base/xmalloc.h"

#define PIECE_MIN  32768 /* bytes, if it doesn't take too long to make them */
#define PIECE_MS   3	 /* of the event loop's time */
#define LIFETIME   60000 /* ms of a connection with such an answer */
#define STALLED_MS 10000 /* in which a part of it has to be taken */

struct http_stream {
	LIST_ENTRY(http_stream) entry;
	struct http *http;
	struct evhttp_request *request;
	const struct http_resource *resource;
	struct http_query query;
	struct http_cursor cursor;
	struct event *go_on; /* when nothing was there to send */
};

static void
stream_free(struct http_stream *stream)
{
	LIST_REMOVE(stream, entry);
	json_decref(stream->cursor.document);
	evhttp_clear_headers(&stream->query.parameters);
	event_free(stream->go_on);
	free(stream);
}

void
http_streams_free(struct http *http)
{
	struct http_stream *stream;

	while ((stream = LIST_FIRST(&http->streams)) != NULL)
		stream_free(stream);
}

static void
on_close(struct evhttp_connection *connection, void *arg)
{
	struct http_stream *stream = arg;

	(void)connection;
	if (evhttp_request_get_connection(stream->request) == NULL)
		evhttp_request_free(stream->request);
	stream_free(stream);
}

static const char *
type_of(const struct http_stream *stream)
{
	return stream->cursor.type != NULL ? stream->cursor.type
					   : stream->resource->type;
}

/* Long answers take longer to send. */
static void
give_time(struct http *http, struct evhttp_request *request)
{
	struct timeval lasting = monotime_timeval(LIFETIME);
	struct timeval stalled = monotime_timeval(STALLED_MS);

	http_connection_stays(http, request, LIFETIME);
	bufferevent_set_timeouts(evhttp_connection_get_bufferevent(
				     evhttp_request_get_connection(request)),
	    &lasting, &stalled);
}

static enum http_step
make_piece(struct http_stream *stream, struct evbuffer *out)
{
	uint64_t begun = monotime_ms();
	enum http_step step;

	do {
		step = stream->resource->step(
		    stream->http->arg, &stream->query, &stream->cursor, out);
	} while (step == HTTP_STEP_MORE &&
	    evbuffer_get_length(out) < PIECE_MIN &&
	    monotime_ms() < begun + PIECE_MS);
	return step;
}

static void on_written(struct evhttp_connection *, void *);

/* What looks complete must be: else the connection is closed in the middle. */
static void
advance(struct http_stream *stream)
{
	struct evhttp_request *request = stream->request;
	struct evhttp_connection *connection =
	    evhttp_request_get_connection(request);
	struct evbuffer *out = evbuffer_new();
	struct timeval now = {0};
	enum http_step step;

	if (out == NULL)
		fatalx("webserver: out of memory");
	step = make_piece(stream, out);
	if (step == HTTP_STEP_MORE && evbuffer_get_length(out) == 0) {
		evtimer_add(stream->go_on, &now);
	} else if (step == HTTP_STEP_MORE) {
		evhttp_send_reply_chunk_with_cb(
		    request, out, on_written, stream);
	} else if (step == HTTP_STEP_END) {
		evhttp_send_reply_chunk(request, out);
		evhttp_connection_set_closecb(connection, NULL, NULL);
		stream_free(stream);
		evhttp_send_reply_end(request);
	} else {
		evhttp_connection_free(connection);
	}
	evbuffer_free(out);
}

static void
on_written(struct evhttp_connection *connection, void *arg)
{
	(void)connection;
	advance(arg);
}

static void
on_go_on(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	advance(arg);
}

static void
begin_chunks(struct http_stream *stream, struct evbuffer *out)
{
	struct evhttp_request *request = stream->request;
	struct evhttp_connection *connection =
	    evhttp_request_get_connection(request);
	struct timeval now = {0};

	evhttp_connection_set_closecb(connection, on_close, stream);
	http_headers(request, HTTP_DATA, type_of(stream));
	evhttp_send_reply_start(request, 200, "OK");
	give_time(stream->http, request);
	if (evbuffer_get_length(out) > 0)
		evhttp_send_reply_chunk_with_cb(
		    request, out, on_written, stream);
	else
		evtimer_add(stream->go_on, &now);
}

/* Of an answer without a body only the header is to be known. */
static void
answer_head(struct http_stream *stream)
{
	struct evhttp_request *request = stream->request;

	http_headers(request, HTTP_DATA, type_of(stream));
	stream_free(stream);
	evhttp_send_reply(request, 200, "OK", NULL);
}

static void
answer_whole(
    struct http_stream *stream, enum http_step step, struct evbuffer *out)
{
	struct evhttp_request *request = stream->request;
	const char *type = type_of(stream);
	enum http_kind kind =
	    strncmp(type, "text/html", 9) == 0 ? HTTP_PAGE : HTTP_DATA;

	if (evbuffer_get_length(out) > PIECE_MIN)
		give_time(stream->http, request);
	stream_free(stream);
	if (step == HTTP_STEP_END)
		http_reply(request, kind, 200, type, out);
	else if (step == HTTP_STEP_BAD_QUERY)
		http_reply_error(request, 400);
	else if (step == HTTP_STEP_NOT_FOUND)
		http_reply_error(request, 404);
	else
		http_reply_error(request, 503);
}

void
http_stream_start(struct http *http, struct evhttp_request *request,
    const struct http_resource *resource, struct http_query *query)
{
	struct http_stream *stream = xcalloc(1, sizeof(*stream));
	struct evbuffer *out = evbuffer_new();
	enum http_step step;

	stream->http = http;
	stream->request = request;
	stream->resource = resource;
	TAILQ_INIT(&stream->query.parameters);
	TAILQ_CONCAT(&stream->query.parameters, &query->parameters, next);
	stream->query.headers = query->headers;
	stream->go_on = evtimer_new(http->base, on_go_on, stream);
	if (out == NULL || stream->go_on == NULL)
		fatalx("webserver: out of memory");
	LIST_INSERT_HEAD(&http->streams, stream, entry);
	step = make_piece(stream, out);
	if (step != HTTP_STEP_MORE)
		answer_whole(stream, step, out);
	else if (http_is_head(request))
		answer_head(stream);
	else
		begin_chunks(stream, out);
	evbuffer_free(out);
}
