/* SPDX-License-Identifier: ISC */

/*
 * A flood of TCP packets from random sources in 10.0.0.0/8, as fast as the
 * machine can make them.
 *
 *	flood -i INTERFACE [-n PACKETS] [-k syn|ack|both] VIP PORT MAC...
 *
 * Frames go out of the interface without any queue, to each MAC address in
 * turn.  Each packet is a flow of its own; acknowledgements belong to no
 * connection that there is.  Checksums are right.  Ends after so many packets,
 * or at SIGTERM, and prints a line of JSON each second and at the end: how many
 * packets the kernel took, and how many it refused.
 */

#include <sys/socket.h>

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/monotime.h"

#define BATCH	  64
#define MACS_MOST 16

struct frame {
	struct ether_header ether;
	struct iphdr ip;
	struct tcphdr tcp;
} __attribute__((packed));

enum kind {
	KIND_SYN,
	KIND_ACK,
	KIND_BOTH
};

static struct frame frames[BATCH];
static struct iovec vectors[BATCH];
static struct mmsghdr messages[BATCH];
static uint8_t macs[MACS_MOST][ETH_ALEN];
static size_t mac_count;
static in_addr_t vip;
static uint16_t port;
static enum kind kind = KIND_SYN;
static uint64_t most = UINT64_MAX, sent, refused;
static uint64_t state = UINT64_C(0x9e3779b97f4a7c15);
static volatile sig_atomic_t stopped;

/* xorshift64* (Vigna, 2016). */
static uint64_t
random64(void)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return state * UINT64_C(2685821657736338717);
}

static uint32_t
sum(const void *data, size_t length, uint32_t total)
{
	const uint8_t *byte = data;
	size_t i;

	for (i = 0; i < length; i += 2)
		total += (uint32_t)byte[i] << 8 | byte[i + 1];
	return total;
}

static uint16_t
fold(uint32_t total)
{
	total = (total & 0xffff) + (total >> 16);
	total = (total & 0xffff) + (total >> 16);
	return htons((uint16_t)~total);
}

static void
frame_fill(struct frame *frame, uint64_t number)
{
	uint64_t random = random64();

	memcpy(frame->ether.ether_dhost, macs[number % mac_count], ETH_ALEN);
	frame->ip.saddr = htonl(UINT32_C(10) << 24 | (random & 0xffffff));
	frame->tcp.source = htons((uint16_t)(1024 + (random >> 24) % 64512));
	frame->tcp.seq = htonl((uint32_t)(random >> 32));
	frame->tcp.syn = kind == KIND_SYN ||
	    (kind == KIND_BOTH && number / mac_count % 2 == 0);
	frame->tcp.ack = !frame->tcp.syn;
	frame->tcp.ack_seq = frame->tcp.ack ? frame->tcp.seq : 0;
	frame->ip.check = 0;
	frame->ip.check = fold(sum(&frame->ip, sizeof(frame->ip), 0));
	frame->tcp.check = 0;
	/* The pseudo header (RFC 9293): addresses, protocol, length. */
	frame->tcp.check = fold(sum(&frame->ip.saddr, 8,
	    sum(&frame->tcp, sizeof(frame->tcp),
		IPPROTO_TCP + sizeof(frame->tcp))));
}

static void
frame_init(struct frame *frame)
{
	frame->ether.ether_type = htons(ETHERTYPE_IP);
	memcpy(frame->ether.ether_shost, "\x02\0\0\0\0\x01", ETH_ALEN);
	frame->ip.version = 4;
	frame->ip.ihl = 5;
	frame->ip.tot_len = htons(sizeof(frame->ip) + sizeof(frame->tcp));
	frame->ip.ttl = 64;
	frame->ip.protocol = IPPROTO_TCP;
	frame->ip.daddr = vip;
	frame->tcp.dest = htons(port);
	frame->tcp.doff = 5;
	frame->tcp.window = htons(65535);
}

static int
open_interface(const char *name)
{
	struct sockaddr_ll address = {
	    .sll_family = AF_PACKET,
	    .sll_protocol = 0, /* receive nothing */
	    .sll_ifindex = (int)if_nametoindex(name),
	};
	int on = 1, fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	if (fd == -1 || address.sll_ifindex == 0 ||
	    bind(fd, (struct sockaddr *)&address, sizeof(address)) == -1 ||
	    setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof(on)) ==
		-1)
		err(1, "%s", name);
	return fd;
}

static void
say(const char *event)
{
	printf("{\"event\": \"%s\", \"time\": %.3f, \"sent\": %ju, "
	       "\"refused\": %ju}\n",
	    event, (double)monotime_ms() / 1000, (uintmax_t)sent,
	    (uintmax_t)refused);
	fflush(stdout);
}

static void
send_batch(int fd)
{
	int i, n;

	for (i = 0; i < BATCH; i++)
		frame_fill(&frames[i], sent + (uint64_t)i);
	n = sendmmsg(fd, messages, BATCH, 0);
	if (n > 0)
		sent += (uint64_t)n;
	else if (errno == ENOBUFS || errno == EAGAIN)
		refused++;
	else if (errno != EINTR)
		err(1, "sendmmsg");
}

static void
stop(int signal)
{
	(void)signal;
	stopped = true;
}

static void
options(int argc, char **argv, const char **interface)
{
	int option;

	while ((option = getopt(argc, argv, "i:k:n:")) != -1) {
		if (option == 'i')
			*interface = optarg;
		else if (option == 'n')
			most = strtoull(optarg, NULL, 10);
		else if (option == 'k' && strcmp(optarg, "syn") == 0)
			kind = KIND_SYN;
		else if (option == 'k' && strcmp(optarg, "ack") == 0)
			kind = KIND_ACK;
		else if (option == 'k' && strcmp(optarg, "both") == 0)
			kind = KIND_BOTH;
		else
			errx(1, "usage: see the source");
	}
	if (argc - optind < 3 || argc - optind - 2 > MACS_MOST ||
	    *interface == NULL || inet_pton(AF_INET, argv[optind], &vip) != 1)
		errx(1, "usage: see the source");
	port = (uint16_t)atoi(argv[optind + 1]);
	for (argv += optind + 2; *argv != NULL; argv++) {
		uint8_t *mac = macs[mac_count++];

		if (sscanf(*argv, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &mac[0],
			&mac[1], &mac[2], &mac[3], &mac[4], &mac[5]) != 6)
			errx(1, "%s: not a MAC address", *argv);
	}
}

int
main(int argc, char **argv)
{
	const char *interface = NULL;
	uint64_t said;
	int fd, i;

	options(argc, argv, &interface);
	fd = open_interface(interface);
	for (i = 0; i < BATCH; i++) {
		frame_init(&frames[i]);
		vectors[i].iov_base = &frames[i];
		vectors[i].iov_len = sizeof(frames[i]);
		messages[i].msg_hdr.msg_iov = &vectors[i];
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	signal(SIGTERM, stop);
	state ^= monotime_ms() << 16;
	say("begin");
	for (said = monotime_ms(); !stopped && sent < most;) {
		send_batch(fd);
		if (monotime_ms() - said < 1000)
			continue;
		said += 1000;
		say("status");
	}
	say("end");
	return 0;
}
