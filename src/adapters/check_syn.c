/* SPDX-License-Identifier: ISC */

/*
 * The half-open check: a SYN that is answered by a SYN-ACK, and then a RST in
 * place of the ACK, so that no connection ever reaches the application (RFC
 * 9293, section 3.10.7.4: a reset in SYN-RECEIVED returns to LISTEN).
 *
 * The kernel resets what answers a SYN that it did not send.  But its RST goes
 * the way of its routes, to any server at all; so one is sent here, too.
 *
 * Source ports are a few that are bound by sockets that do nothing else: so
 * the kernel gives them to no connection of its own.  Probes are told apart by
 * their initial sequence numbers, which are random.
 */

#include <sys/socket.h>

#include <linux/filter.h>

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "adapters/check_raw.h"
#include "adapters/check_type.h"
#include "core/bytes.h"

#define PORTS	     16
#define HEADER	     20
#define OPTIONS	     4 /* the maximum segment size */
#define NUMBER_TRIES 100
#define WINDOW	     64240 /* as Linux begins with */

#define FLAG_SYN 0x02
#define FLAG_RST 0x04
#define FLAG_ACK 0x10

/* Where the fields are. */
enum {
	AT_SOURCE = 0,
	AT_DESTINATION = 2,
	AT_SEQUENCE = 4,
	AT_ACK = 8,
	AT_OFFSET = 12,
	AT_FLAGS = 13,
	AT_WINDOW = 14,
	AT_CHECKSUM = 16,
};

/* Of a socket. */
struct syn_data {
	int fds[PORTS];
	uint16_t ports[PORTS]; /* that those have reserved */
	unsigned count;
};

struct syn_state {
	struct raw_probe raw;
	uint16_t port;	    /* this probe's own */
	struct addr source; /* what it is sent from */
};

/* Take a port that nobody has; a descriptor, or -1 with errno set. */
static int
reserve_port(int family, uint16_t *port)
{
	static const int on = 1;
	struct addr any = {.family = (uint8_t)family};
	struct sockaddr_storage ss;
	socklen_t length = addr_to_sockaddr(&any, 0, &ss);
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP);

	if (fd == -1)
		return -1;
	if (family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&ss, length) == -1 ||
	    getsockname(fd, (struct sockaddr *)&ss, &length) == -1) {
		close(fd);
		return -1;
	}
	if (family == AF_INET)
		*port = ntohs(((struct sockaddr_in *)&ss)->sin_port);
	else
		*port = ntohs(((struct sockaddr_in6 *)&ss)->sin6_port);
	return fd;
}

/* Only segments to the ports: this host may have much else to do with TCP. */
static int
filter_ports(int fd, int family, const struct syn_data *data)
{
	struct sock_filter code[PORTS + 4];
	struct sock_fprog program = {.filter = code};
	unsigned i, n = 0;

	if (family == AF_INET) {
		code[n++] =
		    (struct sock_filter)BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0);
		code[n++] = (struct sock_filter)BPF_STMT(
		    BPF_LD | BPF_H | BPF_IND, AT_DESTINATION);
	} else
		code[n++] = (struct sock_filter)BPF_STMT(
		    BPF_LD | BPF_H | BPF_ABS, AT_DESTINATION);
	for (i = 0; i < data->count; i++)
		code[n++] =
		    (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
			data->ports[i], (uint8_t)(data->count - i), 0);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, 0);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, UINT32_MAX);
	program.len = (unsigned short)n;
	return setsockopt(
	    fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}

static int
syn_open(int fd, int family, void *arg)
{
	struct syn_data *data = arg;
	int reserved;

	while (data->count < PORTS) {
		reserved = reserve_port(family, &data->ports[data->count]);
		if (reserved == -1)
			break;
		data->fds[data->count++] = reserved;
	}
	return data->count == 0 ? -1 : filter_ports(fd, family, data);
}

static void
syn_close(void *arg)
{
	struct syn_data *data = arg;

	while (data->count > 0)
		close(data->fds[--data->count]);
}

static bool
syn_number_of_answer(const void *data, int family, const uint8_t *bytes,
    size_t length, uint32_t *number)
{
	(void)data;
	(void)family;
	if (length < HEADER || (bytes[AT_FLAGS] & FLAG_ACK) == 0)
		return false;
	*number = get32(bytes + AT_ACK) - 1;
	return true;
}

/* ICMP returns 8 bytes of it at least. */
static bool
syn_number_of_packet(const void *data, int family, const uint8_t *bytes,
    size_t length, uint32_t *number)
{
	(void)data;
	(void)family;
	if (length < 8)
		return false;
	*number = get32(bytes + AT_SEQUENCE);
	return true;
}

/* The sum of the pseudo header (RFC 9293, section 3.1; RFC 8200, 8.1). */
static uint32_t
pseudo_sum(
    const struct addr *source, const struct addr *destination, size_t length)
{
	uint32_t sum = IPPROTO_TCP + (uint32_t)length;
	size_t i;

	for (i = 0; i < sizeof(source->bytes); i += 2)
		sum += get16(source->bytes + i) + get16(destination->bytes + i);
	return sum;
}

