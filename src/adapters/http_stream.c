/* SPDX-License-Identifier: ISC */

/*
 * Answers that are made piece by piece: what is all there before anything was
 * sent goes out as a whole, other answers in chunks, of which the next is made
 * when the one before has gone.  However many they are, a turn of the event
 * loop makes pieces for a few milliseconds only: who waits for one stands in a
 * line.  The first request of a turn need not, as most answers are short, and
 * evhttp takes a peer that has closed its half for gone if it waits.
 *
 * A request is evhttp's while it has its connection, which may close at any
 * time; then it is ours, to be freed.
 */

#include <stdio.h>
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
#define TURN_MS	   4	 /* after which no other piece is begun */
#define LIFETIME   60000 /* ms of a connection with such an answer */
#define STALLED_MS 10000 /* in which a part of it has to be taken */

struct http_stream {
	TAILQ_ENTRY(http_stream) entry; /* of all, or of those in the line */
	bool waits;			/* it is in the line */
	bool patient;			/* it was given time */
	bool begun;			/* the header was sent */
	struct http *http;
	struct evhttp_request *request;
	const struct http_resource *resource;
	struct http_query query;
	struct http_cursor cursor;
};

TAILQ_HEAD(stream_list, http_stream);

struct http_streams {
	struct stream_list line;   /* whose next piece is to be made */
	struct stream_list others; /* whose last piece is being sent */
	struct event *work;
	bool worked; /* in this turn, without a line */
};

static struct stream_list *
list_of(const struct http_stream *stream)
{
	struct http_streams *all = stream->http->streams;

	return stream->waits ? &all->line : &all->others;
}

static void
work_soon(struct http_streams *all)
{
	struct timeval now = {0};

	if (all->worked || !TAILQ_EMPTY(&all->line))
		evtimer_add(all->work, &now);
}

static void
move(struct http_stream *stream, bool waits)
{
	TAILQ_REMOVE(list_of(stream), stream, entry);
	stream->waits = waits;
	TAILQ_INSERT_TAIL(list_of(stream), stream, entry);
}

/* The next piece can be made. */
static void
stand_in_line(struct http_stream *stream)
{
	move(stream, true);
	work_soon(stream->http->streams);
}

