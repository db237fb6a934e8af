/* SPDX-License-Identifier: ISC */

/*
 * TLS contexts, shared by probes: what a certificate store takes would be too
 * much for each of ten thousand checks.
 */

#include <sys/queue.h>
#include <sys/stat.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "adapters/check_tls.h"
#include "base/monotime.h"
#include "base/xmalloc.h"

/* Longer than any interval: then nobody uses it any more. */
#define UNUSED_MS (2 * 3600 * UINT64_C(1000))

/*
 * Without Diffie-Hellman of numbers: the server may choose ones so large that a
 * handshake takes seconds here.
 */
#define CIPHERS "DEFAULT:!kDHE"
#define GROUPS	"X25519:P-256:X448:P-384:P-521"

/* What a file, and a directory of them, was like. */
struct stamp {
	struct stat file, directory;
};

struct context {
	LIST_ENTRY(context) entry;
	bool verify;
	char *file;	    /* NULL = what the system trusts */
	struct stamp stamp; /* of what was read */
	SSL_CTX *ssl;
	uint64_t used; /* when, by monotime_ms() */
};

static LIST_HEAD(, context) contexts = LIST_HEAD_INITIALIZER(contexts);

static void
context_free(struct context *context)
{
	LIST_REMOVE(context, entry);
	SSL_CTX_free(context->ssl);
	free(context->file);
	free(context);
}

static bool
same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
	    a->st_size == b->st_size &&
	    a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	    a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static bool
same_stamp(const struct stamp *a, const struct stamp *b)
{
	return same_file(&a->file, &b->file) &&
	    same_file(&a->directory, &b->directory);
}

/* Where libssl looks for what the system trusts; it may be missing. */
static void
stamp_default(const char *variable, const char *path, struct stat *out)
{
	const char *other = secure_getenv(variable);

	if (stat(other != NULL ? other : path, out) == -1)
		memset(out, 0, sizeof(*out));
}

/* 0, or -1 with errno set. */
static int
take_stamp(bool verify, const char *file, struct stamp *out)
{
	memset(out, 0, sizeof(*out));
	if (file != NULL)
		return stat(file, &out->file);
	if (!verify)
		return 0;
	stamp_default(X509_get_default_cert_file_env(),
	    X509_get_default_cert_file(), &out->file);
	stamp_default(X509_get_default_cert_dir_env(),
	    X509_get_default_cert_dir(), &out->directory);
	return 0;
}

static struct context *
context_find(bool verify, const char *file)
{
	struct context *context;

	LIST_FOREACH(context, &contexts, entry)
		if (context->verify == verify &&
		    (file == NULL) == (context->file == NULL) &&
		    (file == NULL || strcmp(file, context->file) == 0))
			return context;
	return NULL;
}

/*
 * Sessions are not resumed, as a check is to see what a new client sees.  A
 * server that closes without a close_notify is common, and no error here: what
 * its answer must have, the protocol above knows.
 */
static SSL_CTX *
make(bool verify, const char *file, const char **why)
{
	SSL_CTX *ssl = SSL_CTX_new(TLS_client_method());
	int trusted = 1;

	*why = "out of memory";
	if (ssl == NULL)
		return NULL;
	if (SSL_CTX_set_cipher_list(ssl, CIPHERS) != 1 ||
	    SSL_CTX_set1_groups_list(ssl, GROUPS) != 1) {
		*why = "its ciphers can't be had";
		SSL_CTX_free(ssl);
		return NULL;
	}
	SSL_CTX_set_options(ssl,
	    SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION |
		SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_mode(ssl,
	    SSL_MODE_ENABLE_PARTIAL_WRITE |
		SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_verify(
	    ssl, verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, NULL);
	if (verify && file != NULL) {
		*why = "there is no certificate in it that can be read";
		trusted = SSL_CTX_load_verify_file(ssl, file);
		/* an intermediate authority can be trusted, too */
		X509_VERIFY_PARAM_set_flags(
		    SSL_CTX_get0_param(ssl), X509_V_FLAG_PARTIAL_CHAIN);
	} else if (verify) {
		*why = "the system's certificates can't be read";
		trusted = SSL_CTX_set_default_verify_paths(ssl);
	}
	ERR_clear_error();
	if (trusted == 1)
		return ssl;
	SSL_CTX_free(ssl);
	return NULL;
}

static void
forget_unused(uint64_t now)
{
	struct context *context, *next;

	for (context = LIST_FIRST(&contexts); context != NULL; context = next) {
		next = LIST_NEXT(context, entry);
		if (now - context->used > UNUSED_MS)
			context_free(context);
	}
}

SSL_CTX *
check_tls_context(bool verify, const char *file, const char **why)
{
	struct context *context;
	struct stamp stamp;
	SSL_CTX *ssl;

	if (take_stamp(verify, file, &stamp) == -1) {
		*why = strerror(errno);
		return NULL;
	}
	context = context_find(verify, file);
	if (context != NULL && !same_stamp(&context->stamp, &stamp)) {
		context_free(context);
		context = NULL;
	}
	if (context == NULL) {
		forget_unused(monotime_ms());
		ssl = make(verify, file, why);
		if (ssl == NULL)
			return NULL;
		context = xcalloc(1, sizeof(*context));
		context->verify = verify;
		context->file = file == NULL ? NULL : xstrdup(file);
		context->stamp = stamp;
		context->ssl = ssl;
		LIST_INSERT_HEAD(&contexts, context, entry);
	}
	context->used = monotime_ms();
	return context->ssl;
}
