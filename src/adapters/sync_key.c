/* SPDX-License-Identifier: ISC */

/*
 * Shared keys: reading them from their file, deriving what is used from what
 * is written there, signing and verifying.  See sync_key.h.
 */

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "adapters/secret_file.h"
#include "adapters/sync_key.h"
#include "base/log.h"
#include "base/xmalloc.h"

#define KEYS_MAX     2
#define LINE_SHORT   32 /* characters */
#define LINE_LONG    256
#define FILE_MAX     1024 /* bytes; two of the longest lines are fewer */
#define DIGEST_LEN   32
#define MAC_PURPOSE  "vc5d sync 1 mac"
#define NAME_PURPOSE "vc5d sync 1 id"

struct key {
	uint32_t id;
	EVP_MAC_CTX *mac; /* has the key: begun anew for each datagram */
};

struct sync_keys {
	struct key keys[KEYS_MAX]; /* the first is sent with */
	size_t count;
};

/* A context for HMAC-SHA-256 under a key. */
static EVP_MAC_CTX *
mac_new(const uint8_t *key, size_t len)
{
	EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	EVP_MAC_CTX *mac = EVP_MAC_CTX_new(hmac);
	char digest[] = "SHA256";
	OSSL_PARAM params[] = {
	    OSSL_PARAM_construct_utf8_string("digest", digest, 0),
	    OSSL_PARAM_construct_end()};

	if (mac == NULL || !EVP_MAC_init(mac, key, len, params))
		fatalx("sync: OpenSSL has no HMAC-SHA-256");
	EVP_MAC_free(hmac); /* the context has a reference of its own */
	return mac;
}

static void
mac_update(EVP_MAC_CTX *mac, const void *data, size_t len)
{
	if (!EVP_MAC_update(mac, data, len))
		fatalx("sync: HMAC failed");
}

static void
mac_final(EVP_MAC_CTX *mac, uint8_t digest[DIGEST_LEN])
{
	size_t len;

	if (!EVP_MAC_final(mac, digest, &len, DIGEST_LEN))
		fatalx("sync: HMAC failed");
}

/* The digest of purpose, a zero byte, and the cluster's name. */
static void
derive(const char *line, size_t len, const char *purpose, const char *cluster,
    uint8_t digest[DIGEST_LEN])
{
	EVP_MAC_CTX *mac = mac_new((const uint8_t *)line, len);

	mac_update(mac, purpose, strlen(purpose) + 1);
	mac_update(mac, cluster, strlen(cluster));
	mac_final(mac, digest);
	EVP_MAC_CTX_free(mac);
}

static void
key_init(struct key *key, const char *line, size_t len, const char *cluster)
{
	uint8_t digest[DIGEST_LEN];

	derive(line, len, NAME_PURPOSE, cluster, digest);
	key->id = (uint32_t)digest[0] << 24 | (uint32_t)digest[1] << 16 |
	    (uint32_t)digest[2] << 8 | digest[3];
	derive(line, len, MAC_PURPOSE, cluster, digest);
	key->mac = mac_new(digest, sizeof(digest));
	OPENSSL_cleanse(digest, sizeof(digest));
}

/* What is wrong with a line; NULL if nothing is. */
static char *
line_error(const char *line, size_t len, const char *name, size_t number)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (line[i] <= ' ' || line[i] > '~')
			return xasprintf("%s:%zu:%zu: a key is printable "
					 "characters without spaces",
			    name, number, i + 1);
	if (len < LINE_SHORT || len > LINE_LONG)
		return xasprintf("%s:%zu: the key has %zu characters: it "
				 "needs %d to %d (openssl rand -hex 32 "
				 "makes one)",
		    name, number, len, LINE_SHORT, LINE_LONG);
	return NULL;
}

struct sync_keys *
sync_keys_parse(const char *text, size_t len, const char *name,
    const char *cluster, char **error)
{
	struct sync_keys *k = xcalloc(1, sizeof(*k));
	const char *end = text + len, *newline;
	size_t length;

	do {
		newline = memchr(text, '\n', (size_t)(end - text));
		length = (size_t)((newline != NULL ? newline : end) - text);
		if (k->count == KEYS_MAX)
			*error = xasprintf("%s: more than %d lines: the first "
					   "is the key to send with, the "
					   "second another to accept",
			    name, KEYS_MAX);
		else
			*error = line_error(text, length, name, k->count + 1);
		if (*error != NULL) {
			sync_keys_free(k);
			return NULL;
		}
		key_init(&k->keys[k->count++], text, length, cluster);
		text += length + 1;
	} while (text < end);
	return k;
}

struct sync_keys *
sync_keys_load(const char *path, const char *cluster, char **error)
{
	struct sync_keys *k;
	size_t len;
	char *text = secret_file_read(path, FILE_MAX, &len, error);

	if (text == NULL)
		return NULL;
	k = sync_keys_parse(text, len, path, cluster, error);
	secret_free(text, len);
	return k;
}

void
sync_keys_free(struct sync_keys *k)
{
	size_t i;

	if (k == NULL)
		return;
	for (i = 0; i < k->count; i++)
		EVP_MAC_CTX_free(k->keys[i].mac);
	OPENSSL_cleanse(k, sizeof(*k));
	free(k);
}

uint32_t
sync_keys_id(const struct sync_keys *k)
{
	return k->keys[0].id;
}

static void
key_sign(struct key *key, const uint8_t *covered, size_t len,
    uint8_t tag[SYNC_TAG_LEN])
{
	uint8_t digest[DIGEST_LEN];

	/* Without a key it begins anew with the one that it has. */
	if (!EVP_MAC_init(key->mac, NULL, 0, NULL))
		fatalx("sync: HMAC failed");
	mac_update(key->mac, covered, len);
	mac_final(key->mac, digest);
	memcpy(tag, digest, SYNC_TAG_LEN);
}

void
sync_keys_sign(struct sync_keys *k, const uint8_t *covered, size_t len,
    uint8_t tag[SYNC_TAG_LEN])
{
	key_sign(&k->keys[0], covered, len, tag);
}

enum sync_key_verdict
sync_keys_verify(struct sync_keys *k, uint32_t id, const uint8_t *covered,
    size_t len, const uint8_t tag[SYNC_TAG_LEN])
{
	enum sync_key_verdict verdict = SYNC_KEY_UNKNOWN;
	uint8_t right[SYNC_TAG_LEN];
	size_t i;

	for (i = 0; i < k->count; i++) {
		if (k->keys[i].id != id)
			continue;
		key_sign(&k->keys[i], covered, len, right);
		if (CRYPTO_memcmp(right, tag, SYNC_TAG_LEN) == 0)
			return SYNC_KEY_GOOD;
		verdict = SYNC_KEY_FORGED;
	}
	return verdict;
}
