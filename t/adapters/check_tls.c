/* SPDX-License-Identifier: ISC */

/*
 * TLS of checks against nginx, with certificates of all kinds, through a bad
 * network, and against what isn't TLS.
 */

#include <sys/resource.h>
#include <sys/socket.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/xmalloc.h"
#include "check_harness.h"
#include "check_nginx.h"
#include "check_proxy.h"
#include "check_server.h"

/* Handshakes take processor time, which a busy machine doesn't have. */
#define PATIENCE 5000 /* ms */

static struct nginx nginx;
static char root[] = "/", ca[128], missing[] = "/nonexistent/ca.pem";
static char good_name[] = "good.example", other_name[] = "other.example";

static struct conf_check
tls_conf(enum check_type type, enum nginx_server server)
{
	struct conf_check conf = make_conf(type, nginx.ports[server]);

	conf.tls = true;
	conf.path = root;
	conf.timeout = PATIENCE;
	return conf;
}

static void
probe(const struct conf_check *conf, uint8_t family, struct outcome *outcome)
{
	struct check_target target = {.vip = loopback(family)};

	start(conf, &target, outcome);
}

static void
test_passes(void **state)
{
	static const enum check_type types[] = {CHECK_TCP, CHECK_HTTPS};
	struct conf_check conf;
	struct outcome outcome;
	size_t i;

	(void)state;
	for (i = 0; i < 4; i++) {
		if (i % 2 == 1 && !nginx.ipv6)
			continue;
		conf = tls_conf(types[i / 2], NGINX_GOOD);
		probe(&conf, i % 2 ? AF_INET6 : AF_INET, &outcome);
		expect_result(&outcome, CHECK_PASSED,
		    i / 2 ? "HTTP 200" : "connected, with TLS");
		assert_int_not_equal(outcome.result.phase[CHECK_PHASE_TLS], 0);
		assert_string_equal(outcome.result.warning, "");
	}
	assert_non_null(
	    strstr(outcome.result.received, "HTTP/1.1 200 OK\\r\\n"));
}

/* What verifying makes of each certificate, by each name. */
static void
test_verify(void **state)
{
	static const struct {
		enum nginx_server server;
		char *sni, *host, *ca;
		enum check_outcome outcome;
		const char *detail;
	} cases[] = {
	    {NGINX_GOOD, good_name, NULL, ca, CHECK_PASSED, "200"},
	    {NGINX_GOOD, NULL, good_name, ca, CHECK_PASSED, "200"},
	    {NGINX_GOOD, NULL, NULL, ca, CHECK_PASSED, "200"},
	    {NGINX_SOON, NULL, NULL, ca, CHECK_PASSED, "200"},
	    {NGINX_OTHER, other_name, good_name, ca, CHECK_PASSED, "200"},
	    {NGINX_GOOD, other_name, NULL, ca, CHECK_BAD_TLS,
		"certificate for other.example: hostname mismatch"},
	    {NGINX_OTHER, NULL, good_name, ca, CHECK_BAD_TLS,
		"certificate for good.example: hostname mismatch"},
	    {NGINX_OTHER, NULL, NULL, ca, CHECK_BAD_TLS,
		"certificate for 127.0.0.1: IP address mismatch"},
	    {NGINX_EXPIRED, NULL, NULL, ca, CHECK_BAD_TLS,
		"certificate for 127.0.0.1: certificate has expired"},
	    {NGINX_SELF, NULL, NULL, ca, CHECK_BAD_TLS, "self-signed"},
	    {NGINX_GOOD, NULL, NULL, NULL, CHECK_BAD_TLS,
		"unable to get local issuer certificate"},
	    {NGINX_GOOD, NULL, NULL, missing, CHECK_LOCAL_ERROR,
		"/nonexistent/ca.pem: No such file or directory"},
	};
	struct conf_check conf;
	struct outcome outcome;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		conf = tls_conf(CHECK_HTTPS, cases[i].server);
		conf.tls_conf.verify = true;
		conf.tls_conf.sni = cases[i].sni;
		conf.tls_conf.ca = cases[i].ca;
		conf.host = cases[i].host;
		probe(&conf, AF_INET, &outcome);
		expect_result(&outcome, cases[i].outcome, cases[i].detail);
		/* Without verifying they are all the same. */
		conf.tls_conf.verify = false;
		conf.tls_conf.ca = NULL;
		probe(&conf, AF_INET, &outcome);
		expect_result(&outcome, CHECK_PASSED, "200");
	}
}

