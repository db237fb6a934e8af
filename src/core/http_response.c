/* SPDX-License-Identifier: ISC */

/*
 * Incremental parser of a response's head.  Of the leniency that RFC
 * 9112 allows to recipients it has what clients commonly have, so that a
 * server passes just when it can be used: a line may end in a bare LF (section
 * 2.2), and the space before an absent reason may be absent too (section 4).
 */

#include <stdlib.h>
#include <string.h>

#include "core/http_response.h"

enum state {
	STATE_VERSION,	/* position: in "HTTP/1." and the minor version */
	STATE_CODE,	/* position: digits seen */
	STATE_CODE_END, /* a space, or the end of the line */
	STATE_REASON,	/* anything that can be seen */
	STATE_LF,	/* a CR must be followed by it */
	STATE_FIELDS,	/* position: bytes of a field line of a 1xx */
	STATE_LINE,	/* at the beginning of a field line */
	STATE_NAME,	/* position: bytes of the field's name */
	STATE_VALUE,	/* position: bytes of a token, or digits, in it */
	STATE_BODY,
	STATE_DONE,
	STATE_BAD,
};

/* Fields that matter. */
enum kind {
	KIND_OTHER,
	KIND_LENGTH,
	KIND_CODING
};

static enum state
take_version(struct http_response *r, unsigned char c)
{
	static const char start[] = "HTTP/1.";
	const unsigned minor = sizeof(start) - 1;
	unsigned at = r->position++;
	bool good;

	if (at < minor)
		good = c == (unsigned char)start[at];
	else if (at == minor)
		good = c == '0' || c == '1';
	else
		good = c == ' ';
	if (!good)
		return STATE_BAD;
	if (at <= minor)
		return STATE_VERSION;
	r->position = 0;
	r->status = 0;
	return STATE_CODE;
}

static enum state
take_code(struct http_response *r, unsigned char c)
{
	if (c < (r->position == 0 ? '1' : '0') || c > '9')
		return STATE_BAD;
	r->status = r->status * 10 + (c - '0');
	return ++r->position < 3 ? STATE_CODE : STATE_CODE_END;
}

/* The status line is complete: is it the one that counts? */
static enum state
take_end(struct http_response *r)
{
	r->position = 0;
	r->known = r->status >= 200 || r->status == 101;
	return r->known ? STATE_LINE : STATE_FIELDS;
}

static enum state
take_reason(struct http_response *r, unsigned char c)
{
	if (c == '\r')
		return STATE_LF;
	if (c == '\n')
		return take_end(r);
	if ((c < ' ' && c != '\t') || c == 0x7f)
		return STATE_BAD;
	return STATE_REASON;
}

static enum state
take_code_end(struct http_response *r, unsigned char c)
{
	if (c != ' ' && c != '\r' && c != '\n')
		return STATE_BAD;
	return take_reason(r, c);
}

static enum state
take_lf(struct http_response *r, unsigned char c)
{
	return c == '\n' ? take_end(r) : STATE_BAD;
}

/* Fields of an interim response end at an empty line. */
static enum state
take_fields(struct http_response *r, unsigned char c)
{
	if (c == '\r')
		return STATE_FIELDS;
	if (c != '\n') {
		r->position = 1;
		return STATE_FIELDS;
	}
	if (r->position != 0) {
		r->position = 0;
		return STATE_FIELDS;
	}
	return STATE_VERSION;
}

/* RFC 9112, section 6.3 */
static enum state
begin_body(struct http_response *r)
{
	struct http_body *body = &r->body;

	if (r->bodiless || r->status == 204 || r->status == 304)
		return STATE_DONE;
	if (r->has_coding && r->chunked) {
		body->framing = HTTP_CHUNKED;
	} else if (r->has_length && !r->has_coding && r->status != 101) {
		if (r->bad_length)
			return STATE_BAD;
		body->framing = HTTP_LENGTH;
		body->left = r->content_length;
		if (body->left == 0)
			return STATE_DONE;
	}
	return STATE_BODY;
}

static enum kind
kind_of(const char *name)
{
	if (strcmp(name, "content-length") == 0)
		return KIND_LENGTH;
	if (strcmp(name, "transfer-encoding") == 0)
		return KIND_CODING;
	return KIND_OTHER;
}

/* Collect a name or token; one that is too long is none that matters. */
static void
collect(struct http_response *r, unsigned char c)
{
	if (c >= 'A' && c <= 'Z')
		c |= 'a' ^ 'A';
	if (r->position < sizeof(r->field) - 1)
		r->field[r->position++] = (char)c;
	else
		r->field[0] = '?';
	r->field[r->position] = '\0';
}

