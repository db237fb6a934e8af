/* SPDX-License-Identifier: ISC */

/*
 * Who claims an address, in a network of this test's own whose other hosts are
 * this test: who is believed, and who is not.
 */

#include <sys/socket.h>

#include <linux/if_ether.h>
#include <linux/if_packet.h>

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/ip6.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "adapters/neighbour_probe.h"
#include "check_harness.h"

#define OURS4  "192.0.2.1"
#define OURS6  "2001:db8::1"
#define THEIR4 "192.0.2.9"
#define THEIR6 "2001:db8::9"
#define OTHER4 "192.0.2.8"
#define OTHER6 "2001:db8::8"

static const char network[] =
    "ip link add v0 address 02:00:00:00:00:01 type veth peer name v1 && "
    "ip link add w0 address 02:00:00:00:00:01 type veth peer name w1 && "
    "ip address add " OURS4 "/24 dev v0 && "
    "ip address add " OURS6 "/64 dev v0 nodad && "
    "for i in v0 v1 w0 w1; do ip link set $i up || exit 1; done";

static const uint8_t our_mac[6] = {2, 0, 0, 0, 0, 1};
static const uint8_t good[6] = {2, 0, 0, 0, 0, 9}, bad[6] = {2, 0, 0, 0, 0, 7};

static unsigned answers;
static uint8_t answer[6];
static int wire;

static void
answered(void *arg, const uint8_t *mac)
{
	(void)arg;
	answers++;
	memset(answer, 0, sizeof(answer));
	if (mac != NULL)
		memcpy(answer, mac, sizeof(answer));
}

static bool
has_answer(const void *arg)
{
	(void)arg;
	return answers > 0;
}

static void
ask(const char *wanted, const char *source)
{
	struct addr a, b;

	answers = 0;
	assert_int_equal(addr_parse(wanted, &a), 0);
	assert_int_equal(addr_parse(source, &b), 0);
	assert_non_null(neighbour_probe_start(base, (int)if_nametoindex("v0"),
	    our_mac, &a, &b, GUARD * 500, answered, NULL));
}

static void
transmit(const char *device, uint16_t protocol, const void *bytes, size_t size)
{
	struct sockaddr_ll to = {
	    .sll_family = AF_PACKET,
	    .sll_protocol = htons(protocol),
	    .sll_ifindex = (int)if_nametoindex(device),
	    .sll_halen = sizeof(our_mac),
	};

	memcpy(to.sll_addr, our_mac, sizeof(our_mac));
	assert_int_equal(
	    sendto(wire, bytes, size, 0, (struct sockaddr *)&to, sizeof(to)),
	    size);
}

/* A reply by ARP. */
static void
claim4(const char *device, const char *address, const uint8_t mac[6])
{
	uint8_t bytes[28] = {0, 1, 8, 0, 6, 4, 0, 2};

	memcpy(bytes + 8, mac, 6);
	inet_pton(AF_INET, address, bytes + 14);
	memcpy(bytes + 18, our_mac, 6);
	inet_pton(AF_INET, OURS4, bytes + 24);
	transmit(device, ETH_P_ARP, bytes, sizeof(bytes));
}

struct advertisement {
	struct ip6_hdr ip;
	struct nd_neighbor_advert na;
	uint8_t option[8];
};

/* RFC 4443, section 2.3 */
static uint16_t
checksum(const struct advertisement *a)
{
	const size_t length = sizeof(a->na) + sizeof(a->option);
	const uint8_t *bytes = (const uint8_t *)&a->ip.ip6_src;
	uint32_t sum = (uint32_t)length + IPPROTO_ICMPV6;
	size_t i;

	for (i = 0; i < 32 + length; i += 2)
		sum += (uint32_t)(bytes[i] << 8 | bytes[i + 1]);
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

static void
claim6(
    const char *device, const char *address, const uint8_t mac[6], uint8_t hops)
{
	struct advertisement a = {
	    .ip.ip6_flow = htonl(6U << 28),
	    .ip.ip6_plen = htons(sizeof(a.na) + sizeof(a.option)),
	    .ip.ip6_nxt = IPPROTO_ICMPV6,
	    .ip.ip6_hlim = hops,
	    .na.nd_na_type = ND_NEIGHBOR_ADVERT,
	    .na.nd_na_flags_reserved = ND_NA_FLAG_SOLICITED,
	    .option = {ND_OPT_TARGET_LINKADDR, 1},
	};

	inet_pton(AF_INET6, address, &a.ip.ip6_src);
	inet_pton(AF_INET6, OURS6, &a.ip.ip6_dst);
	a.na.nd_na_target = a.ip.ip6_src;
	memcpy(a.option + 2, mac, 6);
	a.na.nd_na_cksum = checksum(&a);
	transmit(device, ETH_P_IPV6, &a, sizeof(a));
}

static void
expect_good(void)
{
	assert_true(wait_until(has_answer, NULL, GUARD));
	assert_int_equal(answers, 1);
	assert_memory_equal(answer, good, sizeof(good));
}

static void
test_arp(void **state)
{
	(void)state;
	ask(THEIR4, OURS4);
	claim4("v1", OTHER4, bad);
	claim4("w1", THEIR4, bad);
	claim4("v1", THEIR4, good);
	expect_good();
}

/* Not from behind a router, which would have counted down the hop limit. */
static void
test_advertisement(void **state)
{
	(void)state;
	ask(THEIR6, OURS6);
	claim6("v1", OTHER6, bad, 255);
	claim6("w1", THEIR6, bad, 255);
	claim6("v1", THEIR6, bad, 254);
	claim6("v1", THEIR6, good, 255);
	expect_good();
}

static void
test_nobody(void **state)
{
	static const uint8_t none[6];
	struct addr wanted, source;

	(void)state;
	addr_parse(THEIR4, &wanted);
	addr_parse(OURS4, &source);
	answers = 0;
	assert_non_null(neighbour_probe_start(base, (int)if_nametoindex("v0"),
	    our_mac, &wanted, &source, 20, answered, NULL));
	assert_true(wait_until(has_answer, NULL, GUARD));
	assert_memory_equal(answer, none, sizeof(none));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    TEST(test_arp),
	    TEST(test_advertisement),
	    TEST(test_nobody),
	};

	if (geteuid() != 0 || unshare(CLONE_NEWNET) == -1 ||
	    system(network) != 0) {
		printf(
		    "1..0 # SKIP needs root, network namespaces and ip(8)\n");
		return 0;
	}
	wire = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
