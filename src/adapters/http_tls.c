/* SPDX-License-Identifier: ISC */

/*
 * The web console's certificate, TLS for its connections, and which of these
 * nobody can listen to.
 */

#include <sys/socket.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/http.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "adapters/http_auth_files.h"
#include "adapters/http_private.h"
#include "base/log.h"
#include "base/xmalloc.h"
#include "core/conf.h"

struct http_tls {
	SSL_CTX *context;
};

/* What OpenSSL says in words that nobody would look for. */
static const char *
reason_of(unsigned long error)
{
	const char *reason = ERR_reason_error_string(error);

	if (ERR_SYSTEM_ERROR(error))
		return strerror(ERR_GET_REASON(error));
	if (ERR_GET_LIB(error) == ERR_LIB_PEM &&
	    ERR_GET_REASON(error) == PEM_R_NO_START_LINE)
		return "there is no such thing in it, as PEM";
	if (ERR_GET_LIB(error) == ERR_LIB_X509 &&
	    ERR_GET_REASON(error) == X509_R_KEY_VALUES_MISMATCH)
		return "is not the key of the certificate";
	return reason != NULL ? reason : "not what it should be";
}

/* The first thing that OpenSSL complained of, about a file. */
static char *
complaint(const char *path, bool passphrase)
{
	char *line = xasprintf("webserver: %s: %s", path,
	    passphrase ? "has a passphrase, which nobody can be asked for"
		       : reason_of(ERR_get_error()));

	ERR_clear_error();
	return line;
}

/* A passphrase can't be asked for, and must not be at the terminal. */
static int
no_passphrase(char *buf, int size, int writing, void *arg)
{
	bool *asked = arg;

	(void)buf, (void)size, (void)writing;
	*asked = true;
	return -1;
}

static char *
load(SSL_CTX *context, const struct conf_webserver *web)
{
	const char *key = web->key != NULL ? web->key : web->certificate;
	bool asked = false;
	char *line = NULL;

	ERR_clear_error();
	SSL_CTX_set_default_passwd_cb(context, no_passphrase);
	SSL_CTX_set_default_passwd_cb_userdata(context, &asked);
	if (SSL_CTX_use_certificate_chain_file(context, web->certificate) != 1)
		line = complaint(web->certificate, asked);
	else if (SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) !=
	    1)
		line = complaint(key, asked);
	SSL_CTX_set_default_passwd_cb_userdata(context, NULL);
	return line;
}

struct http_tls *
http_tls_new(const struct conf_webserver *web, char **error)
{
	struct http_tls *tls = xcalloc(1, sizeof(*tls));

	tls->context = SSL_CTX_new(TLS_server_method());
	if (tls->context == NULL)
		fatalx("webserver: OpenSSL has no TLS");
	SSL_CTX_set_min_proto_version(tls->context, TLS1_2_VERSION);
	SSL_CTX_set_options(tls->context,
	    SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
		SSL_OP_CIPHER_SERVER_PREFERENCE);
	SSL_CTX_set_mode(tls->context, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_session_cache_mode(tls->context, SSL_SESS_CACHE_OFF);
	if ((*error = load(tls->context, web)) == NULL)
		return tls;
	http_tls_free(tls);
	return NULL;
}

char *
http_problem(const struct conf_webserver *web)
{
	struct http_access access;
	char *error = http_access_read(&access, web);

	http_access_clear(&access);
	if (error == NULL && web->certificate != NULL)
		http_tls_free(http_tls_new(web, &error));
	return error;
}

void
http_tls_free(struct http_tls *tls)
{
	if (tls == NULL)
		return;
	SSL_CTX_free(tls->context);
	free(tls);
}

struct bufferevent *
http_tls_accept(struct http_tls *tls, struct event_base *base)
{
	SSL *ssl = SSL_new(tls->context);
	struct bufferevent *bev;

	if (ssl == NULL)
		return NULL;
	bev = bufferevent_openssl_socket_new(
	    base, -1, ssl, BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE);
	if (bev == NULL) {
		SSL_free(ssl);
		return NULL;
	}
	/* Who closes without saying so is as gone. */
	bufferevent_openssl_set_allow_dirty_shutdown(bev, 1);
	return bev;
}

bool
http_tls_trustworthy(struct evhttp_connection *connection)
{
	struct bufferevent *bev = evhttp_connection_get_bufferevent(connection);
	struct sockaddr_storage local = {.ss_family = AF_UNSPEC};
	socklen_t len = sizeof(local);
	struct addr address;

	if (bufferevent_openssl_get_ssl(bev) != NULL)
		return true;
	if (getsockname(
		bufferevent_getfd(bev), (struct sockaddr *)&local, &len) == -1)
		return false;
	addr_from_sockaddr(&local, &address);
	return addr_is_loopback(&address);
}