/* The file is read again once it has changed, and is not kept for ever. */
static void
test_ca_changes(void **state)
{
	struct conf_check conf = tls_conf(CHECK_HTTPS, NGINX_GOOD);
	char *path = xasprintf("%s/changing", nginx.directory), *command;
	struct outcome outcome;
	size_t i;

	(void)state;
	conf.tls_conf.verify = true;
	conf.tls_conf.ca = path;
	for (i = 0; i < 4; i++) {
		command = xasprintf("cp %s/%s.pem %s", nginx.directory,
		    i % 2 ? "self" : "ca", path);
		assert_int_equal(system(command), 0);
		free(command);
		probe(&conf, AF_INET, &outcome);
		if (i % 2 == 0)
			expect_result(&outcome, CHECK_PASSED, "200");
		else
			expect_result(&outcome, CHECK_BAD_TLS, "certificate");
	}
	command = xasprintf("echo nothing >%s", path);
	assert_int_equal(system(command), 0);
	free(command);
	probe(&conf, AF_INET, &outcome);
	expect_result(&outcome, CHECK_LOCAL_ERROR, "no certificate in it");
	free(path);
}

/* So is what the system trusts. */
static void
test_system_changes(void **state)
{
	struct conf_check conf = tls_conf(CHECK_HTTPS, NGINX_GOOD);
	char *path = xasprintf("%s/system", nginx.directory), *command;
	struct outcome outcome;
	size_t i;

	(void)state;
	setenv("SSL_CERT_FILE", path, 1);
	conf.tls_conf.verify = true;
	for (i = 0; i < 4; i++) {
		command = xasprintf("cp %s/%s.pem %s", nginx.directory,
		    i % 2 ? "self" : "ca", path);
		assert_int_equal(system(command), 0);
		free(command);
		probe(&conf, AF_INET, &outcome);
		if (i % 2 == 0)
			expect_result(&outcome, CHECK_PASSED, "200");
		else
			expect_result(&outcome, CHECK_BAD_TLS, "certificate");
	}
	unsetenv("SSL_CERT_FILE");
	free(path);
}

static void
test_expiry(void **state)
{
	static const struct {
		enum nginx_server server;
		unsigned expiry;
		const char *warning;
	} cases[] = {
	    {NGINX_GOOD, 100, ""},
	    {NGINX_GOOD, 101, "certificate expires in 100 days (20"},
	    {NGINX_SOON, 6, ""},
	    {NGINX_SOON, 7, "certificate expires in 6 days (20"},
	    {NGINX_SOON, 0, ""},
	    {NGINX_EXPIRED, 0, ""},
	    {NGINX_EXPIRED, 1, "certificate expired on 20"},
	};
	struct conf_check conf;
	struct outcome outcome;
	const char *warning = outcome.result.warning;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		conf = tls_conf(CHECK_HTTPS, cases[i].server);
		conf.tls_conf.expiry = cases[i].expiry;
		probe(&conf, AF_INET, &outcome);
		expect_result(&outcome, CHECK_PASSED, "200");
		if (cases[i].warning[0] == '\0')
			assert_string_equal(warning, "");
		else
			assert_non_null(strstr(warning, cases[i].warning));
	}
}

/* The name that is sent: none is an address. */
static void
test_sni(void **state)
{
	static char with_port[] = "good.example:8443", address[] = "192.0.2.7",
		    ipv6[] = "[2001:db8::1]:443", path[] = "/sni",
		    nobody[] = ":8443";
	static const struct {
		char *sni, *host;
		const char *seen;
	} cases[] = {
	    {NULL, NULL, "sni=;"},
	    {good_name, NULL, "sni=good.example;"},
	    {good_name, other_name, "sni=good.example;"},
	    {NULL, other_name, "sni=other.example;"},
	    {NULL, with_port, "sni=good.example;"},
	    {NULL, address, "sni=;"},
	    {NULL, ipv6, "sni=;"},
	};
	struct conf_check conf;
	struct outcome outcome;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		conf = tls_conf(CHECK_HTTPS, NGINX_GOOD);
		conf.tls_conf.sni = cases[i].sni;
		conf.host = cases[i].host;
		conf.path = path;
		probe(&conf, AF_INET, &outcome);
		expect_result(&outcome, CHECK_PASSED, "200");
		assert_non_null(strstr(outcome.result.received, cases[i].seen));
	}
	/* no name at all */
	conf = tls_conf(CHECK_TCP, NGINX_GOOD);
	conf.host = nobody;
	conf.tls_conf.verify = true;
	conf.tls_conf.ca = ca;
	probe(&conf, AF_INET, &outcome);
	expect_result(&outcome, CHECK_PASSED, "connected, with TLS");
}

