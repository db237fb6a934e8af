/* SPDX-License-Identifier: ISC */

/*
 * A poster's connection: the server's address, TLS, and whom to trust.
 */

#include <netinet/in.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <event2/http.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "adapters/check_tls.h"
#include "adapters/http_post_private.h"
#include "adapters/lookup.h"
#include "base/log.h"
#include "base/monotime.h"
#include "base/xmalloc.h"

/* By all that a connection depends on. */
static char *
peer_of(const struct http_post *p)
{
	const char *ca = p->trust.ca != NULL ? p->trust.ca : "";

	return xasprintf("%d %d %u %s %s", p->server.tls, p->trust.verify,
	    p->server.port, p->server.host, ca);
}

void
http_post_unlink(struct http_post *p)
{
	lookup_cancel(p->lookup);
	p->lookup = NULL;
	if (p->link != NULL) {
		evhttp_connection_set_closecb(p->link, NULL, NULL);
		evhttp_connection_free(p->link);
	}
	p->link = NULL;
	SSL_free(p->ssl);
	p->ssl = NULL;
	free(p->peer);
	p->peer = NULL;
	p->used = p->broken = false;
}

/* The certificate must be of the name, or the address, of the URL. */
static bool
expect_name(SSL *ssl, const char *host)
{
	X509_VERIFY_PARAM *param = SSL_get0_param(ssl);
	struct addr address;

	if (addr_parse(host, &address) == 0)
		return X509_VERIFY_PARAM_set1_ip_asc(param, host) == 1;
	return SSL_set_tlsext_host_name(ssl, host) == 1 &&
	    X509_VERIFY_PARAM_set1_host(param, host, 0) == 1;
}

/* NULL, and why in error. */
static SSL *
make_ssl(struct http_post *p)
{
	const char *why = "out of memory";
	SSL_CTX *context =
	    check_tls_context(p->trust.verify, p->trust.ca, &why);
	SSL *ssl;

	if (context == NULL) {
		snprintf(p->error, sizeof(p->error), "%s: %s",
		    p->trust.ca != NULL ? p->trust.ca : "certificates", why);
		return NULL;
	}
	ssl = SSL_new(context);
	if (ssl == NULL || !expect_name(ssl, p->server.host)) {
		snprintf(p->error, sizeof(p->error), "TLS can't be begun");
		SSL_free(ssl);
		return NULL;
	}
	return ssl;
}

/* NULL, and why in error. */
static struct bufferevent *
make_stream(struct http_post *p)
{
	const int options = BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS;
	struct bufferevent *bev;
	SSL *ssl;

	if (!p->server.tls) {
		bev =
		    bufferevent_socket_new(p->base, -1, BEV_OPT_CLOSE_ON_FREE);
		if (bev == NULL)
			fatalx("no memory for a connection");
		return bev;
	}
	if ((ssl = make_ssl(p)) == NULL)
		return NULL;
	bev = bufferevent_openssl_socket_new(
	    p->base, -1, ssl, BUFFEREVENT_SSL_CONNECTING, options);
	if (bev == NULL)
		fatalx("no memory for a connection");
	bufferevent_openssl_set_allow_dirty_shutdown(bev, 1);
	SSL_up_ref(ssl);
	p->ssl = ssl;
	return bev;
}

/* The server closed it, most likely while nothing was under way. */
static void
on_close(struct evhttp_connection *link, void *arg)
{
	struct http_post *p = arg;
	struct timeval now = {0};

	(void)link;
	p->broken = true;
	if (!p->busy)
		evtimer_add(p->finish, &now);
}

static void
connect_to(struct http_post *p, const struct addr *address)
{
	struct timeval timeout = monotime_timeval(p->timeout);
	struct bufferevent *bev = make_stream(p);
	char text[ADDR_STRLEN];

	if (bev == NULL)
		return;
	p->link = evhttp_connection_base_bufferevent_new(
	    p->base, NULL, bev, addr_format(address, text), p->server.port);
	if (p->link == NULL)
		fatalx("no memory for a connection");
	p->peer = peer_of(p);
	evhttp_connection_set_timeout_tv(p->link, &timeout);
	evhttp_connection_set_retries(p->link, 0);
	evhttp_connection_set_max_body_size(p->link, HTTP_POST_ANSWER_MAX);
	evhttp_connection_set_max_headers_size(p->link, HTTP_POST_HEADERS_MAX);
	evhttp_connection_set_closecb(p->link, on_close, p);
	/* What refuses a body may say so before all of it was sent. */
	evhttp_connection_set_flags(p->link, EVHTTP_CON_READ_ON_WRITE_ERROR);
}

static void
found(void *arg, const struct addr *addresses, size_t count, const char *error)
{
	struct http_post *p = arg;

	p->lookup = NULL;
	if (count == 0)
		snprintf(p->error, sizeof(p->error), "%s: %s", p->server.host,
		    error);
	else
		connect_to(p, &addresses[p->turn++ % count]);
	http_post_linked(p);
}

static bool
is_usable(const struct http_post *p)
{
	char *peer = peer_of(p);
	bool same = p->link != NULL && !p->broken && p->peer != NULL &&
	    strcmp(p->peer, peer) == 0;

	free(peer);
	return same;
}

void
http_post_link(struct http_post *p)
{
	struct addr address;

	if (is_usable(p)) {
		http_post_linked(p);
		return;
	}
	http_post_unlink(p);
	if (addr_parse(p->server.host, &address) == 0) {
		connect_to(p, &address);
		http_post_linked(p);
		return;
	}
	p->lookup = lookup_start(p->base, p->server.host, found, p);
}

bool
http_post_tls_error(struct http_post *p)
{
	unsigned long code;
	const char *reason;
	long verdict;

	if (p->ssl == NULL || SSL_is_init_finished(p->ssl))
		return false;
	verdict = SSL_get_verify_result(p->ssl);
	if (verdict != X509_V_OK) {
		snprintf(p->error, sizeof(p->error),
		    "TLS: its certificate is not trusted: %s",
		    X509_verify_cert_error_string(verdict));
		return true;
	}
	if (p->link == NULL)
		return false;
	code = bufferevent_get_openssl_error(
	    evhttp_connection_get_bufferevent(p->link));
	if (code == 0)
		return false;
	reason = ERR_reason_error_string(code);
	snprintf(p->error, sizeof(p->error), "TLS: %s",
	    reason != NULL ? reason : "the handshake failed");
	return true;
}
