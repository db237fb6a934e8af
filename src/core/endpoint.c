/* SPDX-License-Identifier: ISC */

/*
 * An address and a port: see endpoint.h.
 */

#include <sys/socket.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/endpoint.h"

int
endpoint_parse(const char *text, struct addr *address, uint16_t *port)
{
	const char *colon = strrchr(text, ':'), *wrong;
	struct addr parsed;
	char host[ADDR_STRLEN + 2];
	size_t len;
	long long number;
	bool six;

	if (colon == NULL || colon[1] < '1' || colon[1] > '9')
		return -1;
	number = strtonum(colon + 1, 1, 65535, &wrong);
	len = (size_t)(colon - text);
	if (wrong != NULL || len == 0 || len >= sizeof(host))
		return -1;
	memcpy(host, text, len);
	host[len] = '\0';
	six = host[0] == '[' && host[len - 1] == ']';
	if (six)
		host[len - 1] = '\0';
	if (addr_parse(host + six, &parsed) == -1 ||
	    parsed.family != (six ? AF_INET6 : AF_INET))
		return -1;
	*address = parsed;
	*port = (uint16_t)number;
	return 0;
}

const char *
endpoint_format(
    const struct addr *address, uint16_t port, char buf[ENDPOINT_STRLEN])
{
	char text[ADDR_STRLEN];

	snprintf(buf, ENDPOINT_STRLEN,
	    address->family == AF_INET6 ? "[%s]:%u" : "%s:%u",
	    addr_format(address, text), port);
	return buf;
}
