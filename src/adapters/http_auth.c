/* SPDX-License-Identifier: ISC */

/*
 * Who may see the web console: users by a password (RFC 7617), programs by a
 * token (RFC 6750).  Of tokens only digests are kept; a password that was right
 * is remembered for a while, as a digest under a key of this process.
 */

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "adapters/http_auth_files.h"
#include "adapters/http_private.h"
#include "base/log.h"
#include "base/monotime.h"
#include "base/xmalloc.h"

#define REMEMBERED   64
#define REMEMBER_MS  (10 * 60 * 1000)
#define PASSWORD_MAX 256  /* bytes */
#define BASIC_MAX    1024 /* of name and password, in base64 */

struct remembered {
	uint8_t digest[HTTP_DIGEST_LEN];
	uint64_t until; /* monotonic ms */
};

/* A password that is being compared. */
struct wait {
	LIST_ENTRY(wait) entry;
	struct http_auth *auth;
	bool known; /* there is such a user */
	uint8_t digest[HTTP_DIGEST_LEN];
	void (*decided)(void *arg, enum http_verdict);
	void *arg;
};

struct http_auth {
	struct http_access access;
	struct http_verify *verify;
	uint8_t key[HTTP_DIGEST_LEN];
	struct remembered remembered[REMEMBERED];
	size_t oldest;
	LIST_HEAD(, wait) waits;
};

struct http_auth *
http_auth_new(
    struct event_base *base, const struct conf_webserver *web, char **error)
{
	struct http_auth *auth = xcalloc(1, sizeof(*auth));

	LIST_INIT(&auth->waits);
	if (RAND_bytes(auth->key, sizeof(auth->key)) != 1)
		fatalx("webserver: no random numbers");
	auth->verify = http_verify_new(base);
	*error = http_access_read(&auth->access, web);
	if (*error == NULL)
		return auth;
	http_auth_free(auth);
	return NULL;
}

static void
wait_free(struct wait *wait)
{
	LIST_REMOVE(wait, entry);
	free(wait);
}

void
http_auth_free(struct http_auth *auth)
{
	struct wait *wait;

	if (auth == NULL)
		return;
	http_verify_free(auth->verify);
	while ((wait = LIST_FIRST(&auth->waits)) != NULL)
		wait_free(wait);
	http_access_clear(&auth->access);
	OPENSSL_cleanse(auth, sizeof(*auth));
	free(auth);
}

bool
http_auth_equal(const struct http_auth *a, const struct http_auth *b)
{
	return http_access_equal(&a->access, &b->access);
}

/* Every one is compared, so that the time says nothing. */
static bool
is_token(const struct http_auth *auth, const char *token)
{
	uint8_t digest[HTTP_DIGEST_LEN];
	bool found = false;
	size_t i;

	http_digest(token, strlen(token), digest);
	for (i = 0; i < auth->access.token_count; i++)
		found |= CRYPTO_memcmp(digest, auth->access.tokens[i].digest,
			     sizeof(digest)) == 0;
	return found;
}

static void
digest_of(const struct http_auth *auth, const struct http_user *user,
    const char *password, uint8_t digest[HTTP_DIGEST_LEN])
{
	char *text = xasprintf("%s\n%s\n%s", user->name, user->hash, password);
	unsigned len = HTTP_DIGEST_LEN;

	if (HMAC(EVP_sha256(), auth->key, sizeof(auth->key),
		(const uint8_t *)text, strlen(text), digest, &len) == NULL)
		fatalx("webserver: OpenSSL has no HMAC-SHA-256");
	OPENSSL_cleanse(text, strlen(text));
	free(text);
}

static bool
is_remembered(
    const struct http_auth *auth, const uint8_t digest[HTTP_DIGEST_LEN])
{
	uint64_t now = monotime_ms();
	bool found = false;
	size_t i;

	for (i = 0; i < REMEMBERED; i++)
		found |= auth->remembered[i].until > now &&
		    CRYPTO_memcmp(auth->remembered[i].digest, digest,
			HTTP_DIGEST_LEN) == 0;
	return found;
}

static void
remember(struct http_auth *auth, const uint8_t digest[HTTP_DIGEST_LEN])
{
	struct remembered *place = &auth->remembered[auth->oldest];

	auth->oldest = (auth->oldest + 1) % REMEMBERED;
	memcpy(place->digest, digest, HTTP_DIGEST_LEN);
	place->until = monotime_ms() + REMEMBER_MS;
}

