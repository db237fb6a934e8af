/* SPDX-License-Identifier: ISC */

/*
 * Health checks as they are configured, and the keys that they inherit.
 */

#include <stdlib.h>
#include <string.h>

#include "base/xmalloc.h"
#include "core/conf_parts.h"

#define HOST_MAX     255
#define URL_PATH_MAX 2048
#define METHOD_MAX   32
#define TIMEOUT	     1000 /* ms */

static const struct conf_range ok_status[] = {{200, 200}};

const struct conf_scope conf_scope_defaults = {
    .path = "/",
    .method = "GET",
    .expect = ok_status,
    .expect_count = 1,
    .interval = {2000, NULL},
    .rise = 2,
    .fall = 3,
    .need = {1, NULL},
    .scheduler = SCHEDULER_MAGLEV,
};

const struct conf_limits conf_results_limits = {1, 100};
static const struct conf_limits period_limits = {100, 3600 * 1000};
static const struct conf_limits need_limits = {0, 65535};
static const struct conf_limits port_limits = {1, 65535};
static const struct conf_limits status_limits = {100, 599};

void
conf_read_period(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	const struct conf_key seconds = {key->name, NULL, 0, &period_limits};
	struct conf_sourced *out = member;
	unsigned value = 0;

	conf_read_seconds(r, json, &value, &seconds);
	if (value > 0)
		*out = (struct conf_sourced){value, conf_where(r)};
}

void
conf_read_need(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	struct conf_sourced *out = member;
	int64_t value;

	(void)key;
	if (!conf_integer(r, json, &need_limits, &value))
		return;
	out->value = (unsigned)value;
	out->where = conf_where(r);
}

/*
 * A string that becomes part of a request's head: without space and control
 * characters it can't become another line of it.
 */
static const char *
read_graphic(struct conf_reader *r, json_t *json, size_t max)
{
	const char *text = conf_string(r, json), *c;

	if (text == NULL)
		return NULL;
	if (*text == '\0') {
		conf_error(r, "must not be empty");
		return NULL;
	}
	for (c = text; *c != '\0'; c++) {
		if (*c <= ' ' || *c > '~') {
			conf_error(r,
			    "%s contains a character that is not "
			    "printable ASCII, or a space",
			    conf_quote(r, text));
			return NULL;
		}
	}
	if ((size_t)(c - text) > max) {
		conf_error(r, "is longer than %zu characters", max);
		return NULL;
	}
	return text;
}

void
conf_read_host(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	const char *host = read_graphic(r, json, HOST_MAX);

	(void)key;
	if (host == NULL)
		return;
	if (strpbrk(host, "/?#@\\\"<>") != NULL)
		conf_error(r, "%s is not a host name", conf_quote(r, host));
	else
		*(const char **)member = host;
}

void
conf_read_url_path(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	const char *path = read_graphic(r, json, URL_PATH_MAX);

	(void)key;
	if (path == NULL)
		return;
	if (*path != '/')
		conf_error(
		    r, "%s does not begin with \"/\"", conf_quote(r, path));
	else
		*(const char **)member = path;
}

void
conf_read_method(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	/* RFC 9110, section 5.6.2 */
	static const char token[] = "!#$%&'*+-.^_`|~0123456789"
				    "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	const char *method = read_graphic(r, json, METHOD_MAX);

	(void)key;
	if (method == NULL)
		return;
	if (method[strspn(method, token)] != '\0')
		conf_error(
		    r, "%s is not an HTTP method", conf_quote(r, method));
	else
		*(const char **)member = method;
}

/* "LOW-HIGH" */
static bool
parse_range(const char *text, struct conf_range *out)
{
	char low[4], high[4];
	const char *wrong_low, *wrong_high;

	if (strlen(text) != 7 || text[3] != '-' ||
	    strspn(text, "0123456789") != 3 ||
	    strspn(text + 4, "0123456789") != 3)
		return false;
	memcpy(low, text, 3);
	memcpy(high, text + 4, 3);
	low[3] = high[3] = '\0';
	out->low = (unsigned)strtonum(
	    low, status_limits.low, status_limits.high, &wrong_low);
	out->high = (unsigned)strtonum(
	    high, status_limits.low, status_limits.high, &wrong_high);
	return wrong_low == NULL && wrong_high == NULL && out->low <= out->high;
}

static bool
read_status(struct conf_reader *r, json_t *json, struct conf_range *out)
{
	int64_t value;

	if (json_is_string(json)) {
		if (parse_range(json_string_value(json), out))
			return true;
		conf_error(r,
		    "%s is not a range of status codes such as "
		    "\"200-299\"",
		    conf_quote(r, json_string_value(json)));
		return false;
	}
	if (!json_is_integer(json)) {
		conf_error_type(r, json, "a status code or range");
		return false;
	}
	if (!conf_integer(r, json, &status_limits, &value))
		return false;
	out->low = out->high = (unsigned)value;
	return true;
}

