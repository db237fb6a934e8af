/* SPDX-License-Identifier: ISC */

/*
 * Names to addresses, by libevent's evdns: see lookup.h.
 *
 * A request of evdns can't be taken back at once, nor may what it belongs to be
 * freed while it calls back, or has a question under way that it has given up:
 * so one that was cancelled ends by itself, and each is freed a while later.
 */

#include <netinet/in.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <event2/dns.h>
#include <event2/event.h>
#include <event2/util.h>

#include "adapters/lookup.h"
#include "base/log.h"
#include "base/xmalloc.h"

#define RELEASE_TIME 1 /* s */

struct lookup {
	LIST_ENTRY(lookup) entry;
	struct evdns_base *dns;
	struct evdns_getaddrinfo_request *request;
	struct event *release;
	lookup_cb *cb; /* NULL = was cancelled, or told */
	void *arg;
	bool ended;
};

/* Those that were not released yet, when the process ends, too. */
static LIST_HEAD(, lookup) lookups = LIST_HEAD_INITIALIZER(lookups);

static void
release(evutil_socket_t fd, short what, void *arg)
{
	struct lookup *l = arg;

	(void)fd;
	(void)what;
	LIST_REMOVE(l, entry);
	if (l->dns != NULL)
		evdns_base_free(l->dns, 0);
	event_free(l->release);
	free(l);
}

static size_t
addresses_of(
    const struct evutil_addrinfo *list, struct addr out[LOOKUP_ADDRESSES])
{
	size_t count = 0;

	for (; list != NULL && count < LOOKUP_ADDRESSES; list = list->ai_next) {
		const void *bytes;

		if (list->ai_family == AF_INET)
			bytes = &((const struct sockaddr_in *)(const void *)
				      list->ai_addr)
				     ->sin_addr;
		else if (list->ai_family == AF_INET6)
			bytes = &((const struct sockaddr_in6 *)(const void *)
				      list->ai_addr)
				     ->sin6_addr;
		else
			continue;
		memset(&out[count], 0, sizeof(out[count]));
		out[count].family = (sa_family_t)list->ai_family;
		memcpy(out[count].bytes, bytes,
		    list->ai_family == AF_INET ? 4 : 16);
		count++;
	}
	return count;
}

static void
end(struct lookup *l)
{
	struct timeval later = {.tv_sec = RELEASE_TIME};

	l->ended = true;
	l->cb = NULL;
	evtimer_add(l->release, &later);
}

static void
resolved(int error, struct evutil_addrinfo *list, void *arg)
{
	struct addr addresses[LOOKUP_ADDRESSES];
	struct lookup *l = arg;
	lookup_cb *cb = l->cb;
	size_t count = 0;

	if (error == 0 && list != NULL)
		count = addresses_of(list, addresses);
	if (list != NULL)
		evutil_freeaddrinfo(list);
	end(l);
	if (cb != NULL)
		cb(l->arg, addresses, count,
		    count > 0	     ? NULL
			: error != 0 ? evutil_gai_strerror(error)
				     : "it has no address");
}

struct lookup *
lookup_start(
    struct event_base *base, const char *name, lookup_cb *cb, void *arg)
{
	struct evutil_addrinfo hints = {
	    .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
	struct lookup *l = xcalloc(1, sizeof(*l));

	LIST_INSERT_HEAD(&lookups, l, entry);
	l->cb = cb;
	l->arg = arg;
	l->release = evtimer_new(base, release, l);
	if (l->release == NULL)
		fatalx("no memory for a timer");
	l->dns = evdns_base_new(base,
	    EVDNS_BASE_INITIALIZE_NAMESERVERS |
		EVDNS_BASE_DISABLE_WHEN_INACTIVE);
	if (l->dns == NULL) {
		end(l);
		cb(arg, NULL, 0, "/etc/resolv.conf can't be read");
		return NULL;
	}
	l->request = evdns_getaddrinfo(l->dns, name, NULL, &hints, resolved, l);
	return l->ended ? NULL : l;
}

void
lookup_cancel(struct lookup *l)
{
	if (l == NULL)
		return;
	l->cb = NULL;
	evdns_getaddrinfo_cancel(l->request);
}
