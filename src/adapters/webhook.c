/* SPDX-License-Identifier: ISC */

/*
 * Webhooks: see webhook.h.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "adapters/http_post.h"
#include "adapters/secret_line.h"
#include "adapters/webhook.h"
#include "base/log.h"
#include "base/monotime.h"
#include "base/xmalloc.h"
#include "core/alert_pending.h"
#include "core/excerpt.h"
#include "core/pace.h"

#define GATHER	      500  /* ms that others have to come together */
#define BURST	      3	   /* messages that may come at once */
#define BACKOFF_FIRST 2000 /* ms */
#define BACKOFF_MAX   300000
#define FAILURES_TOLD 3
#define ERROR_MAX     384
#define SHOWN	      160 /* bytes of an answer */

struct webhook {
	const struct conf_webhook *conf;
	char *host; /* ours */
	webhook_cb *cb;
	void *arg;
	struct alert_pending pending;
	struct http_post *post;
	struct event *timer; /* when the next message is due */
	struct pace_rate rate;
	struct pace_backoff backoff;
	uint64_t
	    not_before;	   /* monotonic ms: as a failure, or the server, says */
	unsigned failures; /* in a row */
	struct webhook_status count;
	char error[ERROR_MAX];
};

static void
schedule(struct webhook *w)
{
	uint64_t now = monotime_ms(), wait = pace_wait(&w->rate, now);
	struct timeval tv;

	if (w->pending.count == 0 || http_post_is_busy(w->post) ||
	    evtimer_pending(w->timer, NULL))
		return;
	if (wait < GATHER)
		wait = GATHER;
	if (w->not_before > now + wait)
		wait = w->not_before - now;
	tv = monotime_timeval(wait);
	evtimer_add(w->timer, &tv);
}

static void
note_failure(struct webhook *w, const char *error, bool told)
{
	snprintf(w->error, sizeof(w->error), "%s", error);
	w->count.failures++;
	if (++w->failures >= FAILURES_TOLD || told)
		w->cb(w->arg, w->error);
}

/* Later, perhaps. */
static void
fail(struct webhook *w, const char *error, unsigned at_least)
{
	unsigned wait = pace_back_off(
	    &w->backoff, BACKOFF_FIRST, BACKOFF_MAX, arc4random());

	w->pending.telling = 0;
	w->not_before = monotime_ms() + (wait > at_least ? wait : at_least);
	note_failure(w, error, false);
	schedule(w);
}

/* Never: what it was about is lost. */
static void
refuse(struct webhook *w, const char *error)
{
	w->count.refused += w->pending.telling;
	alert_pending_told(&w->pending);
	note_failure(w, error, true);
	schedule(w);
}

static void
succeed(struct webhook *w)
{
	w->count.sent++;
	w->count.told += w->pending.telling;
	alert_pending_told(&w->pending);
	w->failures = 0;
	w->backoff.next = 0;
	w->not_before = 0;
	w->error[0] = '\0';
	w->cb(w->arg, NULL);
	schedule(w);
}

static void
answered(void *arg, const struct http_answer *a)
{
	struct webhook *w = arg;
	char text[ERROR_MAX];

	if (a->status == 0) {
		fail(w, a->error, 0);
		return;
	}
	if (a->status >= 200 && a->status <= 299) {
		succeed(w);
		return;
	}
	snprintf(text, sizeof(text), "HTTP %d", a->status);
	if (a->length > 0) {
		excerpt_append(text, sizeof(text), ": ", 2);
		excerpt_append(text, sizeof(text), a->body,
		    a->length < SHOWN ? a->length : SHOWN);
	}
	if (a->status == 408 || a->status == 429 || a->status >= 500)
		fail(w, text, a->retry_after * 1000);
	else
		refuse(w, text);
}

/* The URL, that of the file if it is in one: NULL, or what is wrong. */
static char *
url_of(const struct conf_webhook *c, struct url *url)
{
	const char *wrong;
	char *text, *error;

	if (c->url_file == NULL) {
		*url = (struct url){.tls = c->url.tls,
		    .host = xstrdup(c->url.host),
		    .port = c->url.port,
		    .path = xstrdup(c->url.path)};
		return NULL;
	}
	if ((text = secret_line_read(c->url_file, &error)) == NULL)
		return error;
	wrong = url_parse(text, url);
	secret_line_free(text);
	if (wrong == NULL)
		return NULL;
	return xasprintf("%s: the URL in it %s", c->url_file, wrong);
}

