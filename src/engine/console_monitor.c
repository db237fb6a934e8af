/* SPDX-License-Identifier: ISC */

/*
 * The control socket's command "monitor": events of the history, alerts, and
 * lines of the log if they are asked for, as they come.
 */

#include <stdbool.h>
#include <stdlib.h>
#include <syslog.h>
#include <time.h>

#include "adapters/control.h"
#include "base/log.h"
#include "base/xmalloc.h"
#include "engine/alerts.h"
#include "engine/history.h"
#include "engine/private.h"

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

static void
on_alert(void *arg, const struct alert_news *news)
{
	struct monitor *m = arg;

	if (m->subject != NULL && !history_is_about(news->id, m->subject))
		return;
	send_line(m, "alert",
	    json_pack("{s:I, s:s, s:s, s:s, s:b}", "at", (json_int_t)news->at,
		"severity", alert_severity_names[news->severity], "id",
		news->id, "text", news->text, "over", news->over));
}

static void
on_line(void *arg, int priority, const char *text)
{
	static const char *const names[] = {
	    [LOG_EMERG] = "emergency",
	    [LOG_ALERT] = "alert",
	    [LOG_CRIT] = "critical",
	    [LOG_ERR] = "error",
	    [LOG_WARNING] = "warning",
	    [LOG_NOTICE] = "notice",
	    [LOG_INFO] = "info",
	    [LOG_DEBUG] = "debug",
	};
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	send_line(arg, "log",
	    json_pack("{s:I, s:s, s:o}", "at",
		(json_int_t)now.tv_sec * 1000 + now.tv_nsec / 1000000,
		"priority", names[LOG_PRI(priority)], "text",
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

static void
begin(struct monitor *m, struct engine *e)
{
	json_t *line = json_pack("{s:b}", "monitoring", 1);

	control_stream_send(m->stream, line);
	json_decref(line);
	m->engine = e;
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
	begin(m, e);
	return NULL;
}
