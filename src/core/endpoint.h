/* SPDX-License-Identifier: ISC */

/*
 * An address and a port, as people write them.
 */

#ifndef CORE_ENDPOINT_H
#define CORE_ENDPOINT_H

#include "core/addr.h"

#define ENDPOINT_STRLEN (ADDR_STRLEN + 9)

/*
 * Read "192.0.2.1:80" or "[2001:db8::1]:80".  0, or -1 when it is neither;
 * nothing is then changed.
 */
int endpoint_parse(const char *, struct addr *, uint16_t *port);

/* Such a text in buf, which is returned. */
const char *
endpoint_format(const struct addr *, uint16_t port, char buf[ENDPOINT_STRLEN]);

#endif
