/* SPDX-License-Identifier: ISC */

/*
 * Checks as the daemon uses them: made, compared, released.
 */

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/xmalloc.h"
#include "core/conf_parts.h"
#include "core/pattern.h"

static char *
copy_text(const char *text)
{
	return text == NULL ? NULL : xstrdup(text);
}

static struct conf_bytes
copy_bytes(const struct conf_bytes *from)
{
	struct conf_bytes copy = {NULL, from->length};

	if (copy.length > 0) {
		copy.data = xcalloc(1, copy.length);
		memcpy(copy.data, from->data, copy.length);
	}
	return copy;
}

static void
make_headers(const struct conf_check_scope *scope, struct conf_check *out)
{
	size_t i, count = scope->header_count;

	out->headers = xcalloc(count + 1, sizeof(*out->headers));
	out->header_count = count;
	for (i = 0; i < count; i++) {
		out->headers[i].name = xstrdup(scope->headers[i].name);
		out->headers[i].value = xstrdup(scope->headers[i].value);
	}
}

static void
make_pattern(const char *text, struct conf_check *out)
{
	char why[128];

	/* It was compiled before, when it was read. */
	out->body.pattern = pattern_compile(text, why, sizeof(why));
	if (out->body.pattern == NULL)
		fatalx("a regular expression: %s", why);
	if (out->body.within > PATTERN_TEXT_MAX)
		out->body.within = PATTERN_TEXT_MAX;
}

static void
make_http(const struct conf_check_scope *scope, struct conf_check *out)
{
	size_t count = scope->expect_count;

	out->method = xstrdup(scope->method);
	out->host = copy_text(scope->host);
	out->path = xstrdup(scope->path);
	out->expect = xcalloc(count + 1, sizeof(*out->expect));
	memcpy(out->expect, scope->expect, count * sizeof(*out->expect));
	out->expect_count = count;
	out->expect_any = count == 0;
	make_headers(scope, out);
	out->keep_alive = scope->keep_alive;
	out->body.text = copy_text(scope->body);
	out->body.regex = scope->body != NULL && scope->body_regex;
	out->body.within = scope->body == NULL ? 0 : scope->body_within;
	if (out->body.regex)
		make_pattern(scope->body, out);
}

static void
make_tls(const struct conf_check_scope *scope, struct conf_check *out)
{
	out->tls = true;
	out->tls_conf.sni = copy_text(scope->sni);
	out->tls_conf.verify = scope->verify;
	out->tls_conf.ca = scope->verify ? copy_text(scope->ca) : NULL;
	out->tls_conf.expiry = scope->expiry;
}

static void
make_dns(const struct conf_check_draft *draft, uint8_t protocol,
    struct conf_check *out)
{
	unsigned transport = draft->dns.transport;

	out->dns.tcp = transport == CONF_TRANSPORT_TCP ||
	    (transport == CONF_TRANSPORT_SERVICE && protocol == IPPROTO_TCP);
	out->dns.name = xstrdup(draft->dns.name);
	out->dns.type = (uint16_t)draft->dns.type;
	out->dns.rcode = draft->dns.rcode;
	out->dns.answer = copy_text(draft->dns.answer);
}

static void
make_exec(const struct conf_check_draft *draft, struct conf_check *out)
{
	size_t i, count = 0;

	while (draft->argv != NULL && draft->argv[count] != NULL)
		count++;
	out->exec.argv = xcalloc(count + 1, sizeof(*out->exec.argv));
	for (i = 0; i < count; i++)
		out->exec.argv[i] = xstrdup(draft->argv[i]);
	out->exec.user = xstrdup(draft->user);
}

void
conf_check_make(const struct conf_check_draft *draft, uint8_t protocol,
    struct conf_check *out)
{
	const struct conf_check_scope *scope = &draft->scope;

	*out = (struct conf_check){.type = draft->type,
	    .port = (uint16_t)draft->port,
	    .interval = scope->interval.value,
	    .fast_interval = conf_fast_interval_of(scope),
	    .timeout = conf_timeout_of(scope),
	    .rise = scope->rise,
	    .fall = scope->fall,
	    .log_probes = scope->log_probes,
	    .send = copy_bytes(&draft->send),
	    .receive = copy_bytes(&draft->receive)};
	if (draft->type == CHECK_HTTP || draft->type == CHECK_HTTPS)
		make_http(scope, out);
	if (draft->type == CHECK_HTTPS || draft->tls)
		make_tls(scope, out);
	if (draft->type == CHECK_DNS)
		make_dns(draft, protocol, out);
	if (draft->type == CHECK_EXEC)
		make_exec(draft, out);
}

