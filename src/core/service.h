/* SPDX-License-Identifier: ISC */

/*
 * What names a service: a virtual IP address (VIP), a protocol and a port.
 */

#ifndef CORE_SERVICE_H
#define CORE_SERVICE_H

#include "core/addr.h"

#define SERVICE_KEY_STRLEN (ADDR_STRLEN + 13)

struct service_key {
	struct addr vip;
	uint16_t port;	  /* host order */
	uint8_t protocol; /* IPPROTO_TCP or IPPROTO_UDP */
};

/* Order: VIP, protocol, port.  As memcmp(3). */
int service_key_compare(const struct service_key *, const struct service_key *);

/* "192.0.2.1:80/tcp" or "[2001:db8::1]:53/udp" in buf, which is returned. */
const char *
service_key_format(const struct service_key *, char buf[SERVICE_KEY_STRLEN]);

/* "tcp", "udp". */
const char *service_protocol_name(uint8_t protocol);

#endif
