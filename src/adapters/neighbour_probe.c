/* SPDX-License-Identifier: ISC */

/* See neighbour_probe.h. */

#include <sys/socket.h>
#include <sys/time.h>

#include <linux/if_ether.h>
#include <linux/if_packet.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "adapters/neighbour_probe.h"
#include "base/log.h"
#include "base/monotime.h"
#include "base/xmalloc.h"

#define AT_ONCE	  32 /* messages for one event */
#define MAC	  6
#define HOP_LIMIT 255 /* RFC 4861, section 7.1: or it is not looked at */

/* An ARP message for Ethernet and IPv4. */
struct arp {
	uint8_t fixed[6]; /* hardware and protocol types, their lengths */
	uint8_t operation[2];
	uint8_t sender_mac[MAC], sender[4];
	uint8_t target_mac[MAC], target[4];
};

static const uint8_t arp_fixed[6] = {0, 1, 8, 0, MAC, 4};

/* A neighbour solicitation or advertisement with one option. */
struct neighbour_message {
	uint8_t type, code, checksum[2], flags[4];
	uint8_t target[16];
	uint8_t option, option_length, mac[MAC];
};

struct neighbour_probe {
	struct addr wanted;
	int fd;
	struct event *ready, *timer;
	neighbour_probe_cb *cb;
	void *arg;
};

static void
finish(struct neighbour_probe *p, const uint8_t *mac)
{
	neighbour_probe_cb *cb = p->cb;
	uint8_t copy[MAC];
	void *arg = p->arg;

	if (mac != NULL)
		memcpy(copy, mac, MAC);
	neighbour_probe_cancel(p);
	cb(arg, mac != NULL ? copy : NULL);
}

static void
time_is_over(int fd, short events, void *arg)
{
	(void)fd;
	(void)events;
	finish(arg, NULL);
}

/* The MAC address that a message has for what was wanted, or NULL. */
static const uint8_t *
read_arp(const struct addr *wanted, const uint8_t *bytes, size_t length)
{
	const struct arp *arp = (const void *)bytes;

	if (length < sizeof(*arp) ||
	    memcmp(arp->fixed, arp_fixed, sizeof(arp_fixed)) != 0 ||
	    arp->operation[0] != 0 || arp->operation[1] != 2 ||
	    memcmp(arp->sender, wanted->bytes, 4) != 0)
		return NULL;
	return arp->sender_mac;
}

static const uint8_t *
read_advertisement(
    const struct addr *wanted, const uint8_t *bytes, size_t length)
{
	const struct neighbour_message *m = (const void *)bytes;

	if (length < sizeof(*m) || m->type != ND_NEIGHBOR_ADVERT ||
	    m->option != ND_OPT_TARGET_LINKADDR || m->option_length != 1 ||
	    memcmp(m->target, wanted->bytes, 16) != 0)
		return NULL;
	return m->mac;
}

/* Nobody who is further away than the link can send it so. */
static bool
is_of_the_link(struct msghdr *message)
{
	struct cmsghdr *c;
	int hops = 0;

	for (c = CMSG_FIRSTHDR(message); c != NULL; c = CMSG_NXTHDR(message, c))
		if (c->cmsg_level == IPPROTO_IPV6 &&
		    c->cmsg_type == IPV6_HOPLIMIT)
			memcpy(&hops, CMSG_DATA(c), sizeof(hops));
	return hops == HOP_LIMIT;
}

/* The length of the next message, 0 of one not to be looked at, or -1. */
static ssize_t
receive(const struct neighbour_probe *p, uint8_t *bytes, size_t size)
{
	_Alignas(struct cmsghdr) char control[64];
	struct iovec iov = {bytes, size};
	struct msghdr message = {
	    .msg_iov = &iov,
	    .msg_iovlen = 1,
	    .msg_control = control,
	    .msg_controllen = sizeof(control),
	};
	ssize_t length = recvmsg(p->fd, &message, 0);

	if (length > 0 && p->wanted.family == AF_INET6 &&
	    !is_of_the_link(&message))
		return 0;
	return length;
}

static void
ready(int fd, short events, void *arg)
{
	struct neighbour_probe *p = arg;
	uint8_t bytes[256];
	const uint8_t *mac;
	ssize_t length;
	unsigned i;

	(void)fd;
	(void)events;
	for (i = 0; i < AT_ONCE; i++) {
		length = receive(p, bytes, sizeof(bytes));
		if (length == -1)
			return;
		mac = (p->wanted.family == AF_INET ? read_arp
						   : read_advertisement)(
		    &p->wanted, bytes, (size_t)length);
		if (mac != NULL) {
			finish(p, mac);
			return;
		}
	}
}

