/* SPDX-License-Identifier: ISC */

/*
 * The sockets of the netlink adapter: one that is told what changes, one that
 * asks, and what is done when the first has lost something.
 */

#include <sys/socket.h>
#include <sys/time.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>

#include "adapters/netlink_private.h"
#include "base/log.h"
#include "base/xmalloc.h"

/* Each message of the kernel's is accounted with about a kilobyte or more. */
#define EVENT_BUFFER (4 * 1024 * 1024)
/* Datagrams handled before other events of the loop have their turn. */
#define EVENT_BURST 256
/* Attempts at a table that changes while it is read. */
#define DUMP_ATTEMPTS 3

/* The kernel answers within the system call: this only bounds a fault. */
static const struct timeval request_timeout = {.tv_sec = 1};
static const struct timeval tick_interval = {.tv_sec = 1};
/* One change of the network makes many events: gather them. */
static const struct timeval work_delay = {.tv_usec = 50 * 1000};
static const struct timeval no_delay = {0};

/* A question that is being answered. */
struct exchange {
	struct netlink *netlink;
	netlink_reply_cb *cb;
	void *arg;	   /* of cb */
	uint32_t sequence; /* its answers have the same */
	bool done;
	int error; /* 0 or -errno */
};

const char *
netlink_remedy(int error)
{
	if (error == EPERM || error == EACCES)
		return (" (vc5d needs CAP_NET_ADMIN: start it as root)");
	return ("");
}

unsigned
netlink_addr_size(const struct addr *addr)
{
	return (addr_bits(addr) / 8);
}

int
netlink_addr_get(const struct nlattr *attr, int family, struct addr *out)
{
	struct addr addr = {.family = family};
	unsigned size;

	if (attr == NULL || (family != AF_INET && family != AF_INET6))
		return (-1);
	size = netlink_addr_size(&addr);
	if (nla_len(attr) != (int)size)
		return (-1);
	memcpy(addr.bytes, nla_data(attr), size);
	*out = addr;
	return (0);
}

struct nl_msg *
netlink_message(int type, int flags, const void *header, size_t size)
{
	struct nl_msg *msg;

	if ((msg = nlmsg_alloc_simple(type, flags)) == NULL ||
	    nlmsg_append(msg, (void *)header, size, NLMSG_ALIGNTO) < 0)
		fatalx("netlink: out of memory");
	return (msg);
}

static int
exchange_sequence(struct nl_msg *msg, void *arg)
{
	struct exchange *exchange = arg;

	/* Of a question whose answer came after its time was up? */
	if (nlmsg_hdr(msg)->nlmsg_seq != exchange->sequence)
		return (NL_SKIP);
	return (NL_OK);
}

static int
exchange_valid(struct nl_msg *msg, void *arg)
{
	struct exchange *exchange = arg;

	if (exchange->cb != NULL)
		exchange->cb(exchange->netlink, nlmsg_hdr(msg), exchange->arg);
	return (NL_OK);
}

static int
exchange_end(struct nl_msg *msg, void *arg)
{
	struct exchange *exchange = arg;

	(void)msg;
	exchange->done = true;
	return (NL_STOP);
}

static int
exchange_error(struct sockaddr_nl *from, struct nlmsgerr *error, void *arg)
{
	struct exchange *exchange = arg;

	(void)from;
	if (error->msg.nlmsg_seq != exchange->sequence)
		return (NL_SKIP);
	exchange->error = error->error;
	exchange->done = true;
	return (NL_STOP);
}

static struct nl_cb *
exchange_callbacks(struct exchange *exchange)
{
	struct nl_cb *cb;

	if ((cb = nl_cb_alloc(NL_CB_DEFAULT)) == NULL)
		fatalx("netlink: out of memory");
	nl_cb_set(
	    cb, NL_CB_SEQ_CHECK, NL_CB_CUSTOM, exchange_sequence, exchange);
	nl_cb_set(cb, NL_CB_VALID, NL_CB_CUSTOM, exchange_valid, exchange);
	nl_cb_set(cb, NL_CB_FINISH, NL_CB_CUSTOM, exchange_end, exchange);
	nl_cb_set(cb, NL_CB_ACK, NL_CB_CUSTOM, exchange_end, exchange);
	nl_cb_err(cb, NL_CB_CUSTOM, exchange_error, exchange);
	return (cb);
}

