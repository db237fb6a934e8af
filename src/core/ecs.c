/* SPDX-License-Identifier: ISC */

/*
 * Documents for Elasticsearch: see ecs.h.
 */

#include <netinet/in.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "base/log_json.h"
#include "base/xmalloc.h"
#include "core/ecs.h"

#define SUBJECT_WORDS 4 /* a service's name and key, a server, a check */
#define ACTION_LEN    80

/* An object of this name within another, made if there is none. */
static json_t *
part(json_t *o, const char *name)
{
	json_t *child = json_object_get(o, name);

	if (child == NULL) {
		child = json_object();
		json_object_set_new(o, name, child);
	}
	return child;
}

static void
set_text(json_t *o, const char *group, const char *name, const char *text)
{
	if (text[0] != '\0')
		json_object_set_new(
		    part(o, group), name, log_json_string(text));
}

/* "logs-vc5d-default" in its three parts: the last two are without '-'. */
static void
set_data_stream(json_t *o, const char *name)
{
	const char *dataset = strchr(name, '-'), *space = strrchr(name, '-');
	json_t *stream = part(o, "data_stream");

	if (dataset == NULL || dataset == space)
		return;
	json_object_set_new(
	    stream, "type", json_stringn(name, (size_t)(dataset - name)));
	json_object_set_new(stream, "dataset",
	    json_stringn(dataset + 1, (size_t)(space - dataset) - 1));
	json_object_set_new(stream, "namespace", json_string(space + 1));
}

/* What all documents have. */
static json_t *
document(const struct ecs_origin *origin, int64_t at, const char *dataset)
{
	char stamp[LOG_TIME_STRLEN];
	json_t *o = json_object();

	json_object_set_new(o, "@timestamp", json_string(log_time(at, stamp)));
	set_text(o, "ecs", "version", LOG_ECS_VERSION);
	set_data_stream(o, origin->data_stream);
	set_text(o, "observer", "hostname", origin->hostname);
	set_text(o, "observer", "product", "vc5d");
	set_text(o, "observer", "type", "load-balancer");
	set_text(o, "observer", "version", origin->version);
	set_text(o, "service", "name", "vc5d");
	set_text(o, "service", "type", "vc5d");
	set_text(o, "event", "module", "vc5d");
	set_text(o, "event", "dataset", dataset);
	set_text(o, "event", "kind", "event");
	return o;
}

static void
set_category(json_t *o, const char *category, const char *type)
{
	json_t *event = part(o, "event");

	json_object_set_new(event, "category", json_pack("[s]", category));
	json_object_set_new(event, "type", json_pack("[s]", type));
}

static void
set_level(json_t *o, int priority)
{
	set_text(o, "log", "level", log_level_name(priority));
}

static void
set_message(json_t *o, const char *text)
{
	json_object_set_new(o, "message", log_json_string(text));
}

json_t *
ecs_line(
    const struct ecs_origin *origin, int64_t at, int priority, const char *text)
{
	json_t *o = document(origin, at, "vc5d.log");

	set_level(o, priority);
	set_message(o, text);
	return o;
}

/* "VIP:port/proto", in place: cut into its parts.  False if it is not one. */
static bool
cut_key(char *text, char **vip, char **port, char **protocol)
{
	char *slash = strrchr(text, '/'), *colon;

	if (slash == NULL)
		return false;
	*slash = '\0';
	*protocol = slash + 1;
	if ((colon = strrchr(text, ':')) == NULL)
		return false;
	*colon = '\0';
	*port = colon + 1;
	if (*text == '[' && colon > text && colon[-1] == ']') {
		colon[-1] = '\0';
		text++;
	}
	*vip = text;
	return true;
}

/* The client's side of a balancer is "destination", the other is "server". */
static void
set_service(json_t *o, const char *name, const char *key, const char *server)
{
	char *text = xstrdup(key), *vip, *port, *protocol;
	struct addr address;
	json_int_t number;

	set_text(o, "service", "name", name);
	set_text(o, "vc5d", "service", key);
	if (cut_key(text, &vip, &port, &protocol) &&
	    addr_parse(vip, &address) == 0) {
		number = strtoll(port, NULL, 10);
		set_text(o, "destination", "ip", vip);
		json_object_set_new(
		    part(o, "destination"), "port", json_integer(number));
		set_text(o, "network", "transport", protocol);
		if (addr_parse(server, &address) == 0) {
			set_text(o, "server", "ip", server);
			json_object_set_new(
			    part(o, "server"), "port", json_integer(number));
		}
	}
	free(text);
}

/* Words of a subject; those that are missing are "". */
static char *
split(const char *subject, const char *words[SUBJECT_WORDS])
{
	char *copy = xstrdup(subject), *rest = copy, *word;
	size_t i;

	for (i = 0; i < SUBJECT_WORDS; i++) {
		word = strsep(&rest, " ");
		words[i] = word != NULL ? word : "";
	}
	return copy;
}

static void
set_subject(json_t *o, const char *kind, const char *subject)
{
	const char *words[SUBJECT_WORDS];
	char *copy = split(subject, words);
	struct addr address;

	if (strcmp(kind, "check") == 0 || strcmp(kind, "destination") == 0) {
		set_service(o, words[0], words[1], words[2]);
		set_text(o, "vc5d", "check", words[3]);
	} else if (strcmp(kind, "vip") == 0 &&
	    addr_parse(subject, &address) == 0) {
		set_text(o, "destination", "ip", subject);
	}
	free(copy);
}