void
conf_read_expect(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	struct conf_scope *scope = member;
	struct conf_range *ranges;
	size_t i, mark, count = 0;
	json_t *item;

	(void)key;
	ranges = conf_alloc(r, json_array_size(json), sizeof(*ranges));
	if (!json_is_array(json)) {
		count = read_status(r, json, ranges);
	} else if (json_array_size(json) == 0) {
		conf_error(r, "must have at least one status code");
	} else {
		json_array_foreach(json, i, item) {
			mark = conf_enter_index(r, i);
			count += read_status(r, item, &ranges[count]);
			conf_leave(r, mark);
		}
	}
	if (count > 0) {
		scope->expect = ranges;
		scope->expect_count = count;
	}
}

static unsigned
timeout_of(const struct conf_scope *scope)
{
	if (scope->timeout.value > 0)
		return scope->timeout.value;
	return scope->interval.value < TIMEOUT ? scope->interval.value
					       : TIMEOUT;
}

void
conf_check_times(struct conf_reader *r, const struct conf_scope *scope)
{
	double interval = scope->interval.value / 1000.0;

	if (timeout_of(scope) <= scope->interval.value)
		return;
	if (scope->interval.where == NULL)
		conf_error_at(r, scope->timeout.where, NULL,
		    "%g seconds are longer than the default interval, %g",
		    scope->timeout.value / 1000.0, interval);
	else
		conf_error_at(r, scope->timeout.where, scope->interval.where,
		    "%g seconds are longer than the interval, %g, of %s",
		    scope->timeout.value / 1000.0, interval,
		    scope->interval.where);
}

static void
read_foreign(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	(void)json;
	(void)member;
	conf_error_key(
	    r, "does not apply to a check of type %s", (const char *)key->arg);
}

/* Each type of check: what keys it may have. */
#define COMMON_KEYS                                                     \
	{"type", conf_read_nothing, 0, NULL},                           \
	    {"port", conf_read_unsigned,                                \
		offsetof(struct conf_check_draft, port), &port_limits}, \
	    CONF_TIMING_KEYS(offsetof(struct conf_check_draft, scope))

static const struct conf_key tcp_keys[] = {
    COMMON_KEYS,
    {"host", read_foreign, 0, "tcp"},
    {"path", read_foreign, 0, "tcp"},
    {"method", read_foreign, 0, "tcp"},
    {"expect", read_foreign, 0, "tcp"},
    {NULL, NULL, 0, NULL},
};

static const struct conf_key http_keys[] = {
    COMMON_KEYS,
    CONF_HTTP_KEYS(offsetof(struct conf_check_draft, scope)),
    {NULL, NULL, 0, NULL},
};

static const struct conf_key *const type_keys[CHECK_NONE + 1] = {
    [CHECK_TCP] = tcp_keys,
    [CHECK_HTTP] = http_keys,
};

static bool
read_check(struct conf_reader *r, json_t *json, struct conf_check_draft *check)
{
	static const struct conf_key type_key = {
	    "type", NULL, 0, conf_check_type_names};
	unsigned type = UINT32_MAX;
	json_t *name;
	size_t mark;

	if (!conf_expect(r, json, JSON_OBJECT, "an object"))
		return false;
	if ((name = json_object_get(json, "type")) == NULL) {
		conf_error_missing(r, "type");
	} else {
		mark = conf_enter(r, "type");
		conf_read_word(r, name, &type, &type_key);
		if (type != UINT32_MAX && type_keys[type] == NULL) {
			conf_error(r, "there is no such check yet");
			type = UINT32_MAX;
		}
		conf_leave(r, mark);
	}
	check->type = type == UINT32_MAX ? CHECK_HTTP : (enum check_type)type;
	conf_read_object(r, json, type_keys[check->type], check);
	conf_check_times(r, &check->scope);
	return type != UINT32_MAX;
}

struct conf_check_draft *
conf_read_checks(struct conf_reader *r, json_t *json,
    const struct conf_scope *scope, uint16_t service_port, size_t *count)
{
	struct conf_check_draft *checks;
	json_t *item;
	size_t i, mark;

	*count = 0;
	if (!conf_expect(r, json, JSON_ARRAY, "an array"))
		return NULL;
	checks = conf_alloc(r, json_array_size(json), sizeof(*checks));
	json_array_foreach(json, i, item) {
		checks[*count] = (struct conf_check_draft){
		    .scope = *scope, .port = service_port};
		mark = conf_enter_index(r, i);
		*count += read_check(r, item, &checks[*count]);
		conf_leave(r, mark);
	}
	return checks;
}

void
conf_check_make(const struct conf_check_draft *draft, struct conf_check *out)
{
	const struct conf_scope *scope = &draft->scope;
	size_t size = scope->expect_count * sizeof(*out->expect);

	*out = (struct conf_check){.type = draft->type,
	    .port = (uint16_t)draft->port,
	    .interval = scope->interval.value,
	    .timeout = timeout_of(scope),
	    .rise = scope->rise,
	    .fall = scope->fall};
	if (draft->type != CHECK_HTTP)
		return;
	out->method = xstrdup(scope->method);
	out->host = scope->host == NULL ? NULL : xstrdup(scope->host);
	out->path = xstrdup(scope->path);
	out->expect = xcalloc(1, size);
	memcpy(out->expect, scope->expect, size);
	out->expect_count = scope->expect_count;
}

void
conf_check_clear(struct conf_check *check)
{
	free(check->method);
	free(check->host);
	free(check->path);
	free(check->expect);
}
