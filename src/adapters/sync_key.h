/* SPDX-License-Identifier: ISC */

/*
 * The keys that the instances of a cluster share, and the tags made with them.
 * A key file has one line or two: the first is sent with, and both are
 * accepted, so that a new key can be brought in without a gap.
 */

#ifndef ADAPTERS_SYNC_KEY_H
#define ADAPTERS_SYNC_KEY_H

#include <stddef.h>
#include <stdint.h>

#include "core/sync_wire.h" /* SYNC_TAG_LEN */

struct sync_keys;

enum sync_key_verdict {
	SYNC_KEY_GOOD,
	SYNC_KEY_UNKNOWN, /* there is no key of this id */
	SYNC_KEY_FORGED,  /* the tag is not that of the key */
};

/*
 * Read the keys of a cluster from a file that only the user of this process
 * may read: NULL if that can't be, with a complete line in *error, which is
 * the caller's.
 */
struct sync_keys *
sync_keys_load(const char *path, const char *cluster, char **error);
/* The same of a text in memory; name stands for the file in messages. */
struct sync_keys *sync_keys_parse(const char *text, size_t len,
    const char *name, const char *cluster, char **error);
/* Wipes them. */
void sync_keys_free(struct sync_keys *);

/* The id of the key that is sent with. */
uint32_t sync_keys_id(const struct sync_keys *);
/* Make the tag of a datagram's header and payload, with that key. */
void sync_keys_sign(struct sync_keys *, const uint8_t *covered, size_t len,
    uint8_t tag[SYNC_TAG_LEN]);
enum sync_key_verdict sync_keys_verify(struct sync_keys *, uint32_t id,
    const uint8_t *covered, size_t len, const uint8_t tag[SYNC_TAG_LEN]);

#endif
