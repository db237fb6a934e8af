/* SPDX-License-Identifier: ISC */

/*
 * "logging": the level and form of the log, and the Elasticsearch that it is
 * sent to.
 */

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/xmalloc.h"
#include "core/conf_parts.h"

#define URLS_MAX	16
#define STREAM_NAME_MAX 100
#define USER_MAX	255

static const char *const level_words[] = {"brief", "verbose", NULL};
static const char *const format_words[] = {"text", "json", NULL};
static const struct conf_limits path_limits = {1, 1023};
static const struct conf_limits batch_limits = {1, 5000};
static const struct conf_limits interval_limits = {100, 60 * 1000};
const struct conf_limits conf_timeout_limits = {1000, 120 * 1000};
static const struct conf_limits documents_limits = {100, 1000 * 1000};
static const struct conf_limits bytes_limits = {1 << 20, 1 << 30};

/* It may have in it what lets somebody in: so it is not repeated. */
bool
conf_url(struct conf_reader *r, json_t *json, struct url *out)
{
	const char *text = conf_string(r, json), *wrong;
	struct url url;

	if (text == NULL)
		return false;
	wrong = url_parse(text, &url);
	if (wrong != NULL) {
		conf_error(r, "%s", wrong);
		return false;
	}
	url_clear(out);
	*out = url;
	return true;
}

/* What a request adds to the path may not end up in a query. */
static void
read_es_url(struct conf_reader *r, json_t *json, struct conf_elasticsearch *es)
{
	struct url *url = &es->urls[es->url_count];
	size_t len;

	if (!conf_url(r, json, url))
		return;
	es->url_count++;
	if (strchr(url->path, '?') != NULL)
		conf_error(r, "has a query, which can't be");
	for (len = strlen(url->path); len > 0 && url->path[len - 1] == '/';)
		url->path[--len] = '\0';
}

static void
read_urls(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	struct conf_elasticsearch *es = member;
	size_t i, mark, count = json_array_size(json);
	json_t *item;

	(void)key;
	if (json_is_array(json) && (count == 0 || count > URLS_MAX)) {
		conf_error(r, "must have 1 to %d URLs", URLS_MAX);
		return;
	}
	es->urls = xcalloc(count + 1, sizeof(*es->urls));
	if (json_is_string(json)) {
		read_es_url(r, json, es);
	} else if (json_is_array(json)) {
		json_array_foreach(json, i, item) {
			mark = conf_enter_index(r, i);
			read_es_url(r, item, es);
			conf_leave(r, mark);
		}
	} else {
		conf_error_type(r, json, "a URL or an array of them");
	}
}

/* "logs-DATASET-NAMESPACE", as index templates of Elastic's match them. */
static void
read_data_stream(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789._";
	const char *name = conf_string(r, json), *c;
	size_t dataset, space;
	char **out = member;

	(void)key;
	if (name == NULL)
		return;
	c = strncmp(name, "logs-", 5) == 0 ? name + 5 : "";
	dataset = strspn(c, allowed);
	space = c[dataset] == '-' ? strspn(c + dataset + 1, allowed) : 0;
	if (dataset == 0 || space == 0 || c[dataset + 1 + space] != '\0' ||
	    strlen(name) > STREAM_NAME_MAX) {
		conf_error(r,
		    "%s is not the name of a data stream such as "
		    "\"logs-vc5d-default\"",
		    conf_quote(r, name));
		return;
	}
	free(*out);
	*out = xstrdup(name);
}

/* RFC 7617, section 2: without a colon. */
static void
read_user(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	const char *user = conf_graphic(r, json, USER_MAX);
	char **out = member;

	(void)key;
	if (user == NULL)
		return;
	if (strchr(user, ':') != NULL) {
		conf_error(r, "%s has a colon in it", conf_quote(r, user));
		return;
	}
	free(*out);
	*out = xstrdup(user);
}

/* Secrets don't go over a network that anybody may listen to. */
static void
check_secrecy(struct conf_reader *r, const struct conf_elasticsearch *es)
{
	size_t i, mark;

	if (es->password_file == NULL && es->api_key_file == NULL)
		return;
	for (i = 0; i < es->url_count; i++) {
		if (es->urls[i].tls || url_is_loopback(&es->urls[i]))
			continue;
		mark = conf_enter(r, "urls");
		conf_error(r,
		    "credentials would be sent to %s without encryption: "
		    "use https",
		    es->urls[i].host);
		conf_leave(r, mark);
	}
}

static void
check_elasticsearch(
    struct conf_reader *r, json_t *json, const struct conf_elasticsearch *es)
{
	if (json_object_get(json, "urls") == NULL)
		conf_error_missing(r, "urls");
	if (es->user != NULL && es->password_file == NULL)
		conf_error_missing(r, "password_file");
	if (es->user == NULL && es->password_file != NULL)
		conf_error_missing(r, "user");
	if (es->api_key_file != NULL &&
	    (es->user != NULL || es->password_file != NULL))
		conf_error_key(
		    r, "can't have both a user and an \"api_key_file\"");
	if (es->trust.ca != NULL && !es->trust.verify)
		conf_error_key(r, "\"ca\" has no effect without \"verify\"");
	check_secrecy(r, es);
}

