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
 * The request, to be freed by the caller.  The first *shown bytes of it may be
 * shown to anyone: the configured header fields, which may be secret, are
 * behind them.
 */
char *check_http_request(
    const struct conf_check *, const struct addr *vip, size_t *shown);

#endif
