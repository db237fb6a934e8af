/* SPDX-License-Identifier: ISC */

/*
 * Incremental parser of a response's status line.  Of the leniency that RFC
 * 9112 allows to recipients it has what clients commonly have, so that a
 * server passes just when it can be used: a line may end in a bare LF (section
 * 2.2), and the space before an absent reason may be absent too (section 4).
 */

#include <stdbool.h>

#include "core/http_response.h"

enum state {
	STATE_VERSION,	/* position: in "HTTP/1." and the minor version */
	STATE_CODE,	/* position: digits seen */
	STATE_CODE_END, /* a space, or the end of the line */
	STATE_REASON,	/* anything that can be seen */
	STATE_LF,	/* a CR must be followed by it */
	STATE_FIELDS,	/* position: bytes of a field line of a 1xx */
	STATE_DONE,
	STATE_BAD,
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
	if (r->status >= 200 || r->status == 101)
		return STATE_DONE;
	return STATE_FIELDS;
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

enum http_response_progress
http_response_feed(struct http_response *r, const void *bytes, size_t count)
{
	static enum state (*const take[])(
	    struct http_response *, unsigned char) = {
	    [STATE_VERSION] = take_version,
	    [STATE_CODE] = take_code,
	    [STATE_CODE_END] = take_code_end,
	    [STATE_REASON] = take_reason,
	    [STATE_LF] = take_lf,
	    [STATE_FIELDS] = take_fields,
	};
	const unsigned char *c = bytes;

	for (; count > 0 && r->state < STATE_DONE; count--) {
		if (++r->length > HTTP_RESPONSE_MAX)
			r->state = STATE_BAD;
		else
			r->state = take[r->state](r, *c++);
	}
	if (r->state == STATE_DONE)
		return HTTP_RESPONSE_STATUS;
	return r->state == STATE_BAD ? HTTP_RESPONSE_BAD : HTTP_RESPONSE_MORE;
}
