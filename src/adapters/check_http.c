/* SPDX-License-Identifier: ISC */

/*
 * The check that an HTTP/1.1 server answers with an expected status.
 */

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <event2/event.h>

#include "adapters/check_type.h"
#include "base/xmalloc.h"
#include "config.h"
#include "core/http_response.h"

#define HTTP_PORT  80
#define HTTPS_PORT 443
#define EXCERPT	   40 /* bytes of a bad response that are shown */

struct http_state {
	char *request;
	size_t length, sent; /* of the request */
	struct http_response response;
	char excerpt[EXCERPT + 1]; /* the response's first bytes */
};

/* The value of Host (RFC 9110, section 7.2). */
static char *
http_host(const struct conf_check *conf, const struct addr *vip)
{
	char text[ADDR_STRLEN], port[8] = "";
	bool brackets = vip->family == AF_INET6;

	if (conf->host != NULL)
		return xstrdup(conf->host);
	if (conf->port != (conf->tls ? HTTPS_PORT : HTTP_PORT))
		snprintf(port, sizeof(port), ":%u", conf->port);
	return xasprintf("%s%s%s%s", brackets ? "[" : "",
	    addr_format(vip, text), brackets ? "]" : "", port);
}

static char *
http_request(const struct conf_check *conf, const struct addr *vip)
{
	char *host = http_host(conf, vip), *request;

	request =
	    xasprintf("%s %s HTTP/1.1\r\n"
		      "Host: %s\r\n"
		      "User-Agent: vc5d/" PACKAGE_VERSION " health check\r\n"
		      "Accept: */*\r\n"
		      "Connection: close\r\n"
		      "\r\n",
		conf->method, conf->path, host);
	free(host);
	return request;
}

/*
 * An error on sending is not looked at: what the server said before it closed,
 * if anything, is the better answer, and reading tells the error too.
 */
static void
http_send(struct check *check, struct http_state *http)
{
	ssize_t sent;

	while (http->sent < http->length) {
		sent = check_write(check, http->request + http->sent,
		    http->length - http->sent);
		if (sent == -1 && errno == EINTR)
			continue;
		if (sent == -1 && errno == EAGAIN) {
			check_wait(check, EV_WRITE);
			return;
		}
		if (sent == -1)
			http->sent = http->length;
		else
			http->sent += sent;
	}
	check_wait(check, EV_READ);
}

static void
http_connected(struct check *check)
{
	struct http_state *http = check_state(check);

	http->request =
	    http_request(check_conf(check), &check_target(check)->vip);
	http->length = strlen(http->request);
	check_sent(check, http->request, http->length);
	http_send(check, http);
}

static bool
http_expected(const struct conf_check *conf, unsigned status)
{
	size_t i;

	for (i = 0; i < conf->expect_count; i++)
		if (status >= conf->expect[i].low &&
		    status <= conf->expect[i].high)
			return true;
	return false;
}

/* "200, 300-399", as much as there is room for. */
static const char *
http_expectation(const struct conf_check *conf, char *buf, size_t size)
{
	const struct conf_range *range;
	size_t length = 0, i;

	buf[0] = '\0';
	for (i = 0; i < conf->expect_count && length < size; i++) {
		range = &conf->expect[i];
		length += snprintf(buf + length, size - length,
		    range->low == range->high ? "%s%u" : "%s%u-%u",
		    i > 0 ? ", " : "", range->low, range->high);
	}
	return buf;
}

static void
http_decide(struct check *check, unsigned status)
{
	const struct conf_check *conf = check_conf(check);
	char expectation[80];

	if (http_expected(conf, status))
		check_decide(check, CHECK_PASSED, "HTTP %u", status);
	else
		check_decide(check, CHECK_BAD_STATUS, "HTTP %u, not %s", status,
		    http_expectation(conf, expectation, sizeof(expectation)));
	check_drain(check);
}

/* The first line as far as it can be printed; detail wants ASCII anyway. */
static void
http_bad(struct check *check, struct http_state *http)
{
	if (http->response.length > HTTP_RESPONSE_MAX)
		check_decide(check, CHECK_BAD_RESPONSE,
		    "no status in the first %d bytes", HTTP_RESPONSE_MAX);
	else
		check_decide(check, CHECK_BAD_RESPONSE,
		    "not an HTTP/1 response: \"%.*s\"",
		    (int)strcspn(http->excerpt, "\r\n"), http->excerpt);
}

static void
http_keep_excerpt(struct http_state *http, const char *bytes, size_t count)
{
	size_t at = http->response.length, i;

	for (i = 0; i < count && at + i < EXCERPT; i++)
		http->excerpt[at + i] = bytes[i] != '\0' ? bytes[i] : '?';
}

static void
http_receive(struct check *check, struct http_state *http)
{
	char bytes[1024];
	ssize_t got = check_read(check, bytes, sizeof(bytes));

	if (got == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got == -1) {
		check_fail(check, errno, "waiting for the response");
		return;
	}
	if (got == 0) {
		check_decide(check, CHECK_CLOSED,
		    "closed by the server after %zu bytes, without a status",
		    http->response.length);
		return;
	}
	http_keep_excerpt(http, bytes, got);
	switch (http_response_feed(&http->response, bytes, got)) {
	case HTTP_RESPONSE_STATUS:
		http_decide(check, http->response.status);
		break;
	case HTTP_RESPONSE_BAD:
		http_bad(check, http);
		break;
	case HTTP_RESPONSE_MORE:
		break;
	}
}

static void
http_ready(struct check *check)
{
	struct http_state *http = check_state(check);

	if (http->sent < http->length)
		http_send(check, http);
	else
		http_receive(check, http);
}

static void
http_expired(struct check *check)
{
	struct http_state *http = check_state(check);

	check_decide(check, CHECK_TIMEOUT,
	    "connected, no status in %u ms (%zu bytes received)",
	    check_conf(check)->timeout, http->response.length);
}

static void
http_release(void *state)
{
	struct http_state *http = state;

	free(http->request);
}

const struct check_ops check_http = {
    .state_size = sizeof(struct http_state),
    .connected = http_connected,
    .ready = http_ready,
    .expired = http_expired,
    .release = http_release,
};
