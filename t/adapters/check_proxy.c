/* SPDX-License-Identifier: ISC */

/*
 * A bad network on loopback: see check_proxy.h.
 */

#include <sys/socket.h>
#include <sys/time.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/xmalloc.h"
#include "check_proxy.h"
#include "check_server.h"

/* One connection at a time: of the client, and of the server. */
struct proxy {
	struct event_base *base;
	struct proxy_script script;
	uint16_t port, server_port;
	int fd, client, server;
	struct event *acceptable, *from_client, *from_server;
	size_t passed;
};

static void
hang_up(struct proxy *proxy)
{
	if (proxy->client == -1)
		return;
	event_free(proxy->from_client);
	event_free(proxy->from_server);
	close(proxy->client);
	close(proxy->server);
	proxy->client = -1;
}

static void
client_ready(int fd, short events, void *arg)
{
	struct proxy *proxy = arg;
	char bytes[4096];
	ssize_t got = recv(fd, bytes, sizeof(bytes), 0);

	(void)events;
	if (got <= 0 || send(proxy->server, bytes, got, MSG_NOSIGNAL) != got)
		hang_up(proxy);
}

static size_t
allowed(const struct proxy *proxy, size_t most)
{
	const struct proxy_script *script = &proxy->script;

	if (script->piece > 0 && most > script->piece)
		most = script->piece;
	if (script->stop > 0 && most > script->stop - proxy->passed)
		most = script->stop - proxy->passed;
	return most;
}

static void
server_ready(int fd, short events, void *arg)
{
	struct proxy *proxy = arg;
	char bytes[4096];
	size_t most = allowed(proxy, sizeof(bytes));
	ssize_t got = most == 0 ? 0 : recv(fd, bytes, most, 0);

	(void)events;
	if (got > 0 && proxy->script.flip > proxy->passed &&
	    proxy->script.flip <= proxy->passed + (size_t)got)
		bytes[proxy->script.flip - proxy->passed - 1] ^= 0xff;
	if (most == 0 && !proxy->script.cut) {
		event_del(proxy->from_server);
		return;
	}
	if (got <= 0 || send(proxy->client, bytes, got, MSG_NOSIGNAL) != got) {
		hang_up(proxy);
		return;
	}
	proxy->passed += got;
}

static int
connect_server(uint16_t port)
{
	struct addr address = loopback(AF_INET);
	struct sockaddr_storage ss;
	socklen_t length = addr_to_sockaddr(&address, port, &ss);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (connect(fd, (struct sockaddr *)&ss, length) == -1)
		abort();
	return fd;
}

static void
accept_ready(int fd, short events, void *arg)
{
	static const int on = 1;
	struct proxy *proxy = arg;
	int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC);

	(void)events;
	if (client == -1)
		return;
	hang_up(proxy);
	proxy->client = client;
	proxy->server = connect_server(proxy->server_port);
	setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	proxy->from_client = event_new(
	    proxy->base, client, EV_READ | EV_PERSIST, client_ready, proxy);
	proxy->from_server = event_new(proxy->base, proxy->server,
	    EV_READ | EV_PERSIST, server_ready, proxy);
	event_add(proxy->from_client, NULL);
	event_add(proxy->from_server, NULL);
}

struct proxy *
proxy_new(
    struct event_base *base, uint16_t server, const struct proxy_script *script)
{
	struct proxy *proxy = xcalloc(1, sizeof(*proxy));

	proxy->base = base;
	proxy->script = *script;
	proxy->server_port = server;
	proxy->client = -1;
	proxy->fd = loopback_socket(AF_INET, 16, &proxy->port);
	proxy->acceptable = event_new(
	    base, proxy->fd, EV_READ | EV_PERSIST, accept_ready, proxy);
	event_add(proxy->acceptable, NULL);
	return proxy;
}

uint16_t
proxy_port(const struct proxy *proxy)
{
	return proxy->port;
}

size_t
proxy_passed(const struct proxy *proxy)
{
	return proxy->passed;
}

void
proxy_free(struct proxy *proxy)
{
	hang_up(proxy);
	event_free(proxy->acceptable);
	close(proxy->fd);
	free(proxy);
}
