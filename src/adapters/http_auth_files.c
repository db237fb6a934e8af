/* SPDX-License-Identifier: ISC */

/*
 * See http_auth_files.h.
 */

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "adapters/http_auth_files.h"
#include "adapters/secret_file.h"
#include "base/log.h"
#include "base/xmalloc.h"
#include "core/conf.h"

#define FILE_MAX    65536 /* bytes */
#define TOKEN_SHORT 32	  /* characters */
#define TOKEN_LONG  256
#define HASH_MAX    383
#define HASHED	    "sha256:"

void
http_digest(const void *data, size_t len, uint8_t digest[HTTP_DIGEST_LEN])
{
	unsigned digest_len = HTTP_DIGEST_LEN;

	if (EVP_Digest(data, len, digest, &digest_len, EVP_sha256(), NULL) != 1)
		fatalx("webserver: OpenSSL has no SHA-256");
}

static void
add_user(struct http_access *access, const char *name, const char *hash)
{
	access->users = xreallocarray(
	    access->users, access->user_count + 1, sizeof(*access->users));
	access->users[access->user_count++] =
	    (struct http_user){.name = xstrdup(name), .hash = xstrdup(hash)};
}

/* What is wrong with a line, a text that ends what is said of it; or NULL. */
static const char *
read_user(struct http_access *access, char *line)
{
	char *hash = strchr(line, ':');

	if (hash == NULL)
		return "is not NAME:HASH";
	*hash++ = '\0';
	if (*line == '\0')
		return "has no name";
	/* What htpasswd(1) puts behind the hash is of no use. */
	if (*hash != '$' || strchr(hash + 1, '$') == NULL ||
	    strpbrk(hash, ": \t") != NULL || strlen(hash) > HASH_MAX)
		return "has no hash as of crypt(3), such as \"openssl passwd "
		       "-6\" prints";
	if (http_access_user(access, line) != NULL)
		return "has a name that was there before";
	add_user(access, line, hash);
	return NULL;
}

static int
digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at =
	    c == '\0' ? NULL : strchr(digits, tolower((unsigned char)c));

	return at == NULL ? -1 : (int)(at - digits);
}

static bool
read_digest(const char *text, uint8_t digest[HTTP_DIGEST_LEN])
{
	size_t i;

	if (strlen(text) != 2 * HTTP_DIGEST_LEN)
		return false;
	for (i = 0; i < HTTP_DIGEST_LEN; i++) {
		int high = digit(text[2 * i]), low = digit(text[2 * i + 1]);

		if (high == -1 || low == -1)
			return false;
		digest[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

static const char *
read_token(struct http_access *access, char *line)
{
	struct http_token *token;
	const char *c;

	access->tokens = xreallocarray(
	    access->tokens, access->token_count + 1, sizeof(*access->tokens));
	token = &access->tokens[access->token_count];
	*token = (struct http_token){0};
	if (strncmp(line, HASHED, sizeof(HASHED) - 1) == 0) {
		if (!read_digest(line + sizeof(HASHED) - 1, token->digest))
			return "has no 64 hexadecimal digits behind \"" HASHED
			       "\"";
	} else {
		for (c = line; *c > ' ' && *c <= '~'; c++)
			;
		if (*c != '\0' || c - line < TOKEN_SHORT ||
		    c - line > TOKEN_LONG)
			return "is not a token of 32 to 256 printable "
			       "characters, as \"openssl rand -hex 32\" prints";
		http_digest(line, (size_t)(c - line), token->digest);
	}
	access->token_count++;
	return NULL;
}

/* Each line of a text that is not empty and no comment. */
static char *
read_lines(struct http_access *access, const char *path, char *text,
    const char *(*read)(struct http_access *, char *line))
{
	const char *wrong;
	unsigned number;
	char *line;

	for (number = 1; (line = strsep(&text, "\n")) != NULL; number++) {
		line[strcspn(line, "\r")] = '\0';
		if (*line == '\0' || *line == '#')
			continue;
		if ((wrong = read(access, line)) != NULL)
			return xasprintf("webserver: %s:%u: the line %s", path,
			    number, wrong);
	}
	return NULL;
}

static char *
read_file(struct http_access *access, const char *path,
    const char *(*read)(struct http_access *, char *line))
{
	char *error, *reason, *text;
	size_t len;

	if (path == NULL)
		return NULL;
	text = secret_file_read(path, FILE_MAX, &len, &reason);
	if (text == NULL) {
		error = xasprintf("webserver: %s", reason);
		free(reason);
		return error;
	}
	error = memchr(text, '\0', len) != NULL
	    ? xasprintf("webserver: %s: is not a text", path)
	    : read_lines(access, path, text, read);
	secret_free(text, len);
	return error;
}

char *
http_access_read(struct http_access *access, const struct conf_webserver *web)
{
	char *error;
	size_t i;

	memset(access, 0, sizeof(*access));
	for (i = 0; i < web->user_count; i++)
		add_user(access, web->users[i].name, web->users[i].hash);
	error = read_file(access, web->users_file, read_user);
	if (error == NULL)
		error = read_file(access, web->token_file, read_token);
	/* Not by an empty file is everybody to be let in. */
	if (error == NULL && !conf_webserver_open(web) &&
	    access->user_count == 0 && access->token_count == 0)
		error = xasprintf("webserver: %s: there is nothing in it",
		    web->users_file != NULL ? web->users_file
					    : web->token_file);
	return error;
}

void
http_access_clear(struct http_access *access)
{
	while (access->user_count > 0) {
		free(access->users[--access->user_count].name);
		free(access->users[access->user_count].hash);
	}
	free(access->users);
	free(access->tokens);
}

bool
http_access_equal(const struct http_access *a, const struct http_access *b)
{
	size_t i;

	if (a->user_count != b->user_count || a->token_count != b->token_count)
		return false;
	for (i = 0; i < a->user_count; i++)
		if (strcmp(a->users[i].name, b->users[i].name) != 0 ||
		    strcmp(a->users[i].hash, b->users[i].hash) != 0)
			return false;
	for (i = 0; i < a->token_count; i++)
		if (memcmp(a->tokens[i].digest, b->tokens[i].digest,
			sizeof(a->tokens[i].digest)) != 0)
			return false;
	return true;
}

const struct http_user *
http_access_user(const struct http_access *access, const char *name)
{
	size_t i;

	for (i = 0; i < access->user_count; i++)
		if (strcmp(access->users[i].name, name) == 0)
			return &access->users[i];
	return NULL;
}
