/* SPDX-License-Identifier: ISC */

/*
 * What this instance says of itself and of those it heard.
 */

#include <stdlib.h>
#include <string.h>

#include "base/xmalloc.h"
#include "core/sync_peers_private.h"

#define TELL_AFTER 2000 /* ms: by then others believe us */

static bool
heard_lately(uint64_t at, uint64_t now)
{
	return at != 0 && now - at <= SYNC_SILENCE;
}

/* What a HELLO has no words for is shown as a question mark. */
static void
copy_name(char to[SYNC_NAME_MAX + 1], const char *from)
{
	size_t i;

	for (i = 0; i < SYNC_NAME_MAX && from[i] != '\0'; i++)
		to[i] = from[i] > ' ' && from[i] <= '~' ? from[i] : '?';
	if (i == 0)
		to[i++] = '?';
	to[i] = '\0';
}

struct sync_peers *
sync_peers_new(const struct sync_peers_options *options, uint64_t now)
{
	struct sync_peers *peers = xcalloc(1, sizeof(*peers));

	copy_name(peers->name, options->name);
	peers->own = options->own;
	peers->random = options->random;
	peers->report = options->report;
	peers->arg = options->arg;
	peers->began_at = peers->hello_at = now;
	return peers;
}

void
sync_peers_free(struct sync_peers *peers)
{
	if (peers == NULL)
		return;
	free(peers->services);
	free(peers);
}

void
sync_peers_header(
    struct sync_peers *peers, enum sync_type type, struct sync_header *header)
{
	header->type = (uint8_t)type;
	header->sender = peers->own.id;
	header->epoch = peers->own.epoch;
	header->sequence =
	    sync_is_to_all(type) ? ++peers->sent_all : ++peers->sent_one;
}

const struct sync_identity *
sync_peers_own(const struct sync_peers *peers)
{
	return &peers->own;
}

bool
sync_peers_may_tell(const struct sync_peers *peers, uint64_t now)
{
	return now - peers->began_at >= TELL_AFTER &&
	    !heard_lately(peers->greater_heard_at, now);
}

uint64_t
sync_peers_hello_at(const struct sync_peers *peers)
{
	return peers->hello_at;
}

/* All that are known: who was silent may ask which epoch of it we know. */
static void
list(const struct sync_peers *peers, struct sync_writer *writer, uint64_t now)
{
	struct sync_listed listed;
	unsigned i;

	if (heard_lately(peers->namesake_at, now))
		sync_write_listed(writer, &peers->namesake);
	for (i = 0; i < peers->count; i++) {
		listed.who = peers->peers[i].shown.who;
		listed.beat = peers->peers[i].beat;
		sync_write_listed(writer, &listed);
	}
}

void
sync_peers_hello(struct sync_peers *peers, struct sync_writer *writer,
    uint8_t buffer[SYNC_DATAGRAM_MAX], uint32_t flows, uint64_t now)
{
	struct sync_hello hello = {.flows = flows, .digests = peers->digests};

	hello.beat = ++peers->beat;
	memcpy(hello.name, peers->name, sizeof(hello.name));
	sync_write_hello(writer, buffer, &hello);
	list(peers, writer, now);
	peers->hello_sent_at = now;
	peers->hello_at = now + SYNC_HELLO_EVERY;
}

unsigned
sync_peers_count(const struct sync_peers *peers)
{
	return peers->count;
}

const struct sync_peer *
sync_peers_get(const struct sync_peers *peers, unsigned i)
{
	return &peers->peers[i].shown;
}

unsigned
sync_peers_up(const struct sync_peers *peers)
{
	unsigned i, up = 0;

	for (i = 0; i < peers->count; i++)
		up += peers->peers[i].shown.state == SYNC_PEER_UP;
	return up;
}

bool
sync_peers_duplicate(const struct sync_peers *peers)
{
	return peers->duplicate;
}