int
netlink_ask(
    struct netlink *nl, struct nl_msg *msg, netlink_reply_cb *reply, void *arg)
{
	struct exchange exchange = {.netlink = nl, .cb = reply, .arg = arg};
	struct nl_cb *cb = exchange_callbacks(&exchange);
	int n;

	if (nl_send_auto(nl->request, msg) < 0)
		exchange.error = -EIO;
	exchange.sequence = nlmsg_hdr(msg)->nlmsg_seq;
	while (exchange.error == 0 && !exchange.done) {
		n = nl_recvmsgs_report(nl->request, cb);
		if (n == -NLE_DUMP_INTR)
			exchange.error = -EAGAIN;
		else if (n <= 0 && !exchange.done)
			exchange.error = -ETIMEDOUT;
	}
	nl_cb_put(cb);
	nlmsg_free(msg);
	return (exchange.error);
}

int
netlink_dump(struct netlink *nl, int type, const void *header, size_t size,
    netlink_reply_cb *reply, void *arg)
{
	int i, rc = 0;

	for (i = 0; i < DUMP_ATTEMPTS; i++) {
		rc = netlink_ask(nl,
		    netlink_message(type, NLM_F_DUMP, header, size), reply,
		    arg);
		if (rc != -EAGAIN)
			break;
	}
	return (rc);
}

void
netlink_schedule(struct netlink *nl, bool urgent)
{
	if (urgent)
		evtimer_add(nl->work, &no_delay);
	else if (!evtimer_pending(nl->work, NULL))
		evtimer_add(nl->work, &work_delay);
}

/*
 * Routes refer to it (FRR's do), and go or change with it without a message of
 * their own.
 */
static void
nexthop_message(struct netlink *nl, struct nlmsghdr *hdr)
{
	(void)hdr;
	netlink_watch_all_again(nl);
}

static int
event_message(struct nl_msg *msg, void *arg)
{
	static const struct {
		int new, del;
		void (*handle)(struct netlink *, struct nlmsghdr *);
	} handlers[] = {
	    {RTM_NEWNEIGH, RTM_DELNEIGH, netlink_neighbour_message},
	    {RTM_NEWROUTE, RTM_DELROUTE, netlink_route_message},
	    {RTM_NEWLINK, RTM_DELLINK, netlink_link_message},
	    {RTM_NEWADDR, RTM_DELADDR, netlink_address_message},
	    {RTM_NEWNEXTHOP, RTM_DELNEXTHOP, nexthop_message},
	    {RTM_NEWRULE, RTM_DELRULE, netlink_rule_message},
	};
	struct nlmsghdr *hdr = nlmsg_hdr(msg);
	size_t i;

	for (i = 0; i < sizeof(handlers) / sizeof(handlers[0]); i++) {
		if (hdr->nlmsg_type == handlers[i].new ||
		    hdr->nlmsg_type == handlers[i].del)
			handlers[i].handle(arg, hdr);
	}
	return (NL_OK);
}

static int
tables_load(struct netlink *nl, bool report)
{
	int rc;

	if ((rc = netlink_links_load(nl, report)) < 0)
		return (rc);
	return (netlink_addresses_load(nl, report));
}

/* Everything anew: what is reported is the difference. */
static void
resync(struct netlink *nl)
{
	int rc;

	nl->stale = false;
	if ((rc = tables_load(nl, true)) < 0) {
		nl->stale = true; /* the next tick tries again */
		errno = -rc;
		log_warn("netlink: cannot read interfaces and addresses%s",
		    netlink_remedy(-rc));
	}
	nl->probe.suspect = nl->probe.installed;
	netlink_watch_all_again(nl);
}

static void
events_readable(evutil_socket_t fd, short what, void *arg)
{
	struct netlink *nl = arg;
	int i, n;

	(void)fd;
	(void)what;
	for (i = 0; i < EVENT_BURST; i++) {
		n = nl_recvmsgs_default(nl->events);
		if (n == 0)
			continue;
		if (n == -NLE_AGAIN)
			break;
		/* ENOBUFS, or something that libnl does not understand. */
		if (!nl->stale)
			log_notice("netlink: events were lost (%s): "
				   "reading everything again",
			    n == -NLE_NOMEM ? "too many at once"
					    : nl_geterror(n));
		nl->stale = true;
	}
	if (nl->stale)
		resync(nl);
	netlink_watch_report(nl);
}

static void
tick(evutil_socket_t fd, short what, void *arg)
{
	struct netlink *nl = arg;

	(void)fd;
	(void)what;
	nl->ticks++;
	if (nl->stale)
		resync(nl);
	netlink_probe_tick(nl);
	netlink_watch_tick(nl);
	netlink_watch_report(nl);
}

