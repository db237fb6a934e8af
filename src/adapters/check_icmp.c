/* SPDX-License-Identifier: ISC */

/*
 * The check that a server answers an ICMP echo request, of IPv4 (RFC 792) or
 * IPv6 (RFC 4443).  The socket has one identifier, each probe a sequence number
 * of its own, and a nonce in the data that the answer has to repeat.
 */

#include <sys/socket.h>

#include <linux/filter.h>
#include <linux/icmp.h>

#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/check_raw.h"
#include "adapters/check_type.h"
#include "core/bytes.h"

#define HEADER	     8
#define NONCE	     16
#define LENGTH	     56 /* of a request, as ping(8) sends them without IP */
#define NUMBER_TRIES 100
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Where the fields are. */
enum {
	AT_TYPE = 0,
	AT_CODE = 1,
	AT_CHECKSUM = 2,
	AT_ID = 4,
	AT_SEQUENCE = 6,
};

/* Of a socket. */
struct icmp_data {
	uint16_t id, next;
};

struct icmp_state {
	struct raw_probe raw;
};

/* Replies only; their types first, as those are cheapest to tell apart. */
static int
filter_types(int fd, int family)
{
	struct icmp_filter types4 = {.data = ~(1U << ICMP_ECHOREPLY)};
	struct icmp6_filter types6;

	if (family == AF_INET)
		return setsockopt(
		    fd, IPPROTO_RAW, ICMP_FILTER, &types4, sizeof(types4));
	ICMP6_FILTER_SETBLOCKALL(&types6);
	ICMP6_FILTER_SETPASS(ICMP6_ECHO_REPLY, &types6);
	return setsockopt(
	    fd, IPPROTO_ICMPV6, ICMP6_FILTER, &types6, sizeof(types6));
}

/* What answers the pings of others on this host is none of ours. */
static int
filter_id(int fd, int family, uint16_t id)
{
	struct sock_filter code4[] = {
	    BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0),
	    BPF_STMT(BPF_LD | BPF_H | BPF_IND, AT_ID),
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, id, 0, 1),
	    BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
	    BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_filter code6[] = {
	    BPF_STMT(BPF_LD | BPF_H | BPF_ABS, AT_ID),
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, id, 0, 1),
	    BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
	    BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog program = {COUNT(code6), code6};

	if (family == AF_INET)
		program = (struct sock_fprog){COUNT(code4), code4};
	return setsockopt(
	    fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}

static int
icmp_open(int fd, int family, void *arg)
{
	struct icmp_data *data = arg;

	data->id = (uint16_t)arc4random_uniform(65536);
	data->next = (uint16_t)arc4random_uniform(65536);
	if (filter_types(fd, family) == -1)
		return -1;
	return filter_id(fd, family, data->id);
}

static bool
number_of(const struct icmp_data *data, unsigned type, const uint8_t *bytes,
    size_t length, uint32_t *number)
{
	if (length < HEADER || bytes[AT_TYPE] != type || bytes[AT_CODE] != 0 ||
	    get16(bytes + AT_ID) != data->id)
		return false;
	*number = get16(bytes + AT_SEQUENCE);
	return true;
}

static bool
icmp_number_of_answer(const void *data, int family, const uint8_t *bytes,
    size_t length, uint32_t *number)
{
	return number_of(data,
	    family == AF_INET ? ICMP_ECHOREPLY : ICMP6_ECHO_REPLY, bytes,
	    length, number);
}

static bool
icmp_number_of_packet(const void *data, int family, const uint8_t *bytes,
    size_t length, uint32_t *number)
{
	return number_of(data,
	    family == AF_INET ? ICMP_ECHO : ICMP6_ECHO_REQUEST, bytes, length,
	    number);
}

static void
icmp_answered(struct raw_probe *p, const uint8_t *bytes, size_t length)
{
	check_phase_ended(p->check, CHECK_PHASE_FIRST_BYTE);
	check_received(p->check, "echo reply", strlen("echo reply"));
	if (length != p->length ||
	    memcmp(bytes + HEADER, p->packet + HEADER, length - HEADER) != 0)
		check_decide(p->check, CHECK_BAD_RESPONSE,
		    "an echo of other data than was sent");
	else
		check_decide(p->check, CHECK_PASSED, "an echo reply");
}

static const struct raw_kind icmp_kind = {
    .protocol4 = IPPROTO_ICMP,
    .protocol6 = IPPROTO_ICMPV6,
    .data_size = sizeof(struct icmp_data),
    .open = icmp_open,
    .number_of_answer = icmp_number_of_answer,
    .number_of_packet = icmp_number_of_packet,
    .answered = icmp_answered,
};

/* The kernel fills in the checksum of ICMPv6 (RFC 3542, section 3.1). */
static void
make_request(struct raw_probe *p, int family)
{
	const struct icmp_data *data = raw_data(p);

	p->length = LENGTH;
	p->packet[AT_TYPE] = family == AF_INET ? ICMP_ECHO : ICMP6_ECHO_REQUEST;
	put16(p->packet + AT_ID, data->id);
	put16(p->packet + AT_SEQUENCE, p->number);
	arc4random_buf(p->packet + HEADER, NONCE);
	if (family == AF_INET)
		put16(p->packet + AT_CHECKSUM,
		    raw_checksum(0, p->packet, p->length));
}

static bool
take_number(struct raw_probe *p)
{
	struct icmp_data *data = raw_data(p);
	unsigned i;

	for (i = 0; i < NUMBER_TRIES; i++)
		if (raw_register(p, data->next++))
			return true;
	return false;
}

static void
icmp_begin(struct check *check)
{
	struct icmp_state *icmp = check_state(check);
	struct raw_probe *p = &icmp->raw;

	if (raw_begin(p, check, &icmp_kind) == -1)
		return;
	if (!take_number(p)) {
		check_decide(
		    check, CHECK_LOCAL_ERROR, "no sequence number is free");
		return;
	}
	make_request(p, check_address(check)->family);
	check_sent(check, "echo request", strlen("echo request"));
	raw_send(p);
}

static void
icmp_expired(struct check *check)
{
	check_decide(check, CHECK_TIMEOUT, "no echo reply in %u ms",
	    check_conf(check)->timeout);
}

static void
icmp_release(void *state)
{
	struct icmp_state *icmp = state;

	raw_release(&icmp->raw);
}

const struct check_ops check_icmp = {
    .state_size = sizeof(struct icmp_state),
    .begin = icmp_begin,
    .expired = icmp_expired,
    .release = icmp_release,
};
