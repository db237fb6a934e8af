/* SPDX-License-Identifier: ISC */

/*
 * Alerts: see alerts.h.  Ids and texts may have in them what came from other
 * programs, so they are made printable on their way in.
 */

#include <sys/queue.h>
#include <sys/tree.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
/* strvis(3) is the same everywhere; the warning is about another function. */
#define LIBBSD_OPENBSD_VIS
#include <vis.h>

#include "base/log.h"
#include "base/monotime.h"
#include "base/xmalloc.h"
#include "engine/alerts.h"
#include "engine/history.h"
#include "engine/private.h"

/* More than a configuration can be the reason of. */
#define ALERTS_MAX 200000

struct alert {
	RB_ENTRY(alert) entry;
	char *id;
	enum alert_severity severity;
	enum alert_severity worst; /* that it ever had */
	uint64_t since;		   /* monotonic ms */
	int64_t told;		   /* ms since the epoch: the last time */
	char *text;
};

RB_HEAD(alert_tree, alert);

struct alerts {
	struct alert_tree all; /* by id */
	size_t count;
	TAILQ_HEAD(alert_taps, alert_tap) taps;
};

static int
compare_alerts(const struct alert *a, const struct alert *b)
{
	return strcmp(a->id, b->id);
}

RB_PROTOTYPE(alert_tree, alert, entry, compare_alerts)
RB_GENERATE(alert_tree, alert, entry, compare_alerts)

static const int priorities[] = {
    [ALERT_CRITICAL] = LOG_CRIT,
    [ALERT_HIGH] = LOG_ERR,
    [ALERT_MEDIUM] = LOG_WARNING,
    [ALERT_LOW] = LOG_NOTICE,
};

struct alerts *
alerts_new(void)
{
	struct alerts *a = xcalloc(1, sizeof(*a));

	RB_INIT(&a->all);
	TAILQ_INIT(&a->taps);
	return a;
}

static void
alert_free(struct alerts *a, struct alert *alert)
{
	RB_REMOVE(alert_tree, &a->all, alert);
	a->count--;
	free(alert->id);
	free(alert->text);
	free(alert);
}

void
alerts_free(struct alerts *a)
{
	struct alert *alert;

	if (a == NULL)
		return;
	while ((alert = RB_MIN(alert_tree, &a->all)) != NULL)
		alert_free(a, alert);
	free(a);
}

static char *
printable(const char *text)
{
	char *safe = xcalloc(4, strlen(text) + 1);

	strvis(safe, text, VIS_OCTAL | VIS_NL | VIS_TAB | VIS_NOSLASH);
	return safe;
}

static char *__attribute__((format(printf, 1, 0)))
format_text(const char *format, va_list ap)
{
	char *raw, *text;

	if (vasprintf(&raw, format, ap) == -1)
		fatal("vasprintf");
	text = printable(raw);
	free(raw);
	return text;
}

static struct alert *
alert_find(const struct engine *e, const char *id)
{
	struct alert key = {.id = printable(id)}, *found;

	found = RB_FIND(alert_tree, &e->alerts->all, &key);
	free(key.id);
	return found;
}

static struct alert *
alert_add(struct engine *e, const char *id, enum alert_severity severity)
{
	struct alert *alert;

	if (e->alerts->count == ALERTS_MAX)
		return NULL;
	alert = xcalloc(1, sizeof(*alert));
	alert->id = printable(id);
	alert->severity = alert->worst = severity;
	alert->since = monotime_ms();
	RB_INSERT(alert_tree, &e->alerts->all, alert);
	e->alerts->count++;
	return alert;
}

void
alert_tap_add(struct engine *e, struct alert_tap *tap)
{
	TAILQ_INSERT_TAIL(&e->alerts->taps, tap, entry);
}

void
alert_tap_remove(struct engine *e, struct alert_tap *tap)
{
	TAILQ_REMOVE(&e->alerts->taps, tap, entry);
}

void
alert_tell_raised(const struct engine *e, const struct alert_tap *tap)
{
	struct alert_news news;
	struct alert *alert;

	RB_FOREACH(alert, alert_tree, &e->alerts->all) {
		news = (struct alert_news){.id = alert->id,
		    .text = alert->text,
		    .severity = alert->severity,
		    .at = alert->told};
		tap->alert(tap->arg, &news);
	}
}

static void
tell(const struct engine *e, struct alert *alert, const char *text, bool over)
{
	const struct alerts *a = e->alerts;
	const struct alert_news news = {.id = alert->id,
	    .text = text,
	    .severity = over ? alert->worst : alert->severity,
	    .over = over,
	    .at = history_now()};
	const struct alert_tap *tap;

	alert->told = news.at;
	TAILQ_FOREACH(tap, &a->taps, entry)
		tap->alert(tap->arg, &news);
}

void
alert_raise(struct engine *e, const char *id, enum alert_severity severity,
    const char *format, ...)
{
	struct alert *alert = alert_find(e, id);
	bool worse = alert == NULL || severity < alert->severity;
	va_list ap;

	if (alert == NULL && (alert = alert_add(e, id, severity)) == NULL)
		return;
	alert->severity = severity;
	free(alert->text);
	va_start(ap, format);
	alert->text = format_text(format, ap);
	va_end(ap);
	if (!worse)
		return;
	if (severity < alert->worst)
		alert->worst = severity;
	log_at(priorities[severity], "alert (%s) %s: %s",
	    alert_severity_names[severity], alert->id, alert->text);
	tell(e, alert, alert->text, false);
}

void
alert_clear(struct engine *e, const char *id, const char *format, ...)
{
	struct alert *alert = alert_find(e, id);
	va_list ap;
	char *text;

	if (alert == NULL)
		return;
	va_start(ap, format);
	text = format_text(format, ap);
	va_end(ap);
	log_notice("alert (%s) %s is over: %s",
	    alert_severity_names[alert->severity], alert->id, text);
	tell(e, alert, text, true);
	free(text);
	alert_free(e->alerts, alert);
}

bool
alert_is_raised(const struct engine *e, const char *id)
{
	return alert_find(e, id) != NULL;
}

json_t *
alerts_json(const struct engine *e)
{
	json_t *list = json_array();
	struct alert *alert;
	unsigned severity;

	for (severity = 0; severity < ALERT_SEVERITIES; severity++) {
		RB_FOREACH(alert, alert_tree, &e->alerts->all) {
			if (alert->severity != severity)
				continue;
			json_array_append_new(list,
			    json_pack("{s:s, s:s, s:I, s:s}", "id", alert->id,
				"severity", alert_severity_names[severity],
				"since",
				(json_int_t)((monotime_ms() - alert->since) /
				    1000),
				"text", alert->text));
		}
	}
	return list;
}