void
conf_check_clear(struct conf_check *check)
{
	size_t i;

	free(check->method);
	free(check->host);
	free(check->path);
	free(check->expect);
	for (i = 0; i < check->header_count; i++) {
		free(check->headers[i].name);
		free(check->headers[i].value);
	}
	free(check->headers);
	free(check->body.text);
	pattern_free(check->body.pattern);
	free(check->tls_conf.sni);
	free(check->tls_conf.ca);
	free(check->dns.name);
	free(check->dns.answer);
	free(check->send.data);
	free(check->receive.data);
	for (i = 0; check->exec.argv != NULL && check->exec.argv[i]; i++)
		free(check->exec.argv[i]);
	free(check->exec.argv);
	free(check->exec.user);
}

static bool
same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool
same_bytes(const struct conf_bytes *a, const struct conf_bytes *b)
{
	return a->length == b->length &&
	    (a->length == 0 || memcmp(a->data, b->data, a->length) == 0);
}

static bool
same_expectation(const struct conf_check *a, const struct conf_check *b)
{
	size_t i;

	if (a->expect_any != b->expect_any ||
	    a->expect_count != b->expect_count)
		return false;
	for (i = 0; i < a->expect_count; i++)
		if (a->expect[i].low != b->expect[i].low ||
		    a->expect[i].high != b->expect[i].high)
			return false;
	return same_text(a->body.text, b->body.text) &&
	    a->body.regex == b->body.regex && a->body.within == b->body.within;
}

static bool
same_request(const struct conf_check *a, const struct conf_check *b)
{
	size_t i;

	if (a->header_count != b->header_count)
		return false;
	for (i = 0; i < a->header_count; i++)
		if (!same_text(a->headers[i].name, b->headers[i].name) ||
		    !same_text(a->headers[i].value, b->headers[i].value))
			return false;
	return same_text(a->method, b->method) && same_text(a->host, b->host) &&
	    same_text(a->path, b->path) && a->keep_alive == b->keep_alive;
}

static bool
same_tls(const struct conf_check *a, const struct conf_check *b)
{
	return a->tls == b->tls && a->tls_conf.verify == b->tls_conf.verify &&
	    a->tls_conf.expiry == b->tls_conf.expiry &&
	    same_text(a->tls_conf.sni, b->tls_conf.sni) &&
	    same_text(a->tls_conf.ca, b->tls_conf.ca);
}

static bool
same_dns(const struct conf_check *a, const struct conf_check *b)
{
	return a->dns.tcp == b->dns.tcp && a->dns.type == b->dns.type &&
	    a->dns.rcode == b->dns.rcode &&
	    same_text(a->dns.name, b->dns.name) &&
	    same_text(a->dns.answer, b->dns.answer);
}

static bool
same_command(const struct conf_check *a, const struct conf_check *b)
{
	size_t i;

	if (a->exec.argv == NULL || b->exec.argv == NULL)
		return a->exec.argv == b->exec.argv;
	for (i = 0; a->exec.argv[i] != NULL && b->exec.argv[i] != NULL; i++)
		if (!same_text(a->exec.argv[i], b->exec.argv[i]))
			return false;
	return a->exec.argv[i] == b->exec.argv[i] &&
	    same_text(a->exec.user, b->exec.user);
}

bool
conf_check_equal(const struct conf_check *a, const struct conf_check *b)
{
	return a->type == b->type && a->port == b->port &&
	    a->interval == b->interval &&
	    a->fast_interval == b->fast_interval && a->timeout == b->timeout &&
	    a->rise == b->rise && a->fall == b->fall &&
	    a->log_probes == b->log_probes && same_expectation(a, b) &&
	    same_request(a, b) && same_tls(a, b) && same_dns(a, b) &&
	    same_bytes(&a->send, &b->send) &&
	    same_bytes(&a->receive, &b->receive) && same_command(a, b);
}
