/* SPDX-License-Identifier: ISC */

/*
 * TLS of a probe: the handshake, the certificate, and bytes through it.
 */

#include <sys/socket.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "adapters/check_private.h"
#include "adapters/check_tls.h"
#include "base/log.h"

#define NAME_SIZE 256

/*
 * OpenSSL's own BIO of sockets would raise SIGPIPE, and doesn't tell the end
 * of file from other ends.
 */
static int
bio_write(BIO *bio, const char *bytes, int size)
{
	struct check *check = BIO_get_data(bio);
	ssize_t sent = send(check->fd, bytes, (size_t)size, MSG_NOSIGNAL);

	BIO_clear_retry_flags(bio);
	if (sent >= 0)
		return (int)sent;
	if (errno == EAGAIN || errno == EINTR)
		BIO_set_retry_write(bio);
	else
		check->stream.error = errno;
	return -1;
}

static int
bio_read(BIO *bio, char *bytes, int size)
{
	struct check *check = BIO_get_data(bio);
	ssize_t got;

	BIO_clear_retry_flags(bio);
	if (check->stream.reads == 0) {
		BIO_set_retry_read(bio);
		return -1;
	}
	check->stream.reads--;
	got = recv(check->fd, bytes, (size_t)size, 0);
	if (got == 0)
		check->stream.ended = true;
	if (got >= 0)
		return (int)got;
	if (errno == EAGAIN || errno == EINTR)
		BIO_set_retry_read(bio);
	else
		check->stream.error = errno;
	return -1;
}

static long
bio_control(BIO *bio, int command, long number, void *pointer)
{
	const struct check *check = BIO_get_data(bio);

	(void)number;
	(void)pointer;
	if (command == BIO_CTRL_EOF)
		return check->stream.ended;
	return command == BIO_CTRL_FLUSH;
}

static BIO *
bio_new(struct check *check)
{
	static BIO_METHOD *method;
	BIO *bio;

	if (method == NULL) {
		method = BIO_meth_new(
		    BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "probe");
		if (method == NULL ||
		    BIO_meth_set_write(method, bio_write) != 1 ||
		    BIO_meth_set_read(method, bio_read) != 1 ||
		    BIO_meth_set_ctrl(method, bio_control) != 1)
			fatalx("TLS: out of memory");
	}
	bio = BIO_new(method);
	if (bio == NULL)
		fatalx("TLS: out of memory");
	BIO_set_data(bio, check);
	BIO_set_init(bio, 1);
	return bio;
}

/* Whom the certificate has to be for: "sni", or "host", or the VIP. */
static const char *
server_name(const struct check *check, char name[NAME_SIZE])
{
	const struct conf_check *conf = check->conf;
	const char *host = conf->host == NULL ? "" : conf->host;

	if (conf->tls_conf.sni != NULL)
		snprintf(name, NAME_SIZE, "%s", conf->tls_conf.sni);
	else if (*host == '[')
		snprintf(name, NAME_SIZE, "%.*s", (int)strcspn(host + 1, "]"),
		    host + 1);
	else
		snprintf(
		    name, NAME_SIZE, "%.*s", (int)strcspn(host, ":"), host);
	if (*name == '\0')
		addr_format(&check->target.vip, name);
	return name;
}

/* RFC 6066, section 3: an address is not sent. */
static int
name_server(SSL *ssl, const char *name)
{
	struct addr address;

	if (addr_parse(name, &address) == 0)
		return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name);
	return SSL_set_tlsext_host_name(ssl, name) == 1 &&
	    SSL_set1_host(ssl, name) == 1;
}

/*
 * What the last error was, in OpenSSL's words; nothing of the server's own is
 * in them.
 */
static const char *
words(void)
{
	unsigned long error = ERR_peek_last_error();
	const char *reason = ERR_reason_error_string(error);

	switch (ERR_GET_REASON(error)) {
	case SSL_R_WRONG_VERSION_NUMBER:
	case SSL_R_PACKET_LENGTH_TOO_LONG:
	case SSL_R_HTTP_REQUEST:
		return "what came is not TLS";
	default:
		return reason == NULL ? "unknown error" : reason;
	}
}

static bool
certificate_refused(void)
{
	return ERR_GET_REASON(ERR_peek_last_error()) ==
	    SSL_R_CERTIFICATE_VERIFY_FAILED;
}

static void
fail(struct check *check, int error)
{
	char name[NAME_SIZE];

	if (error == SSL_ERROR_SSL && certificate_refused())
		check_decide(check, CHECK_BAD_TLS, "certificate for %s: %s",
		    server_name(check, name),
		    X509_verify_cert_error_string(
			SSL_get_verify_result(check->stream.tls)));
	else if (error == SSL_ERROR_SSL)
		check_decide(
		    check, CHECK_BAD_TLS, "TLS handshake: %s", words());
	else if (check->stream.ended)
		check_decide(check, CHECK_CLOSED,
		    "closed by the server during the TLS handshake");
	else
		check_fail(check,
		    check->stream.error == 0 ? EPROTO : check->stream.error,
		    "TLS handshake");
}