static void
stream_free(struct http_stream *stream)
{
	TAILQ_REMOVE(list_of(stream), stream, entry);
	if (stream->cursor.release != NULL)
		stream->cursor.release(stream->cursor.kept);
	evhttp_clear_headers(&stream->query.parameters);
	free(stream);
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

static enum http_kind
kind_of(const struct http_stream *stream)
{
	return strncmp(type_of(stream), "text/html", 9) == 0 ? HTTP_PAGE
							     : HTTP_DATA;
}

/*
 * evhttp does not look at a connection between a request and its answer, and
 * would not take what came then: as when it writes, only the end is waited for.
 */
static void
notice_close(struct bufferevent *bev)
{
	bufferevent_data_cb read, write;
	bufferevent_event_cb event;
	void *arg;

	bufferevent_getcb(bev, &read, &write, &event, &arg);
	bufferevent_setcb(bev, NULL, write, event, arg);
	bufferevent_enable(bev, EV_READ);
}

/* Long answers take longer to send, and to make. */
static void
give_time(struct http_stream *stream)
{
	struct timeval lasting = monotime_timeval(LIFETIME);
	struct timeval stalled = monotime_timeval(STALLED_MS);
	struct bufferevent *bev = evhttp_connection_get_bufferevent(
	    evhttp_request_get_connection(stream->request));

	if (stream->patient)
		return;
	stream->patient = true;
	http_connection_stays(stream->http, stream->request, LIFETIME);
	bufferevent_set_timeouts(bev, &lasting, &stalled);
	notice_close(bev);
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

/* It is over: the request is evhttp's alone. */
static struct evhttp_request *
let_go(struct http_stream *stream)
{
	struct evhttp_request *request = stream->request;

	evhttp_connection_set_closecb(
	    evhttp_request_get_connection(request), NULL, NULL);
	stream_free(stream);
	return request;
}

static void
on_written(struct evhttp_connection *connection, void *arg)
{
	(void)connection;
	stand_in_line(arg);
}

/* The header, with the whole length where that is known. */
static void
begin(struct http_stream *stream)
{
	struct evhttp_request *request = stream->request;
	char length[24];

	stream->begun = true;
	http_headers(request, kind_of(stream), type_of(stream));
	if (stream->cursor.length > 0) {
		snprintf(length, sizeof(length), "%zu", stream->cursor.length);
		evhttp_add_header(evhttp_request_get_output_headers(request),
		    "Content-Length", length);
	}
	evhttp_send_reply_start(request, 200, "OK");
}

/* Of an answer without a body only the header is to be known. */
static void
answer_head(struct http_stream *stream)
{
	struct evhttp_request *request = stream->request;

	http_headers(request, kind_of(stream), type_of(stream));
	(void)let_go(stream);
	evhttp_send_reply(request, 200, "OK", NULL);
}

/* That was the first piece, and the last one. */
static void
answer_whole(
    struct http_stream *stream, enum http_step step, struct evbuffer *out)
{
	const char *type = type_of(stream);
	enum http_kind kind = kind_of(stream);
	struct evhttp_request *request;

	if (evbuffer_get_length(out) > PIECE_MIN)
		give_time(stream);
	request = let_go(stream);
	if (step == HTTP_STEP_END)
		http_reply(request, kind, 200, type, out);
	else if (step == HTTP_STEP_BAD_QUERY)
		http_reply_error(request, 400);
	else if (step == HTTP_STEP_NOT_FOUND)
		http_reply_error(request, 404);
	else
		http_reply_error(request, 503);
}

/* What looks complete must be: else the connection is closed in the middle. */
static void
end(struct http_stream *stream, enum http_step step, struct evbuffer *out)
{
	struct evhttp_request *request = stream->request;

	if (step == HTTP_STEP_END) {
		evhttp_send_reply_chunk(request, out);
		evhttp_send_reply_end(let_go(stream));
	} else {
		evhttp_connection_free(evhttp_request_get_connection(request));
	}
}

static void
go_on(struct http_stream *stream, struct evbuffer *out)
{
	give_time(stream);
	if (evbuffer_get_length(out) == 0) {
		stand_in_line(stream);
		return;
	}
	if (!stream->begun)
		begin(stream);
	evhttp_send_reply_chunk_with_cb(
	    stream->request, out, on_written, stream);
}

/* The stream may be gone then. */
static void
advance(struct http_stream *stream)
{
	struct evbuffer *out = evbuffer_new();
	enum http_step step;

	if (out == NULL)
		fatalx("webserver: out of memory");
	move(stream, false);
	step = make_piece(stream, out);
	if (step != HTTP_STEP_MORE && stream->begun)
		end(stream, step, out);
	else if (step != HTTP_STEP_MORE)
		answer_whole(stream, step, out);
	else if (http_is_head(stream->request))
		answer_head(stream);
	else
		go_on(stream, out);
	evbuffer_free(out);
}

static void
on_work(evutil_socket_t fd, short what, void *arg)
{
	uint64_t begun = monotime_ms();
	struct http_streams *all = arg;

	(void)fd, (void)what;
	all->worked = false;
	while (!TAILQ_EMPTY(&all->line) && monotime_ms() < begun + TURN_MS)
		advance(TAILQ_FIRST(&all->line));
	work_soon(all);
}

void
http_stream_start(struct http *http, struct evhttp_request *request,
    const struct http_resource *resource, struct http_query *query)
{
	struct http_stream *stream = xcalloc(1, sizeof(*stream));
	struct http_streams *all = http->streams;

	stream->http = http;
	stream->request = request;
	stream->resource = resource;
	TAILQ_INIT(&stream->query.parameters);
	TAILQ_CONCAT(&stream->query.parameters, &query->parameters, next);
	stream->query.headers = query->headers;
	TAILQ_INSERT_TAIL(&all->others, stream, entry);
	evhttp_connection_set_closecb(
	    evhttp_request_get_connection(request), on_close, stream);
	if (all->worked || !TAILQ_EMPTY(&all->line)) {
		stand_in_line(stream);
		return;
	}
	all->worked = true;
	work_soon(all);
	advance(stream);
}

struct http_streams *
http_streams_new(struct http *http)
{
	struct http_streams *all = xcalloc(1, sizeof(*all));

	TAILQ_INIT(&all->line);
	TAILQ_INIT(&all->others);
	all->work = evtimer_new(http->base, on_work, all);
	if (all->work == NULL)
		fatalx("webserver: out of memory");
	return all;
}

void
http_streams_free(struct http_streams *all)
{
	struct http_stream *stream;

	while ((stream = TAILQ_FIRST(&all->line)) != NULL ||
	    (stream = TAILQ_FIRST(&all->others)) != NULL)
		stream_free(stream);
	event_free(all->work);
	free(all);
}
