/* SPDX-License-Identifier: ISC */

/*
 * What answers people: the control socket's commands, and listening, tried
 * again until it works.
 */

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "adapters/control.h"
#include "adapters/http.h"
#include "config.h"
#include "engine/engine.h"
#include "engine/history.h"
#include "engine/private.h"
#include "engine/ship.h"
#include "engine/web.h"

static json_t *
lines_to_json(const struct conf_errors *errors)
{
	json_t *lines = json_array();
	size_t i;

	for (i = 0; i < errors->count; i++)
		json_array_append_new(lines, status_text(errors->lines[i]));
	return lines;
}

static json_t *
reload(struct engine *e, const json_t *request)
{
	char message[128];

	(void)request;
	if (engine_reload(e) == -1)
		return json_pack(
		    "{s:b, s:o}", "ok", 0, "errors", lines_to_json(&e->errors));
	snprintf(message, sizeof(message), "%zu services on %zu VIPs",
	    e->conf->service_count, e->conf->vip_count);
	return json_pack("{s:b, s:s}", "ok", 1, "message", message);
}

static json_t *
version(struct engine *e, const json_t *request)
{
	char hostname[256] = "";

	(void)request;
	gethostname(hostname, sizeof(hostname) - 1);
	return json_pack("{s:s, s:o, s:I}", "version", PACKAGE_VERSION,
	    "hostname", status_text(hostname), "started", (json_int_t)e->born);
}

static json_t *
config(struct engine *e, const json_t *request)
{
	(void)request;
	return json_pack("{s:o}", "config", conf_masked(e->conf));
}

/* The control socket's commands. */
static const struct command {
	const char *name;
	json_t *(*function)(struct engine *, const json_t *request);
	bool changes; /* something, so that it is not for who may only look */
	const char *change; /* and so it is with this member, if not without */
} commands[] = {
    {"baseline", console_baseline, true, NULL},
    {"block", console_block, true, NULL},
    {"config", config, false, NULL},
    {"explain", console_explain, false, NULL},
    {"flows", console_flows, false, NULL},
    {"history", console_history, false, NULL},
    {"log", console_log, false, "level"},
    {"monitor", console_monitor, false, NULL},
    {"override", console_override, true, NULL},
    {"prefixes", console_prefixes, false, NULL},
    {"reload", reload, true, NULL},
    {"status", console_status, false, NULL},
    {"unblock", console_unblock, true, NULL},
    {"version", version, false, NULL},
};

static bool
is_change(const struct command *command, const json_t *request)
{
	const json_t *change = command->change == NULL
	    ? NULL
	    : json_object_get(request, command->change);

	return command->changes || (change != NULL && !json_is_null(change));
}

static json_t *
obey(struct engine *e, const struct command *command, const json_t *request,
    bool looking_only)
{
	char *wrong;
	json_t *reply;

	if (looking_only && is_change(command, request))
		return json_pack("{s:s}", "error",
		    "refused: this socket is for looking only");
	if ((wrong = console_wrong(command->name, request)) != NULL) {
		reply = json_pack("{s:o}", "error", status_text(wrong));
		free(wrong);
		return reply;
	}
	e->asked = looking_only ? e->control_readonly : e->control;
	return command->function(e, request);
}

/* null is as good as nothing: a new reference. */
static json_t *
without_nulls(const json_t *request)
{
	json_t *rest = json_copy((json_t *)request);
	const char *name;
	json_t *value;
	void *next;

	json_object_foreach_safe(rest, next, name,
	    value) if (json_is_null(value)) json_object_del(rest, name);
	return rest;
}

static json_t *
answer(struct engine *e, const json_t *asked, bool looking_only)
{
	json_t *request = without_nulls(asked), *reply = NULL;
	const char *name =
	    json_string_value(json_object_get(request, "command"));
	size_t i, count = sizeof(commands) / sizeof(commands[0]);

	for (i = 0; i < count; i++)
		if (name != NULL && strcmp(name, commands[i].name) == 0)
			break;
	if (i < count)
		reply = obey(e, &commands[i], request, looking_only);
	else
		reply = json_pack("{s:s}", "error", "unknown command");
	json_decref(request);
	return reply;
}

static json_t *
request(void *arg, const json_t *request)
{
	return answer(arg, request, false);
}

static json_t *
request_readonly(void *arg, const json_t *request)
{
	return answer(arg, request, true);
}

static void
listen_readonly(struct engine *e, uint64_t now)
{
	const struct control_options options = {
	    .path = e->conf->control_readonly.path,
	    .group = e->conf->control_readonly.group,
	    .mode = e->conf->control_readonly.mode,
	    .handler = request_readonly,
	    .arg = e,
	};

	if (e->control_readonly == NULL && options.path != NULL &&
	    retry_due(&e->readonly_retry, now))
		e->control_readonly = control_new(e->base, &options);
}

void
console_listen(struct engine *e, uint64_t now)
{
	const struct conf *c = e->conf;
	const struct control_options options = {
	    .path = c->control, .mode = 0600, .handler = request, .arg = e};

	if (e->control == NULL && retry_due(&e->control_retry, now))
		e->control = control_new(e->base, &options);
	listen_readonly(e, now);
	if (e->http == NULL && c->webserver.enabled &&
	    retry_due(&e->http_retry, now))
		e->http = http_new(e->base, &c->webserver, &web_content, e);
}

static bool
text_differs(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a != b : strcmp(a, b) != 0;
}

static void
follow_readonly(struct engine *e, const struct conf *was)
{
	const struct conf *now = e->conf;

	if (e->control_readonly != NULL &&
	    (text_differs(
		 was->control_readonly.path, now->control_readonly.path) ||
		text_differs(
		    was->control_readonly.group, now->control_readonly.group) ||
		was->control_readonly.mode != now->control_readonly.mode)) {
		control_free(e->control_readonly);
		e->control_readonly = NULL;
	}
	retry_reset(&e->readonly_retry);
}

void
console_follow(struct engine *e, const struct conf *was)
{
	const struct conf *now = e->conf;

	if (e->http != NULL &&
	    !conf_webserver_equal(&was->webserver, &now->webserver)) {
		http_free(e->http);
		e->http = NULL;
	}
	if (e->http != NULL)
		http_renew(e->http, &now->webserver);
	retry_reset(&e->http_retry);
	retry_reset(&e->control_retry);
	follow_readonly(e, was);
}
