/* SPDX-License-Identifier: ISC */

/*
 * Shipping documents to Elasticsearch: see logship.h.
 *
 * One request is under way at a time.  A batch that fails waits again as it is;
 * one that is too large, or that the server hangs up on, is halved until a
 * single document is left, which is then at fault itself.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include <openssl/evp.h>

#include "adapters/http_post.h"
#include "adapters/logship.h"
#include "adapters/secret_line.h"
#include "base/log.h"
#include "base/monotime.h"
#include "base/xmalloc.h"
#include "core/bulk.h"
#include "core/excerpt.h"
#include "core/pace.h"

#define BATCH_BYTES   (2 << 20)
#define BACKOFF_FIRST 1000 /* ms */
#define BACKOFF_MAX   60000
#define FAILURES_TOLD 3 /* in a row, before that is a condition */
#define ERROR_MAX     384

struct logship {
	struct event_base *base;
	const struct conf_elasticsearch *conf;
	logship_cb *cb;
	void *arg;
	struct ship_queue queue;
	struct http_post *post;
	struct event *timer; /* when a batch is to be sent */
	bool backing_off;    /* until then nothing is */
	bool hurry;
	struct pace_backoff backoff;
	size_t batch;	   /* documents of a request, now */
	size_t at;	   /* of the URLs, which one is used */
	size_t tried;	   /* of them, since the last success */
	unsigned failures; /* in a row */
	char prefix[24];   /* of ids */
	char *server;	   /* as it is shown */
	struct logship_status count;
	char error[ERROR_MAX], last_error[ERROR_MAX];
};

const char *const logship_drop_names[LOGSHIP_DROPS] = {
    [LOGSHIP_QUEUE_FULL] = "queue_full",
    [LOGSHIP_REFUSED] = "refused",
    [LOGSHIP_TOO_LARGE] = "too_large",
};

static void
schedule(struct logship *s, unsigned ms)
{
	struct timeval tv = monotime_timeval(ms);

	evtimer_add(s->timer, &tv);
}

static bool
is_full_batch(const struct logship *s)
{
	return s->queue.count >= s->batch || s->queue.bytes >= BATCH_BYTES;
}

/* When the next batch is due, if nothing stands in its way. */
static void
schedule_next(struct logship *s)
{
	if (http_post_is_busy(s->post) || s->backing_off || s->queue.count == 0)
		return;
	if (is_full_batch(s) || s->hurry)
		schedule(s, 0);
	else if (!evtimer_pending(s->timer, NULL))
		schedule(s, s->conf->interval);
}

static void
set_server(struct logship *s)
{
	free(s->server);
	s->server = url_server(&s->conf->urls[s->at]);
}

/* What has gone wrong, for people; it may have in it what a server says. */
static void
note_error(struct logship *s, const char *error)
{
	snprintf(s->error, sizeof(s->error), "%s: %s", s->server, error);
	memcpy(s->last_error, s->error, sizeof(s->last_error));
}

static void
back_off(struct logship *s, unsigned at_least)
{
	unsigned wait = pace_back_off(
	    &s->backoff, BACKOFF_FIRST, BACKOFF_MAX, arc4random());

	s->backing_off = true;
	schedule(s, wait > at_least ? wait : at_least);
}

/* Of several addresses the next is tried at once, if it has not been yet. */
static void
fail_over(struct logship *s, unsigned at_least)
{
	s->at = (s->at + 1) % s->conf->url_count;
	set_server(s);
	if (++s->tried < s->conf->url_count) {
		s->backing_off = true;
		schedule(s, 0);
		return;
	}
	s->tried = 0;
	back_off(s, at_least);
}

static void
note_failure(struct logship *s, const char *error)
{
	note_error(s, error);
	s->count.failures++;
	if (++s->failures >= FAILURES_TOLD)
		s->cb(s->arg, s->error);
}

/* No good answer: the batch waits again, and so do we. */
static void
fail(struct logship *s, const char *error, unsigned at_least, bool elsewhere)
{
	if (s->queue.taken_count > 1)
		s->batch = (s->queue.taken_count + 1) / 2;
	ship_queue_return(&s->queue);
	note_failure(s, error);
	if (elsewhere)
		fail_over(s, at_least);
	else
		back_off(s, at_least);
}

/* Halved, until the one that is at fault is alone. */
static void
divide(struct logship *s, enum logship_drop reason, const char *error)
{
	size_t taken = s->queue.taken_count;

	note_failure(s, error);
	if (taken > 1) {
		s->batch = taken / 2;
		ship_queue_return(&s->queue);
	} else {
		s->count.dropped[reason]++;
		ship_queue_done(&s->queue, TAILQ_FIRST(&s->queue.taken));
	}
	s->backing_off = false;
	schedule(s, 0);
}

/* Does anything of what was said last still hold? */
static void
succeed(struct logship *s, const struct bulk_verdict *v)
{
	s->count.sent += v->created;
	s->count.retried += v->retried;
	s->count.dropped[LOGSHIP_REFUSED] += v->refused;
	s->tried = 0;
	if (v->error[0] != '\0') {
		note_error(s, v->error);
		if (v->refused > 0)
			s->cb(s->arg, s->error);
	} else {
		s->failures = 0;
		s->error[0] = '\0';
		s->cb(s->arg, NULL);
	}
	if (v->retried > 0) {
		back_off(s, 0);
		return;
	}
	s->backoff.next = 0;
	s->batch += s->batch / 4 + 1;
	if (s->batch > s->conf->batch)
		s->batch = s->conf->batch;
	schedule_next(s);
}

