/* SPDX-License-Identifier: ISC */

/*
 * The check that an HTTP/1.1 server answers with an expected status, and
 * maybe body.
 */

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "adapters/check_http.h"
#include "adapters/check_type.h"
#include "core/http_response.h"
#include "core/pattern.h"

#define EXCERPT	 40 /* bytes of a bad response that are shown */
#define EXPECTED 60 /* bytes of an expected body that are shown */

struct http_state {
	char *request;
	size_t length, sent; /* of the request */
	struct http_response response;
	bool over;		   /* all of it was seen, after the decision */
	char excerpt[EXCERPT + 1]; /* the response's first bytes */
};

/*
 * An error on sending is not looked at: what the server said before it closed,
 * if anything, is the better answer, and reading tells the error too.
 */
static void
http_send(struct check *check, struct http_state *http)
{
	switch (check_send(check, http->request, http->length, &http->sent)) {
	case 0:
		return;
	case -1:
		http->sent = http->length;
	}
	check_wait(check, EV_READ);
}

static void
http_connected(struct check *check)
{
	struct http_state *http = check_state(check);
	const struct conf_check *conf = check_conf(check);
	char *shown;

	http->request =
	    check_http_request(conf, &check_target(check)->vip, &shown);
	http->length = strlen(http->request);
	http->response.bodiless = strcmp(conf->method, "HEAD") == 0;
	if (conf->body.text != NULL)
		http->response.body.keep = conf->body.within;
	check_sent(check, shown, strlen(shown));
	free(shown);
	http_send(check, http);
}

static bool
http_expected(const struct conf_check *conf, unsigned status)
{
	size_t i;

	if (conf->expect_any)
		return true;
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

/*
 * Wait for the end of a response that was decided about.  A server that was
 * asked to closes the connection then.
 */
static void
http_over(struct check *check, bool complete)
{
	const struct conf_check *conf = check_conf(check);

	if (!complete)
		check_drain(check);
	else if (conf->keep_alive && !conf->tls)
		check_end(check);
	else
		check_finish(check);
}

static enum pattern_result
http_search(const struct conf_check *conf, const struct http_body *body)
{
	const char *kept = body->kept == NULL ? "" : body->kept;

	if (conf->body.regex)
		return pattern_search(
		    conf->body.pattern, kept, body->kept_length);
	return memmem(kept, body->kept_length, conf->body.text,
		   strlen(conf->body.text)) != NULL
	    ? PATTERN_MATCHES
	    : PATTERN_DIFFERS;
}

static void
http_judge_body(
    struct check *check, const struct http_response *response, bool done)
{
	const struct conf_check *conf = check_conf(check);
	enum pattern_result found = http_search(conf, &response->body);

	if (found == PATTERN_MATCHES)
		check_decide(check, CHECK_PASSED, "HTTP %u, with the body",
		    response->status);
	else if (found == PATTERN_GIVEN_UP)
		check_decide(check, CHECK_BAD_ANSWER,
		    "HTTP %u, but to search its body for \"%.*s\" takes too "
		    "long",
		    response->status, EXPECTED, conf->body.text);
	else
		check_decide(check, CHECK_BAD_ANSWER,
		    "HTTP %u, but %s%zu bytes of body don't %s \"%.*s\"",
		    response->status,
		    done && response->body.kept_length == response->body.total
			? ""
			: "the first ",
		    response->body.kept_length,
		    conf->body.regex ? "match" : "contain", EXPECTED,
		    conf->body.text);
}

/* The status is good, and so far the body is, too: is there enough of it? */
static void
http_look_at_body(struct check *check, const struct http_response *response,
    enum http_response_progress progress)
{
	bool done = progress == HTTP_RESPONSE_DONE;

	if (progress == HTTP_RESPONSE_BAD) {
		check_decide(check, CHECK_BAD_RESPONSE,
		    "HTTP %u, but its body is badly framed", response->status);
		http_over(check, false);
	} else if (done || response->body.kept_length == response->body.keep) {
		http_judge_body(check, response, done);
		http_over(check, done);
	}
}

static void
http_look(struct check *check, const struct http_response *response,
    enum http_response_progress progress)
{
	const struct conf_check *conf = check_conf(check);
	unsigned status = response->status;
	char expectation[80];

	if (!http_expected(conf, status))
		check_decide(check, CHECK_BAD_STATUS, "HTTP %u, not %s", status,
		    http_expectation(conf, expectation, sizeof(expectation)));
	else if (conf->body.text == NULL)
		check_decide(check, CHECK_PASSED, "HTTP %u", status);
	else {
		http_look_at_body(check, response, progress);
		return;
	}
	http_over(check, progress == HTTP_RESPONSE_DONE);
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

/* The server said that there is no more. */
static void
http_closed(struct check *check, const struct http_response *response)
{
	if (!response->known)
		check_decide(check, CHECK_CLOSED,
		    "closed by the server after %zu bytes, without a status",
		    response->length);
	else if (http_response_end(response) == HTTP_RESPONSE_DONE)
		http_look(check, response, HTTP_RESPONSE_DONE);
	else
		check_decide(check, CHECK_CLOSED,
		    "HTTP %u, but closed by the server after %llu bytes of "
		    "the body",
		    response->status, (unsigned long long)response->body.total);
}

static void
http_receive(struct check *check, struct http_state *http)
{
	struct http_response *response = &http->response;
	enum http_response_progress progress;
	char bytes[4096];
	ssize_t got = check_read(check, bytes, sizeof(bytes));

	if (got == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got == -1) {
		check_fail(check, errno, "waiting for the response");
		return;
	}
	if (got == 0) {
		http_closed(check, response);
		return;
	}
	http_keep_excerpt(http, bytes, got);
	progress = http_response_feed(response, bytes, got);
	if (response->known)
		http_look(check, response, progress);
	else if (progress == HTTP_RESPONSE_BAD)
		http_bad(check, http);
}

/* What still comes of a response that was decided about. */
static void
http_drained(struct check *check, const void *bytes, size_t count)
{
	struct http_state *http = check_state(check);

	if (!http->over &&
	    http_response_feed(&http->response, bytes, count) ==
		HTTP_RESPONSE_DONE) {
		http->over = true;
		http_over(check, true);
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
	const struct http_response *response = &http->response;

	if (!response->known)
		check_decide(check, CHECK_TIMEOUT,
		    "connected, no status in %u ms (%zu bytes received)",
		    check_conf(check)->timeout, response->length);
	else
		check_decide(check, CHECK_TIMEOUT,
		    "HTTP %u, no end of the body in %u ms (%llu bytes of it)",
		    response->status, check_conf(check)->timeout,
		    (unsigned long long)response->body.total);
}

static void
http_release(void *state)
{
	struct http_state *http = state;

	free(http->request);
	http_response_clear(&http->response);
}

const struct check_ops check_http = {
    .state_size = sizeof(struct http_state),
    .connected = http_connected,
    .ready = http_ready,
    .expired = http_expired,
    .drained = http_drained,
    .release = http_release,
};
