/* SPDX-License-Identifier: ISC */

/*
 * Posting by HTTP, with evhttp's client: see http_post.h.
 *
 * evhttp goes on using a connection after it has called back, so what follows
 * from an answer is left to an event of our own.  It can't tell a connection
 * that the server closed a moment ago, so a request that got no answer over one
 * that was used before is sent once more, over a new one.
 */

#include <sys/queue.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/http_struct.h>
#include <event2/keyvalq_struct.h>

#include "adapters/http_post_private.h"
#include "adapters/secret_line.h"
#include "base/log.h"
#include "base/monotime.h"
#include "base/xmalloc.h"

#define RETRY_AFTER_MAX 3600 /* seconds that a server may ask for */

static void
clear_request(struct http_post *p)
{
	url_clear(&p->server);
	free(p->trust.ca);
	free(p->path);
	free(p->type);
	secret_line_free(p->authorization);
	free(p->body);
	p->trust.ca = p->path = p->type = p->authorization = p->body = NULL;
}

static void
clear_answer(struct http_post *p)
{
	free(p->answer);
	p->answer = NULL;
	p->answer_length = 0;
	p->status = 0;
	p->retry_after = 0;
	p->error[0] = '\0';
	p->cause = -1;
}

/* It is over: tell, which may begin the next one. */
static void
tell(struct http_post *p)
{
	struct http_answer answer = {.status = p->status,
	    .retry_after = p->retry_after,
	    .body = p->answer != NULL ? p->answer : "",
	    .length = p->answer_length};
	char error[ERROR_LEN], *body = p->answer;

	snprintf(error, sizeof(error), "%s", p->error);
	if (p->status == 0)
		answer.error = error;
	p->answer = NULL;
	evtimer_del(p->deadline);
	clear_request(p);
	p->busy = false;
	p->cb(p->arg, &answer);
	free(body);
}

static void
finish_soon(struct http_post *p)
{
	struct timeval now = {0};

	evtimer_add(p->finish, &now);
}

static void
on_finish(evutil_socket_t fd, short what, void *arg)
{
	struct http_post *p = arg;
	bool stale = p->used && !p->again && p->status == 0;

	(void)fd;
	(void)what;
	if (p->broken || (p->busy && p->status == 0))
		http_post_unlink(p);
	if (!p->busy)
		return;
	if (stale) {
		p->again = true;
		clear_answer(p);
		http_post_link(p);
		return;
	}
	if (p->link != NULL)
		p->used = true;
	tell(p);
}

static void
on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct http_post *p = arg;

	(void)fd;
	(void)what;
	clear_answer(p);
	snprintf(p->error, sizeof(p->error), "no answer in %u.%u s",
	    p->timeout / 1000, p->timeout % 1000 / 100);
	evtimer_del(p->finish);
	http_post_unlink(p);
	tell(p);
}

/* Only what can be the reason: else it is of something before. */
static const char *
system_error(int error, bool connected)
{
	static const int known[] = {ECONNREFUSED, ECONNRESET, EHOSTUNREACH,
	    ENETUNREACH, ETIMEDOUT, EPIPE, EACCES, EPERM, EADDRNOTAVAIL};
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (error == known[i])
			return strerror(error);
	return connected ? "the connection was closed without an answer"
			 : "no connection can be made";
}

/* Before anything else may change errno, which evhttp may have done. */
static void
explain(struct http_post *p, bool connected, int error)
{
	const char *why;

	if (p->error[0] != '\0' || http_post_tls_error(p))
		return;
	switch (p->cause) {
	case EVREQ_HTTP_TIMEOUT:
		why = "no answer in time";
		break;
	case EVREQ_HTTP_INVALID_HEADER:
		why = "the answer is not HTTP";
		break;
	case EVREQ_HTTP_DATA_TOO_LONG:
		why = "the answer is too long";
		break;
	default:
		why = system_error(error, connected);
	}
	snprintf(p->error, sizeof(p->error), "%s", why);
}

static void
on_error(enum evhttp_request_error cause, void *arg)
{
	((struct http_post *)arg)->cause = (int)cause;
}

/* RFC 9110, section 10.2.3: seconds; a date is taken for "not said". */
static unsigned
retry_after_of(struct evkeyvalq *headers)
{
	const char *value = evhttp_find_header(headers, "Retry-After");
	const char *wrong;
	long long seconds;

	if (value == NULL)
		return 0;
	seconds = strtonum(value, 0, RETRY_AFTER_MAX, &wrong);
	return wrong == NULL ? (unsigned)seconds : 0;
}

