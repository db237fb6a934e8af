/* SPDX-License-Identifier: ISC */

/*
 * Shipping logs and alerts: see ship.h.
 */

#include <sys/queue.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "adapters/logship.h"
#include "adapters/webhook.h"
#include "base/log.h"
#include "base/xmalloc.h"
#include "config.h"
#include "core/ecs.h"
#include "engine/alerts.h"
#include "engine/history.h"
#include "engine/private.h"
#include "engine/ship.h"
#include "engine/ship_private.h"

static struct ecs_origin
origin_of(const struct ship *s)
{
	return (struct ecs_origin){.hostname = s->hostname,
	    .version = PACKAGE_VERSION,
	    .data_stream = s->engine->conf->logging.elasticsearch.data_stream};
}

/* Is there an Elasticsearch, and is this not about itself? */
static bool
wants(const struct ship *s)
{
	return s->elasticsearch != NULL && !s->quiet;
}

static void
put(struct ship *s, json_t *document)
{
	char *text = json_dumps(document, JSON_COMPACT);

	json_decref(document);
	if (text != NULL)
		logship_put(s->elasticsearch, text);
}

static void
line_logged(void *arg, int priority, const char *text)
{
	struct ship *s = arg;
	struct ecs_origin origin = origin_of(s);

	if (wants(s))
		put(s, ecs_line(&origin, history_now(), priority, text));
}

static void
event_happened(void *arg, const json_t *event)
{
	struct ship *s = arg;
	struct ecs_origin origin = origin_of(s);

	if (wants(s))
		put(s, ecs_history(&origin, event));
}

/* Whoever can't be told can't be told so either. */
static bool
is_about(const struct alert_news *news, const struct webhook *w)
{
	return strncmp(news->id, WEBHOOK_ALERT, strlen(WEBHOOK_ALERT)) == 0 &&
	    strcmp(news->id + strlen(WEBHOOK_ALERT), webhook_name(w)) == 0;
}

static void
alert_changed(void *arg, const struct alert_news *news)
{
	struct ship *s = arg;
	struct ecs_origin origin = origin_of(s);
	size_t i;

	if (wants(s))
		put(s, ecs_alert(&origin, news));
	for (i = 0; i < s->hook_count; i++)
		if (!is_about(news, s->hooks[i].webhook))
			webhook_tell(s->hooks[i].webhook, news);
}

/* "http:80", "icmp". */
static char *
check_name(const struct conf_check *c)
{
	const char *type = conf_check_type_name(c->type);

	return c->port == 0 ? xstrdup(type) : xasprintf("%s:%u", type, c->port);
}

/* To the log as a line, and to Elasticsearch with all of its fields. */
void
ship_probe(const struct prober *p, const struct check_result *result)
{
	const struct conf_service *c = p->destination->service->conf;
	struct ship *s = p->destination->service->engine->ship;
	struct ecs_origin origin = origin_of(s);
	char *check = check_name(p->conf);
	struct ecs_probe probe = {.service = c->name,
	    .key = &c->key,
	    .server = &p->destination->conf->address,
	    .check = check,
	    .state = health_state_name(p->health.state),
	    .outcome = check_outcome_name(result->outcome),
	    .passed = result->outcome == CHECK_PASSED,
	    .detail = result->detail,
	    .duration = result->duration};
	char key[SERVICE_KEY_STRLEN], server[ADDR_STRLEN];
	bool quiet = s->quiet;

	if (wants(s))
		put(s, ecs_probe(&origin, history_now(), &probe));
	s->quiet = true; /* it was told by its fields */
	log_info("%s %s: %s check of %s: %s%s%s, %llu.%03llu ms", c->name,
	    service_key_format(&c->key, key), check,
	    addr_format(probe.server, server), probe.outcome,
	    *probe.detail ? ": " : "", probe.detail,
	    (unsigned long long)probe.duration / 1000,
	    (unsigned long long)probe.duration % 1000);
	s->quiet = quiet;
	free(check);
}

static void
elasticsearch_told(void *arg, const char *error)
{
	struct ship *s = arg;

	s->quiet = true;
	if (error != NULL)
		alert_raise(s->engine, ELASTICSEARCH_ALERT, ALERT_MEDIUM,
		    "documents can't be sent: %s", error);
	else
		alert_clear(s->engine, ELASTICSEARCH_ALERT,
		    "documents are taken again");
	s->quiet = false;
}

