/* SPDX-License-Identifier: ISC */

/*
 * What names a service: see service.h.
 */

#include <sys/socket.h>

#include <netinet/in.h>

#include <stdio.h>

#include "core/service.h"

int
service_key_compare(const struct service_key *a, const struct service_key *b)
{
	int order = addr_compare(&a->vip, &b->vip);

	if (order != 0)
		return order;
	if (a->protocol != b->protocol)
		return a->protocol < b->protocol ? -1 : 1;
	if (a->port != b->port)
		return a->port < b->port ? -1 : 1;
	return 0;
}

const char *
service_key_format(const struct service_key *key, char buf[SERVICE_KEY_STRLEN])
{
	char vip[ADDR_STRLEN];

	snprintf(buf, SERVICE_KEY_STRLEN,
	    key->vip.family == AF_INET6 ? "[%s]:%u/%s" : "%s:%u/%s",
	    addr_format(&key->vip, vip), key->port,
	    service_protocol_name(key->protocol));
	return buf;
}

const char *
service_protocol_name(uint8_t protocol)
{
	switch (protocol) {
	case IPPROTO_TCP:
		return "tcp";
	case IPPROTO_UDP:
		return "udp";
	default:
		return "?";
	}
}
