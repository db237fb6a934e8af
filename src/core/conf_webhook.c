/* SPDX-License-Identifier: ISC */

/*
 * "logging.webhooks": who is told of alerts, and in which words.
 */

#include <stdlib.h>
#include <string.h>

#include "base/xmalloc.h"
#include "core/conf_parts.h"
#include "core/template.h"

#define WEBHOOKS_MAX 16

static const struct conf_limits path_limits = {1, 1023};
static const struct conf_limits rate_limits = {1, 600};

static void
read_url(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	(void)key;
	(void)conf_url(r, json, member);
}

static void check_template(struct conf_reader *r, json_t *json);

static void
check_template_object(struct conf_reader *r, json_t *json)
{
	const char *name;
	json_t *value;
	size_t mark;

	json_object_foreach(json, name, value) {
		mark = conf_enter(r, name);
		check_template(r, value);
		conf_leave(r, mark);
	}
}

static void
check_template_string(struct conf_reader *r, const char *text)
{
	const char *unknown;
	size_t length;
	char *name;

	unknown = template_unknown(text, alert_message_fields, &length);
	if (unknown == NULL)
		return;
	name = strndup(unknown, length);
	conf_error(r,
	    "{{%s}} is none of the fields title, text, state, severity, id, "
	    "count, host and time",
	    name);
	free(name);
}

/* A field that there is not would be found out by the first alert only. */
static void
check_template(struct conf_reader *r, json_t *json)
{
	json_t *value;
	size_t i, mark;

	if (json_is_object(json))
		check_template_object(r, json);
	if (json_is_string(json))
		check_template_string(r, json_string_value(json));
	if (!json_is_array(json))
		return;
	json_array_foreach(json, i, value) {
		mark = conf_enter_index(r, i);
		check_template(r, value);
		conf_leave(r, mark);
	}
}

static void
read_template(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	json_t **out = member;

	(void)key;
	if (!json_is_object(json) && !json_is_array(json)) {
		conf_error_type(r, json, "an object or an array");
		return;
	}
	check_template(r, json);
	json_decref(*out);
	*out = json_deep_copy(json);
}

static void
check_webhook(struct conf_reader *r, json_t *json, const struct conf_webhook *w)
{
	if (json_object_get(json, "name") == NULL)
		conf_error_missing(r, "name");
	if (json_object_get(json, "url") == NULL &&
	    json_object_get(json, "url_file") == NULL)
		conf_error_missing(r, "url");
	if (w->url.host != NULL && w->url_file != NULL)
		conf_error_key(
		    r, "can't have both a \"url\" and a \"url_file\"");
	if (w->template != NULL && w->type != WEBHOOK_JSON)
		conf_error_key(r,
		    "\"template\" has no effect with this \"type\": only with "
		    "\"json\"");
	if (w->trust.ca != NULL && !w->trust.verify)
		conf_error_key(r, "\"ca\" has no effect without \"verify\"");
	if (w->authorization_file != NULL && w->url.host != NULL &&
	    !w->url.tls && !url_is_loopback(&w->url))
		conf_error_key(r,
		    "credentials would be sent to %s without encryption: "
		    "use https",
		    w->url.host);
}

static void
check_unique(struct conf_reader *r, const struct conf_logging *logging)
{
	const struct conf_webhook *last =
	    &logging->webhooks[logging->webhook_count - 1];
	size_t i;

	for (i = 0; i + 1 < logging->webhook_count && last->name != NULL; i++)
		if (logging->webhooks[i].name != NULL &&
		    strcmp(logging->webhooks[i].name, last->name) == 0)
			conf_error_key(
			    r, "there is another one named \"%s\"", last->name);
}

#define HOOK(m) offsetof(struct conf_webhook, m)

static void
read_webhook(struct conf_reader *r, json_t *json, struct conf_logging *logging)
{
	static const struct conf_key keys[] = {
	    {"name", conf_read_name, HOOK(name), NULL},
	    {"type", conf_read_word, HOOK(type), webhook_type_names},
	    {"url", read_url, HOOK(url), NULL},
	    {"url_file", conf_read_path, HOOK(url_file), &path_limits},
	    {"authorization_file", conf_read_path, HOOK(authorization_file),
		&path_limits},
	    {"template", read_template, HOOK(template), NULL},
	    {"severity", conf_read_word, HOOK(severity), alert_severity_names},
	    {"recovery", conf_read_bool, HOOK(recovery), NULL},
	    {"rate", conf_read_unsigned, HOOK(rate), &rate_limits},
	    {"verify", conf_read_bool, HOOK(trust.verify), NULL},
	    {"ca", conf_read_path, HOOK(trust.ca), &path_limits},
	    {"timeout", conf_read_seconds, HOOK(timeout), &conf_timeout_limits},
	    {NULL, NULL, 0, NULL},
	};
	struct conf_webhook *w = &logging->webhooks[logging->webhook_count++];

	*w = (struct conf_webhook){.type = WEBHOOK_JSON,
	    .severity = ALERT_LOW,
	    .recovery = true,
	    .rate = 6,
	    .trust.verify = true,
	    .timeout = 10 * 1000};
	if (!conf_read_object(r, json, keys, w))
		return;
	check_webhook(r, json, w);
	check_unique(r, logging);
}

void
conf_read_webhooks(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	struct conf_logging *logging = member;
	size_t i, mark, count = json_array_size(json);
	json_t *item;

	(void)key;
	if (!conf_expect(r, json, JSON_ARRAY, "an array"))
		return;
	if (count > WEBHOOKS_MAX) {
		conf_error(r, "must not have more than %d", WEBHOOKS_MAX);
		return;
	}
	logging->webhooks = xcalloc(count + 1, sizeof(*logging->webhooks));
	json_array_foreach(json, i, item) {
		mark = conf_enter_index(r, i);
		read_webhook(r, item, logging);
		conf_leave(r, mark);
	}
}

void
conf_webhook_clear(struct conf_webhook *w)
{
	free(w->name);
	url_clear(&w->url);
	free(w->url_file);
	free(w->authorization_file);
	json_decref(w->template);
	free(w->trust.ca);
}

bool
conf_webhook_equal(const struct conf_webhook *a, const struct conf_webhook *b)
{
	return conf_same_text(a->name, b->name) && a->type == b->type &&
	    conf_same_url(&a->url, &b->url) &&
	    conf_same_text(a->url_file, b->url_file) &&
	    conf_same_text(a->authorization_file, b->authorization_file) &&
	    a->severity == b->severity && a->recovery == b->recovery &&
	    a->rate == b->rate && a->timeout == b->timeout &&
	    conf_same_trust(&a->trust, &b->trust) &&
	    (a->template == b->template ||
		json_equal(a->template, b->template) == 1);
}
