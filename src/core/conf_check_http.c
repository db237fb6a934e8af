/* SPDX-License-Identifier: ISC */

/*
 * What checks by HTTP request, and what they expect.
 */

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/conf_check.h"
#include "core/pattern.h"
#include "core/redact.h"

#define HOST_MAX	 255
#define URL_PATH_MAX	 2048
#define METHOD_MAX	 32
#define HEADERS_MAX	 32
#define HEADER_NAME_MAX	 64
#define HEADER_VALUE_MAX 1024
#define BODY_MAX	 1024 /* of the text that is expected */

const struct conf_limits conf_within_limits = {1, 1 << 20};
static const struct conf_limits status_limits = {100, 599};
static const struct conf_limits body_limits = {1, BODY_MAX};

/* RFC 9110, section 5.6.2 */
static const char token[] = "!#$%&'*+-.^_`|~0123456789"
			    "abcdefghijklmnopqrstuvwxyz"
			    "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/* What a query has may be a secret, and is not repeated. */
static const char *
quote_path(struct conf_reader *r, const char *path)
{
	char *shown = redact_query(path);
	const char *quoted = conf_quote(r, shown);

	free(shown);
	return quoted;
}

/*
 * A string that becomes part of a request's head: without space and control
 * characters it can't become another line of it.
 */
const char *
conf_graphic(struct conf_reader *r, json_t *json, size_t max)
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
			    quote_path(r, text));
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
	const char *host = conf_graphic(r, json, HOST_MAX);

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
	const char *path = conf_graphic(r, json, URL_PATH_MAX);

	(void)key;
	if (path == NULL)
		return;
	if (*path != '/')
		conf_error(
		    r, "%s does not begin with \"/\"", quote_path(r, path));
	else
		*(const char **)member = path;
}

void
conf_read_method(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	const char *method = conf_graphic(r, json, METHOD_MAX);

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

static size_t
read_statuses(struct conf_reader *r, json_t *json, struct conf_range *ranges)
{
	size_t i, mark, count = 0;
	json_t *item;

	if (!json_is_array(json))
		return read_status(r, json, ranges);
	if (json_array_size(json) == 0)
		conf_error(r, "must have at least one status code");
	json_array_foreach(json, i, item) {
		mark = conf_enter_index(r, i);
		count += read_status(r, item, &ranges[count]);
		conf_leave(r, mark);
	}
	return count;
}

void
conf_read_expect(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	struct conf_check_scope *scope = member;
	const char *word = json_string_value(json);
	struct conf_range *ranges;
	size_t count;

	(void)key;
	if (word != NULL && strcmp(word, "any") == 0) {
		scope->expect_count = 0;
		return;
	}
	ranges = conf_alloc(r, json_array_size(json), sizeof(*ranges));
	count = read_statuses(r, json, ranges);
	if (count > 0) {
		scope->expect = ranges;
		scope->expect_count = count;
	}
}

/* What becomes of the request is up to us, so these are not to be given. */
static bool
header_is_ours(struct conf_reader *r, const char *name)
{
	static const struct {
		const char *name, *instead;
	} ours[] = {
	    {"Host", "; it has a key of its own, \"host\""},
	    {"Connection", "; it depends on \"keep_alive\""},
	    {"Content-Length", ": requests have no body"},
	    {"Transfer-Encoding", ": requests have no body"},
	    {"Expect", ": requests have no body"},
	    {"Upgrade", ": no other protocol is spoken"},
	};
	size_t i;

	for (i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
		if (strcasecmp(ours[i].name, name) != 0)
			continue;
		conf_error_key(r, "can't be given here%s", ours[i].instead);
		return true;
	}
	return false;
}

/*
 * Field content: RFC 9110, section 5.5, less what is beyond ASCII.  It may be a
 * token or a password, and is not repeated.
 */
static const char *
header_value(struct conf_reader *r, json_t *json)
{
	const char *value = conf_string(r, json), *c;

	if (value == NULL)
		return NULL;
	for (c = value; *c >= ' ' && *c <= '~'; c++)
		;
	if (*c != '\0') {
		conf_error(
		    r, "contains a character that is not printable ASCII");
		return NULL;
	}
	if ((size_t)(c - value) > HEADER_VALUE_MAX) {
		conf_error(r, "is longer than %d characters", HEADER_VALUE_MAX);
		return NULL;
	}
	return value;
}

static bool
read_header(struct conf_reader *r, const char *name, json_t *json,
    struct conf_header *out)
{
	size_t length = strspn(name, token);

	if (length == 0 || length > HEADER_NAME_MAX || name[length] != '\0') {
		conf_error_key(r, "is not the name of a header field");
		return false;
	}
	if (header_is_ours(r, name))
		return false;
	out->name = (char *)name;
	out->value = (char *)header_value(r, json);
	return out->value != NULL;
}

void
conf_read_headers(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	struct conf_check_scope *scope = member;
	struct conf_header *headers;
	size_t mark, count = 0;
	const char *name;
	json_t *value;

	(void)key;
	if (!conf_expect(r, json, JSON_OBJECT, "an object"))
		return;
	if (json_object_size(json) > HEADERS_MAX) {
		conf_error(r, "must not have more than %d fields", HEADERS_MAX);
		return;
	}
	headers = conf_alloc(r, json_object_size(json), sizeof(*headers));
	json_object_foreach(json, name, value) {
		mark = conf_enter(r, name);
		count += read_header(r, name, value, &headers[count]);
		conf_leave(r, mark);
	}
	scope->headers = headers;
	scope->header_count = count;
}

/* Both keys at one level: their paths differ in the end. */
static void
set_body(struct conf_reader *r, json_t *json, struct conf_check_scope *scope,
    bool regex)
{
	static const char suffix[] = "_regex";
	const struct conf_key text_key = {NULL, NULL, 0, &body_limits};
	const char *text = NULL, *where = conf_where(r);
	size_t length = strlen(where) - (sizeof(suffix) - 1);

	conf_read_text(r, json, &text, &text_key);
	if (text == NULL)
		return;
	if (regex && scope->body_where != NULL &&
	    strlen(scope->body_where) == length &&
	    strncmp(scope->body_where, where, length) == 0)
		conf_error_key(r, "can't be given together with \"body\"");
	scope->body = text;
	scope->body_where = where;
	scope->body_regex = regex;
}

void
conf_read_body(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	(void)key;
	set_body(r, json, member, false);
}

void
conf_read_body_regex(struct conf_reader *r, json_t *json, void *member,
    const struct conf_key *key)
{
	const char *text = json_string_value(json);
	struct pattern *pattern;
	char why[128];

	(void)key;
	if (text != NULL) {
		pattern = pattern_compile(text, why, sizeof(why));
		if (pattern == NULL) {
			conf_error(r, "%s is not a regular expression: %s",
			    conf_quote(r, text), why);
			return;
		}
		pattern_free(pattern);
	}
	set_body(r, json, member, true);
}

void
conf_check_body(struct conf_reader *r, const struct conf_check_scope *scope)
{
	if (scope->body != NULL && strcmp(scope->method, "HEAD") == 0)
		conf_error_once(r, scope->body_where, NULL,
		    "a response to HEAD has no body");
}