/* RFC 9112, section 9.3 */
static bool
closes(struct evhttp_request *request, struct evkeyvalq *headers)
{
	const char *value = evhttp_find_header(headers, "Connection");

	if (value != NULL && strcasecmp(value, "close") == 0)
		return true;
	return request->major < 1 ||
	    (request->major == 1 && request->minor < 1);
}

static void
keep_answer(struct http_post *p, struct evhttp_request *request)
{
	struct evkeyvalq *headers = evhttp_request_get_input_headers(request);
	struct evbuffer *in = evhttp_request_get_input_buffer(request);
	size_t length = evbuffer_get_length(in);

	p->status = evhttp_request_get_response_code(request);
	p->retry_after = retry_after_of(headers);
	p->answer = xcalloc(1, length + 1);
	p->answer_length = length;
	evbuffer_copyout(in, p->answer, length);
	if (closes(request, headers))
		p->broken = true;
}

static void
on_done(struct evhttp_request *request, void *arg)
{
	int error = errno;
	struct http_post *p = arg;

	if (request != NULL && evhttp_request_get_response_code(request) != 0)
		keep_answer(p, request);
	else /* evhttp gives us a request that it never sent */
		explain(p, request == NULL, error);
	finish_soon(p);
}

/* A name in a URL may need its port said, and an IPv6 address brackets. */
static void
add_headers(struct http_post *p, struct evhttp_request *request)
{
	struct evkeyvalq *out = evhttp_request_get_output_headers(request);
	bool six = strchr(p->server.host, ':') != NULL;
	char *host = xasprintf("%s%s%s:%u", six ? "[" : "", p->server.host,
	    six ? "]" : "", p->server.port);

	evhttp_add_header(out, "Host", host);
	evhttp_add_header(out, "Content-Type", p->type);
	evhttp_add_header(out, "Accept", "application/json");
	evhttp_add_header(out, "User-Agent", "vc5d");
	if (p->authorization != NULL)
		evhttp_add_header(out, "Authorization", p->authorization);
	free(host);
}

void
http_post_linked(struct http_post *p)
{
	struct evhttp_request *request;

	if (p->link == NULL) {
		finish_soon(p);
		return;
	}
	request = evhttp_request_new(on_done, p);
	if (request == NULL)
		fatalx("no memory for a request");
	evhttp_request_set_error_cb(request, on_error);
	add_headers(p, request);
	evbuffer_add(
	    evhttp_request_get_output_buffer(request), p->body, p->length);
	if (evhttp_make_request(p->link, request, EVHTTP_REQ_POST, p->path) ==
	    -1) {
		explain(p, false, errno);
		finish_soon(p);
	}
}

struct http_post *
http_post_new(struct event_base *base, http_post_cb *cb, void *arg)
{
	struct http_post *p = xcalloc(1, sizeof(*p));

	p->base = base;
	p->cb = cb;
	p->arg = arg;
	p->deadline = evtimer_new(base, on_deadline, p);
	p->finish = evtimer_new(base, on_finish, p);
	if (p->deadline == NULL || p->finish == NULL)
		fatalx("no memory for timers");
	return p;
}

void
http_post_free(struct http_post *p)
{
	if (p == NULL)
		return;
	http_post_unlink(p);
	event_free(p->deadline);
	event_free(p->finish);
	clear_request(p);
	clear_answer(p);
	free(p);
}

static char *
copy_text(const char *text)
{
	return text != NULL ? xstrdup(text) : NULL;
}

static void
copy_request(struct http_post *p, const struct http_request *r)
{
	p->server = (struct url){.tls = r->server->tls,
	    .host = xstrdup(r->server->host),
	    .port = r->server->port,
	    .path = xstrdup("")};
	p->trust.verify = r->trust->verify;
	p->trust.ca = copy_text(r->trust->ca);
	p->path = xstrdup(r->path);
	p->type = xstrdup(r->type);
	p->authorization = copy_text(r->authorization);
	p->body = xcalloc(1, r->length + 1);
	memcpy(p->body, r->body, r->length);
	p->length = r->length;
	p->timeout = r->timeout;
}

void
http_post_send(struct http_post *p, const struct http_request *r)
{
	struct timeval timeout = monotime_timeval(r->timeout);

	clear_answer(p);
	copy_request(p, r);
	p->busy = true;
	p->again = false;
	evtimer_add(p->deadline, &timeout);
	http_post_link(p);
}

bool
http_post_is_busy(const struct http_post *p)
{
	return p->busy;
}

void
http_post_forget(struct http_post *p)
{
	if (!p->busy)
		http_post_unlink(p);
}