static void
work(evutil_socket_t fd, short what, void *arg)
{
	struct netlink *nl = arg;

	(void)fd;
	(void)what;
	netlink_watch_work(nl);
	netlink_watch_report(nl);
}

static struct nl_sock *
socket_open(void)
{
	struct nl_sock *sock;
	int rc;

	if ((sock = nl_socket_alloc()) == NULL)
		fatalx("netlink: out of memory");
	if ((rc = nl_connect(sock, NETLINK_ROUTE)) < 0) {
		log_warnx("netlink: cannot open a socket: %s", nl_geterror(rc));
		nl_socket_free(sock);
		return (NULL);
	}
	return (sock);
}

static int
events_open(struct netlink *nl)
{
	static const int size = EVENT_BUFFER;
	int fd, rc;

	if ((nl->events = socket_open()) == NULL)
		return (-1);
	fd = nl_socket_get_fd(nl->events);
	/* Beyond net.core.rmem_max if we may, else as much as that allows. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		nl_socket_set_buffer_size(nl->events, size, 0);
	nl_socket_disable_seq_check(nl->events);
	nl_socket_modify_cb(
	    nl->events, NL_CB_VALID, NL_CB_CUSTOM, event_message, nl);
	if ((rc = nl_socket_set_nonblocking(nl->events)) < 0 ||
	    (rc = nl_socket_add_memberships(nl->events, RTNLGRP_LINK,
		 RTNLGRP_NEIGH, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR,
		 RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE, RTNLGRP_IPV4_RULE,
		 RTNLGRP_IPV6_RULE, RTNLGRP_NEXTHOP, RTNLGRP_NONE)) < 0) {
		log_warnx("netlink: cannot subscribe to the network's events: "
			  "%s",
		    nl_geterror(rc));
		return (-1);
	}
	return (0);
}

static int
request_open(struct netlink *nl)
{
	if ((nl->request = socket_open()) == NULL)
		return (-1);
	if (setsockopt(nl_socket_get_fd(nl->request), SOL_SOCKET, SO_RCVTIMEO,
		&request_timeout, sizeof(request_timeout)) < 0) {
		log_warn("netlink: cannot bound the time of requests");
		return (-1);
	}
	return (0);
}

static void
loop_join(struct netlink *nl, struct event_base *base)
{
	nl->readable = event_new(base, nl_socket_get_fd(nl->events),
	    EV_READ | EV_PERSIST, events_readable, nl);
	nl->tick = event_new(base, -1, EV_PERSIST, tick, nl);
	nl->work = evtimer_new(base, work, nl);
	if (nl->readable == NULL || nl->tick == NULL || nl->work == NULL ||
	    event_add(nl->readable, NULL) < 0 ||
	    event_add(nl->tick, &tick_interval) < 0)
		fatalx("netlink: cannot join the event loop");
}

struct netlink *
netlink_new(struct event_base *base, const struct netlink_callbacks *callbacks,
    void *arg)
{
	struct netlink *nl = xcalloc(1, sizeof(*nl));
	int rc;

	nl->callbacks = *callbacks;
	nl->arg = arg;
	RB_INIT(&nl->links);
	RB_INIT(&nl->locals);
	RB_INIT(&nl->watches);
	TAILQ_INIT(&nl->lookups);
	TAILQ_INIT(&nl->reports);
	RB_INIT(&nl->neighbours);
	TAILQ_INIT(&nl->questions);
	/* Subscribed first, then read: no change falls between the two. */
	if (events_open(nl) < 0 || request_open(nl) < 0)
		goto fail;
	if ((rc = tables_load(nl, false)) < 0) {
		errno = -rc;
		log_warn("netlink: cannot read interfaces and addresses%s",
		    netlink_remedy(-rc));
		goto fail;
	}
	loop_join(nl, base);
	return (nl);
fail:
	netlink_free(nl);
	return (NULL);
}

void
netlink_free(struct netlink *nl)
{
	if (nl == NULL)
		return;
	netlink_watch_free_all(nl);
	netlink_addresses_free(nl);
	netlink_links_free(nl);
	if (nl->work != NULL)
		event_free(nl->work);
	if (nl->tick != NULL)
		event_free(nl->tick);
	if (nl->readable != NULL)
		event_free(nl->readable);
	nl_socket_free(nl->request);
	nl_socket_free(nl->events);
	free(nl);
}
