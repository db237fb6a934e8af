/* SPDX-License-Identifier: ISC */

/*
 * Shipping as the status document has it, and the command that says how much
 * is logged.
 */

#include <stdlib.h>
#include <string.h>

#include "adapters/logship.h"
#include "adapters/webhook.h"
#include "base/log.h"
#include "base/xmalloc.h"
#include "engine/private.h"
#include "engine/ship.h"
#include "engine/ship_private.h"
#include "engine/status_parts.h"

static void
add_dropped(json_t *list, const char *reason, uint64_t count)
{
	json_array_append_new(list,
	    json_pack(
		"{s:s, s:I}", "reason", reason, "count", (json_int_t)count));
}

static json_t *
elasticsearch_json(const struct logship *ship)
{
	json_t *o, *dropped = json_array();
	struct logship_status st;
	size_t i;

	logship_status(ship, &st);
	o = json_pack("{s:o, s:o, s:o}", "server", status_text(st.server),
	    "error", status_text(st.error), "last_error",
	    status_text(st.last_error));
	status_set_integer(o, "queued", st.queued);
	status_set_integer(o, "queued_bytes", st.queued_bytes);
	status_set_integer(o, "sent", st.sent);
	status_set_integer(o, "retried", st.retried);
	status_set_integer(o, "requests", st.requests);
	status_set_integer(o, "failures", st.failures);
	for (i = 0; i < LOGSHIP_DROPS; i++)
		add_dropped(dropped, logship_drop_names[i], st.dropped[i]);
	json_object_set_new(o, "dropped", dropped);
	return o;
}

static json_t *
webhook_json(const struct webhook *w)
{
	json_t *o, *dropped = json_array();
	struct webhook_status st;

	webhook_status(w, &st);
	o = json_pack("{s:o, s:o}", "name", status_text(webhook_name(w)),
	    "error", status_text(st.error));
	status_set_integer(o, "pending", st.pending);
	status_set_integer(o, "sent", st.sent);
	status_set_integer(o, "told", st.told);
	status_set_integer(o, "cancelled", st.cancelled);
	status_set_integer(o, "failures", st.failures);
	add_dropped(dropped, "refused", st.refused);
	add_dropped(dropped, "queue_full", st.lost);
	json_object_set_new(o, "dropped", dropped);
	return o;
}

json_t *
ship_json(const struct engine *e)
{
	const struct ship *s = e->ship;
	json_t *o = json_object(), *list = json_array();
	size_t i;

	json_object_set_new(o, "level",
	    json_string(
		log_get_verbosity() == LOG_VERBOSE ? "verbose" : "brief"));
	json_object_set_new(o, "elasticsearch",
	    s->elasticsearch != NULL ? elasticsearch_json(s->elasticsearch)
				     : json_null());
	for (i = 0; i < s->hook_count; i++)
		json_array_append_new(list, webhook_json(s->hooks[i].webhook));
	json_object_set_new(o, "webhooks", list);
	return o;
}

static void
add_problem(json_t *list, char *line)
{
	json_array_append_new(list, status_text(line));
	free(line);
}

void
ship_problems(const struct engine *e, json_t *list)
{
	const struct ship *s = e->ship;
	struct logship_status st;
	struct webhook_status hook;
	size_t i;

	if (s->elasticsearch != NULL) {
		logship_status(s->elasticsearch, &st);
		if (st.error[0] != '\0')
			add_problem(list,
			    xasprintf("elasticsearch: %s; %zu documents wait",
				st.error, st.queued));
	}
	for (i = 0; i < s->hook_count; i++) {
		webhook_status(s->hooks[i].webhook, &hook);
		if (hook.error[0] != '\0')
			add_problem(list,
			    xasprintf("webhook %s: %s; %zu alerts wait",
				s->hooks[i].name, hook.error, hook.pending));
	}
}

json_t *
console_log(struct engine *e, const json_t *request)
{
	char *wrong = NULL;
	const char *level = console_text(request, "level", &wrong);
	json_t *reply;

	(void)e;
	if (wrong != NULL) {
		reply = json_pack("{s:b, s:[s]}", "ok", 0, "errors", wrong);
		free(wrong);
		return reply;
	}
	if (level != NULL && strcmp(level, "brief") != 0 &&
	    strcmp(level, "verbose") != 0)
		return json_pack("{s:b, s:[s]}", "ok", 0, "errors",
		    "the level is \"brief\" or \"verbose\"");
	if (level != NULL) {
		log_set_verbosity(level[0] == 'v' ? LOG_VERBOSE : LOG_NORMAL);
		log_notice("the log is %s now, as was ordered", level);
	}
	level = log_get_verbosity() == LOG_VERBOSE ? "verbose" : "brief";
	return json_pack("{s:b, s:s+, s:s}", "ok", 1, "message", "the log is ",
	    level, "level", level);
}