static void
take_verdicts(struct logship *s, const struct http_answer *a)
{
	struct bulk_verdict verdict;

	if (bulk_judge(&s->queue, a->body, a->length, &verdict) == -1)
		fail(s, "the answer is not one to a bulk request", 0, true);
	else
		succeed(s, &verdict);
}

#define SHOWN 160 /* bytes of an answer */

/* "HTTP 401: {...}", printable whatever the server says. */
static void
describe(const struct http_answer *a, char text[ERROR_MAX])
{
	size_t shown = a->length < SHOWN ? a->length : SHOWN;

	snprintf(text, ERROR_MAX, "HTTP %d", a->status);
	if (a->length == 0)
		return;
	excerpt_append(text, ERROR_MAX, ": ", 2);
	excerpt_append(text, ERROR_MAX, a->body, shown);
}

static void
answered(void *arg, const struct http_answer *a)
{
	unsigned after = a->retry_after * 1000;
	struct logship *s = arg;
	char text[ERROR_MAX];

	if (a->status == 0) {
		fail(s, a->error, 0, true);
		return;
	}
	describe(a, text);
	if (a->status == 200 || a->status == 201)
		take_verdicts(s, a);
	else if (a->status == 413)
		divide(s, LOGSHIP_TOO_LARGE, text);
	else if (a->status == 400)
		divide(s, LOGSHIP_REFUSED, text);
	else
		fail(s, text, after, a->status >= 500);
}

/* "Basic ...", RFC 7617. */
static char *
basic(const char *user, const char *password)
{
	char *pair = xasprintf("%s:%s", user, password), *value;
	size_t length = strlen(pair);

	value = xcalloc(1, sizeof("Basic ") + (length + 2) / 3 * 4);
	strcpy(value, "Basic ");
	EVP_EncodeBlock((unsigned char *)value + strlen(value),
	    (const unsigned char *)pair, (int)length);
	secret_line_free(pair);
	return value;
}

/*
 * Read anew each time, so that a secret can be replaced: 0, or -1 and what is
 * wrong in *error, to be freed.
 */
static int
authorization(const struct conf_elasticsearch *c, char **value, char **error)
{
	const char *file =
	    c->api_key_file != NULL ? c->api_key_file : c->password_file;
	char *secret;

	*value = NULL;
	if (file == NULL)
		return 0;
	if ((secret = secret_line_read(file, error)) == NULL)
		return -1;
	*value = c->api_key_file != NULL ? xasprintf("ApiKey %s", secret)
					 : basic(c->user, secret);
	secret_line_free(secret);
	return 0;
}

static void
post(struct logship *s, const char *credentials)
{
	const struct url *url = &s->conf->urls[s->at];
	struct http_request request = {.server = url,
	    .trust = &s->conf->trust,
	    .type = BULK_CONTENT_TYPE,
	    .authorization = credentials,
	    .timeout = s->conf->timeout};
	char *path =
	    xasprintf("%s/%s" BULK_REQUEST, url->path, s->conf->data_stream);
	char *body = bulk_body(&s->queue, s->prefix, &request.length);

	request.path = path;
	request.body = body;
	s->count.requests++;
	http_post_send(s->post, &request);
	free(body);
	free(path);
}

static void
due(evutil_socket_t fd, short what, void *arg)
{
	struct logship *s = arg;
	char *credentials, *error;

	(void)fd;
	(void)what;
	s->backing_off = false;
	if (http_post_is_busy(s->post) ||
	    ship_queue_take(&s->queue, s->batch, BATCH_BYTES) == 0)
		return;
	if (authorization(s->conf, &credentials, &error) == -1) {
		fail(s, error, 0, false);
		free(error);
		return;
	}
	post(s, credentials);
	secret_line_free(credentials);
}

struct logship *
logship_new(struct event_base *base, const struct conf_elasticsearch *conf,
    logship_cb *cb, void *arg)
{
	struct logship *s = xcalloc(1, sizeof(*s));
	uint64_t id;

	s->base = base;
	s->cb = cb;
	s->arg = arg;
	arc4random_buf(&id, sizeof(id));
	snprintf(
	    s->prefix, sizeof(s->prefix), "%016llx", (unsigned long long)id);
	ship_queue_init(&s->queue, 0, 0);
	s->post = http_post_new(base, answered, s);
	s->timer = evtimer_new(base, due, s);
	if (s->timer == NULL)
		fatalx("no memory for a timer");
	logship_follow(s, conf);
	return s;
}

/* A request that is under way ends as it began. */
void
logship_follow(struct logship *s, const struct conf_elasticsearch *conf)
{
	bool same = s->conf != NULL && conf_elasticsearch_equal(s->conf, conf);

	s->conf = conf;
	if (same)
		return;
	ship_queue_limit(&s->queue, conf->queue_documents, conf->queue_bytes);
	s->batch = conf->batch;
	s->at = s->tried = 0;
	s->backoff.next = 0;
	s->backing_off = false;
	set_server(s);
	http_post_forget(s->post);
	evtimer_del(s->timer);
	schedule_next(s);
}

void
logship_free(struct logship *s)
{
	if (s == NULL)
		return;
	http_post_free(s->post);
	event_free(s->timer);
	ship_queue_clear(&s->queue);
	free(s->server);
	free(s);
}

void
logship_put(struct logship *s, char *text)
{
	if (ship_queue_put(&s->queue, text))
		schedule_next(s);
	else
		s->count.dropped[LOGSHIP_QUEUE_FULL]++;
}

void
logship_hurry(struct logship *s)
{
	s->hurry = true;
	schedule_next(s);
}

void
logship_status(const struct logship *s, struct logship_status *out)
{
	*out = s->count;
	out->server = s->server;
	out->queued = s->queue.count;
	out->queued_bytes = s->queue.bytes;
	out->error = s->error;
	out->last_error = s->last_error;
}
