/* SPDX-License-Identifier: ISC */

/*
 * Datagrams on their way out: signed, and sent many at a time.
 */

#include <sys/socket.h>

#include <string.h>

#include "adapters/sync_private.h"

#define HEADERS_IPV4 28 /* bytes of IP and UDP headers */
#define HEADERS_IPV6 48

size_t
sync_out_headers(const struct sync *s)
{
	return s->settings.group.family == AF_INET ? HEADERS_IPV4
						   : HEADERS_IPV6;
}

uint8_t *
sync_out_begin(struct sync *s, const struct addr *to)
{
	static const struct addr group = {0};
	struct sync_out *out = &s->out;

	if (to == NULL)
		to = &group;
	if (out->count == SYNC_SOCKET_BATCH ||
	    (out->count > 0 && memcmp(&out->to, to, sizeof(*to)) != 0))
		sync_out_flush(s);
	out->to = *to;
	return out->bytes[out->count];
}

/* Every datagram counts as sent that has a sequence number. */
void
sync_out_end(struct sync *s, struct sync_writer *w, unsigned flags)
{
	struct sync_out *out = &s->out;
	struct sync_datagram *d = &out->datagrams[out->count];
	uint8_t *bytes = out->bytes[out->count++];
	struct sync_header header = {0};
	size_t covered, wire;

	sync_peers_header(s->peers, w->type, &header);
	header.flags = (uint16_t)flags;
	header.cluster = s->cluster;
	header.key = sync_keys_id(s->keys);
	covered = sync_write_end(w, &header);
	sync_keys_sign(s->keys, bytes, covered, bytes + covered);
	d->bytes = bytes;
	d->len = covered + SYNC_TAG_LEN;
	wire = d->len + sync_out_headers(s);
	sync_rate_spend(&s->rate, wire);
	s->sent.datagrams++;
	s->sent.bytes += wire;
}

void
sync_out_flush(struct sync *s)
{
	struct sync_out *out = &s->out;

	if (out->count > 0)
		sync_socket_send(s->socket,
		    out->to.family != 0 ? &out->to : NULL, out->datagrams,
		    out->count);
	out->count = 0;
}