static void
webhook_told(void *arg, const char *error)
{
	struct ship_hook *hook = arg;
	struct ship *s = hook->ship;
	char *id = xasprintf(WEBHOOK_ALERT "%s", webhook_name(hook->webhook));

	if (error != NULL)
		alert_raise(s->engine, id, ALERT_MEDIUM,
		    "alerts can't be told: %s", error);
	else
		alert_clear(s->engine, id, "messages are taken again");
	free(id);
}

/* What is no longer configured is no longer wrong. */
static void
remove_hook(struct ship *s, struct ship_hook *hook)
{
	char *id = xasprintf(WEBHOOK_ALERT "%s", hook->name);

	webhook_free(hook->webhook);
	alert_clear(s->engine, id, "it is no longer configured");
	free(id);
	free(hook->name);
}

static void
add_hook(struct ship *s, struct ship_hook *hook, const struct conf_webhook *c)
{
	hook->ship = s;
	hook->name = xstrdup(c->name);
	hook->webhook =
	    webhook_new(s->engine->base, c, s->hostname, webhook_told, hook);
}

/* Those of a name that was there go on, with what they have to tell. */
static void
follow_webhooks(struct ship *s)
{
	const struct conf_logging *c = &s->engine->conf->logging;
	struct ship_hook *old = s->hooks;
	size_t i, j, old_count = s->hook_count;

	s->hooks = xcalloc(c->webhook_count + 1, sizeof(*s->hooks));
	s->hook_count = 0;
	for (i = 0; i < c->webhook_count; i++) {
		struct ship_hook *hook = &s->hooks[i];

		for (j = 0; j < old_count; j++)
			if (old[j].webhook != NULL &&
			    strcmp(old[j].name, c->webhooks[i].name) == 0)
				break;
		if (j == old_count) {
			add_hook(s, hook, &c->webhooks[i]);
			continue;
		}
		*hook = old[j];
		old[j].webhook = NULL;
		webhook_follow(hook->webhook, &c->webhooks[i], hook);
	}
	for (j = 0; j < old_count; j++)
		if (old[j].webhook != NULL)
			remove_hook(s, &old[j]);
	s->hook_count = c->webhook_count;
	free(old);
}

static void
follow_elasticsearch(struct ship *s)
{
	const struct conf_elasticsearch *c =
	    &s->engine->conf->logging.elasticsearch;

	if (c->url_count == 0) {
		logship_free(s->elasticsearch);
		s->elasticsearch = NULL;
		alert_clear(s->engine, ELASTICSEARCH_ALERT,
		    "it is no longer configured");
	} else if (s->elasticsearch == NULL) {
		s->elasticsearch =
		    logship_new(s->engine->base, c, elasticsearch_told, s);
	} else {
		logship_follow(s->elasticsearch, c);
	}
}

struct ship *
ship_new(struct engine *e)
{
	struct ship *s = xcalloc(1, sizeof(*s));

	s->engine = e;
	gethostname(s->hostname, sizeof(s->hostname) - 1);
	s->line = (struct log_tap){.line = line_logged, .arg = s};
	s->alert = (struct alert_tap){.alert = alert_changed, .arg = s};
	s->event = (struct history_tap){.event = event_happened, .arg = s};
	follow_elasticsearch(s);
	follow_webhooks(s);
	log_set_json(e->conf->logging.json);
	if (e->conf->logging.level == CONF_LOG_VERBOSE)
		log_set_verbosity(LOG_VERBOSE);
	log_tap_add(&s->line);
	history_tap_add(e->history, &s->event);
	alert_tap_add(e, &s->alert);
	return s;
}

/* What was said at run time holds until the file says something else. */
static void
follow_level(const struct conf *was, const struct conf *now)
{
	enum conf_log_level level = now->logging.level;

	if (level == was->logging.level || level == CONF_LOG_UNSET)
		return;
	log_set_verbosity(level == CONF_LOG_VERBOSE ? LOG_VERBOSE : LOG_NORMAL);
}

void
ship_follow(struct ship *s, const struct conf *was)
{
	follow_level(was, s->engine->conf);
	log_set_json(s->engine->conf->logging.json);
	follow_elasticsearch(s);
	follow_webhooks(s);
}

void
ship_hurry(struct ship *s)
{
	if (s->elasticsearch != NULL)
		logship_hurry(s->elasticsearch);
}

void
ship_free(struct ship *s)
{
	size_t i;

	if (s == NULL)
		return;
	alert_tap_remove(s->engine, &s->alert);
	history_tap_remove(s->engine->history, &s->event);
	log_tap_remove(&s->line);
	logship_free(s->elasticsearch);
	for (i = 0; i < s->hook_count; i++) {
		webhook_free(s->hooks[i].webhook);
		free(s->hooks[i].name);
	}
	free(s->hooks);
	free(s);
}