/* What is not an address is zero, and so are the options that are not there. */
static void
make_segment(const struct syn_state *syn, uint32_t sequence, uint8_t flags,
    uint8_t *bytes, size_t length)
{
	const struct check *check = syn->raw.check;

	memset(bytes, 0, HEADER);
	put16(bytes + AT_SOURCE, syn->port);
	put16(bytes + AT_DESTINATION, check_conf(check)->port);
	put32(bytes + AT_SEQUENCE, sequence);
	bytes[AT_OFFSET] = (uint8_t)(length / 4 << 4);
	bytes[AT_FLAGS] = flags;
	put16(bytes + AT_WINDOW, flags & FLAG_SYN ? WINDOW : 0);
	put16(bytes + AT_CHECKSUM,
	    raw_checksum(pseudo_sum(&syn->source, check_address(check), length),
		bytes, length));
}

static void
make_syn(struct syn_state *syn)
{
	uint8_t *options = syn->raw.packet + HEADER;

	syn->raw.length = HEADER + OPTIONS;
	options[0] = 2;
	options[1] = OPTIONS;
	put16(options + 2, syn->source.family == AF_INET ? 1460 : 1440);
	make_segment(
	    syn, syn->raw.number, FLAG_SYN, syn->raw.packet, syn->raw.length);
}

static void
send_reset(struct syn_state *syn)
{
	uint8_t bytes[HEADER];

	make_segment(syn, syn->raw.number + 1, FLAG_RST, bytes, sizeof(bytes));
	raw_send_bytes(&syn->raw, bytes, sizeof(bytes));
}

static void
note(struct check *check, void (*where)(struct check *, const void *, size_t),
    const char *text)
{
	where(check, text, strlen(text));
}

static void
syn_answered(struct raw_probe *p, const uint8_t *bytes, size_t length)
{
	struct syn_state *syn = check_state(p->check);
	unsigned flags = bytes[AT_FLAGS];

	(void)length;
	if (get16(bytes + AT_SOURCE) != check_conf(p->check)->port ||
	    get16(bytes + AT_DESTINATION) != syn->port)
		return;
	if (flags & FLAG_RST) {
		note(p->check, check_received, "RST");
		check_fail(p->check, ECONNREFUSED, "RST");
	} else if (flags & FLAG_SYN) {
		check_phase_ended(p->check, CHECK_PHASE_CONNECT);
		note(p->check, check_received, "SYN-ACK");
		check_decide(p->check, CHECK_PASSED, "SYN-ACK");
		send_reset(syn);
	}
}

static const struct raw_kind syn_kind = {
    .protocol4 = IPPROTO_TCP,
    .protocol6 = IPPROTO_TCP,
    .data_size = sizeof(struct syn_data),
    .open = syn_open,
    .close = syn_close,
    .number_of_answer = syn_number_of_answer,
    .number_of_packet = syn_number_of_packet,
    .answered = syn_answered,
};

/* What the kernel would send from.  0, or -1 after a decision. */
static int
find_source(struct check *check, struct addr *source)
{
	struct sockaddr_storage ss;
	socklen_t length;
	int fd;

	*source = check_target(check)->source;
	if (source->family != 0)
		return 0;
	if ((fd = check_socket(check, SOCK_DGRAM, IPPROTO_UDP)) == -1)
		return -1;
	length = addr_to_sockaddr(check_address(check), 9, &ss);
	if (connect(fd, (struct sockaddr *)&ss, length) == -1 ||
	    getsockname(fd, (struct sockaddr *)&ss, &length) == -1) {
		check_fail_local(check, "looking for a source address", "");
		return -1;
	}
	source->family = (uint8_t)ss.ss_family;
	if (ss.ss_family == AF_INET)
		memcpy(
		    source->bytes, &((struct sockaddr_in *)&ss)->sin_addr, 4);
	else
		memcpy(source->bytes, &((struct sockaddr_in6 *)&ss)->sin6_addr,
		    16);
	return 0;
}

static bool
take_number(struct raw_probe *p)
{
	unsigned i;

	for (i = 0; i < NUMBER_TRIES; i++)
		if (raw_register(p, arc4random()))
			return true;
	return false;
}

static void
syn_begin(struct check *check)
{
	struct syn_state *syn = check_state(check);
	struct raw_probe *p = &syn->raw;
	const struct syn_data *data;

	if (find_source(check, &syn->source) == -1 ||
	    raw_begin(p, check, &syn_kind) == -1)
		return;
	data = raw_data(p);
	syn->port = data->ports[arc4random_uniform(data->count)];
	if (!take_number(p)) {
		check_decide(
		    check, CHECK_LOCAL_ERROR, "no sequence number is free");
		return;
	}
	make_syn(syn);
	note(check, check_sent, "SYN");
	raw_send(p);
}

static void
syn_expired(struct check *check)
{
	check_decide(check, CHECK_TIMEOUT, "no answer to a SYN in %u ms",
	    check_conf(check)->timeout);
}

static void
syn_release(void *state)
{
	struct syn_state *syn = state;

	raw_release(&syn->raw);
}

const struct check_ops check_syn = {
    .state_size = sizeof(struct syn_state),
    .begin = syn_begin,
    .expired = syn_expired,
    .release = syn_release,
};