static void
begin_token(struct http_response *r)
{
	r->position = 0;
	r->field[0] = '\0';
}

/* A line without a colon, and one that is folded, is passed over. */
static enum state
take_line(struct http_response *r, unsigned char c)
{
	if (c == '\n')
		return begin_body(r);
	if (c == '\r')
		return STATE_LINE;
	r->kind = KIND_OTHER;
	if (c == ' ' || c == '\t')
		return STATE_VALUE;
	begin_token(r);
	collect(r, c);
	return STATE_NAME;
}

static enum state
take_name(struct http_response *r, unsigned char c)
{
	if (c == '\n')
		return STATE_LINE;
	if (c != ':') {
		collect(r, c);
		return STATE_NAME;
	}
	r->kind = kind_of(r->field);
	r->number = 0;
	begin_token(r);
	return STATE_VALUE;
}

/* Several must be the same (RFC 9112, section 6.3). */
static void
end_value(struct http_response *r)
{
	if (r->kind == KIND_LENGTH) {
		if (r->position == 0 ||
		    (r->has_length && r->content_length != r->number))
			r->bad_length = true;
		r->has_length = true;
		r->content_length = r->number;
	} else if (r->kind == KIND_CODING) {
		r->has_coding = true;
		r->chunked = strcmp(r->field, "chunked") == 0;
	}
}

static void
take_digit(struct http_response *r, unsigned char c)
{
	if (c == ' ' || c == '\t' || c == '\r')
		return;
	if (c < '0' || c > '9' || ++r->position > 18)
		r->bad_length = true;
	else
		r->number = r->number * 10 + (c - '0');
}

/* The last of the codings is the one that counts. */
static void
take_coding(struct http_response *r, unsigned char c)
{
	if (c == ' ' || c == '\t' || c == '\r')
		return;
	if (c == ',')
		begin_token(r);
	else
		collect(r, c);
}

static enum state
take_value(struct http_response *r, unsigned char c)
{
	if (c == '\n') {
		end_value(r);
		return STATE_LINE;
	}
	if (r->kind == KIND_LENGTH)
		take_digit(r, c);
	else if (r->kind == KIND_CODING)
		take_coding(r, c);
	return STATE_VALUE;
}

static size_t
head_limit(const struct http_response *r)
{
	return r->known ? HTTP_HEAD_MAX : HTTP_RESPONSE_MAX;
}

/* Returns how many bytes are of the head. */
static size_t
feed_head(struct http_response *r, const unsigned char *bytes, size_t count)
{
	static enum state (*const take[])(
	    struct http_response *, unsigned char) = {
	    [STATE_VERSION] = take_version,
	    [STATE_CODE] = take_code,
	    [STATE_CODE_END] = take_code_end,
	    [STATE_REASON] = take_reason,
	    [STATE_LF] = take_lf,
	    [STATE_FIELDS] = take_fields,
	    [STATE_LINE] = take_line,
	    [STATE_NAME] = take_name,
	    [STATE_VALUE] = take_value,
	};
	size_t i;

	for (i = 0; i < count && r->state < STATE_BODY; i++) {
		if (++r->length > head_limit(r))
			r->state = STATE_BAD;
		else
			r->state = take[r->state](r, bytes[i]);
	}
	return i;
}

static enum http_response_progress
progress(const struct http_response *r)
{
	if (r->state == STATE_BAD)
		return HTTP_RESPONSE_BAD;
	if (r->state == STATE_DONE)
		return HTTP_RESPONSE_DONE;
	return r->known ? HTTP_RESPONSE_STATUS : HTTP_RESPONSE_MORE;
}

enum http_response_progress
http_response_feed(struct http_response *r, const void *bytes, size_t count)
{
	static const enum state after[] = {
	    [HTTP_BODY_MORE] = STATE_BODY,
	    [HTTP_BODY_DONE] = STATE_DONE,
	    [HTTP_BODY_BAD] = STATE_BAD,
	};
	size_t taken = feed_head(r, bytes, count);

	if (r->state == STATE_BODY && taken < count)
		r->state = after[http_body_feed(&r->body,
		    (const unsigned char *)bytes + taken, count - taken)];
	return progress(r);
}

enum http_response_progress
http_response_end(const struct http_response *r)
{
	if (r->state == STATE_BODY && r->body.framing == HTTP_UNTIL_CLOSE)
		return HTTP_RESPONSE_DONE;
	return progress(r);
}

void
http_response_clear(struct http_response *r)
{
	free(r->body.kept);
	r->body.kept = NULL;
}
