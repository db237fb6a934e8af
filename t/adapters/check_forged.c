/* SPDX-License-Identifier: ISC */

/*
 * Checks by raw packets, and answers that are not what they seem: from another
 * address, to another number, of other data.  In a network of its own, whose
 * server is this test: it sees what is sent, and forges what comes.
 */

#include <sys/socket.h>

#include <linux/if_ether.h>
#include <linux/if_packet.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "check_harness.h"

#define OURS	 "192.0.2.1"
#define SERVER	 "192.0.2.9"
#define STRANGER "192.0.2.8"
#define PORT	 80

#define ECHO_REPLY   0
#define ECHO_REQUEST 8

/* Where the fields of an echo are. */
enum {
	AT_TYPE = 0,
	AT_CODE = 1,
	AT_CHECKSUM = 2,
	AT_ID = 4,
	AT_SEQUENCE = 6,
};

static const char network[] =
    "ip link set lo up && ip link add v0 type veth peer name v1 && "
    "ip address add " OURS "/24 dev v0 && "
    "ip link set v0 up && ip link set v1 up && "
    "ip neighbour add " SERVER " lladdr 02:00:00:00:00:09 dev v0 && "
    "echo 0 >/proc/sys/net/ipv4/conf/all/rp_filter && "
    "echo 0 >/proc/sys/net/ipv4/conf/lo/rp_filter";

static int wire, forger;
static struct outcome outcome;

static void
open_wire(void)
{
	struct sockaddr_ll at = {
	    .sll_family = AF_PACKET,
	    .sll_protocol = htons(ETH_P_IP),
	    .sll_ifindex = (int)if_nametoindex("v1"),
	};

	wire = socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK, htons(ETH_P_IP));
	assert_int_equal(bind(wire, (struct sockaddr *)&at, sizeof(at)), 0);
	forger = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
	assert_int_not_equal(forger, -1);
}

/* The next packet that is sent: what follows its header. */
static size_t
read_wire(uint8_t *payload, size_t size)
{
	uint8_t bytes[2048];
	ssize_t length;
	unsigned i;

	for (i = 0; i < GUARD * 100; i++) {
		length = recv(wire, bytes, sizeof(bytes), 0);
		if (length > 20 && (size_t)length - 20 <= size) {
			memcpy(payload, bytes + 20, (size_t)length - 20);
			return (size_t)length - 20;
		}
		turn(10);
	}
	fail_msg("nothing is sent");
	return 0;
}