/* A byte at a time, through the handshake and the response. */
static void
test_pieces(void **state)
{
	static const struct proxy_script byte = {.piece = 1},
					 seven = {.piece = 7};
	struct conf_check conf = tls_conf(CHECK_HTTPS, NGINX_GOOD);
	struct outcome outcome;
	struct proxy *proxy;
	size_t i;

	(void)state;
	conf.tls_conf.verify = true;
	conf.tls_conf.ca = ca;
	for (i = 0; i < 2; i++) {
		proxy = proxy_new(
		    base, nginx.ports[NGINX_GOOD], i == 0 ? &byte : &seven);
		conf.port = proxy_port(proxy);
		probe(&conf, AF_INET, &outcome);
		expect_result(&outcome, CHECK_PASSED, "200");
		proxy_free(proxy);
	}
}

/* How many bytes a whole exchange sends to the client. */
static size_t
exchange_size(void)
{
	static const struct proxy_script all;
	struct conf_check conf = tls_conf(CHECK_HTTPS, NGINX_GOOD);
	struct proxy *proxy = proxy_new(base, conf.port, &all);
	struct outcome outcome;
	size_t size;

	conf.port = proxy_port(proxy);
	probe(&conf, AF_INET, &outcome);
	expect_result(&outcome, CHECK_PASSED, "200");
	size = proxy_passed(proxy);
	proxy_free(proxy);
	return size;
}

/* Closed after some bytes, anywhere: never a pass before there is a status. */
static void
test_cut(void **state)
{
	struct proxy_script script = {.cut = true};
	struct conf_check conf = tls_conf(CHECK_HTTPS, NGINX_GOOD);
	size_t size = exchange_size(), passed = 0, step = size / 40 + 1;
	unsigned fds = fd_count();
	struct outcome outcome;
	struct proxy *proxy;
	const struct check_result *r = &outcome.result;

	(void)state;
	for (script.stop = 1; script.stop < size; script.stop += step) {
		proxy = proxy_new(base, nginx.ports[NGINX_GOOD], &script);
		conf.port = proxy_port(proxy);
		probe(&conf, AF_INET, &outcome);
		assert_true(wait_until(has_result, &outcome, GUARD));
		if (r->outcome == CHECK_PASSED) {
			passed++;
			assert_non_null(strstr(r->received, "HTTP/1.1 200"));
		} else {
			assert_true(r->outcome == CHECK_CLOSED ||
			    r->outcome == CHECK_BAD_TLS);
			assert_int_not_equal(r->detail[0], '\0');
		}
		proxy_free(proxy);
	}
	assert_in_range(passed, 0, 20);
	assert_int_equal(fd_count(), fds);
}

/* Silence after some bytes; cancelled, or left to its timeout. */
static void
test_stall(void **state)
{
	struct proxy_script script = {.stop = 1};
	struct conf_check conf = tls_conf(CHECK_HTTPS, NGINX_GOOD);
	size_t size = exchange_size(), step = size / 12 + 1;
	unsigned fds = fd_count();
	struct outcome outcome;
	struct proxy *proxy;
	struct check *check;

	(void)state;
	for (; script.stop < size; script.stop += step) {
		proxy = proxy_new(base, nginx.ports[NGINX_GOOD], &script);
		conf.port = proxy_port(proxy);
		check = start(&conf, NULL, &outcome);
		while (proxy_passed(proxy) < script.stop)
			event_base_loop(base, EVLOOP_ONCE);
		event_base_loop(base, EVLOOP_NONBLOCK);
		if (outcome.calls == 0)
			check_cancel(check);
		proxy_free(proxy);
		assert_int_equal(fd_count(), fds);
	}
	script.stop = 100;
	conf.timeout = TIMEOUT;
	proxy = proxy_new(base, nginx.ports[NGINX_GOOD], &script);
	conf.port = proxy_port(proxy);
	probe(&conf, AF_INET, &outcome);
	expect_result(&outcome, CHECK_TIMEOUT, "no TLS handshake in 250 ms");
	proxy_free(proxy);
}

