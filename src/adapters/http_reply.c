/* SPDX-License-Identifier: ISC */

/*
 * Whole answers: their header fields, errors, and the files of src/web.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>

#include "adapters/http_auth_files.h"
#include "adapters/http_private.h"
#include "base/log.h"
#include "base/xmalloc.h"
#include "web/web.h"

#define TEXT	     "text/plain; charset=utf-8"
#define COMMON	     "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
#define UNAUTHORIZED 401
#define ETAG_LEN     (2 + 32 + 1) /* quotes, half of a digest, and the NUL */

static const struct {
	const char *name, *value;
} common_headers[] = {
    {"Connection", "close"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Referrer-Policy", "no-referrer"},
    {"X-Content-Type-Options", "nosniff"},
};

static const struct {
	const char *policy; /* Content-Security-Policy */
	const char *cache;  /* Cache-Control */
} kinds[] = {
    [HTTP_DATA] = {"default-src 'none'; " COMMON, "no-store"},
    [HTTP_PAGE] = {"default-src 'none'; style-src 'unsafe-inline'; " COMMON,
	"no-store"},
    [HTTP_FILE] = {"default-src 'self'; " COMMON, "no-cache"},
};

static const struct {
	int code;
	const char *reason;
} reasons[] = {
    {200, "OK"},
    {304, "Not Modified"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {421, "Misdirected Request"},
    {429, "Too Many Requests"},
    {503, "Service Unavailable"},
};

static const char *
reason_of(int code)
{
	size_t i;

	for (i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (reasons[i].code == code)
			return reasons[i].reason;
	return "Internal Server Error";
}

bool
http_is_head(struct evhttp_request *request)
{
	return evhttp_request_get_command(request) == EVHTTP_REQ_HEAD;
}

void
http_headers(
    struct evhttp_request *request, enum http_kind kind, const char *type)
{
	struct evkeyvalq *out = evhttp_request_get_output_headers(request);
	size_t i;

	for (i = 0; i < sizeof(common_headers) / sizeof(common_headers[0]); i++)
		evhttp_add_header(
		    out, common_headers[i].name, common_headers[i].value);
	/* Browsers complain of it where they don't heed it. */
	if (http_tls_trustworthy(evhttp_request_get_connection(request)))
		evhttp_add_header(
		    out, "Cross-Origin-Opener-Policy", "same-origin");
	evhttp_add_header(out, "Content-Security-Policy", kinds[kind].policy);
	evhttp_add_header(out, "Cache-Control", kinds[kind].cache);
	if (type != NULL)
		evhttp_add_header(out, "Content-Type", type);
}

void
http_reply(struct evhttp_request *request, enum http_kind kind, int code,
    const char *type, struct evbuffer *body)
{
	struct evkeyvalq *out = evhttp_request_get_output_headers(request);
	char length[24];

	http_headers(request, kind, type);
	snprintf(length, sizeof(length), "%zu", evbuffer_get_length(body));
	evhttp_add_header(out, "Content-Length", length);
	if (http_is_head(request))
		evbuffer_drain(body, evbuffer_get_length(body));
	evhttp_send_reply(request, code, reason_of(code), body);
}

void
http_reply_text(struct evhttp_request *request, int code, const char *text)
{
	struct evbuffer *body = evbuffer_new();

	if (body == NULL || evbuffer_add_printf(body, "%s\n", text) == -1)
		fatalx("webserver: out of memory");
	http_reply(request, HTTP_DATA, code, TEXT, body);
	evbuffer_free(body);
}

void
http_reply_error(struct evhttp_request *request, int code)
{
	char text[64];

	snprintf(text, sizeof(text), "%d %s", code, reason_of(code));
	http_reply_text(request, code, text);
}

void
http_reply_later(struct evhttp_request *request, int code, unsigned seconds)
{
	char text[64];

	snprintf(text, sizeof(text), "%u", seconds);
	evhttp_add_header(
	    evhttp_request_get_output_headers(request), "Retry-After", text);
	snprintf(text, sizeof(text), "%d %s: try again in %u s", code,
	    reason_of(code), seconds);
	http_reply_text(request, code, text);
}

static const struct web_file *
find_file(const char *path)
{
	size_t i;

	for (i = 0; i < web_file_count; i++)
		if (strcmp(web_files[i].path, path) == 0)
			return &web_files[i];
	return NULL;
}

static void
make_etag(const struct web_file *file, char etag[ETAG_LEN])
{
	uint8_t digest[HTTP_DIGEST_LEN];
	size_t i;

	http_digest(file->data, file->length, digest);
	for (i = 0; i < (ETAG_LEN - 3) / 2; i++)
		snprintf(etag + 1 + 2 * i, 3, "%02x", digest[i]);
	etag[0] = etag[ETAG_LEN - 2] = '"';
	etag[ETAG_LEN - 1] = '\0';
}

/* Has who asks that file already?  "*" is any (RFC 9110, 13.1.2). */
static bool
is_known(struct evhttp_request *request, const char *etag)
{
	const char *known = evhttp_find_header(
	    evhttp_request_get_input_headers(request), "If-None-Match");

	return known != NULL &&
	    (strcmp(known, "*") == 0 || strstr(known, etag) != NULL);
}

bool
http_reply_file(struct evhttp_request *request, const char *path)
{
	const struct web_file *file = find_file(path);
	char etag[ETAG_LEN];
	struct evbuffer *body;

	if (file == NULL)
		return false;
	make_etag(file, etag);
	evhttp_add_header(
	    evhttp_request_get_output_headers(request), "ETag", etag);
	if (is_known(request, etag)) {
		http_headers(request, HTTP_FILE, NULL);
		evhttp_send_reply(request, 304, reason_of(304), NULL);
		return true;
	}
	body = evbuffer_new();
	if (body == NULL ||
	    evbuffer_add_reference(
		body, file->data, file->length, NULL, NULL) == -1)
		fatalx("webserver: out of memory");
	http_reply(request, HTTP_FILE, 200, file->type, body);
	evbuffer_free(body);
	return true;
}
