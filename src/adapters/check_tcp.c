/* SPDX-License-Identifier: ISC */

/*
 * The check that a TCP connection can be made.
 */

#include "adapters/check_type.h"

static void
tcp_connected(struct check *check)
{
	check_decide(check, CHECK_PASSED, "connected%s",
	    check_conf(check)->tls ? ", with TLS" : "");
	if (check_conf(check)->tls)
		check_finish(check);
}

const struct check_ops check_tcp = {
    .connected = tcp_connected,
};