#define ES(m) offsetof(struct conf_elasticsearch, m)

static void
read_elasticsearch(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	static const struct conf_key queue_keys[] = {
	    {"documents", conf_read_unsigned, ES(queue_documents),
		&documents_limits},
	    {"bytes", conf_read_unsigned, ES(queue_bytes), &bytes_limits},
	    {NULL, NULL, 0, NULL},
	};
	static const struct conf_key keys[] = {
	    {"urls", read_urls, 0, NULL},
	    {"data_stream", read_data_stream, ES(data_stream), NULL},
	    {"user", read_user, ES(user), NULL},
	    {"password_file", conf_read_path, ES(password_file), &path_limits},
	    {"api_key_file", conf_read_path, ES(api_key_file), &path_limits},
	    {"verify", conf_read_bool, ES(trust.verify), NULL},
	    {"ca", conf_read_path, ES(trust.ca), &path_limits},
	    {"batch", conf_read_unsigned, ES(batch), &batch_limits},
	    {"interval", conf_read_seconds, ES(interval), &interval_limits},
	    {"timeout", conf_read_seconds, ES(timeout), &conf_timeout_limits},
	    {"queue", conf_read_part, 0, queue_keys},
	    {NULL, NULL, 0, NULL},
	};

	(void)key;
	if (conf_read_object(r, json, keys, member))
		check_elasticsearch(r, json, member);
}

void
conf_read_part(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	(void)conf_read_object(r, json, key->arg, member);
}

static void
read_level(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	struct conf_logging *logging = member;
	unsigned word = UINT_MAX;

	conf_read_word(r, json, &word, key);
	if (word != UINT_MAX)
		logging->level = word == 1 ? CONF_LOG_VERBOSE : CONF_LOG_BRIEF;
}

static void
read_format(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	unsigned word = 0;

	conf_read_word(r, json, &word, key);
	((struct conf_logging *)member)->json = word == 1;
}

void
conf_read_logging(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	static const struct conf_key keys[] = {
	    {"level", read_level, 0, level_words},
	    {"format", read_format, 0, format_words},
	    {"elasticsearch", read_elasticsearch,
		offsetof(struct conf_logging, elasticsearch), NULL},
	    {"webhooks", conf_read_webhooks, 0, NULL},
	    {NULL, NULL, 0, NULL},
	};

	(void)key;
	(void)conf_read_object(
	    r, json, keys, &((struct conf_draft *)member)->conf->logging);
}

void
conf_logging_init(struct conf_logging *logging)
{
	struct conf_elasticsearch *es = &logging->elasticsearch;

	memset(logging, 0, sizeof(*logging));
	es->data_stream = xstrdup("logs-vc5d-default");
	es->trust.verify = true;
	es->batch = 500;
	es->interval = 1000;
	es->timeout = 10 * 1000;
	es->queue_documents = 10000;
	es->queue_bytes = 16 << 20;
}

static void
elasticsearch_clear(struct conf_elasticsearch *es)
{
	while (es->url_count > 0)
		url_clear(&es->urls[--es->url_count]);
	free(es->urls);
	free(es->data_stream);
	free(es->user);
	free(es->password_file);
	free(es->api_key_file);
	free(es->trust.ca);
}

void
conf_logging_clear(struct conf_logging *logging)
{
	elasticsearch_clear(&logging->elasticsearch);
	while (logging->webhook_count > 0)
		conf_webhook_clear(
		    &logging->webhooks[--logging->webhook_count]);
	free(logging->webhooks);
}

bool
conf_same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

bool
conf_same_url(const struct url *a, const struct url *b)
{
	return a->tls == b->tls && a->port == b->port &&
	    conf_same_text(a->host, b->host) &&
	    conf_same_text(a->path, b->path);
}

bool
conf_same_trust(const struct conf_trust *a, const struct conf_trust *b)
{
	return a->verify == b->verify && conf_same_text(a->ca, b->ca);
}

bool
conf_elasticsearch_equal(
    const struct conf_elasticsearch *a, const struct conf_elasticsearch *b)
{
	size_t i;

	if (a->url_count != b->url_count)
		return false;
	for (i = 0; i < a->url_count; i++)
		if (!conf_same_url(&a->urls[i], &b->urls[i]))
			return false;
	return conf_same_text(a->data_stream, b->data_stream) &&
	    conf_same_text(a->user, b->user) &&
	    conf_same_text(a->password_file, b->password_file) &&
	    conf_same_text(a->api_key_file, b->api_key_file) &&
	    conf_same_trust(&a->trust, &b->trust) && a->batch == b->batch &&
	    a->interval == b->interval && a->timeout == b->timeout &&
	    a->queue_documents == b->queue_documents &&
	    a->queue_bytes == b->queue_bytes;
}
