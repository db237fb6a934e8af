/* SPDX-License-Identifier: ISC */

/*
 * Whom a connection to the web console's server comes from, as far as limits
 * count them.
 */

#include <sys/socket.h>

#include <string.h>

#include <event2/bufferevent.h>

#include "adapters/http_private.h"

void
http_peer(int fd, struct addr *out)
{
	struct sockaddr_storage ss = {0};
	socklen_t len = sizeof(ss);
	struct addr peer;

	memset(out, 0, sizeof(*out));
	if (getpeername(fd, (struct sockaddr *)&ss, &len) == -1)
		return;
	addr_from_sockaddr(&ss, &peer);
	addr_source(&peer, out);
}

void
http_peer_of_request(struct evhttp_request *request, struct addr *out)
{
	http_peer(bufferevent_getfd(evhttp_connection_get_bufferevent(
		      evhttp_request_get_connection(request))),
	    out);
}