/*
 * Ask by ARP, of all there are.  Before it is bound, the socket takes nothing:
 * not what comes by other interfaces.  The socket, or -1 with errno set.
 */
static int
ask_arp(int ifindex, const uint8_t mac[MAC], const struct addr *wanted,
    const struct addr *source)
{
	struct sockaddr_ll to = {
	    .sll_family = AF_PACKET,
	    .sll_protocol = htons(ETH_P_ARP),
	    .sll_ifindex = ifindex,
	    .sll_halen = MAC,
	};
	struct arp arp = {.operation = {0, 1}};
	int fd =
	    socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd == -1)
		return -1;
	memcpy(arp.fixed, arp_fixed, sizeof(arp_fixed));
	memcpy(arp.sender_mac, mac, MAC);
	memcpy(arp.sender, source->bytes, 4);
	memcpy(arp.target, wanted->bytes, 4);
	memset(to.sll_addr, 0xff, MAC);
	if (bind(fd, (struct sockaddr *)&to, sizeof(to)) == 0 &&
	    sendto(fd, &arp, sizeof(arp), 0, (struct sockaddr *)&to,
		sizeof(to)) == sizeof(arp))
		return fd;
	close(fd);
	return -1;
}

static int
set_up_solicitation(int fd, int ifindex)
{
	static const int hops = HOP_LIMIT, on = 1;
	struct icmp6_filter types;

	ICMP6_FILTER_SETBLOCKALL(&types);
	ICMP6_FILTER_SETPASS(ND_NEIGHBOR_ADVERT, &types);
	if (setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &types,
		sizeof(types)) == -1 ||
	    setsockopt(fd, SOL_SOCKET, SO_BINDTOIFINDEX, &ifindex,
		sizeof(ifindex)) == -1 ||
	    setsockopt(fd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, &on, sizeof(on)) ==
		-1 ||
	    setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, &hops,
		sizeof(hops)) == -1 ||
	    setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, &ifindex,
		sizeof(ifindex)) == -1)
		return -1;
	return 0;
}

/* The same by a solicitation of the address's own group. */
static int
ask_solicitation(int ifindex, const uint8_t mac[MAC], const struct addr *wanted,
    const struct addr *source)
{
	static const uint8_t group[13] = {
	    0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff};
	struct neighbour_message m = {
	    .type = ND_NEIGHBOR_SOLICIT,
	    .option = ND_OPT_SOURCE_LINKADDR,
	    .option_length = 1,
	};
	struct sockaddr_storage from;
	struct sockaddr_in6 to = {
	    .sin6_family = AF_INET6, .sin6_scope_id = (uint32_t)ifindex};
	socklen_t length = addr_to_sockaddr(source, 0, &from);
	int fd = socket(
	    AF_INET6, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_ICMPV6);

	if (fd == -1)
		return -1;
	memcpy(m.target, wanted->bytes, 16);
	memcpy(m.mac, mac, MAC);
	memcpy(&to.sin6_addr, wanted->bytes, 16);
	memcpy(&to.sin6_addr, group, sizeof(group));
	if (set_up_solicitation(fd, ifindex) == 0 &&
	    bind(fd, (struct sockaddr *)&from, length) == 0 &&
	    sendto(fd, &m, sizeof(m), 0, (struct sockaddr *)&to, sizeof(to)) ==
		sizeof(m))
		return fd;
	close(fd);
	return -1;
}

struct neighbour_probe *
neighbour_probe_start(struct event_base *base, int ifindex,
    const uint8_t mac[6], const struct addr *wanted, const struct addr *source,
    unsigned ms, neighbour_probe_cb *cb, void *arg)
{
	struct timeval tv = monotime_timeval(ms);
	struct neighbour_probe *p;
	int fd;

	if (source->family != wanted->family) {
		errno = EAFNOSUPPORT;
		return NULL;
	}
	fd = (wanted->family == AF_INET ? ask_arp : ask_solicitation)(
	    ifindex, mac, wanted, source);
	if (fd == -1)
		return NULL;
	p = xcalloc(1, sizeof(*p));
	p->wanted = *wanted;
	p->fd = fd;
	p->cb = cb;
	p->arg = arg;
	p->ready = event_new(base, fd, EV_READ | EV_PERSIST, ready, p);
	p->timer = evtimer_new(base, time_is_over, p);
	if (p->ready == NULL || p->timer == NULL ||
	    event_add(p->ready, NULL) == -1 || evtimer_add(p->timer, &tv) == -1)
		fatalx("no memory for an event");
	return p;
}

void
neighbour_probe_cancel(struct neighbour_probe *p)
{
	if (p == NULL)
		return;
	event_free(p->ready);
	event_free(p->timer);
	close(p->fd);
	free(p);
}