static void
answered(void *arg, enum http_verdict verdict)
{
	struct wait *wait = arg;
	void (*decided)(void *, enum http_verdict) = wait->decided;
	void *decided_arg = wait->arg;

	if (verdict == HTTP_LET_IN && !wait->known)
		verdict = HTTP_KEPT_OUT;
	if (verdict == HTTP_LET_IN)
		remember(wait->auth, wait->digest);
	wait_free(wait);
	if (decided_arg != NULL)
		decided(decided_arg, verdict);
}

/*
 * Is that user's password this one?  Where there is no such user the first
 * one's hash is compared with it, which takes as long.
 */
static enum http_verdict
judge_password(struct http_auth *auth, const char *name, const char *password,
    void (*decided)(void *, enum http_verdict), void *arg)
{
	const struct http_user *user = http_access_user(&auth->access, name);
	struct wait *wait;

	wait = xcalloc(1, sizeof(*wait));
	wait->auth = auth;
	wait->known = user != NULL;
	wait->decided = decided;
	wait->arg = arg;
	LIST_INSERT_HEAD(&auth->waits, wait, entry);
	if (user == NULL)
		user = &auth->access.users[0];
	digest_of(auth, user, password, wait->digest);
	if (wait->known && is_remembered(auth, wait->digest)) {
		wait_free(wait);
		return HTTP_LET_IN;
	}
	if (http_verify_ask(
		auth->verify, user->hash, password, answered, wait) == 0)
		return HTTP_UNDECIDED;
	wait_free(wait);
	return HTTP_BUSY;
}

/* Base64 of "NAME:PASSWORD". */
static enum http_verdict
judge_basic(struct http_auth *auth, const char *encoded,
    void (*decided)(void *, enum http_verdict), void *arg)
{
	enum http_verdict verdict = HTTP_KEPT_OUT;
	char text[BASIC_MAX] = "", *password;
	size_t len = strlen(encoded);
	int got;

	if (auth->access.user_count == 0 || len == 0 || len % 4 != 0 ||
	    len >= BASIC_MAX)
		return HTTP_KEPT_OUT;
	/* What "=" stands for are NULs at the end. */
	got = EVP_DecodeBlock(
	    (uint8_t *)text, (const uint8_t *)encoded, (int)len);
	if (got > 0 && (password = strchr(text, ':')) != NULL) {
		*password++ = '\0';
		if (strlen(password) <= PASSWORD_MAX &&
		    strpbrk(password, "\r\n") == NULL)
			verdict =
			    judge_password(auth, text, password, decided, arg);
	}
	OPENSSL_cleanse(text, sizeof(text));
	return verdict;
}

/* What stands behind the scheme; NULL if it is another one. */
static const char *
behind(const char *header, const char *scheme)
{
	size_t len = strlen(scheme);

	if (strncasecmp(header, scheme, len) != 0 || header[len] != ' ')
		return NULL;
	return header + len + strspn(header + len, " ");
}

enum http_verdict
http_auth_judge(struct http_auth *auth, const char *header,
    void (*decided)(void *arg, enum http_verdict), void *arg)
{
	const char *credentials;

	if (auth->access.user_count == 0 && auth->access.token_count == 0)
		return HTTP_LET_IN;
	if (header == NULL)
		return HTTP_KEPT_OUT;
	if ((credentials = behind(header, "Bearer")) != NULL)
		return is_token(auth, credentials) ? HTTP_LET_IN
						   : HTTP_KEPT_OUT;
	if ((credentials = behind(header, "Basic")) != NULL)
		return judge_basic(auth, credentials, decided, arg);
	return HTTP_KEPT_OUT;
}

void
http_auth_forget(struct http_auth *auth, void *arg)
{
	struct wait *wait;

	LIST_FOREACH(wait, &auth->waits, entry)
		if (wait->arg == arg)
			wait->arg = NULL;
}

void
http_auth_challenge(const struct http_auth *auth, struct evkeyvalq *out)
{
	if (auth->access.user_count > 0)
		evhttp_add_header(out, "WWW-Authenticate",
		    "Basic realm=\"vc5d\", charset=\"UTF-8\"");
	if (auth->access.token_count > 0)
		evhttp_add_header(
		    out, "WWW-Authenticate", "Bearer realm=\"vc5d\"");
}
