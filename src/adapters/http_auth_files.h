/* SPDX-License-Identifier: ISC */

/*
 * What lets people see the web console: names with hashes of passwords, and
 * digests of tokens, from the configuration and the files that it names.
 */

#ifndef ADAPTERS_HTTP_AUTH_FILES_H
#define ADAPTERS_HTTP_AUTH_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct conf_webserver;

#define HTTP_DIGEST_LEN 32 /* SHA-256 */

struct http_user {
	char *name, *hash; /* as of crypt(3) */
};

struct http_token {
	uint8_t digest[HTTP_DIGEST_LEN];
};

struct http_access {
	struct http_user *users;
	size_t user_count;
	struct http_token *tokens;
	size_t token_count;
};

/* NULL, or what is wrong, a line to free; to be cleared in either case. */
char *http_access_read(struct http_access *, const struct conf_webserver *);
void http_access_clear(struct http_access *);
/* Do they let in the same people, by the same passwords and tokens? */
bool http_access_equal(const struct http_access *, const struct http_access *);
/* NULL if there is none. */
const struct http_user *
http_access_user(const struct http_access *, const char *name);

void http_digest(const void *data, size_t len, uint8_t digest[HTTP_DIGEST_LEN]);

#endif