/* 0, or -1 and what is wrong in *error, to be freed. */
static int
authorization(const struct conf_webhook *c, const struct url *url, char **value,
    char **error)
{
	*value = NULL;
	if (c->authorization_file == NULL)
		return 0;
	if (!url->tls && !url_is_loopback(url)) {
		*error = xasprintf("credentials would be sent to %s without "
				   "encryption: use https",
		    url->host);
		return -1;
	}
	*value = secret_line_read(c->authorization_file, error);
	return *value == NULL ? -1 : 0;
}

/* All that is pending, in one message. */
static char *
body_of(struct webhook *w)
{
	const struct conf_webhook *c = w->conf;
	json_t *message = alert_message(
	    c->type, c->template, w->host, w->pending.news, w->pending.count);
	char *body = json_dumps(message, JSON_COMPACT);

	json_decref(message);
	return body;
}

static void
post(struct webhook *w, const struct url *url, const char *credentials)
{
	char *body = body_of(w);
	struct http_request request = {.server = url,
	    .trust = &w->conf->trust,
	    .path = url->path[0] != '\0' ? url->path : "/",
	    .type = "application/json",
	    .authorization = credentials,
	    .body = body,
	    .length = strlen(body),
	    .timeout = w->conf->timeout};

	w->pending.telling = w->pending.count;
	pace_spend(&w->rate, monotime_ms());
	http_post_send(w->post, &request);
	free(body);
}

static void
due(evutil_socket_t fd, short what, void *arg)
{
	struct webhook *w = arg;
	char *credentials = NULL, *error;
	struct url url = {0};

	(void)fd;
	(void)what;
	if (w->pending.count == 0)
		return;
	error = url_of(w->conf, &url);
	if (error == NULL &&
	    authorization(w->conf, &url, &credentials, &error) == 0)
		post(w, &url, credentials);
	else
		fail(w, error, 0);
	free(error);
	secret_line_free(credentials);
	url_clear(&url);
}

struct webhook *
webhook_new(struct event_base *base, const struct conf_webhook *conf,
    const char *host, webhook_cb *cb, void *arg)
{
	struct webhook *w = xcalloc(1, sizeof(*w));

	w->host = xstrdup(host);
	w->cb = cb;
	w->rate.burst = BURST;
	w->post = http_post_new(base, answered, w);
	w->timer = evtimer_new(base, due, w);
	if (w->timer == NULL)
		fatalx("no memory for a timer");
	webhook_follow(w, conf, arg);
	return w;
}

void
webhook_follow(struct webhook *w, const struct conf_webhook *conf, void *arg)
{
	bool same = w->conf != NULL && conf_webhook_equal(w->conf, conf);

	w->conf = conf;
	w->arg = arg;
	if (same)
		return;
	w->rate.per_minute = conf->rate;
	w->rate.due = 0;
	w->not_before = 0;
	w->backoff.next = 0;
	evtimer_del(w->timer);
	schedule(w);
}

void
webhook_free(struct webhook *w)
{
	if (w == NULL)
		return;
	http_post_free(w->post);
	event_free(w->timer);
	alert_pending_clear(&w->pending);
	free(w->host);
	free(w);
}

const char *
webhook_name(const struct webhook *w)
{
	return w->conf->name;
}

void
webhook_tell(struct webhook *w, const struct alert_news *news)
{
	if (news->severity > w->conf->severity)
		return;
	if (news->over && !w->conf->recovery)
		alert_pending_drop(&w->pending, news->id);
	else
		alert_pending_add(&w->pending, news);
	schedule(w);
}

void
webhook_status(const struct webhook *w, struct webhook_status *out)
{
	*out = w->count;
	out->pending = w->pending.count;
	out->cancelled = w->pending.cancelled;
	out->lost = w->pending.lost;
	out->error = w->error;
}
