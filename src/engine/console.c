/* SPDX-License-Identifier: ISC */

/*
 * What answers people: the control socket's commands, and listening, tried
 * again until it works.
 */

#include <stdio.h>
#include <string.h>

#include "adapters/control.h"
#include "adapters/http.h"
#include "base/xmalloc.h"
#include "engine/engine.h"
#include "engine/history.h"
#include "engine/private.h"

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
status(struct engine *e, const json_t *request)
{
	(void)request;
	return engine_status(e);
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

/* What is not said is not wrong; of several that are, the first is told. */
static const json_t *
value_of(const json_t *request, const char *key, json_type type,
    const char *expected, char **wrong)
{
	const json_t *value = json_object_get(request, key);

	if (value == NULL || json_is_null(value))
		return NULL;
	if (json_typeof(value) == type)
		return value;
	if (*wrong == NULL)
		*wrong = xasprintf("\"%s\" is not %s", key, expected);
	return NULL;
}

const char *
console_text(const json_t *request, const char *key, char **wrong)
{
	return json_string_value(
	    value_of(request, key, JSON_STRING, "a string", wrong));
}

json_int_t
console_number(const json_t *request, const char *key, char **wrong)
{
	return json_integer_value(
	    value_of(request, key, JSON_INTEGER, "an integer", wrong));
}

static json_t *
request(void *arg, const json_t *request)
{
	static const struct {
		const char *command;
		json_t *(*function)(struct engine *, const json_t *request);
	} commands[] = {
	    {"status", status},
	    {"reload", reload},
	    {"flows", console_flows},
	    {"explain", console_explain},
	    {"history", console_history},
	    {"override", console_override},
	};
	const char *command =
	    json_string_value(json_object_get(request, "command"));
	size_t i;

	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (command != NULL &&
		    strcmp(command, commands[i].command) == 0)
			return commands[i].function(arg, request);
	return json_pack("{s:s}", "error", "unknown command");
}

void
console_listen(struct engine *e, uint64_t now)
{
	const struct conf *c = e->conf;

	if (e->control == NULL && retry_due(&e->control_retry, now))
		e->control = control_new(e->base, c->control, request, e);
	/* Until it can tell who asks, it is for those who may all see it. */
	if (e->http == NULL && c->webserver.enabled &&
	    conf_webserver_open(&c->webserver) &&
	    c->webserver.certificate == NULL && retry_due(&e->http_retry, now))
		e->http = http_new(e->base, &c->webserver.address,
		    c->webserver.port, engine_status, e);
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
	retry_reset(&e->http_retry);
	retry_reset(&e->control_retry);
}
