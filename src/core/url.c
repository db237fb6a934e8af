/* SPDX-License-Identifier: ISC */

/*
 * URLs: see url.h.
 */

#include <netinet/in.h>

#include <stdlib.h>
#include <string.h>

#include "base/xmalloc.h"
#include "core/addr.h"
#include "core/url.h"

#define HOST_MAX 255

/* "https://" or "http://": what is behind it, or NULL. */
static const char *
parse_scheme(const char *text, struct url *out)
{
	out->tls = strncmp(text, "https://", 8) == 0;
	if (out->tls)
		return text + 8;
	return strncmp(text, "http://", 7) == 0 ? text + 7 : NULL;
}

/* The host in brackets, or else up to the port or the path. */
static const char *
parse_host(const char *text, struct url *out)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
	struct addr address;
	size_t len;

	if (*text != '[') {
		len = strspn(text, allowed);
		out->host = strndup(text, len);
		return len > 0 && len <= HOST_MAX ? text + len : NULL;
	}
	len = strcspn(++text, "]");
	out->host = strndup(text, len);
	if (text[len] != ']' || addr_parse(out->host, &address) == -1 ||
	    address.family != AF_INET6)
		return NULL;
	return text + len + 1;
}

static const char *
parse_port(const char *text, struct url *out)
{
	const char *wrong;
	char digits[6];
	size_t len;

	out->port = out->tls ? 443 : 80;
	if (*text != ':')
		return text;
	len = strspn(++text, "0123456789");
	if (len == 0 || len >= sizeof(digits))
		return NULL;
	memcpy(digits, text, len);
	digits[len] = '\0';
	out->port = (uint16_t)strtonum(digits, 1, 65535, &wrong);
	return wrong == NULL ? text + len : NULL;
}

static const char *
parse(const char *text, struct url *out)
{
	const char *c;

	if (strlen(text) > URL_MAX)
		return "is longer than 2048 characters";
	for (c = text; *c != '\0'; c++)
		if (*c <= ' ' || *c > '~')
			return "has a character that is not printable ASCII, "
			       "or a space";
	if ((text = parse_scheme(text, out)) == NULL)
		return "does not begin with http:// or https://";
	c = text + strcspn(text, "/?#");
	if (memchr(text, '@', (size_t)(c - text)) != NULL)
		return "has a user in it: there are keys for that";
	if ((text = parse_host(text, out)) == NULL)
		return "has no host in it, such as es1.example.net, 10.0.0.1 "
		       "or [2001:db8::1]";
	if ((text = parse_port(text, out)) == NULL)
		return "has a port that is not in the range 1 to 65535";
	if (*text != '\0' && *text != '/')
		return "has something behind the host that is no path";
	if (strchr(text, '#') != NULL)
		return "has a fragment, which servers never see";
	out->path = xstrdup(text);
	return NULL;
}

const char *
url_parse(const char *text, struct url *out)
{
	const char *wrong;

	memset(out, 0, sizeof(*out));
	wrong = parse(text, out);
	if (wrong != NULL)
		url_clear(out);
	return wrong;
}

void
url_clear(struct url *url)
{
	free(url->host);
	free(url->path);
	memset(url, 0, sizeof(*url));
}

bool
url_is_loopback(const struct url *url)
{
	return strcmp(url->host, "localhost") == 0 ||
	    strcmp(url->host, "::1") == 0 ||
	    (strncmp(url->host, "127.", 4) == 0 &&
		strspn(url->host, "0123456789.") == strlen(url->host));
}

char *
url_server(const struct url *url)
{
	bool six = strchr(url->host, ':') != NULL;

	return xasprintf("%s://%s%s%s:%u", url->tls ? "https" : "http",
	    six ? "[" : "", url->host, six ? "]" : "", url->port);
}
