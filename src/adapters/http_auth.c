/* SPDX-License-Identifier: ISC */

/*
 * Who may see the web console: users by a password (RFC 7617), programs by a
 * token (RFC 6750), of which only digests are kept.
 */

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "adapters/http_auth_files.h"
#include "adapters/http_private.h"
#include "base/xmalloc.h"

#define PASSWORD_MAX 256  /* bytes */
#define BASIC_MAX    1024 /* of name and password, in base64 */

struct http_auth {
	struct http_access access;
	struct http_logins *logins;
};

struct http_auth *
http_auth_new(struct event_base *base)
{
	struct http_auth *auth = xcalloc(1, sizeof(*auth));

	auth->logins = http_logins_new(base);
	return auth;
}

void
http_auth_free(struct http_auth *auth)
{
	if (auth == NULL)
		return;
	http_logins_free(auth->logins);
	http_access_clear(&auth->access);
	free(auth);
}

int
http_auth_read(
    struct http_auth *auth, const struct conf_webserver *web, char **error)
{
	struct http_access access;

	*error = http_access_read(&access, web);
	if (*error != NULL || http_access_equal(&access, &auth->access)) {
		http_access_clear(&access);
		return *error != NULL ? -1 : 0;
	}
	http_logins_put_off(auth->logins);
	http_access_clear(&auth->access);
	auth->access = access;
	return 1;
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

/*
 * Is that user's password this one?  Where there is no such user the first
 * one's hash is compared with it, which takes as long.
 */
static enum http_verdict
judge_password(struct http_auth *auth, const char *name, const char *password,
    const struct http_asker *asker, unsigned *seconds)
{
	const struct http_user *user = http_access_user(&auth->access, name);
	struct http_login login = {
	    .name = name,
	    .password = password,
	    .hash = (user != NULL ? user : &auth->access.users[0])->hash,
	    .known = user != NULL,
	    .asker = asker,
	};

	return http_logins_judge(auth->logins, &login, seconds);
}

static enum http_verdict
refuse(struct http_auth *auth, const struct http_asker *asker)
{
	http_logins_refused(auth->logins, &asker->from);
	return HTTP_KEPT_OUT;
}

/* Base64 of "NAME:PASSWORD". */
static enum http_verdict
judge_basic(struct http_auth *auth, const char *encoded,
    const struct http_asker *asker, unsigned *seconds)
{
	char text[BASIC_MAX] = "", *password;
	enum http_verdict verdict;
	size_t len = strlen(encoded);
	int got;

	if (auth->access.user_count == 0 || len == 0 || len % 4 != 0 ||
	    len >= BASIC_MAX)
		return refuse(auth, asker);
	/* What "=" stands for are NULs at the end. */
	got = EVP_DecodeBlock(
	    (uint8_t *)text, (const uint8_t *)encoded, (int)len);
	password = got > 0 ? strchr(text, ':') : NULL;
	if (password != NULL)
		*password++ = '\0';
	if (password != NULL && strlen(password) <= PASSWORD_MAX &&
	    strpbrk(password, "\r\n") == NULL)
		verdict = judge_password(auth, text, password, asker, seconds);
	else
		verdict = refuse(auth, asker);
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
http_auth_judge(
    struct http_auth *auth, const struct http_asker *asker, unsigned *seconds)
{
	const char *credentials;

	*seconds = 0;
	if (auth->access.user_count == 0 && auth->access.token_count == 0)
		return HTTP_LET_IN;
	if (asker->header == NULL)
		return HTTP_KEPT_OUT;
	if ((credentials = behind(asker->header, "Basic")) != NULL)
		return judge_basic(auth, credentials, asker, seconds);
	if ((credentials = behind(asker->header, "Bearer")) != NULL &&
	    is_token(auth, credentials))
		return HTTP_LET_IN;
	return refuse(auth, asker);
}

void
http_auth_forget(struct http_auth *auth, void *arg)
{
	http_logins_forget(auth->logins, arg);
}

void
http_auth_counters(const struct http_auth *auth, struct http_counters *out)
{
	http_logins_counters(auth->logins, out);
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
