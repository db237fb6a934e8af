/* SPDX-License-Identifier: ISC */

/*
 * The body of an HTTP/1 response.
 */

#include <stdbool.h>
#include <string.h>

#include "base/xmalloc.h"
#include "core/http_body.h"

/* Bytes of a chunk's extensions, and of all trailers. */
#define EXTENSION_MAX 1024
#define TRAILER_MAX   8192

enum state {
	STATE_SIZE,	 /* position: digits seen */
	STATE_EXTENSION, /* position: bytes seen */
	STATE_SIZE_LF,	 /* a CR must be followed by it */
	STATE_DATA,
	STATE_DATA_END, /* a CR, or just a LF */
	STATE_DATA_LF,
	STATE_TRAILER,	    /* at the beginning of a line */
	STATE_TRAILER_LINE, /* in one; position: bytes of all */
	STATE_DONE,
	STATE_BAD
};

static size_t
smaller(uint64_t a, uint64_t b)
{
	return (size_t)(a < b ? a : b);
}

static void
keep(struct http_body *body, const char *bytes, size_t count)
{
	size_t size = body->kept_size;

	count = smaller(count, body->keep - body->kept_length);
	if (count == 0)
		return;
	while (size < body->kept_length + count)
		size = size == 0 ? 1024 : size * 2;
	if (size != body->kept_size)
		body->kept = xreallocarray(body->kept, size + 1, 1);
	body->kept_size = size;
	memcpy(body->kept + body->kept_length, bytes, count);
	body->kept_length += count;
	body->kept[body->kept_length] = '\0';
}

/* Data as such; returns how much of it. */
static size_t
take_data(struct http_body *body, const char *bytes, size_t count)
{
	if (body->framing != HTTP_UNTIL_CLOSE) {
		count = smaller(count, body->left);
		body->left -= count;
	}
	keep(body, bytes, count);
	body->total += count;
	return count;
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 'a' ^ 'A';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static enum state
size_end(struct http_body *body)
{
	body->position = 0;
	return body->left == 0 ? STATE_TRAILER : STATE_DATA;
}

static enum state
take_size(struct http_body *body, char c)
{
	int digit = hex_digit(c);

	if (digit != -1) {
		if (body->left > UINT64_MAX >> 5 || ++body->position > 32)
			return STATE_BAD;
		body->left = body->left << 4 | (unsigned)digit;
		return STATE_SIZE;
	}
	if (body->position == 0)
		return STATE_BAD;
	if (c == '\n')
		return size_end(body);
	if (c == '\r')
		return STATE_SIZE_LF;
	body->position = 0;
	return c == ';' || c == ' ' || c == '\t' ? STATE_EXTENSION : STATE_BAD;
}

static enum state
take_extension(struct http_body *body, char c)
{
	if (c == '\n')
		return size_end(body);
	return ++body->position > EXTENSION_MAX ? STATE_BAD : STATE_EXTENSION;
}

static enum state
take_trailer(struct http_body *body, char c, bool beginning)
{
	if (++body->position > TRAILER_MAX)
		return STATE_BAD;
	if (c == '\n')
		return beginning ? STATE_DONE : STATE_TRAILER;
	return c == '\r' && beginning ? STATE_TRAILER : STATE_TRAILER_LINE;
}

/* All but data. */
static enum state
take_frame(struct http_body *body, char c)
{
	switch ((enum state)body->state) {
	case STATE_SIZE:
		return take_size(body, c);
	case STATE_EXTENSION:
		return take_extension(body, c);
	case STATE_SIZE_LF:
		return c == '\n' ? size_end(body) : STATE_BAD;
	case STATE_DATA_END:
		if (c == '\r')
			return STATE_DATA_LF;
		return c == '\n' ? STATE_SIZE : STATE_BAD;
	case STATE_DATA_LF:
		return c == '\n' ? STATE_SIZE : STATE_BAD;
	case STATE_TRAILER:
	case STATE_TRAILER_LINE:
		return take_trailer(body, c, body->state == STATE_TRAILER);
	case STATE_DATA:
	case STATE_DONE:
	case STATE_BAD:
		break;
	}
	return body->state;
}

static enum http_body_progress
feed_chunks(struct http_body *body, const char *bytes, size_t count)
{
	size_t taken;

	while (count > 0 && body->state < STATE_DONE) {
		if (body->state != STATE_DATA) {
			body->state = take_frame(body, *bytes);
			taken = 1;
		} else {
			taken = take_data(body, bytes, count);
			if (body->left == 0) {
				body->state = STATE_DATA_END;
				body->position = 0;
			}
		}
		bytes += taken;
		count -= taken;
	}
	if (body->state == STATE_DONE)
		return HTTP_BODY_DONE;
	return body->state == STATE_BAD ? HTTP_BODY_BAD : HTTP_BODY_MORE;
}

enum http_body_progress
http_body_feed(struct http_body *body, const void *bytes, size_t count)
{
	if (body->framing == HTTP_CHUNKED)
		return feed_chunks(body, bytes, count);
	(void)take_data(body, bytes, count);
	if (body->framing == HTTP_LENGTH && body->left == 0)
		return HTTP_BODY_DONE;
	return HTTP_BODY_MORE;
}
