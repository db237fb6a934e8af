/* SPDX-License-Identifier: ISC */

/*
 * The control socket's command "monitor": events of the history, alerts, and
 * lines of the log if they are asked for, as they come.
 */

#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#include "adapters/control.h"
#include "base/log.h"
#include "base/log_json.h"
#include "base/xmalloc.h"
#include "engine/alerts.h"
#include "engine/history.h"
#include "engine/private.h"
#include "engine/status_parts.h"

struct monitor {
	struct engine *engine;
	struct control_stream *stream;
	struct history_tap history;
	struct alert_tap alerts;
	struct log_tap log;
	bool with_log;
	char *subject; /* that events are about; or NULL */
};

/* Takes the reference of value. */
static void
send_line(struct monitor *m, const char *key, json_t *value)
{
	json_t *line = json_pack("{s:o}", key, value);

	control_stream_send(m->stream, line);
	json_decref(line);
}

static void
on_event(void *arg, const json_t *event)
{
	struct monitor *m = arg;
	const char *subject =
	    json_string_value(json_object_get(event, "subject"));

	if (m->subject == NULL ||
	    (subject != NULL && history_is_about(subject, m->subject)))
		send_line(m, "history", json_incref((json_t *)event));
}

static bool
alert_is_wanted(const struct monitor *m, const struct alert_news *news)
{
	return m->subject == NULL || history_is_about(news->id, m->subject);
}

static json_t *
alert_json(const struct alert_news *news)
{
	return json_pack("{s:I, s:s, s:s, s:s, s:b}", "at",
	    (json_int_t)news->at, "severity",
	    alert_severity_names[news->severity], "id", news->id, "text",
	    news->text, "over", news->over);
}

static void
on_alert(void *arg, const struct alert_news *news)
{
	struct monitor *m = arg;

	if (alert_is_wanted(m, news))
		send_line(m, "alert", alert_json(news));
}

/* Those that are raised when it begins. */
struct raised {
	const struct monitor *monitor;
	json_t *list;
};

static void
on_raised(void *arg, const struct alert_news *news)
{
	struct raised *raised = arg;

	if (alert_is_wanted(raised->monitor, news))
		json_array_append_new(raised->list, alert_json(news));
}

static json_t *
raised_json(const struct monitor *m)
{
	struct raised raised = {m, json_array()};
	const struct alert_tap tap = {.alert = on_raised, .arg = &raised};

	alert_tell_raised(m->engine, &tap);
	return raised.list;
}

static void
on_line(void *arg, int priority, const char *text)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	send_line(arg, "log",
	    json_pack("{s:I, s:s, s:o}", "at",
		(json_int_t)now.tv_sec * 1000 + now.tv_nsec / 1000000,
		"priority", log_level_name(priority), "text",
		status_text(text)));
}

static void
on_closed(void *arg)
{
	struct monitor *m = arg;

	history_tap_remove(m->engine->history, &m->history);
	alert_tap_remove(m->engine, &m->alerts);
	if (m->with_log)
		log_tap_remove(&m->log);
	free(m->subject);
	free(m);
}

/* Where somebody left off who watched before: all that he has not been told. */
struct resumption {
	bool wanted;
	int64_t began, after; /* as in the first line, and an event's number */
};

/* The first line has what is needed to go on behind it, another time. */
static void
send_first(const struct monitor *m, const struct resumption *from)
{
	const struct history *h = m->engine->history;
	json_t *line = json_pack("{s:b, s:I, s:I, s:o}", "monitoring", 1,
	    "began", (json_int_t)history_began(h), "total",
	    (json_int_t)history_total(h), "alerts", raised_json(m));
	uint64_t after = 0, missed;
	json_t *list;

	if (from->began == history_began(h) && from->after > 0)
		after = (uint64_t)from->after;
	if (from->wanted) {
		list = history_after(h, m->subject, after, &missed);
		json_object_set_new(line, "history", list);
		status_set_integer(line, "missed", missed);
	}
	control_stream_send(m->stream, line);
	json_decref(line);
}

static void
begin(struct monitor *m, const struct resumption *from)
{
	struct engine *e = m->engine;

	send_first(m, from);
	m->history.event = on_event;
	m->history.arg = m;
	history_tap_add(e->history, &m->history);
	m->alerts.alert = on_alert;
	m->alerts.arg = m;
	alert_tap_add(e, &m->alerts);
	m->log.line = on_line;
	m->log.arg = m;
	if (m->with_log)
		log_tap_add(&m->log);
}

json_t *
console_monitor(struct engine *e, const json_t *request)
{
	char *wrong = NULL;
	const char *subject = console_text(request, "subject", &wrong);
	const struct resumption from = {
	    .wanted = json_object_get(request, "after") != NULL,
	    .began = console_number(request, "began", &wrong),
	    .after = console_number(request, "after", &wrong),
	};
	struct monitor *m;
	json_t *reply;

	if (wrong != NULL) {
		reply = json_pack("{s:s}", "error", wrong);
		free(wrong);
		return reply;
	}
	m = xcalloc(1, sizeof(*m));
	m->stream = control_stream_new(e->asked, on_closed, m);
	if (m->stream == NULL) {
		free(m);
		return json_pack("{s:s}", "error", "too many do that already");
	}
	m->with_log = json_is_true(json_object_get(request, "log"));
	m->subject = subject != NULL ? xstrdup(subject) : NULL;
	m->engine = e;
	begin(m, &from);
	return NULL;
}