static uint16_t
checksum(uint32_t sum, const uint8_t *bytes, size_t length)
{
	size_t i;

	for (i = 0; i < length; i += 2)
		sum += (uint32_t)(bytes[i] << 8) +
		    (i + 1 < length ? bytes[i + 1] : 0);
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

static void
forge(const char *source, uint8_t protocol, const void *payload, size_t length)
{
	struct sockaddr_in to = {.sin_family = AF_INET};
	struct ip ip = {
	    .ip_v = 4,
	    .ip_hl = 5,
	    .ip_len = htons((uint16_t)(20 + length)),
	    .ip_ttl = 64,
	    .ip_p = protocol,
	};
	uint8_t bytes[2048];

	inet_pton(AF_INET, OURS, &to.sin_addr);
	ip.ip_dst = to.sin_addr;
	inet_pton(AF_INET, source, &ip.ip_src);
	memcpy(bytes, &ip, sizeof(ip));
	memcpy(bytes + sizeof(ip), payload, length);
	assert_int_equal(sendto(forger, bytes, sizeof(ip) + length, 0,
			     (struct sockaddr *)&to, sizeof(to)),
	    sizeof(ip) + length);
}

static void
begin(enum check_type type, unsigned timeout)
{
	static struct conf_check conf;
	struct check_target target = {0};

	conf = make_conf(type, PORT);
	conf.timeout = timeout;
	addr_parse(SERVER, &target.vip);
	addr_parse(OURS, &target.source);
	start(&conf, &target, &outcome);
}

static void
expect_nothing(void)
{
	turn(20);
	assert_int_equal(outcome.calls, 0);
}

static void
echo_reply(const char *source, uint8_t *icmp, size_t length)
{
	uint16_t sum;

	memset(icmp + AT_CHECKSUM, 0, sizeof(sum));
	sum = checksum(0, icmp, length);
	memcpy(icmp + AT_CHECKSUM, &sum, sizeof(sum));
	forge(source, IPPROTO_ICMP, icmp, length);
}

static void
test_echo(void **state)
{
	uint8_t icmp[256];
	size_t length;

	(void)state;
	begin(CHECK_ICMP, 5000);
	length = read_wire(icmp, sizeof(icmp));
	assert_int_equal(icmp[AT_TYPE], ECHO_REQUEST);
	assert_int_equal(checksum(0, icmp, length), 0);
	icmp[AT_TYPE] = ECHO_REPLY;
	echo_reply(STRANGER, icmp, length);
	icmp[AT_ID] ^= 1;
	echo_reply(SERVER, icmp, length);
	icmp[AT_ID] ^= 1;
	icmp[AT_SEQUENCE] ^= 1;
	echo_reply(SERVER, icmp, length);
	icmp[AT_SEQUENCE] ^= 1;
	icmp[AT_CODE] = 1;
	echo_reply(SERVER, icmp, length);
	icmp[AT_CODE] = 0;
	expect_nothing();
	/* what comes after the first one is of no interest */
	echo_reply(SERVER, icmp, length);
	echo_reply(SERVER, icmp, length);
	expect_result(&outcome, CHECK_PASSED, "an echo reply");
	assert_string_equal(outcome.result.received, "echo reply");
}

/* Who answers without knowing what was sent is no server. */
static void
test_echo_guessed(void **state)
{
	uint8_t icmp[256];
	size_t length, i;

	(void)state;
	for (i = 0; i < 3; i++) {
		begin(CHECK_ICMP, 5000);
		length = read_wire(icmp, sizeof(icmp));
		icmp[AT_TYPE] = ECHO_REPLY;
		if (i == 0)
			icmp[8]++;
		else
			length -= i == 1 ? 1 : 48;
		echo_reply(SERVER, icmp, length);
		expect_result(&outcome, CHECK_BAD_RESPONSE, "other data");
	}
}

/* With a right checksum; flags are those of struct tcphdr. */
static void
segment(const char *source, const struct tcphdr *tcp)
{
	struct {
		struct in_addr source, destination;
		uint8_t zero, protocol;
		uint16_t length;
		struct tcphdr tcp;
	} sum = {.protocol = IPPROTO_TCP, .length = htons(20), .tcp = *tcp};

	inet_pton(AF_INET, source, &sum.source);
	inet_pton(AF_INET, OURS, &sum.destination);
	sum.tcp.check = 0;
	sum.tcp.check = checksum(0, (const void *)&sum, sizeof(sum));
	forge(source, IPPROTO_TCP, &sum.tcp, sizeof(sum.tcp));
}

/* A SYN was sent: the answer to it. */
static struct tcphdr
syn_seen(void)
{
	_Alignas(struct tcphdr) uint8_t bytes[256];
	const struct tcphdr *syn = (void *)bytes;

	read_wire(bytes, sizeof(bytes));
	assert_true(syn->syn && !syn->ack && !syn->rst);
	assert_int_equal(ntohs(syn->dest), PORT);
	return (struct tcphdr){
	    .source = syn->dest,
	    .dest = syn->source,
	    .seq = htonl(4711),
	    .ack_seq = htonl(ntohl(syn->seq) + 1),
	    .doff = 5,
	    .syn = 1,
	    .ack = 1,
	    .window = htons(1000),
	};
}

static void
test_syn(void **state)
{
	_Alignas(struct tcphdr) uint8_t bytes[256];
	const struct tcphdr *reset = (void *)bytes;
	struct tcphdr answer, other;

	(void)state;
	begin(CHECK_SYN, 5000);
	answer = syn_seen();
	segment(STRANGER, &answer);
	other = answer;
	other.ack_seq = htonl(ntohl(answer.ack_seq) - 1);
	segment(SERVER, &other);
	other = answer;
	other.source = htons(PORT + 1);
	segment(SERVER, &other);
	other = answer;
	other.syn = 0;
	segment(SERVER, &other);
	other = answer;
	other.syn = other.ack = 0;
	other.rst = 1;
	segment(SERVER, &other);
	expect_nothing();
	segment(SERVER, &answer);
	expect_result(&outcome, CHECK_PASSED, "SYN-ACK");
	/* The kernel answers what was forged, too. */
	do
		read_wire(bytes, sizeof(bytes));
	while (!reset->rst || reset->seq != answer.ack_seq ||
	    reset->dest != htons(PORT));
}

static void
test_syn_refused(void **state)
{
	struct tcphdr answer;
	uint8_t bytes[256];

	(void)state;
	while (recv(wire, bytes, sizeof(bytes), 0) != -1)
		continue;
	begin(CHECK_SYN, 5000);
	answer = syn_seen();
	answer.syn = 0;
	answer.rst = 1;
	segment(SERVER, &answer);
	expect_result(&outcome, CHECK_REFUSED, "RST");
}

/* What is lost is sent again, once, and just as it was. */
static void
test_again(void **state)
{
	uint8_t one[256], two[256];
	size_t length;

	(void)state;
	begin(CHECK_ICMP, 900);
	length = read_wire(one, sizeof(one));
	assert_int_equal(read_wire(two, sizeof(two)), length);
	assert_memory_equal(one, two, length);
	assert_int_equal(outcome.calls, 0);
	expect_result(&outcome, CHECK_TIMEOUT, "no echo reply in 900 ms");
	assert_int_equal(recv(wire, one, sizeof(one), 0), -1);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    TEST(test_echo),
	    TEST(test_echo_guessed),
	    TEST(test_syn),
	    TEST(test_syn_refused),
	    TEST(test_again),
	};

	if (geteuid() != 0 || unshare(CLONE_NEWNET) == -1 ||
	    system(network) != 0) {
		printf(
		    "1..0 # SKIP needs root, network namespaces and ip(8)\n");
		return 0;
	}
	open_wire();
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