static void
test_not_tls(void **state)
{
	static const struct {
		struct server_script script;
		enum check_outcome outcome;
		const char *detail;
	} cases[] = {
	    {{"SSH-2.0-OpenSSH_9.2\r\n", END_SILENCE}, CHECK_BAD_TLS,
		"TLS handshake: what came is not TLS"},
	    {{"HTTP/1.1 400 Bad Request\r\n\r\n", END_CLOSE}, CHECK_BAD_TLS,
		"what came is not TLS"},
	    {{"\x15\x03\x01\x01\x02\x02\x28", END_SILENCE}, CHECK_TIMEOUT,
		"no TLS handshake in"},
	    {{"\x15\x03\x03\x7f\xff xxxx", END_AGAIN}, CHECK_BAD_TLS,
		"TLS handshake: "},
	    {{"", END_CLOSE}, CHECK_CLOSED,
		"closed by the server during the TLS handshake"},
	    {{"\x16\x03\x03", END_CLOSE}, CHECK_CLOSED, "handshake"},
	    {{"", END_RESET}, CHECK_CLOSED, "TLS handshake: "},
	    {{"", END_SILENCE}, CHECK_TIMEOUT, "no TLS handshake in"},
	};
	struct conf_check conf = tls_conf(CHECK_HTTPS, NGINX_PLAIN);
	struct outcome outcome;
	struct server *server;
	size_t i;

	(void)state;
	conf.timeout = TIMEOUT;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		server = server_new(base, AF_INET, &cases[i].script);
		server_be_hasty(server);
		conf.port = server_port(server);
		probe(&conf, AF_INET, &outcome);
		expect_result(&outcome, cases[i].outcome, cases[i].detail);
		server_free(server);
	}
	conf.timeout = PATIENCE;
	conf.port = nginx.ports[NGINX_PLAIN];
	probe(&conf, AF_INET, &outcome);
	expect_result(&outcome, CHECK_BAD_TLS, "what came is not TLS");
}

static void
test_large(void **state)
{
	static char path[] = "/large";
	struct conf_check conf = tls_conf(CHECK_HTTPS, NGINX_GOOD);
	struct outcome outcome;

	(void)state;
	conf.path = path;
	probe(&conf, AF_INET, &outcome);
	expect_result(&outcome, CHECK_BAD_RESPONSE, "goes on after");
}

/* Nothing is logged by a server, at level info, and no port is used up. */
static void
test_quiet(void **state)
{
	struct conf_check http = tls_conf(CHECK_HTTPS, NGINX_GOOD);
	struct conf_check tcp = tls_conf(CHECK_TCP, NGINX_GOOD);
	char *before = nginx_log(&nginx), *after;
	struct outcome outcome;
	unsigned i;

	(void)state;
	assert_int_not_equal(before[0], '\0'); /* the tests above were loud */
	for (i = 0; i < 50; i++) {
		probe(i % 2 ? &http : &tcp, AF_INET, &outcome);
		assert_true(wait_until(has_result, &outcome, GUARD));
		assert_int_equal(outcome.result.outcome, CHECK_PASSED);
	}
	after = nginx_log(&nginx);
	assert_string_equal(after, before);
	assert_int_equal(time_wait_count(http.port), 0);
	free(before);
	free(after);
}

/* What a session takes is given back, whether it ended or was cancelled. */
static void
test_memory(void **state)
{
	struct conf_check conf = tls_conf(CHECK_HTTPS, NGINX_GOOD);
	struct rusage before = {0}, after;
	struct outcome outcome;
	struct check *check;
	unsigned i;

	(void)state;
	for (i = 0; i < 220; i++) {
		if (i == 20)
			getrusage(RUSAGE_SELF, &before);
		check = start(&conf, NULL, &outcome);
		if (i % 2 == 0) {
			assert_true(wait_until(has_result, &outcome, GUARD));
			continue;
		}
		/* connected, at least */
		event_base_loop(base, EVLOOP_ONCE);
		check_cancel(check);
	}
	getrusage(RUSAGE_SELF, &after);
#ifndef __SANITIZE_ADDRESS__ /* which keeps what was freed */
	assert_in_range(after.ru_maxrss - before.ru_maxrss, 0, 1500 /* KiB */);
#endif
}

static int
start_nginx(void **state)
{
	(void)state;
	/* What is written to a socket that was closed must not raise it. */
	signal(SIGPIPE, SIG_DFL);
	snprintf(ca, sizeof(ca), "%s/ca.pem", nginx.directory);
	return 0;
}

static int
stop_nginx(void **state)
{
	(void)state;
	nginx_stop(&nginx);
	return 0;
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    TEST(test_passes),
	    TEST(test_verify),
	    TEST(test_ca_changes),
	    TEST(test_system_changes),
	    TEST(test_expiry),
	    TEST(test_sni),
	    TEST(test_pieces),
	    TEST(test_cut),
	    TEST(test_stall),
	    TEST(test_not_tls),
	    TEST(test_large),
	    TEST(test_quiet),
	    TEST(test_memory),
	};

	if (nginx_start(&nginx) == -1) {
		printf("1..0 # SKIP nginx can't be run\n");
		return 0;
	}
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, start_nginx, stop_nginx);
}