/* The certificate of the server's chain that ends first. */
static const ASN1_TIME *
first_end(SSL *ssl)
{
	STACK_OF(X509) *chain = SSL_get_peer_cert_chain(ssl);
	const ASN1_TIME *first = NULL, *end;
	int i, days, seconds;

	for (i = 0; i < sk_X509_num(chain); i++) {
		end = X509_get0_notAfter(sk_X509_value(chain, i));
		if (first == NULL ||
		    (ASN1_TIME_diff(&days, &seconds, first, end) == 1 &&
			(days < 0 || seconds < 0)))
			first = end;
	}
	return first;
}

static void
warn_of_end(struct check *check)
{
	const ASN1_TIME *end = first_end(check->stream.tls);
	int days, seconds, most = (int)check->conf->tls_conf.expiry;
	char date[16];
	struct tm tm;

	if (end == NULL || ASN1_TIME_to_tm(end, &tm) != 1 ||
	    ASN1_TIME_diff(&days, &seconds, NULL, end) != 1 || days >= most)
		return;
	if (strftime(date, sizeof(date), "%Y-%m-%d", &tm) == 0)
		return;
	if (days < 0 || seconds < 0)
		check_warn(check, "certificate expired on %s", date);
	else
		check_warn(check, "certificate expires in %d day%s (%s)", days,
		    days == 1 ? "" : "s", date);
}

static void shake(struct check *);

static void
shake_ready(int fd, short events, void *arg)
{
	(void)fd;
	(void)events;
	shake(arg);
}

static void
shake(struct check *check)
{
	SSL *ssl = check->stream.tls;
	int done, error;

	ERR_clear_error();
	check_stream_wake(check);
	done = SSL_do_handshake(ssl);
	error = SSL_get_error(ssl, done);
	if (done == 1) {
		check_phase_ended(check, CHECK_PHASE_TLS);
		if (check->conf->tls_conf.expiry > 0)
			warn_of_end(check);
		check_stream_stand(check);
	} else if (error == SSL_ERROR_WANT_READ) {
		check_watch(check, EV_READ, shake_ready);
	} else if (error == SSL_ERROR_WANT_WRITE) {
		check_watch(check, EV_WRITE, shake_ready);
	} else {
		fail(check, error);
	}
	ERR_clear_error();
}

void
check_tls_begin(struct check *check)
{
	static const unsigned char http[] = "\x08http/1.1";
	const struct conf_check *conf = check->conf;
	char name[NAME_SIZE];
	const char *why;
	SSL_CTX *context;
	SSL *ssl;
	BIO *bio;

	context =
	    check_tls_context(conf->tls_conf.verify, conf->tls_conf.ca, &why);
	if (context == NULL) {
		check_decide(check, CHECK_LOCAL_ERROR, "%s: %s",
		    conf->tls_conf.ca == NULL ? "TLS" : conf->tls_conf.ca, why);
		return;
	}
	ssl = check->stream.tls = SSL_new(context);
	if (ssl == NULL)
		fatalx("TLS: out of memory");
	if (name_server(ssl, server_name(check, name)) != 1) {
		ERR_clear_error();
		check_decide(check, CHECK_LOCAL_ERROR,
		    "TLS: %s can't be the name of a server", name);
		return;
	}
	if (conf->type == CHECK_HTTPS)
		SSL_set_alpn_protos(ssl, http, sizeof(http) - 1);
	bio = bio_new(check);
	SSL_set_bio(ssl, bio, bio);
	SSL_set_connect_state(ssl);
	shake(check);
}

/* What -1 of a read or write means: errno, as of recv(2) and send(2). */
static ssize_t
failed(struct check *check, int error)
{
	switch (error) {
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		errno = EAGAIN;
		break;
	case SSL_ERROR_SSL:
		check->stream.tls_error = words();
		errno = EBADMSG;
		break;
	default:
		errno =
		    check->stream.error == 0 ? ECONNRESET : check->stream.error;
	}
	return -1;
}

/* After the server's close_notify only the end of file is of interest. */
static ssize_t
read_raw(struct check *check, void *bytes, size_t size)
{
	ssize_t got = recv(check->fd, bytes, size, 0);

	if (got == 0)
		check->stream.ended = true;
	return got;
}

ssize_t
check_tls_read(struct check *check, void *bytes, size_t size)
{
	SSL *ssl = check->stream.tls;
	size_t got;
	int error;

	if (SSL_get_shutdown(ssl) & SSL_RECEIVED_SHUTDOWN)
		return read_raw(check, bytes, size);
	ERR_clear_error();
	if (SSL_read_ex(ssl, bytes, size, &got) == 1)
		return (ssize_t)got;
	error = SSL_get_error(ssl, 0);
	if (error == SSL_ERROR_ZERO_RETURN)
		return 0;
	return failed(check, error);
}

ssize_t
check_tls_write(struct check *check, const void *bytes, size_t size)
{
	SSL *ssl = check->stream.tls;
	size_t sent;

	ERR_clear_error();
	if (SSL_write_ex(ssl, bytes, size, &sent) == 1)
		return (ssize_t)sent;
	return failed(check, SSL_get_error(ssl, 0));
}

bool
check_tls_pending(const struct check *check)
{
	return SSL_pending(check->stream.tls) > 0;
}

void
check_tls_close(struct check *check)
{
	ERR_clear_error();
	(void)SSL_shutdown(check->stream.tls);
	ERR_clear_error();
}

void
check_tls_release(struct check *check)
{
	SSL_free(check->stream.tls);
	check->stream.tls = NULL;
}
