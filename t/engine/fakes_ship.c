/* SPDX-License-Identifier: ISC */

/*
 * See fakes_ship.h.
 */

#include "fakes_ship.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/secret_line.h"
#include "base/xmalloc.h"
#include "core/alert.h"

struct fake_ship fake_ship;

const char *const logship_drop_names[LOGSHIP_DROPS] = {
    "queue_full", "refused", "too_large"};

/* The adapters' handles: what they are is their own affair. */
struct logship {
	int unused;
};
struct webhook {
	struct fake_hook fake;
};

static struct logship the_logship;

void
fake_ship_reset(void)
{
	json_decref(fake_ship.documents);
	memset(&fake_ship, 0, sizeof(fake_ship));
	fake_ship.documents = json_array();
	fake_ship.error = "";
}

static const char *
text_of(const json_t *document, const char *group, const char *key)
{
	const json_t *o =
	    group != NULL ? json_object_get(document, group) : document;
	const char *text = json_string_value(json_object_get(o, key));

	return text != NULL ? text : "";
}

const json_t *
fake_ship_last(const char *dataset)
{
	const json_t *document;
	size_t i;

	for (i = json_array_size(fake_ship.documents); i > 0; i--) {
		document = json_array_get(fake_ship.documents, i - 1);
		if (strcmp(text_of(document, "event", "dataset"), dataset) == 0)
			return document;
	}
	return NULL;
}

size_t
fake_ship_count(const char *part)
{
	const json_t *document;
	size_t i, count = 0;

	json_array_foreach(fake_ship.documents, i, document) {
		count +=
		    strstr(text_of(document, NULL, "message"), part) != NULL;
	}
	return count;
}

struct fake_hook *
fake_hook(const char *name)
{
	size_t i;

	for (i = 0; i < FAKE_HOOKS; i++)
		if (fake_ship.hooks[i].conf != NULL &&
		    strcmp(fake_ship.hooks[i].conf->name, name) == 0)
			return &fake_ship.hooks[i];
	return NULL;
}

/* adapters/logship.h */

struct logship *
logship_new(struct event_base *base, const struct conf_elasticsearch *conf,
    logship_cb *cb, void *arg)
{
	(void)base;
	fake_ship.conf = conf;
	fake_ship.cb = cb;
	fake_ship.arg = arg;
	return &the_logship;
}

void
logship_follow(struct logship *s, const struct conf_elasticsearch *conf)
{
	(void)s;
	fake_ship.conf = conf;
}

void
logship_free(struct logship *s)
{
	if (s != NULL)
		fake_ship.conf = NULL;
}

void
logship_put(struct logship *s, char *text)
{
	(void)s;
	json_array_append_new(fake_ship.documents, json_loads(text, 0, NULL));
	free(text);
}

void
logship_hurry(struct logship *s)
{
	(void)s;
	fake_ship.hurried = true;
}

void
logship_status(const struct logship *s, struct logship_status *out)
{
	(void)s;
	memset(out, 0, sizeof(*out));
	out->server = "https://es1:9200";
	out->sent = json_array_size(fake_ship.documents);
	out->queued = 3;
	out->error = fake_ship.error;
	out->last_error = fake_ship.error;
}

/* adapters/webhook.h: a handle is its place among the fakes. */

static struct fake_hook *
hook_of(const struct webhook *w)
{
	return (struct fake_hook *)(uintptr_t)&w->fake;
}

struct webhook *
webhook_new(struct event_base *base, const struct conf_webhook *conf,
    const char *host, webhook_cb *cb, void *arg)
{
	size_t i = 0;

	(void)base;
	(void)host;
	while (fake_ship.hooks[i].conf != NULL)
		i++;
	fake_ship.hooks[i] =
	    (struct fake_hook){.conf = conf, .cb = cb, .arg = arg, .error = ""};
	return (struct webhook *)&fake_ship.hooks[i];
}

void
webhook_follow(struct webhook *w, const struct conf_webhook *conf, void *arg)
{
	hook_of(w)->conf = conf;
	hook_of(w)->arg = arg;
}

void
webhook_free(struct webhook *w)
{
	hook_of(w)->conf = NULL;
}

const char *
webhook_name(const struct webhook *w)
{
	return hook_of(w)->conf->name;
}

void
webhook_tell(struct webhook *w, const struct alert_news *news)
{
	struct fake_hook *hook = hook_of(w);

	hook->told++;
	snprintf(hook->last, sizeof(hook->last), "%s %s%s: %s",
	    alert_severity_names[news->severity], news->id,
	    news->over ? " is over" : "", news->text);
}

void
webhook_status(const struct webhook *w, struct webhook_status *out)
{
	memset(out, 0, sizeof(*out));
	out->told = hook_of(w)->told;
	out->error = hook_of(w)->error;
}

char *
secret_line_read(const char *path, char **error)
{
	*error = xasprintf("%s: is not there", path);
	return NULL;
}

void
secret_line_free(char *line)
{
	free(line);
}
