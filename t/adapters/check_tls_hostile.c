/* SPDX-License-Identifier: ISC */

/*
 * TLS of checks against servers that mean harm: they send records without end
 * that are no data, or would have the client work for seconds.
 */

#include <sys/socket.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <event2/event.h>
#include <openssl/ssl.h>

#include "check_certificate.h"
#include "check_harness.h"
#include "check_server.h"

static char directory[] = "/tmp/check_tls_hostile.XXXXXX", root[] = "/";

/* What a server sends, again and again, once the connection stands. */
typedef int send_fn(SSL *);

static int
send_ticket(SSL *ssl)
{
	return SSL_new_session_ticket(ssl) == 1 && SSL_do_handshake(ssl) == 1;
}

static int
send_key_update(SSL *ssl)
{
	return SSL_key_update(ssl, SSL_KEY_UPDATE_NOT_REQUESTED) == 1 &&
	    SSL_do_handshake(ssl) == 1;
}

static SSL_CTX *
server_context(void)
{
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/bad.pem", directory);
	if (context == NULL ||
	    SSL_CTX_use_certificate_file(context, path, SSL_FILETYPE_PEM) !=
		1 ||
	    SSL_CTX_use_PrivateKey_file(context, path, SSL_FILETYPE_PEM) != 1)
		fail_msg("no context");
	return context;
}

/* One client is served, and then the process is gone. */
static void
serve_one(SSL_CTX *context, send_fn *send, int listener)
{
	SSL *ssl = SSL_new(context);
	int fd;

	alarm(2 * GUARD);
	fcntl(listener, F_SETFL, 0); /* it may wait */
	fd = accept(listener, NULL, NULL);
	if (fd != -1 && ssl != NULL && SSL_set_fd(ssl, fd) == 1 &&
	    SSL_accept(ssl) == 1)
		while (send != NULL && send(ssl))
			continue;
	_exit(0);
}

static void
probe(SSL_CTX *context, send_fn *send, enum check_outcome outcome,
    const char *detail)
{
	uint16_t port;
	int fd = loopback_socket(AF_INET, 8, &port);
	struct conf_check conf = make_conf(CHECK_HTTPS, port);
	struct outcome result;
	pid_t pid = fork();

	assert_int_not_equal(pid, -1);
	if (pid == 0)
		serve_one(context, send, fd);
	conf.tls = true;
	conf.path = root;
	conf.timeout = 2000;
	alarm(2 * GUARD); /* as a loop that never turns has no other end */
	start(&conf, NULL, &result);
	expect_result(&result, outcome, detail);
	alarm(0);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(fd);
	SSL_CTX_free(context);
}

/* Its timeout ends the probe, whatever comes meanwhile. */
static void
test_floods(void **state)
{
	(void)state;
	probe(server_context(), send_ticket, CHECK_TIMEOUT, "no status in");
	probe(server_context(), send_key_update, CHECK_TIMEOUT, "no status in");
}

/* As do those who have nothing but Diffie-Hellman with numbers of any size. */
static void
test_large_numbers(void **state)
{
	SSL_CTX *context = server_context();

	(void)state;
	SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
	SSL_CTX_set_dh_auto(context, 1);
	assert_int_equal(SSL_CTX_set_cipher_list(context, "kDHE"), 1);
	probe(context, NULL, CHECK_BAD_TLS, "handshake failure");
	context = server_context();
	SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
	assert_int_equal(SSL_CTX_set1_groups_list(context, "ffdhe2048"), 1);
	probe(context, NULL, CHECK_BAD_TLS, "handshake failure");
}

static int
make_certificate(void **state)
{
	static const struct certificate_wish wish = {
	    "bad", "DNS:bad.example", 100, NULL};

	(void)state;
	if (mkdtemp(directory) == NULL)
		return -1;
	return certificate_make(directory, &wish);
}

static int
remove_certificate(void **state)
{
	char path[PATH_MAX];

	(void)state;
	snprintf(path, sizeof(path), "%s/bad.pem", directory);
	unlink(path);
	return rmdir(directory);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    TEST(test_floods),
	    TEST(test_large_numbers),
	};

	signal(SIGPIPE, SIG_IGN);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(
	    tests, make_certificate, remove_certificate);
}
