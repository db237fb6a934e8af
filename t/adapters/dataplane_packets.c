/* SPDX-License-Identifier: ISC */

/*
 * Where packets go while the XDP data plane's services change: each is given
 * to the program that is attached, by BPF_PROG_TEST_RUN.
 */

#include <sys/wait.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "xdp_lab.h"

#define VIP  "192.0.2.1"
#define VIP2 "192.0.2.2"

#define CHANGES 40 /* while packets flow */

enum flag {
	SYN = TH_SYN,
	ACK = TH_ACK
};

struct frame {
	struct ethhdr ethernet;
	struct iphdr ip;
	struct tcphdr tcp;
} __attribute__((packed));

/* Where it went. */
struct verdict {
	uint32_t action;
	uint8_t last; /* byte of the destination's MAC address, as sent */
};

/* Attach at va: the program, to be closed. */
static int
attach(struct dataplane *dataplane)
{
	int ifindex = (int)if_nametoindex("va"), program;
	uint32_t id = 0;
	bool native;

	assert_int_equal(dataplane->ops->interface_attach(
			     dataplane, "va", ifindex, XDP_AUTO, &native),
	    0);
	bpf_xdp_query_id(ifindex, 0, &id);
	program = bpf_prog_get_fd_by_id(id);
	assert_true(program >= 0);
	return program;
}

/* A client's packet, who is its port. */
static struct verdict
send_packet(int program, const char *vip, uint16_t port, uint16_t client,
    enum flag flag)
{
	struct frame frame = {
	    .ethernet.h_proto = htons(ETH_P_IP),
	    .ethernet.h_dest = {2, 0, 0, 0, 1, 0},
	    .ip = {.version = 4,
		.ihl = 5,
		.ttl = 64,
		.protocol = IPPROTO_TCP,
		.tot_len = htons(sizeof(frame) - sizeof(frame.ethernet)),
		.saddr = htonl(0xc6336401),
		.daddr = inet_addr(vip)},
	    .tcp = {.source = htons(client), .dest = htons(port), .doff = 5},
	};
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = &frame,
	    .data_size_in = sizeof(frame), .data_out = &frame,
	    .data_size_out = sizeof(frame), .repeat = 1);

	frame.tcp.th_flags = (uint8_t)flag;
	assert_int_equal(bpf_prog_test_run_opts(program, &options), 0);
	return (struct verdict){options.retval, frame.ethernet.h_dest[5]};
}

static void
assert_sent(struct verdict verdict, uint8_t last)
{
	assert_int_equal(verdict.action, XDP_TX);
	assert_int_equal(verdict.last, last);
}

static void
test_steering(void **state)
{
	struct dataplane *dataplane = lab_dataplane();
	struct service_key key = lab_key(VIP, 80);
	struct dataplane_counters counters;
	unsigned share[4] = {0};
	struct verdict verdict;
	int program = attach(dataplane);

	(void)state;
	assert_int_equal(
	    send_packet(program, VIP, 80, 1, SYN).action, XDP_PASS);
	assert_int_equal(lab_set_many(dataplane, VIP, 80, 3), 0);
	for (uint16_t client = 0; client < 900; client++) {
		verdict = send_packet(program, VIP, 80, client, SYN);
		assert_int_equal(verdict.action, XDP_TX);
		assert_in_range(verdict.last, 1, 3);
		share[verdict.last]++;
	}
	for (unsigned i = 1; i <= 3; i++)
		assert_in_range(share[i], 240, 360);
	assert_int_equal(
	    dataplane->ops->counters(dataplane, &key, NULL, &counters), 0);
	assert_int_equal(counters.packets, 900);
	assert_int_equal(counters.flows + counters.stateless, 900);
	assert_int_equal(
	    send_packet(program, VIP, 81, 1, SYN).action, XDP_DROP);
	assert_int_equal(
	    send_packet(program, VIP2, 80, 1, SYN).action, XDP_PASS);
	dataplane->ops->service_remove(dataplane, &key);
	assert_int_equal(
	    send_packet(program, VIP, 80, 1, SYN).action, XDP_PASS);
	close(program);
	dataplane->ops->stop(dataplane);
}

/* Established flows stay where they are, except where that is down. */
static void
test_established(void **state)
{
	struct dataplane *dataplane = lab_dataplane();
	struct dataplane_service *service = lab_service(VIP, 80, 2);
	int program = attach(dataplane);
	uint8_t home;

	(void)state;
	lab_set(dataplane, service);
	home = send_packet(program, VIP, 80, 7, SYN).last;
	assert_sent(send_packet(program, VIP, 80, 7, ACK), home);
	/* Draining: service->destinations[0] is .2, [1] is .1. */
	service->destinations[2 - home].state = DESTINATION_DRAINING;
	lab_set(dataplane, service);
	assert_sent(send_packet(program, VIP, 80, 7, ACK), home);
	for (uint16_t client = 1000; client < 1100; client++)
		assert_sent(
		    send_packet(program, VIP, 80, client, SYN), 3 - home);
	/* Another daemon, another program. */
	close(program);
	dataplane = lab_again(dataplane);
	program = attach(dataplane);
	assert_sent(send_packet(program, VIP, 80, 7, ACK), home);
	lab_set(dataplane, service);
	assert_sent(send_packet(program, VIP, 80, 7, ACK), home);
	/* A new MAC address is followed at once. */
	service->destinations[2 - home].mac[5] = 77;
	lab_set(dataplane, service);
	assert_sent(send_packet(program, VIP, 80, 7, ACK), 77);
	service->destinations[2 - home].state = DESTINATION_DOWN;
	lab_set(dataplane, service);
	assert_sent(send_packet(program, VIP, 80, 7, ACK), 3 - home);
	service->destinations[home - 1].state = DESTINATION_DOWN;
	lab_set(dataplane, service);
	assert_int_equal(
	    send_packet(program, VIP, 80, 7, ACK).action, XDP_DROP);
	lab_service_free(service);
	close(program);
	lab_log();
	dataplane->ops->stop(dataplane);
}