/* "check-up", "vip-held-down": without spaces. */
static void
set_action(json_t *o, const char *what, const char *state)
{
	char action[ACTION_LEN], *c;

	snprintf(
	    action, sizeof(action), "%s%s%s", what, *state ? "-" : "", state);
	for (c = action; *c != '\0'; c++)
		if (!isalnum((unsigned char)*c))
			*c = '-';
	set_text(o, "event", "action", action);
}

static bool
is_one_of(const char *word, const char *const *list)
{
	for (; *list != NULL; list++)
		if (strcmp(word, *list) == 0)
			return true;
	return false;
}

/* By the state that something came to. */
static const char *
outcome_of(const char *state)
{
	static const char *const good[] = {"up", "announced", "established",
	    "Established", "reloaded", "started", NULL};
	static const char *const bad[] = {
	    "down", "withdrawn", "held down", "refused", "lost", NULL};

	if (is_one_of(state, good))
		return "success";
	return is_one_of(state, bad) ? "failure" : "unknown";
}

static const char *
text_of(const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));

	return text != NULL ? text : "";
}

static void
set_history_message(json_t *o, const json_t *event)
{
	const char *reason = text_of(event, "reason");
	const char *from = text_of(event, "from");
	char *text = xasprintf("%s %s: %s%s%s%s%s", text_of(event, "kind"),
	    text_of(event, "subject"), from, *from ? " to " : "",
	    text_of(event, "to"), *reason ? ": " : "", reason);

	set_message(o, text);
	free(text);
}

json_t *
ecs_history(const struct ecs_origin *origin, const json_t *event)
{
	static const char *const setting[] = {"override", "reload", NULL};
	const char *kind = text_of(event, "kind"), *to = text_of(event, "to");
	const char *outcome = outcome_of(to);
	json_t *o = document(origin,
	    json_integer_value(json_object_get(event, "at")), "vc5d.history");

	set_level(
	    o, strcmp(outcome, "failure") == 0 ? LOG_WARNING : LOG_NOTICE);
	set_history_message(o, event);
	if (is_one_of(kind, setting))
		set_category(o, "configuration", "change");
	else
		set_category(o, "network", "info");
	set_action(o, kind, to);
	set_text(o, "event", "outcome", outcome);
	json_object_set(
	    part(o, "event"), "sequence", json_object_get(event, "number"));
	set_subject(o, kind, text_of(event, "subject"));
	set_text(o, "event", "reason", text_of(event, "reason"));
	set_text(o, "vc5d", "kind", kind);
	set_text(o, "vc5d", "subject", text_of(event, "subject"));
	set_text(o, "vc5d", "from", text_of(event, "from"));
	set_text(o, "vc5d", "to", to);
	return o;
}

json_t *
ecs_alert(const struct ecs_origin *origin, const struct alert_news *news)
{
	static const int priorities[] = {
	    [ALERT_CRITICAL] = LOG_CRIT,
	    [ALERT_HIGH] = LOG_ERR,
	    [ALERT_MEDIUM] = LOG_WARNING,
	    [ALERT_LOW] = LOG_NOTICE,
	};
	json_t *o = document(origin, news->at, "vc5d.alert");

	set_level(o, news->over ? LOG_NOTICE : priorities[news->severity]);
	set_message(o, news->text);
	set_text(o, "event", "kind", "alert");
	set_category(o, "network", "info");
	set_action(o, "alert", news->over ? "over" : "raised");
	/* The worst is the highest number. */
	json_object_set_new(part(o, "event"), "severity",
	    json_integer(ALERT_SEVERITIES - (int)news->severity));
	set_text(o, "vc5d", "alert", news->id);
	set_text(o, "vc5d", "severity", alert_severity_names[news->severity]);
	return o;
}

static void
set_probe_message(
    json_t *o, const struct ecs_probe *p, const char *key, const char *server)
{
	char *text = xasprintf("%s %s: %s check of %s: %s%s%s", p->service, key,
	    p->check, server, p->outcome, *p->detail ? ": " : "", p->detail);

	set_message(o, text);
	free(text);
}

json_t *
ecs_probe(
    const struct ecs_origin *origin, int64_t at, const struct ecs_probe *p)
{
	char key[SERVICE_KEY_STRLEN], server[ADDR_STRLEN];
	json_t *o = document(origin, at, "vc5d.probe");

	service_key_format(p->key, key);
	addr_format(p->server, server);
	set_level(o, LOG_INFO);
	set_probe_message(o, p, key, server);
	set_category(o, "network", "info");
	set_action(o, "probe", "");
	set_text(o, "event", "outcome", p->passed ? "success" : "failure");
	/* nanoseconds, as ECS wants it */
	json_object_set_new(part(o, "event"), "duration",
	    json_integer((json_int_t)p->duration * 1000));
	set_service(o, p->service, key, server);
	set_text(o, "event", "reason", p->detail);
	set_text(o, "vc5d", "check", p->check);
	set_text(o, "vc5d", "outcome", p->outcome);
	set_text(o, "vc5d", "state", p->state);
	return o;
}
