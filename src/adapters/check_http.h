/* SPDX-License-Identifier: ISC */

/*
 * The request of an HTTP check; private to check_http*.c.
 */

#ifndef ADAPTERS_CHECK_HTTP_H
#define ADAPTERS_CHECK_HTTP_H

#include <stddef.h>

struct addr;
struct conf_check;

/*
 * The request, and as much of it as may be shown to anyone, neither values of a
 * query nor the configured header fields, which may be secret: both are the
 * caller's to free(3).
 */
char *check_http_request(
    const struct conf_check *, const struct addr *vip, char **shown);

#endif
