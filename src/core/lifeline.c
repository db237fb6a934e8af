/* SPDX-License-Identifier: ISC */

/*
 * What the engine and its parent process tell each other; see lifeline.h.
 *
 * A byte says the type.  BUSY goes on with four bytes; FIGURES with three
 * times four, CONFIGURED with eight, RELOADED with one, 0 or 1; ANNOUNCED with
 * flags, the path with its length in two bytes, the number of addresses, and
 * for each of them 4 or 6 and its bytes.
 */

#include <sys/socket.h>

#include <string.h>

#include "core/lifeline.h"

#define FLAG_FIRST 1
#define FLAG_LAST  2

/* What is left of a message; after an end that came too early, nothing. */
struct cursor {
	const uint8_t *at;
	size_t left;
	bool bad;
};

static const uint8_t *
take(struct cursor *c, size_t len)
{
	const uint8_t *at = c->at;

	if (c->bad || c->left < len) {
		c->bad = true;
		return NULL;
	}
	c->at += len;
	c->left -= len;
	return at;
}

/* A number of so many bytes, in network order. */
static uint32_t
take_number(struct cursor *c, size_t len)
{
	const uint8_t *at = take(c, len);
	uint32_t value = 0;

	while (at != NULL && len-- > 0)
		value = value << 8 | *at++;
	return value;
}

/* An absolute path, for a buffer of such a size. */
static void
take_path(struct cursor *c, char *path, size_t size)
{
	size_t len = take_number(c, 2);
	const uint8_t *at;

	if (len >= size)
		c->bad = true;
	if ((at = take(c, len)) == NULL)
		return;
	memcpy(path, at, len);
	path[len] = '\0';
	if (path[0] != '/' || strlen(path) != len)
		c->bad = true;
}

static void
take_address(struct cursor *c, struct addr *out)
{
	uint32_t version = take_number(c, 1);
	size_t len = version == 4 ? 4 : 16;
	const uint8_t *at;

	if (version != 4 && version != 6)
		c->bad = true;
	if ((at = take(c, len)) == NULL)
		return;
	memset(out, 0, sizeof(*out));
	out->family = version == 4 ? AF_INET : AF_INET6;
	memcpy(out->bytes, at, len);
}

static void
take_announced(struct cursor *c, struct lifeline_message *out)
{
	uint32_t flags = take_number(c, 1);
	size_t i;

	if ((flags & ~(uint32_t)(FLAG_FIRST | FLAG_LAST)) != 0)
		c->bad = true;
	out->first = (flags & FLAG_FIRST) != 0;
	out->last = (flags & FLAG_LAST) != 0;
	take_path(c, out->socket, sizeof(out->socket));
	out->count = take_number(c, 1);
	if (out->count > LIFELINE_VIPS)
		c->bad = true;
	for (i = 0; !c->bad && i < out->count; i++)
		take_address(c, &out->vips[i]);
}

static void
take_figures(struct cursor *c, struct lifeline_figures *out)
{
	out->vips = take_number(c, 4);
	out->announced = take_number(c, 4);
	out->problems = take_number(c, 4);
}

static void
take_result(struct cursor *c, struct lifeline_message *out)
{
	uint32_t refused = take_number(c, 1);

	if (refused > 1)
		c->bad = true;
	out->refused = refused == 1;
}

static void
take_digest(struct cursor *c, uint64_t *out)
{
	*out = (uint64_t)take_number(c, 4) << 32;
	*out |= take_number(c, 4);
}

int
lifeline_decode(const uint8_t *buf, size_t len, struct lifeline_message *out)
{
	struct cursor c = {buf, len, len > LIFELINE_LEN};
	uint32_t type = take_number(&c, 1);

	memset(out, 0, sizeof(*out));
	if (c.bad || type >= LIFELINE_TYPES)
		return -1;
	out->type = (enum lifeline_type)type;
	if (out->type == LIFELINE_BUSY)
		out->busy = take_number(&c, 4);
	if (out->type == LIFELINE_ANNOUNCED)
		take_announced(&c, out);
	if (out->type == LIFELINE_FIGURES)
		take_figures(&c, &out->figures);
	if (out->type == LIFELINE_RELOADED)
		take_result(&c, out);
	if (out->type == LIFELINE_CONFIGURED)
		take_digest(&c, &out->digest);
	return c.bad || c.left > 0 ? -1 : 0;
}

static uint8_t *
put_number(uint8_t *at, uint32_t value, size_t len)
{
	while (len-- > 0)
		*at++ = (uint8_t)(value >> 8 * len);
	return at;
}

static uint8_t *
put_path(uint8_t *at, const char *path)
{
	size_t len = strlen(path);

	at = put_number(at, (uint32_t)len, 2);
	memcpy(at, path, len);
	return at + len;
}

static uint8_t *
put_address(uint8_t *at, const struct addr *a)
{
	size_t len = a->family == AF_INET ? 4 : 16;

	*at++ = a->family == AF_INET ? 4 : 6;
	memcpy(at, a->bytes, len);
	return at + len;
}

static uint8_t *
put_announced(uint8_t *at, const struct lifeline_message *m)
{
	size_t i;

	*at++ =
	    (uint8_t)((m->first ? FLAG_FIRST : 0) | (m->last ? FLAG_LAST : 0));
	at = put_path(at, m->socket);
	*at++ = (uint8_t)m->count;
	for (i = 0; i < m->count; i++)
		at = put_address(at, &m->vips[i]);
	return at;
}

static uint8_t *
put_figures(uint8_t *at, const struct lifeline_figures *figures)
{
	at = put_number(at, figures->vips, 4);
	at = put_number(at, figures->announced, 4);
	return put_number(at, figures->problems, 4);
}

size_t
lifeline_encode(const struct lifeline_message *m, uint8_t buf[LIFELINE_LEN])
{
	uint8_t *at = put_number(buf, m->type, 1);

	if (m->type == LIFELINE_BUSY)
		at = put_number(at, m->busy, 4);
	if (m->type == LIFELINE_ANNOUNCED)
		at = put_announced(at, m);
	if (m->type == LIFELINE_FIGURES)
		at = put_figures(at, &m->figures);
	if (m->type == LIFELINE_RELOADED)
		*at++ = m->refused;
	if (m->type == LIFELINE_CONFIGURED) {
		at = put_number(at, (uint32_t)(m->digest >> 32), 4);
		at = put_number(at, (uint32_t)m->digest, 4);
	}
	return (size_t)(at - buf);
}
