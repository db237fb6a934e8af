/* SPDX-License-Identifier: ISC */

/*
 * What an HTTP check asks for.
 */

#include <sys/socket.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "adapters/check_http.h"
#include "base/xmalloc.h"
#include "config.h"
#include "core/conf.h"
#include "core/redact.h"

#define HTTP_PORT  80
#define HTTPS_PORT 443

/* The value of Host (RFC 9110, section 7.2). */
static char *
host_of(const struct conf_check *conf, const struct addr *vip)
{
	char text[ADDR_STRLEN], port[8] = "";
	bool brackets = vip->family == AF_INET6;

	if (conf->host != NULL)
		return xstrdup(conf->host);
	if (conf->port != (conf->tls ? HTTPS_PORT : HTTP_PORT))
		snprintf(port, sizeof(port), ":%u", conf->port);
	return xasprintf("%s%s%s%s", brackets ? "[" : "",
	    addr_format(vip, text), brackets ? "]" : "", port);
}

static bool
is_configured(const struct conf_check *conf, const char *name)
{
	size_t i;

	for (i = 0; i < conf->header_count; i++)
		if (strcasecmp(conf->headers[i].name, name) == 0)
			return true;
	return false;
}

/* The fields that the configuration adds, and the end of the head. */
static char *
more_fields(const struct conf_check *conf)
{
	char *fields = xstrdup(""), *longer;
	size_t i;

	for (i = 0; i < conf->header_count; i++) {
		longer = xasprintf("%s%s: %s\r\n", fields,
		    conf->headers[i].name, conf->headers[i].value);
		free(fields);
		fields = longer;
	}
	longer = xasprintf("%s\r\n", fields);
	free(fields);
	return longer;
}

/* Up to the fields that the configuration adds. */
static char *
first_lines(
    const struct conf_check *conf, const char *path, const struct addr *vip)
{
	char *host = host_of(conf, vip), *lines;

	lines = xasprintf("%s %s HTTP/1.1\r\n"
			  "Host: %s\r\n"
			  "%s%s%s",
	    conf->method, path, host,
	    is_configured(conf, "User-Agent")
		? ""
		: "User-Agent: vc5d/" PACKAGE_VERSION " health check\r\n",
	    is_configured(conf, "Accept") ? "" : "Accept: */*\r\n",
	    conf->keep_alive ? "" : "Connection: close\r\n");
	free(host);
	return lines;
}

char *
check_http_request(
    const struct conf_check *conf, const struct addr *vip, char **shown)
{
	char *path = redact_query(conf->path), *fields = more_fields(conf);
	char *lines = first_lines(conf, conf->path, vip), *request;

	request = xasprintf("%s%s", lines, fields);
	free(lines);
	lines = first_lines(conf, path, vip);
	*shown =
	    xasprintf("%s%s", lines, conf->header_count == 0 ? "\r\n" : "");
	free(lines);
	free(fields);
	free(path);
	return request;
}