/* A flow doesn't follow its destination's index to another server. */
static void
test_index_reused(void **state)
{
	struct dataplane *dataplane = lab_dataplane();
	int program = attach(dataplane);

	(void)state;
	assert_int_equal(lab_set_many(dataplane, VIP, 80, 1), 0);
	assert_sent(send_packet(program, VIP, 80, 7, SYN), 1);
	assert_sent(send_packet(program, VIP, 80, 7, ACK), 1);
	assert_int_equal(lab_set_many(dataplane, VIP, 80, 0), 0);
	/* All indexes are somebody else's now. */
	assert_int_equal(lab_set_many(dataplane, VIP2, 80, 16), 0);
	assert_int_equal(
	    send_packet(program, VIP, 80, 7, ACK).action, XDP_DROP);
	close(program);
	dataplane->ops->stop(dataplane);
}

/* Sent to one of three, or by another interface to another one of three. */
static bool
is_right(struct verdict verdict)
{
	return (verdict.action == XDP_TX && verdict.last >= 1 &&
		   verdict.last <= 3) ||
	    (verdict.action == XDP_REDIRECT && verdict.last >= 11 &&
		verdict.last <= 13);
}

/*
 * New flows, until the pipe closes: the exit status is 0 when all were sent as
 * is right, or were dropped where that is.
 */
static void
flood(int program, int end, bool may_drop)
{
	struct verdict verdict;
	uint16_t client = 0;
	char byte;

	while (read(end, &byte, 1) != 0) {
		verdict = send_packet(program, VIP, 80, client++, SYN);
		if (verdict.action == XDP_DROP && may_drop)
			continue;
		if (!is_right(verdict))
			_exit(1);
	}
	_exit(client == 0 ? 2 : 0);
}

/* Make changes while new flows come in all the time. */
static void
change_under_load(struct dataplane *dataplane, bool may_drop,
    void (*change)(struct dataplane *, int))
{
	int program = attach(dataplane), ends[2], status;
	pid_t pid;

	assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
	pid = fork();
	if (pid == 0) {
		close(ends[1]);
		flood(program, ends[0], may_drop);
	}
	close(ends[0]);
	for (int i = 0; i < CHANGES; i++)
		change(dataplane, i);
	close(ends[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	close(program);
}

static void
change_weights(struct dataplane *dataplane, int i)
{
	struct dataplane_service *service = lab_service(VIP, 80, 3);

	service->destinations[i % 3].weight = 1 + (unsigned)i % 5;
	service->destinations[(i + 1) % 3].weight = 10;
	lab_set(dataplane, service);
	lab_service_free(service);
}

static void
test_no_packet_lost(void **state)
{
	struct dataplane *dataplane = lab_dataplane();

	(void)state;
	change_weights(dataplane, 0);
	change_under_load(dataplane, false, change_weights);
	dataplane->ops->stop(dataplane);
}

/* VIP's servers come and go, and VIP2's (11 and so on) take their indexes. */
static void
change_servers(struct dataplane *dataplane, int i)
{
	struct dataplane_service *other = lab_service(VIP2, 80, 13);

	for (size_t j = 0; j < other->destination_count; j++)
		other->destinations[j].mac[5] += 10;
	other->destination_count = i % 2 == 0 ? 0 : 13;
	assert_int_equal(lab_set_many(dataplane, VIP, 80, 3 - i % 2 * 2), 0);
	lab_set(dataplane, other);
	lab_service_free(other);
}

static void
test_no_packet_astray(void **state)
{
	struct dataplane *dataplane = lab_dataplane();

	(void)state;
	change_servers(dataplane, 0);
	change_under_load(dataplane, true, change_servers);
	dataplane->ops->stop(dataplane);
}

/* The servers move to another interface and back, and so to other addresses. */
static void
change_ways(struct dataplane *dataplane, int i)
{
	struct dataplane_service *service = lab_service(VIP, 80, 3);

	for (size_t j = 0; i % 2 == 1 && j < 3; j++) {
		service->destinations[j].ifindex = (int)if_nametoindex("vb");
		service->destinations[j].mac[5] += 10;
		service->destinations[j].source_mac[5] = 1;
	}
	lab_set(dataplane, service);
	lab_service_free(service);
}

static void
test_no_way_half_changed(void **state)
{
	struct dataplane *dataplane = lab_dataplane();

	(void)state;
	change_ways(dataplane, 0);
	change_under_load(dataplane, true, change_ways);
	dataplane->ops->stop(dataplane);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    LAB_TEST(test_steering),
	    LAB_TEST(test_established),
	    LAB_TEST(test_index_reused),
	    LAB_TEST(test_no_packet_lost),
	    LAB_TEST(test_no_packet_astray),
	    LAB_TEST(test_no_way_half_changed),
	};

	return lab_run_tests(tests);
}
